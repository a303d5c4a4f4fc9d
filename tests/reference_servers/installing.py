"""Other people's programs, each installed once in a folder of its own."""

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

FOLDER = Path(tempfile.gettempdir()) / f"mcp-sdk-clients-{os.getuid()}-{sys.version_info[0]}.{sys.version_info[1]}"
INSTALLING = 600
"""Seconds that one may take."""


def installed(name: str, install: Callable[[Path], Sequence[Sequence[str]]]) -> Path:
    """The folder in which something is installed; done once, and skipped with the reason where it can't be."""
    folder = FOLDER / name
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for command in install(folder):
            try:
                subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=INSTALLING)
            except (OSError, subprocess.SubprocessError) as error:
                said = getattr(error, "stderr", None) or b""
                pytest.skip(f"{name} can't be installed: {error} {said.decode(errors='replace')[-300:]}")
        (folder / "complete").touch()
    return folder


def pip(wanted: str) -> Callable[[Path], Sequence[Sequence[str]]]:
    """Install a Python package, in a virtual environment of its own: ``venv`` in the folder."""

    def install(folder: Path) -> Sequence[Sequence[str]]:
        venv.create(folder / "venv", with_pip=True)
        return [[str(folder / "venv" / "bin" / "python"), "-m", "pip", "install", "--quiet", wanted]]

    return install


def npm(*wanted: str) -> Callable[[Path], Sequence[Sequence[str]]]:
    """Install Node packages: ``node_modules`` in the folder."""
    return lambda folder: [["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), *wanted]]
