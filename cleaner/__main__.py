"""The command's entry: a person's mistake ends in a message, never in a traceback."""

from __future__ import annotations

import sys

from cleaner.commands import INTERRUPTED, OK, WRONG, check, fix, say
from cleaner.document import CleanerError

PLAIN = {"check": check, "fix": fix}
"""The hooks' commands: named with files alone there is nothing to parse, and they start in half the time."""


def main() -> None:
    """Runs the command; exits with its code (see `cli`)."""
    words = sys.argv[1:]
    try:
        if len(words) > 1 and words[0] in PLAIN and not any(word.startswith("-") for word in words):
            sys.exit(PLAIN[words[0]](words[1:]))
        from cleaner.cli import app

        app()
    except CleanerError as error:
        say(f"cleaner: {error}")
        sys.exit(WRONG)
    except KeyboardInterrupt:
        say("cleaner: interrupted; files that stand under their names are whole")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # the reader of our output has gone; nothing more can be said to it
        sys.stderr.close()
        sys.exit(OK)


if __name__ == "__main__":
    main()
