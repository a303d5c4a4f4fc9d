"""A stretch of one session as checks see it: recorded exchanges and messages, nothing live."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from mcp_conformance.jsonrpc import JSON, Message
from mcp_conformance.session import Exchange, Session
from mcp_conformance.transcript import Event


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool: which tool, as it was listed, and the exchange."""

    tool: dict[str, JSON]
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen in a session after event `start`, and what both sides had declared in it."""

    revision: str
    transport: str
    events: list[Event]
    exchanges: list[Exchange]
    strays: list[Event]
    client_capabilities: dict[str, Any]
    server_capabilities: dict[str, Any] | None
    """None until `initialize` or `server/discover` has been answered."""
    calls: list[Call] = field(default_factory=list)
    earlier: list[Event] = field(default_factory=list)
    """What had happened in the session before: what is seen now may refer to it."""
    earlier_exchanges: list[Exchange] = field(default_factory=list)

    @property
    def history(self) -> Iterator[Event]:
        """The whole session up to now, in order."""
        yield from self.earlier
        yield from self.events

    @classmethod
    def of(cls, session: Session, start: int = 0, calls: list[Call] | None = None) -> "Observation":
        capabilities = session.server.get("capabilities")
        introduced = session.ready and (session.era == "stateful" or bool(session.server))
        return cls(
            revision=session.revision,
            transport=session.transcript.transport,
            events=list(session.transcript.since(start)),
            exchanges=[exchange for exchange in session.exchanges if exchange.sent.number > start],
            strays=[stray for stray in session.strays if stray.number > start],
            client_capabilities=session.capabilities,
            server_capabilities=(capabilities if isinstance(capabilities, dict) else {}) if introduced else None,
            calls=calls or [],
            earlier=session.transcript.events[:start],
            earlier_exchanges=[exchange for exchange in session.exchanges if exchange.sent.number <= start],
        )

    def received(self) -> Iterator[tuple[Event, Message]]:
        """Everything that the server sent, in order; behind a batch, each of its messages, where the revision may have
        batches."""
        for event in self.events:
            if event.direction == "received" and event.message is not None:
                yield event, event.message

    def answered(self, method: str | None = None) -> Iterator[Exchange]:
        """The exchanges with an answer, of one method or of all."""
        for exchange in self.exchanges:
            if exchange.answer is not None and method in (None, exchange.method):
                yield exchange

    def results(self, method: str) -> Iterator[Exchange]:
        """The exchanges of a method that ended with a result object."""
        for exchange in self.answered(method):
            if isinstance(exchange.result, dict):
                yield exchange

    def items(self, method: str, member: str) -> Iterator[tuple[Exchange, int, dict[str, JSON]]]:
        """What a paged list holds, over all its pages: the exchange, the index on its page, the item. Ill-typed ones
        are left out."""
        for exchange in self.results(method):
            items = exchange.result.get(member)
            for index, item in enumerate(items if isinstance(items, list) else []):
                if isinstance(item, dict):
                    yield exchange, index, item
