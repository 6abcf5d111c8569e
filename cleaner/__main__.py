"""The command's entry: a person's mistake ends in a message, never in a traceback."""

from __future__ import annotations

import errno
import io
import signal
import sys
from collections.abc import Callable, Sequence

from cleaner.commands import INTERRUPTED, OK, WRONG, check, fix, say
from cleaner.document import CleanerError

PLAIN: dict[str, Callable[[Sequence[str]], int]] = {"check": check, "fix": fix}
"""The hooks' commands: named with files alone there is nothing to parse, and they start in half the time."""


STOPPED = "cleaner: interrupted; files that stand under their names are whole"


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
    try:
        if len(words) > 1 and words[0] in PLAIN and not any(word.startswith("-") for word in words):
            sys.exit(PLAIN[words[0]](words[1:]))
        from cleaner.cli import app

        app()
    except CleanerError as error:
        say(f"cleaner: {error}")
        sys.exit(WRONG)
    except SystemExit as ended:
        if ended.code == INTERRUPTED:  # the parser's way to say it
            say(STOPPED)
        raise
    except KeyboardInterrupt:
        say(STOPPED)
        sys.exit(INTERRUPTED)
    except OSError as error:
        if error.errno != errno.EPIPE:
            say(f"cleaner: {error.filename or 'standard output'}: {error.strerror}")
            sys.exit(WRONG)
        # the reader of our output has gone; nothing more can be said to it
        sys.stderr.close()
        sys.exit(OK)


if __name__ == "__main__":
    main()
