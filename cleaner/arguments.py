"""The words that commands share: options with their help, in groups, and standard input in the place of a file."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from cleaner.document import CleanerError
from cleaner.selection import Selection

if TYPE_CHECKING:
    from cleaner.dedup import Dedup
    from cleaner.engine import Cleaner
    from cleaner.walk import Listed

Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SRC...", help="Directories, files or globs, also elsewhere (s3://...); - for standard input.", show_default=False
    ),
]
Output = Annotated[
    str,
    typer.Option("-o", "--output", metavar="OUT", help="Directory to write, also elsewhere (s3://...); - for standard output (one SRC)."),
]
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
LogFormat = Annotated[
    str, typer.Option("--log-format", metavar="text|json", help="What goes to standard error: words, or one JSON object a line.")
]
Memory = Annotated[
    str,
    typer.Option("--memory", metavar="SIZE", help="What the search for duplicates holds in memory, as 512MB or 2GB; the rest is on disk."),
]
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


@dataclass(frozen=True)
class Rules:
    """Which rules clean."""

    rules: RuleFiles = field(default_factory=list)
    select: Select = field(default_factory=list)
    ignore: Ignore = field(default_factory=list)
    keep: Keep = field(default_factory=list)
    remove: Remove = field(default_factory=list)
    strictness: Strictness = "normal"

    def cleaner(self) -> Cleaner:
        from cleaner.engine import Cleaner

        return Cleaner(self.rules, select=self.select, ignore=self.ignore, keep=self.keep, remove=self.remove, strictness=self.strictness)


@dataclass(frozen=True)
class Reading:
    """How files are read."""

    text_field: TextField = "text"
    form: Form = None


@dataclass(frozen=True)
class Files:
    """Which files are read."""

    include: Include = field(default_factory=list)
    exclude: Exclude = field(default_factory=list)
    no_gitignore: NoGitignore = False

    @property
    def selection(self) -> Selection:
        return Selection(tuple(self.include), tuple(self.exclude), not self.no_gitignore)


@dataclass(frozen=True)
class Duplicates:
    """What a duplicate is, and which copy stays."""

    dedup: DedupMode = "near"
    threshold: Threshold = 0.8
    no_containment: NoContainment = False
    templates: Templates = "keep"
    no_fold: NoFold = False
    prefer: PreferWay = "longest"
    index: IndexDir = None
    against: Against = None
    memory: Memory = "96MB"

    @property
    def settings(self) -> Dedup:
        from cleaner.dedup import Dedup

        return Dedup.read(self.dedup, self.threshold, containment=not self.no_containment, templates=self.templates, fold=not self.no_fold)

    @property
    def remembered(self) -> Path | None:
        """The index of earlier runs. Raises CleanerError."""
        from cleaner.walk import is_url

        if self.index and self.against:
            raise CleanerError("--index and --against: name one of them")
        if self.against and not is_url(self.against) and not (Path(self.against) / "manifest.json").exists():
            raise CleanerError(f"{self.against}: holds no index; --index makes one")
        named = self.index or self.against
        if named and is_url(named):
            raise CleanerError(f"{named}: an index lies on this machine; name a directory")
        return Path(named) if named else None


@dataclass(frozen=True)
class Running:
    """How a run goes on."""

    id_field: IdField = "id"
    jobs: Jobs = 0
    overwrite: Overwrite = False
    discard: Discard = False
    strict: Strict = False
    quiet: Quiet = False
    log_format: LogFormat = "text"


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose groups of options are spread out for the parser, an option each, and come back as groups."""
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    spread: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command).parameters.items():
        if name not in groups:
            spread.append(parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY))
            continue
        own = get_type_hints(groups[name], include_extras=True)
        for option in fields(groups[name]):
            default = option.default if option.default_factory is MISSING else option.default_factory()
            spread.append(inspect.Parameter(option.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=own[option.name]))

    @wraps(command)
    def run(**given: Any) -> None:
        made = {name: group(**{option.name: given.pop(option.name) for option in fields(group)}) for name, group in groups.items()}
        command(**given, **made)

    run.__signature__ = inspect.Signature(spread)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in spread}
    return run


@contextmanager
def stdin(given: list[str], form: str | None) -> Iterator[Sequence[str | Listed]]:
    """What was named, with standard input in a file in the place of ``-``; messages call it by its name alone."""
    if "-" not in given:
        yield given
        return
    from cleaner.walk import Listed

    with typed(form) as path:
        found = Listed(((str(path), path.name, ""),), {str(path): path.name})
        yield [found if name == "-" else name for name in given]


@contextmanager
def typed(form: str | None) -> Iterator[Path]:
    """Standard input in a file."""
    import shutil
    import tempfile

    from cleaner.formats import FORMATS

    if form is not None and form not in FORMATS:
        raise CleanerError(f"no format {form!r}; there are {', '.join(FORMATS)}")
    with tempfile.TemporaryDirectory(prefix="cleaner-") as folder:
        path = Path(folder) / f"stdin{FORMATS[form or 'text'].suffixes[0]}"
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        yield path
