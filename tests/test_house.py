"""The house tests itself: imports go down, the start is light, the wheel is whole, the docs know every command."""

from __future__ import annotations

import ast
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT

FLOORS = {
    "document": 0, "version": 0, "lazy": 0, "kept": 0, "lock": 1, "names": 0, "charmap": 1, "patterns": 1, "progress": 0,
    "segment": 1, "selection": 1, "samples": 2, "repair": 2, "wording": 3, "kernels": 2, "arrays": 2, "store": 1, "literals": 2,
    "minhash": 3, "likeness": 4, "features": 2, "extract": 2, "detectors": 3, "dedup": 5, "choice": 6, "index": 6,
    "rulebook": 4, "formats": 3, "hyper": 3,
    "matcher": 5, "sources": 4, "walk": 5, "audit": 1, "performance": 2, "staging": 2, "account": 3, "log": 1,
    "archives": 6, "remote": 7, "engine": 6, "frames": 5, "describe": 5, "lookalikes": 6,
    "examples": 7, "restore": 8, "clusters": 7, "review": 2, "fitting": 7, "findings": 7, "output": 7, "engines": 1,
    "work": 7, "parts": 8, "upload": 8, "pipeline": 9, "commands": 8, "drafting": 8, "impact": 8, "arguments": 8,
    "refit": 9,
    "": 10,  # the package: cleaner/__init__.py
    "rules_cli": 11, "copies_cli": 11,
    "cli": 12,
    "__main__": 13,
}  # fmt: skip
"""Which module may import which: only from a lower floor, or from its own folder."""


def modules() -> list[Path]:
    return sorted((ROOT / "cleaner").rglob("*.py"))


def room(name: str) -> str:
    """ "formats" of "cleaner.formats.jsonl"; "" of "cleaner"."""
    return name.partition(".")[2].partition(".")[0]


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "cleaner":
                found |= {f"cleaner.{alias.name}" for alias in node.names}
            else:
                found.add(node.module)
    return {name for name in found if name.split(".")[0] == "cleaner"}


def test_every_module_has_its_floor() -> None:
    assert {room(name(path)) for path in modules()} == set(FLOORS)


def name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_imports_go_down() -> None:
    up = [
        f"{name(path)} imports {other}"
        for path in modules()
        for other in imports(path)
        if room(other) in FLOORS and room(other) != room(name(path)) and FLOORS[room(other)] >= FLOORS[room(name(path))]
    ]
    assert up == []


def test_only_the_command_says_exit() -> None:
    for path in modules():
        if path.stem != "__main__":
            assert "sys.exit" not in path.read_text(encoding="utf-8"), path


def test_sql_is_spoken_in_one_room() -> None:
    for path in modules():
        if path.stem != "store":
            assert "SELECT " not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize("statement", ["import cleaner", "import cleaner; cleaner.clean('Text.\\nAdvertisement')", "import cleaner.cli"])
def test_the_start_pulls_in_nothing_heavy(statement: str) -> None:
    heavy = {
        "datasketch",
        "numba",
        "numpy",
        "trafilatura",
        "lxml",
        "pyarrow",
        "duckdb",
        "ftfy",
        "rich",
        "zstandard",
        "pathspec",
        "chardet",
        "fsspec",
        "aiohttp",
    }
    code = f"{statement}; import sys; print(*sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == []


def test_no_module_is_a_house_of_its_own() -> None:
    assert [path.name for path in modules() if len(path.read_text(encoding="utf-8").splitlines()) > 450] == []


def test_the_wheel_holds_every_rule_and_runs_without_the_checkout(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(tmp_path), str(ROOT)], check=True, capture_output=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {n.removeprefix("cleaner/rules/") for n in names if n.startswith("cleaner/rules/")} == {
        p.name for p in (ROOT / "rules").iterdir()
    }
    assert "cleaner/py.typed" in names
    # an environment that sees this one's libraries, but another cleaner
    venv.create(tmp_path / "env", system_site_packages=True, with_pip=False)
    site = next((tmp_path / "env").rglob("site-packages"))
    zipfile.ZipFile(wheel).extractall(site)
    code = "import cleaner; print(cleaner.__file__); print(cleaner.clean('Text.\\nAdvertisement').text)"
    ours = [p for p in sys.path if "site-packages" in p]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {[str(site)]!r}; sys.path += {ours!r}; {code}"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    where, text = done.stdout.splitlines()
    assert where.startswith(str(site))
    assert text == "Text."
