"""What earlier runs kept, so that later ones find its copies: a folder of segments, one a run.

A segment holds the fingerprints of its documents as Parquet, and their clean texts, compressed one by one, since every pair is
compared on the texts. The manifest names the segments that count. A segment is written beside them and comes to count when the
manifest is replaced, in one step: killed at any point, the index is as it was before, or as it is after.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

from cleaner import minhash
from cleaner.dedup import Dedup
from cleaner.document import CleanerError
from cleaner.lock import alone
from cleaner.store import Store, rewrite

MANIFEST = "manifest.json"
FORMAT = 1
_SCHEME = {"shingle": minhash.SHINGLE, "permutations": minhash.PERMUTATIONS, "sampled": minhash.SAMPLED, "hash": "fast64, 2"}
_SETTINGS = {"threshold": "--threshold", "containment": "--no-containment", "fold": "--no-fold", "mode": "--dedup"}


class Entry(NamedTuple):
    """A document that an earlier run kept."""

    id: str
    source: str


class Index:
    """An index, open for reading; `append` adds a run.

    Args:
        folder: where it lies; made by the first append.
        dedup: the settings of this run; they have to be those of the runs before.
    Raises:
        CleanerError: for a folder that is no index, one of another format, or one made with other settings.
    """

    def __init__(self, folder: Path, dedup: Dedup) -> None:
        self.folder = folder
        self.settings = {"mode": dedup.mode, "threshold": dedup.threshold, "containment": dedup.containment, "fold": dedup.fold}
        self.manifest = _read(folder) if (folder / MANIFEST).exists() else self._new()
        if self.manifest["scheme"] != _SCHEME:
            raise CleanerError(f"{folder}: was made by a version that hashes otherwise ({self.manifest['scheme']}); make it anew")
        for name, option in _SETTINGS.items():
            if self.manifest["settings"][name] != self.settings[name]:
                raise CleanerError(
                    f"{folder}: was made with {name} {self.manifest['settings'][name]}, this run has {self.settings[name]}; "
                    f"change {option}, or use another index"
                )

    def _new(self) -> dict[str, Any]:
        if self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
            raise CleanerError(f"{self.folder}: holds no index ({MANIFEST}); name an index, or a new directory")
        return {"format": FORMAT, "scheme": _SCHEME, "settings": self.settings, "segments": []}

    def earlier(self, batch: str) -> Earlier:
        """The documents of all runs but one: a run that is done again does not meet itself."""
        return Earlier([_Segment(self.folder, row) for row in self.manifest["segments"] if row["batch"] != batch])

    def append(self, batch: str, store: Store, documents: Sequence[int], entry: Callable[[int], tuple[Entry, str]]) -> None:
        """Adds the documents that a run kept; nothing if the same run has been added before.

        Args:
            batch: names the run by its documents (`Batch`).
            store: has their fingerprints.
            documents: their numbers.
            entry: gives a document's id, source and clean text.
        """
        with _locked(self.folder):
            if (self.folder / MANIFEST).exists():
                self.manifest = _read(self.folder)
            if any(row["batch"] == batch for row in self.manifest["segments"]):
                return
            with _segment(self.folder, batch) as new:
                store.save(new, documents)
                sources = _write_texts(new, (entry(doc) for doc in documents))
            self._commit([*self.manifest["segments"], {"name": batch, "batch": batch, "documents": len(documents), "sources": sources}])

    def _commit(self, segments: list[dict[str, Any]]) -> None:
        self.manifest = {**self.manifest, "segments": segments}
        _replace(self.folder / MANIFEST, json.dumps(self.manifest, indent=1, ensure_ascii=False) + "\n")
        _sweep(self.folder, {row["name"] for row in segments})


class Batch:
    """Names a run by its documents, in whatever order they come."""

    def __init__(self) -> None:
        self._sum = 0

    def add(self, name: str, digest: bytes) -> None:
        row = hashlib.blake2b(digest + name.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        self._sum = (self._sum + int.from_bytes(row, "little")) % (1 << 128)

    @property
    def name(self) -> str:
        return f"{self._sum:032x}"


class Earlier:
    """Documents of earlier runs, by the negative numbers that `Store.attach` gives them."""

    def __init__(self, segments: Sequence[_Segment]) -> None:
        self._segments = segments

    @property
    def documents(self) -> int:
        """How many there are."""
        return sum(segment.documents for segment in self._segments)

    @property
    def folders(self) -> list[Path]:
        return [segment.folder for segment in self._segments]

    def entry(self, doc: int) -> Entry:
        segment, row = self._find(doc)
        return segment.entry(row)

    def text(self, doc: int) -> str:
        segment, row = self._find(doc)
        return segment.text(row)

    def _find(self, doc: int) -> tuple[_Segment, int]:
        row = -doc - 1
        for segment in self._segments:
            if row < segment.documents:
                return segment, row
            row -= segment.documents
        raise IndexError(doc)


class _Segment:
    """One run's documents: ``texts.bin`` holds a compressed row for each, ``offsets.bin`` where each ends, 8 bytes."""

    def __init__(self, folder: Path, row: dict[str, Any]) -> None:
        self.folder = folder / row["name"]
        self.documents: int = row["documents"]

    def _row(self, row: int) -> list[str]:
        import zstandard

        try:
            with (self.folder / "offsets.bin").open("rb") as file:
                file.seek(8 * max(row - 1, 0))
                ends = [int.from_bytes(file.read(8), "little") for _ in range(2 if row else 1)]
            start, end = (ends[0], ends[1]) if row else (0, ends[0])
            with (self.folder / "texts.bin").open("rb") as file:
                file.seek(start)
                data = zstandard.ZstdDecompressor().decompress(file.read(end - start))
            found: list[str] = json.loads(data)
        except (OSError, ValueError, zstandard.ZstdError) as error:
            raise CleanerError(f"{self.folder}: is damaged ({error}); restore the index from a backup, or make it anew") from None
        return found

    def entry(self, row: int) -> Entry:
        return Entry(*self._row(row)[:2])

    def text(self, row: int) -> str:
        return self._row(row)[2]

    def rows(self) -> Iterator[tuple[Entry, str]]:
        for row in range(self.documents):
            name, source, text = self._row(row)
            yield Entry(name, source), text


def info(folder: Path) -> dict[str, Any]:
    """What an index holds: settings, documents, runs, bytes, and the number of documents by source."""
    manifest = _read(folder)
    sources: dict[str, int] = {}
    for row in manifest["segments"]:
        for source, count in row["sources"].items():
            sources[source] = sources.get(source, 0) + count
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return {
        "documents": sum(row["documents"] for row in manifest["segments"]),
        "runs": len(manifest["segments"]),
        "bytes": size,
        "settings": manifest["settings"],
        "scheme": manifest["scheme"],
        "sources": dict(sorted(sources.items())),
    }


def remove(folder: Path, source: str) -> int:
    """Takes the documents of a source, a file or a folder of files, out of an index, texts and all; their number.

    Raises:
        CleanerError: for a folder that is no index, or a source that is not in it.
    """

    def goes(name: str) -> bool:
        return name == source or name.startswith(source.rstrip("/") + "/")

    with _locked(folder):
        manifest = _read(folder)
        gone = 0
        segments = []
        for row in manifest["segments"]:
            if not any(map(goes, row["sources"])):
                segments.append(row)
                continue
            old = _Segment(folder, row)
            keep = [number for number, (entry, _) in enumerate(old.rows()) if not goes(entry.source)]
            gone += old.documents - len(keep)
            if not keep:
                continue
            name = hashlib.blake2b(f"{row['name']} without {source}".encode(), digest_size=16).hexdigest()
            with _segment(folder, name) as new:
                rewrite(old.folder, new, keep)
                sources = _write_texts(new, ((entry, text) for entry, text in old.rows() if not goes(entry.source)))
            segments.append({**row, "name": name, "documents": len(keep), "sources": sources})
        if not gone:
            raise CleanerError(f"{folder}: holds nothing of {source!r}; `cleaner index info {folder}` lists its sources")
        _replace(folder / MANIFEST, json.dumps({**manifest, "segments": segments}, indent=1, ensure_ascii=False) + "\n")
        _sweep(folder, {row["name"] for row in segments})
    return gone


def _read(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        manifest: dict[str, Any] = json.loads(path.read_bytes())
        if manifest["format"] != FORMAT:
            raise CleanerError(f"{folder}: is an index of format {manifest['format']}, this version reads {FORMAT}; make it anew")
        if not {"segments", "settings", "scheme"} <= manifest.keys():
            raise KeyError
    except FileNotFoundError:
        raise CleanerError(f"{folder}: holds no index ({MANIFEST})") from None
    except OSError as error:
        raise CleanerError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise CleanerError(f"{path}: is damaged; restore the index from a backup, or make it anew") from None
    return manifest


def _write_texts(folder: Path, documents: Iterable[tuple[Entry, str]]) -> dict[str, int]:
    """Writes ids, sources and texts; the number of documents by source."""
    import zstandard

    compressor = zstandard.ZstdCompressor(level=3)
    sources: dict[str, int] = {}
    with (folder / "texts.bin").open("wb") as texts, (folder / "offsets.bin").open("wb") as offsets:
        end = 0
        for entry, text in documents:
            sources[entry.source] = sources.get(entry.source, 0) + 1
            end += texts.write(compressor.compress(json.dumps([*entry, text]).encode("ascii")))
            offsets.write(end.to_bytes(8, "little"))
    return dict(sorted(sources.items()))


@contextmanager
def _segment(folder: Path, name: str) -> Iterator[Path]:
    """A folder that bears its name when what is in it is whole and on the disk."""
    final = folder / name
    temporary = folder / f"{name}.part"
    for path in (final, temporary):  # of a run that was cut off: the manifest does not name it
        shutil.rmtree(path, ignore_errors=True)
    temporary.mkdir(parents=True)
    yield temporary
    for path in temporary.iterdir():
        _sync(path)
    temporary.rename(final)
    _sync(folder)


def _sweep(folder: Path, names: set[str]) -> None:
    """Takes away the segments that no longer count, and what a run that was cut off left."""
    for path in folder.iterdir():
        if path.is_dir() and path.name not in names:
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Held while an index is changed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with alone(folder, "changing this index"):
            yield
    except OSError as error:
        raise CleanerError(f"{error.filename or folder}: cannot be written: {error.strerror}; the index is as it was") from None


def _replace(path: Path, text: str) -> None:
    temporary = path.with_name(path.name + ".part")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        _flush(file)
    temporary.replace(path)
    _sync(path.parent)


def _flush(file: IO[str]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync(path: Path) -> None:
    """Has a file or folder written to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
