"""Lines of articles that look like a rule's lines and are none: what a rule must spare.

A look-alike reads like a part of an article and has most of the words of a wording, or its longest stretch. Those that come
nearest are the ones a rule could take by mistake.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from typing import NamedTuple

import regex

from cleaner import frames
from cleaner.document import Document, visible
from cleaner.samples import Passage, digest, passage
from cleaner.segment import Line, Page

_POOL = 200  # the nearest lines that are remembered while a corpus is read
_NEAR = 0.5  # a look-alike has more than this share of a wording's words
_LONGEST = 240  # characters; of longer lines one sentence is proposed
_SENTENCE = regex.compile(r"(?<=[.!?…؟।۔][\"”’»)]?)\s+|(?<=[。！？][」』”]?)")


class _Near(NamedTuple):
    """A look-alike: the larger, the nearer."""

    holds_stretch: bool
    share: float
    short: int
    order: bytes
    text: str
    wording: int
    where: Passage


class LookAlikes:
    """The lines that have most of a wording's words, or its longest stretch, and that read like a part of an article."""

    def __init__(self, wordings: Sequence[frames.Pattern]) -> None:
        self._words = [wording.words for wording in wordings]
        self._stretches = [wording.stretch for wording in wordings]
        self._with: dict[str, list[int]] = {}
        for place, words in enumerate(self._words):
            for word in words:
                self._with.setdefault(word, []).append(place)
        self._pool: list[_Near] = []
        self._seen: set[str] = set()

    def offer(self, document: Document, line: Line) -> None:
        """Remembers the line, or the sentence of it that comes nearest, if it is among the nearest so far."""
        if not _reads_like_an_article(line) or self._with.keys().isdisjoint(frames.words_of(line.folded)):
            return
        texts = [line.text] if line.chars <= _LONGEST else _SENTENCE.split(line.text)
        for text in texts:
            if not text or len(text) > _LONGEST or text in self._seen or visible(text) != text or "\t" in text:
                continue
            whole = Page(text).lines
            near = self._near(document, line, whole[0]) if whole and _reads_like_an_article(whole[0]) else None
            if near is None or (len(self._pool) == _POOL and near < self._pool[0]):
                continue
            self._seen.add(text)
            if len(self._pool) == _POOL:
                heapq.heapreplace(self._pool, near)
            else:
                heapq.heappush(self._pool, near)

    def _near(self, document: Document, line: Line, part: Line) -> _Near | None:
        shared: dict[int, int] = {}
        for word in set(frames.words_of(part.folded)):
            for place in self._with.get(word, ()):
                shared[place] = shared.get(place, 0) + 1
        best = None
        for place, count in shared.items():
            share = count / len(self._words[place])
            holds = len(self._stretches[place]) > 2 and self._stretches[place] in part.folded
            if (holds or share > _NEAR) and (best is None or (holds, share) > best[:2]):
                best = (holds, share, place)
        if best is None:
            return None
        return _Near(best[0], best[1], -part.chars, digest(part.text), part.text, best[2], passage(document, line, part.text))

    def chosen(self, most: int, spared: Callable[[str], bool]) -> list[Passage]:
        """Up to ``most`` of the nearest that are ``spared``, for as many different wordings as there are."""
        chosen: list[Passage] = []
        waiting: list[Passage] = []
        served: set[int] = set()
        for near in sorted(self._pool, reverse=True):
            if len(chosen) == most:
                break
            if near.wording in served and len(waiting) == most:
                continue
            if spared(near.text):
                (waiting if near.wording in served else chosen).append(near.where)
                served.add(near.wording)
        return [*chosen, *waiting][:most]


def _reads_like_an_article(line: Line) -> bool:
    """Closes a sentence, or is as long as one."""
    words = len(frames.words_of(line.folded))
    return words >= 5 and (line.ends_sentence or words >= 12)
