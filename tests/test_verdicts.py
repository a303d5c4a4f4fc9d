"""Verdicts, findings and the run they make: levels, one finding a cause, counts that add up, and nothing is lost."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_conformance.cases.loader import bundled
from mcp_conformance.jsonrpc import parse
from mcp_conformance.judging import Ruling, Seen, evidence, judge
from mcp_conformance.profile import Profile
from mcp_conformance.report import run as run_model
from mcp_conformance.report import terminal
from mcp_conformance.transcript import Transcript
from mcp_conformance.verdicts import Evidence, Finding, Judgement, Outcome, Problem, Verdict, worst

SOME = settings(max_examples=50, deadline=None, derandomize=True, database=None)
REVISION = "2025-11-25"
HOSTILE = "\x1b[31m\x00\u202e\ud800\r\n::error::<script>\u0085\u2028"


def problem(requirement: str = "ping.respond", **more: Any) -> Problem:
    return Problem(requirement, more.pop("expected", "a"), more.pop("observed", "b"), **more)


# ------------------------------------------------------------------------------------------------------------- verdicts


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["pass", "not_applicable"], "pass"),
        (["pass", "inconclusive"], "inconclusive"),
        (["inconclusive", "warning", "pass"], "warning"),
        (["warning", "fail"], "fail"),
        (["fail", "error"], "error"),
        (["not_applicable"], "not_applicable"),
    ],
)
def test_a_case_is_as_bad_as_its_worst_judgement(verdicts: list[str], expected: str) -> None:
    assert worst([Verdict(one) for one in verdicts]) == expected
    assert worst([Verdict(one) for one in reversed(verdicts)]) == expected


def test_a_fingerprint_names_the_cause_and_neither_place_in_a_list_nor_events_nor_values() -> None:
    first = problem(at="/result/tools/3/name", events=(4, 5), observed="x").fingerprint
    assert problem(at="/result/tools/17/name", events=(9,), observed="y").fingerprint == first
    assert problem(at="/result/tools/3/title").fingerprint != first
    assert problem("ping.empty-result", at="/result/tools/3/name").fingerprint != first
    assert problem(cause="one").fingerprint == problem("ping.empty-result", at="/x", cause="one").fingerprint
    assert len(problem(at=HOSTILE).fingerprint) == 12


# -------------------------------------------------------------------------------------------------------------- judging


def case(identifier: str) -> Any:
    return next(one for one in bundled() if one.id == identifier)


def judged(ruling: Ruling, identifier: str = "ping.is-answered") -> Outcome:
    return judge(case(identifier), REVISION, "stdio", ruling, lambda name, revision: f"run {name} {revision}")


def test_a_must_fails_a_should_warns_and_nothing_seen_is_no_pass() -> None:
    assert judged(Ruling(passed={"ping.respond"})).verdict == Verdict.PASS
    assert judged(Ruling()).verdict == Verdict.INCONCLUSIVE
    assert judged(Ruling(undecided={"ping.respond": "why"})).reason == "why"
    assert judged(Ruling(inapplicable={"ping.respond": "no need"})).verdict == Verdict.NOT_APPLICABLE
    assert judged(Ruling(passed={"ping.respond"}, seen=[Seen(problem(), [])])).verdict == Verdict.FAIL
    assert (
        judged(Ruling(seen=[Seen(problem("tools.name-length"), [])]), "tools.names.length").verdict == Verdict.WARNING
    )


def test_another_requirement_seen_broken_is_judged_too_and_the_gravest_speaks_for_the_cause() -> None:
    seen = [Seen(problem("tools.name-length", cause="one"), []), Seen(problem(cause="one"), [])]
    outcome = judged(Ruling(seen=seen), "tools.names.length")
    assert {judgement.requirement: judgement.verdict for judgement in outcome.judgements} == {
        "tools.name-length": Verdict.WARNING,
        "ping.respond": Verdict.FAIL,
    }
    (finding,) = outcome.findings
    assert (finding.requirement, finding.level, finding.is_must) == ("ping.respond", "MUST", True)
    assert finding.reproduce == f"run tools.names.length {REVISION}"
    assert finding.link.startswith(f"https://modelcontextprotocol.io/specification/{REVISION}/")


def test_many_problems_of_one_cause_are_one_finding_that_counts_them() -> None:
    seen = [Seen(problem(at=f"/result/tools/{number}/name", observed="x"), []) for number in range(5)]
    (finding,) = judged(Ruling(seen=seen)).findings
    assert finding.observed == "x (and 4 more like it)"
    assert (finding.at, finding.case) == ("/result/tools/0/name", "ping.is-answered")


def test_evidence_is_the_lines_that_prove_it_printable_and_short() -> None:
    transcript = Transcript("stdio", REVISION)
    transcript.add("sent", parse(b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}'))
    tools = [{"name": "x" * 5000, "description": "\x1b[31m"}] * 50 + [{"name": "here"}]
    transcript.add("received", parse(json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"tools": tools}}).encode()))
    transcript.add("received", parse(b"\xff\x1b[2J banner"))
    transcript.add("closed", text="the server closed its output")
    lines = evidence(transcript.events, problem(at="/result/tools/50/name", events=(1, 2, 3), observed="no output"))
    assert [(line.event, line.direction) for line in lines] == [
        (1, "sent"),
        (2, "received"),
        (3, "received"),
        (4, "closed"),
    ]
    assert '"here"' in lines[1].text
    assert all(len(line.text) <= 600 and line.text.isprintable() for line in lines)
    assert evidence(transcript.events, problem())[0].event == 3  # nothing named: the end of what was said
    assert evidence([], problem()) == []


# ------------------------------------------------------------------------------------------------------------------ run


def finding(fingerprint: str = "f1", level: str = "MUST", text: str = "t", **more: Any) -> Finding:
    made: dict[str, Any] = {
        "requirement": "ping.respond",
        "level": level,
        "revision": REVISION,
        "transport": "stdio",
        "case": "ping.is-answered",
        "at": text,
        "expected": text,
        "observed": text,
        "evidence": [Evidence(1, "received", text)],
        "reproduce": text,
        "fingerprint": fingerprint,
        "link": "https://example.com",
        "summary": "s",
        "remedy": text,
        "interpretation": text,
        "stderr": text,
    }
    return Finding(**{**made, **more})


def outcome(verdict: Verdict = Verdict.PASS, *, revision: str = REVISION, text: str = "r", **more: Any) -> Outcome:
    judgements = [Judgement("ping.respond", "MUST", verdict, text)]
    return Outcome("ping.is-answered", "ping", revision, "stdio", verdict, text, judgements, notes=[text], **more)


def build(outcomes: list[Outcome], *, complete: bool = True, info: Any = None) -> dict[str, Any]:
    profile = Profile(
        "stdio", "label", 0.1, {REVISION: REVISION}, {}, info={"serverInfo": info} if info is not None else {}
    )
    return run_model.build(
        target={"command": ["x"], "cwd": ".", "env": []},
        profile=profile,
        outcomes=outcomes,
        settings={
            "call": "safe",
            "strict": False,
            "deadline": 1.0,
            "start_deadline": 1.0,
            "select": [],
            "revisions": [],
        },
        versions={},
        seconds=1.0,
        complete=complete,
    )


def test_findings_of_one_cause_are_merged_across_cases_and_revisions_gravest_first() -> None:
    outcomes = [
        outcome(Verdict.WARNING, revision="2025-06-18", findings=[finding("b", "SHOULD")]),
        outcome(Verdict.WARNING, findings=[finding("a", "SHOULD"), finding("c", "SHOULD")]),
        outcome(Verdict.FAIL, findings=[finding("b", "MUST NOT")]),
    ]
    merged = run_model.merge_findings(outcomes)
    assert [(one.fingerprint, one.level, len(one.occurrences)) for one in merged] == [
        ("b", "MUST NOT", 2),
        ("a", "SHOULD", 1),
        ("c", "SHOULD", 1),
    ]
    assert [one["revision"] for one in merged[0].occurrences] == ["2025-06-18", REVISION]
    assert [len(one.occurrences) for one in run_model.merge_findings(outcomes)] == [2, 1, 1]  # a second time too


def test_the_counts_of_all_verdicts_are_all_cases() -> None:
    outcomes = [outcome(verdict) for verdict in Verdict for _ in range(2)]
    counts = run_model.counts(outcomes)
    assert counts == dict.fromkeys(map(str, Verdict), 2)
    assert sum(counts.values()) == len(build(outcomes)["cases"])


@given(st.text(st.characters(exclude_categories=[]), max_size=30))
@SOME
def test_an_outcome_comes_back_from_json_as_it_was(text: str) -> None:
    before = outcome(Verdict.FAIL, text=text, findings=[finding(text=text)])
    assert Outcome.from_json(json.loads(json.dumps(before.to_json()))) == before


def test_a_run_with_hostile_strings_is_written_whole_and_read_back(tmp_path: Path) -> None:
    made = build(
        [outcome(Verdict.FAIL, text=HOSTILE, findings=[finding(text=HOSTILE)])], info={"name": HOSTILE, "version": [1]}
    )
    run_model.write(tmp_path / "run.json", made)
    assert json.loads((tmp_path / "run.json").read_text(encoding="utf-8")) == json.loads(json.dumps(made))
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_a_run_that_can_not_be_written_leaves_nothing_half_done(tmp_path: Path) -> None:
    (tmp_path / "run.json").mkdir()
    with pytest.raises(OSError, match=r"run\.json"):
        run_model.write(tmp_path / "run.json", build([]))
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


# ------------------------------------------------------------------------------------------------------------- terminal


@pytest.mark.parametrize("text", [HOSTILE, "\x9b31m", "\x07", "a\u200bb", "\u2066", "\U000e0041"])
@pytest.mark.parametrize("name", [None, 5, {"x": 1}, ["\x1b"], "\x1b[31m"])
def test_no_control_character_of_a_servers_reaches_the_terminal(text: str, name: Any) -> None:
    outcomes = [outcome(verdict, text=text, findings=[finding(f"{verdict}", text="/" + text)]) for verdict in Verdict]
    lines = [line for _, line in terminal.summary(build(outcomes, info={"name": name, "version": text}))]
    assert len(lines) > 20
    for line in lines:
        assert line.isprintable(), repr(line)


@pytest.mark.parametrize(
    ("verdicts", "level", "begins", "style"),
    [
        (["pass"], None, "Conformant", "good"),
        (["pass", "warning"], "SHOULD", "Conformant in what was tested, 1 recommendation not followed", "good"),
        (["pass", "fail"], "MUST", "Not conformant: 1 requirement broken", "bad"),
        (["pass", "inconclusive"], None, "No answer: 1 case", "warn"),
        (["not_applicable"], None, "No answer: r.", "warn"),
        (
            ["pass", "error", "fail"],
            "MUST",
            "Not conformant: 1 requirement broken; the harness failed in 1 case",
            "bad",
        ),
        (["pass", "error"], None, "No answer: the harness failed in 1 case", "warn"),
        ([], None, "No answer: nothing applied", "warn"),
    ],
)
def test_the_last_line_is_the_answer(verdicts: list[str], level: str | None, begins: str, style: str) -> None:
    outcomes = [outcome(Verdict(one)) for one in verdicts]
    if level:
        outcomes[-1].findings = [finding(level=level)]
    run = build(outcomes)
    assert terminal.verdict(run).startswith(begins)
    assert terminal.verdict_style(run) == style


def test_the_only_reason_why_nothing_applied_is_printable_too() -> None:
    assert terminal.verdict(build([outcome(Verdict.NOT_APPLICABLE, text=HOSTILE)])).isprintable()


def test_a_run_cut_short_says_so() -> None:
    assert "not all cases ran" in terminal.verdict(build([outcome()], complete=False))


def test_each_finding_is_told_with_its_proof_and_the_command_that_shows_it_again() -> None:
    run = build([outcome(Verdict.FAIL, findings=[finding(at="/result/x")])])
    text = "\n".join(line for _, line in terminal.explain(run["findings"][0], 1))
    for part in (
        "1. FAIL  ping.respond",
        "MUST",
        REVISION,
        "https://example.com",
        "at /result/x",
        "observed",
        "wire",
        "←",
        "stderr",
        "remedy",
        "reading",
        "again",
    ):
        assert part in text
