"""What two texts are to each other: copies, parts, revisions, fillings of a template, or nothing."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner import likeness
from cleaner.likeness import Body, Judge, align
from cleaner.minhash import Sketcher

SKETCHER = Sketcher(compiled=False)
STORY = """The harbour town of Quell has reopened its swing bridge after two years of repairs. Engineers replaced the hydraulic gear,
strengthened the piers and painted the towers in the green of the old photographs. The mayor thanked residents for their patience and
said the ferry that had carried schoolchildren across the river would stay until the spring. Shopkeepers on the east bank, who lost a
third of their trade while the road was closed, hope that visitors will come back in time for the regatta. A first convoy of lorries
crossed shortly after dawn, watched by a small crowd and by the bridge keeper, who has worked there for most of her life."""


def judged(one: str, other: str, **options: object) -> likeness.Likeness:
    judge = Judge(sketcher=SKETCHER, **options)  # type: ignore[arg-type]
    found = judge(Body(one, SKETCHER), Body(other, SKETCHER))
    back = judge(Body(other, SKETCHER), Body(one, SKETCHER))
    assert (back.kind, back.jaccard, back.containment) == (found.kind, found.jaccard, found.containment)
    return found


def test_a_story_with_a_dateline_is_near() -> None:
    assert judged(STORY, "QUELL, Monday - " + STORY).kind == "near"


def test_its_beginning_is_a_part() -> None:
    found = judged(STORY, " ".join(STORY.split()[:50]))
    assert (found.kind, found.containment) == ("contained", 1.0)
    assert judged(STORY, " ".join(STORY.split()[:50]), containment=False).kind is None


def test_a_sentence_is_too_short_to_be_a_part() -> None:
    assert judged(STORY, " ".join(STORY.split()[:15])).kind is None


REVISED = (
    STORY.replace("harbour", "harbor")
    .replace("reopened", "opened again")
    .replace("painted", "repainted")
    .replace("said the ferry", "added that the ferry")
    .replace("hope that", "hope")
    .replace("shortly", "soon")
    .replace("A first", "The first")
    .replace("small crowd", "little crowd")
)


def test_light_edits_make_a_revised_copy() -> None:
    found = judged(STORY, REVISED)
    assert found.kind == "revised"
    assert found.jaccard < 0.6
    assert found.aligned is not None
    assert 0.8 <= found.aligned < 1


def test_nobody_looks_at_the_words_when_templates_are_merged() -> None:
    assert judged(STORY, REVISED, templates=False).kind is None


def test_a_stricter_threshold_wants_more_of_the_words() -> None:
    assert judged(STORY, REVISED, threshold=0.95).kind is None


def test_another_story_with_the_same_ending_is_no_copy() -> None:
    tail = " ".join(STORY.split()[30:])
    other = """Bakers in the valley say flour has become so dear that the smallest loaves will soon cost what a large one did in the
    winter, and two of them have already closed for good."""
    assert judged(STORY, f"{other} {tail}").kind is None


BRIEF = "Money brokers said the bank sold {} million pounds of bills in bands one and two at {} per cent and left the rate as it was on {} in {}."


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (BRIEF.format(120, "4 1/8", "Monday", "London"), BRIEF.format(75, "4 3/16", "Monday", "London")),
        (BRIEF.format(120, 4, "Monday", "London"), BRIEF.format(120, 4, "Thursday", "Leeds")),
        ("Das Spiel FC Mering gegen SV Alling in voller Länge und alle Tore im Video, dazu Stimmen, Noten und die Tabelle der Liga nach dem Abpfiff am Abend.",
         "Das Spiel FC Landau gegen SV Perlach in voller Länge und alle Tore im Video, dazu Stimmen, Noten und die Tabelle der Liga nach dem Abpfiff am Abend."),
        ("Kết quả xổ số miền Nam ngày 12 tháng 5: giải nhất 48210, giải nhì 33671, giải ba 90218, xem thêm bảng kết quả đầy đủ và cách tra cứu vé số trúng thưởng",
         "Kết quả xổ số miền Nam ngày 19 tháng 5: giải nhất 10934, giải nhì 58820, giải ba 77412, xem thêm bảng kết quả đầy đủ và cách tra cứu vé số trúng thưởng"),
    ],
)  # fmt: skip
def test_fillings_of_a_template(one: str, other: str) -> None:
    found = judged(one, other, threshold=0.3)
    assert found.kind == "template"
    assert " / " in found.evidence
    assert judged(one, other, threshold=0.3, templates=False).kind == "near"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The programme", "The program"),  # spelling
        ("on Monday", "today"),  # one date
        ("two years", "2 years"),  # a number written otherwise
        ("Engineers replaced", "ENGINEERS REPLACED"),
    ],
)
def test_a_copy_with_a_small_change_is_no_template(one: str, other: str) -> None:
    text = f"On the quay {one} {STORY}"
    assert judged(text, text.replace(one, other)).kind == "near"


def test_figures_written_otherwise_are_the_same_facts() -> None:
    one = f"{STORY} It cost 8.27 million, of which 5.27 million were lent; 2.25 million are left."
    other = f"{STORY} It cost 27.8 million, of which 27.5 million were lent; 25.2 million are left."
    assert judged(one, other).kind == "revised"


WORDS = st.lists(st.sampled_from("a b c d e f g h".split()), max_size=40)


@given(WORDS, WORDS)
def test_changes_turn_one_text_into_the_other(a: list[str], b: list[str]) -> None:
    found = align(a, b)
    kept = len(a) - sum(len(change.old) for change in found.changes)
    assert kept == len(b) - sum(len(change.new) for change in found.changes)
    assert found.aligned <= kept
    assert 0 <= found.replaced <= min(len(a), len(b))
    assert align(a, a) == (len(a) if len(a) >= likeness.PASSAGE else 0, 0, [])


def test_texts_too_long_to_align_are_compared_by_their_bags(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(1)
    words = [f"w{rng.randrange(500)}" for _ in range(1000)]
    monkeypatch.setattr(likeness, "_CELLS", 1000)
    found = align(words, [*words[:990], "x", "y"])
    assert (found.aligned, found.replaced) == (990, 2)
