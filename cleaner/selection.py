"""Which files below a directory are wanted: patterns that a person gives, and ``.gitignore`` files on the way."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cleaner.document import CleanerError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

GITIGNORE = ".gitignore"


class Selection(NamedTuple):
    """Patterns are those of ``.gitignore``: ``*.txt`` at any depth, ``/a/*.txt`` from the top, ``drafts/`` with all below it.

    ``include``: only these; none: all. ``exclude``: not these. ``gitignore``: nor what ``.gitignore`` files say; they hold for what
    is found in a directory, not for files that are named.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    gitignore: bool = True

    def wants(self, relative: str) -> bool:
        """Is a file wanted by its name? Raises CleanerError for a pattern that is none."""
        if self.exclude and _spec("--exclude", self.exclude).match_file(relative):
            return False
        return not self.include or _spec("--include", self.include).match_file(relative)


ALL = Selection()


class Ignored:
    """What the ``.gitignore`` files of one tree say. Folders are to be entered from the top down."""

    def __init__(self) -> None:
        self._specs: dict[str, GitIgnoreSpec] = {}  # by folder, relative to the tree, with "/" behind; the top is ""

    def enter(self, folder: Path, relative: str) -> None:
        """Takes account of a folder's own file, if it has one."""
        path = folder / GITIGNORE
        if path.is_symlink() or not path.is_file():  # nor does git follow one; a pipe or a device would never end
            return
        try:
            lines = path.read_text(encoding="utf-8", errors="surrogateescape").removeprefix("\ufeff").splitlines()
        except OSError:  # git does not mind either
            return
        self._specs[relative] = _spec(str(path), lines, mend=True)

    def __contains__(self, relative: str) -> bool:
        """Is a file, or a folder with ``/`` behind, ignored? The innermost file that says something of it decides."""
        if not self._specs:
            return False
        parts = relative.rstrip("/").split("/")
        for depth in range(len(parts) - 1, -1, -1):
            folder = "".join(f"{part}/" for part in parts[:depth])
            if folder in self._specs:
                said = self._specs[folder].check_file(relative[len(folder) :]).include
                if said is not None:
                    return said
        return False


_made: dict[tuple[bool, tuple[str, ...]], GitIgnoreSpec] = {}
"""The patterns of options, compiled: the same words make the same patterns."""


def _spec(where: str, patterns: Iterable[str], *, mend: bool = False) -> GitIgnoreSpec:
    """Patterns compiled. Those that are none are left out (``mend``) as git does, or raise CleanerError."""
    from pathspec import GitIgnoreSpec

    key = mend, tuple(patterns)
    if key in _made:
        return _made[key]
    good = []
    for pattern in key[1]:
        try:
            GitIgnoreSpec.from_lines([pattern])
            good.append(pattern)
        except ValueError as error:
            if not mend:
                raise CleanerError(f"{where} {pattern}: not a pattern: {error}") from None
    _made[key] = GitIgnoreSpec([_tamed(pattern) for pattern in GitIgnoreSpec.from_lines(good).patterns], backend="simple")
    return _made[key]


_STAR = r"\[\^/\]\*"
_BEFORE_STAR = re.compile(rf"{_STAR}((?:\\.|\[\^?\]?[^\]]*\]|[^\\\[\](){{}}*+?^$|.])+?)(?={_STAR})")


def _tamed(pattern: Any) -> Any:
    """The same pattern, for which a name of many characters takes no longer where there are many stars in it.

    What stands between two stars may be taken where it is found first: what follows can begin anywhere behind it.
    """
    if not pattern.regex:
        return pattern
    return type(pattern)(re.compile(_BEFORE_STAR.sub(r"(?>[^/]*?\1)", pattern.regex.pattern)), pattern.include)
