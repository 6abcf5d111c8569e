"""The commands that look at duplicates: ``cleaner clusters``, and ``cleaner index`` with its sub-commands."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cleaner.arguments import AsJson
from cleaner.commands import say
from cleaner.document import CleanerError, visible
from cleaner.walk import here

index_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Look at what earlier runs remember, and take out of it.")
IndexFolder = Annotated[str, typer.Argument(metavar="DIR", help="An index, as --index made it.", show_default=False)]


def clusters(
    source: Annotated[str, typer.Argument(metavar="OUT", help="The output of a run.", show_default=False)],
    by: Annotated[
        str, typer.Option("--by", metavar="size|doubt", help="Which clusters come first: the largest, or the least alike.")
    ] = "size",
    top: Annotated[int, typer.Option("--top", min=0, help="How many clusters to show; 0: all.")] = 20,
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", help="Cut the clusters anew, without the pairs that are less alike than this.", show_default=False),
    ] = None,
    diff: Annotated[
        tuple[str, str] | None, typer.Option("--diff", metavar="ID ID", help="Two documents word by word.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the clusters of duplicates that a run found."""
    from cleaner import audit
    from cleaner import clusters as looking

    out = here(source)
    if diff:
        for line in _diff(looking.text(out, diff[0]), looking.text(out, diff[1])):
            print(line)
        return
    if by not in ("size", "doubt"):
        raise CleanerError(f"no order {by!r}; there are size and doubt")
    found = looking.clusters(out, threshold)
    if by == "doubt":
        found.sort(key=lambda cluster: (-cluster.doubt, cluster.documents[0]["id"]))
    for cluster in found[: top or None]:
        if as_json:
            print(
                audit.shown(
                    {"documents": [row["id"] for row in cluster.documents], "pairs": cluster.pairs, "doubt": round(cluster.doubt, 6)}
                )
            )
            continue
        print(f"{len(cluster.documents):,} documents, least alike {1 - cluster.doubt:.3f}")
        for row in cluster.documents:
            size = f"{row['chars_in']:,}" if "chars_in" in row else ""  # as it came: of a copy nothing is written
            print(f"  {row['verdict']:<10}{size:>9}  {visible(row['id'], name=True)}")
        for pair in cluster.pairs[:3]:
            print(f"    {pair['kind']:<10}{looking.measure(pair):.3f}  {visible(pair['a'], name=True)}  {visible(pair['b'], name=True)}")
    if not as_json:
        total = sum(len(cluster.documents) for cluster in found)
        shown = f"; the first {top} are shown" if top and len(found) > top else ""
        say(f"{len(found):,} clusters of {total:,} documents{shown}")


def _diff(a: str, b: str) -> list[str]:
    """A word diff in lines."""
    import textwrap

    from cleaner.clusters import diff

    marks = {"same": "{}", "skipped": "\n{}\n", "old": "[-{}-]", "new": "{{+{}+}}"}
    if sys.stdout.isatty():
        marks |= {"old": "\033[31m[-{}-]\033[0m", "new": "\033[32m{{+{}+}}\033[0m"}
    shown = " ".join(marks[kind].format(visible(words)) for kind, words in diff(a, b))
    return [line for part in shown.split("\n") for line in textwrap.wrap(part, 120)]


@index_app.command("info")
def index_info(folder: IndexFolder, as_json: AsJson = False) -> None:
    """What an index holds."""
    from cleaner import audit, index

    found = index.info(here(folder))
    if as_json:
        print(audit.shown(found))
        return
    settings = ", ".join(f"{name} {value}" for name, value in found["settings"].items())
    print(f"{found['documents']:,} documents of {found['runs']:,} runs, {found['bytes']:,} bytes\nmade with {settings}")
    for source, count in found["sources"].items():
        print(f"{count:>9,}  {visible(source, name=True)}")


@index_app.command("remove")
def index_remove(
    folder: IndexFolder,
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A file, or a folder of files, as `index info` names it.", show_default=False)
    ],
) -> None:
    """Take a source's documents out of an index, fingerprints and texts."""
    from cleaner import index

    say(f"{index.remove(here(folder), source):,} documents removed")
