"""What all detectors share: the wording they look for, and the hit they report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from cleaner.document import Span
from cleaner.segment import Page


class Hit(NamedTuple):
    """A line, by its index on the page, or the parts of it (page offsets) that should go."""

    line: int
    parts: tuple[Span, ...] = ()
    evidence: str = ""


# role of the wording -> line index -> the parts it names (none: the whole line)
Found = Mapping[str, Mapping[int, tuple[Span, ...]]]


@dataclass(frozen=True)
class Wording:
    """What to look for on a line.

    ``phrases`` are whole lines, written any way: case, typographic variants, spacing and the signs around
    them do not matter. ``line`` patterns must match a whole line, without the white space around it; ``part``
    patterns match inside it. A group named ``cut`` narrows what goes to that part.
    """

    phrases: tuple[str, ...] = ()
    line: tuple[str, ...] = ()
    part: tuple[str, ...] = ()
    case: bool = False

    @classmethod
    def read(cls, table: Mapping[str, Any]) -> Wording:
        """From a rule's keys; raises ValueError on a wrong one."""
        unknown = set(table) - {"phrases", "line", "part", "case"}
        if unknown:
            raise ValueError(f"unknown key {sorted(unknown)[0]!r} in a wording; there are phrases, line, part, case")
        phrases, line, part = (_strings(key, table.get(key, ())) for key in ("phrases", "line", "part"))
        wording = cls(phrases, line, part, bool(table.get("case", False)))
        if not (wording.phrases or wording.line or wording.part):
            raise ValueError("a wording needs 'phrases', 'line' or 'part'")
        return wording


class Detector(Protocol):
    """Settings and one verb."""

    @classmethod
    def read(cls, keys: Mapping[str, Any]) -> Detector:
        """From a rule's own keys; raises ValueError that says which is wrong and which there are."""
        ...

    @property
    def wordings(self) -> dict[str, Wording]:
        """What the matcher shall look for, by role."""
        ...

    def detect(self, page: Page, found: Found) -> Iterator[Hit]:
        """The hits on a page, given where the wordings were found."""
        ...


def settings(cls: type, keys: Mapping[str, Any], *, wordings: tuple[str, ...] = ()) -> dict[str, Any]:
    """The keyword arguments of a detector from a rule's keys, checked against its fields."""
    fields: dict[str, Any] = cls.__dataclass_fields__  # type: ignore[attr-defined]
    values: dict[str, Any] = {}
    for key, value in keys.items():
        if key not in fields:
            raise ValueError(f"unknown key {key!r}; this kind has {', '.join(fields)}")
        if key in wordings:
            if not isinstance(value, Mapping):
                raise ValueError(f"{key!r} takes a table with phrases, line or part")
            value = Wording.read(value)
        else:
            wanted = {"int": int, "bool": bool, "str": str}[fields[key].type]
            if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
                raise ValueError(f"{key!r} takes {wanted.__name__}, not {value!r}")
        values[key] = value
    return values


def _strings(key: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list | tuple) or not all(isinstance(v, str) and v.strip() for v in value):
        raise ValueError(f"{key!r} takes a string or a list of strings, none empty")
    return tuple(value)
