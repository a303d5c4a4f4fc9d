"""What the tests of the plugin share: servers to run against, and what to read off a run."""

import json
import os
import sys
import time
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

SMALL = Path(__file__).with_name("small_server.py")
SMALL_HTTP = SMALL.with_name("small_http_server.py")
# In a checkout that is not installed, pytest does not find the plugin by itself.
PLUGIN: tuple[str, ...] = ("-p", "no:hypothesispytest")  # a second to import, and none of our business
if not entry_points(group="pytest11", name="mcp_conformance"):
    PLUGIN = (*PLUGIN, "-p", "mcp_conformance.plugin")

# A run with workers takes seconds: by default each kind of thing is seen once, with MCP_FULL=1 all combinations are.
full = pytest.mark.skipif(not os.environ.get("MCP_FULL"), reason="slow; set MCP_FULL=1 to run it")
WORKERS = pytest.mark.parametrize("workers", [[], pytest.param(["-n2"], marks=full)], ids=["alone", "workers"])

Run = Callable[..., pytest.RunResult]


def command(*faults: str) -> str:
    """The small server's command, with these faults."""
    return json.dumps([sys.executable, "-I", "-S", str(SMALL), *faults])


def small(*faults: str) -> str:
    """The option that makes it the target."""
    return f"--mcp-server={command(*faults)}"


def web(*faults: str, port: str = "{port}") -> list[str]:
    """The options that make the small server over HTTP the target: launched, then reached."""
    words = [sys.executable, "-I", "-S", str(SMALL_HTTP), port, *faults]
    path = "sse" if "sse" in faults else "mcp"
    return [f"--mcp-server={json.dumps(words)}", f"--mcp-url=http://127.0.0.1:{{port}}/{path}"]


def with_ini(pytester: pytest.Pytester, *faults: str, more: str = "") -> None:
    """Make it the target in the ini file."""
    pytester.makeini(f"[pytest]\nmcp_conformance_server = {command(*faults)}\n{more}")


def read(folder: Path, name: str = "run.json") -> dict[str, Any]:
    """A run that was written as JSON. Its counts add up, or it isn't one."""
    written: dict[str, Any] = json.loads((folder / name).read_text())
    assert sum(written["counts"].values()) == len(written["cases"])
    for verdict, count in written["counts"].items():
        assert count == sum(case["verdict"] == verdict for case in written["cases"])
    return written


def verdicts(run: dict[str, Any]) -> dict[tuple[str, str], str]:
    """The verdicts of a run, by case and revision."""
    return {(case["id"], case["revision"]): case["verdict"] for case in run["cases"]}


def node_ids(result: pytest.RunResult) -> list[str]:
    """What `--collect-only -q` lists."""
    return [line for line in result.outlines if "::" in line and " " not in line]


def started(folder: Path) -> list[int]:
    """The process ids that small servers have left in a folder."""
    return [int(entry.name) for entry in folder.iterdir()]


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


def wait_until(condition: Callable[[], object], what: str, within: float = 30) -> None:
    """Look until it's so, for a bounded time."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"not so after {within} s: {what}"
        time.sleep(0.02)


def all_gone(folder: Path) -> None:
    """Each small server that has started ends."""
    pids = started(folder)
    assert pids, "no server was started"
    wait_until(lambda: not any(map(is_running, pids)), f"the servers {pids} are gone")
