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

from cleaner.commands import FAILED, FOUND, say
from cleaner.document import CleanerError, visible

if TYPE_CHECKING:
    from cleaner.engine import Cleaner
    from cleaner.pipeline import Progress

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Clean text for corpora: boilerplate and duplicates out, with a record of every character that went.",
)
rules_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Look at rules, and test them.")
app.add_typer(rules_app, name="rules")

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
TextField = Annotated[str, typer.Option("--text-field", metavar="NAME", help="Field of JSON records that holds the text.")]
IdField = Annotated[str, typer.Option("--id-field", metavar="NAME", help="Field of JSON records that names them.")]
Form = Annotated[
    str | None,
    typer.Option("--format", metavar="FORMAT", help="Read every SRC as text, html or jsonl, whatever its name.", show_default=False),
]
DedupMode = Annotated[str, typer.Option("--dedup", metavar="none|exact|near", help="Which duplicates to leave out.")]
Threshold = Annotated[float, typer.Option("--threshold", help="Least Jaccard similarity of near-duplicates.")]
Jobs = Annotated[int, typer.Option("-j", "--jobs", min=0, help="Processes; 0: one for each processor.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the output of an earlier run.")]
Discard = Annotated[bool, typer.Option("--discard", help="Do not keep the documents that are left out.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="No progress, no summary.")]


def _cleaner(rules: Sequence[str], select: Sequence[str], ignore: Sequence[str], keep: Sequence[str], remove: Sequence[str]) -> Cleaner:
    from cleaner.engine import Cleaner

    return Cleaner(rules, select=select, ignore=ignore, keep=keep, remove=remove)


@contextmanager
def _stdin(given: list[str], form: str | None) -> Iterator[list[str]]:
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


@app.command()
def clean(
    source: Sources,
    output: Output,
    rules: RuleFiles = [],
    select: Select = [],
    ignore: Ignore = [],
    keep: Keep = [],
    remove: Remove = [],
    dedup: DedupMode = "near",
    threshold: Threshold = 0.8,
    text_field: TextField = "text",
    id_field: IdField = "id",
    form: Form = None,
    jobs: Jobs = 0,
    overwrite: Overwrite = False,
    discard: Discard = False,
    quiet: Quiet = False,
) -> None:
    """Clean and deduplicate SRC into OUT; OUT/_cleaner holds the record of what went and why."""
    cleaner = _cleaner(rules, select, ignore, keep, remove)
    _run(source, output, cleaner, dedup, threshold, text_field, id_field, form, jobs, overwrite, discard, quiet)


@app.command()
def dedup(
    source: Sources,
    output: Output,
    mode: DedupMode = "near",
    threshold: Threshold = 0.8,
    text_field: TextField = "text",
    id_field: IdField = "id",
    form: Form = None,
    jobs: Jobs = 0,
    overwrite: Overwrite = False,
    discard: Discard = False,
    quiet: Quiet = False,
) -> None:
    """Leave out duplicates without cleaning; OUT/_cleaner holds the record."""
    _run(source, output, None, mode, threshold, text_field, id_field, form, jobs, overwrite, discard, quiet)


def _run(
    source: list[str],
    output: str,
    cleaner: Cleaner | None,
    mode: str,
    threshold: float,
    text_field: str,
    id_field: str,
    form: str | None,
    jobs: int,
    overwrite: bool,
    discard: bool,
    quiet: bool,
) -> None:
    import os
    import tempfile

    from cleaner.dedup import Dedup
    from cleaner.formats import Options
    from cleaner.pipeline import Settings, clean_corpus

    settings = Settings(
        cleaner, Dedup.read(mode, threshold), Options(text_field, id_field), form, jobs or os.cpu_count() or 1, overwrite, discard
    )
    with _stdin(source, form) as given:
        if output == "-":
            from cleaner.walk import find

            if len(find(given, form).sources) > 1:
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
        say(f"failed: {failure}")
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
    counts, chars = run["counts"], run["chars"]
    left_out = f"{counts['duplicate']:,} duplicates, {counts['emptied']:,} emptied, {counts['failed']:,} failed"
    lines = [f"{counts['in']:,} documents in: {counts['kept']:,} kept, {left_out}"]
    if run["removed"]:
        lines.append(f"{'removed':<14}{'lines':>9}{'parts':>9}{'characters':>13}")
        for category, row in sorted(run["removed"].items(), key=lambda item: -item[1]["chars"]):
            lines.append(f"  {category:<12}{row['lines']:>9,}{row['edits'] - row['lines']:>9,}{row['chars']:>13,}")
    lines.append(f"{chars['in']:,} characters in, {chars['out']:,} out")
    if run["left_alone"]:
        lines.append(f"{len(run['left_alone']):,} files of other kinds were left alone ({run['left_alone'][0]} ...)")
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
    text_field: TextField = "text",
    form: Form = None,
    output_format: Annotated[
        str, typer.Option("--output-format", metavar="text|json|github|sarif", help="How findings are written.")
    ] = "text",
) -> None:
    """Say what cleaning would take away, and write nothing. Exit 1 if there is anything."""
    from cleaner.commands import check as run

    with _stdin(source, form) as given:
        code = run(given, _cleaner(rules, select, ignore, keep, remove), text_field, form, output_format)
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
    text_field: TextField = "text",
    form: Form = None,
) -> None:
    """Clean files in place. Exit 1 if one was changed. There is no record: keep the files under version control."""
    from cleaner.commands import fix as run

    code = run(source, _cleaner(rules, select, ignore, keep, remove), text_field, form)
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
    text_field: TextField = "text",
    form: Form = None,
) -> None:
    """Print a text with everything that cleaning takes away marked by its rule."""
    from cleaner import findings
    from cleaner.formats import Options
    from cleaner.walk import find

    cleaner = _cleaner(rules, select, ignore, keep, remove)
    failed = 0
    with _stdin([source], form) as given:
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


def _book(files: Sequence[str]) -> Any:
    from cleaner import rulebook

    return rulebook.load(files)


@rules_app.command("list")
def rules_list(rules: RuleFiles = []) -> None:
    """All rules: id, kind and reason."""
    from cleaner.rulebook import OFF_BY_DEFAULT

    for rule in _book(rules).rules:
        off = " (off by default)" if rule.category in OFF_BY_DEFAULT else ""
        print(f"{rule.id:<40} {rule.kind:<8} {rule.page['why']}{off}")


@rules_app.command("show")
def rules_show(
    rule: Annotated[str, typer.Argument(metavar="ID", help="The id of a rule.", show_default=False)],
    rules: RuleFiles = [],
    as_json: AsJson = False,
) -> None:
    """One rule: what it looks for, what it catches and what it spares."""
    from cleaner import describe

    print((describe.as_json if as_json else describe.page)(_book(rules)[rule]))


@rules_app.command("new")
def rules_new(
    lines: Annotated[
        str, typer.Argument(metavar="LINES", help="A text file of lines that should go; - for standard input.", show_default=False)
    ],
    output: Annotated[str, typer.Option("-o", "--output", metavar="FILE", help="A new rule file; its name is the family.")] = "-",
    name: Annotated[str | None, typer.Option("--id", metavar="NAME", help="The rule's id; by default made of its words.")] = None,
    family: Annotated[str | None, typer.Option("--family", metavar="NAME", help="The rule's category; by default its file's name.")] = None,
    near: Annotated[
        list[str], typer.Option("--near", metavar="CORPUS", help="Articles to take look-alikes from, and to count in. Repeatable.")
    ] = [],
    text_field: TextField = "text",
    form: Form = None,
) -> None:
    """Draft a rule from lines that should go, pasted one a line; with look-alikes that must stay, from a corpus."""
    from cleaner import drafting
    from cleaner.formats import Options

    target = None if output == "-" else drafting.new_file(output)
    with _stdin([lines], None) as given:
        called = "standard input" if lines == "-" else lines
        corpus = drafting.Corpus(near, Options(text_field), form)
        made = drafting.draft(Path(given[0]), name=name, family=family, file=target, corpus=corpus, called=called)
    for note in made.notes:
        say(note)
    if target is None:
        print(made.text, end="")
    elif made.text:
        drafting.write(target, made.text)


@rules_app.command("impact")
def rules_impact(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A rule file.", show_default=False)],
    corpus: Annotated[list[str], typer.Argument(metavar="CORPUS...", help="Directories, files or globs.", show_default=False)],
    replace: Annotated[
        bool, typer.Option("--replace", help="In place of the shipped file of its name; goes without saying for a copy of it.")
    ] = False,
    samples: Annotated[int, typer.Option("--samples", min=0, help="Lines to show for each rule.")] = 5,
    as_json: AsJson = False,
    text_field: TextField = "text",
    form: Form = None,
) -> None:
    """What a rule file changes: a corpus cleaned without and with it, and compared rule by rule. Writes nothing."""
    from cleaner import impact
    from cleaner.formats import Options

    with _stdin(corpus, form) as given:
        found = impact.measure(file, given, replace=replace, samples=samples, options=Options(text_field), form=form)
    print(impact.as_json(found) if as_json else "\n".join(impact.as_text(found)))
    for failure in found.failures:
        say(f"failed: {failure}")
    if found.failures:
        raise typer.Exit(FAILED)


@rules_app.command("test")
def rules_test(
    files: Annotated[
        list[str], typer.Argument(metavar="[FILE]...", help="Rule files of your own; without any: the shipped ones.", show_default=False)
    ] = [],
) -> None:
    """Run every example of the rules: each must catch and spare what it says. Exit 1 if one does not."""
    from cleaner import rulebook
    from cleaner.drafting import unfinished
    from cleaner.examples import failures
    from cleaner.impact import joined

    own = rulebook.load(files, shipped_too=not files)
    found = [*unfinished(own), *failures(own, joined(files)[0])]
    for one in found:
        print(f"{one.rule}: {one.side}: {one.example!r}\n    {one.message}")
    examples = sum(len(rule.page["catches"]) + len(rule.page["spares"]) for rule in own.rules)
    print(f"{len(own.rules)} rules, {examples} examples, {len(found)} failed")
    if found:
        raise typer.Exit(FOUND)


@rules_app.command("lint")
def rules_lint(
    files: Annotated[
        list[str], typer.Argument(metavar="[FILE]...", help="Rule files of your own; without any: the shipped ones.", show_default=False)
    ] = [],
) -> None:
    """Find rules that would slow the scan down, or that could take for ever. Exit 1 if there are any."""
    from cleaner import rulebook

    count = 0
    book = rulebook.load(files, shipped_too=not files)
    for rule in book.rules:
        for finding in rulebook.lint(rule):
            count += 1
            print(f"{rule.page['file']}: rule {rule.id}: {finding}")
    print(f"{len(book.rules)} rules, {count} findings")
    if count:
        raise typer.Exit(FOUND)


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        from cleaner.version import __version__

        print(__version__)
        raise typer.Exit
