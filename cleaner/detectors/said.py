"""What a line's text alone shows of the cues: what it looks like, what it says. Where it stands is for `sheet`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from cleaner.lazy import lazy
from cleaner.segment import Line, is_wide

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_RARE = re.compile(r"[^\W\d_]{4,}")
_DIGIT = re.compile(r"\d")
_DATE = re.compile(
    r"\b\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})\b|\b(?:19|20)\d\d-\d\d-\d\d\b|\d{4}年"
    r"|\b\d{1,2}\.? [^\W\d_]{3,12}\.?,? (?:19|20)\d\d\b|\b[^\W\d_]{3,12}\.? \d{1,2}(?:st|nd|rd|th)?, (?:19|20)\d\d\b"
)
_CLOCK = re.compile(r"\b\d{1,2}[:.h]\d{2}\b")
_ADDRESS = re.compile(r"https?://|www\.|\w@\w|\w\.(?:com|org|net|info|eu)\b")
_POST = re.compile(r"(?:^|[\s.(])@\w|\bt\.co/|pic\.twitter\.com|(?:^|\s)#\w")
_SEPARATOR = re.compile(r"[|•·›▸►→]|(?<=\s)[/>](?=\s)")
LABEL = re.compile(r"[^\s:.]{2,20}(?: [^\s:.]{1,20}){0,2} ?[:|] \S")
_INITIALS = re.compile(r"\b[^\W\d_]\.(?:[^\W\d_]\.)+$")
_BROKEN = re.compile(r"[.?!] [^\W\d_A-Z]")
CUT = ("…", "...", "[…]", "[...]")
QUOTES = "\"'“„«‘‚»”「『"
_STEM = 6
"""Letters of a word that are compared: enough to tell words apart, few enough to let endings differ."""

Signs = dict[str, float]
"""Cue -> how much of it there is, mostly 0 to 1; what is not there is left out."""


class Said:
    """What a line's text alone shows; ``lists``: list's name -> its words."""

    def __init__(self, line: Line, lists: Mapping[str, frozenset[str]]) -> None:
        self._line = line
        self._lists = lists

    @lazy
    def words(self) -> list[str]:
        return _WORD.findall(self._line.folded)

    @lazy
    def stems(self) -> list[str]:
        return stems_of(self._line.folded)

    @lazy
    def post(self) -> bool:
        """Whether the line comes from a social medium."""
        text = self._line.text
        return ("@" in text or "#" in text or "t.co/" in text or "pic.twitter.com" in text) and _POST.search(text) is not None

    @lazy
    def address(self) -> bool:
        text = self._line.text
        return ("." in text or "@" in text or "://" in text) and _ADDRESS.search(text) is not None

    @lazy
    def dated(self) -> bool:
        text = self._line.text
        return _DIGIT.search(text) is not None and _DATE.search(text) is not None

    @lazy
    def closed(self) -> bool:
        """Whether the line closes a sentence, and not just with the dots of an abbreviation (D.C., U.S.)."""
        return self._line.ends_sentence and not _INITIALS.search(self._line.text)

    def holds(self, name: str) -> bool:
        """Whether a word of the list stands on the line."""
        listed = self._lists.get(name)
        return listed is not None and not listed.isdisjoint(self.words)

    def count(self, name: str) -> int:
        """How many words of the line are on the list."""
        listed = self._lists.get(name)
        found = listed.intersection(self.words) if listed else ()
        return sum(word in found for word in self.words) if found else 0

    @lazy
    def signs(self) -> Signs:
        """The cues of the text: what it looks like, and what it says as far as word lists tell."""
        return self._look() | self._say()

    def _look(self) -> Signs:
        """What the line looks like."""
        line, text = self._line, self._line.text
        words = line.chars // 2 if is_wide(text) else len(line.words)
        letters = sum(map(str.isalpha, text)) or 1
        first = text[0]
        tokens = [word for word in text.split() if word[0].isalpha()]
        signs = {
            "closed end" if self.closed else "open end": 1.0,
            "one word" if words <= 1 else "2-3 words" if words <= 3 else "4-6 words" if words <= 6
            else "7-12 words" if words <= 12 else "13-20 words" if words <= 20 else "over 20 words": 1.0,
        }  # fmt: skip
        signs |= there(
            {
                "cut short": text.endswith(CUT),
                "question": text.rstrip(QUOTES).endswith(("?", "？")),
                "exclamation": text.endswith(("!", "！")),
                "colon at end": text.endswith((":", "：")),
                "comma at end": text.endswith((",", ";")),
                "bracket at end": text.endswith((")", "]")),
                "small first letter": first.islower(),
                "digit first": first.isdigit(),
                "sign first": not first.isalnum() and first not in QUOTES + "¿¡([",
                "quote first": first in QUOTES,
                "title case": sum(word[0].isupper() for word in tokens[1:]) / (len(tokens) - 1) if len(tokens) > 2 else 0,
                "capitals": letters > 3 and sum(map(str.isupper, text)) > 0.6 * letters,
                "digits": sum(map(str.isdigit, text)) / len(text),
                "separators": min(3, len(_SEPARATOR.findall(text))),
                "commas": min(1.0, text.count(",") / max(1, words) * 3),
                "quoted": line.quoted,
                "small letter behind a sentence": (broken := _BROKEN.search(text)) is not None and broken[0][-1].islower(),
                "over 200 characters": line.chars > 200,
            }
        )
        return signs

    def _say(self) -> Signs:
        """What the line says, as far as word lists tell."""
        text = self._line.text
        count = max(1, len(self.words))
        function = self.count("function")
        return there(
            {
                "function words": function / count,
                "no function word": count > 3 and not function,
                "past tense": min(2, self.count("past")),
                "present tense": min(2, self.count("present")),
                "says who": min(2, self.count("said")),
                "called": min(2, self.count("call")),
                "addressed": min(2, self.count("you")),
                "pictured": min(2, self.count("media")),
                "date": self.dated,
                "date alone": self.dated and self._line.chars < 30,
                "clock time": _DIGIT.search(text) is not None and _CLOCK.search(text) is not None,
                "address": self.address,
                "post": self.post,
                "label": LABEL.match(text) is not None,
            }
        )


def there(signs: Mapping[str, float]) -> Signs:
    """Those of the cues that are there."""
    return {name: float(value) for name, value in signs.items() if value}


def stems_of(folded: str) -> list[str]:
    """The beginnings of the rarer words; pairs of characters in scripts without spaces."""
    if is_wide(folded):
        solid = "".join(_WORD.findall(folded))
        return [solid[i : i + 2] for i in range(len(solid) - 1)]
    return [word[:_STEM] for word in _RARE.findall(folded)]
