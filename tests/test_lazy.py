"""What is read only when it is asked for is what was stored."""

from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis import strategies as st

from cleaner.lazy import Drawers, Shelf
from cleaner.rulebook import load
from cleaner.wording import HEAD, Stored, Wording, index

ANY = st.text(st.characters())


@given(st.lists(st.one_of(ANY, st.lists(st.integers()))))
def test_a_shelf_holds_what_was_put_on_it(values: list[str | list[int]]) -> None:
    shelf: Shelf[str | list[int]] = Shelf(Shelf.stored(values))
    assert len(shelf) == len(values)
    assert list(shelf) == [shelf[place] for place in range(len(shelf))] == values


@given(st.dictionaries(ANY, st.integers()), ANY)
def test_a_drawer_is_found_by_its_key(table: dict[str, int], other: str) -> None:
    drawers: Drawers[int] = Drawers(Drawers.stored(table))
    assert {key: drawers.get(key, -1) for key in table} == table
    assert drawers.get(other, -1) == table.get(other, -1)
    assert dict(drawers.items()) == table


def test_what_is_read_piece_by_piece_is_the_index() -> None:
    wordings = [(rule.id, role, wording) for rule in load().rules[:300] for role, wording in rule.wordings.items()]
    wordings.append(("own.any", "line", Wording(phrases=("one phrase",), line=(r"\w+", "ж: .*", "read also"))))
    made = index(wordings)
    few = pickle.loads(pickle.dumps(Stored(made.stored())))  # noqa: S301 - our own bytes
    whole = few.whole()
    assert whole.phrases == made.phrases
    assert dict(zip(whole.literals, whole.wanted, strict=True)) == dict(zip(made.literals, made.wanted, strict=True))
    assert list(few.patterns) == whole.patterns == made.patterns
    assert list(few.needs) == whole.needs == made.needs
    assert few.always == whole.always == made.always != []
    assert all(few.owners(key) == made.owners(key) == whole.owners(key) != () for key in made.phrases)
    assert few.owners("no such phrase") == made.owners("no such phrase") == ()
    for literal, numbers in zip(made.literals, made.wanted, strict=True):
        assert few.wanted[few.beginning(literal[:HEAD])[literal]] == made.wanted[made.beginning(literal[:HEAD])[literal]] == numbers
    assert few.beginning("\0\0") == few.beginning("\0\0\0\0") == made.beginning("\0\0") == {}
