"""Crawls: every page that can be read is read, every break is told with its place, nothing else is a document."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import random
import time
import zlib
from pathlib import Path

import brotli
import pytest
import zstandard
from conftest import tree

from cleaner.formats import FORMATS, Options, Raw, RecordError, named, output_name, records
from cleaner.pipeline import Settings, clean_corpus
from cleaner.restore import restore

WARC = FORMATS["warc"]
STORY = "The bridge over the river opened on Monday after two years of work, the mayor said in the afternoon."


def html(title: str = "Bridge opens", head: str = "") -> str:
    return f"<html><head><title>{title}</title>{head}</head><body><article><h1>{title}</h1>{f'<p>{STORY} {title}.</p>' * 4}</article></body></html>"


def http(body: bytes, headers: str = "Content-Type: text/html; charset=utf-8", status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\n{headers}\r\n\r\n".encode() + body


def record(
    block: bytes,
    name: str = "",
    kind: str = "response",
    url: str = "https://www.courier.example/bridge",
    length: int | None = None,
    media: str = "application/http; msgtype=response",
) -> bytes:
    lines = [
        "WARC/1.0",
        f"WARC-Type: {kind}",
        f"WARC-Target-URI: {url}",
        "WARC-Date: 2021-03-04T05:06:07Z",
        f"Content-Type: {media}",
        f"Content-Length: {len(block) if length is None else length}",
    ]
    if name:
        lines.insert(2, f"WARC-Record-ID: <urn:uuid:{name}>")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + block + b"\r\n\r\n"


def page(n: int) -> bytes:
    return record(http(html(f"Bridge {n}").encode()), str(n))


def chunked(body: bytes, size: int = 100) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(body[i : i + size]), body[i : i + size]) for i in range(0, len(body), size)) + b"0\r\n\r\n"


def read(path: Path) -> tuple[list[Raw], dict[str, int]]:
    raws = WARC.raws(path, Options())
    found = []
    while True:
        try:
            found.append(next(raws))
        except StopIteration as end:
            return found, end.value


def ids(raws: list[Raw]) -> list[str]:
    """The names of the records that can be read, and "!" for a break."""
    return [
        "!"
        if raw.failure
        else WARC.parse(Path("a.warc"), "a.warc", raw, Options()).document.id.removeprefix("<urn:uuid:").removesuffix(">")
        for raw in raws
    ]


def parsed(block: bytes, **words: str):
    return WARC.parse(Path("a.warc"), "a.warc", Raw(7, record(block, **words).removesuffix(b"\r\n\r\n")), Options())


PACK = {
    "a.warc": b"".join,
    "a.warc.gz": lambda parts: b"".join(map(gzip.compress, parts)),
    "one.warc.gz": lambda parts: gzip.compress(b"".join(parts)),
    "a.warc.bz2": lambda parts: bz2.compress(b"".join(parts)),
    "a.warc.xz": lambda parts: lzma.compress(b"".join(parts)),
    "a.warc.zst": lambda parts: b"".join(map(zstandard.ZstdCompressor().compress, parts)),
}


@pytest.mark.parametrize("name", PACK)
def test_records_are_read_whatever_they_are_compressed_with(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(PACK[name]([page(n) for n in range(50)]))
    raws, skipped = read(path)
    assert ids(raws) == [str(n) for n in range(50)]
    assert skipped == {}


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("a.warc", "a.jsonl"),
        ("a.warc.gz", "a.jsonl.gz"),
        ("CC-MAIN-1.warc.wet.gz", "CC-MAIN-1.warc.jsonl.gz"),
        ("a.arc.zst", "a.jsonl.zst"),
    ],
)
def test_names(name: str, output: str) -> None:
    assert named(name) == "warc"
    assert output_name(name, WARC) == output


def test_a_page_tells_its_record_address_site_and_dates() -> None:
    made = parsed(http(html(head='<meta property="article:published_time" content="2020-01-02">').encode()), name="x")
    document = made.document
    assert (document.id, document.url, document.site, document.title) == (
        "<urn:uuid:x>",
        "https://www.courier.example/bridge",
        "www.courier.example",
        "Bridge opens",
    )
    assert (document.meta["date"], document.meta["published"]) == ("2021-03-04T05:06:07Z", "2020-01-02")
    assert STORY in document.text
    assert json.loads(WARC.render(made, "clean")) == {
        "id": "<urn:uuid:x>",
        "url": document.url,
        "date": "2021-03-04T05:06:07Z",
        "title": "Bridge opens",
        "text": "clean",
    }


def test_a_record_without_an_id_is_named_by_its_address_and_place() -> None:
    assert parsed(http(html().encode())).document.id == "https://www.courier.example/bridge#7"
    assert parsed(http(html().encode()), url="").document.id == "a.warc#7"


BODY = html().encode()
RAW_DEFLATE = zlib.compress(BODY, wbits=-15)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ("", BODY),
        ("Transfer-Encoding: chunked", chunked(BODY)),
        ("Transfer-Encoding: chunked", chunked(BODY).replace(b"\r\n0\r\n", b"\r\n")),
        ("Transfer-Encoding: chunked", BODY),
        ("Content-Encoding: gzip", gzip.compress(BODY)),
        ("content-encoding: X-GZIP\r\ntransfer-encoding: Chunked", chunked(gzip.compress(BODY))),
        ("Content-Encoding: gzip", BODY),
        ("Content-Encoding: gzip", gzip.compress(BODY)[:-8]),
        ("Content-Encoding: deflate", zlib.compress(BODY)),
        ("Content-Encoding: deflate", RAW_DEFLATE),
        ("Content-Encoding: br", brotli.compress(BODY)),
        ("Content-Encoding: br", BODY),
        ("Content-Encoding: gzip, br", brotli.compress(gzip.compress(BODY))),
        ("Content-Encoding: utf-8", BODY),
    ],
    ids=["plain", "chunks", "chunks without an end", "no chunks", "gzip", "x-gzip in chunks", "no gzip", "gzip without its sum", "deflate", "raw deflate", "brotli", "no brotli", "twice", "no encoding"],
)  # fmt: skip
def test_a_page_as_it_was_before_it_was_sent(headers: str, body: bytes) -> None:
    text = parsed(http(body, "Content-Type: text/html\r\n" + headers)).document.text
    assert text == parsed(http(BODY)).document.text
    assert STORY in text


@pytest.mark.parametrize(
    ("headers", "body", "reason"),
    [
        ("Content-Encoding: br", brotli.compress(BODY)[:40] + b"\xff" * 40, "damaged compressed page"),
        ("Content-Encoding: gzip", gzip.compress(BODY)[:40] + b"\xff" * 40, "damaged compressed page"),
        ("Content-Encoding: gzip", gzip.compress(b" " * (65 << 20)), "more than 64 MB"),
        ("Content-Encoding: br", brotli.compress(b" " * (65 << 20), quality=1), "more than 64 MB"),
        ("Content-Encoding: zstd", zstandard.compress(BODY), "compressed with zstd"),
        ("Transfer-Encoding: chunked", b"5\r\nabcdefgh" + BODY, "damaged chunks"),
    ],
)
def test_a_page_that_cannot_be_unpacked_says_why(headers: str, body: bytes, reason: str) -> None:
    with pytest.raises(RecordError, match=reason):
        parsed(http(body, "Content-Type: text/html\r\n" + headers))


@pytest.mark.parametrize(
    ("header", "meta", "encoding"),
    [("windows-1251", "", "cp1251"), ('"koi8-r"', "windows-1251", "koi8-r"), ("no-such-code", "koi8-r", "koi8-r"), ("", "windows-1251", "cp1251"), ("windows-1251", "", "utf-8"), ("us-ascii", "koi8-r", "koi8-r")],
)  # fmt: skip
def test_the_charset_is_the_headers_then_the_pages(header: str, meta: str, encoding: str) -> None:
    text = "Мост через реку открыли в понедельник после двух лет работы, сообщил мэр города."
    source = html(head=f'<meta charset="{meta}">' if meta else "").replace(STORY, text).encode(encoding)
    document = parsed(http(source, f"Content-Type: text/html; charset={header}" if header else "Content-Type: text/html")).document
    assert text in document.text


SKIPPED = {
    "request": record(b"GET / HTTP/1.1\r\n\r\n", kind="request", media="application/http; msgtype=request"),
    "metadata": record(b"a: b", kind="metadata", media="application/warc-fields"),
    "warcinfo": record(b"a: b", kind="warcinfo", media="application/warc-fields"),
    "response: image": record(http(b"\x89PNG", "Content-Type: image/png")),
    "response: redirect": record(http(BODY, "Content-Type: text/html\r\nLocation: /", "301 Moved")),
    "response: empty": record(http(b"")),
    "response: unknown type": record(http(b"what is it", "X: y")),
    "conversion: empty": record(b"", kind="conversion", media="text/plain"),
}


def test_other_records_are_counted_not_read(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "a.warc.gz"
    wet = record("Ein Text über die Brücke, die am Montag eröffnet wurde.\n".encode(), "wet", kind="conversion", media="text/plain")
    text = record(http(b"A plain text about a ferry on the river.\n", "Content-Type: text/plain"), "text")
    sniffed = record(http(BODY, "X: y"), "sniffed")
    path.write_bytes(PACK["a.warc.gz"]([*SKIPPED.values(), page(1), wet, text, sniffed, SKIPPED["request"]]))
    raws, skipped = read(path)
    assert ids(raws) == ["1", "wet", "text", "sniffed"]
    assert skipped == {**dict.fromkeys(SKIPPED, 1), "request": 2}
    run = clean_corpus(tmp_path / "in", tmp_path / "out")
    assert run["skipped"] == skipped
    assert run["counts"]["in"] == 4


def test_a_run_writes_json_lines_and_gives_the_texts_back(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    pages = [page(n) for n in range(4)] + [record(http(html("Bridge 1").encode()), "copy")]
    pages[2] = record(http(html("Bridge 2").replace("</article>", "<p>Subscribe to our newsletter</p></article>").encode()), "2")
    pages.append(record(http(b"Advertisement\n", "Content-Type: text/plain"), "emptied"))
    pages += [record(http(b"A short story of its own, number two.\n", "Content-Type: text/plain"), "wide \u00fc")]
    pages += [record(http(gzip.compress(BODY)[:40] + b"\xff" * 40, "Content-Type: text/html\r\nContent-Encoding: gzip"), "broken")]
    (tmp_path / "in" / "a.warc.gz").write_bytes(PACK["a.warc.gz"](pages))
    run = clean_corpus(tmp_path / "in", tmp_path / "out")
    assert run["counts"]["in"] == 8
    assert run["counts"]["failed"] == 1
    assert run["counts"]["emptied"] == 1
    assert set(tree(tmp_path / "out")) >= {"a.jsonl.gz", "_cleaner/left-out/a.jsonl.gz", "_cleaner/left-out/a.warc.gz.damaged"}
    kept = [json.loads(line) for line in gzip.decompress((tmp_path / "out" / "a.jsonl.gz").read_bytes()).splitlines()]
    assert all(list(row)[:3] == ["id", "url", "date"] and list(row)[-1] == "text" for row in kept)
    notes = restore(tmp_path / "out", tmp_path / "back")
    assert len(notes) == 1
    assert "a.warc.gz.damaged" in notes[0]
    back = {
        row["id"]: row["text"] for row in map(json.loads, gzip.decompress((tmp_path / "back" / "a.jsonl.gz").read_bytes()).splitlines())
    }
    source = {}
    for raw in read(tmp_path / "in" / "a.warc.gz")[0][:-1]:
        document = WARC.parse(Path("a"), "a", raw, Options()).document
        source[document.id] = document.text
    assert back == source
    first = tree(tmp_path / "out")
    clean_corpus(tmp_path / "in", tmp_path / "out", Settings(cleaner=None, overwrite=True, jobs=2))
    clean_corpus(tmp_path / "in", tmp_path / "out2", Settings(cleaner=None))
    assert tree(tmp_path / "out") == tree(tmp_path / "out2")
    assert first.keys() == tree(tmp_path / "out2").keys()


def test_a_crawl_of_which_nothing_is_kept_is_a_file_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jsonl").write_text('{"text": "A ferry will carry people from bank to bank."}\n')
    (tmp_path / "in" / "a.warc").write_bytes(SKIPPED["request"])
    run = clean_corpus(tmp_path / "in", tmp_path / "out")
    assert run["bare"] == ["a.warc.jsonl"]
    assert restore(tmp_path / "out", tmp_path / "back") == []
    assert {name: len(content.splitlines()) for name, content in tree(tmp_path / "back").items()} == {"a.jsonl": 1, "a.warc.jsonl": 0}


def test_damage_is_put_aside_once_and_the_name_is_the_outputs(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jsonl").write_text('{"text": "A ferry will carry people from bank to bank."}\n')
    (tmp_path / "in" / "a.warc").write_bytes(b"garbage\n" + page(1) + b"garbage\n\n" + record(http(html("Bridge 1").encode()), "copy"))
    run = clean_corpus(tmp_path / "in", tmp_path / "out")
    assert run["counts"] == {"in": 5, "kept": 2, "duplicate": 1, "emptied": 0, "failed": 2}
    assert set(tree(tmp_path / "out" / "_cleaner" / "left-out")) == {"a.warc.damaged", "a.warc.jsonl"}
    assert len(restore(tmp_path / "out", tmp_path / "back")) == 2
    assert {name: len(content.splitlines()) for name, content in tree(tmp_path / "back").items()} == {"a.jsonl": 1, "a.warc.jsonl": 2}


# --- ARC ---------------------------------------------------------------------------------------------------------


def arc(block: bytes, url: str = "http://courier.example/a b", length: object = None, media: str = "text/html") -> bytes:
    return f"{url} 192.0.2.1 20140216050221 {media} {len(block) if length is None else length}\n".encode() + block + b"\n"


INFO = arc(b"1 0 Crawl\nURL IP-address Archive-date Content-type Archive-length\n", "filedesc://a.arc", media="text/plain")


@pytest.mark.parametrize("pack", [b"".join, lambda parts: b"".join(map(gzip.compress, parts))], ids=["plain", "gzip"])
def test_arc_files(tmp_path: Path, pack) -> None:
    path = tmp_path / "a.arc"
    path.write_bytes(
        pack([INFO, arc(http(BODY)), arc(http(b"GIF89a", "Content-Type: image/gif")), arc(http(BODY), "http://courier.example/2")])
    )
    raws, skipped = read(path)
    assert ids(raws) == ["http://courier.example/a b#2", "http://courier.example/2#4"]
    assert skipped == {"filedesc": 1, "response: image": 1}
    document = WARC.parse(path, "a.arc", raws[0], Options()).document
    assert document.meta["date"] == "2014-02-16T05:02:21Z"
    assert document.site == "courier.example"


def test_broken_arc_files(tmp_path: Path) -> None:
    path = tmp_path / "a.arc"
    path.write_bytes(
        INFO
        + arc(http(BODY), length="abc")
        + arc(http(BODY), length=10)
        + arc(http(BODY), length=9000)
        + arc(http(BODY), "http://e.example/")[:-30]
    )
    assert [bool(raw.failure) for raw in read(path)[0]] == [False, True] * 4
    path.write_bytes(path.read_bytes()[:-200] + b"\n" + arc(http(BODY), "http://e.example/last"))
    assert ids(read(path)[0])[-1] == "http://e.example/last#10"


# --- damage --------------------------------------------------------------------------------------------------------


def wrong(n: int, length: int) -> bytes:
    return record(http(html(f"Bridge {n}").encode()), str(n), length=length)


@pytest.mark.parametrize(
    ("parts", "found", "place"),
    [
        ([page(0), b"GARBAGE\r\nand more\r\n\r\n", page(2)], "0!2", "byte {0}"),
        ([b"garbage\n", page(1)], "!1", "byte 0"),
        ([page(0), b"garbage"], "0!", "byte {0}"),
        ([page(0), wrong(1, 100), page(2)], "01!2", "byte {0}"),
        ([page(0), wrong(1, 1000), page(2), page(3)], "01!23", "byte {0}"),
        ([page(0), wrong(1, 10**12), page(2), page(3)], "01!23", "byte {0}"),
        ([page(0), wrong(1, 10**9), page(2), b" " * 100], "01!2!", "byte {0}"),
        ([page(0), page(1)[:-100]], "01!", "byte {0}"),
        ([page(0), page(1).replace(b"Content-Length", b"Content-Width"), page(2)], "01!2", "byte {0}"),
        ([page(0), b"WARC/1.0\r\n" + b"X: y\r\n" * 20_000, page(2)], "0!2", "byte {0}"),
        ([page(0), b"\r\n" * 10_000, page(2)], "02", ""),
        ([page(0).removesuffix(b"\r\n\r\n"), page(2).replace(b"\r\n\r\n", b"\n\n", 1)], "02", ""),
        ([], "", ""),
        ([b"\r\n"], "", ""),
    ],
    ids=["garbage", "garbage first", "garbage last", "too short", "too long", "far too long", "large and too long", "cut", "no length", "no header's end", "blank lines", "loose newlines", "empty", "nothing"],
)  # fmt: skip
def test_breaks_are_told_with_their_place(tmp_path: Path, parts: list[bytes], found: str, place: str) -> None:
    path = tmp_path / "a.warc"
    path.write_bytes(b"".join(parts))
    raws, _ = read(path)
    assert "".join(ids(raws)) == found
    reason = next((raw.failure for raw in raws if raw.failure), "")
    assert place.format(f"{len(page(0)):,}") in reason


@pytest.mark.parametrize("name", ["a.warc.gz", "a.warc.zst"])
def test_a_damaged_member_does_not_take_the_others_with_it(tmp_path: Path, name: str) -> None:
    pack = lambda n: PACK[name]([page(n)])  # noqa: E731
    bad = bytearray(pack(1))
    bad[len(bad) // 2 : len(bad) // 2 + 40] = bytes(40)
    path = tmp_path / name
    for middle, found in ((bytes(bad), "0!23"), (pack(1)[:90], "0!23"), (b"garbage", "0!23"), (b"\0" * 5000, "023"), (b"", "023")):
        path.write_bytes(pack(0) + middle + pack(2) + pack(3))
        raws, _ = read(path)
        assert "".join(ids(raws)) == found
        assert all(f"byte {len(pack(0)):,}" in raw.failure for raw in raws if raw.failure)
    path.write_bytes(pack(0) + pack(1)[:-3])
    raws, _ = read(path)
    assert ids(raws) == (["0", "1", "!"] if name == "a.warc.gz" else ["0", "!"])  # zstd gives out whole blocks only
    assert raws[-1].failure.endswith("is cut off")
    path.write_bytes(b"\0\1\2\3" + pack(1)[4:] + pack(2))
    assert "".join(ids(read(path)[0])) == "!2"


CUT = gzip.compress(record(http(BODY + b"<!-- %b -->" % random.Random(1).randbytes(3000).hex().encode()), "x"))[:-900]
UNPACKED = record(http(gzip.compress(BODY), "Content-Type: text/html\r\nContent-Encoding: gzip"), "x", length=430)
LOOSE = arc(http(BODY), length=len(http(BODY)) + 13)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.warc.gz", CUT, "the record at byte 0 is cut off: the gzip member at byte 0 is cut off"),
        ("a.warc", UNPACKED + SKIPPED["request"], "the record at byte 0 does not end where its length (430 bytes) says"),
        ("a.arc", INFO + LOOSE, "is cut off: its"),
        ("a.arc", INFO + arc(http(BODY), length=-1) + INFO, "has no length"),
    ],
    ids=["a cut member", "a length two bytes short", "newlines made shorter", "a length of -1"],
)
def test_what_is_there_of_a_broken_record_is_read_and_the_break_is_told(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(content)
    run = clean_corpus(tmp_path / "in", tmp_path / "out")
    assert run["counts"] == {"in": 2, "kept": 1, "duplicate": 0, "emptied": 0, "failed": 1}
    kept, failed = map(json.loads, (tmp_path / "out" / "_cleaner" / "documents.jsonl").read_text().splitlines())
    assert reason in failed["reason"]
    assert kept["damage"] == failed["reason"]
    written = (tmp_path / "out" / name.replace("arc", "jsonl").replace("wj", "j")).read_bytes()
    assert STORY in (gzip.decompress(written) if name.endswith(".gz") else written).decode()
    assert (tmp_path / "out" / "_cleaner" / "left-out" / f"{name}.damaged").read_bytes() == content


def test_nothing_is_read_of_a_broken_record_without_a_page_or_with_doubtful_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.arc"
    path.write_bytes(arc(b"", length=-1) + arc(http(b""), length="abc") + arc(b"\x89PNG", length=900, media="image/png"))
    assert ids(read(path)[0]) == ["!", "!", "!"]
    bad = bytearray(gzip.compress(record(http(BODY + random.Random(1).randbytes(500_000).hex().encode()), "x")))
    bad[-1000:-800] = bytes(200)  # it is unpacked to something else before the unpacker sees that
    path.write_bytes(bad + gzip.compress(page(2)))
    assert ids(read(path)[0]) == ["!", "2"]
    broken = gzip.compress(BODY)[:40] + b"\xff" * 40
    path.write_bytes(record(http(broken, "Content-Type: text/html\r\nContent-Encoding: gzip"), "x", length=9000))
    assert ids(read(path)[0]) == ["!"]


def test_a_record_that_is_too_large_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "LARGEST", 5000)
    large = record(http(b"x" * 300_000), "large")
    for name, pack in PACK.items():
        path = tmp_path / name
        path.write_bytes(pack([page(0), large, page(2), wrong(3, 100_000), page(4)]))
        raws, _ = read(path)
        assert "".join(ids(raws)) == "0!23!4"
        assert "300," in raws[1].failure
        assert raws[3].damage == raws[4].failure
        assert "does not end" in raws[4].failure


def test_a_large_record_is_never_held(tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "a.warc.gz"
    path.write_bytes(gzip.compress(record(bytes(100 << 20), "large")) + gzip.compress(page(1)))
    tracemalloc.start()
    assert "".join(ids(read(path)[0])) == "!1"
    assert tracemalloc.get_traced_memory()[1] < 40 << 20
    tracemalloc.stop()


@pytest.mark.parametrize("name", PACK)
def test_any_damage_is_told_and_ends(tmp_path: Path, name: str) -> None:
    rng = random.Random(name)
    source = PACK[name]([page(n) for n in range(12)])
    path = tmp_path / name
    for _ in range(25):
        content = bytearray(source)
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(content))
            content[at : at + rng.randrange(30)] = rng.randbytes(rng.randrange(30))
        path.write_bytes(content[: rng.randrange(len(content) // 2, len(content))])
        begun = time.monotonic()
        raws, _ = read(path)
        assert any(raw.failure for raw in raws) or name != "a.warc"
        for raw in raws:
            if not raw.failure:
                WARC.parse(path, name, raw, Options())
        assert time.monotonic() - begun < 20


def test_a_file_of_nothing_but_breaks_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.warc"
    members = [wrong(n, 10**11) for n in range(300)]
    path.write_bytes(PACK["a.warc.gz"](members))
    assert [bool(raw.failure) for raw in read(path)[0]] == [False, True] * 300
    path.write_bytes(b"WARC/1.0\r\nX: y\r\n\r\n" * 30_000)
    raws, _ = read(path)
    assert len(raws) == 10_002
    assert "the rest is not read" in raws[-1].failure
