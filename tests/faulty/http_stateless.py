"""Faults of Streamable HTTP in the stateless era: the headers that repeat the body, statuses, what is no more."""

import re
from dataclasses import replace
from functools import partial
from typing import ClassVar

from reference_servers.engine import REVISIONS, STATELESS, Connection, ProtocolError, Request, Server
from reference_servers.engine.http import Event, Http, Streamable, headers
from reference_servers.engine.http.wire import Fields
from reference_servers.github.server import github

from . import fault as any_fault
from . import variant as any_variant
from ._spoiling import refused
from .http import ANSWERED


def stateless() -> Server:
    return replace(github(), revisions=STATELESS)


def dual() -> Server:
    return replace(github(), revisions=REVISIONS)


fault = partial(any_fault, server=stateless, revisions=("2026-07-28",), both=True)
variant = partial(any_variant, server=stateless)

variant("stateless-http-with-streams")(Streamable)
variant("stateless-http-with-json", settings={"answers": "json"})(Streamable)
any_variant("http-of-both-eras", server=dual)(Streamable)

# ------------------------------------------------------------------------------------- headers that nobody looks at


def unchecked(name: str, *, only_missing: bool = False) -> type[Streamable]:
    """Takes a header for right, whatever it is; or only where it is missing."""

    class Unchecked(Streamable):
        def header_problem(self, http: Http, connection: Connection, request: Request) -> ProtocolError | None:
            problem = super().header_problem(http, connection, request)
            if problem is None or name not in problem.message or (only_missing and "missing" not in problem.message):
                return problem
            return None

    return Unchecked


VERSIONS = ["headers.version.differs-from-body", "headers.version.missing"]
METHODS = ["headers.method.differs-from-body", "headers.method.missing"]
NAMES = ["headers.name.differs-from-body", "headers.name.missing", "headers.name.encoded"]

fault(
    "the-version-header-is-ignored",
    breaks=["http.version-mismatch-rejected", "http.missing-version-header-rejected"],
    cases=VERSIONS,
)(unchecked("MCP-Protocol-Version"))
fault("the-version-header-may-be-missing", breaks="http.missing-version-header-rejected", cases=VERSIONS[1:])(
    unchecked("MCP-Protocol-Version", only_missing=True)
)
fault(
    "the-method-header-is-ignored",
    breaks=["http.method-mismatch-rejected", "http.missing-method-header-rejected"],
    cases=METHODS,
)(unchecked("Mcp-Method"))
fault("the-method-header-may-be-missing", breaks="http.missing-method-header-rejected", cases=METHODS[1:])(
    unchecked("Mcp-Method", only_missing=True)
)
fault(
    "the-name-header-is-ignored",
    breaks=["http.name-mismatch-rejected", "http.missing-name-header-rejected", "http.decode-before-compare"],
    cases=NAMES,
)(unchecked("Mcp-Name"))
fault("the-name-header-may-be-missing", breaks="http.missing-name-header-rejected", cases=NAMES[1:2])(
    unchecked("Mcp-Name", only_missing=True)
)


class WithHeaders(Streamable):
    """Sees the headers of a request otherwise."""

    def fields(self, http: Http) -> list[tuple[str, str]]:
        return list(http.headers._fields)

    async def handle(self, http: Http) -> None:
        http.headers._fields[:] = self.fields(http)
        await super().handle(http)


@fault("methods-in-any-letter-case", breaks="http.method-mismatch-rejected", cases=METHODS[:1])
class AnyCase(WithHeaders):
    def fields(self, http: Http) -> list[tuple[str, str]]:
        named = re.search(rb'"method": ?"([^"]*)"', http.body)
        method = named[1].decode("latin-1") if named else ""
        return [
            (name, method if name == "mcp-method" and value.lower() == method.lower() else value)
            for name, value in super().fields(http)
        ]


@fault(
    "encoded-names-are-compared-as-they-are",
    breaks=["http.decode-encoded-values", "http.decode-before-compare"],
    cases=["headers.name.encoded"],
)
class NotDecoded(WithHeaders):
    def fields(self, http: Http) -> list[tuple[str, str]]:
        return [
            (name, f"{value} as it is" if name == "mcp-name" and value.startswith("=?") else value)
            for name, value in super().fields(http)
        ]


@fault(
    "header-names-in-one-letter-case-only",
    breaks="http.header-names-case-insensitive",
    cases=["headers.names-in-any-letter-case"],
)
class OneCase(Streamable):
    def header_problem(self, http: Http, connection: Connection, request: Request) -> ProtocolError | None:
        if "Mcp-Method" not in http.raw_names and http.headers.get("mcp-method") is not None:
            return ProtocolError(-32020, "Header mismatch: Mcp-Method is missing")
        return super().header_problem(http, connection, request)


# ------------------------------------------------------------------------------------------------------------- statuses


def status_of(code: int, status: int) -> type[Streamable]:
    class Status(Streamable):
        def status_of(self, request: Request | None, answer: bytes) -> int:
            return status if b'"code":%d' % code in answer else super().status_of(request, answer)

    return Status


UNKNOWN_METHOD = {"breaks": "http.unknown-method-404", "cases": ["headers.method.unknown-is-not-found"]}
fault("unknown-methods-with-200", **UNKNOWN_METHOD)(status_of(-32601, 200))
fault("unknown-methods-with-400", **UNKNOWN_METHOD)(status_of(-32601, 400))
FAILURE = {"breaks": "http.header-failure-400", "cases": ["headers.failure"]}
fault("header-failures-with-200", **FAILURE)(status_of(-32020, 200))
fault("header-failures-with-422", **FAILURE)(status_of(-32020, 422))
fault("unsupported-versions-with-200", breaks="http.version-header-400", cases=["headers.version.unknown-is-refused"])(
    status_of(-32022, 200)
)
fault("missing-metadata-with-200", breaks="meta.missing-field-http-400", cases=["headers.metadata-missing"])(
    status_of(-32602, 200)
)


class OtherCode(Streamable):
    """Refuses headers with another error."""

    def header_problem(self, http: Http, connection: Connection, request: Request) -> ProtocolError | None:
        problem = super().header_problem(http, connection, request)
        return problem and ProtocolError(-32600, problem.message)


FAILURE_BODY = {"breaks": "http.header-failure-error-body", "cases": ["headers.failure"]}
fault("header-failures-under-another-code", **FAILURE_BODY)(OtherCode)


@fault("header-failures-without-an-error", **FAILURE_BODY)
class BareRefusal(Streamable):
    async def respond_json(self, http: Http, status: int, body: bytes, fields: Fields = ()) -> None:
        if b"-32020" in body and b"Mcp-Method" in body:
            await http.respond(400, [("Content-Type", "text/plain")], b"Bad Request")
        else:
            await super().respond_json(http, status, body, fields)


# ------------------------------------------------------------------------------------------------------ what is no more


class Older(Streamable):
    """Answers what older clients ask in another way."""

    status: ClassVar[int] = 404

    async def not_allowed(self, http: Http) -> None:
        await self.refuse(http, self.status if http.method == self.method else 405, "no")

    method: ClassVar[str] = "GET"


fault("stateless-get-is-not-found", breaks="http.get-405", cases=["headers.get-is-refused"])(Older)


@fault("stateless-delete-is-accepted", breaks="http.delete-405", cases=["headers.delete-is-refused"])
class OlderDelete(Older):
    method, status = "DELETE", 200


@fault(
    "resources-are-at-another-endpoint",
    breaks="http.single-endpoint",
    cases=["http.get.is-a-stream-or-405"],
    may={"base.requests-are-answered": "a request that is refused so has no answer"},
    undecided="what had no occasion might have had one in the answer that is missing",
)
class OtherEndpoint(Streamable):
    async def on_post(self, http: Http) -> None:
        if b'"resources/templates/list"' in http.body:
            await http.respond(405, [("Allow", "GET")])
        else:
            await super().on_post(http)


class Refuses(Streamable):
    header: ClassVar[str] = "Mcp-Session-Id"

    async def on_post(self, http: Http) -> None:
        if http.headers.get(self.header) is not None:
            await refused(self, http, 404, "there is no such session")
        else:
            await super().on_post(http)


fault("stateless-session-ids-are-refused", breaks="http.session-id-ignored", cases=["headers.session-id.ignored"])(
    Refuses
)


@fault(
    "stateless-last-event-ids-are-refused", breaks="http.last-event-id-ignored", cases=["headers.last-event-id.ignored"]
)
class RefusesEvents(Refuses):
    header = headers.LAST_EVENT


class Mints(Streamable):
    """Gives a session id, as servers of the older era do."""

    def session(self, http: Http) -> str | None:
        return "made-for-you-0123456789"

    async def handle(self, http: Http) -> None:
        start = http.start

        async def with_session(status: int, fields: Fields) -> None:
            session = self.session(http)
            await start(status, [*fields, *([(headers.SESSION, session)] if session else [])])

        http.start = with_session  # type: ignore[method-assign]
        await super().handle(http)


MINTED = {"breaks": "http.session-id-not-minted", "cases": ["headers.session-id.ignored"]}
fault("stateless-session-ids-are-made", **MINTED)(Mints)


@fault("stateless-session-ids-come-back", **MINTED)
class Echoes(Mints):
    def session(self, http: Http) -> str | None:
        return http.headers.get(headers.SESSION)


# -------------------------------------------------------------------------------------------------------------- streams


@fault("streams-that-may-be-buffered", breaks="http.sse-no-buffering-header", cases=["http.streams.are-not-buffered"])
class Buffered(Streamable):
    def stream_fields(self) -> Fields:
        return super().stream_fields()[:2]


@fault("asks-on-a-stateless-stream", breaks=["http.sse-no-requests", "base.server-no-requests"],
       cases=["http.streams.have-no-requests", "base.server.sends-no-requests"])  # fmt: skip
class AsksOnStream(Streamable):
    async def write_event(self, http: Http, event: Event) -> None:
        if b'"tools/list"' in http.body:
            await super().write_event(http, Event(b'{"jsonrpc":"2.0","id":"q1","method":"ping"}'))
        await super().write_event(http, event)


# ------------------------------------------------------------------------------------------- as in the era before


class Accepts(Streamable):
    async def accept(self, http: Http) -> None:
        await http.respond(200)


UNKNOWN = "http.notifications.unknown-is-accepted-or-refused"
fault("stateless-notifications-with-200", breaks="http.notification-202", cases=[UNKNOWN])(Accepts)


@fault("stateless-notifications-with-a-body", breaks="http.notification-202-empty", cases=[UNKNOWN])
class AcceptsWithBody(Streamable):
    async def accept(self, http: Http) -> None:
        await http.respond(202, [("Content-Type", "application/json")], b"{}")


@fault(
    "stateless-notifications-refused-in-a-200",
    breaks="http.notification-reject-status",
    cases=[UNKNOWN],
    may=ANSWERED,
)
class RefusesIn200(Streamable):
    async def accept(self, http: Http) -> None:
        await self.refuse(http, 200, "no such notification")


@fault(
    "stateless-any-origin-will-do",
    breaks=["http.origin-validate", "http.origin-403"],
    cases=["security.origin.foreign-is-refused", "security.origin.looks-like-local"],
)
class AnyOrigin(Streamable):
    def forbidden(self, http: Http) -> str | None:
        return None


@fault(
    "stateless-json-as-plain-text",
    breaks="http.request-content-type",
    cases=["http.answers.are-json-or-a-stream"],
    settings={"answers": "json"},
)
class PlainText(Streamable):
    async def respond_json(self, http: Http, status: int, body: bytes, fields: Fields = ()) -> None:
        await http.respond(status, [("Content-Type", "text/plain"), *fields], body)


@fault("stateless-streams-stay-open", breaks="http.close-after-response", cases=["http.streams.end-after-the-response"])
class StaysOpen(Streamable):
    async def handle(self, http: Http) -> None:
        if b'"server/discover"' in http.body:
            end = http.end

            async def never() -> None:
                if http.streaming:
                    await self.keep_alive(http)
                await end()

            http.end = never  # type: ignore[method-assign]
        await super().handle(http)
