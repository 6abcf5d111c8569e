"""Readers and their writers: what is read can be written as it was, and what is broken is said."""

from __future__ import annotations

import bz2
import csv
import datetime
import gzip
import hashlib
import io
import json
import lzma
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from conftest import Command, tree
from hypothesis import given
from hypothesis import strategies as st

from cleaner.dedup import Dedup
from cleaner.engine import Cleaner
from cleaner.formats import FORMATS, Options, Raw, ReadError, RecordError, compression, encoding, named, output_name
from cleaner.pipeline import Settings, clean_corpus
from cleaner.restore import restore

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
    raws = list(JSONL.raws(path, Options()))
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
        ("a.CSV", "csv", "a.CSV"),
        ("d/a.tsv.gz", "csv", "d/a.tsv.gz"),
        ("a.parquet", "parquet", "a.parquet"),
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
    assert list(JSONL.raws(path, Options())) == [Raw(1, b'{"text": "a"}'), Raw(3, b'{"text": "b"}')]


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


# --- tables, and every format there and back -----------------------------------------------------------------------

TEXTS = [
    'The bridge opened on Monday.\nAdvertisement\nThe mayor, who had waited, said: "At last".\n',
    "A ferry carried people to the other bank for two years; nobody drowned.",
    "Nine boats sank in the storm.\nAdvertisement\nThe harbour was closed until dawn.",
    "Advertisement",
    "A ferry carried people to the other bank for two years; nobody drowned.",
    "Über die Brücke führt der Weg nach Köln.\r\nAdvertisement\r\nSpäter nach Düren, sagte \u2028sie.\r\n",
    "",
]
"""Texts with something to remove, an exact copy, one that is emptied, one that is empty."""
CLEANER = Cleaner()


def as_jsonl(texts: Sequence[str]) -> bytes:
    return "".join(json.dumps({"id": f"r{i}", "n": i / 7, "text": text}) + "\n" for i, text in enumerate(texts)).encode()


def as_csv(texts: Sequence[str], **dialect: Any) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.writer(file, **dialect)
    writer.writerows([["id", "note", "text", "n"], *([f"r{i}", 'a "b", c\n', text, f"{i}.50"] for i, text in enumerate(texts))])
    return file.getvalue().encode()


def table_of(texts: Sequence[str | None], kind: pa.DataType | None = None) -> pa.Table:
    rows = range(len(texts))
    columns = {
        "id": pa.array([f"r{i}" for i in rows]),
        "nested": pa.array([[{"a": i, "b": [None, "x"]}] for i in rows]),
        "raw": pa.array([b"\xff%d" % i for i in rows]),
        "text": pa.array(texts, kind or pa.string()),
        "at": pa.array([datetime.datetime(2021, 3, 4 + i % 9) for i in rows], pa.timestamp("ns")),
        "kind": pa.array(["b", "a"] * len(texts))[: len(texts)].dictionary_encode(),
    }
    return pa.table(columns).replace_schema_metadata({"made by": "us"})


def as_parquet(texts: Sequence[str | None], kind: pa.DataType | None = None, rows: int | None = None, **options: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(
        table_of(texts, kind).slice(0, rows), file, **{"row_group_size": 3, "compression": {"text": "zstd", "id": "gzip"}, **options}
    )
    return file.getvalue()


def cells(source: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(source.decode("utf-8"), newline="")))


def same_tables(source: bytes) -> object:
    file = pq.ParquetFile(io.BytesIO(source))
    codecs = [file.metadata.row_group(0).column(i).compression for i in range(file.metadata.num_columns)]
    return file.read().to_pylist(), file.schema_arrow.to_string(), file.schema_arrow.metadata, codecs


def as_they_are(source: bytes) -> object:
    return source


@pytest.mark.parametrize(
    ("name", "source", "content"),
    [
        ("a.txt", TEXTS[0].encode(), as_they_are),
        ("a.md.gz", TEXTS[5].encode("utf-16"), as_they_are),
        ("a.html", PAGE.encode(), None),
        ("a.jsonl", as_jsonl(TEXTS), as_they_are),
        ("a.jsonl.zst", as_jsonl(TEXTS), as_they_are),
        ("a.jsonl", b"", as_they_are),
        ("a.csv", as_csv(TEXTS), as_they_are),
        ("a.csv.gz", as_csv(TEXTS, lineterminator="\n"), as_they_are),
        ("a.csv", as_csv(TEXTS, quoting=csv.QUOTE_ALL), as_they_are),
        ("a.csv", as_csv(TEXTS, quoting=csv.QUOTE_NONNUMERIC), as_they_are),
        ("a.csv", b"\xef\xbb\xbf" + as_csv(TEXTS, delimiter=";"), as_they_are),
        ("a.csv", as_csv(TEXTS).decode().encode("utf-16"), as_they_are),
        ("a.csv", as_csv([text.replace("\u2028", "") for text in TEXTS]).decode().encode("cp1252"), as_they_are),
        ("a.tsv", as_csv(TEXTS, delimiter="\t"), as_they_are),
        ("a.csv", b"id,text\n", as_they_are),
        ("a.csv", b"", as_they_are),
        ("a.parquet", as_parquet(TEXTS), same_tables),
        ("a.parquet", as_parquet(TEXTS, pa.large_string(), compression="none"), same_tables),
        ("a.parquet", as_parquet(TEXTS, pa.dictionary(pa.int32(), pa.string()), store_schema=True), same_tables),
        ("a.parquet.gz", as_parquet(TEXTS, row_group_size=100), same_tables),
        ("a.parquet", as_parquet([*TEXTS, None]), same_tables),
        ("a.parquet", as_parquet(TEXTS * 400, row_group_size=1100), same_tables),
    ],
)  # fmt: skip
def test_every_format_goes_there_and_back(tmp_path: Path, name: str, source: bytes, content: Callable[[bytes], object] | None) -> None:
    """What is cleaned and restored is as it was; a page is its text. The same bytes with more processes, and the second time."""
    suffix = compression.split(name)[1]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(PACK[suffix](source))
    settings = Settings(cleaner=CLEANER, max_removed=1)
    counts = clean_corpus(tmp_path / "in", tmp_path / "out", settings)["counts"]
    form = named(name)
    written = tmp_path / "out" / output_name(name, FORMATS[str(form)])
    clean = compression.content(written)
    assert b"Advertisement" not in clean
    if form not in ("text", "html") and counts["in"]:
        assert counts["duplicate"] > 0
        assert counts["emptied"] >= 2
    again = clean_corpus(tmp_path / "out", tmp_path / "again", settings)["counts"]
    assert again["in"] == again["kept"] == counts["kept"]
    assert (tmp_path / "again" / written.name).read_bytes() == written.read_bytes()
    assert restore(tmp_path / "out", tmp_path / "back") == []
    if content:
        assert content(compression.content(tmp_path / "back" / name)) == content(source)
    if form not in ("text", "html"):
        assert [path.name for path in (tmp_path / "back").iterdir()] == [name]
        before = tree(tmp_path / "out")
        clean_corpus(tmp_path / "in", tmp_path / "out", Settings(cleaner=CLEANER, max_removed=1, jobs=2, overwrite=True))
        assert tree(tmp_path / "out") == before


def test_all_of_a_table_but_the_text_stays(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(as_csv(TEXTS))
    (tmp_path / "a.parquet").write_bytes(as_parquet([*TEXTS, None]))
    run = clean_corpus([tmp_path / "a.csv"], tmp_path / "csv", Settings(cleaner=CLEANER, max_removed=1))
    rows = cells((tmp_path / "csv" / "a.csv").read_bytes())
    kept = [0, 1, 2, 5]
    assert rows == [
        ["id", "note", "text", "n"],
        *([f"r{i}", 'a "b", c\n', TEXTS[i].replace("Advertisement\r\n", "").replace("Advertisement\n", ""), f"{i}.50"] for i in kept),
    ]
    assert run["counts"] == {"in": 7, "kept": 4, "duplicate": 1, "emptied": 2, "failed": 0}
    run = clean_corpus([tmp_path / "a.parquet"], tmp_path / "parquet", Settings(cleaner=CLEANER, max_removed=1))
    assert run["failures"] == ["a.parquet#8: column 'text' is null (and there is no 'html')"]
    before, after = pq.ParquetFile(tmp_path / "a.parquet"), pq.ParquetFile(tmp_path / "parquet" / "a.parquet")
    assert after.schema_arrow.equals(before.schema_arrow, check_metadata=True)
    assert [after.metadata.row_group(i).num_rows for i in range(after.metadata.num_row_groups)] == [3, 1]
    others = ["id", "nested", "raw", "at", "kind"]
    assert after.read(others).to_pylist() == before.read(others).take(kept).to_pylist()
    left = pq.read_table(tmp_path / "parquet" / "_cleaner" / "left-out" / "a.parquet")
    assert left["text"].to_pylist() == ["Advertisement", TEXTS[4], "", None]
    assert left.schema.equals(before.schema_arrow, check_metadata=True)


def read_table(path: Path, source: bytes, options: Options = Options()):  # noqa: B008
    path.write_bytes(source)
    form = FORMATS[str(named(path.name))]
    return [form.parse(path, path.name, raw, options).document for raw in form.raws(path, options)]


def test_the_columns_of_a_table_tell_of_its_documents(tmp_path: Path) -> None:
    source = b"url,date,id,site,title,lang,text\nhttps://a.example,2021-03-04,7,,T,en,Body\n,,,,,,x\n"
    one, two = read_table(tmp_path / "a.csv", source)
    assert (one.id, one.url, one.site, one.title, one.lang, one.meta) == ("7", "https://a.example", None, "T", "en", {"date": "2021-03-04"})
    assert (two.id, two.url, two.meta) == ("a.csv#2", None, {})
    table = pa.table(
        {"id": [7, None], "body": ["a", "b"], "published": [datetime.date(2021, 3, 4)] * 2, "title": ["T", None], "lang": [1, 2]}
    )
    pq.write_table(table, tmp_path / "a.parquet")
    one, two = read_table(tmp_path / "a.parquet", (tmp_path / "a.parquet").read_bytes(), Options("body"))
    assert (one.id, one.text, one.title, one.lang, one.meta) == ("7", "a", "T", "1", {"date": "2021-03-04"})
    assert (two.id, two.title) == ("a.parquet#2", None)


def test_a_row_of_a_page_gets_its_text(tmp_path: Path) -> None:
    pq.write_table(pa.table({"html": [PAGE], "text": pa.nulls(1, pa.string())}), tmp_path / "a.parquet")
    with (tmp_path / "a.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["html", "text"], [PAGE, ""]])
    clean_corpus([tmp_path / "a.parquet", tmp_path / "a.csv"], tmp_path / "out", Settings(cleaner=CLEANER, dedup=Dedup("none")))
    (row,) = pq.read_table(tmp_path / "out" / "a.parquet").to_pylist()
    _header, line = cells((tmp_path / "out" / "a.csv").read_bytes())
    assert row["html"] == line[0] == PAGE
    assert row["text"] == line[1]
    assert "The bridge over the river opened" in row["text"]


def bridge(word: str) -> str:
    return PAGE.replace("bridge over the river", f"{word} bridge").replace("</article>", "<p>Advertisement</p></article>")


PAGES = [bridge("first"), bridge("second"), "<p>Advertisement</p>", bridge("first"), "", bridge("third")]
"""Pages with something to remove, one that is emptied, an exact copy, one that is empty."""


def csv_of_pages(pages: Sequence[str], **dialect: Any) -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file, **dialect).writerows([["n", "html", "note"], *([i, page, "a, b|c"] for i, page in enumerate(pages))])
    return file.getvalue().encode()


def parquet_of_pages(pages: Sequence[str | bytes | None], kind: pa.DataType | None = None, **options: Any) -> bytes:
    raw = pa.array([[b"\xff"]] * len(pages), pa.list_(pa.binary()))
    columns = {"n": pa.array(range(len(pages)), pa.int32()), "html": pa.array(pages, kind or pa.string()), "raw": raw}
    file = io.BytesIO()
    table = pa.table(columns).replace_schema_metadata({"made by": "us"})
    pq.write_table(table, file, **{"row_group_size": 2, "compression": {"n": "gzip", "html": "zstd"}, **options})
    return file.getvalue()


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of a table."""
    source = compression.content(path)
    if ".parquet" in path.name:
        return pq.read_table(io.BytesIO(source)).to_pylist()
    text = encoding.decode(source).text
    mark = next(mark for mark in ",;\t" if f"html{mark}" in text.replace('"', ""))
    return [dict(row) for row in csv.DictReader(io.StringIO(text, newline=""), delimiter=mark)]


@pytest.mark.parametrize(
    ("name", "source", "content"),
    [
        ("a.csv", csv_of_pages(PAGES), as_they_are),
        ("a.csv", csv_of_pages(PAGES, quoting=csv.QUOTE_ALL, lineterminator="\n").removesuffix(b"\n"), as_they_are),
        ("a.csv", b"\xef\xbb\xbf" + csv_of_pages(PAGES, delimiter=";"), as_they_are),
        ("a.csv.gz", csv_of_pages(PAGES).decode().encode("utf-16"), as_they_are),
        ("a.tsv", csv_of_pages(PAGES, delimiter="\t"), as_they_are),
        ("a.csv", csv_of_pages(PAGES[:2]), as_they_are),
        ("a.csv", csv_of_pages(PAGES[2:3]), as_they_are),
        ("a.csv", csv_of_pages([]), as_they_are),
        ("a.parquet", parquet_of_pages(PAGES), same_tables),
        ("a.parquet", parquet_of_pages([*PAGES, None], pa.large_string(), compression="none"), same_tables),
        ("a.parquet.gz", parquet_of_pages(PAGES, pa.dictionary(pa.int32(), pa.string()), store_schema=True), same_tables),
        ("a.parquet", parquet_of_pages(PAGES[:2]), same_tables),
        ("a.parquet", parquet_of_pages([None]), same_tables),
        ("a.parquet", parquet_of_pages([]), None),
    ],
)  # fmt: skip
def test_a_table_of_pages_gets_a_column_of_their_texts(
    command: Command, tmp_path: Path, name: str, source: bytes, content: Callable[[bytes], object] | None
) -> None:
    """All else stays, what is left out is as it was, and `restore` gives back the table that it was."""
    (tmp_path / name).write_bytes(PACK[compression.split(name)[1]](source))
    before = rows_of(tmp_path / name)
    failed = [number for number, row in enumerate(before, 1) if row["html"] is None]
    done = command("clean", name, "-o", "out", "--text-field", "body", "--dedup", "exact")
    assert done.returncode == (3 if failed else 0)
    for number in failed:
        assert f"failed: {name}#{number}: column 'html' is null (and there is no 'body')" in done.stderr
    after = rows_of(tmp_path / "out" / name)
    pages = [row["html"] for row in before]
    kept = [row for i, row in enumerate(before) if "bridge" in (pages[i] or "") and pages[i] not in pages[:i]]
    assert [list(row)[-1] for row in after] == ["body"] * len(kept)
    texts = [row.pop("body") for row in after]
    assert after == kept
    for row, text in zip(kept, texts, strict=True):
        sentence = row["html"].split("<p>")[1].removesuffix("</p>")
        assert sentence in text
        assert "Advertisement" not in text
        assert "<" not in text
    left = tmp_path / "out" / "_cleaner" / "left-out" / name
    assert (rows_of(left) if left.exists() else []) == [row for row in before if row not in kept]
    assert json.loads((tmp_path / "out" / "_cleaner" / "run.json").read_bytes())["added"] == {name: str(named(name))}
    assert command("restore", "out", "-o", "back").returncode == 0
    assert rows_of(tmp_path / "back" / name) == before
    if content:
        assert content(compression.content(tmp_path / "back" / name)) == content(source)


def test_the_new_column_of_a_table_of_pages_is_like_the_others(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.parquet").write_bytes(parquet_of_pages(PAGES))
    (tmp_path / "in" / "b.parquet").write_bytes(parquet_of_pages([]))
    settings = Settings(cleaner=CLEANER, dedup=Dedup("exact"))
    clean_corpus(tmp_path / "in", tmp_path / "out", settings)
    before, after, none = (pq.ParquetFile(tmp_path / name) for name in ("in/a.parquet", "out/a.parquet", "out/b.parquet"))
    assert after.schema_arrow.equals(before.schema_arrow.append(pa.field("text", pa.string())), check_metadata=True)
    assert none.schema_arrow.equals(after.schema_arrow, check_metadata=True)
    assert [after.metadata.row_group(i).num_rows for i in range(after.metadata.num_row_groups)] == [2, 1]
    assert [after.metadata.row_group(0).column(i).compression for i in range(4)] == ["GZIP", "ZSTD", "UNCOMPRESSED", "ZSTD"]
    restore(tmp_path / "out", tmp_path / "back")
    assert pq.read_schema(tmp_path / "back" / "b.parquet").equals(before.schema_arrow, check_metadata=True)
    clean_corpus(tmp_path / "out", tmp_path / "again", settings)
    assert (tmp_path / "again" / "a.parquet").read_bytes() == (tmp_path / "out" / "a.parquet").read_bytes()
    written = tree(tmp_path / "out")
    clean_corpus(tmp_path / "in", tmp_path / "out", Settings(cleaner=CLEANER, dedup=Dedup("exact"), jobs=2, overwrite=True))
    assert tree(tmp_path / "out") == written


def test_a_table_of_pages_is_checked_and_explained(command: Command, tmp_path: Path) -> None:
    for name, source in (("a.csv", csv_of_pages(PAGES)), ("a.parquet", parquet_of_pages(PAGES))):
        (tmp_path / name).write_bytes(source)
        done = command("check", name)
        assert done.returncode == 1
        assert [line.split(": ")[0] for line in done.stdout.splitlines()] == [f"{name}:{n}" for n in (1, 2, 3, 4, 6)]
        assert "The second bridge opened" in command("explain", name).stdout


def test_pages_are_found_whatever_separates_them(tmp_path: Path) -> None:
    """Of a header that could be cut in several ways, the one that has pages counts; a page may hold bytes that are no text."""
    (document,) = read_table(
        tmp_path / "a.csv", b"a;b;c,html\n1,<p>The storm sank nine boats \xff in the harbour. \xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9</p>\n"
    )
    assert document.text.strip() == "The storm sank nine boats \ufffd in the harbour. éééé"
    assert [document.text for document in read_table(tmp_path / "a.csv", b"n,html\n1,\n2,<p>\n", Options("html"))] == ["", "<p>"]


@pytest.mark.parametrize(
    ("name", "source", "reason"),
    [
        ("a.csv", b"id,body\n1,x\n", "no column 'text' (and no 'html'); its columns are: id, body. Name the text's column with --text-field"),
        ("a.parquet", parquet_of_pages([b"<p>x"], pa.binary()), "column 'html' holds binary, not strings; its columns are: n, html, raw."),
        ("a.csv", b"text,text\nx,y\n", "2 columns are named 'text'; rename all but one, or name another with --text-field"),
        ("a.csv", b'"id,text\n1,x\n', "no table: a quote in its header is never closed"),
        ("a.csv", b"PK\x03\x04\x00\x01\x02ab,text\nx", "no table of text: its first line holds zero bytes"),
        ("a.csv.gz", gzip.compress(as_csv(TEXTS))[:20], "truncated gzip file"),
        ("a.parquet", b"", "not a Parquet file, or one that is cut off"),
        ("a.parquet", b"text\nhello\n", "not a Parquet file, or one that is cut off"),
        ("a.parquet", as_parquet(TEXTS)[:-40], "not a Parquet file, or one that is cut off"),
        ("a.parquet", b"PAR1" + b"\xff" * 400 + as_parquet(TEXTS)[404:], "damaged Parquet file, in row group 1"),
    ],
    ids=["no text", "a page that is bytes", "two texts", "open quote", "a spreadsheet", "cut", "nothing", "text", "a cut table", "a damaged table"],
)  # fmt: skip
def test_a_table_that_cannot_be_read_says_why(command: Command, tmp_path: Path, name: str, source: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(source)
    done = command("clean", name, "-o", "out")
    assert done.returncode == 3
    assert f"failed: {name}#1: {reason}" in done.stderr
    assert (tmp_path / "out" / "_cleaner" / "left-out" / f"{name}.damaged").read_bytes() == source
    assert f"{name}:1: cannot be cleaned: {reason}" in command("check", name).stdout
    assert command("restore", "out", "-o", "back").returncode == 0


def test_columns_of_other_types_are_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": [1], "text": [5]}), tmp_path / "a.parquet")
    with pytest.raises(ReadError, match=r"column 'text' holds int64, not strings; its columns are: id, text\. Name the text's column"):
        read_table(tmp_path / "a.parquet", (tmp_path / "a.parquet").read_bytes())


def test_a_row_that_cannot_be_read_does_not_take_the_others_with_it(tmp_path: Path) -> None:
    source = b'\n\nid,text\r\n1,One story \xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9.\r\n\r\n2\n3,b,c\n4,"Another\x00 story, \xff"\n5,"never closed\n6,The last story.'
    (tmp_path / "a.csv").write_bytes(source)
    run = clean_corpus(tmp_path / "a.csv", tmp_path / "out", Settings())
    assert run["failures"] == [
        "a.csv#2: has 1 cells where the header has 2",
        "a.csv#3: has 3 cells where the header has 2",
        "a.csv#5: a quote in it is never closed",
    ]
    assert (
        tmp_path / "out" / "a.csv"
    ).read_bytes() == b'\n\nid,text\r\n1,One story \xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9.\r\n\r\n4,"Another\x00 story, \xff"\n6,The last story.'
    assert len(restore(tmp_path / "out", tmp_path / "back")) == 1
    assert (tmp_path / "back" / "a.csv").read_bytes() == source


def test_a_cell_may_be_long(tmp_path: Path) -> None:
    text = "The storm, which nobody had seen coming, sank nine boats.\n" * 60_000
    (document,) = read_table(tmp_path / "a.csv", as_csv([text]))
    assert document.text == text


def test_a_table_is_checked_and_explained_but_not_mended_in_place(command: Command, tmp_path: Path) -> None:
    for name, source in (("a.csv", as_csv(TEXTS)), ("a.parquet", as_parquet(TEXTS)), ("b.data", as_parquet(TEXTS))):
        (tmp_path / name).write_bytes(source)
        form = ["--format", "parquet"] if name == "b.data" else []
        done = command("check", name, *form)
        assert done.returncode == 1
        assert [line.split(": ")[0] for line in done.stdout.splitlines()] == [f"{name}:{n}" for n in (1, 3, 4, 6)]
        assert "=== r2\nNine boats" in command("explain", name, *form).stdout
        done = command("fix", name, *form)
        assert done.returncode == 3
        assert "cannot be cleaned in place; 'cleaner clean' writes a clean copy" in done.stderr
        assert (tmp_path / name).read_bytes() == source


def test_a_file_of_no_records_leaves_one(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name, source in (("a.jsonl", b""), ("a.csv", b""), ("b.csv", b"\xef\xbb\xbfid;text\r\n"), ("z.parquet", as_parquet(TEXTS, rows=0))):
        (tmp_path / "in" / name).write_bytes(source)
    run = clean_corpus(tmp_path / "in", tmp_path / "out", Settings())
    assert run["counts"]["in"] == 0
    assert run["bare"] == ["a.csv", "a.jsonl", "b.csv", "z.parquet"]
    assert (tmp_path / "out" / "b.csv").read_bytes() == b"\xef\xbb\xbfid;text\r\n"
    assert pq.read_table(tmp_path / "out" / "z.parquet").schema.equals(pq.read_schema(tmp_path / "in" / "z.parquet"), check_metadata=True)
    restore(tmp_path / "out", tmp_path / "back")
    back = tree(tmp_path / "back")
    assert back.pop("z.parquet")
    assert back == {name: source for name, source in tree(tmp_path / "in").items() if name != "z.parquet"}
    clean_corpus(tmp_path / "in", tmp_path / "out", Settings(overwrite=True))


NASTY = st.text(st.sampled_from(list("ab,;\t\"'\r\n \\\0é\u2028\ufeff|")), max_size=8)


@given(
    st.lists(st.tuples(NASTY, NASTY, NASTY), min_size=1, max_size=6),
    st.lists(NASTY, min_size=6, max_size=6),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([",", ";", "\t", "|"]),
)
def test_nasty_cells_come_through(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]], new: list[str], quoting: Any, end: str, mark: str
) -> None:
    """Rows are read as Python's csv wrote them; new texts stand where the old ones stood, and back again to the byte."""
    if end == "\n":  # Python's csv leaves a lone carriage return without quotes then, and cannot read it itself
        rows = [(a.replace("\r", ""), text.replace("\r", ""), b.replace("\r", "")) for a, text, b in rows]
        new = [text.replace("\r", "") for text in new]
    folder = tmp_path_factory.mktemp("nasty")
    file = io.StringIO(newline="")
    csv.writer(file, quoting=quoting, lineterminator=end, delimiter=mark).writerows([("a", "text", "b"), *rows])
    (folder / "a.csv").write_bytes(file.getvalue().encode())
    form, options = FORMATS["csv"], Options(encoding="utf-8")

    def rewritten(source: str, target: str, texts: Sequence[str | None]) -> list[list[str]]:
        with form.rewriting([folder / source], folder / target, options) as writer:
            for number, text in enumerate(texts, 1):
                writer.keep(number, text)
        return list(csv.reader(io.StringIO((folder / target).read_bytes().decode(), newline=""), delimiter=mark))

    with pytest.MonkeyPatch.context() as patch:  # a file that comes in the smallest pieces
        patch.setattr("cleaner.formats.csv._HEAD", 1)
        patch.setattr(
            "cleaner.formats.compression.blocks", lambda path: (path.read_bytes()[i : i + 3] for i in range(0, path.stat().st_size, 3))
        )
        pieces = list(form.raws(folder / "a.csv", options))
    raws = list(form.raws(folder / "a.csv", options))
    assert pieces == raws
    assert [form.parse(folder, "a.csv", raw, options).document.text for raw in raws] == [row[1] for row in rows]
    assert rewritten("a.csv", "same.csv", [None] * len(rows)) == [["a", "text", "b"], *map(list, rows)]
    assert (folder / "same.csv").read_bytes() == (folder / "a.csv").read_bytes()
    texts = new[: len(rows)]
    assert rewritten("a.csv", "new.csv", texts) == [
        ["a", "text", "b"],
        *([a, text, b] for (a, _, b), text in zip(rows, texts, strict=True)),
    ]
    rewritten("new.csv", "back.csv", [row[1] for row in rows])
    assert (folder / "back.csv").read_bytes() == (folder / "a.csv").read_bytes()
