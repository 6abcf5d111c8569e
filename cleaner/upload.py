"""An output that lies elsewhere: made here, then sent file by file, the account of the run last.

As long as ``_cleaner/run.json`` is not there the output is not whole. ``_cleaner/unfinished.jsonl`` names what is being written, as it
does in an output here: a run that was cut off can be told, and replaced.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any

from cleaner import audit
from cleaner.document import CleanerError
from cleaner.kept import cache_folder
from cleaner.output import UNFINISHED, names_written
from cleaner.remote import each, files_below, opened, said, tried
from cleaner.walk import RECORD

_PLAN, _RUN, _DOCUMENTS = (f"{RECORD}/{name}" for name in (UNFINISHED, audit.RUN, audit.DOCUMENTS))


def folder_for(url: str) -> Path:
    """Where an output for this address is made: always the same place, so that a run that was killed goes on.

    Raises CleanerError for addresses that nothing is written to.
    """
    if url.lower().startswith(("http://", "https://")):
        raise CleanerError(f"{url}: web servers are only read from; name a directory with -o")
    if url.lower().startswith("hf://"):
        raise CleanerError(f"{url}: each file would be a commit; name a directory with -o, and send it with 'hf upload'")
    digest = hashlib.blake2b(url.rstrip("/").encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return cache_folder() / "outputs" / digest


@contextmanager
def uploading(url: str, folder: Path, *, overwrite: bool) -> Iterator[None]:
    """Sends what has been written to ``folder``, and takes the folder away.

    Raises:
        CleanerError: what is there may not be replaced, or nothing can be written there, which is tried before the run begins.
    """
    there = _There(url)
    if not there.replaced(overwrite=overwrite):
        there.write_plan(set())
    yield
    try:
        there.send(folder, there.replaced(overwrite=overwrite))
    except CleanerError as error:
        raise CleanerError(f"{error}; the whole output lies in {folder}: copy it from there, or run again") from None
    shutil.rmtree(folder, ignore_errors=True)


class _There:
    """A folder elsewhere that an output is written to."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.system, root = opened(url)
        self.root = root.rstrip("/")

    def replaced(self, *, overwrite: bool) -> dict[str, str]:
        """The files of an earlier run that lie there, name and path. Raises CleanerError where they may not be replaced."""
        self.system.invalidate_cache()
        files = {name: path for name, (path, _) in files_below(self.system, self.root, self.url).items()}
        if not files:
            return {}
        if not overwrite and _PLAN not in files:
            raise CleanerError(f"{self.url}: is not empty; name another directory, or let it be replaced with --overwrite")
        with TemporaryDirectory(prefix="cleaner-") as folder:
            for name in {_PLAN, _RUN, _DOCUMENTS} & set(files):
                target = Path(folder) / name
                target.parent.mkdir(exist_ok=True)
                self._do("cannot be read", self.system.get_file, files[name], str(target), stop=Event())
            written = names_written(Path(folder) / RECORD, self.url)
        rest = sorted(name for name in files if name not in written and not name.startswith(f"{RECORD}/"))
        if rest:
            raise CleanerError(f"{self.url.rstrip('/')}/{rest[0]}: was not written by the earlier run; move it away before --overwrite")
        return files

    def write_plan(self, names: set[str]) -> None:
        """Says what is going to be written."""
        with TemporaryDirectory(prefix="cleaner-") as folder:
            plan = Path(folder) / UNFINISHED
            audit.write_rows(plan, ({"output": name} for name in sorted(names)))
            self._put(plan, _PLAN, Event())

    def send(self, folder: Path, old: dict[str, str]) -> None:
        """Sends a run's output in the place of an earlier one's: at no moment is there a ``run.json`` beside files of another run."""
        files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
        account = files.pop(_RUN)
        self.write_plan({name for name in {*files, *old} if not name.startswith(f"{RECORD}/")})
        if _RUN in old:
            self._remove(old[_RUN])
        stale = [path for name, path in old.items() if name not in {*files, _RUN, _PLAN}]
        for path in stale:
            self._remove(path)
        each(lambda name, stop: self._put(files[name], name, stop), list(files), [self.system])
        self._put(account, _RUN, Event())
        self._remove(f"{self.root}/{_PLAN}")

    def _put(self, path: Path, name: str, stop: Event) -> None:
        self._do("cannot be written", self.system.put_file, str(path), f"{self.root}/{name}", stop=stop)

    def _remove(self, path: str) -> None:
        self._do("cannot be removed", lambda path, **_: self.system.rm_file(path), path, stop=Event())

    def _do(self, what: str, call: Callable[..., Any], *paths: str, stop: Event) -> None:
        try:
            tried(call, *paths, stop=stop)
        except Exception as error:  # each file system raises its own
            raise CleanerError(f"{self.url}: {what}: {said(error)}") from None
