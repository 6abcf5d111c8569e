"""What became of the documents of a run, counted as they are written."""

from __future__ import annotations

from cleaner.document import Verdict
from cleaner.staging import Staged


class Account:
    """The counts of one run.

    Attributes:
        counts: documents: in = kept + duplicate + emptied + failed.
        chars: characters of their texts: in, and out.
        removed: by category: edits, whole lines, characters.
        kinds: duplicates by what they are.
        failures: each as "id: reason".
        review: documents whose edits are proposed only.
    """

    def __init__(self) -> None:
        self.counts = dict.fromkeys(("in", "kept", "duplicate", "emptied", "failed"), 0)
        self.chars = {"in": 0, "out": 0}
        self.removed: dict[str, dict[str, int]] = {}
        self.kinds: dict[str, int] = {}
        self.failures: list[str] = []
        self.review = 0

    def add(self, outcome: Staged, verdict: Verdict) -> None:
        """Counts a document."""
        self.counts["in"] += 1
        self.counts[verdict.verdict] += 1
        if verdict.verdict == "duplicate":
            self.kinds[verdict.reason] = self.kinds.get(verdict.reason, 0) + 1
        elif verdict.verdict == "failed":
            self.failures.append(f"{outcome.id}: {outcome.failure}")
        self.review += bool(outcome.review)
        self.chars["in"] += outcome.chars_in
        self.chars["out"] += outcome.chars_out if verdict.verdict == "kept" else 0
        for category, tally in outcome.tally.items():
            family = self.removed.setdefault(category, {"edits": 0, "lines": 0, "chars": 0})
            for name, count in zip(family, tally, strict=True):
                family[name] += count

    def holds(self, documents: int) -> bool:
        """Whether each of so many documents has one verdict."""
        return documents == self.counts["in"] == sum(count for name, count in self.counts.items() if name != "in")
