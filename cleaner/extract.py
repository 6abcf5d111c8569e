"""HTML to a document: the main text, and what the page says of itself.

trafilatura does the work. Its own ``deduplicate`` stays off: it remembers pages across calls, so that the same page gives
another text the second time.

Some pages take parsers hours, all of the memory, or down with them. So a page is parsed in a process beside this one, which is ended
when it takes too long; what the page says is then told without understanding it, and the document says so.
"""

from __future__ import annotations

import json
import os
import re
import sys
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

from cleaner.document import Document

if TYPE_CHECKING:
    import subprocess

_FIELDS = ("title", "sitename", "url", "date", "author", "language")
SECONDS = 30.0
"""What a page may take."""
MEMORY = 4 << 30
"""Bytes of address space that parsing may take."""
_PREFORMATTED = frozenset(("listing", "pre", "script", "style", "textarea", "xmp"))
_INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite code del dfn em font i img ins kbd mark q s samp small span strike strong sub sup time tt u var "
    "wbr".split()
)
_WRAP = "\u205f"
"""A space that splits words but no lines, for a line break: trafilatura counts characters, so there have to be as many."""
_WRAPS, _WRAPPED = dict.fromkeys(map(ord, "\r\n"), _WRAP), re.compile(rf"[^\S\n]*{_WRAP}[^\S\n]*")
_FRAME = re.compile(r"<(?:html|body)[\s>]", re.IGNORECASE)
_SENTENCE, _SENTENCES = re.compile(r"""^.{80,}[.!?…。！？]["'”’»)]*$""", re.MULTILINE), 3
"""A line that ends a sentence of a story, and how many of them no menu has."""
_BLOCK = re.compile(r"<(?:article|blockquote|div|main|p|pre|section|table)(?:\s[^<>]*)?>", re.IGNORECASE)


def extract(html: str, url: str | None = None) -> Document:
    """The page as a document without an id; its text is empty where no main text was found.

    Args:
        html: the page's source.
        url: where it came from, if known.
    Returns:
        The document. ``meta["extraction"]`` says why its text is all the page's words, where it could not be parsed in time, or all
        its paragraphs, or words, where no main text was found among them.
    """
    if not html.strip():
        return Document("", "", url=url)
    try:
        title, text, site, address, lang, meta = _child().ask(html, url)
    except _GivenUp as error:
        return Document("", plain(html), url=url, meta={"extraction": f"all words of the page: {error}"})
    return Document("", text, url=address, site=site, title=title, lang=lang, meta=meta)


class _GivenUp(Exception):  # noqa: N818 - not an error of the program
    """Why a page could not be parsed."""


class _Child:
    """The process that parses, started when it is first asked."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, html: str, url: str | None) -> list[Any]:
        import select
        import subprocess

        if self._process is None:
            code = f"import sys; sys.path[:] = {sys.path!r}; from cleaner.extract import serve; serve({MEMORY})"
            self._process = subprocess.Popen(
                [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        wanted, given = self._process.stdin, self._process.stdout
        assert wanted is not None
        assert given is not None
        try:
            wanted.write(json.dumps([html, url]).encode("ascii") + b"\n")
            wanted.flush()
            if not select.select([given], [], [], SECONDS)[0]:
                self.end()
                raise _GivenUp(f"parsing took more than {SECONDS:g} seconds")
            answer = given.readline()
        except OSError:
            answer = b""
        if not answer.endswith(b"\n"):
            self.end()
            raise _GivenUp("parsing ended the process it was done in")
        found: list[Any] | str = json.loads(answer)
        if isinstance(found, str):
            raise _GivenUp(found)
        return found

    def end(self) -> None:
        """Ends the process, if there is one."""
        if self._process is not None:
            self._process.kill()
            for stream in (self._process.stdin, self._process.stdout):
                with suppress(OSError):
                    if stream:
                        stream.close()
            self._process.wait()
            self._process = None


_children: list[_Child] = []


def _child() -> _Child:
    """The child of this process; not that of the one it was forked from."""
    if not _children or _children[0].owner != os.getpid():
        import atexit

        _children[:] = [_Child()]
        atexit.register(_children[0].end)
    return _children[0]


def serve(memory: int, wanted: IO[bytes] | None = None, given: IO[bytes] | None = None) -> None:
    """Parses the pages that come on standard input, one a line, until there are no more."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    wanted, given = wanted or sys.stdin.buffer, given or sys.stdout.buffer
    for row in wanted:
        html, url = json.loads(row)
        answer: list[Any] | str
        try:
            answer = _parsed(html, url)
        except MemoryError:
            answer = "parsing took too much memory"
        except RecursionError:
            answer = "it is nested too deeply"
        except Exception as error:  # whatever a parser fails on
            answer = f"parsing failed ({type(error).__name__})"
        given.write(json.dumps(answer).encode("ascii") + b"\n")
        given.flush()


def _parsed(html: str, url: str | None) -> list[Any]:
    """Title, text, site, url, language and more, as trafilatura finds them."""
    import logging

    from trafilatura import bare_extraction, load_html

    # it logs what it gives up on; here an empty text says so
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)

    def main(source: str) -> Any:
        tree = load_html(source)
        if tree is None:
            return None
        _unwrap(tree)
        return bare_extraction(tree, url=url, with_metadata=True, include_comments=False, deduplicate=False)

    source = html.replace("\x00", "")
    page = main(source)
    if page is None and _BLOCK.search(source) and not _FRAME.search(source):
        # the article alone, in one element: trafilatura takes that for no page at all
        page = main(f"<html><body>{source}</body></html>")
    if page is None:
        text, meta = _paragraphs(source)
        return [None, text, None, url, None, meta]
    found = page if isinstance(page, dict) else page.as_dict()
    lines = (found.get("text") or "").split("\n")
    text = "\n".join(_WRAPPED.sub(" ", line).strip() if _WRAP in line else line for line in lines).strip("\n")
    known = {name: _WRAPPED.sub(" ", str(found[name])) for name in _FIELDS if found.get(name)}
    meta = {name: known[name] for name in ("date", "author") if name in known}
    return [known.get("title"), text + "\n" if text else "", known.get("sitename"), known.get("url") or url, known.get("language"), meta]


def _unwrap(tree: Any) -> None:
    """Takes the line breaks of the source out of a page's sentences, as a browser does; those beside a block, and of what is
    preformatted, stay.

    trafilatura leaves them in paragraphs that hold other elements; a line that begins in the middle of a sentence is easily taken
    for what it is not.
    """
    from lxml.etree import iterwalk

    depth = 0  # of elements that show their line breaks
    for event, element in iterwalk(tree, events=("start", "end", "comment", "pi")):
        preformatted = element.tag in _PREFORMATTED
        if event == "start":
            depth += preformatted
            if not depth and element.text:
                _unwrap_part(element, "text", element, element[0] if len(element) else element)
            continue
        depth -= event == "end" and preformatted
        if not depth and element.tail and element is not tree:
            after = element.getnext()
            _unwrap_part(element, "tail", element, element.getparent() if after is None else after)


def _unwrap_part(element: Any, name: str, before: Any, after: Any) -> None:
    """Unwraps an element's text or tail, which stands between the edges of two elements."""
    text = getattr(element, name)
    start = 0 if _inline(before) else len(text) - len(text.lstrip())
    end = len(text) if _inline(after) else len(text.rstrip())
    with suppress(ValueError):  # of characters that the tree holds, but does not take
        setattr(element, name, text[:start] + text[start:end].translate(_WRAPS) + text[max(start, end) :])


def _inline(element: Any) -> bool:
    return not isinstance(element.tag, str) or element.tag in _INLINE


def _paragraphs(html: str) -> tuple[str, dict[str, str]]:
    """All paragraphs of a page, or all its words, where there are sentences among them, and what was told.

    Broken markup hides a whole article from its extractor.
    """
    from trafilatura import baseline

    try:
        text = str(baseline(html)[1]).strip("\n") + "\n"
    except ValueError:  # of characters that its tree cannot hold
        text = ""
    for told, words in (("paragraphs", text), ("words", plain(html))):
        if len(_SENTENCE.findall(words)) >= _SENTENCES:
            return words, {"extraction": f"all {told} of the page: no main text was found"}
    return "", {}


_BLOCKS = frozenset(
    "address article aside blockquote br dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p "
    "pre section table td th title tr ul".split()
)
_SILENT = ("script", "style", "template", "noscript", "svg")


def plain(html: str) -> str:
    """The words of a page, a block a line, in time linear in its length; it need not be HTML at all."""
    from html import unescape

    parts: list[str] = []
    unclosed: set[str] = set()
    lowered = html.lower() if len(html.lower()) == len(html) else html
    at = 0
    while True:
        start = html.find("<", at)
        if start < 0:
            parts.append(html[at:])
            break
        parts.append(html[at:start])
        if html.startswith("<!--", start):
            end = html.find("-->", start)
            at = len(html) if end < 0 else end + 3
            continue
        end = html.find(">", start)
        if end < 0:
            break
        name = lowered[start + 1 : min(end, start + 20)].split()
        tag = name[0].strip("/") if name else ""
        at = end + 1
        if tag in _BLOCKS:
            parts.append("\n")
        elif tag in _SILENT and tag not in unclosed and html[start + 1] != "/":
            close = lowered.find(f"</{tag}", at)
            if close < 0:
                unclosed.add(tag)
            else:
                at = close
    lines = (" ".join(line.split()) for line in unescape("".join(parts)).split("\n"))
    text = "\n".join(line for line in lines if line)
    return text + "\n" if text else ""
