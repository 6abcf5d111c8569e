"""The words that commands share: options with their help, and standard input in the place of a file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from cleaner.document import CleanerError

Sources = Annotated[
    list[str], typer.Argument(metavar="SRC...", help="Directories, files or globs; - for standard input.", show_default=False)
]
Output = Annotated[str, typer.Option("-o", "--output", metavar="OUT", help="Directory to write; - for standard output (one SRC).")]
RuleFiles = Annotated[
    list[str], typer.Option("--rules", metavar="FILE", help="A rule file of your own, beside the shipped ones. Repeatable.")
]
Select = Annotated[list[str], typer.Option("--select", metavar="RULE", help="Only this rule or family. Repeatable.")]
Ignore = Annotated[list[str], typer.Option("--ignore", metavar="RULE", help="Not this rule or family. Repeatable.")]
Keep = Annotated[list[str], typer.Option("--keep", metavar="CATEGORY", help="Do not remove this category. Repeatable.")]
Remove = Annotated[
    list[str], typer.Option("--remove", metavar="CATEGORY", help="Remove a category that is kept by default: byline. Repeatable.")
]
TextField = Annotated[
    str, typer.Option("--text-field", metavar="NAME", help="Field of JSON records, or column of tables, that holds the text.")
]
IdField = Annotated[str, typer.Option("--id-field", metavar="NAME", help="Field of JSON records, or column of tables, that names them.")]
Form = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help="Read every SRC as text, html, jsonl, csv, parquet or warc, whatever its name.",
        show_default=False,
    ),
]
Include = Annotated[
    list[str], typer.Option("--include", metavar="GLOB", help="Only files of such names, as in .gitignore: *.txt, /news/**. Repeatable.")
]
Exclude = Annotated[list[str], typer.Option("--exclude", metavar="GLOB", help="No files of such names. Repeatable.")]
NoGitignore = Annotated[bool, typer.Option("--no-gitignore", help="Read files in directories that .gitignore names, too.")]
DedupMode = Annotated[str, typer.Option("--dedup", metavar="none|exact|near", help="Which duplicates to leave out.")]
Threshold = Annotated[float, typer.Option("--threshold", help="Least Jaccard similarity of near-duplicates.")]
NoContainment = Annotated[bool, typer.Option("--no-containment", help="Parts of longer texts, and revised copies, are no duplicates.")]
Templates = Annotated[
    str, typer.Option("--templates", metavar="keep|merge", help="Whether texts that differ in figures and names only stay apart.")
]
NoFold = Annotated[bool, typer.Option("--no-fold", help="Compare words as they are, in lower case only.")]
PreferWay = Annotated[str, typer.Option("--prefer", metavar="WAY", help="Which copy stays: longest, first, earliest or source:NAME,NAME.")]
IndexDir = Annotated[
    str | None,
    typer.Option(
        "--index", metavar="DIR", help="Leave out copies of what earlier runs kept, and remember what this one keeps.", show_default=False
    ),
]
Against = Annotated[
    str | None,
    typer.Option(
        "--against", metavar="DIR", help="Leave out copies of what earlier runs kept, and change nothing in DIR.", show_default=False
    ),
]
Jobs = Annotated[int, typer.Option("-j", "--jobs", min=0, help="Processes; 0: one for each processor.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the output of an earlier run.")]
Discard = Annotated[bool, typer.Option("--discard", help="Do not keep the documents that are left out.")]
Strict = Annotated[bool, typer.Option("--strict", help="Stop at the first document that fails.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="No progress, no summary.")]
Strictness = Annotated[
    str, typer.Option("--strictness", metavar="low|normal|high", help="How much evidence weighed cues need: high removes least.")
]
MaxRemoved = Annotated[
    float,
    typer.Option(
        "--max-removed",
        min=0,
        max=1,
        help="Documents of which more than this share would be removed are left as they are and reported for review.",
    ),
]


@contextmanager
def stdin(given: list[str], form: str | None) -> Iterator[list[str]]:
    """What was named, with standard input in a file in the place of ``-``."""
    if "-" not in given:
        yield given
        return
    import shutil
    import tempfile

    from cleaner.formats import FORMATS

    if form is not None and form not in FORMATS:
        raise CleanerError(f"no format {form!r}; there are {', '.join(FORMATS)}")
    with tempfile.TemporaryDirectory(prefix="cleaner-") as folder:
        path = Path(folder) / f"stdin{FORMATS[form or 'text'].suffixes[0]}"
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        yield [str(path) if name == "-" else name for name in given]
