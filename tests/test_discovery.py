"""What a server is found to be: its era or both, the transport at a URL, and a profile in every revision it speaks."""

from collections.abc import Callable
from typing import Any

import anyio
import pytest
from scripted import DEADLINE, HANG_UP, Right, error, serve
from scripted_http import Handler, RightSse, RightStateless, RightStreamable, Web

from mcp_conformance.engine import Engine, Settings
from mcp_conformance.profile import Profile
from mcp_conformance.revisions import REVISIONS
from mcp_conformance.target import HttpTarget, MemoryTarget
from mcp_conformance.verdicts import Outcome, Verdict

EVERY = tuple(revision.date for revision in REVISIONS)
STATEFUL, MODERN = EVERY[:-1], EVERY[-1]


async def _profile(target: Any, **settings: Any) -> tuple[Profile, Outcome]:
    given = {"start_deadline": 5.0, "deadline": DEADLINE, "judged": EVERY, **settings}
    async with Engine(target, Settings(**given), lambda case, revision: f"run {case}") as engine:
        return await engine.discover(), engine.answers()


def over_lines(answer: Callable[[Any], Any], **settings: Any) -> tuple[Profile, Outcome]:
    async def run() -> tuple[Profile, Outcome]:
        with anyio.fail_after(30):
            return await _profile(MemoryTarget(serve(answer)), **settings)

    return anyio.run(run)


def at_a_url(handler: Handler, transport: str = "http", **settings: Any) -> tuple[Profile, Outcome, Web]:
    web = Web(handler)

    async def run() -> tuple[Profile, Outcome]:
        with anyio.fail_after(30):
            async with anyio.create_task_group() as servers:
                await servers.start(web.run)
                found = await _profile(HttpTarget(web.url, transport=transport, environment={}), **settings)
                servers.cancel_scope.cancel()
        return found

    return (*anyio.run(run), web)


def stateless(**how: Any) -> Callable[[Any], Any]:
    server = RightStateless(**how)
    return lambda message: server.answer(message)[0]


# -------------------------------------------------- eras over lines


def test_a_stateful_server_is_found_in_each_of_its_revisions_and_in_no_other() -> None:
    profile, answers = over_lines(Right(versions=STATEFUL))
    assert tuple(profile.revisions) == STATEFUL
    assert profile.offers[MODERN] is None
    assert answers.verdict == Verdict.PASS
    assert answers.revision in STATEFUL
    assert profile.failure == ""
    assert all(found.tools[0].arguments == {} for found in profile.revisions.values())


def test_a_stateless_server_is_profiled_without_a_handshake() -> None:
    profile, answers = over_lines(stateless())
    assert tuple(profile.revisions) == (MODERN,)
    found = profile.revisions[MODERN]
    assert found.barrier_method == "server/discover"
    assert (found.declares("tools"), found.tools[0].arguments) == (True, {})
    assert profile.server_info == {"name": "scripted", "version": "1"}
    assert (answers.revision, answers.verdict) == (MODERN, Verdict.PASS)
    assert set(profile.offers.values()) == {None, MODERN}
    assert (found.declares("stateless-only"), found.declares("dual-era")) == (True, False)


def test_a_server_of_both_eras_is_profiled_in_all_revisions() -> None:
    profile, _ = over_lines(stateless(legacy=Right(versions=STATEFUL)))
    assert tuple(profile.revisions) == EVERY
    assert profile.offers == dict.fromkeys(profile.offers) | {version: version for version in EVERY}
    assert all(
        found.declares("dual-era") and not found.declares("stateless-only") for found in profile.revisions.values()
    )


@pytest.mark.parametrize("reaction", ["silent", -32601, -32602, -32000, HANG_UP, {}, {"hello": True}])
def test_whatever_a_stateful_server_makes_of_the_probe_it_is_stateful(reaction: Any) -> None:
    right = Right(versions=STATEFUL)

    def answer(message: Any) -> Any:
        if message.get("method") != "server/discover":
            return right(message)
        if reaction is HANG_UP:
            return HANG_UP
        if isinstance(reaction, dict):
            return {"jsonrpc": "2.0", "id": message["id"], "result": reaction}
        return None if reaction == "silent" else error(message, reaction)

    profile, answers = over_lines(answer)
    assert tuple(profile.revisions) == STATEFUL
    assert (answers.verdict, profile.offers[MODERN]) == (Verdict.PASS, None)
    assert profile.heard[MODERN].startswith("server/discover: ")


def test_a_stateless_server_that_is_silent_on_initialize_is_waited_for_only_a_moment() -> None:
    modern = stateless()
    profile, _ = over_lines(
        lambda message: None if message.get("method") == "initialize" else modern(message), start_deadline=60
    )
    assert tuple(profile.revisions) == (MODERN,)


def test_a_server_that_names_another_stateless_version_is_not_initialized() -> None:
    asked: list[str] = []

    def answer(message: Any) -> Any:
        asked.append(message.get("method"))
        return error(message, -32022) | {
            "error": {"code": -32022, "message": "no", "data": {"supported": ["2027-01-01"], "requested": "x"}}
        }

    profile, answers = over_lines(answer)
    assert profile.offers[MODERN] == "2027-01-01"
    assert profile.revisions == {}
    assert asked.count("initialize") == 1
    assert answers.verdict == Verdict.NOT_APPLICABLE


def test_a_server_that_answers_neither_has_one_failing_item() -> None:
    profile, answers = over_lines(lambda message: None, start_deadline=0.3)
    assert profile.revisions == {}
    assert answers.verdict == Verdict.FAIL
    assert "nothing within 0.3 s" in profile.failure


def test_only_the_era_that_was_asked_for_is_probed() -> None:
    asked: set[str] = set()
    right = Right(versions=STATEFUL)

    def answer(message: Any) -> Any:
        asked.add(message.get("method"))
        return right(message)

    over_lines(answer, revisions=("2025-11-25",))
    assert "server/discover" not in asked


# -------------------------------------------------- at a URL


@pytest.mark.parametrize("transport", ["http", "auto"])
def test_a_url_is_profiled_in_every_revision(transport: str) -> None:
    profile, answers, web = at_a_url(RightStreamable(Right(versions=STATEFUL[1:])), transport)
    assert (tuple(profile.revisions), profile.transport) == (STATEFUL[1:], "http")
    assert answers.transport == "http"
    sessions = {one.headers.get("mcp-session-id") for one in web.of("DELETE")}
    assert len(sessions) == len(web.of("DELETE"))


@pytest.mark.parametrize("transport", ["http", "auto"])
def test_a_stateless_server_at_a_url_is_called_with_the_headers_of_its_tools(transport: str) -> None:
    tool = {
        "name": "where",
        "annotations": {"readOnlyHint": True},
        "inputSchema": {
            "type": "object",
            "properties": {"place": {"type": "string", "enum": ["here"], "x-mcp-header": "Place"}},
            "required": ["place"],
        },
    }
    profile, _, web = at_a_url(RightStateless(tools=[tool]), transport)
    assert (tuple(profile.revisions), profile.transport) == ((MODERN,), "http")
    call, *_ = web.of("tools/call")  # it is called once more, with a token for progress
    assert call.headers["mcp-param-place"] == "here"
    assert profile.revisions[MODERN].tools[0].arguments == {"place": "here"}


@pytest.mark.parametrize("transport", ["sse", "auto"])
def test_an_older_server_is_found_behind_its_event_stream(transport: str) -> None:
    profile, answers, _ = at_a_url(RightSse(), transport)
    assert (tuple(profile.revisions), profile.transport) == (("2024-11-05",), "sse")
    assert (answers.verdict, answers.transport) == (Verdict.PASS, "sse")


@pytest.mark.parametrize("status", [401, 403, 429])
def test_whoever_is_not_let_in_judges_nothing(status: int) -> None:
    async def handler(asked: Any, reply: Any) -> None:
        await reply.head(status)

    _, answers, _ = at_a_url(handler, "auto")
    assert answers.verdict == Verdict.INCONCLUSIVE
    assert f"HTTP status {status}" in answers.reason


@pytest.mark.parametrize("status", [404, 500])
def test_a_url_with_no_server_of_the_protocol_is_told_with_its_status(status: int) -> None:
    async def handler(asked: Any, reply: Any) -> None:
        await reply.head(status)

    profile, answers, _ = at_a_url(handler, "auto")
    assert answers.verdict == Verdict.FAIL
    assert f"HTTP status {status}" in answers.reason
    assert profile.transport == "http"


def test_a_port_where_nothing_listens_is_told_at_once() -> None:
    async def run() -> tuple[Profile, Outcome]:
        target = HttpTarget("http://127.0.0.1:1/mcp", transport="auto", environment={})
        return await _profile(target, start_deadline=60)

    _, answers = anyio.run(run)
    assert answers.verdict == Verdict.FAIL
    assert "nothing listens on port 1" in answers.reason
    assert "initialize" in answers.reason


@pytest.mark.parametrize("revisions", [(MODERN,), ("2025-11-25",), ()])
def test_silence_is_told_whichever_revision_was_asked_for(revisions: tuple[str, ...]) -> None:
    _, answers = over_lines(lambda message: None, start_deadline=0.2, revisions=revisions)
    assert answers.verdict == Verdict.FAIL
    assert answers.revision == (revisions[0] if revisions else "2025-11-25")


@pytest.mark.parametrize(
    ("server", "spoken"),
    [
        (stateless(legacy=Right(versions=STATEFUL)), EVERY),
        (stateless(), (MODERN,)),
        (Right(versions=STATEFUL), STATEFUL),
    ],
)
def test_a_server_that_cannot_run_twice_at_a_time_is_found_whole(server: Any, spoken: tuple[str, ...]) -> None:
    running: list[Any] = []
    right = serve(server)

    async def crowded(receive: Any, send: Any) -> None:
        if running:
            return
        running.append(receive)
        try:
            await right(receive, send)
        finally:
            running.remove(receive)

    async def run() -> tuple[Profile, Outcome]:
        with anyio.fail_after(30):
            return await _profile(MemoryTarget(crowded))

    profile, answers = anyio.run(run)
    assert tuple(profile.revisions) == spoken
    assert answers.verdict == Verdict.PASS
