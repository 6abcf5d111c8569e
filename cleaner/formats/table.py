"""What tables share: how a row reaches its worker, and which of its columns are looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cleaner.document import Document, visible
from cleaner.extract import extract
from cleaner.formats.compression import ReadError
from cleaner.formats.record import DATES, META, Options, Raw, Record, RecordError, describe

PAGE = "html"
_SHOWN = 30


def looked_at(options: Options) -> tuple[str, ...]:
    """The columns that are read: text, id, page, and what tells of the document."""
    return (options.text_field, options.id_field, PAGE, *META, *DATES)


def places(names: Sequence[str], options: Options) -> dict[str, int]:
    """Where the columns that are read stand; a table of pages has none for the text.

    Raises:
        ReadError: when there is no column for the text, nor one for pages, or more than one for the text or the id.
    """
    found = {name: names.index(name) for name in looked_at(options) if name in names}
    if options.text_field not in found and PAGE not in found:
        raise ReadError(
            f"no column {options.text_field!r} (and no {PAGE!r}); its columns are: {listed(names)}. "
            "Name the text's column with --text-field"
        )
    for name, option in ((options.text_field, "--text-field"), (options.id_field, "--id-field")):
        if names.count(name) > 1:
            raise ReadError(f"{names.count(name)} columns are named {name!r}; rename all but one, or name another with {option}")
    return found


def listed(names: Iterable[str]) -> str:
    """Column names for a message."""
    names = [visible(name) if len(name) <= 60 else visible(name[:60]) + "..." for name in names]
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "") if names else "none"


def raw(number: int, fields: Mapping[str, str | None], meta: Mapping[str, str], problem: str = "") -> Raw:
    """A row on its way to a worker: the columns that are read, what is known of it, or why it cannot be read."""
    import json

    return Raw(number, json.dumps([fields, meta, problem]).encode("ascii"))


def record(row: Raw, relative: str, options: Options) -> Record:
    """A row read. Raises RecordError."""
    import json

    if row.line is None:
        raise ValueError("a row of a table comes with its columns")
    fields, meta, problem = json.loads(row.line)
    if problem:
        raise RecordError(problem)
    known = {name: value for name, value in fields.items() if value is not None and name not in (options.text_field, options.id_field)}
    text, page = fields.get(options.text_field), known.get(PAGE)
    if text is not None:
        document, extracted = Document("", text), False
    elif page is not None:
        document, extracted = extract(page, known.get("url")), True
    else:
        null, none = (options.text_field, PAGE) if options.text_field in fields else (PAGE, options.text_field)
        raise RecordError(f"column {null!r} is null (and there is no {none!r})")
    name = fields.get(options.id_field)
    document.id = name if name and name.strip() else f"{relative}#{row.number}"
    describe(document, known)
    document.meta.update(meta)
    return Record(document, extracted)
