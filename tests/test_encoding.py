"""Encodings: by structure, by declaration, by what the letters look like; and what is uncertain is said."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from conftest import ROOT

from cleaner.formats import encoding

NEWS = {
    "bg": "Мостът над реката беше открит в понеделник след две години работа, каза кметът. Движението се върна още същата сутрин.",
    "ru": "Мост через реку открыли в понедельник после двух лет работы, сообщил мэр города. Движение возобновилось в тот же день.",
    "uk": "Міст через річку відкрили в понеділок після двох років роботи, повідомив міський голова. Рух відновився того ж дня.",
    "el": "Η γέφυρα πάνω από τον ποταμό άνοιξε τη Δευτέρα ύστερα από δύο χρόνια εργασιών, είπε ο δήμαρχος της πόλης.",
    "he": "הגשר מעל הנהר נפתח ביום שני לאחר שנתיים של עבודה, אמר ראש העיר. התנועה חזרה עוד באותו הבוקר.",
    "ar": "افتتح الجسر فوق النهر يوم الاثنين بعد عامين من العمل، كما قال رئيس البلدية. وعادت حركة السير في الصباح نفسه.",
    "th": "สะพานข้ามแม่น้ำเปิดใช้เมื่อวันจันทร์หลังจากก่อสร้างมาสองปี นายกเทศมนตรีกล่าว การจราจรกลับมาเป็นปกติในเช้าวันเดียวกัน",
    "tr": "Nehrin üzerindeki köprü iki yıllık çalışmanın ardından pazartesi günü açıldı, dedi belediye başkanı. Trafik aynı sabah başladı.",
    "vi": "Cây cầu bắc qua sông được khánh thành hôm thứ hai sau hai năm xây dựng, thị trưởng nói.",
    "hu": "Hétfőn, két év munka után megnyitották a folyó fölött átívelő hidat, közölte a polgármester. Az ősz óta sűrű a forgalom.",
    "pl": "Most nad rzeką otwarto w poniedziałek po dwóch latach pracy, powiedział burmistrz. Ruch wrócił jeszcze tego samego dnia.",
    "cs": "Most přes řeku byl otevřen v pondělí po dvou letech práce, řekl starosta. Doprava se vrátila ještě téhož dne.",
    "ja": "川にかかる橋は二年間の工事を経て月曜日に開通した、と市長は述べた。交通はその日の朝に再開された。",
    "ko": "강 위의 다리가 이 년간의 공사 끝에 월요일에 개통되었다고 시장이 말했다. 교통은 그날 아침에 재개되었다.",
    "zh": "经过两年的施工，河上的大桥于周一通车，市长说。当天早上交通就恢复了正常。",
    "zh-tw": "經過兩年的施工，河上的大橋於週一通車，市長說。當天早上交通就恢復了正常。",
    "de": "Die Brücke über den Fluss wurde am Montag nach zwei Jahren Arbeit eröffnet, sagte der Bürgermeister.",
    "fr": "Le pont sur la rivière a été ouvert lundi après deux années de travaux, a déclaré le maire – « une fête ».",
}
CASES = [
    ("bg", "cp1251"), ("ru", "cp1251"), ("ru", "koi8-r"), ("ru", "cp866"), ("ru", "mac-cyrillic"), ("ru", "cp855"), ("ru", "iso8859-5"),
    ("uk", "cp1251"), ("uk", "koi8-u"), ("el", "cp1253"), ("el", "iso8859-7"), ("he", "cp1255"), ("ar", "cp1256"), ("ar", "iso8859-6"),
    ("th", "tis-620"), ("tr", "cp1254"), ("hu", "cp1250"), ("hu", "iso8859-2"), ("pl", "cp1250"), ("pl", "iso8859-2"),
    ("cs", "cp1250"), ("cs", "iso8859-2"), ("ja", "cp932"), ("ja", "euc_jp"), ("ko", "cp949"), ("zh", "gb18030"), ("zh-tw", "big5"), ("de", "cp1252"),
    ("fr", "cp1252"), ("fr", "mac-roman"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "name"), CASES)
def test_news_is_read_right_and_said_to_be_a_guess(language: str, name: str) -> None:
    raw = (NEWS[language] + "\n").encode(name)
    decoded = encoding.decode(raw)
    assert decoded.text == NEWS[language] + "\n"
    assert (decoded.guessed, decoded.replaced) == (True, 0)
    assert decoded.meta["guessed"] == "yes"
    assert decoded.encode(decoded.text) == raw


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("language", NEWS)
def test_wide_characters_without_a_mark(language: str, name: str) -> None:
    for text in (NEWS[language] + "\n", NEWS[language] * 50 + "\n"):
        decoded = encoding.decode(text.encode(name))
        assert (decoded.text, decoded.encoding, decoded.guessed) == (text, name, False)


@pytest.mark.parametrize(("language", "name"), [("ja", "iso2022_jp"), ("ko", "iso2022_kr"), ("zh", "hz")])
def test_encodings_that_switch(language: str, name: str) -> None:
    decoded = encoding.decode(f"{NEWS[language]}\nwww.example.org\n".encode(name))
    assert decoded.text == f"{NEWS[language]}\nwww.example.org\n"
    assert not decoded.guessed


@pytest.mark.parametrize(
    "text",
    [
        '(format t "~{~a~^, ~}" names)',
        "~{foo~} and ~{bar baz~}",
        "\x1b[31mred\x1b[0m",
        "The bri\x00dge closed.\x00",
        "a\tb\tc\n1\t2\t3\n",
        "Größe\x00Höhe\x00",
        "",
        "\x00",
        "\x00" * 64,
    ],
)
def test_utf_8_stays_utf_8(text: str) -> None:
    decoded = encoding.decode(text.encode())
    assert (decoded.text, decoded.encoding, decoded.replaced, decoded.guessed) == (text, "utf-8", 0, False)


PAGE = '<html><head><meta http-equiv="Content-Type" content="text/html; charset={}"></head><body>{}</body></html>'


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (PAGE, "cp1251"), (PAGE, "koi8-r"), (PAGE, "mac-cyrillic"),
        ("<?xml version='1.0' encoding='{}'?><a>{}</a>", "cp866"),
        ("\n<!-- saved from the web -->\n" + PAGE, "iso8859-5"),
    ],
)  # fmt: skip
def test_what_a_page_declares_is_believed(head: str, name: str) -> None:
    # so few letters that nobody could guess
    decoded = encoding.decode(head.format(name, "Ещё").encode(name))
    assert decoded.text == head.format(name, "Ещё")
    assert (decoded.encoding, decoded.guessed) == (name, False)


def test_a_text_about_pages_declares_nothing() -> None:
    text = f"Write <meta charset=koi8-r> into the page's head. {NEWS['de']}"
    assert encoding.decode(text.encode("cp1252")).text == text


@pytest.mark.parametrize(
    ("said", "meant", "text"),
    [
        ("iso-8859-1", "cp1252", "“Yes” – said he"),
        ("us-ascii", "cp1252", "café"),
        ("gb2312", "gb18030", "镕基"),
        ("shift_jis", "cp932", "①番"),
        ("euc-kr", "cp949", "똠방각하"),
        ("iso-8859-9", "cp1254", "“Evet” dedi"),
        ("x-sjis", "cp932", "髙島"),
        ("tis-620", "cp874", "“ใช่”"),
    ],
)
def test_what_is_declared_is_read_as_it_is_meant(said: str, meant: str, text: str) -> None:
    decoded = encoding.decode(PAGE.format(said, text).encode(meant))
    assert (decoded.text, decoded.encoding, decoded.replaced) == (PAGE.format(said, text), meant, 0)


@pytest.mark.parametrize("said", ["utf-8", "utf-16", "hex", "rot13", "idna", "no-such-code", "undefined"])
def test_what_is_declared_wrongly_is_not_believed(said: str) -> None:
    text = PAGE.format(said, NEWS["ru"])
    decoded = encoding.decode(text.encode("cp1251"))
    assert (decoded.text, decoded.guessed) == (text, True)


def test_a_broken_byte_in_a_declared_text_is_counted() -> None:
    raw = PAGE.format("gb2312", NEWS["zh"] * 5).encode("gb18030").replace(b"</body>", b"\xff</body>")
    decoded = encoding.decode(raw)
    assert (decoded.encoding, decoded.replaced) == ("gb18030", 1)
    assert NEWS["zh"] in decoded.text


def test_what_nobody_can_read_is_said() -> None:
    decoded = encoding.decode(bytes(range(256)) * 4)
    assert decoded.replaced


def test_chinese_of_an_encoding_that_is_not_known_is_not_read_as_other_chinese() -> None:
    # EUC-TW: plane 1 in rows by strokes; as GB18030 a third of it would be rare characters
    raw = bytes(byte for row in range(0xC4, 0xF8) for cell in range(0xA1, 0xC0) for byte in (row, cell)) * 2
    assert encoding.decode(raw).replaced


def test_the_letters_of_a_large_file_are_found_where_they_are() -> None:
    raw = b"One more line of plain text.\n" * 100_000 + f"{NEWS['ru']}\n".encode("koi8-r")
    for given in (raw, raw.replace(b"\n", b" ")):
        begun = time.perf_counter()
        decoded = encoding.decode(given)
        assert time.perf_counter() - begun < 5
        assert decoded.encoding == "koi8-r"


@pytest.mark.parametrize("name", ["cp932", "gb18030", "big5"])
def test_no_character_is_cut_where_a_sample_is_taken(name: str) -> None:
    text = NEWS["ja" if name == "cp932" else "zh" if name == "gb18030" else "zh-tw"]
    for ahead in range(3):
        raw = b"x" * (600 + ahead) + (text * 20_000).encode(name)
        assert encoding.decode(raw).text.endswith(text)


def test_utf_8_needs_no_statistics() -> None:
    code = "from cleaner.formats import encoding; encoding.decode('Größe'.encode()); import sys; print('chardet' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout == "False\n"
