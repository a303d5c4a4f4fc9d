"""The console script: list, explain, profile."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mcp_conformance import __version__, coverage
from mcp_conformance.cases.loader import bundled
from mcp_conformance.cli import main
from mcp_conformance.requirements import EDITIONS, catalogue
from mcp_conformance.revisions import JUDGED, era_of

from .runs import SMALL, all_gone, command

Capture = pytest.CaptureFixture[str]
SERVER = [sys.executable, "-I", "-S", str(SMALL)]


def test_list_names_each_case_with_its_requirements_and_levels(capsys: Capture) -> None:
    assert main(["list"]) == 0
    shown = capsys.readouterr().out
    for case in bundled():
        assert f"  {case.id}\n      {case.purpose}\n" in shown
    assert "      SHOULD     lifecycle.stdio-exit-on-eof" in shown
    assert shown.endswith(f"{len(bundled())} cases; revisions {', '.join(JUDGED)}\n")


def test_list_can_be_narrowed_and_read_by_programs(capsys: Capture) -> None:
    assert main(["list", "ping", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["area"] for row in rows} == {"ping"}
    first = next(row for row in rows if row["id"] == "ping.is-answered")
    with_pings = [revision for revision in JUDGED if era_of(revision) == "stateful"]
    assert first["revisions"] == with_pings
    assert first["requirements"] == [{"id": "ping.respond", "level": dict.fromkeys(with_pings, "MUST")}]


def test_every_case_and_requirement_can_be_explained(capsys: Capture) -> None:
    for name in sorted(catalogue().all_ids() | {case.id for case in bundled()}):
        assert main(["explain", name]) == 0
        shown = capsys.readouterr().out
        assert name in shown
        assert "https://modelcontextprotocol.io/" in shown or "/schema.ts" in shown


def test_explain_gives_level_link_cases_and_faulty_servers(capsys: Capture) -> None:
    main(["explain", "ping.respond"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "requirement ping.respond"
    row = next(line for line in lines if line.startswith("  2025-06-18"))
    assert row.split()[:3] == ["2025-06-18", "MUST", "both"]
    assert row.endswith("/specification/2025-06-18/basic/utilities/ping#behavior-requirements")
    assert "    ping.is-answered" in lines
    assert any(line.strip() in coverage.proofs()["2025-11-25"]["ping.respond"] for line in lines)


def test_explain_shows_how_the_text_is_read_and_speaks_json(capsys: Capture) -> None:
    main(["explain", "lifecycle.server-other-version"])
    assert "  reading: the prose demands an answer with another version" in capsys.readouterr().out
    main(["explain", "lifecycle.server-other-version", "--json"])
    found = json.loads(capsys.readouterr().out)["requirement"]
    assert found["texts"][0]["text"] == "2024-11-05"
    assert found["texts"][0]["interpretation"].startswith("the prose demands")
    assert found["cases"]
    assert found["faulty_servers"]


def test_coverage_is_markdown_or_numbers(capsys: Capture) -> None:
    assert main(["coverage", "2025-11-25"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("| text | side | level | observable")
    assert main(["coverage", "--json", "--exclude=auth", "--exclude=tasks"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found.keys() == set(EDITIONS)
    assert found["2025-11-25"]["server"].keys() == {"MUST", "SHOULD"}
    assert found["2025-11-25"]["server"]["MUST"].keys() == {"observable", "conditional", "judged", "proven"}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["list", "pin"], "there is no area pin; did you mean ping?; areas are"),
        (
            ["explain", "ping.is-answerd"],
            "there is no requirement or case ping.is-answerd; did you mean ping.is-answered?",
        ),
        (["coverage", "--exclude=tsks"], "--exclude=tsks: no such area; did you mean tasks?"),
        (["coverage", "2025-11-26"], "there is no text 2025-11-26; did you mean 2025-11-25?"),
        (["profile"], "name one server: "),
        (["profile", "--mcp-server=a", "--", "b"], "name one server: "),
        (["list", "--", "srv"], "only profile takes a command behind --: srv"),
        (["profile", "--", "no-such-program"], "can't start 'no-such-program'"),
        (["profile", "--mcp-deadline=soon", "--", "srv"], "--mcp-deadline=soon: a number of seconds"),
        (["profile", "--mcp-hints=nowhere", "--", "srv"], "--mcp-hints=nowhere: there is no file"),
        (["profile", "--mcp-server=["], "--mcp-server begins like a JSON array"),
    ],
)
def test_a_mistake_is_one_clear_line_and_status_2(capsys: Capture, arguments: list[str], reason: str) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"mcp-conformance: {reason}")


def test_profile_shows_the_server_and_what_each_level_would_call(capsys: Capture, pids: Path) -> None:
    assert main(["profile", f"--mcp-server={command()}"]) == 0
    by_option = capsys.readouterr().out
    assert main(["profile", "--", *SERVER]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == by_option.splitlines()[0] == "small 1"
    assert "  --mcp-call=safe     calls 1 of 2: echo" in lines
    assert "  --mcp-call=all      calls 2 of 2: echo, erase" in lines
    assert "  --mcp-call=none     calls 0 of 2" in lines
    all_gone(pids)


def test_profile_heeds_hints_and_revisions(capsys: Capture, tmp_path: Path) -> None:
    hints = tmp_path / "hints.yaml"
    hints.write_text("tools: {echo: {call: never}, erase: {call: always}}\n")
    assert main(["profile", f"--mcp-hints={hints}", "--mcp-revision=2025-06-18", "--json", "--", *SERVER]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["revisions"] == ["2025-06-18"]
    assert found["tools"][0] == {"name": "echo", "called_by": []}
    assert "readonly" in found["tools"][1]["called_by"]


def test_profile_of_a_server_that_cannot_be_used_is_status_1(capsys: Capture) -> None:
    assert main(["profile", "--", *SERVER, "dies"]) == 1
    assert "before it answered initialize" in capsys.readouterr().out
    assert main(["profile", "--", *SERVER, "unknown-revision"]) == 1
    assert f"it speaks 2024-10-07; known here are {', '.join(JUDGED)}" in capsys.readouterr().out


def test_profile_keeps_secrets_and_terminals_safe(capsys: Capture) -> None:
    assert main(["profile", "--mcp-env=CANARY=s3cr3t-canary", "--", *SERVER, "tells", "hostile"]) == 0
    shown = capsys.readouterr().out
    assert "s3cr3t" not in shown
    assert "\x1b" not in shown


def test_the_script_runs_by_itself() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "mcp_conformance.cli", "--version"], capture_output=True, text=True, check=True
    )
    assert ran.stdout == f"mcp-conformance {__version__}\n"
    wrong = subprocess.run(
        [sys.executable, "-m", "mcp_conformance.cli", "frobnicate"], capture_output=True, text=True, check=False
    )
    assert wrong.returncode == 2
    assert "Traceback" not in wrong.stderr
