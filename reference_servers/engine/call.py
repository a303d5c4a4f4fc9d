"""What a tool, a prompt or a resource can do while a request is answered: report, log, ask the client."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from .messages import JSON
from .revisions import REVISIONS

_WITH_ELICITATION_IDS = ("2025-11-25",)
"""The revisions in which a URL that the user is sent to has an id."""


class ToolError(Exception):
    """A tool failed for a reason that the model may mend; its text becomes a result with isError.

    Source: server/tools#error-handling.
    """


class Progress(Protocol):
    """Tells the client how far a call is, each time with a greater value; does nothing when the client didn't ask."""

    async def __call__(self, value: float, total: float | None = None, message: str | None = None) -> None: ...


class Log(Protocol):
    """Sends a log message to the client, if it wants messages of that level.

    `level` is one of `metadata.LEVELS`, `data` any JSON value. Source: server/utilities/logging.
    """

    async def __call__(self, level: str, data: JSON, logger: str | None = None) -> None: ...


class Ask(Protocol):
    """Puts a request to the client and returns its result: ``elicitation/create``, ``sampling/createMessage`` or
    ``roots/list``.

    Where there is a session the client is asked while the request is under way. In the stateless era a request that
    has to ask ends there, and whatever answers it is run again from its start when the client retries with the answer:
    it has to ask the same in the same order, and do nothing before its last question that mustn't be done twice. There
    `key` names the question; without one it has a number.

    ToolError or ProtocolError when the client can't be asked that, or its answer doesn't fit.
    """

    async def __call__(self, method: str, params: dict[str, JSON], *, key: str | None = None) -> dict[str, JSON]: ...


async def _stay() -> None:
    """Keep the connection."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool, or use of a prompt, or reading of a resource that asks the client.

    - `arguments` fit the tool's input schema; those of a prompt are strings, and complete.
    - `client_capabilities` is what the client declares, `revision` the name of the one that holds.
    - `let_go` has the connection closed while the call goes on, where clients know to come back for the rest: over HTTP
      in 2025-11-25 (basic/transports#sending-messages-to-the-server). Elsewhere it does nothing.
    """

    arguments: dict[str, JSON]
    progress: Progress
    log: Log
    ask: Ask
    client_capabilities: Mapping[str, JSON] = field(default_factory=dict)
    revision: str = REVISIONS[-1].name
    let_go: Callable[[], Awaitable[None]] = _stay
    notify: Callable[[str, dict[str, JSON]], Awaitable[None]] | None = None

    def can_ask(self, method: str, mode: Literal["form", "url"] = "form") -> bool:
        """Whether the client can be asked this; `mode` is about ``elicitation/create``."""
        from .questions import supports

        return supports(self.client_capabilities, method, self.revision, mode)

    async def ask_elicitation(
        self, message: str, schema: Mapping[str, JSON], *, key: str | None = None
    ) -> dict[str, JSON]:
        """Ask the user to fill in a form: ``{"action": "accept", "content": …}``, or another action without content.

        `schema` is flat: an object of strings, numbers, booleans and choices (client/elicitation). What an older
        revision doesn't know of it is left out.
        """
        from .forms import known

        params = {"message": message, "requestedSchema": known(schema, self.revision)}
        return await self.ask("elicitation/create", params, key=key)

    async def ask_url(self, message: str, url: str, elicitation_id: str, *, key: str | None = None) -> dict[str, JSON]:
        """Ask the user to visit a URL: ``{"action": …}`` (client/elicitation#url-mode-elicitation-requests).

        When what happens there is done, the client of a session is told of it: `elicitation_completed`.
        """
        params: dict[str, JSON] = {"mode": "url", "message": message, "url": url}
        if self.revision in _WITH_ELICITATION_IDS:
            params["elicitationId"] = elicitation_id
        return await self.ask("elicitation/create", params, key=key)

    async def elicitation_completed(self, elicitation_id: str) -> None:
        """Tell the client that what it was asked to visit a URL for is done; only 2025-11-25 has that."""
        if self.notify and self.revision in _WITH_ELICITATION_IDS:
            await self.notify("notifications/elicitation/complete", {"elicitationId": elicitation_id})

    async def ask_sampling(
        self, prompt: str, max_tokens: int, *, key: str | None = None, **more: JSON
    ) -> dict[str, JSON]:
        """Ask the client's model: ``{"role": …, "content": …, "model": …}`` (client/sampling).

        `more` are further params, such as `systemPrompt`.
        """
        message = {"role": "user", "content": {"type": "text", "text": prompt}}
        return await self.ask(
            "sampling/createMessage", {"messages": [message], "maxTokens": max_tokens, **more}, key=key
        )

    async def ask_roots(self, *, key: str | None = None) -> dict[str, JSON]:
        """Ask for the folders that the client works in: ``{"roots": [{"uri": …}]}`` (client/roots)."""
        return await self.ask("roots/list", {}, key=key)
