"""What a session can count on, whatever its conduit is: the same promises over lines, in memory, over Streamable HTTP
in both eras, with JSON and with streams, and over HTTP+SSE."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from contract_server import offered
from faulty import Variant
from faulty._audit import InMemory

from mcp_conformance.exchanges import needs_input
from mcp_conformance.session import Exchange, Session
from mcp_conformance.target import HttpTarget, StdioTarget, Target
from mcp_conformance.transports.guardian import Guardian
from reference_servers.engine import STATELESS, Connection
from reference_servers.engine.http import Endpoint, HttpSse, Streamable, serving
from reference_servers.engine.http import Settings as HttpSettings

DEADLINE = 20.0
SERVER = Path(__file__).with_name("contract_server.py")


@dataclass(frozen=True)
class Way:
    """A way to a server: over what, in which revision."""

    revision: str = "2025-11-25"
    endpoint: type[Endpoint] | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    process: bool = False

    @property
    def tells_progress(self) -> bool:
        """Whether anything can come before an answer: one JSON object has no room for it."""
        return self.settings.get("answers") != "json"


WAYS = {
    "stdio": Way(process=True),
    "memory": Way(),
    "http-stream": Way(endpoint=Streamable),
    "http-json": Way(endpoint=Streamable, settings={"answers": "json"}),
    "http-without-sessions": Way("2025-06-18", Streamable, {"sessions": False}),
    "http-polled": Way(endpoint=Streamable, settings={"poll": 0, "retry": 1}),
    "stateless-stream": Way("2026-07-28", Streamable),
    "stateless-json": Way("2026-07-28", Streamable, {"answers": "json"}),
    "sse": Way("2024-11-05", HttpSse),
}


@asynccontextmanager
async def target(way: Way) -> AsyncIterator[Target]:
    if way.process:
        with Guardian() as guardian:
            yield StdioTarget([sys.executable, str(SERVER)], guardian)
    elif way.endpoint is None:
        yield InMemory(Variant("contract", Connection, offered))
    else:
        server = replace(offered(), revisions=STATELESS) if way.revision == "2026-07-28" else offered()
        async with serving(way.endpoint(server, Connection, HttpSettings(**way.settings))) as url:
            transport = "sse" if issubclass(way.endpoint, HttpSse) else "http"
            yield HttpTarget(url, transport=transport, environment={}, start_deadline=DEADLINE)


@asynccontextmanager
async def conversation(way: Way) -> AsyncIterator[Session]:
    """An open session, ended in the end."""
    with anyio.fail_after(60):
        async with target(way) as reached, anyio.create_task_group() as tasks:
            session = Session(await reached.connect(tasks, way.revision), revision=way.revision, deadline=DEADLINE)
            session.start(tasks)
            try:
                if session.era == "stateful":
                    assert isinstance((await session.initialize(way.revision)).result, dict)
                    await session.initialized()
                yield session
            finally:
                await session.aclose()
                await reached.aclose()


async def send(session: Session, tool: str, arguments: dict[str, Any] | None = None, **more: Any) -> Exchange:
    return await session.request("tools/call", {"name": tool, "arguments": arguments or {}, **more})


async def answer(session: Session, exchange: Exchange) -> Any:
    assert await session.answered(exchange), exchange.over
    assert isinstance(exchange.result, dict), exchange.error
    assert exchange.flaw == ""
    return exchange.result.get("structuredContent") or exchange.result["content"][0]["text"]


async def every_answer_finds_its_request(session: Session, way: Way) -> None:
    sent = [await send(session, "echo", {"text": f"number {number}"}) for number in range(20)]
    for number, exchange in reversed(list(enumerate(sent))):
        assert f"number {number}" in str(await answer(session, exchange))
    assert session.strays == []
    assert all(exchange.surplus == [] for exchange in sent)


async def a_large_message_arrives_whole(session: Session, way: Way) -> None:
    text = "large \N{SNOWMAN} " * 200_000
    found = await answer(session, await send(session, "echo", {"text": text}))
    assert text in (found["text"] if isinstance(found, dict) else found)


async def what_is_said_on_the_way_comes_in_order_and_before_the_answer(session: Session, way: Way) -> None:
    exchange = await send(session, "count", _meta={"progressToken": "count", "example.org/x": 1})
    await answer(session, exchange)
    told = [
        event.message.params["progress"]
        for event in session.transcript.events
        if event.message is not None and event.message.method == "notifications/progress"
    ]
    assert told == ([1, 2, 3, 4, 5] if way.tells_progress else [])
    assert exchange.answer is session.transcript.events[-1] or session.transcript.events[-1].message is None


async def a_notification_gets_no_answer_and_does_no_harm(session: Session, way: Way) -> None:
    await session.notify("notifications/conformance/nothing")
    assert isinstance((await session.barrier()).result, dict)
    assert session.strays == []


async def what_the_server_asks_is_answered(session: Session, way: Way) -> None:
    exchange = await send(session, "roots")
    await session.answered(exchange)
    if session.era == "stateless":
        assert needs_input(exchange)
        exchange = await session.answer_input(exchange)
    assert "roots" in str(await answer(session, exchange))


async def a_request_that_was_given_up_leaves_the_others_alone(session: Session, way: Way) -> None:
    held = await send(session, "stop")
    assert "still here" in str(await answer(session, await send(session, "echo", {"text": "still here"})))
    await session.cancel(held, "no longer wanted")
    assert "and now" in str(await answer(session, await send(session, "echo", {"text": "and now"})))
    assert held.answer is None
    assert session.alive


async def ending_it_is_bounded_whatever_is_under_way_and_safe_to_repeat(session: Session, way: Way) -> None:
    held = await send(session, "stop")
    await session.barrier()
    with anyio.fail_after(15):
        first = await session.aclose()
        assert await session.aclose() == first
    assert session.closed.is_set()
    assert held.done.is_set()
    assert not session.alive


async def after_its_end_nothing_is_waited_for(session: Session, way: Way) -> None:
    await session.aclose()
    with anyio.fail_after(5):
        exchange = await session.call("ping")
        assert exchange.answer is None
        await session.notify("notifications/conformance/nothing")
        assert (await session.barrier()).answer is None


PROMISES: tuple[Callable[[Session, Way], Awaitable[None]], ...] = (
    every_answer_finds_its_request,
    a_large_message_arrives_whole,
    what_is_said_on_the_way_comes_in_order_and_before_the_answer,
    a_notification_gets_no_answer_and_does_no_harm,
    what_the_server_asks_is_answered,
    a_request_that_was_given_up_leaves_the_others_alone,
    ending_it_is_bounded_whatever_is_under_way_and_safe_to_repeat,
    after_its_end_nothing_is_waited_for,
)


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_each_conduit_keeps_each_promise(way: Way, promise: Callable[[Session, Way], Awaitable[None]]) -> None:
    async def keep() -> None:
        async with conversation(way) as session:
            await promise(session, way)

    anyio.run(keep)
