"""The hooks, with the real pre-commit in a real repository."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

TEXT = "The bridge over the river opened on Monday.\nAdvertisement\nIt took two years to build.\n"


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This project as a repository that hooks can be taken from: its files as they are now, committed."""
    folder = tmp_path_factory.mktemp("hooks")
    names = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    for name in filter(None, names):
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((ROOT / name).read_bytes())
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "all")
    return folder


def git(folder: Path, *words: str) -> None:
    name = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
    subprocess.run(["git", *words], cwd=folder, check=True, env={**os.environ, **name}, capture_output=True)


def pre_commit(folder: Path, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PRE_COMMIT_HOME": str(home), "PRE_COMMIT_COLOR": "never"}
    return subprocess.run([sys.executable, "-m", "pre_commit", *words], cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_the_hooks_check_and_fix(hooks: Path, tmp_path: Path) -> None:
    repository, home = tmp_path / "data", tmp_path / "home"
    repository.mkdir()
    git(repository, "init", "-q")
    (repository / "a.txt").write_text(TEXT)
    (repository / "b.json").write_text('"Advertisement"')
    git(repository, "add", "-A")
    # try-repo installs the hooks from the repository and runs one of them on the files
    done = pre_commit(repository, home, "try-repo", str(hooks), "cleaner-check", "--all-files", "--verbose")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "a.txt:2: ad.marker: Advertisement" in done.stdout
    assert (repository / "a.txt").read_text() == TEXT
    done = pre_commit(repository, home, "try-repo", str(hooks), "cleaner-fix", "--all-files", "--verbose")
    assert done.returncode == 1
    assert "a.txt: cleaned, 1 place" in done.stdout
    assert (repository / "a.txt").read_text() == TEXT.replace("Advertisement\n", "")
    for hook in ("cleaner-check", "cleaner-fix"):
        done = pre_commit(repository, home, "try-repo", str(hooks), hook, "--all-files")
        assert done.returncode == 0, done.stdout
