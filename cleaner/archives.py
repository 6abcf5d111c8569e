"""Archives (.zip, .tar and compressed tars): their files, taken out into a run's own folder under names of ours.

A member's name is never a path here: it is only told. Members that have no safe name, that are no files, that come twice
or cannot be read are named and refused; an archive inside an archive is left alone.
"""

from __future__ import annotations

import lzma
import os
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple, Protocol, Self, cast

from cleaner.document import CleanerError, visible
from cleaner.formats import ReadError, compression, named
from cleaner.names import Names
from cleaner.selection import ALL, Selection
from cleaner.walk import RECORD, Archive, Found, joined

MOST_BYTES = 10 << 30
"""What the members of an archive may unpack to, together."""
MOST_TIMES = 100
"""How many times an archive's own size they may be: text packs to a fourth, logs to a thirtieth, bombs to a thousandth."""
ALWAYS_BYTES = 1 << 20
"""So much is unpacked of any archive: of a small one, a hundred times its size is little."""

_LONGEST_NAME, _LONGEST_PATH = 240, 1000  # bytes; the names that are written are longer by a suffix
_BLOCK = 1 << 18


class _Content(Protocol):
    """What can be read."""

    def read(self, size: int, /) -> bytes: ...


class _Member(NamedTuple):
    """A file in an archive: its name, a stream of its content, or the reason why there is none."""

    name: str
    content: _Content | None
    failure: str = ""


class _TooMuchError(CleanerError):
    """An archive that unpacks to more than it may."""


def unpacked(found: Found, folder: Path, form: str | None = None, selection: Selection = ALL) -> Found:
    """What was found, with the files in its archives among the sources; they lie in ``folder``, which is made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    taken = _Taken(Names(source.relative for source in found.sources))
    for number, archive in enumerate(found.archives):
        inside = folder / str(number)
        inside.mkdir(parents=True)
        _unpack(archive, inside, form, selection, taken)
    found = joined(found, taken.files, taken.failures, taken.others, form)
    return found._replace(hidden=found.hidden + taken.hidden, ignored=found.ignored + taken.ignored)


class _Taken:
    """What was taken out of archives, and what was left in them."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.files: dict[str, Path] = {}
        self.failures: dict[str, str] = {}
        self.others: list[str] = []
        self.hidden = self.ignored = 0

    def add(self, relative: str, path: Path, failure: str = "") -> None:
        self.names.add(relative)
        self.files[relative] = path
        if failure:
            self.failures[relative] = failure


def _unpack(archive: Archive, folder: Path, form: str | None, selection: Selection, taken: _Taken) -> None:
    """Takes the members of one archive out."""
    number = 0

    def fail(relative: str, reason: str) -> None:
        if relative in taken.names:
            relative = f"{archive.relative}#{number}"
        while relative in taken.names:
            relative += "~"
        taken.add(relative, archive.path, reason)

    try:
        known = _stat(archive.path)
        most, changed = max(MOST_TIMES * known.st_size, ALWAYS_BYTES), known.st_mtime_ns
        room = min(MOST_BYTES, most)
        for number, member in enumerate(_members(archive, most), 1):
            shown = visible(member.name)[:200]
            refused = unsafe(member.name)
            if refused:
                fail(f"{archive.relative}#{number}", f"member {shown!r}: {refused}")
                continue
            parts = PurePosixPath(member.name).parts
            relative = f"{archive.relative}/{'/'.join(parts)}"
            if any(part.startswith(".") or part == RECORD for part in parts):
                taken.hidden += 1  # as in directories
            elif not selection.wants(relative):
                taken.ignored += 1
            elif relative in taken.names:
                fail(f"{archive.relative}#{number}", f"member {shown!r}: the archive has another of this name, which was read")
            elif member.failure:
                fail(relative, member.failure)
            elif form is None and named(relative) is None:
                taken.others.append(relative)
            elif member.content is not None:
                stem, compressed = compression.split(parts[-1])
                path = folder / f"{number}{PurePosixPath(stem).suffix if named(relative) else ''}{compressed}"
                try:
                    room -= _copy(member.content, path, room)
                    os.utime(path, ns=(changed, changed))  # as old as its archive: a run that is taken up again knows it
                    taken.add(relative, path)
                except ReadError as error:
                    fail(relative, f"damaged in its archive: {error}")
    except CleanerError as error:
        fail(archive.relative, str(error))


_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    lzma.LZMAError,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OSError,
)
"""What reading a member, or the archive, raises where it is damaged."""


def _said(error: BaseException) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


def unsafe(name: str, whole: str = "the archive") -> str:
    """Why a file of some whole may not have this name, or nothing."""
    parts = name.split("/")
    if not name.strip("/. "):
        return "it has no name"
    if name.startswith("/") or (name[1:2] == ":" and name[:1].isalpha() and name[2:3] in ("\\", "/")):
        return "its name is an absolute path"
    if ".." in parts or ".." in name.split("\\"):
        return f"its name leads out of {whole}"
    try:
        sizes = [len(os.fsencode(part)) for part in parts]
    except UnicodeError:
        return "its name cannot be written"
    if max(sizes) > _LONGEST_NAME or sum(sizes) + len(sizes) > _LONGEST_PATH:
        return "its name is too long"
    return "its name cannot be written" if "\0" in name else ""


def _copy(content: _Content, path: Path, room: int) -> int:
    """Writes a member; how many bytes it has. Raises _TooMuchError, and leaves nothing behind when anything fails."""
    size = 0
    try:
        with path.open("wb") as file:
            while block := _read(content):
                size += len(block)
                if size > room:
                    raise _TooMuchError(_too_much())
                file.write(block)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return size


def _read(content: _Content) -> bytes:
    try:
        return content.read(_BLOCK)
    except _DAMAGE as error:
        raise ReadError(_said(error)) from None


def _stat(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError as error:
        raise ReadError(f"cannot be read: {_said(error)}") from None


def _too_much() -> str:
    return (
        f"the archive unpacks to more than {MOST_TIMES} times its size, or more than {MOST_BYTES >> 30} GB; "
        "what comes behind is not read. Unpack it, and name the directory"
    )


def _members(archive: Archive, most: int) -> Iterator[_Member]:
    """The files in an archive, in its order. Raises CleanerError where the archive breaks off."""
    zipped = archive.relative.lower().endswith(".zip")
    try:
        yield from _zipped(archive.path) if zipped else _tarred(archive, most)
    except _DAMAGE as error:
        raise ReadError(f"damaged archive ({_said(error)}); what comes before that was read") from None


# --- zip -----------------------------------------------------------------------------------------------------------


def _zipped(path: Path) -> Iterator[_Member]:
    try:
        file = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        yield from _without_directory(path)
        raise
    with file:
        for info in file.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            if info.is_dir():
                continue
            if info.flag_bits & _ENCRYPTED:
                yield _Member(info.filename, None, "encrypted in its archive")
            elif kind not in (0, stat.S_IFREG):
                yield _Member(info.filename, None, "a link or a device in its archive")
            else:
                yield _Member(info.filename, _Lazy(file, info))


class _Lazy:
    """A member of a zip file that is opened when it is read: damage is then its own."""

    def __init__(self, file: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
        self._file, self._info = file, info
        self._opened: IO[bytes] | None = None

    def read(self, size: int, /) -> bytes:
        self._opened = self._opened or self._file.open(self._info)
        return self._opened.read(size)


_ENCRYPTED, _SIZES_BEHIND, _UTF8 = 0x1, 0x8, 0x800
_STORED, _DEFLATED = 0, 8


def _without_directory(path: Path) -> Iterator[_Member]:
    """The members of a zip file that lost its directory (it stands at the end), from the headers before them."""
    with path.open("rb") as file:
        while len(head := file.read(30)) == 30 and head.startswith(b"PK\x03\x04"):
            flags, method, crc, size, long, extra = struct.unpack("<6xHH4xII4xHH", head)
            name = file.read(long).decode("utf-8" if flags & _UTF8 else "cp437", "replace")
            file.seek(extra, 1)
            behind = bool(flags & _SIZES_BEHIND)
            if flags & _ENCRYPTED or method not in (_STORED, _DEFLATED) or (behind and method == _STORED) or size == 0xFFFFFFFF:
                raise zipfile.BadZipFile("its directory is not there, and of a member neither the end")
            content = _Loose(file, method, None if behind else size, crc)
            if not name.endswith("/"):
                yield _Member(name, content)
            while content.read(_BLOCK):
                pass
            if behind:
                at = file.tell()
                following = file.read(24).find(b"PK\x03\x04")
                file.seek(at + max(0, following))


class _Loose:
    """A member's content, read from its place; its sum is checked at its end."""

    def __init__(self, file: IO[bytes], method: int, size: int | None, crc: int) -> None:
        self._file, self._left, self._crc = file, size, crc
        self._check = size is not None
        self._unpacker = zlib.decompressobj(-15) if method == _DEFLATED else None
        self._rest = b""
        self._sum = 0
        self._ended = False

    def read(self, size: int, /) -> bytes:
        content = b"" if self._ended else self._some(size)
        self._sum = zlib.crc32(content, self._sum)
        if not content and not self._ended:
            self._ended = True
            if self._check and self._sum != self._crc:
                raise zipfile.BadZipFile("its checksum is another")
        return content

    def _some(self, size: int) -> bytes:
        if not self._unpacker:
            return self._raw(size)
        while not self._unpacker.eof:
            self._rest = self._rest or self._raw(size)
            ended = not self._rest
            content = self._unpacker.decompress(self._rest, size)
            self._rest = self._unpacker.unconsumed_tail
            if self._unpacker.eof:
                self._file.seek(-len(self._unpacker.unused_data), 1)
            if content:
                return content
            if ended and not self._unpacker.eof:
                raise EOFError("it is cut off")
        return b""

    def _raw(self, size: int) -> bytes:
        block = self._file.read(size if self._left is None else min(size, self._left))
        if not block and self._left:
            raise EOFError("it is cut off")
        if self._left is not None:
            self._left -= len(block)
        return block


# --- tar -----------------------------------------------------------------------------------------------------------


def _tarred(archive: Archive, most: int) -> Iterator[_Member]:
    with tarfile.open(fileobj=cast("IO[bytes]", _Unpacked(archive.path, most)), mode="r|", tarinfo=_Info) as file:
        for member in file:
            file.members = []  # type: ignore[attr-defined] # it would remember them all
            if member.isdir():
                continue
            content = file.extractfile(member) if member.isreg() else None
            yield _Member(member.name, content, "" if content else "a link or a device in its archive")
        ended = getattr(file, "ended", None)
        if not isinstance(ended, tarfile.EOFHeaderError):  # type: ignore[attr-defined]
            raise ReadError(f"the archive breaks off ({ended or 'no end marker'}); what comes before that was read")


class _Info(tarfile.TarInfo):
    """A header, which tells its archive how it ended: tarfile takes a damaged header for the end."""

    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(tarfile_)
        except tarfile.HeaderError as error:
            tarfile_.ended = error  # type: ignore[attr-defined]
            raise


class _Unpacked:
    """The content of a file, whatever it is compressed with; what is beyond the limit is a bomb, and ends the reading."""

    def __init__(self, path: Path, most: int) -> None:
        self._blocks, self._left = compression.blocks(path), most
        self._block, self._at = b"", 0

    def read(self, size: int, /) -> bytes:
        while self._at == len(self._block) and (block := next(self._blocks, None)) is not None:
            self._block, self._at = block, 0
        content = self._block[self._at : self._at + min(size, self._left)]
        if not content and self._at < len(self._block):
            raise _TooMuchError(_too_much())
        self._at += len(content)
        self._left -= len(content)
        return content
