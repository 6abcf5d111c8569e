"""The stages of a run, in order: find, clean, look for duplicates, write. The only module that knows them all.

What workers send back is staged in one file of the output's record folder, so that memory holds a few numbers a document.
The staged file goes when the run ends, however it ends; everything else appears under its name only when it is whole.
"""

from __future__ import annotations

import itertools
import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass, field
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

from cleaner import audit
from cleaner.account import Account
from cleaner.archives import unpacked
from cleaner.choice import Copy, Facts, Prefer, copies
from cleaner.dedup import Comparer, Dedup, Pair
from cleaner.document import CleanerError, Verdict, visible
from cleaner.engine import Cleaner
from cleaner.engines import local
from cleaner.engines.local import Item, Result
from cleaner.formats import Options
from cleaner.index import Batch, Earlier, Entry, Index
from cleaner.names import Names
from cleaner.output import STAGING, UNFINISHED, Writer, held, prepared
from cleaner.parts import Parts, Reach, tasks
from cleaner.performance import Performance
from cleaner.progress import Progress
from cleaner.remote import check_apart, fetched, listed, on_this_machine
from cleaner.review import MOST_REMOVED
from cleaner.selection import ALL, Selection
from cleaner.sources import Source
from cleaner.staging import Staged
from cleaner.store import MEMORY, Store, enough
from cleaner.upload import folder_for, uploading
from cleaner.version import __version__
from cleaner.walk import RECORD, Found, Listed, check_output, find, is_url
from cleaner.work import Done, Task, Work, by_source

_FEW = 64
"""Batches of comparisons that one process has done before others are ready."""


@dataclass(frozen=True)
class Settings:
    """What a run does. ``cleaner`` None: only duplicates are looked for."""

    cleaner: Cleaner | None = None
    dedup: Dedup = field(default_factory=Dedup)
    prefer: Prefer = field(default_factory=Prefer)
    index: Path | None = None
    append: bool = True
    options: Options = field(default_factory=Options)
    form: str | None = None
    jobs: int = 1
    overwrite: bool = False
    discard: bool = False
    strict: bool = False
    max_removed: float = MOST_REMOVED
    selection: Selection = ALL
    memory: int = MEMORY

    def __post_init__(self) -> None:
        if not 0 <= self.max_removed <= 1:  # not a number is none either
            raise CleanerError(f"--max-removed {self.max_removed:g}: not a share; name one from 0 to 1")
        if self.index and self.dedup.mode == "none":
            raise CleanerError("--dedup none looks for no copies, so --index and --against would do nothing; leave one of them out")

    @property
    def processes(self) -> int:
        """How many processes work: the processors that this one may use, where no number is given."""
        return self.jobs or (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)

    def row(self) -> dict[str, Any]:
        """The settings that a result depends on, for run.json."""
        return {
            "clean": self.cleaner is not None,
            "rules": self.cleaner.chosen if self.cleaner else None,
            "format": self.form,
            "dedup": self.dedup.mode,
            "threshold": self.dedup.threshold,
            "containment": self.dedup.containment,
            "templates": self.dedup.templates,
            "fold": self.dedup.fold,
            "prefer": self.prefer.way,
            "index": ("append" if self.append else "against") if self.index else None,
            "text_field": self.options.text_field,
            "id_field": self.options.id_field,
            "discard": self.discard,
            "strictness": self.cleaner.strictness if self.cleaner else None,
            "max_removed": self.max_removed,
            **self.selection._asdict(),
        }

    @property
    def described(self) -> dict[str, Any]:
        """What a run is made with, as run.json says it."""
        return {"version": __version__, "rulebook": self.cleaner.book.digest if self.cleaner else None, "settings": self.row()}


def clean_corpus(
    source: str | Path | Iterable[str | Path | Listed],
    out: str | Path,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Cleans and deduplicates files into a directory, with a record of everything that was taken away.

    Args:
        source: a directory, file or glob, or several; also elsewhere (s3://..., see `cleaner.remote`).
        out: the directory to write, here or elsewhere; it may not hold anything (but with ``settings.overwrite``).
        settings: what to do; by default all rules, near-duplicates at Jaccard similarity 0.8.
        progress: told how it goes.
    Returns:
        The content of ``_cleaner/run.json``: ``counts`` (in = kept + duplicate + emptied + failed), ``removed`` by category,
        ``performance`` (the only part that differs from run to run).
    Raises:
        CleanerError: for a source that is not there, an output that lies in a source or is not empty.
    """
    given = [source] if isinstance(source, str | Path) else list(source)
    settings = settings or Settings(cleaner=Cleaner())
    out = on_this_machine(out)
    url = out if isinstance(out, str) and is_url(out) else ""
    overwrite = settings.overwrite or bool(url)
    out = folder_for(url) if url else Path(out)
    progress = progress or Progress()
    performance = Performance(progress)
    staged = out / RECORD / STAGING / "remote"
    listing = listed(given, staged)
    found = find(listing.given, settings.form, settings.selection, archives=True)
    check_output(found, listing.given, out)
    if url:
        check_apart(listing, url)
    progress.start({**settings.described, "output": url or str(out), "jobs": settings.processes, "memory": settings.memory})
    with (
        held(out, url),
        uploading(url, out, overwrite=settings.overwrite) if url else nullcontext(),
        prepared(out, overwrite=overwrite) as staging,
    ):
        audit.write_rows(out / RECORD / UNFINISHED, ())  # so that a run that is cut off before it has unpacked all can be told too
        if listing.files:
            with performance.stage("fetching"):
                found = fetched(found, listing.files, staged, settings.form)
        if found.archives:
            with performance.stage("unpacking"):
                found = unpacked(found, staging / "archives", settings.form, settings.selection)
        audit.write_rows(out / RECORD / UNFINISHED, ({"output": source.output} for source in found.sources))
        run = _Run(found, out, settings, staging, performance).go()
    progress.end(run)
    return run


@dataclass(frozen=True)
class _Texts:
    """The texts of documents by their numbers; those of earlier runs have negative ones."""

    parts: Parts
    places: array[int]
    earlier: Earlier

    def __call__(self, doc: int) -> str:
        return self.earlier.text(doc) if doc < 0 else self.outcome(doc).text

    def outcome(self, doc: int) -> Staged:
        part, place = self.places[2 * doc : 2 * doc + 2]
        return self.parts.at(part, place)


class _Run:
    """One run: its sources, and what is known of each document by its number."""

    def __init__(self, found: Found, out: Path, settings: Settings, staging: Path, performance: Performance) -> None:
        self.performance = performance
        self.found = found
        self.sources = found.sources
        self.out = out
        self.record = out / RECORD
        self.settings = settings
        self.staging = staging
        self.ids = Names()
        self.lengths = array("q")
        self.facts: list[Facts] = []
        self.places = array("q")  # two numbers a document: its part and the place in it
        self.parts = Parts(staging / "parts", self._outcomes_depend_on(), self._state)
        self.pairs: list[Pair] = []
        self.copies: Mapping[int, Copy] = {}
        self.clusters: dict[int, int] = {}  # document -> the copy that stays
        self.account = Account()
        self.bare: set[str] = set()  # files of records of which none was kept: they are written all the same
        self.added: dict[str, str] = {}  # tables that have got a column for their text -> their format
        self.skipped: dict[str, int] = {}  # records that are no documents, by kind
        self.index = Index(settings.index, settings.dedup) if settings.index else None
        self.batch = Batch()
        self.earlier = Earlier(())
        self.kept = array("q")

    def go(self) -> dict[str, Any]:
        for path in self.staging.glob("store.duckdb*"):
            path.unlink()
        settings = self.settings
        with ExitStack() as stack:
            stack.callback(self.parts.close)
            store = None
            if settings.dedup.mode != "none":
                stack.enter_context(enough(settings.memory))
                store = stack.enter_context(closing(Store(self.staging, settings.dedup.bands, settings.memory)))
            self._clean(store)
            if store:
                with self.performance.stage("comparing"):
                    self._deduplicate(store)
            with self.performance.stage("writing", documents=len(self.ids)):
                self._write()
            if store and self.index and settings.append:
                with self.performance.stage("remembering"):
                    self._remember(store, self.index)
        return self._told()

    # --- clean -------------------------------------------------------------------------------------------------

    def _outcomes_depend_on(self) -> dict[str, Any]:
        """Everything that outcomes depend on but their input."""
        settings = self.settings
        row = {name: settings.row()[name] for name in ("clean", "rules", "format", "text_field", "id_field", "strictness", "max_removed")}
        return row | {"version": __version__, "rulebook": settings.cleaner.book.digest if settings.cleaner else None}

    def _state(self, source: int) -> str:
        """What tells that a source has changed; of records their lines tell it."""
        one = self.sources[source]
        if one.reader.many or one.failure:
            return f"{one.relative} {one.format}"
        try:
            known = one.path.stat()
        except OSError:
            return f"{one.relative} {one.format}"
        return f"{one.relative} {one.format} {known.st_size} {known.st_mtime_ns}"

    def _clean(self, store: Store | None) -> None:
        reach = Reach(self.sources)
        with self.performance.stage("cleaning" if self.settings.cleaner else "reading", size=reach.whole):
            self._stage(store, reach)
            self.performance.read(reach.rest(), documents=0)

    def _stage(self, store: Store | None, reach: Reach) -> None:
        """Has every record cleaned and stages what is to be written for it."""
        settings = self.settings
        dedup = settings.dedup.sized(reach.whole)
        work = Work(self.sources, settings.cleaner, dedup, settings.options, settings.max_removed)

        def run(batches: Iterable[list[Task]]) -> Iterator[list[Done]]:
            if settings.processes > 1:
                dedup.fingerprints(["what is loaded for it is loaded once, before there are workers"])
            return self._run(work, batches, work.lost)

        found = reach.through(tasks(self.sources, settings.options, self.skipped))
        for done, part, place, before in self.parts.done(found, run, work.again):
            name = self._own_id(done)
            if store and done.fingerprint:
                store.add(len(self.ids), name, done.fingerprint)
                self.batch.add(name, done.fingerprint.digest)
            self.ids.add(name)
            self.lengths.append(done.length)
            if settings.prefer.asks:
                self.facts.append(Facts(name, done.length, done.date, done.site, self.sources[done.source].relative))
            self.places.extend((part, place))
            self.performance.read(reach.further(), fresh=not before)
            if done.failure:
                self.performance.failed(name, done.failure)
            if settings.strict and done.failure:
                stopped = "stopped here by --strict; what is done is kept, the same command goes on"
                raise CleanerError(f"{visible(name, name=True)}: {done.failure} ({stopped})")

    def _run(
        self,
        work: Callable[[list[Item]], list[Result]],
        batches: Iterable[list[Item]],
        lost: Callable[[Item, str], Result],
        few: int = 1,
    ) -> Iterator[list[Result]]:
        """Has work done on batches, by workers where there are more batches than are worth their start."""
        rest = iter(batches)
        first = list(itertools.islice(rest, few + 1))
        jobs = self.settings.processes if len(first) > few else 1
        return local.run(work, itertools.chain(first, rest), jobs, lost, self.performance.replaced)

    def _own_id(self, done: Done) -> str:
        """An id of its own: where a record's id is taken, its place in its file names it."""
        name = done.id
        if name in self.ids:
            name = f"{self.sources[done.source].relative}#{done.number}"
        while name in self.ids:
            name += "~"
        return name

    def _staged(self) -> Iterator[Staged]:
        for name, outcome in zip(self.ids, self.parts, strict=True):
            yield outcome.named(name)

    # --- duplicates --------------------------------------------------------------------------------------------

    def _deduplicate(self, store: Store) -> None:
        if self.index:
            self.earlier = self.index.earlier(self.batch.name)
            store.attach(self.earlier.folders)

        texts = _Texts(self.parts, self.places, self.earlier)
        dedup = self.settings.dedup.sized(sum(self.lengths))
        self.pairs = dedup.pairs(
            store, texts, earlier=self.earlier.documents > 0, watched=self.performance.compared, run=partial(self._run, few=_FEW)
        )
        groups = store.components((pair.a, pair.b) for pair in self.pairs if pair.joins)
        self.copies, further = copies(groups, self.pairs, self._ranked, Comparer(dedup, texts))
        self.pairs += further
        for group in groups:
            stays = min(group, key=lambda doc: (doc >= 0, self._ranked(doc)))
            self.clusters.update(dict.fromkeys(group, stays))

    def _ranked(self, doc: int) -> tuple[Any, ...]:
        if doc < 0:
            return self.earlier.entry(doc).id, doc
        return self.settings.prefer(self.facts[doc] if self.facts else Facts(self.ids[doc], self.lengths[doc]))

    def _name(self, doc: int) -> str:
        return self.ids[doc] if doc >= 0 else self.earlier.entry(doc).id

    def _verdict(self, doc: int, outcome: Staged) -> Verdict:
        copy = self.copies.get(doc)
        cluster = self._name(self.clusters[doc]) if doc in self.clusters else None
        if outcome.failure:
            return Verdict(outcome.id, "failed", outcome.failure)
        if copy:
            return Verdict(outcome.id, "duplicate", copy.kind, self._name(copy.of), cluster, round(copy.similarity, 6))
        if outcome.walled:
            return Verdict(outcome.id, "emptied", "walled")
        if outcome.blank:
            if outcome.tally:
                reason = "nothing is left"
            else:
                reason = "no main text found" if outcome.aside is not None else "empty"
            return Verdict(outcome.id, "emptied", reason)
        return Verdict(outcome.id, "kept", "review" if outcome.review else "", None, cluster)

    # --- write -------------------------------------------------------------------------------------------------

    def _write(self) -> None:
        docs = itertools.count()
        with (
            audit.writing(self.record / audit.DOCUMENTS) as documents,
            audit.writing(self.record / audit.REMOVALS) as removals,
            audit.writing(self.record / audit.REVIEW) as review,
        ):
            for source, outcomes in by_source(self.sources, self._staged()):
                with ExitStack() as stack:
                    writer = Writer(source, self.out, stack, self.settings.options, discard=self.settings.discard)
                    for outcome in outcomes:
                        doc = next(docs)
                        verdict = self._verdict(doc, outcome)
                        if verdict.verdict == "kept":
                            self.kept.append(doc)
                            written = writer.keep(outcome.number, outcome.written)
                        else:
                            written = writer.leave_out(outcome.number, outcome.put_aside)
                        documents.write(audit.dumps(self._row(source, outcome, verdict, written, self.copies.get(doc))) + "\n")
                        removals.write(outcome.removals.decode())
                        review.write(outcome.review.decode())
                        self.account.add(outcome, verdict)
                        self.performance.written()
                if writer.bare:
                    self.bare.add(source.output)
                if writer.kept and writer.kept.added:
                    self.added[source.output] = source.format
        audit.write_rows(self.record / audit.DUPLICATES, self._pair_rows())

    def _remember(self, store: Store, index: Index) -> None:
        """Adds what was kept to the index."""
        texts = _Texts(self.parts, self.places, self.earlier)

        def entry(doc: int) -> tuple[Entry, str]:
            outcome = texts.outcome(doc)
            return Entry(self.ids[doc], self.sources[outcome.source].relative), outcome.text

        index.append(self.batch.name, store, sorted(self.kept, key=self.ids.__getitem__), entry)

    def _row(self, source: Source, outcome: Staged, verdict: Verdict, written: str, of: Copy | None) -> dict[str, Any]:
        kept = verdict.verdict == "kept"
        place: dict[str, Any] = {"output" if kept else "left_out": written} if written else {}
        if kept:
            place["crc32"] = outcome.crc32
        return {
            "id": outcome.id,
            "source": source.relative,
            "verdict": verdict.verdict,
            "reason": verdict.reason or None,
            "chars_in": outcome.chars_in,
            "chars_out": outcome.chars_out if kept else 0,
            "cluster": verdict.cluster,
            "duplicate_of": verdict.duplicate_of,
            "similarity": verdict.similarity,
            **({"earlier": True} if of is not None and of.of < 0 else {}),
            "format": source.format,
            **place,
            **outcome.meta,
        }

    def _pair_rows(self) -> Iterator[dict[str, Any]]:
        named = ((sorted((self._name(pair.a), self._name(pair.b))), pair) for pair in self.pairs)
        for (a, b), pair in sorted(named, key=itemgetter(0)):  # not the rows themselves, which take twice the memory
            row = {"a": a, "b": b, "kind": pair.kind, "jaccard": round(pair.jaccard, 6), "containment": round(pair.containment, 6)}
            more = {
                "aligned": pair.aligned and round(pair.aligned, 6),
                "part": pair.part is not None and self._name(pair.part),
                "evidence": pair.evidence,
                "earlier": pair.a < 0 and self._name(pair.a),
            }
            yield row | {name: value for name, value in more.items() if value}

    def _told(self) -> dict[str, Any]:
        """Writes run.json, when everything adds up."""
        account = self.account
        run = {
            **self.settings.described,
            "counts": account.counts,
            "chars": account.chars,
            "removed": dict(sorted(account.removed.items())),
            "duplicates": dict(sorted(account.kinds.items())),
            "pairs": sum(pair.joins for pair in self.pairs),
            "templates": sum(not pair.joins for pair in self.pairs),
            "earlier": self.earlier.documents,
            "failures": account.failures,
            "review": account.review,
            "skipped": dict(sorted(self.skipped.items())),
            **self.found.row,
            "bare": sorted(self.bare),
            "added": dict(sorted(self.added.items())),
            "performance": self.performance.row(),
        }
        if not account.holds(len(self.ids)):
            raise CleanerError(f"the counts do not add up ({account.counts}); {self.out} is not to be trusted")
        with audit.writing(self.record / audit.RUN) as file:
            file.write(audit.dumps(run, indent=2) + "\n")
        (self.record / UNFINISHED).unlink()
        return run
