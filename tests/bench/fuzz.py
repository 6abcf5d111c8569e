"""Inputs bent at random, and whether the laws hold on them.

    python tests/bench/fuzz.py text|html|jsonl|rules [--seconds 600] [--seed 1] [--seeds FOLDER] [--faults FOLDER]

Takes the fixtures and rules, or the files of a folder, bends them (bytes lost, doubled, swapped, repeated without end, hostile tokens
put in) and looks at what comes of it: no exception but those that name a mistake, nothing lost, cleaning twice is cleaning once, no
input above SLOW seconds of processor time. What fails lies in the folder of faults; an input that never ends, or takes the process
with it, is the file ``current`` there. The same seed bends alike.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import random
import tempfile
import time
import tomllib
import traceback
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import cleaner
from cleaner import describe
from cleaner.engine import Cleaner, UnsettledError
from cleaner.extract import extract, plain
from cleaner.formats.encoding import decode
from cleaner.pipeline import Settings, clean_corpus
from cleaner.restore import restore
from cleaner.rulebook import lint, load

ROOT = Path(__file__).parent.parent.parent
SLOW, ENDLESS, LONGEST = 5.0, 120.0, 200_000
TOKENS = {
    "text": "\n|\r\n|\r|\n\n|\u2028|\x85|\x0b|\x0c|\x1c|\0|\x1b[31m|\u202e|\u200b|\ufeff|\xad|\u0301|&amp;|&#0;|&#x110000;|&lt;p&gt;|Ã©|â€™|€|\ud83d|"
    "Advertisement|Read more:|Photo: |(Getty Images)|AFP|© 2024|Subscribe|https://x.example/|>>|[[|]]|**|# |```|—| |1|.|,|'|(|)|{|}|A|中|ا",
    "html": "<|>|</|<!--|-->|<![CDATA[|]]>|<!DOCTYPE x [<!ENTITY a 'b'>]>|<?xml version='1.0' encoding='utf-7'?>|<script>|</script>|<style>|<table>|<td>|"
    "<div>|</div>|<p>|<svg>|<math>|<template>|<plaintext>|<textarea>|<meta charset=utf-16>|<base href=//[>|&a;|&#0;|&#xD800;|&lt;|\0|\x0c|"
    "<a href='http://[::1'>|<time datetime='99999-99-99'>|<html lang='\x1b[31m'>|<script type=application/ld+json>{",
    "jsonl": '{|}|[|]|"|\\|\\u|\\ud800|\\u0000|:|,|\n|\r|\r\n|null|true|NaN|Infinity|-|1e999|99999999999999999999|"text":|"id":|"html":|"text": null|'
    '\0|\xff|\x1b|\ufeff|\u2028|\x85| |\t|{}|"id": 1,|"text": "Advertisement",|"html": "<p>",',
    "rules": "(|)|(?:|(?=|(?<=|(?P<cut>|(?i)|(?1)|(?R)|\\b|\\1|\\p{L}|\\p{|[|]|[[|&&]|{|}|{,99}|{99}|{9999}|{2,1}|*|+|?|++|*+|.*|.+|\\d|\\N{DASH}|\\|^|$|\\K|'''|\"|"
    "=|[[rule]]|nan|inf|-1|0|true|[]|{}|1979-05-27|\0|\x1b|\n|#|(a+)+|(a|a)*|(?e)|{e<=3}|\\L<x>|\\X|\\G",
}  # fmt: skip


def bent(chance: random.Random, seeds: list[bytes], words: list[bytes]) -> bytes:
    """Some seed, changed in some places."""
    made = bytearray(chance.choice(seeds))
    for _ in range(chance.choice((1, 2, 4, 8, 30))):
        at = chance.randrange(len(made) + 1)
        to = min(len(made), at + chance.choice((0, 1, 3, 20, 200)))
        other = chance.choice(seeds)
        start = chance.randrange(len(other) + 1)
        made[at:to] = chance.choice(
            (
                b"",
                chance.randbytes(min(8, to - at + 1)),
                made[at:to] * chance.choice((2, 10, 1000)),
                chance.choice(words) * chance.choice((1, 2, 50, 5000)),
                other[start : start + chance.choice((10, 100, 5000))],
                b"".join(chance.choices(words, k=chance.choice((2, 10, 300)))),
                made[at:to].swapcase(),
                made[at:to] + chance.choice(words),
            )
        )
    return bytes(made[:LONGEST])


# --- what must hold ------------------------------------------------------------------------------------------------


@cache
def shipped() -> Cleaner:
    return Cleaner()


def laws(document: cleaner.Document) -> None:
    try:
        cleaned = shipped().clean(document)
    except UnsettledError as error:  # given up in good time, and said
        print("given up:", error, flush=True)
        return
    assert cleaned.restore() == document.text, "the record does not give the source back"
    left = shipped().clean(cleaner.Document(document.id, cleaned.text, title=document.title, lang=document.lang)).text
    assert left == cleaned.text, f"cleaning twice is not cleaning once: {cleaned.text[:200]!r} -> {left[:200]!r}"


def text(given: bytes) -> None:
    laws(cleaner.Document("x", given.decode("utf-8", random.Random(given).choice(("replace", "surrogateescape", "ignore")))))


def html(given: bytes) -> None:
    page = decode(given).text
    plain(page)
    laws(extract(page, "https://x.example/a"))


def jsonl(given: bytes) -> None:
    wanted = [line.rstrip(b"\r") for line in given.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip()]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "a.jsonl").write_bytes(given)
        run = clean_corpus(folder / "a.jsonl", folder / "out", Settings(cleaner=shipped()))
        rows = [json.loads(row) for row in (folder / "out/_cleaner/documents.jsonl").read_bytes().splitlines()]
        assert len(rows) == len(wanted) == run["counts"]["in"] == sum(run["counts"].values()) // 2, (len(rows), len(wanted), run["counts"])
        assert len({row["id"] for row in rows}) == len(rows), "two documents have one id"
        restore(folder / "out", folder / "back")
        back = folder / "back/a.jsonl"
        got = [line.rstrip(b"\r") for line in back.read_bytes().split(b"\n")[:-1]] if back.exists() else []
    assert len(got) == len(wanted), f"{len(got)} of {len(wanted)} records restored"
    for was, now, row in zip(wanted, got, rows, strict=True):
        if was != now and not {"encoding", "replaced"} & set(row):
            one, two = json.loads(was), json.loads(now)
            if "html" in one and one.get("text") is None:  # comes back with its page's text, which was not there
                one["text"] = two["text"]
            assert one == two, f"{was[:200]!r} came back as {now[:200]!r}"


def rules(given: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        os.environ["CLEANER_CACHE_DIR"] = name
        path = Path(name) / "mine.toml"
        path.write_bytes(given)
        try:
            book = load([path], shipped_too=False)
            for rule in book.rules:
                lint(rule)
                describe.page(rule)
                describe.as_json(rule)
            made = Cleaner.of(book)
            for example in [e for rule in book.rules for e in (*rule.page["catches"], *rule.page["spares"])][:20]:
                assert made.clean(example).restore() == example
        except cleaner.CleanerError:
            pass


# --- what is bent --------------------------------------------------------------------------------------------------


def texts() -> Iterator[bytes]:
    for path in sorted((ROOT / "fixtures/gold").glob("*.tsv")):
        yield "\n".join(line.split("\t")[-1] for line in path.read_text("utf-8").splitlines() if line[:1] != "#").encode()
    for rows in tables():
        yield "\n".join(example.replace("[[", "").replace("]]", "") for row in rows for example in row["catches"]).encode()


def pages() -> Iterator[bytes]:
    yield from (path.read_bytes() for path in sorted((ROOT / "fixtures").rglob("*.html")))


def records() -> Iterator[bytes]:
    known = [one.decode() for one in texts()]
    for n in range(60):
        rows: list[dict[str, Any]] = [
            {"id": f"r{n}{m}", "text": known[5 * n + m][:600], "n": 1e-7, "more": {"a": [1, None]}} for m in range(n % 5)
        ]
        rows += [{"text": "Ein Satz über Käse.\nAdvertisement"}, {"html": "<p>The bridge opened on Monday.</p>", "url": "x"}]
        yield "".join(json.dumps(row, ensure_ascii=n % 2 == 0) + "\n" for row in rows).encode()


def tables() -> Iterator[list[dict[str, Any]]]:
    for path in sorted((ROOT / "rules").glob("*.toml")):
        found = [row for row in tomllib.loads(path.read_text("utf-8"))["rule"] if len(str(row)) < 5000]
        yield from (found[n : n + 3] for n in range(0, min(len(found), 30), 3))


def files_of_rules() -> Iterator[bytes]:
    for rows in tables():
        yield "".join("[[rule]]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in row.items()) for row in rows).encode()


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    plain_one = isinstance(value, str) and value.isprintable() and "'" not in value
    return f"'{value}'" if plain_one else json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def bent_value(chance: random.Random, seeds: list[bytes], words: list[bytes]) -> bytes:
    """A rule file that is TOML, in which one value is another, or has been bent."""
    rows = tomllib.loads(chance.choice(seeds).decode())["rule"]
    where: Any = chance.choice(rows)
    key: Any = chance.choice(list(where))
    while isinstance(where[key], dict | list) and where[key] and chance.random() < 0.8:
        where = where[key]
        key = chance.choice(list(where)) if isinstance(where, dict) else chance.randrange(len(where))
    if isinstance(where[key], str):
        made = bent(chance, [where[key].encode()], words).decode("utf-8", "ignore")
        where[key] = "".join(c for c in made if c == "\n" or c.isprintable())
    else:
        where[key] = chance.choice((-1, 0, 10**30, 1e999, True, "x", [], {}, [[]], {"line": "a"}, [1], {"phrases": []}, ["a", 1]))
    text = "".join("[[rule]]\n" + "".join(f"{json.dumps(key)} = {_toml(value)}\n" for key, value in row.items()) for row in rows)
    return text.replace("Infinity", "inf").encode()


KINDS: dict[str, tuple[Callable[[bytes], None], Callable[[], Iterator[bytes]]]] = {
    "text": (text, texts), "html": (html, pages), "jsonl": (jsonl, records), "rules": (rules, files_of_rules),
}  # fmt: skip


def why_not(holds: Callable[[bytes], None], given: bytes) -> str:
    """What does not hold of an input; "" where all does."""
    begun = time.process_time()
    faulthandler.dump_traceback_later(ENDLESS, exit=True)
    try:
        holds(given)
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} in {Path(place.filename).name}:{place.lineno}: {str(error)[:300]}"
    finally:
        faulthandler.cancel_dump_traceback_later()
    taken = time.process_time() - begun
    return f"slow: {taken:.1f} s" if taken > SLOW else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=Path, help="a folder of files to bend, instead of the fixtures")
    parser.add_argument("--faults", type=Path, default=Path(tempfile.gettempdir()) / "cleaner-faults")
    asked = parser.parse_args()
    holds, known = KINDS[asked.kind]
    seeds = [path.read_bytes() for path in sorted(asked.seeds.rglob("*")) if path.is_file()] if asked.seeds else list(known())
    asked.faults.mkdir(parents=True, exist_ok=True)
    chance = random.Random(asked.seed)
    words = [token.encode("utf-8", "surrogatepass") for token in TOKENS[asked.kind].split("|")]
    shipped().clean("The rules are read and kept.")
    begun, tried, faults = time.monotonic(), 0, 0
    while time.monotonic() - begun < asked.seconds:
        given = (bent_value if asked.kind == "rules" and tried % 4 and not asked.seeds else bent)(chance, seeds, words)
        tried += 1
        (asked.faults / "current").write_bytes(given)
        if reason := why_not(holds, given):
            faults += 1
            (asked.faults / f"{asked.kind}-{asked.seed}-{tried}").write_bytes(given)
            print(f"{asked.kind}-{asked.seed}-{tried}: {reason}", flush=True)
    (asked.faults / "current").unlink(missing_ok=True)
    print(f"{asked.kind}: {tried:,} inputs, {sum(os.times()[:4]) / 60:.1f} minutes of processor time, {faults} faults")


if __name__ == "__main__":
    main()
