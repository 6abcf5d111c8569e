"""The command: words in, calls out. Exit codes and what a person reads are decided here, and in `commands` for the hooks.

0 done, nothing found; 1 `check` found something, `fix` changed something; 2 wrong use, configuration or rule;
3 some inputs failed (named, kept aside, everything else done); 130 interrupted.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cleaner.arguments import Duplicates, Files, MaxRemoved, Output, Reading, Rules, Running, Sources, grouped, stdin
from cleaner.commands import FAILED, say
from cleaner.copies_cli import clusters, index_app
from cleaner.document import CleanerError, visible
from cleaner.review import MOST_REMOVED
from cleaner.rules_cli import rules_app

if TYPE_CHECKING:
    from cleaner.engine import Cleaner
    from cleaner.progress import Progress

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Clean text for corpora: boilerplate and duplicates out, with a record of every character that went.",
)
app.add_typer(rules_app, name="rules")
app.add_typer(index_app, name="index")


@app.command()
@grouped
def clean(
    source: Sources,
    output: Output,
    rules: Rules,
    duplicates: Duplicates,
    reading: Reading,
    files: Files,
    running: Running,
    max_removed: MaxRemoved = MOST_REMOVED,
) -> None:
    """Clean and deduplicate SRC into OUT; OUT/_cleaner holds the record of what went and why."""
    _run(source, output, rules.cleaner(), duplicates, reading, files, running, max_removed)


@app.command()
@grouped
def dedup(source: Sources, output: Output, duplicates: Duplicates, reading: Reading, files: Files, running: Running) -> None:
    """Leave out duplicates without cleaning; OUT/_cleaner holds the record."""
    _run(source, output, None, duplicates, reading, files, running)


def _run(
    source: list[str],
    output: str,
    cleaner: Cleaner | None,
    duplicates: Duplicates,
    reading: Reading,
    files: Files,
    running: Running,
    max_removed: float = MOST_REMOVED,
) -> None:
    import tempfile

    from cleaner import log
    from cleaner.choice import Prefer
    from cleaner.formats import Options
    from cleaner.pipeline import Settings, clean_corpus
    from cleaner.store import memory

    log.begin(running.log_format)
    settings = Settings(
        cleaner=cleaner,
        dedup=duplicates.settings,
        prefer=Prefer(duplicates.prefer),
        index=duplicates.remembered,
        append=bool(duplicates.index),
        options=Options(reading.text_field, running.id_field),
        form=reading.form,
        jobs=running.jobs,
        overwrite=running.overwrite,
        discard=running.discard,
        strict=running.strict,
        max_removed=max_removed,
        selection=files.selection,
        memory=memory(duplicates.memory),
    )
    with stdin(source, reading.form) as given, _progress(running) as progress:
        if output == "-":
            from cleaner.remote import listed
            from cleaner.walk import find

            if len(find(listed(given, Path("-")).given, reading.form, settings.selection).sources) > 1:
                raise CleanerError("-o - takes one SRC of one file; name a directory with -o")
            with tempfile.TemporaryDirectory(prefix="cleaner-") as folder:
                run = clean_corpus(given, Path(folder) / "out", settings, progress)
                _print_output(Path(folder) / "out")
        else:
            run = clean_corpus(given, output, settings, progress)
    if running.log_format == "text":
        _say(run, output, quiet=running.quiet)
    if run["counts"]["failed"]:
        raise typer.Exit(FAILED)


def _progress(running: Running) -> Progress:
    """Events for programs, a bar on a terminal's standard error, nothing elsewhere."""
    if running.log_format == "json":
        from cleaner.log import Log

        return Log(quiet=running.quiet)
    from cleaner.progress import Bars, Progress

    return Bars() if sys.stderr.isatty() and not running.quiet else Progress()


def _say(run: dict[str, Any], output: str, *, quiet: bool) -> None:
    """What a person reads when a run is done."""
    if not quiet:
        say(_summary(run, output))
    for failure in run["failures"][:20]:
        say(f"failed: {visible(failure, name=True)}")
    if len(run["failures"]) > 20:
        say(f"failed: {len(run['failures']) - 20} more; {output}/_cleaner/documents.jsonl names them all")


def _print_output(out: Path) -> None:
    from cleaner.formats.compression import blocks
    from cleaner.walk import RECORD

    files = sorted(p for p in out.rglob("*") if p.is_file() and RECORD not in p.relative_to(out).parts)
    for file in files:
        for block in blocks(file):
            sys.stdout.buffer.write(block)
    sys.stdout.buffer.flush()


def _summary(run: dict[str, Any], output: str) -> str:
    from cleaner.audit import REVIEW

    counts, chars = run["counts"], run["chars"]
    left_out = f"{_number(counts['duplicate'], 'duplicate')}, {counts['emptied']:,} emptied, {counts['failed']:,} failed"
    lines = [f"{_number(counts['in'], 'document')} in: {counts['kept']:,} kept, {left_out}"]
    if run["duplicates"]:
        found = ", ".join(f"{count:,} {kind}" for kind, count in run["duplicates"].items())
        alike = _number(run["templates"], "pair")
        apart = f"; differing in figures and names only, and left apart: {alike}" if run["templates"] else ""
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


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


@app.command()
@grouped
def check(
    source: Sources,
    rules: Rules,
    reading: Reading,
    files: Files,
    output_format: Annotated[
        str, typer.Option("--output-format", metavar="text|json|github|sarif", help="How findings are written.")
    ] = "text",
) -> None:
    """Say what cleaning would take away, and write nothing. Exit 1 if there is anything."""
    from cleaner.commands import check as run

    with stdin(source, reading.form) as given:
        code = run(given, rules.cleaner(), reading.text_field, reading.form, output_format, files.selection)
    if code:
        raise typer.Exit(code)


@app.command()
@grouped
def fix(source: Sources, rules: Rules, reading: Reading, files: Files) -> None:
    """Clean files in place. Exit 1 if one was changed. There is no record: keep the files under version control."""
    from cleaner.commands import fix as run

    code = run(source, rules.cleaner(), reading.text_field, reading.form, files.selection)
    if code:
        raise typer.Exit(code)


@app.command()
@grouped
def explain(
    source: Annotated[str, typer.Argument(metavar="FILE", help="A file; - for standard input.", show_default=False)],
    rules: Rules,
    reading: Reading,
) -> None:
    """Print a text with everything that cleaning takes away marked by its rule."""
    from cleaner import findings
    from cleaner.formats import Options
    from cleaner.remote import sources

    cleaner = rules.cleaner()
    failed = 0
    with stdin([source], reading.form) as given:
        for one in sources(given, reading.form):
            for name, result in findings.cleaned(one, cleaner, Options(reading.text_field)):
                if isinstance(result, str):
                    failed += 1
                    say(f"{findings.shown(one.shown)}{f':{name}' if name else ''}: {visible(result, name=True)}")
                    continue
                if one.reader.many:
                    print(f"=== {visible(result[0].document.id, name=True)}")
                print(findings.explain(result[1], color=sys.stdout.isatty()))
    if failed:
        raise typer.Exit(FAILED)


@app.command()
def restore(
    source: Annotated[str, typer.Argument(metavar="OUT", help="The output of a run, here or elsewhere (s3://...).", show_default=False)],
    output: Annotated[str, typer.Option("-o", "--output", metavar="DIR", help="A new directory.")],
) -> None:
    """Give every document back as it was before cleaning, from the output of a run alone."""
    from cleaner.restore import restore as run

    for note in run(source, output):
        say(visible(note, name=True))


app.command()(clusters)


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        from cleaner.version import __version__

        print(__version__)
        raise typer.Exit
