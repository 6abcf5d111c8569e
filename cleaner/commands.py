"""What `check` and `fix` do, apart from the parsing of their options.

`check` runs before every commit, on a few small files: with no option to parse, the parser's own start would take longer than the
work (see `__main__`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from cleaner import findings, log
from cleaner.document import CleanerError, visible
from cleaner.engine import Cleaner
from cleaner.formats import Options
from cleaner.remote import sources
from cleaner.selection import ALL, Selection
from cleaner.walk import find

if TYPE_CHECKING:
    from cleaner.sources import Source
    from cleaner.walk import Listed

OK, FOUND, WRONG, FAILED, INTERRUPTED = 0, 1, 2, 3, 130


def say(message: str) -> None:
    """A line for the person at the terminal, or a message in a log of events."""
    if not log.event("message", message=message):
        print(visible(message), file=sys.stderr)


def say_wrong(message: str, code: int = WRONG) -> None:
    """Why a command ends before it is done."""
    if not log.event("error", message=message, code=code):
        say(f"cleaner: {message}")


def check(
    source: Sequence[str | Listed],
    cleaner: Cleaner | None = None,
    text_field: str = "text",
    form: str | None = None,
    output_format: str = "text",
    selection: Selection = ALL,
) -> int:
    """Prints what cleaning would take away; the exit code."""
    if output_format not in findings.WRITERS:
        raise CleanerError(f"no output format {output_format!r}; there are {', '.join(findings.WRITERS)}")
    cleaner = cleaner or Cleaner()
    seen = {findings.Finding: 0, findings.Failure: 0}

    def counted(files: Iterable[Source]) -> Iterator[findings.Finding | findings.Failure]:
        for one in files:
            for finding in findings.check(one, cleaner, Options(text_field)):
                seen[type(finding)] += 1
                yield finding

    for text in findings.WRITERS[output_format](counted(sources(source, form, selection)), cleaner.book):
        print(text)
    return FAILED if seen[findings.Failure] else FOUND if seen[findings.Finding] else OK


def fix(
    source: Sequence[str],
    cleaner: Cleaner | None = None,
    text_field: str = "text",
    form: str | None = None,
    selection: Selection = ALL,
) -> int:
    """Cleans files in place; the exit code."""
    cleaner = cleaner or Cleaner()
    changed = failed = 0
    for one in find(source, form, selection).sources:
        try:
            edits = findings.fix(one, cleaner, Options(text_field))
        except CleanerError as error:
            failed += 1
            say(f"{findings.shown(one.path)}: {visible(str(error), name=True)}")
            continue
        if edits:
            changed += 1
            print(f"{findings.shown(one.path)}: cleaned, {edits} place{'s' if edits > 1 else ''}")
    return FAILED if failed else FOUND if changed else OK
