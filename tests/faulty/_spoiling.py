"""Ways to make a right server wrong at one place."""

import json
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import NoReturn

import anyio

from reference_servers.engine import JSON, Connection, Request, Server
from reference_servers.engine.connection import Send
from reference_servers.engine.http import Endpoint, Http

Message = dict[str, JSON]


class Crash(Exception):
    """The server dies: over stdio with its reason on stderr and status 1. What answers a request must not raise it."""


def crash(why: str = "an unexpected input") -> NoReturn:
    raise Crash(why)


class Rewriting(Connection):
    """Sends something else in place of a message; `rewrite` decides what."""

    def __init__(self, server: Server, send: Send) -> None:
        super().__init__(server, send)
        self._asked: dict[JSON, Request] = {}

    async def on_request(self, request: Request) -> None:
        self._asked[request.id] = request
        await super().on_request(request)

    async def deliver(self, message: Message) -> None:
        request = None if "method" in message else self._asked.get(message.get("id"))
        for changed in self.rewrite(deepcopy(message), request):
            await super().deliver(changed)

    def rewrite(self, message: Message, request: Request | None) -> Iterable[Message]:
        """What is sent in place of a message. `request` is what it answers, None if it answers nothing."""
        return [message]


def messages(change: Callable[[Message], object]) -> type[Connection]:
    """Changes each message in place."""

    class Changed(Rewriting):
        def rewrite(self, message: Message, request: Request | None) -> Iterable[Message]:
            change(message)
            return [message]

    return Changed


class Dawdles(Connection):
    """Takes a moment for the request that tells whether a server is there, whatever its era has for that."""

    async def on_ping(self, request: Request) -> JSON:
        await a_moment()
        return await super().on_ping(request)

    async def on_discover(self, request: Request) -> JSON:
        await a_moment()
        return await super().on_discover(request)


def answers(method: str, change: Callable[[Message], object]) -> type[Connection]:
    """Changes each response to a method in place, whatever it is; ``*`` is any method."""

    class Changed(Rewriting):
        def rewrite(self, message: Message, request: Request | None) -> Iterable[Message]:
            if request is not None and method in ("*", request.method):
                change(message)
            return [message]

    return Changed


def results(method: str, change: Callable[[JSON], object]) -> type[Connection]:
    """Changes the result of a method in place."""
    return answers(method, lambda message: change(message["result"]) if "result" in message else None)


def errors(change: Callable[[Message], object], method: str = "*") -> type[Connection]:
    """Changes each error response in place."""
    return answers(method, lambda message: change(message) if "error" in message else None)


def result_of(method: str, result: JSON) -> type[Connection]:
    """Answers a method with another result; of an object, what every result of the stateless era has is left."""

    def change(message: Message) -> None:
        if "result" in message:
            kept = {name: message["result"][name] for name in _OF_ALL_RESULTS if name in message["result"]}
            message["result"] = {**kept, **result} if isinstance(result, dict) else result

    return answers(method, change)


_OF_ALL_RESULTS = ("resultType", "ttlMs", "cacheScope", "_meta")


def silent(when: Callable[[Request], bool]) -> type[Connection]:
    """Never answers the requests that are chosen."""

    class Silent(Connection):
        async def on_request(self, request: Request) -> None:
            if not when(request):
                await super().on_request(request)

    return Silent


def crashing(when: Callable[[Request], bool]) -> type[Connection]:
    """Dies of the requests that are chosen."""

    class Crashing(Connection):
        async def on_request(self, request: Request) -> None:
            if when(request):
                crash(f"cannot handle {request.method}")
            await super().on_request(request)

    return Crashing


async def for_ever() -> None:
    await anyio.sleep_forever()


async def a_moment() -> None:
    """Long enough for a request to be under way when the next one comes."""
    await anyio.sleep(0.05)


async def refused(endpoint: Endpoint, http: Http, status: int, why: str) -> None:
    """Refuses a request by an error that has its id."""
    body = json.loads(http.body) if http.body else {}
    error: Message = {"jsonrpc": "2.0", "id": body.get("id"), "error": {"code": -32000, "message": why}}
    await endpoint.respond_json(http, status, json.dumps(error).encode())
