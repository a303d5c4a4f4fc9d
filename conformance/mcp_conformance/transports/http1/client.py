"""The HTTP/1.1 client of a tester: sends what it is told, shows what came, follows nothing, repeats nothing unsafe.

Each request has a connection of its own while it runs, so that any number of them can be open at once. There is no task
that outlives a call, and no time limit but that for connecting: the caller cancels.
"""

import ssl
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from mcp_conformance.transports.http1.answers import MAX_HEAD, AnswerReader
from mcp_conformance.transports.http1.connection import Connection, Route
from mcp_conformance.transports.http1.dialling import dial, tls_context
from mcp_conformance.transports.http1.errors import HttpError
from mcp_conformance.transports.http1.messages import Request
from mcp_conformance.transports.http1.proxies import authorization, choose_proxy
from mcp_conformance.transports.http1.response import Response
from mcp_conformance.transports.http1.urls import Url

CONNECT_DEADLINE = 10.0
"""Seconds for name, connection, proxy and TLS together."""
IDLE_AGE = 1.0
"""Seconds after which an idle connection isn't used again. Servers close theirs after some seconds; a request that
crosses that on its way would be lost without anybody's fault."""
IDLE_COUNT = 8
"""Idle connections that are kept for one route."""

_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})  # idempotent, RFC 9110 section 9.2.2
_NOTHING: Mapping[str, str] = MappingProxyType({})


class Client:
    """Sends requests, and keeps connections to send the next ones. Use it with ``async with``, or call `aclose`.

    `ca` is a file of CA certificates (PEM) that are trusted beside the system's. `environment` may name proxies; by
    default none is used. Errors are `HttpError`s.
    """

    def __init__(
        self,
        *,
        ca: Path | None = None,
        environment: Mapping[str, str] = _NOTHING,
        connect_deadline: float = CONNECT_DEADLINE,
        max_head: int = MAX_HEAD,
    ) -> None:
        self._ca = ca
        self._environment = environment
        self._deadline = connect_deadline
        self._max_head = max_head
        self._context: ssl.SSLContext | None = None
        self._idle: dict[Route, list[Connection]] = {}
        self._busy: set[Connection] = set()
        self._closed = False

    async def send(self, request: Request, *, fresh: bool = False, repeatable: bool | None = None) -> Response:
        """Send a request exactly as it says, and return when the head of the answer is there.

        An idle connection is used if there is one, unless `fresh`. If the server closes that without an answer, the
        request is sent once more on a new one, provided that it is `repeatable`: by default, if its method is
        idempotent. Cancelling closes the connection.
        """
        url = request.url
        route = self._route(url)
        through = route.proxy if not route.tunnel else None
        data = request.encode(absolute=through is not None, more=authorization(through) if through else ())
        exchange = partial(self._exchange, url, data, reusable=request.is_well_framed and not request.asks_to_close)
        if repeatable is None:
            repeatable = request.method in _REPEATABLE
        connection = None if fresh else await self._take_idle(route)
        if connection is not None:
            try:
                return await exchange(connection)
            except HttpError as error:
                if error.kind != "closed":
                    raise
                if not repeatable:
                    raise HttpError("closed", f"{error}, on a connection that it had kept open after another") from None
        return await exchange(await self._dial(route, url))

    async def send_raw(self, url: Url, data: bytes) -> Response:
        """Send bytes as they are, on a connection of their own, to the host of `url`; a proxy is asked for a tunnel.

        Returns with the head of the first answer. Further ones, to bytes that hold several requests, are in
        `Response.extra` as far as they have come.
        """
        connection = await self._dial(self._route(url, tunnel=True), url)
        return await self._exchange(url, data, connection, reusable=False)

    async def aclose(self) -> None:
        """Close all connections, those of running requests too. Safe to repeat."""
        self._closed = True
        connections = [*self._busy, *(connection for kept in self._idle.values() for connection in kept)]
        self._busy.clear()
        self._idle.clear()
        for connection in connections:
            await connection.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _route(self, url: Url, *, tunnel: bool = False) -> Route:
        proxy = choose_proxy(url, self._environment)
        return Route(url.origin, proxy, proxy is not None and (tunnel or url.is_tls))

    async def _dial(self, route: Route, url: Url) -> Connection:
        self._check_open(route)
        connection = await dial(route, url, self._tls_context, self._deadline)
        if self._closed:
            await connection.aclose()
            self._check_open(route)
        return connection

    def _check_open(self, route: Route) -> None:
        if self._closed:
            raise HttpError("ended-here", f"no request was sent to {route.where}: the client has been closed")

    def _tls_context(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = tls_context(self._ca)
        return self._context

    async def _take_idle(self, route: Route) -> Connection | None:
        kept = self._idle.get(route, [])
        while kept:
            connection = kept.pop()
            if time.monotonic() - connection.idle_since < IDLE_AGE and connection.is_quiet():
                return connection
            await connection.aclose()
        return None

    async def _exchange(self, url: Url, data: bytes, connection: Connection, *, reusable: bool) -> Response:
        reader = AnswerReader(connection.route.where, "HEAD" if data.startswith(b"HEAD ") else "GET", self._max_head)
        connection.uses += 1
        self._busy.add(connection)
        try:
            await connection.send(data)
            while (head := reader.head()) is None:
                await connection.receive_into(reader)
            response = Response(url, head, reader, connection, self._release, reusable=reusable)
            await response.settle()
        except BaseException:
            await self._release(connection, False)
            raise
        return response

    async def _release(self, connection: Connection, reusable: bool) -> None:
        self._busy.discard(connection)
        kept = self._idle.setdefault(connection.route, [])
        if reusable and connection.is_quiet() and not self._closed and len(kept) < IDLE_COUNT:
            connection.idle_since = time.monotonic()
            kept.append(connection)
        else:
            await connection.aclose()
