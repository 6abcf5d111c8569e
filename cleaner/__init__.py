"""Clean text for corpora: boilerplate and duplicates out, with a record of every character that went.

>>> import cleaner
>>> cleaned = cleaner.clean("The bridge opened on Monday.\\nAdvertisement\\nIt took two years to build.")
>>> print(cleaned.text)
The bridge opened on Monday.
It took two years to build.
>>> [(edit.rule, edit.old) for edit in cleaned.edits]
[('ad.marker', 'Advertisement\\n')]
>>> cleaned.restore() == cleaned.document.text
True
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cleaner.document import Cleaned, CleanerError, Document, Edit, Span, Verdict, apply, revert
from cleaner.engine import Cleaner
from cleaner.version import __version__

if TYPE_CHECKING:
    from cleaner.dedup import Mode, Pair, Templates

__all__ = [
    "Cleaned",
    "Cleaner",
    "CleanerError",
    "Document",
    "Edit",
    "Span",
    "Verdict",
    "__version__",
    "apply",
    "clean",
    "clean_corpus",
    "find_duplicates",
    "revert",
]


@cache
def _default() -> Cleaner:
    return Cleaner()


def clean(text: str, *, title: str | None = None) -> Cleaned:
    """A text without its boilerplate, by all rules that are on by default.

    Args:
        text: extracted text, a paragraph a line.
        title: the page's title, if it is known; repetitions of it are found more surely.
    Returns:
        What is left (``.text``) and every edit that led there (``.edits``); ``.restore()`` gives the source.
    """
    return _default().clean(Document("", text, title=title))


def clean_corpus(
    source: str | Path | Iterable[str | Path],
    out: str | Path,
    *,
    cleaner: Cleaner | None = None,
    dedup: Mode = "near",
    threshold: float = 0.8,
    containment: bool = True,
    templates: Templates = "keep",
    fold: bool = True,
    prefer: str = "longest",
    text_field: str = "text",
    id_field: str = "id",
    jobs: int = 1,
    overwrite: bool = False,
    discard: bool = False,
    max_removed: float = 0.9,
    memory: str = "96MB",
) -> dict[str, Any]:
    """Cleans and deduplicates files into a directory, as ``cleaner clean`` does.

    Args:
        source: a directory, file or glob, or several.
        out: a new directory; ``_cleaner`` in it will hold the record.
        cleaner: the rules to use. Default: all that are on by default.
        dedup: "none", "exact" or "near".
        threshold: the least Jaccard similarity of near-duplicates, 0 to 1.
        containment: parts of longer texts, and revised copies, are duplicates.
        templates: "merge" takes texts that differ in figures and names only for duplicates.
        fold: compare without what does not change the words.
        prefer: which copy stays: "longest", "first", "earliest" or "source:NAME,NAME".
        text_field: the field of JSON records, or the column of tables, that holds their text.
        id_field: the field of JSON records, or the column of tables, that names them.
        jobs: processes to use, 0: one for each processor; does not change the result.
        overwrite: replace the output of an earlier run.
        discard: do not keep the documents that are left out.
        max_removed: the share of a document, 0 to 1, beyond which a removal is not carried out but reported for review.
        memory: what the search for duplicates holds in memory, as "512MB" or "2GB"; does not change the result.
    Returns:
        The counts of ``_cleaner/run.json``: ``in`` = ``kept`` + ``duplicate`` + ``emptied`` + ``failed``.
    Raises:
        CleanerError: for a wrong setting, a source that is not there, an output that is not empty.

    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> (folder / "in").mkdir()
    >>> _ = (folder / "in" / "a.txt").write_text("The bridge opened on Monday.\\nAdvertisement\\n")
    >>> clean_corpus(folder / "in", folder / "out")
    {'in': 1, 'kept': 1, 'duplicate': 0, 'emptied': 0, 'failed': 0}
    >>> (folder / "out" / "a.txt").read_text()
    'The bridge opened on Monday.\\n'
    """
    from cleaner.choice import Prefer
    from cleaner.dedup import Dedup
    from cleaner.formats import Options
    from cleaner.pipeline import Settings
    from cleaner.pipeline import clean_corpus as run
    from cleaner.store import memory as size

    settings = Settings(
        cleaner=cleaner or Cleaner(),
        dedup=Dedup.read(dedup, threshold, containment=containment, templates=templates, fold=fold),
        prefer=Prefer(prefer),
        options=Options(text_field, id_field),
        jobs=jobs,
        overwrite=overwrite,
        discard=discard,
        max_removed=max_removed,
        memory=size(memory),
    )
    counts: dict[str, Any] = run(source, out, settings)["counts"]
    return counts


def find_duplicates(
    texts: Sequence[str],
    threshold: float = 0.8,
    mode: Mode = "near",
    *,
    containment: bool = True,
    templates: Templates = "keep",
    fold: bool = True,
) -> list[Pair]:
    """The pairs of duplicates among some texts; see `cleaner.dedup.find_duplicates`.

    >>> a = "The council approved the new bridge over the river on Monday after a long debate about its cost."
    >>> [(pair.a, pair.b, pair.kind, pair.jaccard) for pair in find_duplicates([a, "Rain is expected.", a.upper()])]
    [(0, 2, 'exact', 1.0)]
    """
    from cleaner.dedup import find_duplicates as find

    return find(texts, threshold, mode, containment=containment, templates=templates, fold=fold)
