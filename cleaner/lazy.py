"""What is done when it is first asked for: an attribute computed, an entry of a large table read."""

from __future__ import annotations

import marshal
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate, pairwise
from typing import Any, Generic, TypeVar, overload
from zlib import crc32

T = TypeVar("T")


class lazy(Generic[T]):  # noqa: N801 - used as a decorator, beside `property`
    """`functools.cached_property` without its lock, which in Python 3.11 takes longer than most of what a line is asked for."""

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute
        self._name = compute.__name__
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, owner: None, kind: type[Any]) -> lazy[T]: ...
    @overload
    def __get__(self, owner: object, kind: type[Any]) -> T: ...
    def __get__(self, owner: object | None, kind: type[Any]) -> lazy[T] | T:
        if owner is None:
            return self
        value = owner.__dict__[self._name] = self._compute(owner)
        return value


class Shelf(Generic[T]):
    """Plain values in one string of bytes, each read whenever it is asked for: the whole is there at once, however many they are."""

    def __init__(self, stored: tuple[bytes, bytes]) -> None:
        self._content, ends = stored
        self._ends = array("I", ends)

    @staticmethod
    def stored(values: Iterable[Any]) -> tuple[bytes, bytes]:
        """What a shelf of these values is made from."""
        parts = [marshal.dumps(value) for value in values]
        return b"".join(parts), array("I", accumulate(map(len, parts), initial=0)).tobytes()

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, place: int) -> T:
        value: T = marshal.loads(self._content[self._ends[place] : self._ends[place + 1]])
        return value

    def __iter__(self) -> Iterator[T]:
        return (marshal.loads(self._content[start:end]) for start, end in pairwise(self._ends))


class Drawers(Generic[T]):
    """A table with strings for keys, in many small drawers; one is opened when a key is asked for that lies in it if anywhere."""

    def __init__(self, stored: tuple[bytes, bytes]) -> None:
        self._shelf: Shelf[dict[str, T]] = Shelf(stored)
        self._open: dict[int, dict[str, T]] = {}

    @staticmethod
    def stored(table: Mapping[str, T]) -> tuple[bytes, bytes]:
        """What drawers with the entries of this table are made from."""
        drawers: list[dict[str, T]] = [{} for _ in range(len(table) // 8 + 1)]
        for key, value in table.items():
            drawers[_drawer(key, len(drawers))][key] = value
        return Shelf.stored(drawers)

    def get(self, key: str, default: T) -> T:
        """What stands under the key, or the default."""
        place = _drawer(key, len(self._shelf))
        drawer = self._open.get(place)
        if drawer is None:
            drawer = self._open[place] = self._shelf[place]
        return drawer.get(key, default)

    def items(self) -> Iterator[tuple[str, T]]:
        """All that there is."""
        return (entry for drawer in self._shelf for entry in drawer.items())


def _drawer(key: str, drawers: int) -> int:
    return crc32(key.encode("utf-8", "surrogatepass")) % drawers
