"""Runs of pytest with the plugin, seen from outside: in this process where that is enough, else in one of their own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

# Imported here once: pytester throws away what a run inside this process imports, and some modules can't be imported twice.
import mcp_conformance.harness
import reference_servers

SMALL = Path(__file__).with_name("small_server.py")
PLUGIN = () if entry_points(group="pytest11", name="mcp_conformance") else ("-p", "mcp_conformance.plugin")
SOURCES = [Path(mcp_conformance.__file__).parents[1], Path(reference_servers.__file__).parents[1]]

Run = Callable[..., pytest.RunResult]


def small(*faults: str) -> str:
    """The option that makes the small server the target, with these faults."""
    return "--mcp-server=" + json.dumps([sys.executable, "-I", "-S", str(SMALL), *faults])


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "CANARY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(str(path) for path in SOURCES))


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Run pytest in this process, in an empty directory of its own."""

    def run(*arguments: str) -> pytest.RunResult:
        return pytester.runpytest_inprocess(*PLUGIN, "-p", "no:randomly", *arguments)

    return run


@pytest.fixture
def run_outside(pytester: pytest.Pytester) -> Run:
    """Run pytest in a process of its own: slower, and nothing is shared."""

    def run(*arguments: str) -> pytest.RunResult:
        return pytester.run(sys.executable, "-m", "pytest", *PLUGIN, *arguments, timeout=60)

    return run


def cases(folder: Path, name: str = "run.json") -> dict[tuple[str, str], str]:
    """The verdicts of a run that was written as JSON, by case and revision."""
    written: dict[str, Any] = json.loads((folder / name).read_text())
    return {(case["id"], case["revision"]): case["verdict"] for case in written["cases"]}


def node_ids(result: pytest.RunResult) -> list[str]:
    return [line for line in result.outlines if "::" in line and " " not in line]


@pytest.fixture
def pids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in which each small server leaves its process id; in the end none may be alive."""
    folder = tmp_path / "pids"
    folder.mkdir()
    monkeypatch.setenv("PIDS", str(folder))
    yield folder
    for pid in started(folder):
        with_kill(pid)


def started(folder: Path) -> list[int]:
    return [int(entry.name) for entry in folder.iterdir()]


def with_kill(pid: int) -> None:
    subprocess.run(["kill", "-9", str(pid)], stderr=subprocess.DEVNULL, check=False)
