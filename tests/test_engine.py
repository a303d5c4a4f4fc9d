"""What the tester says of whole servers: right ones get no finding, wrong ones one, and nothing unknown is claimed."""

import dataclasses
import itertools
from typing import Any

import anyio
import pytest
from scripted import ADD, DEADLINE, HANG_UP, Found, Right, asked, error, examine, result, serve

from mcp_conformance import conduits, discovery
from mcp_conformance.arguments import Pool
from mcp_conformance.cases.checks import CHECKS
from mcp_conformance.cases.loader import bundled
from mcp_conformance.engine import Engine, Settings
from mcp_conformance.hints import Hints
from mcp_conformance.jsonrpc import Message, parse
from mcp_conformance.judging import Reproduce
from mcp_conformance.profile import Profile
from mcp_conformance.revisions import JUDGED, era_of
from mcp_conformance.target import MemoryTarget
from mcp_conformance.verdicts import Verdict

OLD, NEW = "2025-06-18", "2025-11-25"
WITH_HANDSHAKE = [revision for revision in JUDGED if era_of(revision) == "stateful"]
BAD = (Verdict.FAIL, Verdict.WARNING, Verdict.ERROR)
UNDECIDED = (*BAD, Verdict.INCONCLUSIVE)
REPRODUCE: Reproduce = lambda case, revision: f"run {case}"  # noqa: E731


def read_only(name: str, **schema: Any) -> dict[str, Any]:
    return {**ADD, "name": name, "inputSchema": {"type": "object", **schema}}


# -------------------------------------------------- right servers


@pytest.mark.parametrize("revisions", [(), (OLD,), (NEW,)])
def test_a_right_server_passes_every_case_whichever_revision_is_asked_for(revisions: tuple[str, ...]) -> None:
    found = examine(Right(), cases=True, revisions=revisions)
    assert found.verdicts(*UNDECIDED) == {}
    assert found.findings == {}
    assert len(found.verdicts(Verdict.PASS)) > 40


def test_a_server_without_tools_is_right_too() -> None:
    found = examine(Right(capabilities={}), cases=True)
    assert found.verdicts(*UNDECIDED) == {}
    assert found.verdict("tools.call.unknown-tool") == {Verdict.NOT_APPLICABLE}


def test_unusual_but_legal_tools_are_no_findings() -> None:
    tools = [
        {"name": "a", "inputSchema": {"type": "object"}, "title": "", "annotations": {}, "_meta": {"x/y": [1]}},
        read_only("b.c-d_E", properties={"x": {}, "y": {}}, required=["y"], additionalProperties=False),
        read_only("self", properties={"in": {"$ref": "#"}}),
        read_only(
            "defs", **{"$defs": {"n": {"type": "integer"}}}, properties={"n": {"$ref": "#/$defs/n"}}, required=["n"]
        ),
        read_only("x" * 128, properties={"a": {"type": ["string", "null"], "default": None}}),
    ]
    right = Right(tools=tools)
    found = examine(right, cases=True)
    assert found.verdicts(*UNDECIDED) == {}
    assert set(right.called) >= {"b.c-d_E", "self", "defs", "x" * 128}
    assert "a" not in right.called  # not annotated, so not called


def pages(cursors: Any) -> Any:
    """A right server whose list has a page for each cursor."""
    right = Right()

    def answer(message: Any) -> Any:
        if not asked(message, "tools/list"):
            return right(message)
        cursor = (message.get("params") or {}).get("cursor")
        return cursors(message, cursor)

    return answer


def test_three_pages_are_read_to_the_end() -> None:
    def page(message: Any, cursor: str | None) -> Any:
        following = {None: "two", "two": "three", "three": None}
        if cursor not in following:
            return error(message, -32602)
        number = list(following).index(cursor)
        made: dict[str, Any] = {"tools": [read_only(f"tool{number}")]}
        return result(message, made | ({"nextCursor": following[cursor]} if following[cursor] else {}))

    found = examine(pages(page), cases=True)
    assert [tool.name for tool in found.profile.revisions[NEW].tools] == ["tool0", "tool1", "tool2"]
    assert found.profile.revisions[NEW].values["cursor"] == "two"
    assert found.requirements <= set()


def test_pages_that_never_end_are_left_after_a_bound_and_each_tool_is_called_once() -> None:
    numbers = itertools.count()
    calls: list[str] = []
    endless = pages(lambda message, cursor: result(message, {"tools": [ADD], "nextCursor": f"c{next(numbers)}"}))

    def answer(message: Any) -> Any:
        if asked(message, "tools/call"):
            calls.append(message["params"]["name"])
        return endless(message)

    found = examine(answer, revisions=(NEW,))
    assert next(numbers) <= 101
    assert calls == ["add"]
    assert "pagination.continues-after-cursor" in found.requirements


def test_a_cursor_that_repeats_ends_the_walk_with_one_finding() -> None:
    found = examine(pages(lambda message, cursor: result(message, {"tools": [], "nextCursor": "same"})))
    assert found.requirements == {"pagination.continues-after-cursor"}


# -------------------------------------------------- slow, hanging


def test_a_slow_tool_is_waited_for_beside_the_others_and_accepted() -> None:
    right, held = Right(tools=[read_only("slow"), read_only("quick")]), []

    def answer(message: Any) -> Any:
        reply = right(message)
        if asked(message, "tools/call", "slow"):
            held.append(reply)
            return None
        return [reply, *(held.pop() for _ in held[:])] if asked(message, "tools/call", "quick") else reply

    found = examine(answer)
    assert found.verdicts(*UNDECIDED) == {}
    assert all(tool.arguments is not None for tool in found.profile.revisions[NEW].tools)


def test_a_tool_that_never_answers_while_others_do_is_inconclusive_and_no_failure() -> None:
    right = Right(tools=[read_only("hangs"), read_only("quick")])
    found = examine(lambda message: None if asked(message, "tools/call", "hangs") else right(message))
    assert found.findings == {}
    assert set(found.verdicts(Verdict.INCONCLUSIVE)) == {"base.requests-are-answered"}
    assert "hangs" in found.verdicts(Verdict.INCONCLUSIVE)["base.requests-are-answered"]


def test_calls_that_all_hang_are_one_failure() -> None:
    right = Right(tools=[read_only("one"), read_only("two")])
    found = examine(lambda message: None if asked(message, "tools/call") else right(message))
    assert found.requirements == {"jsonrpc.request-answered"}
    assert len(found.findings) == 1


@pytest.mark.parametrize("refuse", [False, True])
def test_a_server_without_ping_gets_one_finding_and_everything_else_is_judged(refuse: bool) -> None:
    right = Right()

    def answer(message: Any) -> Any:
        if asked(message, "ping"):
            return error(message, -32601) if refuse else None
        return right(message)

    found = examine(answer, cases=True, revisions=(NEW,), deadline=0.05)
    assert len(found.findings) == 1
    assert found.requirements <= {"ping.respond", "base.core-components", "jsonrpc.request-answered"}
    assert found.verdict("tools.call.unknown-tool") == {Verdict.PASS}
    assert found.verdict("base.notifications.unknown-is-unanswered") == {Verdict.PASS}


def test_a_server_that_dies_in_the_middle_of_the_survey_is_judged_on_what_it_said() -> None:
    right = Right()
    found = examine(lambda message: HANG_UP if asked(message, "tools/call") else right(message))
    assert found.verdict("lifecycle.initialize.is-answered") == {Verdict.PASS}
    assert found.requirements == {"jsonrpc.request-answered"}
    (finding,) = found.findings.values()
    assert "output ended" in finding.observed
    assert any(line.direction == "closed" for line in finding.evidence)


# -------------------------------------------------- the start


def starting(change: Any) -> Found:
    """What is found of a right server whose answer to initialize is changed."""
    right = Right()
    return examine(lambda message: change(message, right(message)) if asked(message, "initialize") else right(message))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda message, reply: error(message, -32603, "boom"), "error -32603: boom"),
        (lambda message, reply: result(message, "ok"), 'with "ok"'),
        (lambda message, reply: result(message, None), "with null"),
        (lambda message, reply: result(message, []), "with []"),
        (lambda message, reply: None, "wrote nothing within"),
        (lambda message, reply: HANG_UP, "closed its output before it answered"),
        (lambda message, reply: b"Segmentation fault", "1 lines, none of them an answer"),
    ],
)
def test_without_a_usable_answer_to_initialize_there_is_one_finding_that_says_what_came(
    change: Any, reason: str
) -> None:
    found = starting(change)
    assert found.answers.verdict == Verdict.FAIL
    assert reason in found.answers.reason
    assert found.requirements == {"lifecycle.server-responds"}
    assert found.profile.revisions == {}


@pytest.mark.parametrize("version", [5, None, ["2025-11-25"], {}])
def test_a_version_that_is_no_string_is_a_finding_and_the_rest_is_judged(version: Any) -> None:
    found = starting(lambda message, reply: result(message, {**reply["result"], "protocolVersion": version}))
    assert list(found.profile.revisions) == WITH_HANDSHAKE  # what doesn't say it can't do one counts as doing it
    assert found.requirements == {"schema.InitializeResult"}
    assert found.verdict("tools.names.length") != {Verdict.INCONCLUSIVE}


def test_an_empty_answer_to_initialize_is_judged_and_nothing_breaks() -> None:
    found = starting(lambda message, reply: result(message, {}))
    assert found.verdict("lifecycle.initialize.is-answered") == {Verdict.FAIL}
    assert found.requirements <= {"schema.InitializeResult", "lifecycle.server-responds"}
    assert found.verdicts(Verdict.ERROR) == {}


def test_versions_that_are_swapped_are_found() -> None:
    swap = {OLD: NEW, NEW: OLD}
    found = starting(
        lambda message, reply: result(
            message, {**reply["result"], "protocolVersion": swap.get(message["params"]["protocolVersion"], NEW)}
        )
    )
    assert found.requirements == {"lifecycle.server-same-version"}


def test_only_an_older_revision_is_not_applicable_and_not_a_failure() -> None:
    found = examine(Right(versions=("2024-10-07",)), cases=True)
    assert found.answers.verdict == Verdict.NOT_APPLICABLE
    assert found.findings == {}


def test_a_revision_that_was_asked_for_and_is_not_spoken_is_inconclusive() -> None:
    found = examine(Right(versions=(OLD,)), revisions=(NEW,))
    assert found.answers.verdict == Verdict.INCONCLUSIVE
    assert f"{NEW} was asked for" in found.answers.reason


def test_only_what_the_server_speaks_is_judged() -> None:
    found = examine(Right(versions=(OLD,)), cases=True)
    assert list(found.profile.revisions) == [OLD]
    assert found.verdicts(*UNDECIDED) == {}


def test_a_server_that_is_newer_than_the_tester_is_not_warned_of() -> None:
    found = examine(Right(versions=(OLD, NEW, "2026-01-15")), cases=True)
    assert found.verdicts(*UNDECIDED) == {}


# -------------------------------------------------- the search for calls


def accepting(schema: dict[str, Any], accept: Any) -> tuple[Found, list[Any]]:
    """What is found of a server whose tool takes only some arguments, and which were tried."""
    right, tried = Right(tools=[read_only("first"), read_only("picky", **schema)]), []

    def answer(message: Any) -> Any:
        if asked(message, "tools/call", "first"):
            return result(message, {"content": [{"type": "text", "text": '{"repo": "seen/before", "n": NaN}'}]})
        if asked(message, "tools/call", "picky"):
            tried.append(message["params"]["arguments"])
            if not accept(tried[-1]):
                return result(message, {"content": [], "isError": True})
        return right(message)

    return examine(answer, revisions=(NEW,)), tried


def test_values_seen_in_earlier_answers_are_tried() -> None:
    schema = {"properties": {"repo": {"type": "string"}}, "required": ["repo"]}
    found, tried = accepting(schema, lambda arguments: arguments["repo"] == "seen/before")
    assert found.profile.revisions[NEW].tools[1].arguments == {"repo": "seen/before"}
    assert len(tried) <= 4


def test_a_tool_that_accepts_nothing_is_given_up_after_a_few_tries_without_a_finding() -> None:
    schema = {"properties": {key: {"type": "string"} for key in "abcdef"}, "required": ["a"]}
    found, tried = accepting(schema, lambda arguments: False)
    assert 1 <= len(tried) <= 4
    assert found.profile.revisions[NEW].tools[1].called
    assert found.findings == {}


def test_a_number_in_an_answer_that_json_has_not_breaks_nothing() -> None:
    found, tried = accepting({"properties": {"n": {"type": "integer"}}, "required": ["n"]}, lambda arguments: False)
    assert tried
    assert found.verdicts(Verdict.ERROR) == {}


def test_what_the_hints_say_is_tried_first_and_never_means_never() -> None:
    right = Right(tools=[{**ADD, "name": "hinted", "annotations": {}}, read_only("never")])
    hints = Hints.model_validate(
        {"tools": {"hinted": {"arguments": {"x": 1}, "call": "always"}, "never": {"call": "never"}}}
    )
    found = examine(right, hints=hints)
    assert found.profile.revisions[NEW].values["tool"] == {"name": "hinted", "arguments": {"x": 1}}
    assert set(right.called) == {"hinted"}


# -------------------------------------------------- faults of our own


def test_a_check_that_breaks_is_an_error_of_its_own_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(observation: Any, report: Any) -> None:
        raise ZeroDivisionError("ours")

    check = CHECKS["tools.names.length"]
    with_fault = dataclasses.replace(check, function=broken)
    changed = [dataclasses.replace(case, body=with_fault) if case.id == check.id else case for case in bundled()]
    monkeypatch.setattr(discovery, "bundled", lambda: changed)
    found = examine(Right())
    assert found.verdicts(Verdict.ERROR) == {check.id: "ZeroDivisionError: ours"}
    assert len(found.verdicts(Verdict.PASS)) > 10


def test_a_fault_of_our_own_while_reading_is_raised_and_no_accusation(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(raw: bytes) -> Message:
        if b"inputSchema" in raw:
            raise RuntimeError("ours")
        return parse(raw)

    monkeypatch.setattr(conduits, "parse", broken)
    with pytest.raises(RuntimeError, match="ours"):
        examine(Right())


def test_leaving_early_ends_every_server() -> None:
    running: list[str] = []
    right = serve(Right())

    async def counted(receive: Any, send: Any) -> None:
        running.append("server")
        try:
            await right(receive, send)
        finally:
            running.remove("server")

    async def run() -> None:
        with anyio.move_on_after(0.05) as scope:
            async with Engine(MemoryTarget(counted), Settings(deadline=DEADLINE), REPRODUCE) as engine:
                await engine.discover()
                assert running
                await anyio.sleep_forever()
        assert scope.cancelled_caught
        assert running == []

    anyio.run(run)


def test_a_profile_and_its_outcomes_survive_the_way_to_another_process() -> None:
    found = examine(Right())
    again = Profile.from_json(found.profile.to_json())
    assert again == found.profile
    assert [type(outcome).from_json(outcome.to_json()) for outcome in found.outcomes] == found.outcomes


def test_findings_have_the_same_fingerprints_in_every_run() -> None:
    wrong = Right(tools=[{**ADD, "name": "no spaces, please"}, {**ADD, "name": "nor here"}])
    first, second = examine(wrong), examine(wrong)
    assert first.findings.keys() == second.findings.keys() != set()


def test_a_pool_keeps_few_values_of_each_name() -> None:
    pool = Pool()
    pool.add([{"n": number} for number in range(40)])
    assert pool.get("n") == [0, 1, 2, 3, 4]
