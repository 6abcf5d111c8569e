"""The kinds of detectors. Reading this table is knowing them all.

A detector is its settings, the wordings it wants looked for (``wordings``), and one verb: ``detect``
takes a page and the lines on which its wordings were found, and yields hits. It knows text, not rules.
"""

from __future__ import annotations

from cleaner.detectors.base import Detector, Found, Hit, Wording
from cleaner.detectors.pattern import Pattern, Phrase
from cleaner.detectors.repeat import Repeat
from cleaner.detectors.run import Run
from cleaner.detectors.section import Section

DETECTORS: dict[str, type[Detector]] = {
    "phrase": Phrase,
    "pattern": Pattern,
    "repeat": Repeat,
    "run": Run,
    "section": Section,
}

__all__ = ["DETECTORS", "Detector", "Found", "Hit", "Wording"]
