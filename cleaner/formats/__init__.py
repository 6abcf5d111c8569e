"""The formats. Reading this table is knowing them all; each module reads and writes one."""

from __future__ import annotations

from pathlib import PurePath

from cleaner.formats.compression import ReadError, split
from cleaner.formats.csv import Csv
from cleaner.formats.html import Html
from cleaner.formats.jsonl import Jsonl
from cleaner.formats.parquet import Parquet
from cleaner.formats.record import Format, Options, Raw, Record, RecordError, Rewriting
from cleaner.formats.text import Text
from cleaner.formats.warc import Warc

FORMATS: dict[str, Format] = {"text": Text(), "html": Html(), "jsonl": Jsonl(), "csv": Csv(), "parquet": Parquet(), "warc": Warc()}
_KINDS = {suffix: key for key, form in FORMATS.items() for suffix in form.suffixes}

__all__ = ["FORMATS", "Format", "Options", "Raw", "ReadError", "Record", "RecordError", "Rewriting", "named", "output_name", "written"]


def named(name: str) -> str | None:
    """The format a file's name tells, or None."""
    before, _, suffix = split(name)[0].rpartition("/")[2].rpartition(".")
    return _KINDS.get(f".{suffix.lower()}") if before else None


def output_name(name: str, form: Format) -> str:
    """The name a file has in the output: its own, or that of the text taken from it ("a.html.gz": "a.txt.gz")."""
    if form.target is None:
        return name
    stem, compressed = split(name)
    return str(PurePath(stem).with_suffix(form.target)) + compressed


def written(kind: str) -> Format:
    """The format of what is written for files of a kind: the texts of many pages are JSON Lines."""
    form = FORMATS[kind]
    return FORMATS["jsonl"] if form.many and form.target else form
