"""The README is held to its word: its commands exist, its two lines run, its code does what it says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from conftest import ROOT, Command

from cleaner.features import CONTEXT, FEATURES
from cleaner.fitting import labelled
from cleaner.rulebook import load

README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = ["clean", "dedup", "check", "fix", "explain", "restore", "rules list", "rules show", "rules test", "rules lint", "rules new", "rules impact", "rules fit", "clusters", "index info", "index remove"]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_stands_in_the_readme(command: str) -> None:
    assert re.search(rf"`(cleaner )?{command}\b", README)


def test_the_readme_names_no_command_there_is_not(command: Command) -> None:
    for words in set(re.findall(r"`cleaner ((?:rules |index )?[a-z]+)", README)):
        assert command(*words.split(), "--help").returncode == 0, words


def test_every_option_in_the_readme_is_one(command: Command) -> None:
    helps = "".join(command(*words.split(), "--help").stdout for words in COMMANDS)
    for option in set(re.findall(r"`(--[a-z-]+)", README)):
        assert option in helps, option


def test_every_feature_stands_in_the_readme() -> None:
    assert [name for name in [*FEATURES, *CONTEXT] if f"`{name}`" not in README] == []


def test_every_extra_stands_in_the_readme() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert [name for name in extras if f"`{name}`" not in README] == []


def test_the_labelled_document_of_the_readme_is_one(tmp_path: Path) -> None:
    (row,) = re.findall(r"```json\n(.*?)```", README, re.DOTALL)
    (tmp_path / "a.jsonl").write_text(row, encoding="utf-8")
    (document,) = labelled([tmp_path / "a.jsonl"])
    assert {line["keep"] for line in document["lines"]} == {True, False, None}


def test_the_main_job_runs_on_the_shipped_files(command: Command, tmp_path: Path) -> None:
    (line,) = re.findall(r"cleaner clean fixtures/small -o \S+", README)
    assert line.split()[2] == "fixtures/small"
    done = command("clean", ROOT / "fixtures" / "small", "-o", "out")
    assert done.returncode == 0
    assert "16 documents in: 13 kept, 1 duplicate, 2 emptied, 0 failed" in done.stderr


def test_the_rule_of_the_readme_keeps_to_its_examples(command: Command, tmp_path: Path) -> None:
    (rule,) = re.findall(r"```toml\n(# mine.toml.*?)```", README, re.DOTALL)
    (tmp_path / "mine.toml").write_text(rule, encoding="utf-8")
    assert [r.id for r in load([tmp_path / "mine.toml"], shipped_too=False).rules] == ["mine.newsletter-invitation"]
    assert command("rules", "test", "mine.toml").returncode == 0
    assert command("rules", "lint", "mine.toml").returncode == 0


def test_the_python_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"```python\n(import cleaner.*?)```", README, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("The bridge opened on Monday.\nAdvertisement\n")
    (rule,) = re.findall(r"```toml\n(# mine.toml.*?)```", README, re.DOTALL)
    (tmp_path / "mine.toml").write_text(rule, encoding="utf-8")
    names: dict[str, object] = {}
    exec(code.replace("jobs=4", "jobs=1"), names)  # noqa: S102 - our own README
    assert names["counts"] == {"in": 1, "kept": 1, "duplicate": 0, "emptied": 0, "failed": 0}
    assert names["pairs"] == []


def test_the_hooks_of_the_readme_are_those_there_are() -> None:
    hooks = re.findall(r"^- id: (\S+)", (ROOT / ".pre-commit-hooks.yaml").read_text(), re.MULTILINE)
    assert all(hook in README for hook in hooks)


def test_the_versions_agree() -> None:
    from cleaner.version import __version__

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "version" in project["dynamic"]
    assert f"rev: v{__version__}" in README
