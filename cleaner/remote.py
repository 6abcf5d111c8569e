"""Files that lie elsewhere (s3://, gs://, hf://, https:// ...: whatever fsspec knows): listed, then fetched into a folder of ours.

A file's name elsewhere is never a path here. What cannot be fetched is a failed file, by name; what was fetched before, and is
still the same by what its place tells of it, is not fetched again.
"""

from __future__ import annotations

import errno
import glob
import hashlib
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any, NamedTuple, TypeVar
from urllib.parse import unquote, urlsplit

from cleaner import audit
from cleaner.archives import unsafe
from cleaner.document import CleanerError, visible
from cleaner.formats import compression, named
from cleaner.selection import ALL, Selection
from cleaner.sources import Source
from cleaner.walk import RECORD, Found, Listed, find, is_url, joined

_T = TypeVar("_T")
_AT_ONCE = 8
"""Files on their way at the same time, where the file system can do that: small ones take as long as large ones to begin."""
_PAUSES = (0.5, 2.0)
"""Seconds before a file is asked for again."""
_SILENCE = 60
"""Seconds after which a web server that sends nothing has failed. How long a whole file takes is not limited."""
_DEEPEST = 1100
"""Characters of a path on a web server that is looked into: where each page links to one below it there is no end."""
_MARKS = (
    *("ETag", "etag", "md5Hash", "crc32c", "checksum", "content_md5", "Content-MD5", "Digest", "blob_id", "sha", "sha256", "generation"),
    *("LastModified", "last_modified", "Last-Modified", "mtime", "modified", "modificationTime", "updated", "created"),
)
"""Under which names file systems tell what changes with a file."""


class File(NamedTuple):
    """A file elsewhere. ``state`` changes with its content; empty where its place does not tell."""

    system: Any
    path: str
    url: str
    size: int | None
    state: str


class Listing(NamedTuple):
    """What a person named, with what lies elsewhere listed: ``files`` by the paths that they will be fetched to."""

    given: list[str | Path | Listed]
    files: dict[Path, File]
    roots: list[tuple[Any, str]]


def on_this_machine(name: str | Path) -> str | Path:
    """The path of a ``file://`` address; anything else as it is."""
    return re.sub(r"^(file|local)://", "", name) if isinstance(name, str) else name


def listed(given: Iterable[str | Path | Listed], folder: Path) -> Listing:
    """Lists what lies elsewhere, and fetches nothing.

    Args:
        given: directories, files or globs, here or elsewhere.
        folder: where files will be fetched to.
    Raises:
        CleanerError: nothing is there, it cannot be reached, or a package for it is missing.
    """
    listing = Listing([], {}, [])
    for one in given:
        name = one if isinstance(one, Listed) else on_this_machine(one)
        listing.given.append(_listed(name, folder, listing) if isinstance(name, str) and is_url(name) else name)
    return listing


def sources(given: Sequence[str | Path | Listed], form: str | None = None, selection: Selection = ALL) -> Iterator[Source]:
    """The files that were named, in order; of those that lie elsewhere one at a time is here, for as long as it is looked at."""
    if not any(map(is_url, given)):
        yield from find(given, form, selection).sources
        return
    with TemporaryDirectory(prefix="cleaner-") as folder:
        listing = listed(given, Path(folder))
        for source in find(listing.given, form, selection).sources:
            file = None if source.failure else listing.files.get(source.path)
            yield source._replace(failure=_fetch(file, source.path, Event())) if file else source
            if file:
                source.path.unlink(missing_ok=True)


def fetched(found: Found, files: Mapping[Path, File], folder: Path, form: str | None) -> Found:
    """What was found, when all of it that lies elsewhere has been fetched into ``folder``; what could not be is failed, by name."""
    if not files:
        return found
    named_files = [(one.path, one.relative) for one in found.sources if not one.failure]
    named_files += [(one.path, one.relative) for one in found.archives]
    names = {path: relative for path, relative in named_files if path in files}
    for stale in folder.glob("*") if folder.is_dir() else ():
        if stale not in names:
            stale.unlink()
    reasons = each(lambda path, stop: _fetch(files[path], path, stop), list(names), [files[path].system for path in names])
    failures = {names[path]: reason for path, reason in zip(names, reasons, strict=True) if reason}
    lost = {archive.relative: archive.path for archive in found.archives if archive.relative in failures}
    whole = tuple(archive for archive in found.archives if archive.relative not in lost)
    return joined(found._replace(archives=whole), lost, failures, (), form)


@contextmanager
def downloaded(url: str) -> Iterator[Path]:
    """The output of a run that lies elsewhere, in a temporary folder here. Raises CleanerError where not all of it can be had."""
    system, root = opened(url)
    names = files_below(system, root, url)
    if f"{RECORD}/{audit.RUN}" not in names:
        raise CleanerError(f"{url}: holds no finished run ({RECORD}/{audit.RUN})")
    with TemporaryDirectory(prefix="cleaner-") as folder:
        targets = [audit.inside(Path(folder), name) for name in names]
        places = [File(system, path, f"{url.rstrip('/')}/{name}", info.get("size"), "") for name, (path, info) in names.items()]
        reasons = each(lambda at, stop: _fetch(places[at], targets[at], stop), range(len(places)), [system])
        for place, reason in zip(places, reasons, strict=True):
            if reason:
                raise CleanerError(f"{place.url}: {reason}")
        yield Path(folder)


# --- file systems --------------------------------------------------------------------------------------------------


def opened(url: str) -> tuple[Any, str]:
    """The file system of an address, and the path in it. Raises CleanerError, with the name of the package that is missing."""
    try:
        from fsspec.core import url_to_fs
        from fsspec.registry import known_implementations
    except ImportError:
        raise CleanerError(f"{url}: needs fsspec: pip install 'corpus-cleaner[remote]'") from None
    scheme = url.partition("://")[0].lower()
    try:
        system, path = url_to_fs(url, **_settings(scheme))
        system.invalidate_cache()
    except ImportError as error:
        known = str(known_implementations.get(scheme, {}).get("class", "")).partition(".")[0]
        missing = error if error.name or not isinstance(error.__cause__, ImportError) else error.__cause__
        package = known if known and known != "fsspec" else (missing.name or "").partition(".")[0]
        raise CleanerError(f"{url}: needs {package}: pip install {package}" if package else f"{url}: {said(error)}") from None
    except Exception as error:
        raise CleanerError(f"{url}: {said(error)}") from None
    return system, path


def _settings(scheme: str) -> dict[str, Any]:
    """A large file may take as long as it needs; aiohttp would give up after five minutes."""
    if scheme not in ("http", "https"):
        return {}
    try:
        from aiohttp import ClientTimeout
    except ImportError:  # fsspec will say so
        return {}
    return {"client_kwargs": {"timeout": ClientTimeout(total=None, sock_connect=_SILENCE, sock_read=_SILENCE)}}


def said(error: BaseException) -> str:
    """An error of a file system in a line: each has its own."""
    if hasattr(error, "status") and hasattr(error, "message"):  # of a web server: without the address, which may hold a key
        return f"{error.status} {error.message}"
    known = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    if isinstance(error, FileNotFoundError):
        known = "no such file or directory"
    return " ".join(known.split())[:500]


def each(call: Callable[[Any, Event], _T], over: Sequence[Any], systems: Sequence[Any]) -> list[_T]:
    """The results of calls, some at a time where all of the file systems can do that; one that fails, or Ctrl-C, stops the others."""
    together = all(getattr(system, "async_impl", False) for system in systems)
    pool, stop = ThreadPoolExecutor(_AT_ONCE if together else 1), Event()
    try:
        return list(pool.map(call, over, itertools.repeat(stop)))
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


def tried(call: Callable[..., object], *paths: str, stop: Event) -> None:
    """Has a file fetched or sent, which may fail for a moment, again if need be. Raises what the file system raises, at last."""
    from fsspec.callbacks import Callback

    class Stopping(Callback):  # type: ignore[misc]
        """Told of each block: so that a large file is not waited for."""

        def relative_update(self, inc: int = 1) -> None:
            if stop.is_set():
                raise InterruptedError("stopped")

    for pause in (*_PAUSES, None):
        try:
            call(*paths, callback=Stopping())
            return
        except (FileNotFoundError, PermissionError, NotImplementedError):
            raise
        except Exception as error:
            if pause is None or _is_full(error) or stop.wait(pause):
                raise


def _is_full(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def _fetch(file: File, path: Path, stop: Event) -> str:
    """Fetches a file, which appears under its path when it is whole; why it could not be, or nothing. Raises OSError for a full disk."""
    if file.state and path.exists():
        return ""
    try:
        with audit.replacing(path) as temporary:
            tried(file.system.get_file, file.path, str(temporary), stop=stop)
            size = temporary.stat().st_size
            if file.size is not None and size != file.size:
                raise OSError(f"{size:,} of {file.size:,} bytes came")
    except Exception as error:  # each file system raises its own
        if _is_full(error):
            raise
        return f"cannot be fetched: {said(error)}"
    return ""


# --- listing -------------------------------------------------------------------------------------------------------

_Row = tuple[str, Mapping[str, Any], str]
"""(path, what its place tells of it, why it cannot be read)."""


def files_below(system: Any, root: str, url: str) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """The files below a folder elsewhere, each by its path relative to that; none where there is no folder."""
    try:
        rows = [(path, info) for path, info in system.find(root, detail=True).items() if info["type"] == "file"]
    except FileNotFoundError:
        return {}
    except Exception as error:
        raise CleanerError(f"{url}: cannot be listed: {said(error)}") from None
    top = _top(root)
    if any(path.rstrip("/") == root.rstrip("/") for path, _ in rows):
        raise CleanerError(f"{url}: is a file; name a directory")
    return {path.removeprefix(top): (path, info) for path, info in sorted(rows)}


def _listed(url: str, folder: Path, listing: Listing) -> Listed:
    system, root = opened(url)
    web = "http" in system.protocol
    try:
        base, rows, tree = _rows(system, root, url, web)
    except Exception as error:
        raise CleanerError(f"{url}: {said(error)}") from None
    if tree:
        listing.roots.append((system, base))
    found: list[tuple[str, str, str]] = []
    urls: dict[str, str] = {}
    hidden: set[str] = set()
    taken: set[str] = set()
    for number, (path, info, failure) in enumerate(sorted(rows, key=lambda row: ("//" in row[0][len(base) - 1 :], row[0])), 1):
        parts = [part for part in _relative(path, base, web).split("/") if part not in ("", ".")]
        relative = "/".join(parts)
        refused = _refused(path, base, relative, taken)
        dot = next((at for at, part in enumerate(parts, 1) if part.startswith(".")), 0)
        if not refused and RECORD in parts[:-1]:
            continue
        if not refused and dot and tree:
            hidden.add("/".join(parts[:dot]))  # as here: a folder and all that is in it is one
            continue
        file = _file(system, path, path if web else f"{url.partition('://')[0]}://{path.lstrip('/')}", info)
        target = folder / _name(file, relative)
        urls[str(target)] = file.url
        if refused:
            relative = f"{visible(base.rstrip('/').rpartition('/')[2])[:100]}#{number}"
            failure = f"{visible(file.url)[:200]!r}: {refused}"
        else:
            listing.files[target] = file
        taken.add(relative)
        found.append((str(target), relative, failure))
    return Listed(tuple(found), urls, len(hidden))


def _refused(path: str, base: str, relative: str, taken: set[str]) -> str:
    """Why a file elsewhere cannot have its name here, or nothing."""
    if not path.startswith(base):
        return "it lies outside of what was named"
    return unsafe(relative, "what was named") or ("another file of this name was read" if relative in taken else "")


def _relative(path: str, base: str, web: bool) -> str:
    if not web:
        return path.removeprefix(base)
    return unquote(urlsplit(path).path.removeprefix(urlsplit(base).path))


def _file(system: Any, path: str, url: str, info: Mapping[str, Any]) -> File:
    marks = {mark: str(info[mark]) for mark in _MARKS if info.get(mark)}
    # what is unpacked on its way has another size than it has there
    packed = any(info.get(name) not in (None, "", "identity") for name in ("contentEncoding", "ContentEncoding"))
    return File(system, path, url, None if packed else info.get("size"), json.dumps(marks, sort_keys=True) if marks else "")


def _name(file: File, relative: str) -> str:
    """The name here of a file there: of its address and its state, with the suffixes that tell how it is read."""
    digest = hashlib.blake2b(f"{file.url}\0{file.size}\0{file.state}".encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    stem, compressed = compression.split(relative)
    return f"{digest}{PurePosixPath(stem).suffix if named(relative) else ''}{compressed}"


def _rows(system: Any, root: str, url: str, web: bool) -> tuple[str, list[_Row], bool]:
    """What stands before the names that documents get, the files, and whether they are a folder's. Raises what the file system raises."""
    folder = url.endswith("/") or (web and not urlsplit(url).path)
    info = None if folder else _info(system, root)
    if info and info["type"] == "file":
        path = re.split("[?#]", root)[0] if web else root
        return path[: path.rindex("/") + 1] if "/" in path else "", [(root, info, "")], False
    if info or folder or not _wild(root, web):
        rows = list(_linked(system, root) if web else _found(system.find(root, detail=True)))
        if not rows and not info:
            raise FileNotFoundError(url)
        return _top(root), rows, True
    base = "".join(f"{part}/" for part in itertools.takewhile(lambda part: not _wild(part, web), root.split("/")))
    rows = list(_matching(system, root, base) if web else _found(system.glob(root, detail=True)))
    if "/." not in root[len(base) - 1 :]:  # as here: a wildcard is no dot
        rows = [row for row in rows if "/." not in row[0][len(base) - 1 :]]
    if not rows:
        raise FileNotFoundError(url)
    return base, rows, False


def _wild(path: str, web: bool) -> bool:
    return "*" in path or "[" in path if web else glob.has_magic(path)


def _matching(system: Any, pattern: str, base: str) -> Iterator[_Row]:
    from fsspec.utils import glob_translate

    matches = re.compile(glob_translate(pattern)).match
    yield from (row for row in _linked(system, base) if matches(row[0]))


def _top(root: str) -> str:
    return root.rstrip("/") + "/"


def _info(system: Any, path: str) -> Mapping[str, Any] | None:
    try:
        info: Mapping[str, Any] = system.info(path)
    except FileNotFoundError:
        return None
    return info


def _found(rows: Mapping[str, Mapping[str, Any]]) -> Iterator[_Row]:
    for path, info in rows.items():
        if info["type"] != "directory":
            yield path, info, "" if info["type"] == "file" else "not a file (a link or a device)"


def _linked(system: Any, root: str) -> Iterator[_Row]:
    """The files that a web server's listings link to, below an address; links that lead elsewhere are not followed."""
    top = _top(root)
    folders, seen = [top], {top}
    while folders:
        folder = folders.pop()
        try:
            links = [link for link in system.ls(folder, detail=True) if link["name"].startswith(top)]
        except Exception as error:
            if folder == top:
                raise
            yield folder.rstrip("/"), {}, f"cannot be listed: {said(error)}"
            continue
        for link in links:
            name = link["name"]
            if "?" in name or "#" in name or name in seen or ".." in unquote(name[len(top) :]).split("/"):
                continue
            seen.add(name)
            if name.endswith("/") and len(name) < len(top) + _DEEPEST:
                folders.append(name)
            else:
                yield name.rstrip("/"), link, ""


def check_apart(listing: Listing, url: str) -> None:
    """Raises CleanerError where an output elsewhere would lie in what is read, or the other way round."""
    system, out = opened(url)
    target = _top(out)
    for other, base in listing.roots:
        if type(other) is type(system) and target.startswith(base):
            raise CleanerError(f"{url} lies in what is read: the output would be read as input; name a directory outside of it")
    for file in listing.files.values():
        if type(file.system) is type(system) and file.path.startswith(target):
            raise CleanerError(f"{file.url} lies in {url}: the output could overwrite it; name another directory with -o")
