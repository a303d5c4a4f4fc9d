"""Clients that other people wrote, against our servers: the SDKs of the protocol, each in a folder of its own.

They are installed for ``MCP_FULL=1`` alone, since that takes minutes and a package registry.
"""

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from installing import installed, npm, pip
from processes import BOUND, GITHUB, OFFER, environment, over_http

CLIENTS = Path(__file__).parent / "clients"
NEWEST_OF_EACH = {"python-1": "2025-11-25", "python-2": "2026-07-28", "node-1": "2025-11-25", "node-2": "2026-07-28"}
"""The clients, and the newest revision that each speaks."""

pytestmark = pytest.mark.skipif(
    not os.environ.get("MCP_FULL"), reason="other people's clients are installed and run with MCP_FULL=1"
)


def clients() -> Mapping[str, Callable[[], list[str]]]:
    """The command of each client, which gets a transport and a target."""

    def python(version: int) -> list[str]:
        folder = installed(f"python-{version}", pip(f"mcp>={version},<{version + 1}"))
        return [str(folder / "venv" / "bin" / "python"), str(CLIENTS / "python_sdk.py")]

    def node(version: int, package: str) -> list[str]:
        folder = installed(f"node-{version}", npm(f"@modelcontextprotocol/{package}@{version}"))
        return ["node", str(CLIENTS / "node_sdk.mjs"), str(folder / "node_modules"), package]

    return {
        "python-1": lambda: python(1),
        "python-2": lambda: python(2),
        "node-1": lambda: node(1, "sdk"),
        "node-2": lambda: node(2, "client"),
    }


def told(command: Sequence[str], transport: str, *target: str) -> dict[str, Any]:
    """What a client says of a server."""
    done = subprocess.run(
        [*command, transport, *target], capture_output=True, text=True, timeout=BOUND, env=environment(), check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def ask(client: list[str], transport: str, server: Sequence[str], options: Sequence[str]) -> dict[str, Any]:
    command = [*server, *options, *([] if transport == "stdio" else [f"--transport={transport}"])]
    with nullcontext() if transport == "stdio" else over_http(*command) as served:
        return told(client, transport, *(command if served is None else [served[1]]))


@pytest.mark.parametrize(
    ("name", "transport", "revision"),
    [
        (name, transport, revision)
        for name, newest in NEWEST_OF_EACH.items()
        for transport in ("stdio", "http", "sse")
        for revision in ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")
        if revision <= ("2025-11-25" if transport == "sse" else newest)
    ],
)
def test_a_client_lists_calls_and_reads_in_each_revision_that_it_speaks(name, transport, revision):
    found = ask(clients()[name](), transport, GITHUB, [f"--revision={revision}"])
    assert found["version"] == revision
    assert len(found["tools"]) == 7
    assert "hello" in found["called"]
    assert found["read"].startswith("# ")


@pytest.mark.parametrize(
    "options",
    [
        ["--era=dual"],
        ["--era=dual", "--answers=json"],
        ["--sessions=off"],
        ["--sessions=off", "--era=dual", "--answers=json"],
        ["--poll=0"],
        ["--poll=0", "--sessions=off"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("name", NEWEST_OF_EACH)
def test_a_client_finds_its_way_however_http_is_answered(name, options):
    found = ask(clients()[name](), "http", GITHUB, options)
    assert found["version"] == (NEWEST_OF_EACH[name] if "--era=dual" in options else "2025-11-25")
    assert "hello" in found["called"]


@pytest.mark.parametrize("era", ["stateful", "dual"])
@pytest.mark.parametrize("options", [["stdio"], ["http", "--answers=stream"], ["http", "--answers=json"]], ids=" ".join)
def test_a_client_is_asked_told_and_kept_informed(era, options):
    command = [clients()["python-2"]()[0], str(CLIENTS / "python_sdk_tour.py")]
    transport, *more = options
    found = ask(command, transport, OFFER, [f"--era={era}", *more])
    assert found["greeting"] == "Hello, Ada Lovelace"
    assert found["sampled"] == ["Paris", "file:///a"]
    assert found["mirrored"] is True
    quiet = "--answers=json" in options
    assert (found["logged"], found["steps"]) == (([], []) if quiet else (["info", "error"], [1, 2]))
    if era == "dual":
        assert found["news"] == ["ResourceUpdated", "ToolsListChanged"]
        assert found["ended"] == ("by cancellation" if transport == "stdio" else "gracefully")


@pytest.mark.parametrize("transport", ["stdio", "http"])
@pytest.mark.parametrize("name", ["python-1", "node-1"])
def test_a_client_of_the_earlier_era_is_told_what_a_server_without_it_speaks(name, transport):
    with pytest.raises(AssertionError, match="2026-07-28" if transport == "stdio" else "400"):
        ask(clients()[name](), transport, GITHUB, ["--era=stateless"])
