"""The kinds of detectors. Reading this table is knowing them all.

A detector is its settings, the roles of the wordings it wants looked for, and one verb: ``detect`` takes a page and the
lines on which its wordings were found, and yields hits. It knows text, not rules.
"""

from __future__ import annotations

from cleaner.detectors.base import Detector, Found, Hit
from cleaner.detectors.cues import Cues
from cleaner.detectors.pattern import Pattern
from cleaner.detectors.repeat import Repeat
from cleaner.detectors.run import Run
from cleaner.detectors.section import Section

DETECTORS: dict[str, type[Detector]] = {
    "cues": Cues,
    "phrase": Pattern,
    "pattern": Pattern,
    "repeat": Repeat,
    "run": Run,
    "section": Section,
}

__all__ = ["DETECTORS", "Detector", "Found", "Hit"]
