"""A rule's two lists of examples, and whether it keeps to them.

An example is a text. One of a single line in ``catches`` goes whole, or, where ``[[...]]`` marks parts of it, in those parts.
In one of several lines, lines that begin with ``- `` go; ``= `` gives the page's title; all others stay. What a repair
catches is written ``broken => mended``. In ``spares`` nothing may go, by any rule of the book: they are the look-alikes
from real articles.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from cleaner.document import Document, Edit
from cleaner.engine import Cleaner
from cleaner.features import FEATURES, holds, tests
from cleaner.matcher import OneByOne
from cleaner.rulebook import Rule, Rulebook
from cleaner.segment import Page
from cleaner.wording import phrase_key

_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_PART = re.compile(r"\[\[(.*?)\]\]", re.DOTALL)


class Example(NamedTuple):
    """A text, its page's title, and what should be left of it."""

    text: str
    title: str | None
    left: str


class Failure(NamedTuple):
    """An example that a rule does not keep to."""

    rule: str
    side: str
    example: str
    message: str


def read(source: str, *, catches: bool) -> Example:
    """An example as it is written in a rule file."""
    title = None
    if catches and " => " in source:
        # a surrogate cannot stand in a TOML file: here, and only here, it is written as an escape
        text, left = _ESCAPE.sub(lambda m: chr(int(m[1], 16)), source).split(" => ", 1)
        return Example(text, None, left)
    if "\n" not in source.strip("\n"):
        text = source.strip("\n")
        if _PART.search(text):
            return Example(_PART.sub(r"\1", text), None, _PART.sub("", text))
        return Example(text, None, "" if catches else text)
    lines: list[str] = []
    stay: list[str] = []
    for line in source.strip("\n").split("\n"):
        if line.startswith("= "):
            title = line[2:]
        elif line.startswith("- ") and catches:
            lines.append(line[2:])
        else:
            lines.append(_PART.sub(r"\1", line) if catches else line)
            stay.append(_PART.sub("", line) if catches else line)
    return Example("\n".join(lines), title, "\n".join(stay))


def failures(book: Rulebook, whole: Rulebook | None = None) -> Iterator[Failure]:
    """The examples that the rules of ``book`` do not keep to; ``whole`` is the book that spares must survive."""
    everything = Cleaner.of(whole or book)
    for rule in book.rules:
        alone = everything if rule.contextual or rule.kind == "cues" else Cleaner.of(Rulebook([rule]))
        for source in rule.page["catches"]:
            if rule.kind == "repair" and " => " not in source:
                yield Failure(rule.id, "catches", source, "what a repair catches is written 'broken => mended'")
                continue
            example = read(source, catches=True)
            cleaned = alone.clean(Document("", example.text, title=example.title))
            if _squeezed(cleaned.text) != _squeezed(example.left):
                message = f"should leave {example.left!r}, leaves {cleaned.text!r}{_why_not(rule, source)}"
                yield Failure(rule.id, "catches", source, message)
        for source in rule.page["spares"]:
            example = read(source, catches=False)
            cleaned = everything.clean(Document("", example.text, title=example.title))
            taken = [edit for edit in cleaned.edits if not _mends(everything.book, edit) or edit.rule == rule.id]
            if taken:
                evidence = f" ({taken[0].evidence})" if taken[0].evidence else ""
                other = "" if taken[0].rule == rule.id else "; spares must survive all rules, not only their own"
                yield Failure(rule.id, "spares", source, f"{taken[0].rule} takes {taken[0].old!r}{evidence}{other}")


def _why_not(rule: Rule, source: str) -> str:
    """Of a line that a phrase or pattern should take and does not: whether its words or its features are to blame; else ""."""
    lines = [line[2:] for line in source.split("\n") if line.startswith("- ")] if "\n" in source.strip("\n") else [source]
    if rule.kind not in ("phrase", "pattern"):
        return ""
    alone = OneByOne(Rulebook([rule]))
    for text in lines:
        for line in Page(_PART.sub(r"\1", text)).lines:
            worded = alone.index.owners(phrase_key(line.folded))
            patterns = filter(None, map(alone.pattern, range(len(alone.index.patterns))))
            if not worded and all(pattern.on(line) is None for pattern in patterns):
                return f"; its wording does not match {line.text!r}"
            for name, value in rule.when.items():
                if name in FEATURES and not holds(line, tests({name: value})):
                    return f"; its wording matches {line.text!r}, but not when {name} = {str(value).lower()} ({FEATURES[name][-1]})"
    return ""


def _mends(book: Rulebook, edit: Edit) -> bool:
    return any(rule.id == edit.rule and rule.kind == "repair" for rule in book.rules)


def _squeezed(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in text.split("\n") if line.strip())
