"""What takes long to make is kept between runs, sealed with a sum: what cannot be read or written changes nothing but the time."""

from __future__ import annotations

import contextlib
import marshal
import os
import zlib
from pathlib import Path
from typing import Any

_KEPT = 24  # files of a kind; older ones are of what has changed since


def cache_folder() -> Path:
    """Where what takes long to make is kept between runs."""
    given = os.environ.get("CLEANER_CACHE_DIR")
    return Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "corpus-cleaner"


def kept(cache: Path) -> Any:
    """What was kept; None if nothing was, or not all of it is there."""
    try:
        content = cache.read_bytes()
    except OSError:
        return None
    sealed = memoryview(content)[4:]
    if zlib.crc32(sealed).to_bytes(4, "big") != content[:4]:
        return None
    with contextlib.suppress(OSError):
        os.utime(cache)  # what is used is kept longest
    return marshal.loads(sealed)


def keep(cache: Path, value: Any) -> None:
    """Keeps plain values."""
    payload = marshal.dumps(value)
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        temporary = cache.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_bytes(zlib.crc32(payload).to_bytes(4, "big") + payload)
        temporary.replace(cache)
        for stale in sorted(cache.parent.glob(f"{cache.name.partition('-')[0]}-*"), key=lambda path: path.stat().st_mtime)[:-_KEPT]:
            stale.unlink(missing_ok=True)
    except OSError:
        pass
