"""What some lines have in common, as a wording: lines that share a frame become one pattern, lines that stand alone a phrase.

A frame is the words that stand in all lines of a group, in order; what differs between them becomes a bounded gap, a number
``\\d{1,4}``. The frame of two lines is found by their longest common stretches (Ratcliff and Obershelp, as in `difflib`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

import regex

from cleaner.literals import required, strength
from cleaner.rulebook import WEAKEST_LITERAL
from cleaner.segment import Line, fold, is_wide, plain
from cleaner.wording import phrase_key

LONGEST_PHRASE = 160
_TOKEN = regex.compile(r"\d+(?:[.,:/]\d+)*|[\p{L}\p{M}]+|\s+|.", regex.DOTALL)
_WORD = regex.compile(r"[\p{L}\p{M}]+")
_PRICE = regex.compile(r"[$€£¥₹]\s?\d[\d.,]*|\d[\d.,]*\s?[$€£¥₹]")
_PRICE_PATTERN = r"(?:[$€£¥₹]\s?[\d.,]{1,10}|[\d.,]{1,10}\s?[$€£¥₹])"
_CURRENCY = "[$€£¥₹]"
_NUMBER, _SPACE = "0", " "
_SHORT = 4  # words of a line that is better listed than generalised, unless many are alike
_MANY = 4
_CONTENT = 4  # letters of a word that says something

Frame = tuple[str | None, ...]
"""Tokens, folded; a number is "0", white space " ", a gap None."""


class Pattern(NamedTuple):
    """A wording for some lines: the pattern, the words it cannot do without, each once, and the longest stretch of it (all folded)."""

    source: str
    words: tuple[str, ...]
    stretch: str
    lines: tuple[Line, ...]


class Found(NamedTuple):
    """Lines sorted into patterns and, one by one, phrases."""

    patterns: list[Pattern]
    phrases: list[Line]


def words_of(folded: str) -> list[str]:
    """The words of a folded text; of scripts without spaces the characters."""
    return [part for word in _WORD.findall(folded) for part in (word if is_wide(word) else [word])]


def tokens(text: str) -> list[str]:
    """The text in words, numbers, signs and spaces, as frames compare them."""
    keys: list[str] = []
    for token in _TOKEN.findall(fold(plain(text))):
        if token[0].isdecimal():
            keys.append(_NUMBER)
        elif token.isspace():
            keys.append(_SPACE)
        elif token.isalpha() and is_wide(token):
            keys.extend(token)
        else:
            keys.append(token)
    return keys


def sort(lines: Iterable[Line]) -> Found:
    """Lines by what they share. Each line is in one pattern or is a phrase; both in the order of the lines."""
    groups: list[tuple[Frame, list[Line]]] = []
    for line in lines:
        keys = tuple(tokens(line.text))
        best, place = None, -1
        for index, (frame, members) in enumerate(groups):
            shared = _common(frame, keys, grown=len(members) > 1)
            if shared and (best is None or _letters(shared) > _letters(best)):
                best, place = shared, index
        if best is None:
            groups.append((keys, [line]))
        else:
            groups[place] = (best, [*groups[place][1], line])
    found = Found([], [])
    for frame, members in groups:
        pattern = _pattern(frame, members) if _is_pattern(frame, members) else None
        if pattern:
            found.patterns.append(pattern)
            continue
        for line in members:
            if line.chars <= LONGEST_PHRASE and phrase_key(line.folded):
                found.phrases.append(line)
            else:
                found.patterns.append(_pattern(tuple(tokens(line.text)), [line]) or _as_it_stands(line))
    return found


def _common(frame: Frame, keys: Frame, *, grown: bool) -> Frame | None:
    """The frame of a group with one more line in it; None if that shares too little. ``grown``: the group has several lines."""
    if frame == keys:
        return frame
    if not any(_says_something(token) for token in {*frame} & {*keys}):
        return None
    runs: list[Frame] = []
    ends_open = True
    starts_open = False
    for at, other, size in SequenceMatcher(None, frame, keys, autojunk=False).get_matching_blocks():
        run = frame[at : at + size]
        at_start, at_end = at == other == 0, at + size == len(frame) and other + size == len(keys)
        if not _holds(run, rim=at_start or at_end):
            continue
        starts_open = starts_open if runs else not at_start
        ends_open = not at_end
        runs.append(run)
    shared: list[str | None] = [None] if starts_open else []
    for number, run in enumerate(runs):
        shared += [None, *run] if number else run
    if ends_open:
        shared.append(None)
    whole = _letters(frame)
    enough = _letters(shared) * 5 >= whole * 2 if grown else True
    return tuple(shared) if runs and enough and _is_frame(runs, shared, min(whole, _letters(keys)), grown=grown) else None


def _holds(run: Frame, *, rim: bool) -> bool:
    """Whether a stretch belongs into a frame, or is there by chance: ``rim`` is one at the line's start or end."""
    if rim:
        return any(token and (token == _NUMBER or (not token.isspace() and token not in ".,!?;")) for token in run)
    words = [token for token in run if token and _WORD.fullmatch(token)]
    return any(_says_something(word) and _letters([word]) > _CONTENT for word in words) or (
        len(words) > 1 and _letters(words) > _CONTENT + 1
    )


def _is_frame(runs: Sequence[Frame], shared: Sequence[str | None], whole: int, *, grown: bool) -> bool:
    """Whether what is shared is enough: half of the shorter line, two words that say something or three in all in a row, or a label."""
    if not any(_says_something(token) for token in shared):
        return False
    if grown or _letters(shared) * 2 >= whole:
        return True
    for run in runs:
        said = sum(_says_something(token) for token in run)
        in_all = sum(token is not None and _WORD.fullmatch(token) is not None for token in run)
        if said >= 2 or (said and in_all >= 3) or (said and any(token in ":|/>→»-(" for token in run if token)):
            return True
    return False


def _says_something(token: str | None) -> bool:
    return token is not None and (is_wide(token) or (len(token) >= _CONTENT and _WORD.fullmatch(token) is not None))


def _letters(frame: Iterable[str | None]) -> int:
    return sum((2 if is_wide(token) else 1) * len(token) for token in frame if token and _WORD.fullmatch(token))


def _is_pattern(frame: Frame, members: Sequence[Line]) -> bool:
    if _NUMBER in frame:
        return _letters(frame) >= _CONTENT
    if None not in frame:
        return False
    return len(members) >= _MANY or any(_length(line) > _SHORT for line in members)


def _length(line: Line) -> int:
    """The words of a line; of scripts without spaces two characters are taken for one."""
    words = words_of(line.folded)
    return len(words) // 2 if is_wide(line.text) else len(words)


def _pattern(frame: Frame, members: Sequence[Line]) -> Pattern | None:
    """The frame as a pattern for these lines; None if it does not match them all, or is too weak to look for."""
    texts = [line.plain for line in members]
    space = " " if all(gap == " " for text in texts for gap in regex.findall(r"\s+", text)) else r"\s+"
    slots = _slots(frame, texts, space)
    if slots is None:
        return None
    filled = iter(slots)
    source = "".join(next(filled) if token in (None, _NUMBER) else space if token == _SPACE else escaped(token or "") for token in frame)
    if strength(required(source, whole=True)) < WEAKEST_LITERAL:
        return None
    if not all(regex.fullmatch(source, text, regex.IGNORECASE) for text in texts):
        return None
    return Pattern(source, each_once(word for token in frame if token for word in words_of(token)), _stretch(frame), tuple(members))


def _slots(frame: Frame, texts: Sequence[str], space: str) -> list[str] | None:
    """What stands in the place of each number and gap, in order; None if the lines cannot be laid into the frame."""
    parts = [
        "(.*?)" if token is None else r"(\d[\d.,:/]*)" if token == _NUMBER else space if token == _SPACE else escaped(token)
        for token in frame
    ]
    laid = regex.compile("".join(parts), regex.IGNORECASE)
    rows: list[tuple[str, ...]] = []
    for text in texts:
        try:
            match = laid.fullmatch(text, timeout=1.0)
        except TimeoutError:
            return None
        if match is None:
            return None
        rows.append(tuple(match.groups()))
    kinds = [token for token in frame if token in (None, _NUMBER)]
    return [
        _gap(values) if kind is None else _number(values)
        for kind, values in zip(kinds, [tuple(row[i] for row in rows) for i in range(len(kinds))], strict=True)
    ]


def _number(values: Sequence[str]) -> str:
    longest = max(map(len, values))
    signs = sorted({c for value in values for c in value if not c.isdecimal()})
    if signs:
        return f"[\\d{''.join(signs)}]{{1,{longest + 2}}}"
    return f"\\d{{1,{max(4, longest)}}}"


def _gap(values: Sequence[str]) -> str:
    if all(_PRICE.fullmatch(value) for value in values):
        return _PRICE_PATTERN
    if all(regex.fullmatch(_CURRENCY, value) for value in values):
        return _CURRENCY
    if all(regex.fullmatch(r"\d[\d.,:/]*", value) for value in values):
        return _number(values)
    shortest, longest = min(map(len, values)), max(map(len, values))
    most = max(20, -(-longest * 3 // 20) * 10)  # half as long again, in tens
    return f".{{{max(1, shortest // 2) if shortest else 0},{most}}}"


def _stretch(frame: Frame) -> str:
    """The longest stretch of words without a gap or number, folded."""
    runs = [""]
    for token in frame:
        if token is None or token == _NUMBER:
            runs.append("")
        else:
            runs[-1] += token
    return max((run.strip(" .,:;|-") for run in runs), key=len)


def _as_it_stands(line: Line) -> Pattern:
    return Pattern(escaped(line.folded), each_once(words_of(line.folded)), line.folded, (line,))


def phrase(line: Line) -> Pattern:
    """A line that is its own wording: no pattern, but compared as one."""
    return Pattern(line.folded, each_once(words_of(line.folded)), line.folded, (line,))


def each_once(words: Iterable[str]) -> tuple[str, ...]:
    """The words in their order, without repeats."""
    return tuple(dict.fromkeys(words))


def escaped(text: str) -> str:
    """The text as a pattern that matches it."""
    return "".join("\\" + c if c in r"\.^$*+?{}[]|()" else c for c in text)
