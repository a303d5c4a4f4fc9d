"""Which era a server belongs to, and which transport a URL speaks: found by asking, as a client of both eras does.

2026-07-28, basic/versioning#backward-compatibility and the pages of the transports: a result for `server/discover`, or
one of the era's own errors, makes a server stateless; a result for `initialize` stateful; both, dual. Anything else
decides nothing.
"""

import time
from collections.abc import Sequence

import anyio

from mcp_conformance.jsonrpc import JSON
from mcp_conformance.revisions import era_of
from mcp_conformance.session import Exchange, Session
from mcp_conformance.sessions import Sessions
from mcp_conformance.target import HttpTarget
from mcp_conformance.wire import short

UNSUPPORTED_VERSION = -32022
STATELESS_ERRORS = (-32020, -32021, UNSUPPORTED_VERSION)
"""Errors that only a server of the stateless era gives: it is to be asked again, and not to be initialized."""

_INTRODUCTION = ("supportedVersions", "capabilities", "resultType")
"""Of a result of `server/discover` at least one is there: a server of the other era may answer just anything."""

_AT_LEAST = 1.0  # seconds that the slower of two first answers is waited for
_TIMES = 3  # and times the quicker one's


async def first_request(session: Session, deadline: float) -> Exchange:
    """Ask a server for the session's revision, as its era does."""
    if session.era == "stateless":
        return await session.discover(deadline=deadline)
    return await session.initialize(session.revision, deadline=deadline)


def offer(session: Session) -> str | None:
    """The version that the first answer names; None for no usable answer, or no answer at all.

    A result that names none is taken for what was asked: the rest of the server can still be tested. So is a list of
    versions that holds it.
    """
    exchange = session.exchanges[0]
    if session.era == "stateful":
        if not session.ready:
            return None
        named = session.server.get("protocolVersion")
        return named if isinstance(named, str) else session.revision
    if isinstance(exchange.result, dict) and not exchange.result.keys().isdisjoint(_INTRODUCTION):
        return _choose(exchange.result.get("supportedVersions"), session.revision) or session.revision
    if is_stateless_error(exchange):
        data = exchange.error.get("data")
        return _choose(data.get("supported") if isinstance(data, dict) else None, session.revision)
    return None


def heard(session: Session) -> str:
    """What came for the first request, and how long after it was sent, in words."""
    exchange = session.exchanges[0]
    if exchange.answer is not None:
        what = f"error {short(exchange.error.get('code'))}" if isinstance(exchange.error, dict) else "a result"
        status = f" with HTTP status {exchange.status}" if (exchange.status or 200) >= 300 else ""
        return f"{exchange.method}: {what}{status} after {exchange.seconds:.2f} s"
    ended = next((event for event in reversed(session.transcript.events) if event.direction == "closed"), None)
    now = session.transcript.now - exchange.sent.at
    why = exchange.over or (ended.text if ended is not None else "")
    return f"{exchange.method}: no answer{f': {why}' if why else f' within {now:.2f} s'}"


def is_stateless_error(exchange: Exchange) -> bool:
    """Whether a request got an error that only the stateless era has."""
    return isinstance(exchange.error, dict) and exchange.error.get("code") in STATELESS_ERRORS


def _choose(versions: JSON, wanted: str) -> str | None:
    """The wanted version out of a list, else the newest that is reached without `initialize`."""
    listed = [one for one in versions if isinstance(one, str)] if isinstance(versions, list) else []
    if wanted in listed:
        return wanted
    return max((one for one in listed if era_of(one) == "stateless"), default=None)


async def ask_both_eras(sessions: Sessions, stateful: str, stateless: str, deadline: float) -> dict[str, Session]:
    """Ask two servers at once, one for each era; where all sessions share one server, in two sessions.

    One that says nothing must not cost the whole deadline where the other has answered: then it is waited for three
    times as long as that took, and one second at least.
    """
    opened = {version: await sessions.connect(version) for version in (stateful, stateless)}
    limits = {version: anyio.CancelScope() for version in opened}
    started, clock = time.monotonic(), anyio.current_time()

    async def ask(version: str, other: str) -> None:
        with limits[version]:
            await first_request(opened[version], deadline)
            if offer(opened[version]) is not None:
                patience = max(_AT_LEAST, _TIMES * (time.monotonic() - started))
                limits[other].deadline = min(limits[other].deadline, clock + patience)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask, stateless, stateful)
        tasks.start_soon(ask, stateful, stateless)
    return opened


async def find_transport(sessions: Sessions, target: HttpTarget, versions: Sequence[str], deadline: float) -> str:
    """Settle on a transport for a URL whose transport isn't known: Streamable HTTP, if a request isn't refused
    there, else HTTP+SSE if the server opens such a stream, else Streamable HTTP. Sets and returns it."""
    target.transport = "http"
    for version in _one_of_each_era(versions):
        session = await sessions.connect(version)
        exchange = await first_request(session, deadline)
        # Nothing listens there, or what does hasn't said no: there is nothing to fall back from. A refusal may well be
        # written in JSON-RPC: an event stream's URL that takes no POST.
        refused = exchange.status is not None and exchange.status >= 400 and not is_stateless_error(exchange)
        settled = not session.alive or not (refused or exchange.over)
        await sessions.close(session)
        if settled:
            return target.transport
    target.transport = "sse"
    session = await sessions.connect("2024-11-05")
    opens = getattr(session.conduit, "endpoint", None) is not None
    await sessions.close(session)
    if not opens:
        target.transport = "http"
    return target.transport


def _one_of_each_era(versions: Sequence[str]) -> list[str]:
    """The newest version of each era, the stateful era first, as most servers are of that."""
    found = {era_of(version): version for version in sorted(versions)}
    return [found[era] for era in ("stateful", "stateless") if era in found]
