"""Suite files into cases: every mistake names its file, its line and what to do."""

import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from mcp_conformance.cases import loader, model
from mcp_conformance.cases.checks import CHECKS, Check
from mcp_conformance.requirements import catalogue
from mcp_conformance.revisions import JUDGED
from mcp_conformance.strict_yaml import DataError

HEAD = """\
area: mine
cases:
  - case: mine.first
    judges: [ping.respond]
    purpose: a sentence that is true of a right server
"""
RIGHT = HEAD + "    steps: [{request: ping}, {expect: {result: true}}]\n"


def load(tmp_path: Path, text: str) -> list[loader.LoadedCase]:
    (path := tmp_path / "my.mcp.yaml").write_text(textwrap.dedent(text), encoding="utf-8")
    return loader.load_suite(path)


def test_a_right_suite_is_cases_with_their_places(tmp_path: Path) -> None:
    (case,) = load(tmp_path, RIGHT)
    assert (case.id, case.area, case.line, case.judges) == ("mine.first", "mine", 3, ("ping.respond",))
    assert isinstance(case.body, model.Case)
    assert case.runs_on("2025-11-25", "stdio")
    assert not case.runs_on("1999-01-01", "stdio")


def steps(*lines: str) -> str:
    return HEAD + "    steps:\n" + "".join(f"      - {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("[]", 1, 'a suite is a mapping with "area" and "cases"'),
        ("area: x\ncases: []\n", 2, "at least one case"),
        ("area: x\ncasess: []\n", 2, 'unknown key "casess"; did you mean "cases"?'),
        (RIGHT.replace("area: mine", "area: Not An Area"), 1, '"area"'),
        (RIGHT.replace("mine.first", "First"), 3, '"case"'),
        (RIGHT.replace("    judges: [ping.respond]\n", ""), 3, '"judges" is missing'),
        (RIGHT.replace("a sentence that is true of a right server", "short"), 5, '"purpose"'),
        (RIGHT + "    stepps: 1\n", 7, 'unknown key "stepps"; did you mean "steps"?'),
        (
            RIGHT.replace("ping.respond", "ping.responds"),
            4,
            'unknown requirement "ping.responds"; did you mean "ping.respond"?',
        ),
        (RIGHT + "    session: shard\n", 7, "session"),
        (RIGHT + '    revisions: ["1999-01-01"]\n', 7, 'unknown revision "1999-01-01"'),
        (RIGHT + '    revisions: ["2026-07-28"]\n', 7, "none of its requirements binds servers in revision 2026-07-28"),
        (RIGHT + "    level: MUST\n", 7, 'unknown key "level"'),
        (RIGHT + RIGHT.partition("cases:\n")[2], 7, "case mine.first stands also at line 3; ids are unique"),
        (steps("expects: {result: true}"), 7, 'unknown step "expects"; did you mean "expect"?'),
        (steps("{}"), 7, "a step is a mapping with one of: "),
        (steps("just words"), 7, "a step is a mapping with one of: "),
        (steps("{request: ping, notify: ping}"), 7, "a step does one thing, this has request and notify"),
        (steps("{request: ping, parms: {}}"), 7, 'unknown key "parms"; did you mean "params"?'),
        (steps("request: ping", "expect: {}"), 8, 'exactly one of "result", "error" and "silence"'),
        (
            steps("request: ping", "expect: {result: true, error: true}"),
            8,
            'exactly one of "result", "error" and "silence"',
        ),
        (
            steps("request: ping", "expect: {of: pong, result: true}"),
            8,
            '"of: pong" names no earlier step; give one "as: pong"',
        ),
        (steps("expect: {result: true}"), 7, '"expect" has no step before it that sends anything'),
        (steps("request: ping", "{in: other, expect: {result: true}}"), 8, "has no step before it that sends anything"),
        (
            steps("request: ping", "expect: {result: true, judges: [ping.empty-result]}"),
            8,
            "isn't in the case's own \"judges\"",
        ),
        (steps("raw: {base64: '!'}"), 7, "should match pattern"),
        (
            steps("request: ping", "expect: {result: true}").replace(
                "[ping.respond]", "[ping.respond, ping.empty-result]"
            ),
            8,
            'the case judges 2 requirements: say with "judges" which this step decides',
        ),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_to_do(text: str, line: int, reason: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        load(tmp_path, text)
    assert reason in caught.value.reason
    assert (caught.value.line, caught.value.source) == (line, str(tmp_path / "my.mcp.yaml"))


def test_a_requirement_that_binds_clients_is_refused(tmp_path: Path) -> None:
    known = catalogue()
    binds_clients = next(
        name
        for name in sorted(known.all_ids())
        if all((found := known.get(one, name)) and found.who == "client" for one in known.editions(name))
    )
    with pytest.raises(DataError, match="binds clients, not servers"):
        load(tmp_path, RIGHT.replace("ping.respond", binds_clients))


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("ping.respond", "ping.responds", 4, 'unknown requirement "ping.responds"; did you mean "ping.respond"?'),
        (
            "    steps",
            "    revisions: [2026-07-28]\n    steps",
            6,
            "none of its requirements binds servers in revision",
        ),
        ("    steps", "    level: MUST\n    steps", 6, 'unknown key "level"'),
    ],
)
@pytest.mark.parametrize("select", [False, True], ids=["collected", "selected"])
def test_pytest_refuses_a_wrong_suite_with_its_line(
    old: str, new: str, line: int, reason: str, select: bool, tmp_path: Path
) -> None:
    (tmp_path / "my.mcp.yaml").write_text(RIGHT.replace(old, new))
    chosen = "--mcp-select=my.mcp.yaml" if select else "my.mcp.yaml"
    server = json.dumps([sys.executable, "-m", "reference_servers.github"])
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--mcp-server={server}", chosen]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 4, run.stdout + run.stderr
    told = re.sub(r"\s+", " ", run.stdout + run.stderr)
    assert f"my.mcp.yaml:{line}: case mine.first: {reason}" in told
    assert "Traceback" not in told


def test_bundled_cases_have_unique_ids_and_judge_something_in_a_revision() -> None:
    cases = loader.bundled()
    assert len({case.id for case in cases}) == len(cases)
    for case in cases:
        assert any(case.requirements(revision) for revision in JUDGED), case.id
        assert case.line > 0
        assert Path(case.source).exists()


def test_every_check_has_a_purpose_that_is_a_sentence() -> None:
    for check in CHECKS.values():
        assert isinstance(check, Check)
        assert len(check.purpose) > 10, check.id
        assert "should" not in check.purpose, check.id
