"""What a rule wants looked for on a line, and the one index in which all rules' wordings are looked up.

The index is made of plain tuples and dictionaries, so that it can be stored and read back faster than it is made.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

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


Need = tuple[int, int, int, int, tuple[tuple[str, ...], ...]]
"""What a line must show for a pattern: see `literals.Needs`, here without the literals and flat"""


class Index:
    """The wordings of a set of rules, by what is found in a text.

    ``phrases``: key of a phrase -> (rule, role) of those that have it. ``patterns``: (rule, role, pattern, whole line, case
    matters), and, at the same place in ``needs``, what a line must show before it is tried.
    ``literals``: the strings without which patterns cannot match, and, at the same place in ``wanted``, the numbers of the
    patterns that hold to each. ``always``: numbers of the patterns that have no literal.
    """

    def __init__(
        self,
        phrases: dict[str, list[tuple[str, str]]],
        patterns: list[tuple[str, str, str, bool, bool]],
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

    def stored(self) -> tuple[Any, ...]:
        """The index in few large strings, which are read back in a fifth of the time that dictionaries take."""
        owners = sorted({tuple(owner) for owner in self.phrases.values()})
        numbers = sorted({tuple(numbers) for numbers in self.wanted})
        place, group = {owner: i for i, owner in enumerate(owners)}, {one: i for i, one in enumerate(numbers)}
        return (
            "\n".join(self.phrases),
            array("I", [place[tuple(owner)] for owner in self.phrases.values()]).tobytes(),
            owners,
            self.patterns,
            "\x00".join(self.literals),
            array("I", [group[tuple(one)] for one in self.wanted]).tobytes(),
            numbers,
            self.always,
            self.needs,
        )

    def joined(self, other: Index) -> Index:
        """The index of the rules of both, those of ``other`` last."""
        shift = len(self.patterns)
        made = Index({**self.phrases}, [*self.patterns, *other.patterns], {}, [*self.always, *(n + shift for n in other.always)], [])
        made.needs = [*self.needs, *other.needs]
        for key, owners in other.phrases.items():
            made.phrases[key] = [*made.phrases.get(key, ()), *owners]
        wanted = dict(zip(self.literals, self.wanted, strict=True))
        for literal, numbers in zip(other.literals, other.wanted, strict=True):
            wanted[literal] = [*wanted.get(literal, ()), *(number + shift for number in numbers)]
        made.literals, made.wanted = list(wanted), list(wanted.values())
        return made

    @classmethod
    def read(cls, stored: tuple[Any, ...]) -> Index:
        """The inverse of `stored`."""
        keys, places, owners, patterns, literals, groups, numbers, always, needs = stored
        made = cls({}, patterns, {}, always, needs)
        if keys:
            made.phrases = dict(zip(keys.split("\n"), map(owners.__getitem__, array("I", places)), strict=True))
        if literals:
            made.literals = literals.split("\x00")
            made.wanted = list(map(numbers.__getitem__, array("I", groups)))
        return made


def index(wordings: Iterable[tuple[str, str, Wording]]) -> Index:
    """The index of some wordings, given as (rule, role, wording)."""
    phrases: dict[str, list[tuple[str, str]]] = {}
    patterns: list[tuple[str, str, str, bool, bool]] = []
    for rule, role, wording in wordings:
        for key in dict.fromkeys(phrase_key(fold(plain(phrase))) for phrase in wording.phrases):
            if key:
                phrases.setdefault(key, []).append((rule, role))
        patterns += ((rule, role, source, whole, wording.case) for source, whole in wording.patterns())
    wanted, always, needs = _sought(patterns)
    return Index(phrases, patterns, wanted, always, needs)


def _sought(patterns: Iterable[tuple[str, str, str, bool, bool]]) -> tuple[dict[str, list[int]], list[int], list[Need]]:
    """(literal -> numbers of the patterns that want it, numbers of the patterns without one, what else each needs)."""
    from cleaner.literals import needs

    wanted: dict[str, list[int]] = {}
    always: list[int] = []
    needed: list[Need] = []
    for number, (_rule, _role, source, whole, _case) in enumerate(patterns):
        literals, before, behind, also = needs(source, whole=whole)
        needed.append((*before, *behind, also))
        for literal in sorted(literals):
            wanted.setdefault(literal, []).append(number)
        if not literals:
            always.append(number)
    return wanted, always, needed
