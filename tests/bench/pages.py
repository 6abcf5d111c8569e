"""Ten thousand pages of mixed quality, through `cleaner clean` and through trafilatura's own command: what comes out, what is said, what is lost.

    python tests/bench/pages.py SOURCE... [--pages 10000] [--sides NAME...] [--largest 150] [--seed 1] [--limit 7200]

``SOURCE`` is a .jsonl(.gz) of records with ``html`` and ``gold`` (the main text), or a directory of .html files (all below it), whose main text
is not known. Pages above ``--largest`` kB of them are left out. From them a directory is built in a temporary folder, in which the number of
each kind of page below follows ``KINDS`` and a fixed seed; no two files but the empty ones are alike.

*Planted.* At the end of the longest paragraph of a page that stands in its gold text (one of 80 characters or more) a sentence is added
that no other page has. It is asked of the output: no other measure of "the text came through" is so plain. Cut pages are cut behind it, broken ones
are broken elsewhere. Pages without such a paragraph, and those that hold no text, have none.

Each command is a process of its own, ended (as *hanged*) after ``--limit`` seconds. Printed for each: its exit code, wall and CPU seconds, and

- *files*: files written, the record aside;
- *came through*: planted sentences that stand in a file of the output;
- *emptied*, *failed*, *named*: pages, without their sentence in the output, of which the command says so in its record or on its streams;
- *taken by RULE*: planted pages whose sentence is missing, and stands in the record of removals;
- *text cut*: planted pages whose sentence is missing from the file that was written for them, and ``empty`` where that file is empty;
- *lost silently*: pages, planted or not, of which there is no file and no word. trafilatura names a file by what it holds, so that alike texts
  overwrite each other, and only planted pages can be counted: a sentence that is nowhere is lost.
"""

from __future__ import annotations

import argparse
import collections
import gzip
import html as markup
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

TRAFILATURA = [sys.executable, "-c", "from trafilatura.cli import main; main()"]
CLEAN = [sys.executable, "-m", "cleaner", "clean"]
SIDES: dict[str, Callable[[str, str], list[str]]] = {
    "cleaner": lambda source, out: [*CLEAN, source, "-o", out, "--dedup", "none"],
    "cleaner -j 2": lambda source, out: [*CLEAN, source, "-o", out, "--dedup", "none", "-j", "2"],
    "trafilatura": lambda source, out: [*TRAFILATURA, "--input-dir", source, "--output-dir", out],
}
_PARAGRAPH = re.compile(r"<p\b[^>]*>(?:(?!<p\b).){60,20000}?</p>", re.IGNORECASE | re.DOTALL)
SENTENCE = "The keeper of lighthouse {0:05d} counted ninety ships before the storm reached the northern harbour."
_PLANTED = re.compile(r"lighthouse (\d{5}) counted ninety ships")
_CHARSET = re.compile(r"""(<meta[^>]*charset\s*=\s*["']?)[\w-]+""", re.IGNORECASE)


class Made(NamedTuple):
    """A file of the directory: its path there, its kind, the sentence planted in it."""

    path: str
    kind: str
    sentence: str


def sources(places: list[Path], largest: int) -> Iterator[tuple[str, int]]:
    """Pages, and where a sentence can be planted in each, or -1."""
    for place in places:
        if place.is_dir():
            for file in sorted(place.rglob("*.html")):
                if file.stat().st_size <= largest:
                    yield file.read_text("utf-8", "replace"), -1
        else:
            with (gzip.open if place.suffix == ".gz" else open)(place, "rt", encoding="utf-8") as lines:
                for record in map(json.loads, lines):
                    if len(record["html"]) <= largest:
                        yield record["html"], planting(record["html"], record["gold"])


def planting(html: str, gold: str) -> int:
    """The end of the longest paragraph of the page that stands in its main text."""
    known = "".join(gold.split())
    best, place = 79, -1
    for found in _PARAGRAPH.finditer(html):
        words = markup.unescape(re.sub(r"<[^>]*>", "", found[0]))
        if len(words) > best and "".join(words.split()) in known:
            best, place = len(words), found.end() - len("</p>")
    return place


def charset(html: str, name: str) -> str:
    """The page with this encoding declared, or, "", with none."""
    if not name:
        return _CHARSET.sub(r"\1", html)
    return _CHARSET.sub(rf"\g<1>{name}", html) if _CHARSET.search(html) else f'<meta charset="{name}">' + html


def cut(html: str, planted: str, rng: random.Random) -> bytes:
    start = html.find(planted) + len(planted) if planted else len(html) // 3
    return html[: rng.randrange(start, len(html) + 1)].encode("utf-8", "replace")


def broken(html: str, planted: str, rng: random.Random) -> bytes:
    """Closing tags gone, quotes gone, tags opened, entities cut; not near the planted sentence."""
    parts = re.split(r"(<[^<>]{1,300}>)", html)
    for at in rng.sample(range(len(parts)), min(len(parts), 40)):
        if not planted or planted not in "".join(parts[max(0, at - 2) : at + 3]):
            parts[at] = rng.choice(["", parts[at].replace('"', "", 1), *(parts[at] + more for more in ("<b><i", "&amp &#x", "</div></p>"))])
    return "".join(parts).encode("utf-8", "replace")


def nulled(html: str, planted: str, rng: random.Random) -> bytes:
    held = html.find(planted) if planted else 0
    for at in sorted(rng.sample(range(len(html)), min(20, len(html))), reverse=True):
        if not held <= at <= held + len(planted):
            html = html[:at] + "\0" + html[at:]
    return html.encode("utf-8", "replace")


def huge(planted: str, rng: random.Random) -> bytes:
    """Some 5 MB: an article, and behind it boxes in boxes and a very long list."""
    story = "".join(f"<p>On day {n} the crew walked {n * 3} miles along the river and wrote down what they saw.</p>" for n in range(40))
    rows = "".join(f'<li><a href="/{rng.random()}">link number {n} of the list</a></li>' for n in range(75_000))
    return f"<html><body><article><h1>The river</h1>{story}<p>{story[3:80]} {planted}</p></article>{'<div>' * 20_000}box<ul>{rows}</ul></body></html>".encode()


def textless(rng: random.Random) -> bytes:
    links = "".join(f'<li><a href="/{n}">{rng.randrange(10**6)}</a></li>' for n in range(20))
    return f"<html><head><title>{rng.random()}</title></head><body><nav><ul>{links}</ul></nav></body></html>".encode()


Build = Callable[[str, str, random.Random], bytes]
KINDS: dict[str, tuple[int, Build]] = {  # of each: its weight, and a page (with its sentence in it) as bytes
    "whole": (50, lambda html, _, rng: html.encode("utf-8", "replace")),
    "cut": (12, cut),
    "latin-1, declared": (6, lambda html, _, rng: charset(html, "iso-8859-1").encode("latin-1", "xmlcharrefreplace")),
    "latin-1, undeclared": (5, lambda html, _, rng: charset(html, "").encode("latin-1", "xmlcharrefreplace")),
    "utf-16": (4, lambda html, _, rng: charset(html, "utf-16").encode("utf-16", "replace")),
    "gb18030": (4, lambda html, _, rng: charset(html, "gb18030").encode("gb18030", "replace")),
    "broken markup": (8, broken),
    "nul bytes": (4, nulled),
    "no main text": (3, lambda html, _, rng: textless(rng)),
    "trash": (2, lambda html, _, rng: rng.randbytes(rng.randrange(1, 20_000))),
    "empty": (2, lambda html, _, rng: b""),
}
BARE = ("no main text", "trash", "empty")
NAMES = ("{0}.html", "index.html", "a b {0}.html", "straße & co {0}.htm", "100%25 {0}#top.html", "-{0}.HTML", "新聞{0}.html", 'q"uo\'te {0}.xhtml', "line\n{0}.html", "index.htm", "byte \udcff {0}.html", "{0}.php.html", "🌊 {0}.html")  # fmt: skip


def build(folder: Path, pages: list[tuple[str, int]], count: int, seed: int) -> list[Made]:
    rng = random.Random(seed)
    kinds = rng.choices(list(KINDS), [weight for weight, _ in KINDS.values()], k=count - 1)
    made = []
    for number, kind in enumerate(["huge", *kinds]):
        html, place = rng.choice(pages)
        name = rng.choice(NAMES[2:]) if rng.random() < 0.1 else NAMES[number % 2]
        path = f"{number // 200:03d}/{number % 200 // 2:02d}/" + name.format(number)
        planted = SENTENCE.format(number) if kind == "huge" or (place >= 0 and kind not in BARE) else ""
        html = f"{html[:place]} {planted}{html[place:]}" if planted else f"{html}\n<!-- {number} -->"
        body = huge(planted, rng) if kind == "huge" else KINDS[kind][1](html, planted, rng)
        body += b"" if planted or kind != "cut" else f"<!-- {number} -->".encode()
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(body)
        made.append(Made(path, kind, planted))
    return made


def run(words: list[str], limit: float, log: Path) -> tuple[str, float, float]:
    """How a command ended, and the wall and CPU seconds that it took with all processes of its session."""
    begun = time.monotonic()
    with log.open("wb") as said:
        child = subprocess.Popen(words, cwd=log.parent, stdout=said, stderr=said, start_new_session=True)
    ticks: dict[str, int] = {}
    hanged = ""
    while child.poll() is None:
        ticks |= session(child.pid)
        if time.monotonic() - begun > limit:
            hanged = f"hanged, ended after {limit:g} s"
            os.killpg(child.pid, signal.SIGKILL)
        time.sleep(0.1)
    wall, cpu = time.monotonic() - begun, sum(ticks.values()) / os.sysconf("SC_CLK_TCK")
    return hanged or f"exit {child.returncode}", wall, cpu


def session(leader: int) -> dict[str, int]:
    """CPU ticks of each process of a session, as Linux tells them: a child is not charged for children that outlive it."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
            if int(fields[3]) == leader:
                found[stat.parent.name] = int(fields[11]) + int(fields[12])
    return found


def judge(made: list[Made], out: Path, log: Path) -> tuple[dict[str, int], dict[str, list[str]]]:
    """The figures, and of each bad one the pages."""
    said = log.read_text("utf-8", "surrogateescape")
    rows = out / "_cleaner" / "documents.jsonl"
    verdicts = {row["id"]: row for row in map(json.loads, rows.open(encoding="utf-8"))} if rows.exists() else {}
    files = (file for file in out.rglob("*") if file.is_file() and "_cleaner" not in file.parts)
    written = {str(file.relative_to(out)): file.read_text("utf-8") for file in files}
    removals = (out / "_cleaner" / "removals.jsonl").read_text("utf-8").splitlines() if verdicts else ()
    taken = {found[1]: json.loads(row)["rule"] for row in removals if (found := _PLANTED.search(row))}
    through = set(_PLANTED.findall("\n".join(written.values())))
    lost: dict[str, list[str]] = collections.defaultdict(list)
    figures = collections.Counter({"pages": len(made), "files": len(written), "planted": sum(bool(page.sentence) for page in made)})
    for page in made:
        row = verdicts.get(page.path, {"verdict": "named" if page.path in said else "kept"})
        number = page.sentence.split()[4] if page.sentence else ""
        of = "" if number else ", nothing planted"
        text = written.get(row.get("output", ""))
        if number in through:
            figures["came through"] += 1
        elif row["verdict"] != "kept":
            figures[row["verdict"] + (f" ({row['reason']})" if row.get("reason") else "") + of] += 1
        elif number in taken:
            lost[f"taken by {taken[number]}"].append(f"{page.path} ({page.kind})")
        elif text is None and (number or verdicts):
            lost["lost silently" + of].append(f"{page.path} ({page.kind})")
        elif text is not None and number:
            lost["text cut" if text.strip() else "text cut: empty"].append(f"{page.path} ({page.kind})")
    return dict(figures), lost


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("sources", type=Path, nargs="+")
    words.add_argument("--pages", type=int, default=10_000)
    words.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES))
    words.add_argument("--largest", type=int, default=150)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--limit", type=float, default=7200)
    chosen = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        made = build(root / "in", list(sources(chosen.sources, chosen.largest * 1000)), chosen.pages, chosen.seed)
        print(f"{len(made):,} pages:", dict(collections.Counter(page.kind for page in made)), flush=True)
        for number, side in enumerate(chosen.sides):
            out, log = root / f"out{number}", root / f"log{number}"
            code, wall, cpu = run(SIDES[side]("in", out.name), chosen.limit, log)
            figures, lost = judge(made, out, log)
            print(f"\n{side}: {code}, {wall:,.0f} s wall, {cpu:,.0f} s CPU, {log.read_bytes().count(b'Traceback')} tracebacks")
            print("  " + ", ".join(f"{name} {count:,}" for name, count in figures.items()))
            for name, pages in sorted(lost.items()):
                print(f"  {name}: {len(pages):,}, such as {pages[:: len(pages) // 8 + 1]}", flush=True)


if __name__ == "__main__":
    main()
