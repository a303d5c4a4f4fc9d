"""Streamable HTTP: one endpoint for POST, GET and DELETE, and the decision which era's rules hold for a request.

Source: basic/transports of 2025-03-26 to 2025-11-25; 2026-07-28 basic/transports/streamable-http.
"""

from reference_servers.engine import messages, metadata
from reference_servers.engine.messages import JSON, Request
from reference_servers.engine.revisions import Era

from . import headers
from .stateful_http import StatefulHttp
from .stateless_http import StatelessHttp
from .wire import Http


class Streamable(StatefulHttp, StatelessHttp):
    """The endpoint. The eras' rules are in the two classes that it is made of."""

    path = "/mcp"

    async def serve(self, http: Http) -> None:
        if http.path != self.path:
            await self.refuse(http, 404, f"there is nothing at this path; the endpoint is {self.path}")
        elif http.method == "POST":
            await self.on_post(http)
        elif http.method == "GET" and self.server.of_era("stateful"):
            await self.on_get(http)
        elif http.method == "DELETE" and self.server.of_era("stateful"):
            await self.on_delete(http)
        else:
            await self.not_allowed(http)

    async def not_allowed(self, http: Http) -> None:
        """Refuse a method that the endpoint doesn't have."""
        allowed = [name for name in ("POST", "GET", "DELETE") if name == "POST" or self.server.of_era("stateful")]
        await self.refuse(http, 405, f"{http.method} is not offered here", [("Allow", ", ".join(allowed))])

    async def on_post(self, http: Http) -> None:
        """Take a message."""
        if not all(headers.accepts(http.headers, kind) for kind in (headers.JSON_TYPE, headers.STREAM_TYPE)):
            await self.not_acceptable(http)
        elif not headers.is_json(http.headers):
            await self.unsupported_media_type(http)
        elif self.era_of(http, body := _value(http.body)) == "stateless":
            await self.stateless_post(http, body)
        else:
            await self.stateful_post(http, body)

    async def not_acceptable(self, http: Http) -> None:
        """Refuse a client that can't read one of the two kinds of answer."""
        await self.refuse(http, 406, f"Accept must list {headers.JSON_TYPE} and {headers.STREAM_TYPE}")

    async def unsupported_media_type(self, http: Http) -> None:
        await self.refuse(http, 415, f"Content-Type must be {headers.JSON_TYPE}")

    def era_of(self, http: Http, body: JSON) -> Era:
        """Which era's rules hold for a POST, where the server speaks both.

        The metadata of the stateless era in the body decides, or server/discover; else `initialize` and a session are
        of the stateful one, and a version in the header says for itself what it is.
        """
        if not self.server.of_era("stateless"):
            return "stateful"
        if not self.server.of_era("stateful"):
            return "stateless"
        message = messages.classify(body)
        if isinstance(message, Request):
            if metadata.PROTOCOL_VERSION in message.meta or message.method == "server/discover":
                return "stateless"
            if message.method == "initialize":
                return "stateful"
        version = http.headers.get(headers.VERSION)
        if http.headers.get(headers.SESSION) is not None or version is None:
            return "stateful"
        return "stateful" if version in [one.name for one in self.server.of_era("stateful")] else "stateless"


def _value(body: bytes) -> JSON:
    """The value in a body; None, which is no message either, for what can't be read."""
    try:
        return messages.parse(body)
    except ValueError:
        return None
