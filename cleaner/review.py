"""Documents that should not simply be cut: walls, and texts of which nearly all would go."""

from __future__ import annotations

from cleaner.document import Cleaned
from cleaner.segment import Page

WALLS = frozenset({"paywall", "cookie", "wall"})
"""Categories of what stands in the place of an article."""
BESIDE_WALLS = frozenset({"form", "newsletter", "notice"})
"""Categories of lines that a wall may have too."""
MOST_REMOVED = 0.9
"""The share of a document's characters from which on a removal is left to a person.

Of 217 labelled news documents and of 5,000 unlabelled ones, those of which more than half went (132) were cut rightly up to .9, most of
them a picture's address over a teaser of one sentence; beyond it only documents without an article stood.
"""
_STUB_WORDS, _STUB_CHARS, _PARAGRAPH = 40, 10_000, 100


def walled(cleaned: Cleaned) -> bool:
    """Whether the document is nothing but a wall: most of what goes is one, and what is left is no article (a headline, a line)."""
    gone: dict[str, int] = {}
    for edit in cleaned.edits:
        gone[edit.category] = gone.get(edit.category, 0) + len(edit.old) - len(edit.new)
    if WALLS.isdisjoint(gone) or sum(gone[name] for name in WALLS | BESIDE_WALLS if name in gone) * 2 < sum(gone.values()):
        return False
    if len(cleaned.text) > _STUB_CHARS:
        return False
    page = Page(cleaned.text)
    return sum(len(line.words) for line in page.lines) <= _STUB_WORDS and not any(line.is_paragraph(_PARAGRAPH) for line in page.lines)


def share_removed(cleaned: Cleaned) -> float:
    """The share of the document's characters that the edits take away, 0 to 1."""
    chars = len(cleaned.document.text)
    return sum(len(edit.old) - len(edit.new) for edit in cleaned.edits) / chars if chars else 0.0


def too_much(cleaned: Cleaned, most: float = MOST_REMOVED) -> bool:
    """Whether more than the share ``most`` of a document with running text would go; lines without any are no article."""
    if share_removed(cleaned) <= most:
        return False
    return any(line.is_paragraph(_PARAGRAPH) for line in Page(cleaned.document.text).lines)
