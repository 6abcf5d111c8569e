"""A rule as a page to read, and the same as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cleaner.document import visible
from cleaner.features import CONTEXT, FEATURES
from cleaner.rulebook import OFF_BY_DEFAULT, Rule

KINDS = {
    "phrase": "a line that is one of a list, whatever its case, typography and the signs around it",
    "pattern": "a line that a pattern matches whole (line), or the part of it that one finds (part, or a group named cut)",
    "repeat": "a line that says again what the title, the line before or after, or the page has said",
    "section": "a heading and the entries below it, unless real paragraphs stand there",
    "run": "a block of prose from an opener to a sign-off with enough votes in between",
    "repair": "no line: it mends broken characters",
}
_PHRASES = 20  # shown of a list; --json has them all


def page(rule: Rule) -> str:
    """The rule's reason, what it takes and when, its wordings (of a long list the first), and its examples."""
    lines = [rule.id, "=" * len(rule.id), "", visible(rule.page["why"]), ""]
    kind = KINDS.get(rule.kind)
    lines.append(f"kind      {rule.kind}{f': takes {kind}' if kind else ''}")
    off = " (kept by default; --remove takes it)" if rule.category in OFF_BY_DEFAULT else ""
    lines.append(f"category  {rule.category}{off}")
    lines.append(f"language  {f'{rule.lang} alone, where it is known' if rule.lang else 'any'}")
    lines.append(f"file      {visible(rule.page['file'])}")
    for number, said in enumerate(asks(rule)):
        lines.append(f"{'' if number else 'asks':<8}  {said}")
    wordings = dict(rule.page["wordings"])
    for key, value in {**wordings.pop("line", {}), **wordings, **rule.settings}.items():
        lines += ["", *_shown(key, value, "")]
    for side, of in (("catches", rule.page["catches"]), ("spares", rule.page["spares"])):
        lines += ["", f"{side}:"]
        for example in of:
            first, *others = visible(example.strip("\n")).split("\n")
            lines += [f"  * {first}", *(f"    {other}" for other in others)]
    return "\n".join(lines)


def asks(rule: Rule) -> list[str]:
    """What the rule asks of a line beside its wording, each feature in words and as it is written."""
    return [f"{visible(_said(name, value))}  [{name} = {visible(_written(value))}]" for name, value in rule.when.items()]


def as_json(rule: Rule) -> str:
    """All of a rule, as one object."""
    from cleaner.audit import shown

    row = {"id": rule.id, "kind": rule.kind, "category": rule.category, "why": rule.page["why"], "lang": rule.lang}
    row |= {"off_by_default": rule.category in OFF_BY_DEFAULT, "when": dict(rule.when), "asks": asks(rule)}
    row |= {"wordings": rule.page["wordings"], "settings": dict(rule.settings)}
    return shown(row | {key: rule.page[key] for key in ("catches", "spares", "file")}, indent=2)


def _said(name: str, value: Any) -> str:
    said = str((FEATURES.get(name) or CONTEXT[name])[-1])
    if isinstance(value, bool):
        return f"{said.partition(', or ')[0]}: {'yes' if value else 'no'}"
    if isinstance(value, list):
        return f"{said}: {', '.join(map(str, value))}"
    for words, shown in (("this many", f"{value}"), ("this share", f"{value:.0%}"), ("this often", f"{value} times")):
        if words in said:
            return said.replace(words, shown)
    return f"{said}: {value}"


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _shown(key: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield f"{indent}{key}:"
        for inner, of in value.items():
            yield from _shown(inner, of, indent + "  ")
    elif isinstance(value, Sequence) and not isinstance(value, str):
        yield f"{indent}{key}:"
        most = _PHRASES if key == "phrases" else len(value)
        yield from (f"{indent}  {visible(str(one))}" for one in value[:most])
        if len(value) > most:
            yield f"{indent}  ... and {len(value) - most} more (--json has them all)"
    else:
        yield f"{indent}{key}: {visible(_written(value))}"
