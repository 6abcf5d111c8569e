"""The one room that speaks SQL: texts' digests and band keys, and which of them meet.

DuckDB groups and joins them on disk where memory is short.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

BUCKET = 64
"""Texts that share a band key beyond this number are compared with the first of them only: all pairs would be a square."""

_COPIES = "SELECT list(doc ORDER BY doc) FROM docs GROUP BY digest HAVING count(*) > 1 ORDER BY min(doc)"
_CANDIDATES = f"""
WITH firsts AS (SELECT min(doc) AS doc FROM docs GROUP BY digest),
buckets AS (
    SELECT band, key, list(doc ORDER BY doc) AS members
    FROM bands SEMI JOIN firsts USING (doc) GROUP BY band, key HAVING count(*) > 1
),
pairs AS (
    SELECT DISTINCT a.doc AS a, b.doc AS b
    FROM (SELECT band, key, unnest(members) AS doc FROM buckets WHERE len(members) <= {BUCKET}) a
    JOIN (SELECT band, key, unnest(members) AS doc FROM buckets WHERE len(members) <= {BUCKET}) b
    ON a.band = b.band AND a.key = b.key AND a.doc < b.doc
    UNION
    SELECT members[1] AS a, unnest(members[2:]) AS b FROM buckets WHERE len(members) > {BUCKET}
)
SELECT a, b FROM pairs ORDER BY a, b
"""


class Store:
    """Digests and band keys of the documents of one run, by number.

    ``folder`` takes what does not fit into memory.
    """

    def __init__(self, folder: Path | None = None) -> None:
        import duckdb

        self._db = duckdb.connect(":memory:")
        if folder:
            self._db.execute("SET temp_directory = ?", [str(folder)])
        self._db.execute("CREATE TABLE docs (doc BIGINT, digest BLOB)")
        self._db.execute("CREATE TABLE bands (doc BIGINT, band INTEGER, key BIGINT)")
        self._docs: list[tuple[int, bytes]] = []
        self._bands: list[tuple[int, Sequence[int]]] = []

    def add(self, doc: int, digest: bytes, keys: Sequence[int]) -> None:
        """Notes a document; ``keys`` is empty where only exact copies are asked for."""
        self._docs.append((doc, digest))
        self._bands.append((doc, keys))
        if len(self._docs) >= 20_000:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        def insert(table: str, columns: dict[str, Any]) -> None:
            self._db.register("arriving", pa.table(columns))
            self._db.execute(f"INSERT INTO {table} SELECT * FROM arriving")
            self._db.unregister("arriving")

        if self._docs:
            insert(
                "docs",
                {"doc": pa.array([d for d, _ in self._docs], pa.int64()), "digest": pa.array([h for _, h in self._docs], pa.binary())},
            )
            rows = [(doc, band, key) for doc, keys in self._bands for band, key in enumerate(keys)]
            columns = list(zip(*rows, strict=True)) or [(), (), ()]
            types = (pa.int64(), pa.int32(), pa.int64())
            insert("bands", {n: pa.array(c, t) for n, c, t in zip(("doc", "band", "key"), columns, types, strict=True)})
            self._docs, self._bands = [], []

    def copies(self) -> Iterator[list[int]]:
        """The groups of documents with the same digest, each in order."""
        self._flush()
        yield from (row[0] for row in self._rows(_COPIES))

    def candidates(self) -> Iterator[tuple[int, int]]:
        """Pairs that share a band key, in order, of each group of copies only the first document."""
        self._flush()
        yield from ((a, b) for a, b in self._rows(_CANDIDATES))

    def _rows(self, query: str) -> Iterator[tuple[Any, ...]]:
        result = self._db.execute(query)
        while rows := result.fetchmany(10_000):
            yield from rows

    def close(self) -> None:
        self._db.close()
