"""A few lines out of many, for a person to judge by: each with the lines around it, and the same ones whatever the order of reading."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from cleaner.document import Document, Span, visible
from cleaner.segment import Line

_SHOWN = 160  # characters of a line: enough to know it by


class Passage(NamedTuple):
    """A line where it stands: the document's id and site ("" if unknown), its number (from 1), and its neighbours."""

    document: str
    site: str
    line: int
    before: str
    text: str
    after: str

    def shown(self) -> list[str]:
        """Four lines to print, control characters made visible; a neighbour that is not there is left out."""
        around = [f"    {excerpt(self.before)}"] if self.before else []
        under = [f"    {excerpt(self.after)}"] if self.after else []
        site = f" ({visible(self.site)})" if self.site else ""
        return [*around, f"  - {excerpt(self.text)}", *under, f"    -- {visible(self.document)}:{self.line}{site}"]


class Samples:
    """Up to ``most`` passages of different texts, chosen by the hash of the text: as good as by lot, but always the same."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[tuple[bytes, str], Passage] = {}

    def offer(self, text: str, passage: Callable[[], Passage]) -> None:
        """A line that may be kept; ``passage`` is called only if it is. Of several alike the first stays."""
        key = (digest(text), text)
        if key in self._kept or not self._most:
            return
        if len(self._kept) == self._most:
            last = max(self._kept)
            if key > last:
                return
            del self._kept[last]
        self._kept[key] = passage()

    def passages(self) -> list[Passage]:
        """What was kept, in a fixed order."""
        return [self._kept[key] for key in sorted(self._kept)]


def digest(text: str) -> bytes:
    """Eight bytes that put texts in an order that has nothing to do with what they say."""
    import hashlib

    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def site_of(document: Document) -> str:
    """The document's site: what its record says, else the host of its address, else ""."""
    if document.site:
        return document.site.strip().lower().removeprefix("www.")
    if not document.url:
        return ""
    from urllib.parse import urlsplit

    try:
        return (urlsplit(document.url).hostname or "").removeprefix("www.")
    except ValueError:  # an address that is none
        return ""


def passage(document: Document, line: Line, text: str | None = None) -> Passage:
    """A line of a document; ``text`` in its place where only a part of it is meant."""
    lines = line.page.lines
    before = lines[line.index - 1].text if line.index else ""
    after = lines[line.index + 1].text if line.index + 1 < len(lines) else ""
    return Passage(document.id, site_of(document), line.number, before, line.text if text is None else text, after)


def marked(line: Line, spans: list[Span]) -> str:
    """The line with ``[-...-]`` around some stretches of it (page offsets, in order), cut to where the first stands."""
    text, parts, at = line.page.text, [], line.start
    for start, end in spans:
        parts += [text[at:start], "[-", text[start:end], "-]"]
        at = end
    whole = "".join([*parts, text[at : line.end]])
    first = spans[0].start - line.start
    return whole if first < _SHOWN // 2 else "…" + whole[first - _SHOWN // 4 :]


def excerpt(text: str) -> str:
    """A line short enough to read, with nothing in it that could drive a terminal."""
    shown = visible(text).replace("\t", " ")
    return shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…"


def counted(number: int, noun: str) -> str:
    """ "1 line", "1,200 lines"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
