"""Bytes to text and back: UTF-8 first, then what is declared, then what the bytes look like."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import NamedTuple

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Decoded(NamedTuple):
    """A text, how it was encoded, and how many characters could not be read (they are U+FFFD in the text)."""

    text: str
    encoding: str
    bom: bool
    replaced: int

    def encode(self, text: str) -> bytes:
        """A text in this encoding, with its byte order mark."""
        bom = next((b for b, name in _BOMS if name == self.encoding), b"") if self.bom else b""
        return bom + text.encode(self.encoding)


def decode(raw: bytes, declared: str | None = None) -> Decoded:
    """The text of some bytes. Never fails: what cannot be read is replaced and counted."""
    for bom, name in _BOMS:
        if raw.startswith(bom):
            return _as(raw[len(bom) :], name, bom=True)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return _legacy(raw, declared)
    wide = _without_bom(raw)
    return _as(raw, wide, bom=False) if wide else Decoded(text, "utf-8", bom=False, replaced=0)


def _without_bom(raw: bytes) -> str | None:
    """UTF-16 that does not say so: ASCII in it is every second byte zero (and passes as UTF-8)."""
    head = raw[:4096]
    if len(head) < 4 or head.count(0) * 3 < len(head):
        return None
    if head[1::2].count(0) > head[::2].count(0) * 4:
        return "utf-16-le"
    if head[::2].count(0) > head[1::2].count(0) * 4:
        return "utf-16-be"
    return None


# What Western European text has beyond ASCII.
_WESTERN = frozenset("àâäáãåæçéèêëíìîïñóòôöõøœúùûüýÿßÀÂÄÁÃÅÆÇÉÈÊËÍÌÎÏÑÓÒÔÖÕØŒÚÙÛÜ¿¡“”„‘’‚–—…€£«»°ºª§©®·•\u00a0\u00ad")


def _legacy(raw: bytes, declared: str | None) -> Decoded:
    damaged = _as(raw, "utf-8", bom=False)
    # a stray byte in a text that is otherwise UTF-8: other encodings would read it whole and spoil all the rest
    beyond = sum(not c.isascii() for c in damaged.text) - damaged.replaced
    if damaged.replaced and beyond >= 4 * damaged.replaced:
        return damaged
    guesses: tuple[Callable[[], str | None], ...] = (
        lambda: _known(declared),
        lambda: _without_bom(raw),
        lambda: _western(raw),
        lambda: _guessed(raw),
        lambda: "cp1252",
    )
    for guess in guesses:
        name = guess()
        if name:
            read = _as(raw, name, bom=False)
            if not read.replaced:
                return read
    return damaged


def _western(raw: bytes) -> str | None:
    """cp1252, if the bytes read in it as Western text: a guess by frequencies fails on texts of a few lines."""
    try:
        text = raw.decode("cp1252")
    except UnicodeDecodeError:
        return None
    beyond = [c for c in text if not c.isascii()]
    return "cp1252" if len(beyond) * 4 <= len(text) and all(c in _WESTERN for c in beyond) else None


def _guessed(raw: bytes) -> str | None:
    from charset_normalizer import from_bytes

    best = from_bytes(raw[: 1 << 20]).best()
    return _known(best.encoding) if best else None


def _known(name: str | None) -> str | None:
    """Python's name of an encoding of text; None for what is none."""
    try:
        # some codecs turn bytes to bytes, or text to text
        return codecs.lookup(name.strip()).name if name and isinstance(b"a".decode(name.strip()), str) else None
    except (LookupError, ValueError, AssertionError):
        return None


def _as(raw: bytes, name: str, *, bom: bool) -> Decoded:
    try:
        text = raw.decode(name)
        if name.startswith("utf") or text.encode(name) == raw:
            return Decoded(text, name, bom, 0)
        # bytes that lead to a character which leads back to others: it is text, but not to the byte
        return Decoded(text, name, bom, max(1, text.count("\ufffd")))
    except (UnicodeError, LookupError):
        text = raw.decode(name, "replace")
        return Decoded(text, name, bom, max(1, text.count("\ufffd")))
