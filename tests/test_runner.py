"""Steps of YAML cases against small servers: what passes, what fails, what stays undecided, and with which cause."""

import textwrap
from pathlib import Path
from typing import Any

import anyio
import pytest
from scripted import DEADLINE, HANG_UP, Right, asked, error, serve

from mcp_conformance.cases.loader import load_suite
from mcp_conformance.cases.values import BadReference
from mcp_conformance.engine import Engine, Settings
from mcp_conformance.target import MemoryTarget
from mcp_conformance.verdicts import Outcome, Verdict

REVISION = "2025-11-25"


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Runs the cases of a suite, given as YAML, one after the other against one server."""

    def of(answer: Any, *cases: str) -> list[Outcome]:
        text = "area: mine\ncases:\n"
        for number, steps in enumerate(cases):
            text += f"  - case: mine.case{number}\n    purpose: a sentence that is true of a right server\n"
            text += (
                textwrap.indent(
                    textwrap.dedent(steps).strip()
                    if "judges:" in steps
                    else f"judges: [ping.respond]\n{textwrap.dedent(steps).strip()}",
                    "    ",
                )
                + "\n"
            )
        (path := tmp_path / "my.mcp.yaml").write_text(text, encoding="utf-8")

        async def main() -> list[Outcome]:
            with anyio.fail_after(30):
                target = MemoryTarget(serve(answer))
                settings = Settings(deadline=DEADLINE, start_deadline=1, revisions=(REVISION,))
                async with Engine(target, settings, lambda case, revision: f"run {case}") as engine:
                    await engine.discover()
                    return [await engine.run(case, REVISION) for case in load_suite(path)]

        return anyio.run(main)

    return of


def test_what_is_expected_passes(run: Any) -> None:
    (outcome,) = run(Right(), "steps: [{request: ping, as: a}, {expect: {of: a, result: EmptyResult}}, {barrier: {}}]")
    assert outcome.verdict == Verdict.PASS
    assert outcome.server_seconds >= 0


def test_what_is_not_expected_fails_with_its_evidence(run: Any) -> None:
    right = Right()
    (outcome,) = run(
        lambda message: error(message, -1) if asked(message, "mine") else right(message),
        "steps: [{request: mine}, {expect: {result: true}}]",
    )
    assert outcome.verdict == Verdict.FAIL
    (finding,) = outcome.findings
    assert (finding.requirement, finding.reproduce) == ("ping.respond", "run mine.case0")
    assert [line.direction for line in finding.evidence] == ["sent", "received"]
    assert "-1" in finding.observed


def test_any_of_several_outcomes_passes_and_a_note_is_told(run: Any) -> None:
    steps = 'steps: [{request: mine}, {expect: {any-of: [{result: true}, {error: -32601, note: "unusual but legal"}]}}]'
    (outcome,) = run(Right(), steps)
    assert (outcome.verdict, outcome.notes) == (Verdict.PASS, ["unusual but legal"])


def test_silence_is_shown_by_a_barrier_and_not_by_a_clock(run: Any) -> None:
    (outcome,) = run(Right(), "steps: [{notify: mine}, {expect: {silence: true}}]")
    assert outcome.verdict == Verdict.PASS
    right = Right()

    def chatty(message: Any) -> Any:
        if isinstance(message, dict) and message.get("method") == "mine":
            return {"jsonrpc": "2.0", "id": None, "result": {}}
        return right(message)

    (outcome,) = run(chatty, "steps: [{notify: mine}, {expect: {silence: true}}]")
    assert outcome.verdict == Verdict.FAIL


def test_what_is_bound_can_be_sent_and_expected(run: Any) -> None:
    steps = """
        steps:
          - request: tools/list
          - expect: {result: true}
          - bind: {tools: /result/tools}
          - request: tools/list
          - expect: {result: true, where: {/result/tools: {equals: {$bound: tools}}}}
    """
    assert [one.verdict for one in run(Right(), steps)] == [Verdict.PASS]
    (outcome,) = run(
        Right(), "steps: [{request: ping}, {expect: {result: true}}, {bind: {x: /result/none}}, {request: ping}]"
    )
    assert outcome.verdict == Verdict.PASS  # ping.respond was decided before


def test_nothing_in_the_answer_to_bind_leaves_the_case_undecided(run: Any) -> None:
    (outcome,) = run(
        Right(), "steps: [{request: ping, as: a}, {bind: {x: /result/none}, of: a}, {expect: {result: true}}]"
    )
    assert outcome.verdict == Verdict.INCONCLUSIVE
    assert outcome.reason == "the answer has nothing at /result/none"


def test_a_server_that_never_answers_is_the_finding_and_not_the_case(run: Any) -> None:
    right = Right()
    (outcome,) = run(
        lambda message: None if asked(message, "mine") else right(message),
        "judges: [ping.empty-result]\nsteps: [{request: mine}, {expect: {result: true}}]",
    )
    assert {judgement.requirement: judgement.verdict for judgement in outcome.judgements} == {
        "ping.empty-result": Verdict.INCONCLUSIVE,
        "jsonrpc.request-answered": Verdict.FAIL,
    }


def test_a_server_that_dies_of_a_request_does_not_spoil_the_next_case(run: Any) -> None:
    right = Right()
    ping = "steps: [{request: ping}, {expect: {result: true}}]"
    outcomes = run(
        lambda message: HANG_UP if asked(message, "mine") else right(message),
        "steps: [{request: mine}, {expect: {error: true}}]",
        ping,
    )
    assert [outcome.verdict for outcome in outcomes] == [Verdict.FAIL, Verdict.PASS]
    assert "output ended" in outcomes[0].findings[0].observed


def test_what_a_case_sets_off_at_its_end_falls_into_that_case(run: Any) -> None:
    """A notification after which the server hangs: the case that sent it is the one that fails."""
    state = {"hung": False}
    right = Right()

    def answer(message: Any) -> Any:
        if asked(message, "initialize"):
            state["hung"] = False
        if isinstance(message, dict) and message.get("method") == "mine":
            state["hung"] = True
        return None if state["hung"] else right(message)

    ping = "steps: [{request: ping}, {expect: {result: true}}]"
    outcomes = run(answer, "steps: [{request: ping}, {expect: {result: true}}, {notify: mine}]", ping)
    assert [outcome.verdict for outcome in outcomes] == [Verdict.FAIL, Verdict.PASS]


def test_a_server_that_dies_of_the_last_thing_a_case_sends_fails_in_that_case(run: Any) -> None:
    right = Right()

    def answer(message: Any) -> Any:
        return HANG_UP if isinstance(message, dict) and message.get("method") == "mine" else right(message)

    ping = "steps: [{request: ping}, {expect: {result: true}}]"
    outcomes = run(answer, "steps: [{request: ping}, {expect: {result: true}}, {notify: mine}]", ping)
    assert [outcome.verdict for outcome in outcomes] == [Verdict.FAIL, Verdict.PASS]


def test_no_unwanted_message_is_shown_by_what_came(run: Any) -> None:
    steps = "session: unopened\nsteps: [{expect-nothing: {}}, {barrier: {}}]"
    assert [one.verdict for one in run(Right(), steps)] == [Verdict.PASS]
    steps = "steps: [{request: ping}, {expect: {result: true}}, {expect-nothing: {kinds: [notification]}}]"
    right = Right()

    def talkative(message: Any) -> Any:
        reply = right(message)
        return [{"jsonrpc": "2.0", "method": "notifications/x"}, reply] if asked(message, "ping") else reply

    (outcome,) = run(talkative, steps)
    assert outcome.verdict == Verdict.FAIL
    assert outcome.findings[0].observed == "a notification, notifications/x"


def test_a_fresh_server_is_new_and_a_restart_makes_another(run: Any) -> None:
    starts: list[int] = []
    right = Right()

    def counted(message: Any) -> Any:
        if asked(message, "initialize"):
            starts.append(1)
        return right(message)

    ping = "{request: ping}, {expect: {result: true}}"
    steps = f"session: fresh\nsteps: [{ping}, {{restart: true}}, {ping}]"
    (outcome,) = run(counted, steps)
    assert outcome.verdict == Verdict.PASS
    assert len(starts) == 3  # discovery, fresh, restarted


def test_a_value_that_this_server_does_not_give_makes_a_case_not_applicable(run: Any) -> None:
    (outcome,) = run(
        Right(), "steps: [{request: tools/list, params: {cursor: {$profile: /cursor}}}, {expect: {result: true}}]"
    )
    assert (outcome.verdict, outcome.reason) == (Verdict.NOT_APPLICABLE, "tools/list has only one page")


def test_a_reference_to_nothing_is_the_suites_fault_and_no_verdict_on_the_server(run: Any) -> None:
    with pytest.raises(BadReference, match="the profile has only"):
        run(Right(), "steps: [{request: ping, params: {x: {$profile: /nonsense}}}, {expect: {result: true}}]")


def test_a_slow_call_of_a_real_tool_is_undecided(run: Any) -> None:
    right = Right()
    hung: list[Any] = []

    def answer(message: Any) -> Any:
        if asked(message, "tools/call") and message["params"].get("arguments") == {"slow": True}:
            hung.append(message)
            return None
        return right(message)

    (outcome,) = run(
        answer, "steps: [{request: tools/call, params: {name: add, arguments: {slow: true}}}, {expect: {result: true}}]"
    )
    assert outcome.verdict == Verdict.INCONCLUSIVE
    assert "may be slow" in outcome.reason
    assert hung


def test_a_session_that_can_not_be_opened_again_is_undecided_and_no_accusation(run: Any) -> None:
    starts: list[int] = []
    right = Right()

    def once(message: Any) -> Any:
        if asked(message, "initialize"):
            starts.append(1)
            return right(message) if len(starts) == 1 else error(message, -32000, "already in use")
        return right(message)

    (outcome,) = run(once, "session: fresh\nsteps: [{request: ping}, {expect: {result: true}}]")
    assert outcome.verdict == Verdict.INCONCLUSIVE
    assert "already in use" in outcome.reason
    assert outcome.findings == []
