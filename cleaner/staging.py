"""What became of a record in a worker, and how it lies in a file until all are done: a line of JSON, and raw bytes behind it.

All that does not depend on other records is made ready in the worker. Who writes it reads the line, and copies the bytes.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, NamedTuple

from cleaner import audit
from cleaner.document import Edit


class Outcome(NamedTuple):
    """What became of a record in a worker.

    ``unit`` is what is written for it, None where that is its text, or, ``as_read``, the line that it was read from;
    ``aside`` the text taken from a page.

    ``walled``: it is nothing but a wall. ``proposed``: edits that took too much to be carried out unseen.
    """

    source: int
    number: int
    id: str
    failure: str
    chars_in: int = 0
    text: str = ""
    unit: str | None = None
    aside: str | None = None
    edits: Sequence[Edit] = ()
    meta: Mapping[str, str] | None = None
    walled: bool = False
    proposed: Sequence[Edit] = ()
    as_read: bool = False

    def staged(self) -> bytes:
        """The outcome as it is staged."""
        text = _bytes(self.text)
        removals, review = (b"".join(_bytes(_row(self.id, edit)) for edit in edits) for edits in (self.edits, self.proposed))
        optional = [None if one is None else _bytes(one) for one in (self.unit, self.aside)]
        head = [self.source, self.number, self.id, self.failure, self.chars_in, len(self.text), zlib.crc32(text), not self.text.strip()]
        head += [self.walled, self.as_read, self.meta or {}, tallied(self.edits, self.chars_in)]
        sizes = [len(text), len(removals), len(review), *(-1 if one is None else len(one) for one in optional)]
        line = json.dumps([*head, sizes], ensure_ascii=False)
        return b"".join([_bytes(line), b"\n", text, removals, review, *(one or b"" for one in optional)])


class Staged(NamedTuple):
    """An outcome as it was staged. What is long is bytes: UTF-8, lone surrogates included.

    ``tally``: by category [edits, whole lines, characters]. ``removals`` and ``review``: rows of the record, as JSON lines.
    """

    source: int
    number: int
    id: str
    failure: str
    chars_in: int
    chars_out: int
    crc32: int
    blank: bool
    walled: bool
    as_read: bool
    meta: Mapping[str, str]
    tally: Mapping[str, Sequence[int]]
    content: bytes
    removals: bytes
    review: bytes
    unit: bytes | None
    aside: bytes | None

    @property
    def text(self) -> str:
        return _text(self.content)

    @property
    def written(self) -> str | None:
        """What is written for it if it is kept; None: the record as it was read."""
        return None if self.as_read else self.text if self.unit is None else _text(self.unit)

    @property
    def put_aside(self) -> str | None:
        """What is put aside for it if it is not kept; None: the record as it was read."""
        return None if self.aside is None else _text(self.aside)

    def named(self, name: str) -> Staged:
        """The same under another id."""
        if name == self.id:
            return self
        return self._replace(id=name, removals=_renamed(self.removals, name), review=_renamed(self.review, name))


def read(file: IO[bytes]) -> Staged | None:
    """The outcome that is staged at a file's place; None at its end."""
    line = file.readline()
    if not line:
        return None
    *head, sizes = json.loads(_text(line))
    return Staged(*head, *(file.read(size) if size >= 0 else None for size in sizes))


def tallied(edits: Sequence[Edit], chars: int) -> dict[str, list[int]]:
    """[edits, whole lines, characters] that edits take of a text of so many characters, by category."""
    found: dict[str, list[int]] = {}
    before = -1  # where the edit before ended
    for edit in edits:
        family = found.setdefault(edit.category, [0, 0, 0])
        # a whole line goes with a newline, but for the last of several at the text's end
        last = edit.end == chars and edit.start in (0, before)
        family[0] += 1
        family[1] += not edit.new and ("\n" in edit.old or "\r" in edit.old or last)
        family[2] += len(edit.old) - len(edit.new)
        before = edit.end
    return found


def _row(name: str, edit: Edit) -> str:
    return audit.dumps(audit.edit_row(name, edit)) + "\n"


def _renamed(rows: bytes, name: str) -> bytes:
    return b"".join(_bytes(audit.dumps(json.loads(row) | {"id": name}) + "\n") for row in _lines(rows))


def _lines(rows: bytes) -> Iterator[bytes]:
    return filter(None, rows.split(b"\n"))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogatepass")
