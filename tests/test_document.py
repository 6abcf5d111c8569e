"""The one invariant: what was taken away can be put back, exactly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner.document import Cleaned, Document, Edit, apply, compose, revert

texts = st.text(st.characters(), max_size=60)  # lone surrogates included


@st.composite
def edits_of(draw: st.DrawFn, text: str) -> list[Edit]:
    """Legal edits of a text: in order, none over another."""
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    edits = []
    for start, end in zip(cuts[::2], cuts[1::2], strict=False):
        if edits and start < edits[-1].end:
            continue
        new = draw(st.one_of(st.just(""), st.text(max_size=5)))
        if text[start:end] != new:
            edits.append(Edit(start, text[start:end], new, "r.x", "r"))
    return edits


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, list[Edit]]:
    text = draw(texts)
    return text, draw(edits_of(text))


@st.composite
def edited_twice(draw: st.DrawFn) -> tuple[str, list[Edit], list[Edit]]:
    text, first = draw(edited())
    return text, first, draw(edits_of(apply(text, first)))


@given(edited())
def test_revert_gives_any_text_back_after_any_legal_edits(case: tuple[str, list[Edit]]) -> None:
    text, edits = case
    assert revert(apply(text, edits), edits) == text


@given(edited_twice())
def test_two_rounds_of_edits_are_one(case: tuple[str, list[Edit], list[Edit]]) -> None:
    text, first, second = case
    both = compose(text, first, second)
    assert apply(text, both) == apply(apply(text, first), second)
    assert revert(apply(text, both), both) == text


@given(edited())
def test_a_cleaned_document_restores_itself(case: tuple[str, list[Edit]]) -> None:
    text, edits = case
    assert Cleaned(Document("a", text), tuple(edits)).restore() == text


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        ([Edit(0, "b", "", "r", "r")], "does not fit"),
        ([Edit(2, "cd", "", "r", "r")], "does not fit"),
        ([Edit(0, "ab", "", "r", "r"), Edit(1, "b", "", "r", "r")], "overlaps"),
    ],
    ids=["another text", "beyond the end", "one over another"],
)
def test_an_edit_that_does_not_fit_its_text_is_refused(edits: list[Edit], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        apply("abc", edits)
