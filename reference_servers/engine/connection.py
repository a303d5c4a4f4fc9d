"""One conversation with one client, from its first byte to its last: messages in, messages out, no I/O.

Each decision of the protocol is one method, so that a server with one fault overrides one method (see the package's
docstring). This module decides which era's rules hold for a request; the eras are in `stateful` and `stateless`, what
they share in `features`, `prompts`, `completions` and `core`.
"""

from collections.abc import Mapping

from . import metadata
from .call import Ask
from .completions import Completions
from .core import METHODS, SERVED, Handler, Method, Send
from .messages import JSON, Request
from .prompts import Prompts
from .revisions import Revision
from .stateful import Stateful
from .stateless import Stateless

__all__ = ["METHODS", "Connection", "Handler", "Method", "Send"]


class Connection(Stateful, Stateless, Prompts, Completions):
    """A conversation under whatever rules the server's revisions and the client's opening give it.

    A server of both eras serves a request with the metadata of the stateless era by that era's rules, even in the
    middle of a session; anything else belongs to the session (2026-07-28 basic/versioning).
    """

    def is_stateless(self, request: Request) -> bool:
        """Whether a request is served by the rules of the stateless era."""
        if not self.server.of_era("stateless"):
            return False
        if not self.server.of_era("stateful"):
            return True
        if self.opening:
            return self.opening == "stateless"
        return request.method == "server/discover" or metadata.PROTOCOL_VERSION in request.meta

    @property
    def speaking(self) -> Revision:
        """The revision whose rules hold for the message at hand; the newest one while none is agreed."""
        request = SERVED.get()
        if request is not None and self.is_stateless(request):
            return self.requested_revision(request) or self.server.of_era("stateless")[-1]
        return self.revision or self.server.revisions[-1]

    def route(self, request: Request) -> Handler:
        """Decide what answers a request. This happens on its arrival, before any later message can change the state."""
        stateless = self.is_stateless(request)
        if stateless and (refusal := self.route_stateless(request)):
            return refusal
        method = METHODS.get(request.method)
        if (
            method is None
            or ("stateless" if stateless else "stateful") not in method.eras
            or (method.capability and not self.declares(method.capability))
        ):
            return self.on_unknown_method
        if not stateless and (refusal := self.route_stateful(request)):
            return refusal
        if self.params_problem(request):
            return self.malformed_params
        handler: Handler = getattr(self, method.handler)
        return handler

    def params_problem(self, request: Request) -> str | None:
        """What is wrong with the general shape of params; None if nothing is."""
        if not isinstance(request.params, dict):
            return "params must be an object"
        if not isinstance(request.params.get("_meta", {}), dict):
            return "params._meta must be an object"
        if self.is_stateless(request) and (problem := metadata.log_level_problem(request)):
            return problem
        return metadata.progress_token_problem(request)

    def complete(self, request: Request, result: JSON) -> JSON:
        if self.is_stateless(request) and isinstance(result, dict):
            return self.completed(request, result)
        return result

    def questions(self, request: Request) -> Ask:
        served = SERVED.get() or request
        if self.is_stateless(served):
            return self.round_questions(served)

        async def ask(method: str, params: dict[str, JSON], *, key: str | None = None) -> dict[str, JSON]:
            return await self.inquire(method, params)

        return ask

    def client_capabilities_of(self, request: Request) -> Mapping[str, JSON]:
        served = SERVED.get() or request
        return metadata.capabilities(served) if self.is_stateless(served) else self.client_capabilities

    def log_level(self, request: Request) -> str | None:
        if not self.server.logging:
            return None
        served = SERVED.get() or request
        return served.meta.get(metadata.LOG_LEVEL) if self.is_stateless(served) else self._log_level
