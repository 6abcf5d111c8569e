"""From what a person names (directories, files, globs) to the files that are read and the names that are written."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from cleaner.document import CleanerError
from cleaner.formats import FORMATS, Format, named, output_name

RECORD = "_cleaner"
"""The folder of a run's record; not looked into when a run's output is cleaned again."""


class Source(NamedTuple):
    """A file to be read. ``relative`` is its path below what was named, with ``/``: the id of the document it is."""

    path: Path
    relative: str
    format: str
    output: str
    failure: str = ""

    @property
    def reader(self) -> Format:
        return FORMATS[self.format]


class Found(NamedTuple):
    """What was found: sources in the order of their names, and the files of other kinds that are left alone."""

    sources: tuple[Source, ...]
    others: tuple[str, ...]


def find(given: Iterable[str | Path], form: str | None = None) -> Found:
    """The files below some directories, files or globs.

    Args:
        given: what a person named; a directory's tree is taken relative to it, a file by its name alone.
        form: the format to read files in, whatever their names say.
    Raises:
        CleanerError: nothing is there, a file's kind is unknown, or two files would have one name in the output.
    """
    if form is not None and form not in FORMATS:
        raise CleanerError(f"no format {form!r}; there are {', '.join(FORMATS)}")
    files: dict[str, Path] = {}
    others: list[str] = []
    links: set[str] = set()
    for name in given:
        count = 0
        for path, relative, outside in _below(str(name)):
            count += 1
            if form is None and named(relative) is None:
                others.append(relative)
                continue
            if relative in files and files[relative].resolve() != path.resolve():
                raise CleanerError(
                    f"{files[relative]} and {path} would both be written as {relative}; clean them into different directories, "
                    "or name a directory that holds both"
                )
            files[relative] = path
            if outside:
                links.add(relative)
        if not count and not Path(name).is_dir():
            raise CleanerError(f"{name}: no such file or directory")
    if others and not files:
        kinds = ", ".join(suffix for f in FORMATS.values() for suffix in f.suffixes)
        raise CleanerError(f"{others[0]}: not a kind that is read ({kinds}, each also .gz and .zst); name one with --format")
    return Found(tuple(_sources(files, form, links)), tuple(sorted(others)))


def _sources(files: dict[str, Path], form: str | None, links: set[str]) -> Iterator[Source]:
    taken: set[str] = set()
    # files that keep their name first, so that "a.txt" is a.txt also beside "a.html"
    outputs = {}
    for relative in sorted(files, key=lambda r: (output_name(r, FORMATS[form or named(r) or "text"]) != r, r)):
        kind = form or named(relative) or "text"
        output = output_name(relative, FORMATS[kind])
        while output in taken:
            target = FORMATS[kind].target or ""
            output = relative + target if output != relative + target else output + target
        taken.add(output)
        outputs[relative] = (kind, output)
    for relative in sorted(files):
        kind, output = outputs[relative]
        failure = "a link to a place outside of what was named; name that place itself" if relative in links else ""
        yield Source(files[relative], relative, kind, output, failure)


def _below(name: str) -> Iterator[tuple[Path, str, bool]]:
    """(file, path relative to what was named, whether it is a link that leads out of it)."""
    import glob

    path = Path(name)
    if path.is_dir():
        yield from _tree(path)
    elif path.exists() or path.is_symlink():
        yield path, path.name, False
    elif glob.has_magic(name):
        base = Path(*_fixed(path))
        for match in sorted(glob.glob(name, recursive=True)):
            if Path(match).is_file():
                yield Path(match), Path(match).relative_to(base).as_posix(), False


def _fixed(path: Path) -> list[str]:
    import glob

    parts = []
    for part in path.parts[:-1]:
        if glob.has_magic(part):
            break
        parts.append(part)
    return parts


def _tree(root: Path) -> Iterator[tuple[Path, str, bool]]:
    real = root.resolve()

    def unreadable(error: OSError) -> None:
        raise CleanerError(f"{error.filename}: cannot be read: {error.strerror}")

    for folder, folders, names in os.walk(root, onerror=unreadable):
        here = Path(folder)
        folders[:] = sorted(f for f in folders if not f.startswith(".") and not (here == root and f == RECORD))
        for name in sorted(names):
            path = here / name
            if name.startswith("."):
                continue
            outside = path.is_symlink() and not path.resolve().is_relative_to(real)
            yield path, path.relative_to(root).as_posix(), outside


def check_output(sources: Iterable[str | Path], out: Path) -> None:
    """Raises CleanerError where the output would lie in what is read, or the other way round."""
    target = out.resolve()
    for name in sources:
        if not Path(name).exists():
            continue
        source = Path(name).resolve()
        if source.is_dir() and (target == source or target.is_relative_to(source)):
            raise CleanerError(f"{out} lies in {name}: the output would be read as input; name a directory outside of it")
        if source.is_relative_to(target):
            raise CleanerError(f"{name} lies in {out}: the output could overwrite it; name another directory with -o")
