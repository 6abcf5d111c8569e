"""Tokens, and what is folded before texts are compared."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner import charmap


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Bridge, opened!", ["the", "bridge", "opened"]),
        ("新しい橋 2 本", ["新", "し", "い", "橋", "2", "本"]),
        ("สะพาน", list("สะพาน")),
        ("naïve café_3", ["naïve", "café_3"]),
        ("...", []),
        ("한국어 문장", ["한국어", "문장"]),
    ],
)
@pytest.mark.parametrize("fold", [True, False])
def test_tokens(text: str, expected: list[str], fold: bool) -> None:
    assert charmap.tokens(text, fold=fold) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("“We don’t know”", '"We don\'t know"'),
        ("well–known", "well-known"),
        ("two  \u00a0words", "two words"),
        ("ｆｕｌｌ　ｗｉｄｔｈ １２", "full width 12"),
        ("cafe\u0301", "café"),
        ("of\ufb01ce", "office"),
        ("co\u00adopera\u200btion", "cooperation"),
        ("إنفاذاً", "انفاذا"),  # hamza
        ("محـــمد", "محمد"),  # tatweel
        ("المُدَرَّبين", "المدربين"),  # short vowels
        ("المسئولين", "المسؤولين"),
        ("٤ ريال", "4 ريال"),
        ("یکی", "يكي"),  # Persian and Arabic letters
        ("שָׁלוֹם", "שלום"),
        ("ΟΔΟΣ", "οδος"),
        ("İstanbul", "istanbul"),
        ("ﾃﾚﾋﾞ", "テレビ"),
    ],
)
def test_what_does_not_change_the_words_is_folded(one: str, other: str) -> None:
    assert charmap.tokens(one) == charmap.tokens(other)


@pytest.mark.parametrize(("one", "other"), [("résumé", "resume"), ("Straße", "Strase"), ("10", "11"), ("шёл", "шел")])
def test_what_changes_the_words_is_not(one: str, other: str) -> None:
    assert charmap.tokens(one) != charmap.tokens(other)


def test_without_folding_only_the_case_goes() -> None:
    assert charmap.tokens("إنفاذاً Ｆull", fold=False) == ["إنفاذاً", "ｆull"]


LETTERS = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("aZéß İΣσς\u0301\u0308\u0323ﬁ½²ªｶﾞ각각\u093c\u0915\u094dأإؤئىیکـ\u064b\u0651\u0654\u200b\u200dשׁ٤۴'’-–_ 橋สะ"),
    ),
    max_size=40,
)


@given(LETTERS)
def test_folding_twice_changes_nothing(text: str) -> None:
    once = charmap.tokens(text)
    assert charmap.tokens(" ".join(once)) == once
