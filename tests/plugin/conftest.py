"""Runs of pytest with the plugin, seen from outside: in this process where that is enough, else in one of their own."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Imported here once: pytester throws away what a run inside this process imports,
# and some modules can't be imported twice.
import mcp_conformance.harness
import reference_servers

from .runs import PLUGIN, Run, is_running, started

_SOURCES = [Path(mcp_conformance.harness.__file__).parents[1], Path(reference_servers.__file__).parents[1]]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "CANARY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(str(path) for path in _SOURCES))


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Run pytest in this process, in an empty directory of its own."""

    def run(*arguments: str) -> pytest.RunResult:
        return pytester.runpytest_inprocess(*PLUGIN, *arguments)

    return run


@pytest.fixture
def run_outside(pytester: pytest.Pytester) -> Run:
    """Run pytest in a process of its own: slower, and nothing is shared."""

    def run(*arguments: str) -> pytest.RunResult:
        return pytester.run(sys.executable, "-m", "pytest", *PLUGIN, *arguments, timeout=60)

    return run


@pytest.fixture
def pids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in which each small server leaves its process id."""
    folder = tmp_path / "pids"
    folder.mkdir()
    monkeypatch.setenv("PIDS", str(folder))
    yield folder
    for pid in filter(is_running, started(folder)):
        os.kill(pid, signal.SIGKILL)
