"""Readers and their writers: what is read can be written as it was, and what is broken is said."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import json
import lzma
import tracemalloc
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from cleaner.formats import FORMATS, Options, Raw, ReadError, RecordError, compression, encoding, named, output_name

PACK = {"": lambda b: b, ".gz": gzip.compress, ".zst": zstandard.ZstdCompressor().compress, ".bz2": bz2.compress, ".xz": lzma.compress}
PACKED = [suffix for suffix in PACK if suffix]


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize("content", [b"", b"one\n", b"one\ntwo", b"x" * 3_000_000 + b"\n\n" + b"y" * 10])
def test_what_is_written_is_read(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"a.txt{suffix}"
    with compression.writing(path) as stream:
        stream.write(content)
    first = path.read_bytes()
    assert compression.content(path) == content
    assert list(compression.lines(path)) == content.decode().removesuffix("\n").encode().split(b"\n") if content else True
    with compression.writing(path) as stream:
        stream.write(content)
    assert path.read_bytes() == first


def test_files_of_several_frames_are_read_whole(tmp_path: Path) -> None:
    for suffix in PACKED:
        path = tmp_path / f"a{suffix}"
        path.write_bytes(PACK[suffix](b"one\n") + PACK[suffix](b"two\n"))
        assert compression.content(path) == b"one\ntwo\n"


@pytest.mark.parametrize("suffix", PACKED)
def test_a_cut_file_is_told_from_a_whole_one(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.jsonl{suffix}"
    packed = PACK[suffix](b"".join(b'{"n": %d}\n' % n for n in range(50_000)))
    for size in (len(packed) // 2, len(packed) - 1, 3):
        path.write_bytes(packed[:size])
        with pytest.raises(ReadError, match="truncated"):
            compression.content(path)


@pytest.mark.parametrize("suffix", PACKED)
def test_what_came_before_the_cut_is_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.jsonl{suffix}"
    records = b"".join(b'{"text": "%s"}\n' % hashlib.sha256(b"%d" % n).hexdigest().encode() for n in range(60_000))
    packed = PACK[suffix](records)
    for name, damaged in (("truncated", packed[: len(packed) * 3 // 4]), ("damaged", packed + b"no more of it")):
        path.write_bytes(damaged)
        read: list[bytes | None] = []
        with pytest.raises(ReadError, match=name):
            for line in compression.lines(path):
                read.append(line)  # noqa: PERF402 - what was read before it failed is asked for
        assert len(read) > 10_000
        assert read == records.split(b"\n")[: len(read)]


@pytest.mark.parametrize("suffix", PACKED)
def test_a_file_is_read_as_what_it_is_and_written_as_its_name_says(tmp_path: Path, suffix: str) -> None:
    plain, packed = tmp_path / f"a.txt{suffix}", tmp_path / "b.txt"
    plain.write_bytes(b"plain text, not compressed at all")
    packed.write_bytes(PACK[suffix](b"packed text"))
    assert compression.content(plain) == b"plain text, not compressed at all"
    assert compression.content(packed) == b"packed text"
    for path, said in ((plain, "none"), (packed, suffix[1:])):
        assert FORMATS["text"].parse(path, path.name, Raw(0, None), Options()).document.meta["compression"] == said
    with compression.writing(plain) as stream:
        stream.write(b"text")
    assert plain.read_bytes() != b"text"
    assert compression.note(plain) == {}


@pytest.mark.parametrize("suffix", PACKED)
def test_bytes_that_are_neither_packed_nor_text_are_no_document(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.txt{suffix}"
    path.write_bytes(b"\x00\x01\x02 not compressed, and not text")
    with pytest.raises(ReadError, match="damaged"):
        compression.content(path)


def test_text_that_begins_like_an_archive_is_text(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"BZh9 is how bzip2 files begin.")
    assert compression.content(path) == path.read_bytes()


@pytest.mark.parametrize("suffix", PACKED)
def test_a_bomb_is_told_before_it_is_held(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.txt{suffix}"
    with compression.writing(path) as stream:
        for _ in range(40):
            stream.write(b"0" * (1 << 20))
    assert path.stat().st_size < 1 << 17
    tracemalloc.start()
    with pytest.raises(ReadError, match="more than 2,000,000 bytes of content"):
        compression.content(path, 2_000_000)
    assert tracemalloc.get_traced_memory()[1] < (80 << 20 if suffix == ".zst" else 16 << 20)
    tracemalloc.stop()
    assert len(compression.content(path, None)) == 40 << 20


def test_a_line_too_long_is_a_failed_record_among_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jsonl.gz"
    with compression.writing(path) as stream:
        stream.write(b'{"text": "a"}\n{"text": "' + b"b" * 3_000_000 + b'"}\n{"text": "c"}\n' + b"d" * 2_000_000)
    assert [line and len(line) for line in compression.lines(path, 1_000_000)] == [13, None, 13, None]
    monkeypatch.setattr(compression.lines, "__defaults__", (1_000_000,))
    raws = list(JSONL.raws(path))
    assert [(raw.number, raw.line is None) for raw in raws] == [(1, False), (2, True), (3, False), (4, True)]
    with pytest.raises(RecordError, match="a line of more than 512 MB"):
        JSONL.parse(path, "a.jsonl.gz", raws[1], Options())


@pytest.mark.parametrize(
    ("raw", "declared", "text", "name"),
    [
        ("Zürich, naïve".encode(), None, "Zürich, naïve", "utf-8"),
        (b"\xef\xbb\xbfText", None, "Text", "utf-8"),
        ("Text".encode("utf-16"), None, "Text", "utf-16-le"),
        ("Text".encode("utf-16-be"), None, "Text", "utf-16-be"),
        ("Привет, мир".encode("koi8-r"), "koi8-r", "Привет, мир", "koi8-r"),
        ("Привет, мир".encode("koi8-r"), "no-such-code", None, None),
        ("Die Brücke über den Fluss wurde am Montag eröffnet, sagte der Bürgermeister.".encode("cp1252"), None, None, None),
        (b"", None, "", "utf-8"),
    ],
    ids=["UTF-8", "with a mark", "UTF-16", "UTF-16 without a mark", "declared", "wrongly declared", "undeclared", "empty"],
)
def test_encodings_are_found_and_lead_back(raw: bytes, declared: str | None, text: str | None, name: str | None) -> None:
    decoded = encoding.decode(raw, declared)
    assert decoded.replaced == 0
    assert decoded.encode(decoded.text) == raw
    if text is not None:
        assert (decoded.text, decoded.encoding) == (text, name)


def test_undeclared_german_is_read_right() -> None:
    text = "Die Brücke über den Fluss wurde am Montag eröffnet, sagte der Bürgermeister. Größere Schäden gab es nicht."
    assert encoding.decode(text.encode("cp1252")).text == text


@pytest.mark.parametrize(
    "text",
    [
        "He said “no” – and the café’s owner agreed.\n",
        "Le café était fermé hier.\nL’été fut chaud.\n",
        "La niña cantó – “qué bonito” – en Cádiz.\n",
    ],
)
def test_short_western_texts_are_read_right(text: str) -> None:
    assert encoding.decode(text.encode("cp1252")).text == text


def test_bytes_that_do_not_come_back_are_told() -> None:
    decoded = encoding.decode(b"\x93\xfa\x96{\x87\x90 \xed\x40", "cp932")
    assert decoded.replaced or decoded.encode(decoded.text) == b"\x93\xfa\x96{\x87\x90 \xed\x40"


def test_a_stray_byte_spoils_only_itself() -> None:
    raw = "Über die Brücke führt der Weg nach Köln, später nach Düren.".encode() + b" \xff end"
    decoded = encoding.decode(raw)
    assert decoded.encoding == "utf-8"
    assert decoded.replaced == 1
    assert decoded.text.startswith("Über die Brücke")


@given(st.binary(max_size=200))
def test_any_bytes_are_some_text(raw: bytes) -> None:
    decoded = encoding.decode(raw)
    if not decoded.replaced:
        assert decoded.encode(decoded.text) == raw or decoded.encoding not in ("utf-8", "cp1252")


@pytest.mark.parametrize(
    ("name", "form", "output"),
    [
        ("a.txt", "text", "a.txt"),
        ("a.MD", "text", "a.MD"),
        ("d/a.html", "html", "d/a.txt"),
        ("a.htm.gz", "html", "a.txt.gz"),
        ("a.jsonl.zst", "jsonl", "a.jsonl.zst"),
        ("a.ndjson", "jsonl", "a.ndjson"),
        ("a.pdf", None, None),
        ("a", None, None),
        ("a.gz", None, None),
        ("a.txt.bz2", "text", "a.txt.bz2"),
        ("a.html.xz", "html", "a.txt.xz"),
    ],
)
def test_names_tell_formats(name: str, form: str | None, output: str | None) -> None:
    assert named(name) == form
    if form:
        assert output_name(name, FORMATS[form]) == output


JSONL = FORMATS["jsonl"]


def parsed(line: str | bytes, options: Options = Options()):  # noqa: B008
    raw = line.encode() if isinstance(line, str) else line
    return JSONL.parse(Path("a.jsonl"), "a.jsonl", Raw(7, raw), options)


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ('{"text": "old", "n": 1.0e5, "big": 1e400}', '{"text": "new", "n": 1.0e5, "big": 1e400}'),
        ('{ "a":[1 , {"text":"x"}] ,"text" : "old" }', '{ "a":[1 , {"text":"x"}] ,"text" : "new" }'),
        ('{"id": "7", "text": "\\u00fcber"}', '{"id": "7", "text": "new"}'),
        ('  {"text": "old"}  ', '  {"text": "new"}  '),
        ('{"text": "a", "text": "b"}', '{"text": "a", "text": "new"}'),
    ],
)
def test_only_the_text_of_a_record_changes(line: str, written: str) -> None:
    assert JSONL.render(parsed(line), "new") == written


@given(
    st.dictionaries(st.text(max_size=5), st.recursive(st.none() | st.integers() | st.text(max_size=5), st.lists, max_leaves=4), max_size=4),
    st.text(),
    st.text(st.characters()),
)
def test_a_record_keeps_its_other_fields(fields: dict[str, object], old: str, new: str) -> None:
    fields["text"] = old
    for ascii_only in (True, False):
        line = json.dumps(fields, ensure_ascii=ascii_only)
        written = JSONL.render(parsed(line), new)
        written.encode("utf-8")
        assert json.loads(written) == {**fields, "text": new}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "broken JSON: Expecting a field name"),
        ('{"text": "a"', "broken JSON: Expecting ',' or '}'"),
        ('{"text": "a",}', "broken JSON: Expecting a field name"),
        ('{"text": "a"} x', "broken JSON: Extra data"),
        ('["text"]', "not a JSON object"),
        ("text", "not a JSON object"),
        ('{"text": 5}', "field 'text' holds a number, not a string"),
        ('{"body": "a"}', r"no field 'text' \(and no 'html'\); its fields are: body\. Name the text's field with --text-field"),
        ('{"text": null}', "no field 'text'"),
        ("{}", "its fields are: none"),
        ('{"a": ' + "[" * 100_000, "nested too deeply"),
        ('{"text": "a\nb"}', "broken JSON: Invalid control character"),
    ],
)
def test_a_record_that_cannot_be_read_says_why(line: str, reason: str) -> None:
    with pytest.raises(RecordError, match=reason):
        parsed(line)


@pytest.mark.parametrize(
    ("line", "name"),
    [('{"text": "a"}', "a.jsonl#7"), ('{"text": "a", "id": "x"}', "x"), ('{"text": "a", "id": 5}', "5"), ('{"text": "a", "id": true}', "a.jsonl#7"), ('{"text": "a", "id": " "}', "a.jsonl#7"), ('{"text": "a", "id": 0}', "0")],
)  # fmt: skip
def test_a_record_is_named_by_its_id_or_its_place(line: str, name: str) -> None:
    assert parsed(line).document.id == name


def test_fields_of_other_names() -> None:
    record = parsed('{"body": "a", "key": "k"}', Options("body", "key"))
    assert (record.document.text, record.document.id) == ("a", "k")
    assert JSONL.render(record, "b") == '{"body": "b", "key": "k"}'


PAGE = (
    "<html><head><title>Bridge opens</title></head><body><article><h1>Bridge opens</h1>"
    + "<p>The bridge over the river opened on Monday after two years of work, the mayor said.</p>" * 5
    + "</article></body></html>"
)


def test_a_record_of_a_page_gets_its_text() -> None:
    record = parsed(json.dumps({"url": "https://news.example/1", "html": PAGE}))
    assert "The bridge over the river opened" in record.document.text
    assert record.extracted
    assert json.loads(JSONL.render(record, "clean")) == {"url": "https://news.example/1", "html": PAGE, "text": "clean"}


def test_a_line_that_is_not_all_text_is_read_with_replacements() -> None:
    record = parsed(b'{"text": "a\xffb"}')
    assert record.document.text == "a\ufffdb"
    assert record.document.meta["replaced"] == "1"


def test_each_record_is_read_in_its_own_encoding() -> None:
    text = "Мост через реку открыли в понедельник после двух лет работы"
    for name, said in (
        ("utf-8", {}),
        ("cp1251", {"encoding": "cp1251", "guessed": "yes"}),
        ("koi8-r", {"encoding": "koi8-r", "guessed": "yes"}),
    ):
        document = parsed(f'{{"text": "{text}"}}'.encode(name)).document
        assert (document.text, document.meta) == (text, said)


def test_the_lines_of_a_file_have_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"text": "a"}\r\n\n{"text": "b"}')
    assert list(JSONL.raws(path)) == [Raw(1, b'{"text": "a"}'), Raw(3, b'{"text": "b"}')]


HTML = FORMATS["html"]


def page(tmp_path: Path, source: bytes):
    path = tmp_path / "a.html"
    path.write_bytes(source)
    return HTML.parse(path, "a.html", Raw(0, None), Options()).document


def test_a_page_tells_its_title_site_address_and_date(tmp_path: Path) -> None:
    head = (
        '<meta property="og:site_name" content="The Valley Courier"><link rel="canonical" href="https://courier.example/bridge">'
        '<meta property="article:published_time" content="2021-03-04">'
    )
    document = page(tmp_path, PAGE.replace("</head>", head + "</head>").encode())
    assert document.id == "a.html"
    assert (document.title, document.site, document.url) == ("Bridge opens", "The Valley Courier", "https://courier.example/bridge")
    assert document.meta["date"] == "2021-03-04"


def test_the_same_page_gives_the_same_text_each_time(tmp_path: Path) -> None:
    assert len({page(tmp_path, PAGE.encode()).text for _ in range(5)}) == 1


def test_a_page_in_its_declared_encoding(tmp_path: Path) -> None:
    source = PAGE.replace("<head>", '<head><meta charset="windows-1251">').replace(
        "The bridge over the river opened on Monday after two years of work, the mayor said.",
        "Мост через реку открыли в понедельник после двух лет работы, сообщил мэр города.",
    )
    document = page(tmp_path, source.encode("cp1251"))
    assert "Мост через реку" in document.text
    assert document.meta["encoding"] == "cp1251"


@pytest.mark.parametrize("source", [b"", b"   ", b"<html></html>", b"\x00\x00", b"<html><body><p></p>", b"<" * 1000])
def test_a_page_without_text_is_an_empty_document(tmp_path: Path, source: bytes) -> None:
    assert page(tmp_path, source).text == ""
