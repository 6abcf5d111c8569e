"""The files of a run."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Self, overload

from cleaner.formats import FORMATS, Format, named, output_name
from cleaner.names import Names

_KINDS = list(FORMATS)


class Source(NamedTuple):
    """A file to be read. ``relative`` is its path below what was named, with ``/``: the id of the document it is.

    ``place`` is its path as it can be opened. ``output``: its name in the output. ``url``: where it was fetched from, if it was.
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


class Sources(Sequence[Source]):
    """Files, one for each ``relative``, in few bytes each: there may be millions. Each is told as it is asked for.

    Args:
        form: the format of all of them, whatever their names say.
    """

    def __init__(self, form: str | None = None) -> None:
        self.form = form
        self._relative = Names()
        self._bases = Names()  # what stands before relative in a place; whole places where it does not end so
        self._base = array("L")
        self._kind = array("B")
        self._outputs: dict[int, str] = {}  # of those that cannot have the name that is theirs
        self._failures: dict[int, str] = {}
        self._urls: dict[int, str] = {}

    def add(self, relative: str, place: str, failure: str = "", url: str = "") -> None:
        """Adds a file, or replaces the one of this name."""
        number = self._relative.add(relative)
        ends = place.endswith(relative)
        base = self._bases.add(place.removesuffix(relative) + "\0" if ends else place)  # no path holds a "\0"
        if number == len(self._base):
            self._base.append(base)
            self._kind.append(_KINDS.index(self.form or named(relative) or "text"))
        else:
            self._base[number] = base
        for known, said in ((self._failures, failure), (self._urls, url)):
            known.pop(number, None)
            if said:
                known[number] = said

    def get(self, relative: str) -> Source | None:
        """The file of a name."""
        number = self._relative.find(relative)
        return self[number] if number >= 0 else None

    def __len__(self) -> int:
        return len(self._relative)

    @overload
    def __getitem__(self, at: int) -> Source: ...
    @overload
    def __getitem__(self, at: slice) -> list[Source]: ...
    def __getitem__(self, at: int | slice) -> Source | list[Source]:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        at = range(len(self))[at]
        relative, base = self._relative[at], self._bases[self._base[at]]
        place = base[:-1] + relative if base.endswith("\0") else base
        kind = _KINDS[self._kind[at]]
        output = self._outputs.get(at) or output_name(relative, FORMATS[kind])
        return Source(place, relative, kind, output, self._failures.get(at, ""), self._urls.get(at, ""))

    def __iter__(self) -> Iterator[Source]:
        return map(self.__getitem__, range(len(self)))

    def arranged(self) -> Self:
        """The same in the order of their names, each with a name of its own in the output."""
        names = self._relative
        if any(names[i] > names[i + 1] for i in range(len(names) - 1)):
            same = type(self)(self.form)
            for i in sorted(range(len(names)), key=names.__getitem__):
                one = self[i]
                same.add(one.relative, one.place, one.failure, one.url)
            return same.arranged()
        self._name_outputs()
        return self

    def _name_outputs(self) -> None:
        """Files keep their name, or that of the text taken from them, so that "a.txt" is a.txt also beside "a.html"."""
        folders = Names()
        for relative in self._relative:
            while (relative := relative.rpartition("/")[0]) and relative not in folders:
                folders.add(relative)
        renamed = Names()

        def free(output: str) -> bool:
            if output in folders or output in renamed:
                return False
            at = self._relative.find(output)
            return at < 0 or output_name(output, FORMATS[_KINDS[self._kind[at]]]) != output

        self._outputs.clear()
        for at, source in enumerate(self):
            output = source.output
            if output == source.relative and output not in folders:
                continue
            further = source.relative
            while not free(output):
                output = further = further + (source.reader.target or ".txt")
            renamed.add(output)
            if output != source.output:
                self._outputs[at] = output
