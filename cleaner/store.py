"""The one room that speaks SQL: sketches of documents, which of them meet, and which hang together.

DuckDB holds the tables, on disk where a folder is given. Plain SQL over BIGINT hashes: GROUP BY, JOIN, MIN, COUNT and a new
table for each round, so that another engine can run the same words.
"""

from __future__ import annotations

import itertools
import os
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from cleaner.document import CleanerError

BUCKET = 64
"""Texts that share a key beyond this number are compared with one of them only: all pairs would be a square."""
PAIRS = 200
"""Pairs that a text may have on average by the passages that it shares with others, before rarer passages alone count: in a corpus of
which each passage stands in thirty texts all pairs would be a thousand times the texts."""
MET = 0.35
"""Texts that have at least this share of the smaller sample in common are compared: half of what a part of the other has."""
_FLUSH = 10_000
MEMORY = 96_000_000
"""Bytes that the database holds in memory; the rest is on disk."""
_LEAST_MEMORY = 64_000_000
_BYTES, _THREAD = 128, 64_000_000
"""Of that memory, what a sampled hash takes while it is grouped with others, and what a thread of the database needs."""
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KI": 1 << 10, "MI": 1 << 20, "GI": 1 << 30, "TI": 1 << 40}


class Fingerprint(NamedTuple):
    """What is needed to find a text's copies without the text: plain bytes, cheap to send between processes."""

    words: int
    digest: bytes
    """16 bytes, equal for texts of the same words."""
    keys: bytes
    """A band key beside the other, 8 bytes each; none where only exact copies are asked for."""
    sample: bytes
    """Sampled shingle hashes, 8 bytes each."""
    short: bytes = b""
    """The lowest byte of each value of the signature; none where parts of longer texts are asked for, which it says nothing of."""


class Candidates(NamedTuple):
    """Pairs that are worth a comparison; those of what hangs together stand together, so that a text is read once, not once a pair."""

    number: int
    pairs: Iterable[tuple[int, int]]


class Store:
    """The fingerprints of the documents of one run, by number.

    Args:
        folder: takes the tables; in memory without it.
        bands: how many keys each document has.
        memory: bytes to hold; what is more is written to the folder.
    """

    def __init__(self, folder: Path | None = None, bands: int = 0, memory: int = MEMORY) -> None:
        import duckdb

        self.bands = bands
        self._db = duckdb.connect(str(folder / "store.duckdb") if folder else ":memory:")
        self._db.execute(_limit(memory))
        self._part = memory // _BYTES
        self._db.execute("SET preserve_insertion_order = false")
        self._db.execute("SET temp_directory = ?", [str(folder or "")])  # without a folder it would make one where the user stands
        keys = "".join(f", k{band} BIGINT" for band in range(bands))
        self._db.execute(f"CREATE TABLE docs (doc BIGINT, id VARCHAR, one BIGINT, two BIGINT, sampled BIGINT{keys})")
        self._db.execute("CREATE TABLE samples (hash BIGINT, doc BIGINT)")
        self._waiting: list[tuple[int, str, Fingerprint]] = []
        self._short: list[bytes] = []
        self._shortened = array("q")

    def add(self, doc: int, name: str, fingerprint: Fingerprint) -> None:
        """Notes a document under its number and id; of exact copies the one with the least id stands for all."""
        self._waiting.append((doc, name, fingerprint))
        if fingerprint.short:
            self._short.append(fingerprint.short)
            self._shortened.append(doc)
        if len(self._waiting) >= _FLUSH:
            self._flush()

    def _flush(self) -> None:
        import numpy as np
        import pyarrow as pa

        if not self._waiting:
            return
        docs = np.fromiter((doc for doc, _, _ in self._waiting), np.int64, len(self._waiting))
        prints = [fingerprint for _, _, fingerprint in self._waiting]
        digests = np.frombuffer(b"".join(p.digest for p in prints), np.int64).reshape(-1, 2)
        keys = np.frombuffer(b"".join(p.keys for p in prints), np.int64).reshape(len(prints), self.bands)
        sampled = np.fromiter((len(p.sample) // 8 for p in prints), np.int64, len(prints))
        # here ids only give an order; a surrogate, as an odd byte in a file's name becomes, has no place in Arrow's strings
        names = [name.encode("utf-8", "backslashreplace") for _, name, _ in self._waiting]
        table = {"doc": docs, "id": pa.array(names, pa.binary()).cast(pa.string()), "one": digests[:, 0], "two": digests[:, 1]}
        table |= {"sampled": sampled} | {f"k{band}": keys[:, band] for band in range(self.bands)}
        self._insert("docs", table)
        hashes = np.frombuffer(b"".join(p.sample for p in prints), np.int64)
        if hashes.size:
            self._insert("samples", {"hash": hashes, "doc": np.repeat(docs, sampled)})
        self._waiting = []

    def _insert(self, table: str, columns: dict[str, Any]) -> None:
        import pyarrow as pa

        self._db.register("arriving", pa.table(columns))
        self._db.execute(f"INSERT INTO {table} SELECT * FROM arriving")
        self._db.unregister("arriving")

    def copies(self) -> Iterator[list[int]]:
        """The groups of documents with the same digest: the one that stands for them, and the others by id."""
        self._flush()
        run = self._db.execute
        # sorted, not gathered in lists: these would have to lie in memory
        run("CREATE TABLE twice AS SELECT one, two FROM docs GROUP BY one, two HAVING count(*) > 1")
        run("CREATE TABLE copies AS SELECT one, two, id, doc FROM docs SEMI JOIN twice USING (one, two)")
        rows = self._rows("SELECT one, two, doc FROM copies ORDER BY one, two, id, doc")
        for _, group in itertools.groupby(rows, itemgetter(0, 1)):
            yield [doc for _, _, doc in group]
        run("DROP TABLE twice; DROP TABLE copies")

    def candidates(self, *, contained: bool = False, alike: float = 0) -> Candidates:
        """Pairs that share a band key; of each group of copies only the one that stands for it.

        Args:
            contained: also pairs of which a large share of the smaller sample lies in the other's.
            alike: where short signatures are known, only pairs of which this share agrees.
        """
        self._flush()
        run = self._db.execute
        run("CREATE TABLE singles AS SELECT arg_min(doc, (id, doc)) AS doc FROM docs GROUP BY one, two")
        run("CREATE TABLE candidates (a BIGINT, b BIGINT)")
        columns = [f"k{band}" for band in range(self.bands)]
        most = max(1, self._part // max(1, self._count("singles")))
        for at in range(0, len(columns), most):  # keys of different bands are equal by chance only, and that does no harm
            keys = f"unnest([{', '.join(columns[at : at + most])}])"
            run(f"CREATE TABLE keyed AS SELECT {keys} AS key, doc, id FROM docs SEMI JOIN singles USING (doc)")
            run("CREATE TABLE buckets AS SELECT key, count(*) AS n, arg_min(doc, id) AS star FROM keyed GROUP BY key HAVING count(*) > 1")
            run(f"INSERT INTO candidates {_meeting('keyed', 'key')}")
            run("DROP TABLE keyed; DROP TABLE buckets")
        if contained:
            self._sampled()
        run("CREATE TABLE meeting AS SELECT DISTINCT least(a, b) AS a, greatest(a, b) AS b FROM candidates")
        run("DROP TABLE candidates")
        if self._short and not contained:
            self._only_alike(alike)
        return self._together("meeting")

    def _only_alike(self, least: float) -> None:
        """Leaves of the pairs that meet those of which so much of the short signatures agrees."""
        import numpy as np

        short = np.frombuffer(b"".join(self._short), np.uint8).reshape(len(self._short), -1)
        place = np.zeros(max(self._shortened) + 1, np.int64)
        place[self._shortened] = np.arange(len(self._short))
        self._db.execute("ALTER TABLE meeting RENAME TO met")
        self._db.execute("CREATE TABLE meeting (a BIGINT, b BIGINT)")
        rows = self._rows("SELECT a, b FROM met")
        while chunk := list(itertools.islice(rows, 10_000)):
            pairs = np.array(chunk)
            both = place[pairs]
            alike = pairs[(short[both[:, 0]] == short[both[:, 1]]).mean(axis=1) >= least]
            self._insert("meeting", {"a": alike[:, 0], "b": alike[:, 1]})
        self._db.execute("DROP TABLE met")

    def _together(self, table: str) -> Candidates:
        """The pairs of a table in the order of what hangs together."""
        count = self._count(table)
        if not count:
            return Candidates(0, ())
        self._label(table, f"{table}_labels")
        return Candidates(count, self._rows(f"SELECT a, b FROM {table} JOIN {table}_labels ON doc = a ORDER BY label, a, b"))

    def _sampled(self) -> None:
        """Adds the pairs of which much of the smaller sample lies in the other's to the candidates."""
        run = self._db.execute
        parts = self._parts()
        run("CREATE TABLE shared (key BIGINT, n BIGINT)")
        for part in range(parts):
            run(
                "INSERT INTO shared SELECT hash, count(*) FROM samples SEMI JOIN singles USING (doc) "
                f"WHERE hash % {parts} = {part} GROUP BY hash HAVING count(*) > 1"
            )
        most = self._most()
        run("CREATE TABLE met (a BIGINT, b BIGINT, n BIGINT)")
        for part in range(parts):
            # one join after the other: two at once hold both of their tables
            run(f"CREATE TABLE every AS SELECT hash AS key, doc FROM samples SEMI JOIN shared ON hash = key WHERE hash % {parts} = {part}")
            run("CREATE TABLE keyed AS SELECT key, doc FROM every SEMI JOIN singles USING (doc)")
            # a table of its own, so that it is known to be the smaller side of the join
            run(f"CREATE TABLE large AS SELECT key, doc FROM keyed JOIN shared USING (key) WHERE n > {most}")
            run("CREATE TABLE stars AS SELECT key, arg_max(doc, (sampled, id)) AS star FROM large JOIN docs USING (doc) GROUP BY key")
            run(f"CREATE TABLE buckets AS SELECT key, n, star FROM shared LEFT JOIN stars USING (key) WHERE key % {parts} = {part}")
            run(f"INSERT INTO met SELECT least(a, b), greatest(a, b), count(*) FROM ({_meeting('keyed', 'key', most)}) GROUP BY 1, 2")
            run("DROP TABLE every; DROP TABLE keyed; DROP TABLE large; DROP TABLE stars; DROP TABLE buckets")
        for part in range(parts):
            run(f"INSERT INTO candidates {_sharing(f'met WHERE a % {parts} = {part}', 'docs')}")
        run("DROP TABLE met; DROP TABLE shared")

    def _most(self) -> int:
        """In buckets of up to how many texts all pairs are looked at: `BUCKET`, fewer where texts have so much in common that these
        would be more than `PAIRS` for each text."""
        left = PAIRS * max(self._count("docs"), 10_000)
        most = 1
        for n, count in self._rows(f"SELECT n, count(*) FROM shared WHERE n <= {BUCKET} GROUP BY n ORDER BY n"):
            left -= count * n * (n - 1) // 2
            if left < 0:
                return most
            most = int(n)
        return BUCKET

    def _parts(self) -> int:
        """Into how many parts the samples are cut by their hashes, so that each can be grouped in memory."""
        return self._count("samples") // self._part + 1

    def _count(self, table: str) -> int:
        ((rows,),) = self._db.execute(f"SELECT count(*) FROM {table}").fetchall()
        return int(rows)

    # --- what earlier runs left ----------------------------------------------------------------------------------

    def attach(self, segments: Sequence[Path]) -> None:
        """Makes known the documents of earlier runs, which get negative numbers: -1 is the first of the first segment."""
        for table, empty in (("docs", "docs WHERE false"), ("samples", "samples WHERE false")):
            parts = [f"SELECT * REPLACE (doc AS doc) FROM {empty}"]
            base = 0
            for segment in segments:
                parts.append(f"SELECT * REPLACE (-(doc + {base + 1}) AS doc) FROM read_parquet({_quoted(segment / f'{table}.parquet')})")
                base += self.count(segment)
            columns = "doc, id, one, two, sampled" + "".join(f", k{band}" for band in range(self.bands)) if table == "docs" else "hash, doc"
            union = " UNION ALL ".join(f"SELECT {columns} FROM ({part})" for part in parts)
            self._db.execute(f"CREATE VIEW earlier_{table} AS {union}")

    def count(self, segment: Path) -> int:
        """The number of documents in a segment of an index."""
        return self._count(f"read_parquet({_quoted(segment / 'docs.parquet')})")

    def earlier_copies(self) -> Iterator[tuple[int, int]]:
        """(earlier document, document of this run) of the same digest; of several earlier ones that of the least id."""
        self._flush()
        yield from self._rows(
            "SELECT arg_min(e.doc, e.id), d.doc FROM docs d JOIN earlier_docs e ON d.one = e.one AND d.two = e.two "
            "GROUP BY d.doc ORDER BY d.doc"
        )

    def earlier_candidates(self, *, contained: bool = False) -> Candidates:
        """(earlier document, document of this run) that are worth a comparison; see `candidates`, to be called after it."""
        run = self._db.execute
        run("CREATE TABLE across (a BIGINT, b BIGINT)")
        for band in range(self.bands):
            run(f"CREATE TABLE keyed AS SELECT k{band} AS key, doc FROM docs SEMI JOIN singles USING (doc)")
            run(f"CREATE TABLE there AS SELECT e.k{band} AS key, e.doc, e.id FROM earlier_docs e SEMI JOIN keyed k ON e.k{band} = k.key")
            run("CREATE TABLE buckets AS SELECT key, count(*) AS n, arg_min(doc, id) AS star FROM there GROUP BY key")
            run(f"INSERT INTO across {_crossing()}")
            run("DROP TABLE keyed; DROP TABLE there; DROP TABLE buckets")
        if contained:
            self._sampled_earlier()
        run("CREATE TABLE crossing AS SELECT DISTINCT a, b FROM across")
        run("DROP TABLE across")
        return self._together("crossing")

    def _sampled_earlier(self) -> None:
        run = self._db.execute
        run("CREATE TABLE met (a BIGINT, b BIGINT, n BIGINT)")
        parts = self._parts()
        for part in range(parts):
            of_part = f"WHERE hash % {parts} = {part}"
            run(f"CREATE TABLE keyed AS SELECT hash AS key, doc FROM samples SEMI JOIN singles USING (doc) {of_part}")
            run(f"CREATE TABLE there AS SELECT e.hash AS key, e.doc FROM earlier_samples e SEMI JOIN keyed k ON e.hash = k.key {of_part}")
            run("CREATE TABLE buckets AS SELECT key, count(*) AS n, min(doc) AS star FROM there GROUP BY key")
            run(f"INSERT INTO met SELECT a, b, count(*) FROM ({_crossing()}) GROUP BY a, b")
            run("DROP TABLE keyed; DROP TABLE there; DROP TABLE buckets")
        run(f"INSERT INTO across {_sharing('met', 'earlier_docs')}")
        run("DROP TABLE met")

    def save(self, folder: Path, documents: Sequence[int]) -> None:
        """Writes the fingerprints of some documents of this run, numbered anew in the order given, as a segment of an index."""
        import numpy as np

        self._db.execute("CREATE TABLE chosen (old BIGINT, new BIGINT)")
        self._insert("chosen", {"old": np.array(documents, np.int64), "new": np.arange(len(documents))})
        for table in ("docs", "samples"):
            query = f"SELECT t.* REPLACE (new AS doc) FROM {table} t JOIN chosen ON t.doc = old ORDER BY new"
            self._db.execute(f"COPY ({query}) TO {_quoted(folder / f'{table}.parquet')} (FORMAT parquet, COMPRESSION zstd)")
        self._db.execute("DROP TABLE chosen")

    def components(self, pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
        """The connected components of pairs of numbers, each in order, by their least member."""
        import numpy as np

        run = self._db.execute
        links = np.fromiter(itertools.chain.from_iterable(pairs), np.int64).reshape(-1, 2)
        run("CREATE TABLE joined (a BIGINT, b BIGINT)")
        self._insert("joined", {"a": links[:, 0], "b": links[:, 1]})
        self._label("joined", "labels")
        rows = self._rows("SELECT label, doc FROM labels ORDER BY label, doc")
        groups = [[doc for _, doc in group] for _, group in itertools.groupby(rows, itemgetter(0))]
        run("DROP TABLE labels; DROP TABLE joined")
        return groups

    def _label(self, pairs: str, labels: str) -> None:
        """Makes a table that gives each document in a table of pairs the least number of those that it hangs together with.

        Each takes the least label of those it is paired with, then the label of its label, until none changes: chains are halved
        in each round.
        """
        run = self._db.execute
        run(f"CREATE TABLE links AS SELECT a, b FROM {pairs} UNION ALL SELECT b, a FROM {pairs}")
        run("CREATE TABLE nearest AS SELECT a AS doc, least(a, min(b)) AS label FROM links GROUP BY a")
        while True:
            run("CREATE TABLE around AS SELECT a AS doc, min(label) AS label FROM links JOIN nearest ON doc = b GROUP BY a")
            run("CREATE TABLE nearer AS SELECT doc, least(n.label, a.label) AS label FROM nearest n JOIN around a USING (doc)")
            run("CREATE TABLE jumped AS SELECT n.doc AS doc, m.label AS label FROM nearer n JOIN nearer m ON m.doc = n.label")
            ((changed,),) = run("SELECT count(*) FROM nearest l JOIN jumped j ON j.doc = l.doc WHERE l.label <> j.label").fetchall()
            run("DROP TABLE nearest; DROP TABLE around; DROP TABLE nearer; ALTER TABLE jumped RENAME TO nearest")
            if not changed:
                break
        run(f"DROP TABLE links; ALTER TABLE nearest RENAME TO {labels}")

    def _rows(self, query: str) -> Iterator[tuple[Any, ...]]:
        result = self._db.cursor().execute(query)
        while rows := result.fetchmany(10_000):
            yield from rows

    def close(self) -> None:
        self._db.close()


def rewrite(segment: Path, folder: Path, keep: Sequence[int]) -> None:
    """Writes a segment of an index anew with some of its documents only, numbered in the order given."""
    import duckdb
    import numpy as np
    import pyarrow as pa

    with duckdb.connect(":memory:") as db:
        db.execute(_limit(MEMORY))
        db.register("chosen", pa.table({"old": np.array(keep, np.int64), "new": np.arange(len(keep))}))
        for table in ("docs", "samples"):
            source = f"read_parquet({_quoted(segment / f'{table}.parquet')})"
            query = f"SELECT t.* REPLACE (new AS doc) FROM {source} t JOIN chosen ON t.doc = old ORDER BY new"
            db.execute(f"COPY ({query}) TO {_quoted(folder / f'{table}.parquet')} (FORMAT parquet, COMPRESSION zstd)")


def memory(size: str) -> int:
    """The bytes of a size as a person writes it: 512MB, 2GB, 1.5GiB. Raises CleanerError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?(|[KMGT]I?)B?", size.strip().upper(), re.ASCII)
    if not found:
        raise CleanerError(f"--memory {size!r}: not a size; write it as 512MB or 2GB")
    number = float(found[1]) * _UNITS[found[2]]
    if not _LEAST_MEMORY <= number < 1 << 62:
        raise CleanerError(f"--memory {size}: the search for duplicates takes {_LEAST_MEMORY // 10**6}MB or more; write it as 512MB or 2GB")
    return int(number)


@contextmanager
def enough(memory: int) -> Iterator[None]:
    """A database that has too little memory for its work says what can be done. Raises CleanerError."""
    import duckdb

    try:
        yield
    except duckdb.OutOfMemoryException:
        raise CleanerError(
            f"comparing the documents needs more than {memory // 10**6}MB of memory; give it more with --memory, the same command goes on"
        ) from None


def _limit(memory: int) -> str:
    threads = max(1, min(os.cpu_count() or 1, memory // _THREAD))
    return f"SET memory_limit = '{memory // 1000}KB'; SET threads = {threads}"


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _sharing(met: str, first: str) -> str:
    """SQL for the pairs that met often enough to share much of the smaller sample; ``first``: the table of their first documents."""
    return (
        f"SELECT m.a, m.b FROM (SELECT a, b, sum(n) AS n FROM {met} GROUP BY a, b) m "
        f"JOIN {first} x ON x.doc = m.a JOIN docs y ON y.doc = m.b WHERE m.n >= {MET} * least(x.sampled, y.sampled)"
    )


def _crossing() -> str:
    """SQL for the pairs of documents of earlier runs and of this one in one bucket; in large buckets each with the star."""
    return (
        f"SELECT t.doc AS a, k.doc AS b FROM there t JOIN buckets USING (key) JOIN keyed k USING (key) WHERE n <= {BUCKET} "
        f"UNION ALL SELECT star, k.doc FROM buckets JOIN keyed k USING (key) WHERE n > {BUCKET}"
    )


def _meeting(table: str, key: str, most: int = BUCKET) -> str:
    """SQL for the pairs in one bucket: all of them in small ones, each with the star in large ones."""
    members = f"{table} JOIN buckets USING ({key})"
    return (
        f"SELECT a.doc AS a, b.doc AS b FROM (SELECT * FROM {members} WHERE n <= {most}) a "
        f"JOIN {table} b ON a.{key} = b.{key} AND a.doc < b.doc "
        f"UNION ALL SELECT star, doc FROM {members} WHERE n > {most} AND doc <> star"
    )
