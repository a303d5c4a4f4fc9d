"""A server with something of everything, for tests of how it is offered."""

from collections.abc import Sequence

import anyio

from reference_servers.engine import (
    JSON,
    BlobContents,
    Call,
    Change,
    Changes,
    Resource,
    ResourceTemplate,
    Server,
    Structured,
    TextContents,
    Tool,
    ToolError,
)

NOTHING = {"type": "object", "additionalProperties": False}
PAIR = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
    "required": ["a", "b"],
}
MIRRORED = {
    "type": "object",
    "properties": {
        "region": {"type": "string", "x-mcp-header": "Region"},
        "count": {"type": "integer", "x-mcp-header": "Count"},
        "where": {"type": "object", "properties": {"dry": {"type": "boolean", "x-mcp-header": "Dry"}}},
    },
}
NAME_FORM = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
ICONS = [{"src": "https://example.com/icon.png"}]


async def add(call: Call) -> dict[str, JSON]:
    return {"sum": call.arguments["a"] + call.arguments["b"]}


async def refuse(call: Call) -> dict[str, JSON]:
    raise ToolError("not on Sundays")


async def hang(call: Call) -> dict[str, JSON]:
    await call.progress(1)
    await anyio.sleep_forever()
    raise AssertionError


async def count(call: Call) -> list[dict[str, JSON]]:
    await call.progress(1)
    await call.progress(2, 2, "done")
    return [{"type": "text", "text": "two"}]


async def chat(call: Call) -> dict[str, JSON]:
    """Logs a line of each of three severities."""
    for level in ("debug", "info", "error"):
        await call.log(level, {"said": level}, "chat")
    return {}


async def mirror(call: Call) -> dict[str, JSON]:
    return call.arguments


async def greet(call: Call) -> dict[str, JSON]:
    """Asks twice, and uses both answers."""
    first = await call.ask_elicitation("Your first name?", NAME_FORM)
    if first["action"] != "accept":
        return {"greeting": f"no name: {first['action']}"}
    last = await call.ask_elicitation("Your last name?", NAME_FORM)
    return {"greeting": f"Hello, {first['content']['name']} {last['content']['name']}"}


async def sample(call: Call) -> dict[str, JSON]:
    answer = await call.ask_sampling("What is the capital of France?", 100)
    return {"answer": answer["content"], "roots": (await call.ask_roots())["roots"]}


async def list_all(call: Call) -> Structured:
    return Structured([1, 2])


async def show(call: Call) -> list[dict[str, JSON]]:
    return [
        {"type": "text", "text": "é", "annotations": {"priority": 1, "lastModified": "2025-01-12T15:00:58Z"}},
        {"type": "image", "data": "AA==", "mimeType": "image/png", "_meta": {"example.org/a": 1}},
        {"type": "audio", "data": "AA==", "mimeType": "audio/wav"},
        {"type": "resource_link", "uri": "shelf://book/0", "name": "page 0", "title": "Page", "icons": ICONS},
    ]


class Shelf:
    templates: Sequence[ResourceTemplate] = (
        ResourceTemplate("shelf://book/{number}", "page", "Page", mime_type="text/plain", icons=ICONS),
    )

    def list(self) -> Sequence[Resource]:
        hints = {"audience": ["user"], "lastModified": "2025-01-12T15:00:58Z"}
        return [
            Resource(f"shelf://book/{number}", f"page {number}", "Page", size=3, annotations=hints, icons=ICONS)
            for number in range(3)
        ]

    async def read(self, uri: str) -> Sequence[TextContents | BlobContents] | None:
        return [TextContents(uri, "abc", "text/plain")] if uri in [one.uri for one in self.list()] else None


def offer() -> Server:
    changes = Changes()

    async def change(call: Call) -> dict[str, JSON]:
        changes.announce(Change("resource", "shelf://book/1"), Change("resources"), Change("tools"))
        return {}

    async def stop(call: Call) -> dict[str, JSON]:
        changes.end()
        return {}

    pairs = (refuse, hang, count, chat, greet, sample, show, change, stop)
    return Server(
        name="offer",
        version="1",
        title="Offer",
        description="Something of everything",
        icons=ICONS,
        tools=(
            Tool("add", PAIR, add, "Add", "Adds", {"type": "object"}, {"readOnlyHint": True}, ICONS),
            Tool("mirror", MIRRORED, mirror),
            Tool("list_all", NOTHING, list_all, output_schema={"type": "array"}),
            *(Tool(function.__name__, NOTHING, function) for function in pairs),
        ),
        resources=Shelf(),
        logging=True,
        changes=changes,
        announces=True,
    )
