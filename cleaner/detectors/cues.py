"""Weak signs, weighed together: ``cues``, for what no wording can name (the bare headline of another story, a bare caption).

No single sign decides. A line is described by what it looks like, what it says, where it stands and what stands around it (see
`cleaner.detectors.sheet`); each cue has a weight, fitted on labelled lines and kept in the rule file, and the sum decides against the
rule's threshold. It goes two ways over the page, as jusText (Pomikálek 2011) does: first each line is judged alone, then again with the
standing that this gave its neighbours. Shape never decides: a line is weighed only if a word, a neighbour, a repetition speaks too
(`Sheet.speaks`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

from cleaner.detectors.base import Detector, Found, Hit
from cleaner.detectors.said import Signs, there
from cleaner.detectors.sheet import NEAR
from cleaner.segment import Page

WIDE = 10
"""Lines above and below that a line's standing on a whole web page is asked of: a card of another story has up to six."""


class Cues(Detector):
    """Weights and what they are used for.

    ``pages``: "text", the extracted text of an article, or "whole", all the text of a web page, menus included (see
    `Sheet.whole`). A line that is a paragraph of ``paragraph`` characters is not weighed. ``labels``: the labelled categories
    that it is fitted to find, all if none are named. ``loss``: strictness -> share of the weighed lines that stay which may be lost.
    What the fit writes: ``threshold``: strictness -> least sum; ``alone`` and ``together``: cue -> weight, first without and
    then with the neighbours' standing ("bias" is always added); ``fitted``: where they come from.
    ``words``: list's name -> words, from the rule file's ``[words]``.
    """

    pages: str = "text"
    paragraph: int = 140
    labels: Sequence[str] = []
    loss: Mapping[str, float] = {}
    threshold: Mapping[str, float] = {}
    alone: Mapping[str, float] = {}
    together: Mapping[str, float] = {}
    fitted: Mapping[str, Any] = {}
    words: Mapping[str, Sequence[str]] = {}

    STRICTNESS: ClassVar[tuple[str, ...]] = ("low", "normal", "high")

    @classmethod
    def read(cls, keys: Mapping[str, Any]) -> Self:
        for name in ("loss", "threshold", "alone", "together"):
            for key, value in dict(keys.get(name, {})).items():
                if isinstance(value, bool) or not isinstance(value, int | float):
                    raise ValueError(f"'{name}.{key}' takes a number, not {value!r}")
        made = super().read({"labels": [], "loss": {}, "threshold": {}, "alone": {}, "together": {}, **keys})
        if made.pages not in ("text", "whole"):
            raise ValueError("'pages' takes text or whole")
        for name in ("loss", "threshold"):
            if (given := getattr(made, name)) and set(given) != set(cls.STRICTNESS):
                raise ValueError(f"{name!r} takes {', '.join(cls.STRICTNESS)}")
        if bool(made.together) is not bool(made.threshold):
            raise ValueError("'together' and 'threshold' go together; 'cleaner rules fit' writes both")
        return made

    def detect(self, page: Page, found: Found) -> Iterator[Hit]:
        """Nothing: what is weighed depends on what other rules have found; the engine asks `weigh`."""
        return iter(())


def around(index: int, standing: Sequence[float], *, wide: bool = False) -> Signs:
    """The cues of the second pass: how the lines around stand (1 goes, 0 stays) after the first; ``wide``: further around, too."""
    last = len(standing) - 1
    near = [standing[i] for i in range(max(0, index - NEAR), min(last, index + NEAR) + 1) if i != index]
    signs = {
        "standing before": standing[index - 1] if index else 0.5,
        "standing after": standing[index + 1] if index < last else 0.5,
        "standing around": _mean(near),
    }
    if wide:
        above, below = _mean(standing[max(0, index - WIDE) : index]), _mean(standing[index + 1 : index + 1 + WIDE])
        signs |= {"standing above": above, "standing below": below, "standing on both sides": min(above, below)}
    return there(signs)


def _mean(standing: Sequence[float]) -> float:
    return sum(standing) / len(standing) if standing else 0.5


def total(weights: Mapping[str, float], signs: Signs) -> float:
    """The sum of the weights of the cues that are there."""
    return weights.get("bias", 0.0) + sum(value * weights[name] for name, value in signs.items() if name in weights)


def chance(weighed: float) -> float:
    """A sum as a number from 0 (stays) to 1 (goes)."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, weighed))))


def strongest(weights: Mapping[str, float], signs: Signs, count: int = 4) -> list[tuple[str, float]]:
    """The cues that spoke loudest for the line's going, with what each added."""
    spoke = [(name, round(value * weights[name], 2)) for name, value in signs.items() if name in weights]
    return sorted((pair for pair in spoke if pair[1] > 0), key=lambda pair: (-pair[1], pair[0]))[:count]
