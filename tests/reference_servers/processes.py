"""Servers as processes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
GITHUB = [sys.executable, "-m", "reference_servers.github"]
OFFER = [sys.executable, str(Path(__file__).parent / "clients" / "offer_server.py")]
BOUND = 30


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


@contextmanager
def over_http(*command: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A server that says where it listens, and the URL."""
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    ) as process:
        try:
            assert process.stderr
            line = process.stderr.readline().decode()
            assert line.startswith("listening on http://127.0.0.1:"), line
            yield process, line.removeprefix("listening on ").strip()
        finally:
            process.kill()
