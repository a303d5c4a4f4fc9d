"""Find and end what servers leave behind.

Only the standard library, and no import of this package: the guardian runs this very file as a script, with `-I -S`, so
that it starts in a few milliseconds and needs nothing of the environment of the test run. `guardian` is its other half.
"""

import os
import select
import signal
import sys
import time
from collections.abc import Collection, Iterator

MARK = "MCP_CONFORMANCE_MARK"
"""The variable that a server finds in its environment and its descendants inherit: `<token of the run>.<number>`."""

# How long a process may take to act on SIGTERM once nobody is left to judge it, and how often we look.
_TERM_GRACE = 2.0
_INTERVAL = 0.02
# SIGKILL can lose a race with fork; each round finds what the last one missed.
_KILL_ROUNDS = 20

Leftover = tuple[int, str]
"""Process id, and command line for a human reader."""


def find(sessions: Collection[int], entry: bytes, *, besides: int = 0) -> list[Leftover]:
    """The living processes of these sessions, and on Linux those whose environment has an entry starting with `entry`.

    A server leads its own session and process group, with one number for both. `besides` and the caller are left out.
    """
    skip = {besides, os.getpid()}
    look = _in_proc(sessions, entry) if sys.platform == "linux" else _in_ps(sessions)
    return [(pid, command) for pid, command in look if pid not in skip]


def send_signal(leftovers: Collection[Leftover], number: signal.Signals) -> None:
    """Signal each; those that are gone, or that aren't ours to signal, are passed over."""
    for pid, _ in leftovers:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            continue


def _in_proc(sessions: Collection[int], entry: bytes) -> Iterator[Leftover]:
    needle = b"\0" + entry
    for name in os.listdir("/proc"):  # noqa: PTH208 (pathlib costs the guardian a third of its start)
        if not name.isdigit():
            continue
        try:
            if os.getsid(int(name)) not in sessions and needle not in b"\0" + _read(f"/proc/{name}/environ"):
                continue
            # "pid (name) state …", and the name may hold anything, parentheses too
            if _read(f"/proc/{name}/stat").rpartition(b")")[2].split()[0] in {b"Z", b"X"}:
                continue
            command = _read(f"/proc/{name}/cmdline").replace(b"\0", b" ").strip()
        except OSError:  # gone while we looked, or another user's
            continue
        yield int(name), command.decode(errors="backslashreplace")[:200]


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = []
        while part := os.read(descriptor, 65536):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def _in_ps(groups: Collection[int]) -> Iterator[Leftover]:
    import subprocess  # only where there is no /proc

    ps = ["ps", "-A", "-ww", "-o", "pid=,pgid=,stat=,args="]
    try:
        table = subprocess.run(ps, capture_output=True, check=False, stdin=subprocess.DEVNULL, timeout=5).stdout
    except (OSError, subprocess.TimeoutExpired):
        return
    for line in table.decode(errors="backslashreplace").splitlines():
        fields = line.split(None, 3)
        if len(fields) == 4 and int(fields[1]) in groups and not fields[2].startswith("Z"):
            yield int(fields[0]), fields[3][:200]


def guard(descriptor: int, token: str, run: int) -> None:
    """Follow the process `run`, which writes to this pipe; once it has ended, in whatever way, end what it left behind.

    Lines are `+<group>` for a started server and `-<group>` for one that is gone.
    """
    groups = _follow(descriptor, run)
    entry = f"{MARK}={token}.".encode()
    left = find(groups, entry)
    if not left:
        return
    send_signal(left, signal.SIGTERM)
    deadline = time.monotonic() + _TERM_GRACE
    while find(groups, entry) and time.monotonic() < deadline:
        time.sleep(_INTERVAL)
    for _ in range(_KILL_ROUNDS):
        if not (left := find(groups, entry)):
            return
        send_signal(left, signal.SIGKILL)
        time.sleep(_INTERVAL)


def _follow(descriptor: int, run: int) -> set[int]:
    """Read to the end of the pipe; return the groups that were started and not released."""
    groups: set[int] = set()
    tail = b""
    while True:
        # A process forked by the run without exec holds the pipe open; so we look for the run itself, too.
        if not select.select([descriptor], [], [], 1.0)[0]:
            if os.getppid() != run:
                return groups
            continue
        data = os.read(descriptor, 65536)
        if not data:
            return groups
        *lines, tail = (tail + data).split(b"\n")
        for line in lines:
            (groups.add if line[:1] == b"+" else groups.discard)(int(line[1:]))


if __name__ == "__main__":
    guard(0, sys.argv[1], int(sys.argv[2]))
