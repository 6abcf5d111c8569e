"""The nouns: what is read, what is taken away, and what became of it.

Nothing here imports anything of ours. All offsets are code points (Python string indices). The classes are plain: `dataclasses`
takes longer to import than a small file takes to be checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Literal, NamedTuple

VerdictName = Literal["kept", "duplicate", "emptied", "failed"]


class CleanerError(Exception):
    """A mistake a person can mend; its text says where it is and what to do."""


def visible(text: str, *, name: bool = False) -> str:
    """Control characters as escapes: a text must not drive the terminal that shows it, nor a name break its line."""
    shown = " " if name else "\n\t "
    return "".join(c if c.isprintable() or c in shown else c.encode("unicode_escape").decode("ascii") for c in text)


class Span(NamedTuple):
    """A half-open range of code points: ``text[start:end]``."""

    start: int
    end: int


class Edit(NamedTuple):
    """One change of a text: at ``start`` of the source, ``old`` became ``new``.

    A removal has an empty ``new``. ``evidence`` is what a person needs to see beyond the rule's own
    reason (the opener of a section, the votes of a run); empty where the rule says it all.
    """

    start: int
    old: str
    new: str
    rule: str
    category: str
    evidence: str = ""

    @property
    def end(self) -> int:
        """Offset in the source just behind ``old``."""
        return self.start + len(self.old)


class Document:
    """One text to be cleaned, with what is known about it.

    ``title`` is the page's own title where a source tells it (metadata, HTML), else None: the page's
    lines may still show one, see ``segment``. ``meta`` holds strings only.
    """

    def __init__(
        self,
        id: str,  # noqa: A002 - the field's own word
        text: str,
        url: str | None = None,
        site: str | None = None,
        title: str | None = None,
        lang: str | None = None,
        meta: dict[str, str] | None = None,
    ) -> None:
        self.id = id
        self.text = text
        self.url = url
        self.site = site
        self.title = title
        self.lang = lang
        self.meta = meta if meta is not None else {}

    def __repr__(self) -> str:
        return f"Document({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Document) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment] # its fields may change


class Cleaned:
    """A document and the edits that clean it."""

    def __init__(self, document: Document, edits: tuple[Edit, ...]) -> None:
        self.document = document
        self.edits = edits

    def __repr__(self) -> str:
        return f"Cleaned(document={self.document!r}, edits={self.edits!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cleaned) and (self.document, self.edits) == (other.document, other.edits)

    __hash__ = None  # type: ignore[assignment]

    @cached_property
    def text(self) -> str:
        """The cleaned text."""
        return apply(self.document.text, self.edits)

    def restore(self) -> str:
        """The text as it was, from the cleaned text and the edits alone."""
        return revert(self.text, self.edits)


class Verdict(NamedTuple):
    """What became of one input document.

    ``reason`` says why, in a word or a sentence; ``duplicate_of`` names the copy that stays;
    ``similarity`` is the Jaccard similarity to it (1.0 for an exact copy).
    """

    id: str
    verdict: VerdictName
    reason: str = ""
    duplicate_of: str | None = None
    cluster: str | None = None
    similarity: float | None = None


def apply(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits carried out.

    Edits must be in order of ``start`` and must not overlap; ``old`` must be what stands there.
    Raises ValueError otherwise: an edit that does not fit its text would destroy it silently.
    """
    parts: list[str] = []
    at = 0
    for edit in edits:
        if edit.start < at:
            raise ValueError(f"edit at {edit.start} overlaps the one before it (which ends at {at})")
        if not text.startswith(edit.old, edit.start) or edit.end > len(text):
            raise ValueError(f"edit at {edit.start} does not fit its text")
        parts += (text[at : edit.start], edit.new)
        at = edit.end
    parts.append(text[at:])
    return "".join(parts)


def inverted(edits: Iterable[Edit]) -> list[Edit]:
    """The edits that lead back: from the cleaned text to the source."""
    shift = 0
    back = []
    for edit in edits:
        back.append(edit._replace(start=edit.start + shift, old=edit.new, new=edit.old))
        shift += len(edit.new) - len(edit.old)
    return back


def revert(text: str, edits: Iterable[Edit]) -> str:
    """The source of a cleaned text: the inverse of `apply`, exactly."""
    return apply(text, inverted(edits))


def compose(text: str, first: Sequence[Edit], second: Sequence[Edit]) -> list[Edit]:
    """One list of edits on ``text`` that does what ``first`` and then ``second`` do.

    ``second`` is given in offsets of the text that ``first`` makes. Where the two overlap they become one
    edit, under the name of the second: its rule took the words away.
    """
    if not first or not second:
        return list(first or second)
    middle = apply(text, first)
    # both as ranges of the middle text: one undoes an edit of the first round or carries out one of the second
    ranges = [(back.start, back.end, False, edit) for back, edit in zip(inverted(first), first, strict=True)]
    ranges += [(edit.start, edit.end, True, edit) for edit in second]
    ranges.sort(key=lambda r: r[:3])
    result: list[Edit] = []
    shift = 0  # offset in the middle text minus offset in the source
    k = 0
    while k < len(ranges):
        start, end, _, edit = ranges[k]
        source = start - shift
        cuts: list[Edit] = []
        begun = k
        while k == begun or (k < len(ranges) and ranges[k][0] < end):
            _, last, later, edit = ranges[k]
            end = max(end, last)
            if later:
                cuts.append(edit._replace(start=edit.start - start))
            else:
                shift += len(edit.new) - len(edit.old)
            k += 1
        if not cuts:
            result.append(edit)
            continue
        old, new = text[source : end - shift], apply(middle[start:end], cuts)
        if old != new:
            result.append(cuts[0]._replace(start=source, old=old, new=new))
    return result
