"""Parquet: a row is a record, its text one of its columns.

A file is read row group by row group, and a row group in batches; what is kept of one is written as one. Only the column of the
text is written anew, in a table of pages as a new last one; the schema, its metadata, the codecs of the columns and all other
columns go through as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, ClassVar, NamedTuple

from cleaner.formats import compression, table
from cleaner.formats.compression import ReadError
from cleaner.formats.record import Options, Raw, Record, Rewriting

_BATCH = 1024


class _Batch(NamedTuple):
    """Some rows: the number of the first, from 1, their row group, and the rows."""

    first: int
    group: int
    rows: Any


class Parquet:
    """.parquet: the text's column is cleaned, all others are kept."""

    suffixes: ClassVar[tuple[str, ...]] = (".parquet",)
    target: ClassVar[str | None] = None
    many: ClassVar[bool] = True

    def raws(self, path: Path, options: Options) -> Iterator[Raw]:
        """The rows, numbered from 1. Raises ReadError."""
        with _opened(path, options) as source:
            for batch in source.batches():
                columns = {name: _told(batch.rows.column(place)) for name, place in source.columns.items() if name != options.text_field}
                damaged: dict[int, int] = {}
                if source.text is not None:
                    columns[options.text_field], damaged = _texts(batch.rows.column(source.text))
                for i in range(batch.rows.num_rows):
                    fields = {name: values[i] for name, values in columns.items()}
                    yield table.raw(batch.first + i, fields, {"replaced": str(damaged[i])} if i in damaged else {})

    def parse(self, path: Path, relative: str, raw: Raw, options: Options) -> Record:
        """Raises RecordError."""
        return table.record(raw, relative, options)

    def render(self, record: Record, text: str) -> str:
        return text

    @contextmanager
    def rewriting(self, sources: Sequence[Path], target: Path, options: Options) -> Iterator[Rewriting]:
        """Raises ReadError."""
        from contextlib import ExitStack

        import pyarrow.parquet as pq

        with ExitStack() as stack:
            opened = [stack.enter_context(_opened(source, options)) for source in sources]
            like = next((source for source in opened if source.file.metadata.num_row_groups), opened[0])
            stream = stack.enter_context(compression.writing(target))
            rows = _Rows(opened, options)
            settings = _settings(like.file, options.text_field if rows.added else "")
            rows.writer = stack.enter_context(pq.ParquetWriter(stream, rows.schema, **settings))
            yield rows
            rows.write()


class _Source:
    """An open file. Raises ReadError."""

    def __init__(self, file: Any, options: Options) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            self.file = pq.ParquetFile(file, pre_buffer=False)
            self.schema = self.file.schema_arrow
        except (pa.ArrowException, OSError, ValueError) as error:
            raise ReadError(f"not a Parquet file, or one that is cut off: {_first_line(error)}") from None
        self.columns = table.places(self.schema.names, options)
        self.text = self.columns.get(options.text_field)
        name = table.PAGE if self.text is None else options.text_field
        kind = self.schema.field(self.columns[name]).type
        if not _is_text(kind):
            raise ReadError(
                f"column {name!r} holds {kind}, not strings; its columns are: {table.listed(self.schema.names)}. "
                "Name the text's column with --text-field"
            )

    def batches(self) -> Iterator[_Batch]:
        """The rows with all their columns: a column that cannot be read ends the reading here, not when it is to be written."""
        import pyarrow as pa

        number = 1
        for group in range(self.file.metadata.num_row_groups):
            try:
                # without threads of its own: worker processes are forked from this one
                for rows in self.file.iter_batches(_BATCH, row_groups=[group], use_threads=False):
                    yield _Batch(number, group, rows)
                    number += rows.num_rows
            except (pa.ArrowException, OSError, ValueError) as error:
                raise ReadError(f"damaged Parquet file, in row group {group + 1}: {_first_line(error)}") from None


@contextmanager
def _opened(path: Path, options: Options) -> Iterator[_Source]:
    """The file, unpacked first where it is compressed as a whole. Raises ReadError."""
    import tempfile
    from contextlib import ExitStack

    with ExitStack() as stack:
        try:
            if compression.split(path.name)[1]:
                file: IO[bytes] = stack.enter_context(tempfile.TemporaryFile())
                for block in compression.blocks(path):
                    file.write(block)
                file.seek(0)
            else:
                file = stack.enter_context(path.open("rb"))
        except OSError as error:
            raise ReadError(f"cannot be read: {error.strerror or error}") from None
        yield _Source(file, options)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _settings(file: Any, added: str) -> dict[str, Any]:
    """How a file was written, for one to be written alike; a column that is added is packed as the pages are."""
    from itertools import chain

    metadata = file.metadata
    groups = [metadata.row_group(0)] if metadata.num_row_groups else []
    columns = list(chain.from_iterable((group.column(i) for i in range(group.num_columns)) for group in groups))
    codecs = {column.path_in_schema: "none" if column.compression == "UNCOMPRESSED" else column.compression.lower() for column in columns}
    if added and codecs:
        codecs[added] = codecs[table.PAGE]
    dictionary = [column.path_in_schema for column in columns if any("DICTIONARY" in name for name in column.encodings)]
    schema = file.schema
    return {
        "compression": codecs or "snappy",
        "use_dictionary": dictionary if columns else True,
        "store_schema": b"ARROW:schema" in (metadata.metadata or {}),
        "use_deprecated_int96_timestamps": any(schema.column(i).physical_type == "INT96" for i in range(len(schema))),
        "use_compliant_nested_type": not any(".list.item" in schema.column(i).path for i in range(len(schema))),
    }


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _dense(column: Any) -> Any:
    import pyarrow as pa

    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _texts(column: Any) -> tuple[list[str | None], dict[int, int]]:
    """The texts of a column, and how many characters could not be read in which of them."""
    import pyarrow as pa

    dense = _dense(column)
    try:
        return dense.to_pylist(), {}
    except UnicodeDecodeError:
        pass
    if pa.types.is_string_view(dense.type):
        dense = dense.cast(pa.large_string())
    texts: list[str | None] = []
    damaged: dict[int, int] = {}
    for i, source in enumerate(dense.cast(pa.large_binary() if pa.types.is_large_string(dense.type) else pa.binary()).to_pylist()):
        text = None if source is None else source.decode("utf-8", "replace")
        if text is not None and text.encode("utf-8") != source:
            damaged[i] = text.count("\ufffd")
        texts.append(text)
    return texts, damaged


def _told(column: Any) -> list[str | None]:
    """The values of a column that tells of the document, as text; None for what is no text, number or date."""
    import pyarrow as pa

    kind = column.type
    if _is_text(kind):
        return _texts(column)[0]
    if pa.types.is_integer(kind):
        return [None if value is None else str(value) for value in column.to_pylist()]
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        try:
            told: list[str | None] = column.cast(pa.string()).to_pylist()
        except pa.ArrowException:  # a time zone that this machine does not know
            return [None] * len(column)
        return told
    return [None] * len(column)


class _Rows:
    """A file being written: rows are gathered by the batch they come from, batches by their row group."""

    def __init__(self, sources: Sequence[_Source], options: Options) -> None:
        self._sources = sources
        self._options = options
        self.added = options.column == "added" and sources[0].text is None
        self.schema = self._schema(sources[0])
        self.writer: Any = None
        self._batches = [source.batches() for source in sources]
        self._current: list[_Batch | None] = [None for _ in sources]
        self._groups = [-1 for _ in sources]
        self._turned: set[int] = set()  # the sources whose row group has begun with the one being gathered
        self._from = -1
        self._taken: list[tuple[int, str | None]] = []  # place in the current batch, new text
        self._pieces: list[Any] = []

    def has(self, number: int, of: int = 0) -> bool:
        batch = self._current[of]
        while batch is None or number >= batch.first + batch.rows.num_rows:
            if self._from == of:
                self._settle()
            try:
                batch = self._current[of] = next(self._batches[of])
            except (StopIteration, ReadError):
                return False
        return number >= batch.first

    def keep(self, number: int, unit: str | None, of: int = 0) -> None:
        batch = self._current[of] if self.has(number, of) else None
        if batch is None:
            raise ReadError(f"row {number} is not there")
        if self._from != of:
            self._settle()
            self._from = of
        if batch.group != self._groups[of]:
            self._groups[of] = batch.group
            if of in self._turned:
                self.write()
                self._turned.clear()
            self._turned.add(of)
        self._taken.append((number - batch.first, unit))

    def _settle(self) -> None:
        """Takes the rows that were kept out of the batch they stand in."""
        batch = self._current[self._from] if self._taken else None
        if batch is None:
            return
        rows = _chosen(batch.rows, [place for place, _unit in self._taken])
        self._pieces.append(self._shaped(self._sources[self._from], rows, [unit for _, unit in self._taken]))
        self._taken = []

    def _schema(self, source: _Source) -> Any:
        import pyarrow as pa

        if self.added:
            return source.schema.append(pa.field(self._options.text_field, pa.string()))
        dropped = self._options.column == "dropped" and source.text is not None
        return source.schema.remove(source.text) if dropped else source.schema

    def _shaped(self, source: _Source, rows: Any, units: Sequence[str | None]) -> Any:
        """Rows with these texts in the column of the text, or in a new last one; without that column where it is to be dropped."""
        import pyarrow as pa

        column = source.text
        if self.added:
            return rows.append_column(self.schema.field(-1), pa.array(map(_storable, units), pa.string()))
        if column is None:
            return rows
        if self._options.column == "dropped":
            return rows.remove_column(column)
        old = _texts(rows.column(column))[0]
        if all(unit is None or unit == text for text, unit in zip(old, units, strict=True)):
            return rows
        return rows.set_column(column, rows.schema.field(column), _renewed(rows.column(column), old, units))

    def write(self) -> None:
        """Writes what was gathered as a row group."""
        import pyarrow as pa

        self._settle()
        if self._pieces:
            gathered = pa.Table.from_batches(self._pieces, self._pieces[0].schema).unify_dictionaries()
            self.writer.write_table(gathered, row_group_size=gathered.num_rows)
        self._pieces = []


def _chosen(rows: Any, places: list[int]) -> Any:
    import pyarrow as pa

    if len(places) == rows.num_rows:
        return rows
    try:
        return rows.take(pa.array(places, pa.int64()))
    except pa.ArrowNotImplementedError:  # a type that cannot be chosen from can be cut
        return pa.concat_batches([rows.slice(place, 1) for place in places])


def _renewed(column: Any, old: Sequence[str | None], units: Sequence[str | None]) -> Any:
    """A column of texts with the new ones in it; what has none stays to the byte."""
    import pyarrow as pa
    import pyarrow.compute as pc

    new = pa.array([None if unit == text else _storable(unit) for text, unit in zip(old, units, strict=True)], pa.large_string())
    kind = column.type
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    if pa.types.is_string_view(value):
        dense = pc.coalesce(new, _dense(column).cast(pa.large_string())).cast(value)
    else:
        dense = pc.coalesce(new.cast(value), _dense(column))
    if pa.types.is_dictionary(kind):
        dense = dense.dictionary_encode()
    return dense if dense.type == kind else dense.cast(kind)


def _storable(text: str | None) -> str | None:
    return None if text is None else text.encode("utf-8", "replace").decode("utf-8")
