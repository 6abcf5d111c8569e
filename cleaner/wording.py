"""What a rule wants looked for on a line, and the one index in which all rules' wordings are looked up.

The index is made of plain tuples and dictionaries, so that it can be stored, and read back entry by entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from cleaner.lazy import Drawers, Shelf
from cleaner.segment import fold, plain

_RIM = " .:;,|*#_-+=~<>»«›‹•·●○■□▪►▶→←↓↑▼▲★☆✓✔…!\"'()[]{}/\\،؛۔।٭\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
# Spellings of one letter that the press uses side by side: Arabic alif with and without its sign, final ya and alif maqsura, Persian
# and Arabic ya and kaf; vowel signs, tatweel, the half-space and the Indic nukta may be there or not.
_SPELLINGS = str.maketrans(
    dict.fromkeys("أإآٱ", "ا")
    | dict.fromkeys("ىی", "ي")
    | {"ک": "ك", "ۀ": "ه", "ة": "ه", "ँ": "ं"}
    | dict.fromkeys("\u0640\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652\u0670\u200c\u200d\u200e\u200f\u093c")
    | dict(zip("\u0958\u0959\u095a\u095b\u095c\u095d\u095e\u095f", "कखगजडढफय", strict=True))
)


class Wording(NamedTuple):
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
    def read(cls, table: Any) -> Wording:
        """From a rule's keys; raises ValueError on a wrong one."""
        if not isinstance(table, Mapping):
            raise ValueError(f"a wording takes a table with phrases, line or part, not {table!r}")
        unknown = set(table) - {"phrases", "line", "part", "case"}
        if unknown:
            raise ValueError(f"unknown key {sorted(unknown)[0]!r} in a wording; there are phrases, line, part, case")
        phrases, line, part = (_strings(key, table.get(key, ())) for key in ("phrases", "line", "part"))
        if not (phrases or line or part):
            raise ValueError("a wording needs 'phrases', 'line' or 'part'")
        return cls(phrases, line, part, bool(table.get("case", False)))

    def patterns(self) -> Iterable[tuple[str, bool]]:
        """(pattern, whether it must match a whole line) of each."""
        yield from ((source, True) for source in self.line)
        yield from ((source, False) for source in self.part)


def _strings(key: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list | tuple) or not all(isinstance(v, str) and v.strip() for v in value):
        raise ValueError(f"{key!r} takes a string or a list of strings, none empty")
    return tuple(value)


def phrase_key(folded: str) -> str:
    """A line as phrases are compared: folded, spaces squeezed, spellings made one, without the signs around it; "x x" is "x"."""
    words = (folded if folded.isascii() else folded.translate(_SPELLINGS)).strip(_RIM).split()
    count = len(words)
    for times in (2, 3, 4):
        size, odd = divmod(count, times)
        if size and not odd and all(words[i] == words[i % size] for i in range(size, count)):
            words = words[:size]
            break
    return " ".join(words).strip(_RIM)


Need = tuple[int, int, int, int, tuple[tuple[str, ...], ...], bool, bool]
"""What a line must show for a pattern: see `literals.Needs`, here without the literals and flat"""
Owners = tuple[tuple[str, str], ...]
"""(rule, role) of those that have a phrase"""
Found = tuple[str, str, str, bool, bool]
"""A pattern: (rule, role, pattern, whole line, case matters)"""
HEAD = 4
"""Characters by which the literals are sorted: few of them begin alike, and few are shorter."""


class Index:
    """The wordings of a set of rules, by what is found in a text.

    ``phrases``: key of a phrase -> those that have it. ``patterns``, and, at the same place in ``needs``, what a line must show
    before each is tried.
    ``literals``: the strings without which patterns cannot match, and, at the same place in ``wanted``, the numbers of the
    patterns that hold to each. ``always``: numbers of the patterns that have no literal.
    """

    def __init__(
        self,
        phrases: dict[str, Owners],
        patterns: list[Found],
        wanted: dict[str, list[int]],
        always: list[int],
        needs: list[Need],
    ) -> None:
        self.phrases = phrases
        self.patterns = patterns
        self.literals = list(wanted)
        self.wanted = list(wanted.values())
        self.always = always
        self.needs = needs

    @cached_property
    def heads(self) -> dict[str, dict[str, int]]:
        """The first characters of a literal -> the literals that begin so -> their places."""
        heads: dict[str, dict[str, int]] = {}
        for place, literal in enumerate(self.literals):
            heads.setdefault(literal[:HEAD], {})[literal] = place
        return heads

    def stored(self) -> tuple[Any, ...]:
        """What `Stored` is made from."""
        owners = {one: place for place, one in enumerate(sorted(set(self.phrases.values())))}
        groups = {one: place for place, one in enumerate(sorted(set(map(tuple, self.wanted))))}
        heads: dict[str, dict[str, int]] = {}
        for literal, numbers in zip(self.literals, self.wanted, strict=True):
            heads.setdefault(literal[:HEAD], {})[literal] = groups[tuple(numbers)]
        return (
            Drawers.stored({key: owners[one] for key, one in self.phrases.items()}),
            Shelf.stored(owners),
            Shelf.stored(self.patterns),
            Shelf.stored(self.needs),
            Drawers.stored({head: table for head, table in heads.items() if len(head) == HEAD}),
            {head: table for head, table in heads.items() if len(head) < HEAD},
            Shelf.stored(map(list, groups)),
            self.always,
        )

    def joined(self, other: Index) -> Index:
        """The index of the rules of both, those of ``other`` last."""
        shift = len(self.patterns)
        made = Index({**self.phrases}, [*self.patterns, *other.patterns], {}, [*self.always, *(n + shift for n in other.always)], [])
        made.needs = [*self.needs, *other.needs]
        for key, owners in other.phrases.items():
            made.phrases[key] = (*made.phrases.get(key, ()), *owners)
        wanted = dict(zip(self.literals, self.wanted, strict=True))
        for literal, numbers in zip(other.literals, other.wanted, strict=True):
            wanted[literal] = [*wanted.get(literal, ()), *(number + shift for number in numbers)]
        made.literals, made.wanted = list(wanted), list(wanted.values())
        return made

    def owners(self, key: str) -> Owners:
        """Those that have the phrase."""
        return self.phrases.get(key, ())

    def beginning(self, head: str) -> Mapping[str, int]:
        """The literals that begin with these `HEAD` characters, or are these if they are fewer, with their places in ``wanted``."""
        return self.heads.get(head, {})


class Stored:
    """An index as it was stored: a few lines ask for little of it, and only that is read.

    ``patterns``, ``needs``, ``wanted`` and ``always`` as in `Index`.
    """

    def __init__(self, parts: tuple[Any, ...]) -> None:
        phrases, owners, patterns, needs, heads, self._short, wanted, self.always = parts
        self._phrases: Drawers[int] = Drawers(phrases)
        self._owners: Shelf[Owners] = Shelf(owners)
        self._heads: Drawers[dict[str, int]] = Drawers(heads)
        self.patterns: Shelf[Found] = Shelf(patterns)
        self.needs: Shelf[Need] = Shelf(needs)
        self.wanted: Shelf[list[int]] = Shelf(wanted)

    def owners(self, key: str) -> Owners:
        """Those that have the phrase."""
        place = self._phrases.get(key, -1)
        return self._owners[place] if place >= 0 else ()

    def beginning(self, head: str) -> Mapping[str, int]:
        """The literals that begin with these `HEAD` characters, or are these if they are fewer, with their places in ``wanted``."""
        return (self._heads.get(head, {}) if len(head) == HEAD else self._short.get(head)) or {}

    def whole(self) -> Index:
        """All of it."""
        owners, groups = list(self._owners), list(self.wanted)
        made = Index({}, list(self.patterns), {}, self.always, list(self.needs))
        made.phrases = {key: owners[place] for key, place in self._phrases.items()}
        wanted = {literal: groups[place] for _head, table in self._heads.items() for literal, place in table.items()}
        wanted |= {literal: groups[place] for table in self._short.values() for literal, place in table.items()}
        made.literals, made.wanted = list(wanted), list(wanted.values())
        return made


def index(wordings: Iterable[tuple[str, str, Wording]]) -> Index:
    """The index of some wordings, given as (rule, role, wording)."""
    phrases: dict[str, Owners] = {}
    patterns: list[Found] = []
    for rule, role, wording in wordings:
        for key in dict.fromkeys(phrase_key(fold(plain(phrase))) for phrase in wording.phrases):
            if key:
                phrases[key] = (*phrases.get(key, ()), (rule, role))
        patterns += ((rule, role, source, whole, wording.case) for source, whole in wording.patterns())
    wanted, always, needs = _sought(patterns)
    return Index(phrases, patterns, wanted, always, needs)


def _sought(patterns: Iterable[Found]) -> tuple[dict[str, list[int]], list[int], list[Need]]:
    """(literal -> numbers of the patterns that want it, numbers of the patterns without one, what else each needs)."""
    from cleaner.literals import needs

    wanted: dict[str, list[int]] = {}
    always: list[int] = []
    needed: list[Need] = []
    for number, (_rule, _role, source, whole, _case) in enumerate(patterns):
        literals, before, behind, also, digit, apart = needs(source, whole=whole)
        needed.append((*before, *behind, also, digit, apart))
        for literal in sorted(literals):
            wanted.setdefault(literal, []).append(number)
        if not literals:
            always.append(number)
    return wanted, always, needed
