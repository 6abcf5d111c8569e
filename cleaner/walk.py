"""From what a person names (directories, files, globs) to the files that are read and the names that are written."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from cleaner.document import CleanerError
from cleaner.formats import FORMATS, Format, named, output_name
from cleaner.formats.compression import SUFFIXES
from cleaner.selection import ALL, Ignored, Selection

RECORD = "_cleaner"
"""The folder of a run's record; not looked into when a run's output is cleaned again."""


class Source(NamedTuple):
    """A file to be read. ``relative`` is its path below what was named, with ``/``: the id of the document it is.

    ``place`` is its path as it can be opened, in few bytes: there may be millions. ``url``: where it was fetched from, if it was.
    """

    place: str
    relative: str
    format: str
    output: str
    failure: str = ""
    url: str = ""

    @property
    def path(self) -> Path:
        return Path(self.place)

    @property
    def reader(self) -> Format:
        return FORMATS[self.format]

    @property
    def shown(self) -> str:
        """Where it lies, for a person."""
        return self.url or self.place


ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.bz2", ".tar.xz")
"""Files that hold files."""


class Archive(NamedTuple):
    """A file that holds files; their ``relative`` paths go on from its own."""

    path: Path
    relative: str


class Listed(NamedTuple):
    """Files that lie elsewhere, told as those of a directory are, with the paths that they will be fetched to and their addresses."""

    files: tuple[tuple[Path, str, str], ...]
    urls: dict[Path, str]
    hidden: int = 0


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

    sources: tuple[Source, ...]
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
    files: dict[str, str] = {}
    others: list[str] = []
    failures: dict[str, str] = {}
    packed: dict[str, Path] = {}
    seen: dict[Path, str] | None = {} if len(given) > 1 else None
    urls: dict[Path, str] = {}
    tree = _Tree(selection)
    for name in given:
        count = 0
        if isinstance(name, Listed):
            urls |= name.urls
            tree.hidden += name.hidden
        for path, relative, failure in name.files if isinstance(name, Listed) else _below(str(name), tree):
            count += 1
            holds = archives and not failure and relative.lower().endswith(ARCHIVES)
            # as of a directory: what is in it may be what is to be included
            if not (selection._replace(include=()) if holds else selection).wants(relative):
                tree.ignored += 1
                continue
            if failure:
                failures[relative] = failure
                files[relative] = str(path)
                continue
            if holds:
                packed.setdefault(relative, path)
                continue
            if form is None and named(relative) is None:
                others.append(relative)
                continue
            if seen is None and path.is_symlink():
                seen = {Path(place).resolve(): name for name, place in files.items()}
            if seen is not None and seen.setdefault(path.resolve(), relative) != relative:
                continue  # named twice: by itself, by a directory that holds it, by a link
            if relative in files and Path(files[relative]).resolve() != path.resolve():
                one, other = (urls.get(p, str(p)) for p in (Path(files[relative]), path))
                raise CleanerError(
                    f"{one} and {other} would both be written as {relative}; clean them into different directories, "
                    "or name a directory that holds both"
                )
            files[relative] = str(path)
        if not count and not isinstance(name, Listed) and not _is_dir(Path(name)):
            raise CleanerError(f"{name}: no such file or directory")
    if others and not files and not packed:
        if others[0].lower().endswith(ARCHIVES):
            raise CleanerError(f"{others[0]}: an archive; `clean` and `dedup` read what is in it")
        kinds = ", ".join(suffix for f in FORMATS.values() for suffix in f.suffixes)
        raise CleanerError(f"{others[0]}: not a kind that is read ({kinds}, each also {', '.join(SUFFIXES)}); name one with --format")
    inside = tuple(Archive(path, relative) for relative, path in sorted(packed.items()))
    return Found(tuple(_sources(files, form, failures, urls)), tuple(sorted(others)), tree.hidden, tree.ignored, inside)


def joined(found: Found, files: dict[str, Path], failures: dict[str, str], others: Iterable[str], form: str | None) -> Found:
    """What was found and further files, as one."""
    urls = {source.path: source.url for source in found.sources if source.url}
    all_files = {source.relative: source.place for source in found.sources} | {name: str(path) for name, path in files.items()}
    failures = {source.relative: source.failure for source in found.sources if source.failure} | failures
    return found._replace(sources=tuple(_sources(all_files, form, failures, urls)), others=tuple(sorted([*found.others, *others])))


def _sources(files: dict[str, str], form: str | None, failures: dict[str, str], urls: dict[Path, str]) -> Iterator[Source]:
    outputs: dict[str, str] = {}  # of those that cannot keep their name

    def free(output: str) -> bool:
        folders = [str(folder) for folder in PurePosixPath(output).parents]
        return output not in names and not any(folder in names for folder in folders) and output + "/" not in above

    # files that keep their name first, so that "a.txt" is a.txt also beside "a.html"
    names: set[str] = set()
    above = {f"{folder}/" for relative in files for folder in PurePosixPath(relative).parents}
    for relative in sorted(files, key=lambda r: (output_name(r, FORMATS[form or named(r) or "text"]) != r, r)):
        kind = form or named(relative) or "text"
        output = output_name(relative, FORMATS[kind])
        while not free(output):
            target = FORMATS[kind].target or ".txt"
            output = relative + target if output != relative + target else output + target
        names.add(output)
        if output != relative:
            outputs[relative] = output
    for relative in sorted(files):
        kind = form or named(relative) or "text"
        url = urls.get(Path(files[relative]), "") if urls else ""
        yield Source(files[relative], relative, kind, outputs.get(relative, relative), failures.get(relative, ""), url)


def _is_dir(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that no file can have
        return False


def _below(name: str, tree: _Tree) -> Iterator[tuple[Path, str, str]]:
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
        yield path, path.name, _unfit(path)
    elif glob.has_magic(name):
        base = Path(*_fixed(path))
        for match in sorted(glob.glob(name, recursive=True)):
            relative = Path(match).relative_to(base)
            if ".." in relative.parts:
                raise CleanerError(f"{name}: '..' behind a wildcard would lead out of the output; name the directory itself")
            if not Path(match).is_dir() and RECORD not in relative.parts:
                yield Path(match), relative.as_posix(), _unfit(Path(match))


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

    def below(self, root: Path) -> Iterator[tuple[Path, str, str]]:
        """A tree's files, then what links in it lead to: of a file and a link to it, it is the file that is read."""
        real = root.resolve()
        entered: set[Path] = set()  # so that links in a circle end
        links: list[tuple[Path, str]] = []
        ignored = Ignored()
        yield from self._folder(root, "", links, entered, ignored)
        while links:
            path, relative = links.pop(0)
            failure = _unfit(path, real)
            if failure or not path.is_dir():
                yield path, relative, failure
            elif path.resolve() not in entered:
                yield from self._folder(path, f"{relative}/", links, entered, ignored)

    def _folder(
        self, top: Path, prefix: str, links: list[tuple[Path, str]], entered: set[Path], ignored: Ignored
    ) -> Iterator[tuple[Path, str, str]]:
        unreadable: list[OSError] = []
        for folder, folders, names in os.walk(top, onerror=unreadable.append):
            here = Path(folder)
            within = here.relative_to(top).as_posix()
            before = prefix if within == "." else f"{prefix}{within}/"
            if here.resolve() in entered:  # a link has led here before
                folders.clear()
                continue
            entered.add(here.resolve())
            if self.selection.gitignore:
                ignored.enter(here, before)
            linked = {name for name in folders if (here / name).is_symlink()}
            wanted = self._wanted(folders, before, "/", ignored)
            folders[:] = [name for name in wanted if name not in linked]
            links += [(here / name, before + name) for name in wanted if name in linked]
            for name in self._wanted(names, before, "", ignored):
                if (here / name).is_symlink():
                    links.append((here / name, before + name))
                else:
                    yield here / name, before + name, _unfit(here / name)
        for error in unreadable:
            within = Path(error.filename).relative_to(top).as_posix()
            yield Path(error.filename), f"{prefix}{within}", f"cannot be read: {error.strerror}"

    def _wanted(self, names: Iterable[str], before: str, behind: str, ignored: Ignored) -> list[str]:
        found = []
        for name in sorted(names):
            if name.startswith("."):
                self.hidden += 1
            elif before + name + behind in ignored:
                self.ignored += 1
            elif not (behind and name == RECORD):
                found.append(name)
        return found


def _unfit(path: Path, root: Path | None = None) -> str:
    """Why a path is not to be read: a link that leads nowhere or out of what was named, a pipe or device."""
    try:
        if root and path.is_symlink() and not path.resolve(strict=True).is_relative_to(root):
            return "a link to a place outside of what was named; name that place itself"
        return "" if path.is_file() or (root and path.is_dir()) else "not a file (a pipe, a device, or a link that leads nowhere)"
    except (OSError, RuntimeError) as error:
        return f"a link that leads nowhere ({error})"


def check_output(found: Found, given: Iterable[str | Path | Listed], out: Path) -> None:
    """Raises CleanerError where the output would lie in what is read, or the other way round."""
    target = out.resolve()
    for name in given:
        if not isinstance(name, Listed) and _is_dir(Path(name)) and target.is_relative_to(Path(name).resolve()):
            raise CleanerError(f"{out} lies in {name}: the output would be read as input; name a directory outside of it")
    for source in found.sources:
        if source.url:
            continue
        if source.path.absolute().is_relative_to(target) or source.path.parent.resolve().is_relative_to(target):
            raise CleanerError(f"{source.path} lies in {out}: the output could overwrite it; name another directory with -o")
