"""Beside the other pytest plugins for MCP, installed for real: each in an environment of its own."""

import json
import os
import re
import subprocess
import sys
import venv
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

from .runs import SMALL, full

ROOT = Path(__file__).parents[2]
pytestmark = full


@cache
def environment(*packages: str) -> Path:
    """The Python of a new environment with this project and these packages; skips when they can't be installed."""
    folder = Path(mkdtemp(prefix="neighbours-"))
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    command = [str(python), "-m", "pip", "install", "--quiet", *packages, "pytest-xdist", str(ROOT)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"can't install {' '.join(packages)}: {made.stderr.strip().splitlines()[-1]}")
    return python


def run(python: Path, folder: Path, *arguments: str, autoload: bool = True) -> subprocess.CompletedProcess[str]:
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}
    if not autoload:
        variables["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    command = [str(python), "-m", "pytest", *arguments]
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False, timeout=120)


NEIGHBOURS = ["pytest-mcptest", "pytest-mcp-assert"]
TARGET = f"--mcp-server={json.dumps([sys.executable, '-I', '-S', str(SMALL)])}"


@pytest.mark.parametrize("neighbour", NEIGHBOURS)
@pytest.mark.parametrize("workers", [[], ["-n2"]], ids=["alone", "workers"])
def test_a_shared_option_serves_both(tmp_path: Path, neighbour: str, workers: list[str]) -> None:
    ran = run(environment(neighbour), tmp_path, TARGET, "--mcp-select=ping", "-q", *workers)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "12 passed" in ran.stdout


@pytest.mark.parametrize("neighbour", NEIGHBOURS)
def test_alone_it_is_the_neighbours(tmp_path: Path, neighbour: str) -> None:
    (tmp_path / "test_own.py").write_text("def test_it(): pass\n")
    ran = run(environment(neighbour), tmp_path, TARGET, "-q")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 passed" in ran.stdout
    assert "MCP conformance" not in ran.stdout


@pytest.mark.parametrize("neighbour", NEIGHBOURS)
def test_help_works(tmp_path: Path, neighbour: str) -> None:
    ran = run(environment(neighbour), tmp_path, "--help")
    assert ran.returncode == 0, ran.stderr
    assert len(re.findall(r"^  --mcp-server[= ]", ran.stdout, re.M)) == 1
    assert "--mcp-start-deadline=SECONDS" in ran.stdout


@pytest.mark.parametrize("neighbour", NEIGHBOURS)
@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_either_loads_first(tmp_path: Path, neighbour: str, first: str) -> None:
    python = environment(neighbour)
    find = "import sys, importlib.metadata as m; print(*(e.name for e in m.distribution(sys.argv[1]).entry_points))"
    theirs = subprocess.run([python, "-c", find, neighbour], capture_output=True, text=True, check=True).stdout.split()
    order = ["mcp_conformance", *theirs] if first == "ours" else [*theirs, "mcp_conformance"]
    plugins = [word for name in order for word in ("-p", name)]
    ran = run(python, tmp_path, *plugins, TARGET, "--mcp-select=ping", "-q", autoload=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "12 passed" in ran.stdout


@pytest.mark.parametrize("version", ["8.2.*", "8.4.*", "9.0.*"])
def test_older_versions_of_pytest(tmp_path: Path, version: str) -> None:
    python = environment(f"pytest=={version}")
    (tmp_path / "pyproject.toml").write_text(
        "[tool.pytest.ini_options]\n"
        f"mcp_conformance_server = '{TARGET.partition('=')[2]}'\n"
        "mcp_conformance_deadline = 7.5\nmcp_conformance_strict = true\nmcp_conformance_select = ['ping']\n"
    )
    (tmp_path / "test_own.py").write_text("def test_it(mcp_session): assert mcp_session.call('ping').result == {}\n")
    ran = run(python, tmp_path, "-q", "-n2")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "13 passed" in ran.stdout
