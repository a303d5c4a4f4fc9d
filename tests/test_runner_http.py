"""Steps of YAML cases that look at HTTP: what is sent, what passes, what is told, what stays undecided."""

import textwrap
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from scripted_http import Asked, Reply, RightStateless, RightStreamable, Web

from mcp_conformance.cases.loader import load_suite
from mcp_conformance.engine import ANSWERS, Engine, Settings
from mcp_conformance.target import HttpTarget, is_local
from mcp_conformance.verdicts import Outcome, Verdict

REVISION = "2025-11-25"
Handler = Callable[[Asked, Reply], Awaitable[None]]


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Runs one case, given as YAML, against a server on a port; its outcome, and what the server was asked."""

    def of(handler: Handler, steps: str, *, judges: str = "ping.respond", revision: str = REVISION) -> Any:
        text = "area: mine\ncases:\n  - case: mine.case\n    purpose: a sentence that is true of a right server\n"
        text += textwrap.indent(f"judges: [{judges}]\n{textwrap.dedent(steps).strip()}", "    ") + "\n"
        (path := tmp_path / "my.mcp.yaml").write_text(text, encoding="utf-8")
        web = Web(handler)

        async def main() -> Outcome:
            with anyio.fail_after(30):
                async with anyio.create_task_group() as servers:
                    await servers.start(web.run)
                    target = HttpTarget(web.url, environment={})
                    settings = Settings(deadline=2, start_deadline=2, revisions=(revision,))
                    async with Engine(target, settings, lambda case, revision: f"run {case}") as engine:
                        await engine.discover()
                        assert engine.answers().verdict == Verdict.PASS, engine.answers().reason
                        (case,) = load_suite(path)
                        outcome = await engine.run(case, revision)
                    servers.cancel_scope.cancel()
            return outcome

        return anyio.run(main), web.asked

    return of


def instead(when: Callable[[Asked], bool], status: int, body: Any = None, **headers: str) -> Handler:
    """A right server, but for some requests."""
    right = RightStreamable()

    async def handle(asked: Asked, reply: Reply) -> None:
        if not when(asked):
            await right(asked, reply)
        elif body is None:
            await reply.head(status, **headers)
        else:
            await reply.json(body, status, **headers)

    return handle


def mine(asked: Asked) -> bool:
    return isinstance(asked.message, dict) and str(asked.message.get("method")).startswith("mine")


def error(id: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id, "error": {"code": -32000, "message": "no"}}


def test_headers_are_replaced_added_and_left_out(run: Any) -> None:
    steps = """
        steps:
          - request: ping
            headers: {Accept: application/json, X-Long: {$repeat: {text: ab, times: 3}}, MCP-Protocol-Version: false}
          - expect: {result: true, status: 200}
          - notify: notifications/mine
            headers: {X-Name: {$encoded: "a b"}}
          - expect: {status: 202, body: empty}
          - raw: {text: '{"jsonrpc": "2.0", "id": 1'}
            headers: {X-Mark: raw}
          - expect: {any-of: [{status: 400, error: true}]}
    """
    outcome, asked = run(RightStreamable(), steps)
    assert outcome.verdict == Verdict.PASS, outcome.reason
    (ping,) = [one for one in asked if "x-long" in one.headers]
    assert (ping.headers["accept"], ping.headers["x-long"]) == ("application/json", "ababab")
    assert "mcp-protocol-version" not in ping.headers
    (note,) = [one for one in asked if "x-name" in one.headers]
    assert note.headers["x-name"] == "=?base64?YSBi?="
    assert [one.body for one in asked if "x-mark" in one.headers] == [b'{"jsonrpc": "2.0", "id": 1']


@pytest.mark.parametrize(
    ("steps", "everywhere"),
    [
        ("[{request: ping}, {expect: {result: true}}]", True),
        ("[{request: ping, headers: {A: b}}]", False),
        ("[{notify: x, headers: {A: false}}]", False),
        ("[{raw: {text: x}, headers: {A: b}}]", False),
        ("[{http: GET}]", False),
        ("[{request: ping}, {expect: {result: true, status: 200}}]", False),
        ("[{request: ping}, {expect: {any-of: [{result: true}, {body: empty}]}}]", False),
        ("[{request: ping}, {bind: {a: {header: B}}}]", False),
    ],
)
def test_what_looks_at_http_runs_over_http_only(steps: str, everywhere: bool, tmp_path: Path) -> None:
    head = "area: mine\ncases:\n- case: mine.case\n  judges: [ping.respond]\n  purpose: it runs where it can run\n"
    (path := tmp_path / "my.mcp.yaml").write_text(f"{head}  steps: {steps}\n")
    (case,) = load_suite(path)
    assert case.runs_on(REVISION, "http")
    assert case.runs_on(REVISION, "sse")
    assert case.runs_on(REVISION, "stdio") is everywhere


def test_a_request_of_any_method_is_sent_with_a_body_and_looked_at(run: Any) -> None:
    steps = """
        steps:
          - http: GET
            as: got
          - expect: {of: got, status: 4xx, headers: {allow: POST, Content-Type: {absent: true}}}
          - http: PUT
            body: {of: {$profile: /revision}}
          - expect: {status: [400, 405], ended: true}
          - http: POST
            body: {text: '{'}
            headers: {Mcp-Session-Id: false}
          - expect: {status: 400, body: empty}
    """
    outcome, asked = run(RightStreamable(), steps)
    assert outcome.verdict == Verdict.PASS, outcome.reason
    assert [one.body for one in asked if one.method == "PUT"] == [b'{"of":"2025-11-25"}']
    assert "mcp-session-id" in next(one for one in asked if one.method == "PUT").headers


def test_a_header_is_kept_and_one_that_is_not_there_makes_the_case_not_applicable(run: Any) -> None:
    opening = """
        session: unopened
        steps:
          - request: initialize
            params: {protocolVersion: {$profile: /revision}, capabilities: {}, clientInfo: {name: a, version: "1"}}
          - bind: {kept: {header: %s}, version: /result/protocolVersion}
          - request: ping
            headers: {X-Kept: {$bound: kept}}
          - expect: {result: true}
    """
    outcome, asked = run(RightStreamable(), opening % "mcp-session-id")
    assert outcome.verdict == Verdict.PASS, outcome.reason
    assert [one.headers["x-kept"] for one in asked if "x-kept" in one.headers] == ["session-2"]
    outcome, _ = run(RightStreamable(), opening % "X-Unheard")
    assert (outcome.verdict, outcome.reason) == (Verdict.NOT_APPLICABLE, "the server gave no header X-Unheard")


def test_an_ended_session_is_not_used_for_the_barrier_behind_the_case(run: Any) -> None:
    steps = """
        session: fresh
        steps:
          - http: DELETE
          - expect: {status: 200}
          - request: ping
          - expect: {status: 404}
    """
    outcome, _ = run(RightStreamable(), steps)
    assert outcome.verdict == Verdict.PASS, outcome.reason


@pytest.mark.parametrize(
    ("status", "body", "expect", "expected", "observed"),
    [
        (404, None, "{status: 400}", "HTTP status 400", "HTTP status 404"),
        (404, None, "{error: -32000, status: 404}", "HTTP status 404 with error -32000", "HTTP status 404"),
        (500, error(7), "{status: [2xx, 404]}", "HTTP status 2xx or 404", 'HTTP status 500 with error -32000 "no"'),
        (200, error(7), "{status: 200, error: -1}", "HTTP status 200 with error -1", 'error -32000 "no"'),
        (200, error(7), "{body: event-stream}", "an HTTP response, with an event stream", "with a body of type"),
        (400, error(7), "{body: empty}", "an HTTP response, without a body", "with a body of type"),
        (200, error(7), "{headers: {X-A: {matches: b}}}", "X-A a string like /b/", "no such header"),
        (200, error(7), "{any-of: [{result: true}, {status: 202}]}", "a result or HTTP status 202", "HTTP status 200"),
    ],
)  # fmt: skip
def test_a_response_that_is_otherwise_is_told_with_its_status_line(
    run: Any, status: int, body: Any, expect: str, expected: str, observed: str
) -> None:
    steps = f"steps: [{{request: mine, id: 7, headers: {{Origin: x}}}}, {{expect: {expect}}}]"
    outcome, _ = run(instead(mine, status, body), steps)
    assert outcome.verdict == Verdict.FAIL
    (finding,) = outcome.findings
    assert finding.expected == expected
    assert observed in finding.observed
    assert finding.reproduce == "run mine.case"
    sent, head = finding.evidence[:2]
    assert sent.text.startswith("POST ")
    assert "Origin: x" in sent.text
    assert "Mcp-Session-Id: session-1" in sent.text
    assert head.text.startswith(f"HTTP/1.1 {status} Scripted")


def test_an_outcome_with_which_there_is_nothing_to_judge_ends_the_case(run: Any) -> None:
    steps = "steps: [{request: mine}, {expect: {any-of: [{result: true}, {status: 4xx, inapplicable: it says no}]}}]"
    outcome, _ = run(instead(mine, 404), steps)
    assert (outcome.verdict, outcome.reason) == (Verdict.NOT_APPLICABLE, "it says no")


@pytest.mark.parametrize("status", [401, 429])
@pytest.mark.parametrize("expect", ["{status: 400}", "{result: true}", "{error: -32601}"])
def test_a_request_that_is_kept_out_is_not_judged_whatever_its_body_says(run: Any, status: int, expect: str) -> None:
    steps = f"steps: [{{request: mine, id: 7}}, {{expect: {expect}}}]"
    outcome, _ = run(instead(mine, status, error(7)), steps)
    assert outcome.verdict == Verdict.INCONCLUSIVE
    assert f"HTTP status {status}" in outcome.reason
    assert outcome.findings == []


@pytest.mark.parametrize("body", [error(None), {key: value for key, value in error(7).items() if key != "id"}])
def test_a_refusal_by_status_need_not_repeat_the_id(run: Any, body: Any) -> None:
    steps = "steps: [{request: mine, id: 7}, {expect: {error: true}}]"
    assert run(instead(mine, 404, body), steps)[0].verdict == Verdict.PASS
    outcome, _ = run(instead(mine, 200, body), steps)
    assert {finding.requirement for finding in outcome.findings} == {"jsonrpc.error-same-id"}


def test_in_the_stateless_era_the_protocols_own_errors_have_the_id(run: Any) -> None:
    right = RightStateless()

    async def without_id(asked: Asked, reply: Reply) -> None:
        value, status = right.answer(asked.message)
        if (asked.message or {}).get("method") == "conformance/x":
            value["id"] = None
        await reply.json(value, status)

    steps = "steps: [{request: conformance/x}, {expect: {error: true, status: 404}}]"
    outcome, _ = run(without_id, steps, judges="http.unknown-method-404", revision="2026-07-28")
    assert {finding.requirement for finding in outcome.findings} == {"jsonrpc.error-same-id"}


def test_a_limit_in_the_middle_of_the_survey_leaves_checks_undecided_and_blames_nobody(run: Any) -> None:
    web = Web(instead(lambda asked: (asked.message or {}).get("method") == "tools/list", 429, error(3)))

    async def main() -> list[Outcome]:
        async with anyio.create_task_group() as servers:
            await servers.start(web.run)
            settings = Settings(deadline=2, start_deadline=2, revisions=(REVISION,))
            async with Engine(HttpTarget(web.url, environment={}), settings, lambda case, revision: case) as engine:
                await engine.discover()
                outcomes = list(engine.surveyed.values())
            servers.cancel_scope.cancel()
        return outcomes

    outcomes = {outcome.case: outcome for outcome in anyio.run(main)}
    assert outcomes[ANSWERS].verdict == Verdict.PASS
    assert [finding for outcome in outcomes.values() for finding in outcome.findings] == []
    assert outcomes["base.requests-are-answered"].verdict == Verdict.INCONCLUSIVE
    assert "HTTP status 429" in outcomes["base.requests-are-answered"].reason


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:{port}/mcp", True),
        ("http://localhost/mcp", True),
        ("http://[::1]:3000/mcp", True),
        ("http://127.8.8.8/", True),
        ("http://192.168.0.7/mcp", False),
        ("https://mcp.example.com/mcp", False),
        ("http://localhost.example.com/", False),
    ],
)
def test_a_server_is_local_by_the_host_of_its_url(url: str, local: bool) -> None:
    assert is_local(url) is local
