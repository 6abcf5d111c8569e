"""The sub-commands of ``cleaner rules``: look at rules, test them, write them, fit them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from cleaner.arguments import AsJson, Form, RuleFiles, TextField, stdin, typed
from cleaner.commands import FAILED, FOUND, say
from cleaner.document import visible

rules_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Look at rules, test them, write them, fit them.")


def _book(files: Sequence[str]) -> Any:
    from cleaner import rulebook

    return rulebook.load(files)


@rules_app.command("list")
def rules_list(rules: RuleFiles = []) -> None:
    """All rules: id, kind and reason."""
    from cleaner.rulebook import OFF_BY_DEFAULT

    for rule in _book(rules).rules:
        off = " (off by default)" if rule.category in OFF_BY_DEFAULT else ""
        print(f"{rule.id:<40} {rule.kind:<8} {visible(rule.page['why'], name=True)}{off}")


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
    with typed(None) if lines == "-" else nullcontext(Path(lines)) as path:
        called = "standard input" if lines == "-" else lines
        corpus = drafting.Corpus(near, Options(text_field), form)
        made = drafting.draft(path, name=name, family=family, file=target, corpus=corpus, called=called)
    for note in made.notes:
        say(visible(note, name=True))
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

    with stdin(corpus, form) as given:
        found = impact.measure(file, given, replace=replace, samples=samples, options=Options(text_field), form=form)
    print(impact.as_json(found) if as_json else "\n".join(impact.as_text(found)))
    for failure in found.failures:
        say(f"failed: {visible(failure, name=True)}")
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
        print(f"{one.rule}: {one.side}: {one.example!r}\n    {visible(one.message)}")
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
            print(f"{visible(rule.page['file'], name=True)}: rule {rule.id}: {visible(finding)}")
    print(f"{len(book.rules)} rules, {count} findings")
    if count:
        raise typer.Exit(FOUND)


@rules_app.command("fit")
def rules_fit(
    labelled: Annotated[
        list[str], typer.Argument(metavar="LABELLED...", help="JSON Lines files of labelled documents.", show_default=False)
    ],
    rule: Annotated[str, typer.Option("--rule", metavar="ID", help="The rule to fit, of kind cues.", show_default=False)],
    rules: RuleFiles = [],
    noisy: Annotated[
        list[str],
        typer.Option("--noisy", metavar="FILE", help="Documents whose labels were guessed by a program; they count less. Repeatable."),
    ] = [],
    date: Annotated[
        str | None, typer.Option("--date", metavar="YYYY-MM-DD", help="The day the rule file shall name; today by default.")
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="The rule file to write; by default the rule's own if it is yours, else standard output."
        ),
    ] = None,
) -> None:
    """Fit the weights of a rule of weighed cues on labelled documents, and write them into its rule file."""
    from cleaner import refit as run

    subject = run.subject(rule, rules)
    target = run.target(subject, output)
    found, text = run.refit(subject, [Path(name) for name in labelled], [Path(name) for name in noisy], date)
    table = "\n".join(run.as_text(subject, found))
    if target is None:
        sys.stdout.buffer.write(text.encode("utf-8"))
        say(table)
    else:
        run.write(target, text)
        print(table)
