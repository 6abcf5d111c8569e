"""What all detectors share: the hit they report, and how their settings are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, NamedTuple, Self

from cleaner.document import Span
from cleaner.segment import Page


class Hit(NamedTuple):
    """A line, by its index on the page, or the parts of it (page offsets) that should go."""

    line: int
    parts: tuple[Span, ...] = ()
    evidence: str = ""


# role of the wording -> line index -> the parts it names (none: the whole line)
Found = Mapping[str, Mapping[int, tuple[Span, ...]]]


class Detector:
    """Settings and one verb.

    A subclass declares its settings as annotated class attributes, whose values are the defaults. ``roles`` are the wordings it
    wants looked for; the first must be found, ``optional`` ones may be missing.
    """

    roles: ClassVar[tuple[str, ...]] = ()
    optional: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def read(cls, keys: Mapping[str, Any]) -> Self:
        """From a rule's own keys, wordings aside; raises ValueError that says which is wrong and which there are."""
        known = [name for name, kind in cls.__annotations__.items() if not str(kind).startswith("ClassVar")]
        made = cls()
        for key, value in keys.items():
            if key not in known:
                raise ValueError(f"unknown key {key!r}; this kind has {', '.join([*cls.roles, *known])}")
            wanted = type(getattr(cls, key))
            if type(value) is not wanted:
                raise ValueError(f"{key!r} takes {wanted.__name__}, not {value!r}")
            setattr(made, key, value)
        return made

    def detect(self, page: Page, found: Found) -> Iterator[Hit]:
        """The hits on a page, given where the wordings were found."""
        raise NotImplementedError
