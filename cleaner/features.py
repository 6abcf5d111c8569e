"""What a rule may ask of a line in its ``when`` table, each by one name.

All are asked only on lines that a rule's words have already found, so none is computed for the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cleaner.segment import Line

Test = Callable[[Line, Any], bool]

FEATURES: dict[str, tuple[type, Test, str]] = {
    "max_chars": (int, lambda line, n: line.chars <= n, "at most this many characters"),
    "min_chars": (int, lambda line, n: line.chars >= n, "at least this many characters"),
    "max_words": (int, lambda line, n: len(line.words) <= n, "at most this many words"),
    "min_words": (int, lambda line, n: len(line.words) >= n, "at least this many words"),
    "ends_sentence": (bool, lambda line, yes: line.ends_sentence is yes, "closes a sentence, or does not"),
    "quoted": (bool, lambda line, yes: line.quoted is yes, "holds a quotation mark, or does not"),
    "min_upper": (float, lambda line, x: line.upper >= x, "at least this share of its letters are capitals"),
    "max_upper": (float, lambda line, x: line.upper <= x, "at most this share of its letters are capitals"),
    "min_digits": (float, lambda line, x: line.digits >= x, "at least this share of its characters are digits"),
    "max_digits": (float, lambda line, x: line.digits <= x, "at most this share of its characters are digits"),
    "min_position": (float, lambda line, x: line.position >= x, "stands at or below this share of the page (0 first, 1 last line)"),
    "max_position": (float, lambda line, x: line.position <= x, "stands at or above this share of the page"),
    "first_lines": (int, lambda line, n: line.index < n, "is among the first lines of the page"),
    "last_lines": (int, lambda line, n: line.index >= len(line.page.lines) - n, "is among the last lines of the page"),
    "min_repeats": (int, lambda line, n: line.repeats >= n, "stands on the page at least this often"),
    "max_code": (int, lambda line, n: line.page.code <= n, "at most this many lines of the page look like program code"),
    "markdown": (bool, lambda line, yes: line.page.markdown is yes, "the page is written in Markdown, or is not"),
}
"""name -> (type of its value, test, what it says)"""

# These two look at what other rules found beside the line; the engine answers them when all have spoken.
CONTEXT: dict[str, tuple[type, str]] = {
    "beside": (list, "the line before or after goes by a rule of one of these categories ('*': any)"),
    "min_run": (int, "stands in a run of at least this many lines that rules of its category have found"),
}


MOST = 10**9
"""The greatest number that a rule may ask for."""

Tests = tuple[tuple[Test, Any], ...]


def tests(when: Mapping[str, Any]) -> Tests:
    """The tests of a ``when`` table (context aside), the cheap ones first: the table above is in this order."""
    return tuple((test, when[name]) for name, (_kind, test, _said) in FEATURES.items() if name in when)


def holds(line: Line, asked: Tests) -> bool:
    """Whether the line passes every test."""
    for test, value in asked:  # noqa: SIM110 - a generator would cost more than most of the tests
        if not test(line, value):
            return False
    return True


def check(when: Mapping[str, Any]) -> None:
    """Raises ValueError for a name that is no feature, or a value of the wrong type."""
    for name, value in when.items():
        wanted = FEATURES[name][0] if name in FEATURES else CONTEXT[name][0] if name in CONTEXT else None
        if wanted is None:
            raise ValueError(f"no feature {name!r} in 'when'; there are {', '.join([*FEATURES, *CONTEXT])}")
        if wanted is float:
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
                raise ValueError(f"'when.{name}' takes a share from 0 to 1, not {str(value)[:40]}")
        elif not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
            raise ValueError(f"'when.{name}' takes {wanted.__name__}, not {value!r}")
        elif isinstance(value, list) and not all(isinstance(one, str) for one in value):
            raise ValueError(f"'when.{name}' takes a list of names")
        elif isinstance(value, int) and not 0 <= value <= MOST:
            raise ValueError(f"'when.{name}' takes a number from 0 to {MOST:,}, not one of {value.bit_length()} bits")
