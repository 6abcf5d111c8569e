"""Very many texts in little memory."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator


class Names(Collection[str]):
    """Different texts in the order in which they were added, each found again by itself.

    They stand one after another in UTF-8, with a table of where each ends and an open-addressing hash table of their numbers: some
    20 bytes a text beside its own, where a set of strings takes 130.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._bytes = bytearray()
        self._ends = array("q", (0,))
        self._slots = _free(8)  # 0: free; else a number, from 1
        for name in names:
            self.add(name)

    def add(self, name: str) -> int:
        """The number of a text, from 0 on; it is new if it is that of the last."""
        key = name.encode("utf-8", "surrogatepass")
        slot = self._slot(key)
        if self._slots[slot]:
            return self._slots[slot] - 1
        self._bytes += key
        self._ends.append(len(self._bytes))
        self._slots[slot] = len(self)
        if 2 * len(self) > len(self._slots):
            self._spread(2 * len(self._slots))
        return len(self) - 1

    def find(self, name: object) -> int:
        """The number of a text; -1 if it is not there."""
        if not isinstance(name, str):
            return -1
        return self._slots[self._slot(name.encode("utf-8", "surrogatepass"))] - 1

    def __contains__(self, name: object) -> bool:
        return self.find(name) >= 0

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, number: int) -> str:
        return self._key(range(len(self))[number]).decode("utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        return map(self.__getitem__, range(len(self)))

    def _key(self, number: int) -> bytearray:
        return self._bytes[self._ends[number] : self._ends[number + 1]]

    def _slot(self, key: bytes) -> int:
        """The slot where a text's number stands, or where it is to stand."""
        slots, mask = self._slots, len(self._slots) - 1
        slot = hash(key) & mask
        while slots[slot] and self._key(slots[slot] - 1) != key:
            slot = (slot + 1) & mask
        return slot

    def _spread(self, size: int) -> None:
        """Makes the table anew; its size is a power of two."""
        slots, mask = _free(size), size - 1
        for number in range(len(self)):
            slot = hash(bytes(self._key(number))) & mask
            while slots[slot]:
                slot = (slot + 1) & mask
            slots[slot] = number + 1
        self._slots = slots

    def __getstate__(self) -> tuple[bytearray, array[int]]:
        return self._bytes, self._ends  # another process hashes otherwise

    def __setstate__(self, state: tuple[bytearray, array[int]]) -> None:
        self._bytes, self._ends = state
        self._spread(max(8, 1 << (2 * len(self)).bit_length()))


def _free(size: int) -> array[int]:
    return array("I", bytes(size * array("I").itemsize))
