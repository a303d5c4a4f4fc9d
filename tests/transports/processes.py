"""Is that process gone? With a bound, since nobody tells us of the end of a process that isn't our child."""

import os
import sys
import time
from pathlib import Path


def is_running(pid: int) -> bool:
    """A zombie doesn't run: whoever inherits it reaps it some time."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    if sys.platform != "linux":
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return False


def open_descriptors() -> set[str]:
    """The numbers of our own descriptors; on Linux."""
    return {entry.name for entry in Path("/proc/self/fd").iterdir()}


def wait_until_gone(*pids: int, within: float = 15) -> None:
    deadline = time.monotonic() + within
    while left := [pid for pid in pids if is_running(pid)]:
        assert time.monotonic() < deadline, f"still running after {within} s: {left}"
        time.sleep(0.02)
