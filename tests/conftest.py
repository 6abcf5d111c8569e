"""What tests share: the real command, run as a person runs it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("default", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default")

Command = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The rulebook's cache in a folder of the tests, for this process and the commands it runs."""
    before = os.environ.get("CLEANER_CACHE_DIR")
    os.environ["CLEANER_CACHE_DIR"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["CLEANER_CACHE_DIR"]
    else:
        os.environ["CLEANER_CACHE_DIR"] = before


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Runs ``cleaner`` with some words in the test's own folder; no output may be a traceback."""

    def run(*words: str | Path, stdin: str | bytes = b"", before: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        given = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            [*before, sys.executable, "-m", "cleaner", *map(str, words)],
            input=given,
            capture_output=True,
            cwd=tmp_path,
            timeout=120,
            check=False,
        )
        out, err = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        assert "Traceback" not in err, err
        return subprocess.CompletedProcess(done.args, done.returncode, out, err)

    return run


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its relative path; run.json without what a run cost, the only part that differs from run to run."""
    return {p.relative_to(folder).as_posix(): stable(p.name, p.read_bytes()) for p in sorted(folder.rglob("*")) if p.is_file()}


def stable(name: str, content: bytes) -> bytes:
    """What is the same in every run of a file of an output."""
    return re.sub(rb',\n  "performance": \{.*?\n  \}', b"", content, flags=re.DOTALL) if name == "run.json" else content
