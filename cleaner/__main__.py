"""The command's entry: a person's mistake ends in a message, never in a traceback."""

from __future__ import annotations

import errno
import io
import signal
import sys
from collections.abc import Callable, Sequence

from cleaner import log
from cleaner.commands import FOUND, INTERRUPTED, OK, WRONG, check, fix, say_wrong
from cleaner.document import CleanerError

PLAIN: dict[str, Callable[[Sequence[str]], int]] = {"check": check, "fix": fix}
"""The hooks' commands: named with files alone there is nothing to parse, and they start in half the time."""


STOPPED = "interrupted; files that stand under their names are whole"


def _interrupt(*_: object) -> None:
    """Told to end is as good as Ctrl-C: what is begun is taken back, what is whole stays."""
    raise KeyboardInterrupt


def main() -> None:
    """Runs the command; exits with its code (see `cli`)."""
    words = sys.argv[1:]
    signal.signal(signal.SIGTERM, _interrupt)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what the terminal cannot show is escaped
            stream.reconfigure(errors="backslashreplace")
    if log.asked(words):
        log.begin("json")
    try:
        if len(words) > 1 and words[0] in PLAIN and not any(word.startswith("-") for word in words):
            sys.exit(PLAIN[words[0]](words[1:]))
        sys.exit(_parsed())
    except CleanerError as error:
        say_wrong(str(error))
        sys.exit(WRONG)
    except SystemExit as ended:
        if ended.code == INTERRUPTED:  # the parser's way to say it
            say_wrong(STOPPED, INTERRUPTED)
        raise
    except KeyboardInterrupt:
        say_wrong(STOPPED, INTERRUPTED)
        sys.exit(INTERRUPTED)
    except OSError as error:
        if error.errno != errno.EPIPE:
            say_wrong(f"{error.filename or 'standard output'}: {error.strerror}")
            sys.exit(WRONG)
        # the reader of our output has gone; nothing more can be said to it
        sys.stderr.close()
        sys.exit(FOUND)  # as the parser ends then: not all was said, or fixed


def _parsed() -> int:
    """Has the words parsed, and runs the command; the exit code."""
    from cleaner.cli import app

    if not log.asked(sys.argv[1:]):
        app()
        return OK
    try:
        return app(standalone_mode=False) or OK
    except Exception as error:
        said = getattr(error, "format_message", None)  # what the parser's errors have in common, in all its versions
        if not said:
            raise
        say_wrong(f"{said()} See --help.")
        return WRONG


if __name__ == "__main__":
    main()
