"""Pages: their main text, and what is told of those that no parser gets through."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Command, tree
from hypothesis import given
from hypothesis import strategies as st

from cleaner import extract as extracting
from cleaner.extract import extract, plain

PAGE = "<html><head><title>The bridge</title></head><body><article>{}</article></body></html>"
STORY = "<p>The council approved the new bridge over the river on Monday after a long debate about its cost.</p>" * 4


@pytest.fixture(autouse=True)
def own_child() -> Iterator[None]:
    yield
    for child in extracting._children:
        child.end()


def test_a_page_has_its_main_text_and_title() -> None:
    page = extract(PAGE.format(STORY), "https://example.org/bridge")
    assert page.text.startswith("The council approved")
    assert (page.title, page.url, page.meta.get("extraction")) == ("The bridge", "https://example.org/bridge", None)


@pytest.mark.parametrize(
    "part", ["<div id='a'>{}</div>", "\r\n<TABLE><tr><td>{}</td></tr></TABLE>\n", "<article>{}</article>", "<section><p>{}</p>"]
)
def test_a_part_of_a_page_has_its_text_too(part: str) -> None:
    assert extract(part.format(STORY)).text.count("The council approved") == 4


@pytest.mark.parametrize("page", [f"<html><body>{'<br>' * 9}</body></html>", "\x01\x02<\x7f>" * 90, "<div></div>"])
def test_a_page_without_text_has_none(page: str) -> None:
    assert not extract(page).text.strip()


def test_a_page_whose_main_text_is_not_found_is_told_in_its_paragraphs(tmp_path: Path, command: Command) -> None:
    (tmp_path / "in").mkdir()
    days = "".join(STORY[:103].replace("Monday", day) for day in ("Friday", "Sunday", "Tuesday"))
    (tmp_path / "in" / "a.html").write_text(f"<html><body><div class='comments'>{days}</div></body></html>")
    (tmp_path / "in" / "b.html").write_text(f"<html><body><div class='comments'>{STORY[:103]}<p>Log in</p></div></body></html>")
    assert command("clean", "in", "-o", "out", "--dedup", "none").returncode == 0
    told, none = map(json.loads, (tmp_path / "out" / "_cleaner" / "documents.jsonl").read_text().splitlines())
    assert told["extraction"] == "all paragraphs of the page: no main text was found"
    assert (none["verdict"], none["reason"]) == ("emptied", "no main text found")
    assert b"on Friday after" in tree(tmp_path / "out")["a.txt"]


@pytest.mark.parametrize("behind", ["<footer>{}</footer>", "<div class='comments'>{}<p>&#xB; end</p></div>"])
def test_a_page_whose_paragraphs_are_not_found_is_told_in_all_its_words(behind: str) -> None:
    days = "".join(STORY[:103].replace("Monday", day) for day in ("Friday", "Sunday", "Tuesday"))
    page = extract(f"<html><body>{behind.format(days)}</body></html>")
    assert [line.split()[10] for line in page.text.splitlines()[:3]] == ["Friday", "Sunday", "Tuesday"]
    assert page.meta["extraction"] == "all words of the page: no main text was found"


def test_a_page_that_takes_too_long_is_told_in_all_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extracting, "SECONDS", 0.5)
    slow = "<div " + " ".join(f"a{n}=1" for n in range(100_000)) + "><p>Hello</p><script>no</script>there &amp; here</div>"
    start = time.monotonic()
    page = extract(slow)
    assert time.monotonic() - start < 5
    assert page.text == "Hello\nthere & here\n"
    assert page.meta["extraction"] == "all words of the page: parsing took more than 0.5 seconds"
    monkeypatch.setattr(extracting, "SECONDS", 30)
    assert extract(PAGE.format(STORY)).title == "The bridge"  # the next page has a process again


def test_a_page_that_kills_its_parser_is_told_in_all_its_words() -> None:
    extract(PAGE.format(STORY))
    process = extracting._children[0]._process
    assert process
    stop = threading.Timer(0.2, lambda: os.kill(process.pid, signal.SIGKILL))
    os.kill(process.pid, signal.SIGSTOP)
    stop.start()
    page = extract(PAGE.format(STORY))
    stop.join()
    assert page.meta["extraction"] == "all words of the page: parsing ended the process it was done in"
    assert page.text.count("The council approved") == 4


def test_a_page_that_takes_too_much_memory_is_told_in_all_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extracting, "MEMORY", 120 << 20)
    page = extract(PAGE.format(STORY + "<p>" + "word " * 1_000_000 + "</p>"))
    assert page.meta["extraction"].startswith("all words of the page: parsing ")
    assert page.text.startswith("The bridge\nThe council approved")


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 100_000 + "x",
        "<p>a" * 100_000,
        "<script>" * 50_000,
        "<!--" * 50_000,
        "<" * 200_000,
        "&lt;" * 200_000,
        "<a\x00b>\x00\ud800</a>",
    ],
)
def test_hostile_pages_come_to_an_end(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extracting, "SECONDS", 3)
    start = time.monotonic()
    extract(page)
    plain(page)
    assert time.monotonic() - start < 12


@given(st.text(st.sampled_from("<>/!-ab &;\"' \nscriptp"), max_size=200))
def test_words_outside_of_tags_are_kept(text: str) -> None:
    assert "<p>" not in plain(f"<p>{text}</p>") or "&lt;" in text
    assert plain(f"<i>word</i> {text.replace('<', '')}").startswith("word")


def test_the_record_says_how_a_page_was_read(command: Command, tmp_path: Path) -> None:
    """The real command, on a page that no parser gets through in time: kept, flagged, and its neighbours untouched."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in/slow.html").write_text(
        "<div " + " ".join(f"a{n}=1" for n in range(60_000)) + "><p>A ferry will carry people.</p></div>"
    )
    (tmp_path / "in/plain.html").write_text(PAGE.format(STORY))
    code = "from cleaner import extract; extract.SECONDS = 1.0; from cleaner.__main__ import main; main()"
    import subprocess
    import sys

    words = [sys.executable, "-c", code, "clean", "in", "-o", "out", "-j", "1"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    assert tree(tmp_path / "out")["slow.txt"] == b"A ferry will carry people.\n"
    assert b'"extraction": "all words of the page: parsing took more than 1 seconds"' in tree(tmp_path / "out")["_cleaner/documents.jsonl"]
    assert command("clean", "in/plain.html", "-o", "one").returncode == 0


WRAPPED = """<html><head><title>The bridge of
    the river</title></head><body><article><h1>The bridge</h1>
<p>The council said on <b>Monday</b> that the bridge
over the <a href="/river">river</a> would
open in <i>May</i>
<i>or June</i>, <!-- a note -->
but nobody knew for certain when that might be.</p>
<p>A plain paragraph that is wrapped
in the source, and has nothing in it but its words, of which there are some.</p>
<p>The mayor gave three reasons:<br>
it is <b>old</b>,<br>
it is narrow.</p>
<ul><li>first of the
<em>list</em></li>
<li>second of the list</li></ul>
<p>And this is how it
is <code>done</code>:</p>
<pre>for one in all:
    build(<b>one</b>)
</pre></article></body></html>"""


def test_line_breaks_of_the_source_are_no_lines() -> None:
    """A line that began with "Vec<String>." in the middle of a sentence was taken for a teaser."""
    text = extract(WRAPPED).text
    assert extract(WRAPPED.replace("\n", "\r\n")).text == text
    assert extract(WRAPPED.replace("h1>", "p>")).title == "The bridge of the river"
    assert [" ".join(line.split()) for line in text.split("\n") if line.strip()] == [
        "The bridge",
        "The council said on Monday that the bridge over the river would open in May or June, but nobody knew for certain when that might be.",
        "A plain paragraph that is wrapped in the source, and has nothing in it but its words, of which there are some.",
        "The mayor gave three reasons:",
        "it is old,",
        "it is narrow.",
        "- first of the list",
        "- second of the list",
        "And this is how it is done:",
        "for one in all:",
        "build(one)",
    ]
    assert "\u205f" not in text
    assert "\n    build(one)\n" in text
