"""Compiled patterns, kept between runs: `regex` takes a millisecond and more for each, of which a run asks for hundreds."""

from __future__ import annotations

import copyreg
import marshal
import sys
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from cleaner.kept import cache_folder, keep, kept

if TYPE_CHECKING:
    import regex

_MOST = 20_000
"""Patterns that are kept; with more the file is begun anew."""


def compiled(source: str, *, case: bool) -> regex.Pattern[str]:
    """A pattern; with ``case``, one that tells upper from lower case. Raises `regex.error` for a source that is none."""
    return _shelf().get(source, case)


class _Shelf:
    """What `regex` says itself that a pattern can be made from again, as when one is sent to another process."""

    def __init__(self) -> None:
        import regex

        self._reduce = cast("Callable[[Any], tuple[Callable[..., Any], Any]] | None", copyreg.dispatch_table.get(regex.Pattern))
        version = f"{regex.__version__}-{sys.implementation.cache_tag}"
        self._path = cache_folder() / f"patterns-{version}.bin"
        self._known: dict[tuple[str, bool], bytes] = {}
        self._new: dict[tuple[str, bool], bytes] = {}
        if self._reduce:
            self._make = self._reduce(regex.compile(""))[0]
            self._known = kept(self._path) or {}

    def get(self, source: str, case: bool) -> regex.Pattern[str]:
        import regex

        stored = self._known.get((source, case)) or self._new.get((source, case))
        if stored:
            made: regex.Pattern[str] = self._make(*marshal.loads(stored))
            return made
        pattern = regex.compile(source, 0 if case else regex.IGNORECASE)
        if self._reduce:
            self._add((source, case), self._reduce(pattern))
        return pattern

    def _add(self, key: tuple[str, bool], reduced: Any) -> None:
        self._new[key] = marshal.dumps(reduced[1])
        if len(self._new) > 16 + len(self._known) // 8:
            there = kept(self._path) or {}  # others may have added theirs
            self._known = (there if len(there) < _MOST else {}) | self._new
            self._new = {}
            keep(self._path, self._known)


@cache
def _shelf() -> _Shelf:
    return _Shelf()
