"""The command: words in, calls out. Exit codes and what a person reads are decided here, and in `commands` for the hooks.

0 done, nothing found; 1 `check` found something, `fix` changed something; 2 wrong use, configuration or rule;
3 some inputs failed (named, kept aside, everything else done); 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cleaner.arguments import (
    Against,
    DedupMode,
    Discard,
    Exclude,
    Form,
    IdField,
    Ignore,
    Include,
    IndexDir,
    Jobs,
    Keep,
    MaxRemoved,
    NoContainment,
    NoFold,
    NoGitignore,
    Output,
    Overwrite,
    PreferWay,
    Quiet,
    Remove,
    RuleFiles,
    Select,
    Sources,
    Strict,
    Strictness,
    Templates,
    TextField,
    Threshold,
    stdin,
)
from cleaner.commands import FAILED, say
from cleaner.copies_cli import clusters, index_app
from cleaner.document import CleanerError, visible
from cleaner.review import MOST_REMOVED
from cleaner.rules_cli import rules_app
from cleaner.selection import ALL, Selection

if TYPE_CHECKING:
    from cleaner.dedup import Dedup
    from cleaner.engine import Cleaner
    from cleaner.pipeline import Progress

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Clean text for corpora: boilerplate and duplicates out, with a record of every character that went.",
)
app.add_typer(rules_app, name="rules")
app.add_typer(index_app, name="index")
app.command()(clusters)


def _cleaner(
    rules: Sequence[str],
    select: Sequence[str],
    ignore: Sequence[str],
    keep: Sequence[str],
    remove: Sequence[str],
    strictness: str,
) -> Cleaner:
    from cleaner.engine import Cleaner

    return Cleaner(rules, select=select, ignore=ignore, keep=keep, remove=remove, strictness=strictness)


@app.command()
def clean(
    source: Sources,
    output: Output,
    rules: RuleFiles = [],
    select: Select = [],
    ignore: Ignore = [],
    keep: Keep = [],
    remove: Remove = [],
    strictness: Strictness = "normal",
    dedup: DedupMode = "near",
    threshold: Threshold = 0.8,
    no_containment: NoContainment = False,
    templates: Templates = "keep",
    no_fold: NoFold = False,
    prefer: PreferWay = "longest",
    index: IndexDir = None,
    against: Against = None,
    max_removed: MaxRemoved = MOST_REMOVED,
    text_field: TextField = "text",
    id_field: IdField = "id",
    form: Form = None,
    include: Include = [],
    exclude: Exclude = [],
    no_gitignore: NoGitignore = False,
    jobs: Jobs = 0,
    overwrite: Overwrite = False,
    discard: Discard = False,
    strict: Strict = False,
    quiet: Quiet = False,
) -> None:
    """Clean and deduplicate SRC into OUT; OUT/_cleaner holds the record of what went and why."""
    cleaner = _cleaner(rules, select, ignore, keep, remove, strictness)
    found = _dedup(dedup, threshold, no_containment, templates, no_fold)
    selection = _selection(include, exclude, no_gitignore)
    _run(
        source,
        output,
        cleaner,
        found,
        prefer,
        index,
        against,
        text_field,
        id_field,
        form,
        jobs,
        overwrite,
        discard,
        strict,
        quiet,
        max_removed,
        selection,
    )


@app.command()
def dedup(
    source: Sources,
    output: Output,
    mode: DedupMode = "near",
    threshold: Threshold = 0.8,
    no_containment: NoContainment = False,
    templates: Templates = "keep",
    no_fold: NoFold = False,
    prefer: PreferWay = "longest",
    index: IndexDir = None,
    against: Against = None,
    text_field: TextField = "text",
    id_field: IdField = "id",
    form: Form = None,
    include: Include = [],
    exclude: Exclude = [],
    no_gitignore: NoGitignore = False,
    jobs: Jobs = 0,
    overwrite: Overwrite = False,
    discard: Discard = False,
    strict: Strict = False,
    quiet: Quiet = False,
) -> None:
    """Leave out duplicates without cleaning; OUT/_cleaner holds the record."""
    found = _dedup(mode, threshold, no_containment, templates, no_fold)
    selection = _selection(include, exclude, no_gitignore)
    _run(
        source,
        output,
        None,
        found,
        prefer,
        index,
        against,
        text_field,
        id_field,
        form,
        jobs,
        overwrite,
        discard,
        strict,
        quiet,
        selection=selection,
    )


def _selection(include: list[str], exclude: list[str], no_gitignore: bool) -> Selection:
    return Selection(tuple(include), tuple(exclude), not no_gitignore)


def _dedup(mode: str, threshold: float, no_containment: bool, templates: str, no_fold: bool) -> Dedup:
    from cleaner.dedup import Dedup

    return Dedup.read(mode, threshold, containment=not no_containment, templates=templates, fold=not no_fold)


def _run(
    source: list[str],
    output: str,
    cleaner: Cleaner | None,
    dedup: Dedup,
    prefer: str,
    index: str | None,
    against: str | None,
    text_field: str,
    id_field: str,
    form: str | None,
    jobs: int,
    overwrite: bool,
    discard: bool,
    strict: bool,
    quiet: bool,
    max_removed: float = MOST_REMOVED,
    selection: Selection = ALL,
) -> None:
    import os
    import tempfile

    from cleaner.choice import Prefer
    from cleaner.formats import Options
    from cleaner.pipeline import Settings, clean_corpus

    if index and against:
        raise CleanerError("--index and --against: name one of them")
    if against and not (Path(against) / "manifest.json").exists():
        raise CleanerError(f"{against}: holds no index; --index makes one")
    memory = index or against
    settings = Settings(
        cleaner,
        dedup,
        Prefer(prefer),
        Path(memory) if memory else None,
        bool(index),
        Options(text_field, id_field),
        form,
        jobs or os.cpu_count() or 1,
        overwrite,
        discard,
        strict,
        max_removed=max_removed,
        selection=selection,
    )
    with stdin(source, form) as given:
        if output == "-":
            from cleaner.walk import find

            if len(find(given, form, selection).sources) > 1:
                raise CleanerError("-o - takes one SRC of one file; name a directory with -o")
            with tempfile.TemporaryDirectory(prefix="cleaner-") as folder:
                run = clean_corpus(given, Path(folder) / "out", settings)
                _print_output(Path(folder) / "out")
        else:
            with _progress(given, quiet) as progress:
                run = clean_corpus(given, output, settings, progress)
    if not quiet:
        say(_summary(run, output))
    for failure in run["failures"][:20]:
        say(f"failed: {visible(failure, name=True)}")
    if len(run["failures"]) > 20:
        say(f"failed: {len(run['failures']) - 20} more; {output}/_cleaner/documents.jsonl names them all")
    if run["counts"]["failed"]:
        raise typer.Exit(FAILED)


def _print_output(out: Path) -> None:
    from cleaner.formats.compression import blocks
    from cleaner.walk import RECORD

    files = sorted(p for p in out.rglob("*") if p.is_file() and RECORD not in p.relative_to(out).parts)
    for file in files:
        for block in blocks(file):
            sys.stdout.buffer.write(block)
    sys.stdout.buffer.flush()


@contextmanager
def _progress(given: list[str], quiet: bool) -> Iterator[Progress | None]:
    """A bar on a terminal's standard error, nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} documents, {task.speed:,.0f}/s"), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("cleaning", total=None)

        def advance(documents: int) -> None:
            bar.advance(task, documents)

        yield advance


def _summary(run: dict[str, Any], output: str) -> str:
    from cleaner.audit import REVIEW

    counts, chars = run["counts"], run["chars"]
    left_out = f"{counts['duplicate']:,} duplicates, {counts['emptied']:,} emptied, {counts['failed']:,} failed"
    lines = [f"{counts['in']:,} documents in: {counts['kept']:,} kept, {left_out}"]
    if run["duplicates"]:
        found = ", ".join(f"{count:,} {kind}" for kind, count in run["duplicates"].items())
        apart = f"; {run['templates']:,} pairs differ in figures and names only and stay apart" if run["templates"] else ""
        lines.append(f"duplicates: {found}{apart}")
    if run["removed"]:
        lines.append(f"{'removed':<14}{'lines':>9}{'parts':>9}{'characters':>13}")
        for category, row in sorted(run["removed"].items(), key=lambda item: -item[1]["chars"]):
            lines.append(f"  {category:<12}{row['lines']:>9,}{row['edits'] - row['lines']:>9,}{row['chars']:>13,}")
    lines.append(f"{chars['in']:,} characters in, {chars['out']:,} out")
    if run["review"]:
        left_to = f"{output}/_cleaner/{REVIEW}" if output != "-" else REVIEW
        lines.append(f"{run['review']:,} of the kept documents would have lost nearly all; left as they are, see {left_to}")
    if run["left_alone"]:
        lines.append(f"{len(run['left_alone']):,} files of other kinds were left alone ({visible(run['left_alone'][0], name=True)} ...)")
    kinds = {"hidden": "hidden", "ignored": "kept out by .gitignore, --include or --exclude"}
    left = ", ".join(f"{run[name]:,} {why}" for name, why in kinds.items() if run[name])
    if left:
        lines.append(f"files and folders left alone: {left}")
    if output != "-":
        lines.append(f"the record: {output}/_cleaner")
    return "\n".join(lines)


@app.command()
def check(
    source: Sources,
    rules: RuleFiles = [],
    select: Select = [],
    ignore: Ignore = [],
    keep: Keep = [],
    remove: Remove = [],
    strictness: Strictness = "normal",
    text_field: TextField = "text",
    form: Form = None,
    include: Include = [],
    exclude: Exclude = [],
    no_gitignore: NoGitignore = False,
    output_format: Annotated[
        str, typer.Option("--output-format", metavar="text|json|github|sarif", help="How findings are written.")
    ] = "text",
) -> None:
    """Say what cleaning would take away, and write nothing. Exit 1 if there is anything."""
    from cleaner.commands import check as run

    selection = _selection(include, exclude, no_gitignore)
    with stdin(source, form) as given:
        code = run(given, _cleaner(rules, select, ignore, keep, remove, strictness), text_field, form, output_format, selection)
    if code:
        raise typer.Exit(code)


@app.command()
def fix(
    source: Sources,
    rules: RuleFiles = [],
    select: Select = [],
    ignore: Ignore = [],
    keep: Keep = [],
    remove: Remove = [],
    strictness: Strictness = "normal",
    text_field: TextField = "text",
    form: Form = None,
    include: Include = [],
    exclude: Exclude = [],
    no_gitignore: NoGitignore = False,
) -> None:
    """Clean files in place. Exit 1 if one was changed. There is no record: keep the files under version control."""
    from cleaner.commands import fix as run

    code = run(
        source, _cleaner(rules, select, ignore, keep, remove, strictness), text_field, form, _selection(include, exclude, no_gitignore)
    )
    if code:
        raise typer.Exit(code)


@app.command()
def explain(
    source: Annotated[str, typer.Argument(metavar="FILE", help="A file; - for standard input.", show_default=False)],
    rules: RuleFiles = [],
    select: Select = [],
    ignore: Ignore = [],
    keep: Keep = [],
    remove: Remove = [],
    strictness: Strictness = "normal",
    text_field: TextField = "text",
    form: Form = None,
) -> None:
    """Print a text with everything that cleaning takes away marked by its rule."""
    from cleaner import findings
    from cleaner.formats import Options
    from cleaner.walk import find

    cleaner = _cleaner(rules, select, ignore, keep, remove, strictness)
    failed = 0
    with stdin([source], form) as given:
        for one in find(given, form).sources:
            for name, result in findings.cleaned(one, cleaner, Options(text_field)):
                if isinstance(result, str):
                    failed += 1
                    say(f"{one.path}{f':{name}' if name else ''}: {result}")
                    continue
                if one.reader.many:
                    print(f"=== {visible(result[0].document.id)}")
                print(findings.explain(result[1], color=sys.stdout.isatty()))
    if failed:
        raise typer.Exit(FAILED)


@app.command()
def restore(
    source: Annotated[str, typer.Argument(metavar="OUT", help="The output of a run.", show_default=False)],
    output: Annotated[str, typer.Option("-o", "--output", metavar="DIR", help="A new directory.")],
) -> None:
    """Give every document back as it was before cleaning, from the output of a run alone."""
    from cleaner.restore import restore as run

    for note in run(source, output):
        say(note)


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        from cleaner.version import __version__

        print(__version__)
        raise typer.Exit
