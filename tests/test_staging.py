"""What is staged is read back as it was."""

from __future__ import annotations

import io
import json
import zlib

from hypothesis import given
from hypothesis import strategies as st

from cleaner import audit
from cleaner.document import Edit
from cleaner.staging import Outcome, read

TEXT = st.text(st.characters(codec=None), max_size=20)
EDITS = st.lists(st.builds(Edit, st.integers(0, 9), TEXT, TEXT, TEXT, st.sampled_from(["ad", "share"]), TEXT), max_size=3)
OUTCOMES = st.builds(
    Outcome,
    st.integers(0, 9), st.integers(0, 9), TEXT, TEXT, st.integers(0, 99), TEXT, st.none() | TEXT, st.none() | TEXT, EDITS,
    st.dictionaries(TEXT, TEXT, max_size=2), st.booleans(), EDITS, st.booleans(),
)  # fmt: skip


def rows(content: bytes) -> list[object]:
    return [json.loads(row) for row in content.decode().split("\n")[:-1]]


@given(st.lists(OUTCOMES, max_size=4), TEXT)
def test_outcomes_lie_one_behind_the_other(outcomes: list[Outcome], name: str) -> None:
    file = io.BytesIO(b"".join(outcome.staged() for outcome in outcomes))
    for outcome in outcomes:
        staged = read(file)
        assert staged is not None
        shared = ("source", "number", "id", "failure", "chars_in", "text", "walled", "as_read", "meta")
        assert [getattr(staged, field) for field in shared] == [getattr(outcome, field) for field in shared]
        assert staged.chars_out == len(outcome.text)
        assert staged.blank == (not outcome.text.strip())
        assert staged.crc32 == zlib.crc32(outcome.text.encode("utf-8", "surrogatepass"))
        assert staged.put_aside == outcome.aside
        assert staged.written == (None if outcome.as_read else outcome.text if outcome.unit is None else outcome.unit)
        for content, edits in ((staged.removals, outcome.edits), (staged.review, outcome.proposed)):
            assert rows(content) == [audit.edit_row(outcome.id, edit) for edit in edits]
        assert {category: tally[0] for category, tally in staged.tally.items()} == {
            category: sum(edit.category == category for edit in outcome.edits) for category in {edit.category for edit in outcome.edits}
        }
        renamed = staged.named(name)
        assert renamed.id == name
        assert rows(renamed.removals) == [audit.edit_row(name, edit) for edit in outcome.edits]
    assert read(file) is None
