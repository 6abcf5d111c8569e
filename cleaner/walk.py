"""From what a person names (directories, files, globs) to the files that are read and the names that are written."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from cleaner.document import CleanerError
from cleaner.formats import FORMATS, named
from cleaner.formats.compression import SUFFIXES
from cleaner.selection import ALL, Ignored, Selection
from cleaner.sources import Sources

RECORD = "_cleaner"
"""The folder of a run's record; not looked into when a run's output is cleaned again."""


ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.bz2", ".tar.xz")
"""Files that hold files."""


class Archive(NamedTuple):
    """A file that holds files; their ``relative`` paths go on from its own."""

    path: Path
    relative: str


class Listed(NamedTuple):
    """Files that lie elsewhere, told as those of a directory are, with the paths that they will be fetched to and their addresses."""

    files: tuple[tuple[str, str, str], ...]
    urls: dict[str, str]
    hidden: int = 0


_ODD = "not a file (a pipe, a device, or a link that leads nowhere)"
_URL = re.compile(r"[a-z][a-z0-9+.-]+(?:::[a-z0-9+.-]+)*://", re.IGNORECASE)


def is_url(name: object) -> bool:
    """Is this the address of something that lies elsewhere: s3://, https:// ..., and not a path?"""
    return isinstance(name, str) and _URL.match(name) is not None


def here(name: str) -> Path:
    """A path on this machine. Raises CleanerError for the address of something that lies elsewhere."""
    if is_url(name):
        raise CleanerError(f"{name}: is not on this machine; clean, dedup, check, explain and restore read such, other commands do not")
    return Path(name)


class Found(NamedTuple):
    """What was found: sources in the order of their names, what is left alone, and archives, which are still to be unpacked.

    ``others``: files of other kinds; ``hidden``: files and folders whose names begin with a dot; ``ignored``: files and folders that
    ``.gitignore`` names, and files that ``--include`` and ``--exclude`` keep out.
    """

    sources: Sources
    others: tuple[str, ...]
    hidden: int = 0
    ignored: int = 0
    archives: tuple[Archive, ...] = ()

    @property
    def row(self) -> dict[str, Any]:
        """What is left alone, for run.json."""
        return {"left_alone": list(self.others), "hidden": self.hidden, "ignored": self.ignored}


def find(given: Iterable[str | Path | Listed], form: str | None = None, selection: Selection = ALL, *, archives: bool = False) -> Found:
    """The files below some directories, files or globs.

    Args:
        given: what a person named; a directory's tree is taken relative to it, a file by its name alone. What lies elsewhere must be
            listed before.
        form: the format to read files in, whatever their names say.
        selection: which of them are wanted.
        archives: whether archives are told apart from files of other kinds.
    Raises:
        CleanerError: nothing is there, a file's kind is unknown, or two files would have one name in the output.
    """
    if form is not None and form not in FORMATS:
        raise CleanerError(f"no format {form!r}; there are {', '.join(FORMATS)}")
    given = list(given)
    sources = Sources(form)
    others: list[str] = []
    packed: dict[str, Path] = {}
    seen: dict[str, str] | None = {} if len(given) > 1 else None
    urls: dict[str, str] = {}
    tree = _Tree(selection)
    for name in given:
        count = 0
        if isinstance(name, Listed):
            urls |= name.urls
            tree.hidden += name.hidden
        for place, relative, failure in name.files if isinstance(name, Listed) else _below(str(name), tree):
            count += 1
            holds = archives and not failure and relative.lower().endswith(ARCHIVES)
            # as of a directory: what is in it may be what is to be included
            if not (selection._replace(include=()) if holds else selection).wants(relative):
                tree.ignored += 1
                continue
            if not failure and not holds:
                if form is None and named(relative) is None:
                    others.append(relative)
                    continue
                if seen is None and Path(place).is_symlink():
                    seen = {os.path.realpath(source.place): source.relative for source in sources}
                if seen is not None and seen.setdefault(os.path.realpath(place), relative) != relative:
                    continue  # named twice: by itself, by a directory that holds it, by a link
            url = urls.get(place, "")
            other = sources.get(relative)
            before = other.place if other else packed.get(relative)
            if before is not None and os.path.realpath(before) != os.path.realpath(place):
                raise CleanerError(
                    f"{other.shown if other else urls.get(str(before), before)} and {url or place} would both be written as {relative}; "
                    "clean them into different directories, or name a directory that holds both"
                )
            if holds:
                packed[relative] = Path(place)
            else:
                sources.add(relative, place, failure, url)
        if not count and not isinstance(name, Listed) and not _is_dir(Path(name)):
            raise CleanerError(f"{name}: no such file or directory")
    if others and not sources and not packed:
        if others[0].lower().endswith(ARCHIVES):
            raise CleanerError(f"{others[0]}: an archive; `clean` and `dedup` read what is in it")
        kinds = ", ".join(suffix for f in FORMATS.values() for suffix in f.suffixes)
        raise CleanerError(f"{others[0]}: not a kind that is read ({kinds}, each also {', '.join(SUFFIXES)}); name one with --format")
    inside = tuple(Archive(path, relative) for relative, path in sorted(packed.items()))
    return Found(sources.arranged(), tuple(sorted(others)), tree.hidden, tree.ignored, inside)


def joined(found: Found, files: Mapping[str, Path], failures: Mapping[str, str], others: Iterable[str], form: str | None) -> Found:
    """What was found and further files, as one; what has failed since."""
    sources = Sources(form)
    for one in found.sources:
        sources.add(one.relative, one.place, failures.get(one.relative, one.failure), one.url)
    for relative, path in files.items():
        sources.add(relative, str(path), failures.get(relative, ""))
    return found._replace(sources=sources.arranged(), others=tuple(sorted([*found.others, *others])))


def _is_dir(path: Path | os.DirEntry[str]) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that no file can have, links in a circle
        return False


def _below(name: str, tree: _Tree) -> Iterator[tuple[str, str, str]]:
    """(file, path relative to what was named, why it is not to be read) for each."""
    import glob

    path = here(name)
    try:
        there = path.exists() or path.is_symlink()
    except OSError as error:
        raise CleanerError(f"{name[:60]}...: no such file or directory ({error.strerror})") from None
    if _is_dir(path):
        yield from tree.below(path)
    elif there:
        yield str(path), path.name, _unfit(path)
    elif glob.has_magic(name):
        base = Path(*_fixed(path))
        for match in sorted(glob.glob(name, recursive=True)):
            relative = Path(match).relative_to(base)
            if ".." in relative.parts:
                raise CleanerError(f"{name}: '..' behind a wildcard would lead out of the output; name the directory itself")
            if not Path(match).is_dir() and RECORD not in relative.parts:
                yield str(Path(match)), relative.as_posix(), _unfit(Path(match))


def _fixed(path: Path) -> list[str]:
    import glob

    parts = []
    for part in path.parts[:-1]:
        if glob.has_magic(part):
            break
        parts.append(part)
    return parts


class _Tree:
    """Walks directories, and counts what it leaves alone."""

    def __init__(self, selection: Selection) -> None:
        self.selection = selection
        self.hidden = self.ignored = 0

    def below(self, root: Path) -> Iterator[tuple[str, str, str]]:
        """A tree's files in the order of their paths, then what links in it lead to: of a file and a link to it, it is the file
        that is read.
        """
        real = root.resolve()
        entered: set[str] = set()  # so that links in a circle end
        links: list[tuple[str, str]] = []
        ignored = Ignored()
        top = "" if root == Path() else f"{root}/".replace("//", "/")
        yield from self._below(top, "", links, entered, ignored)
        while links:
            place, relative = links.pop(0)
            failure = _unfit(Path(place), real)
            if failure or not Path(place).is_dir():
                yield place, relative, failure
            else:
                yield from self._below(f"{place}/", f"{relative}/", links, entered, ignored)

    def _below(
        self, top: str, before: str, links: list[tuple[str, str]], entered: set[str], ignored: Ignored
    ) -> Iterator[tuple[str, str, str]]:
        """The files of a folder and of those in it; folders are written with ``/`` behind, the working folder as nothing."""
        open_folders = [(top, before, self._entries(top, before, entered, ignored))]
        while open_folders:
            folder, before, entries = open_folders[-1]
            name, kind = next(entries, ("", ""))
            if not kind:
                open_folders.pop()
            elif kind == "folder":
                inner = folder + name, before + name
                open_folders.append((*inner, self._entries(*inner, entered, ignored)))
            elif kind == "link":
                links.append((folder + name, before + name))
            elif kind == "file":
                yield folder + name, before + name, ""
            else:
                yield (folder + name).removesuffix("/") or ".", (before + name).removesuffix("/") or ".", kind

    def _entries(self, folder: str, before: str, entered: set[str], ignored: Ignored) -> Iterator[tuple[str, str]]:
        """What is wanted of a folder's entries, as (name, its kind or why it is not to be read), in the order of their names."""
        real = os.path.realpath(folder)
        if real in entered:  # a link has led here before
            return
        entered.add(real)
        kinds: dict[str, str] = {}  # of those that are no mere files
        names: list[str] = []
        try:
            with os.scandir(folder or ".") as entries:
                for entry in entries:
                    name = entry.name + ("/" if _is_dir(entry) else "")
                    if entry.is_symlink():
                        kinds[name] = "link"
                    elif name.endswith("/"):
                        kinds[name] = "folder"
                    elif not entry.is_file():
                        kinds[name] = _ODD
                    names.append(name)
        except OSError as error:
            yield "", f"cannot be read: {error.strerror}"
            return
        if self.selection.gitignore:
            ignored.enter(Path(folder), before)
        names.sort()
        for name in names:
            if name.startswith("."):
                self.hidden += 1
            elif before + name in ignored:
                self.ignored += 1
            elif name != f"{RECORD}/":
                yield name.removesuffix("/") if kinds.get(name) == "link" else name, kinds.get(name, "file")


def _unfit(path: Path, root: Path | None = None) -> str:
    """Why a path is not to be read: a link that leads nowhere or out of what was named, a pipe or device."""
    try:
        if root and path.is_symlink() and not path.resolve(strict=True).is_relative_to(root):
            return "a link to a place outside of what was named; name that place itself"
        return "" if path.is_file() or (root and path.is_dir()) else _ODD
    except (OSError, RuntimeError) as error:
        return f"a link that leads nowhere ({error})"


def check_output(found: Found, given: Iterable[str | Path | Listed], out: Path) -> None:
    """Raises CleanerError where the output would lie in what is read, or the other way round."""
    target = out.resolve()
    for name in given:
        if not isinstance(name, Listed) and _is_dir(Path(name)) and target.is_relative_to(Path(name).resolve()):
            raise CleanerError(f"{out} lies in {name}: the output would be read as input; name a directory outside of it")
    apart = ""  # the folder that was looked at last, if it is apart
    for source in found.sources:
        folder = source.place.rpartition("/")[0]
        if source.url or (folder and folder == apart):
            continue
        if source.path.absolute().is_relative_to(target) or source.path.parent.resolve().is_relative_to(target):
            raise CleanerError(f"{source.path} lies in {out}: the output could overwrite it; name another directory with -o")
        apart = folder
