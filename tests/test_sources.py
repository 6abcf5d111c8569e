"""The files of a run: in order, each with a name of its own in the output."""

from __future__ import annotations

from pathlib import PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from cleaner.sources import Source, Sources

PARTS = st.sampled_from(
    ["a", "b", "a.txt", "a.html", "a.htm", "a.html.txt", "a.txt.txt", "a.txt.gz", "a.html.gz", "b.jsonl", "a.warc", "a.jsonl"]
)
PATHS = st.sets(st.lists(PARTS, min_size=1, max_size=3).map("/".join), max_size=12)


def made(paths: set[str], form: str | None = None) -> Sources:
    sources = Sources(form)
    for path in paths:
        sources.add(path, f"/somewhere/{path}")
    return sources.arranged()


@given(PATHS)
def test_no_output_is_another_or_the_folder_of_another(paths: set[str]) -> None:
    sources = made(paths)
    assert [source.relative for source in sources] == sorted(paths)
    outputs = [source.output for source in sources]
    assert len(set(outputs)) == len(outputs)
    folders = {str(folder) for output in outputs for folder in PurePosixPath(output).parents}
    assert not folders & set(outputs)


@given(PATHS)
def test_a_file_keeps_its_name_where_it_can(paths: set[str]) -> None:
    folders = {str(folder) for path in paths for folder in PurePosixPath(path).parents}
    for source in made(paths):
        if source.reader.target is None and source.relative not in folders:
            assert source.output == source.relative


def test_all_that_is_known_of_a_file_is_told() -> None:
    sources = Sources()
    sources.add("b.html", "/cache/17.html", url="https://example.org/b")
    sources.add("a.txt", "in/a.txt")
    sources.add("c", "in/c", failure="gone")
    sources.add("a.txt", "in/a.txt", failure="cannot be read")
    expected = [
        Source("in/a.txt", "a.txt", "text", "a.txt", "cannot be read"),
        Source("/cache/17.html", "b.html", "html", "b.txt", "", "https://example.org/b"),
        Source("in/c", "c", "text", "c", "gone"),
    ]
    assert list(sources.arranged()) == expected
    assert sources.get("d") is None


def test_a_format_that_is_named_is_that_of_all() -> None:
    assert [(source.format, source.output) for source in made({"a.txt", "b.html"}, "html")] == [("html", "a.txt"), ("html", "b.txt")]
