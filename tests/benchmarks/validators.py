"""What it costs to judge a message: jsonschema-rs, jsonschema, and the whole of `assess`.

``python -m tests.benchmarks.validators``, from the top of the checkout, prints a table in Markdown.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import jsonschema
import jsonschema_rs

from mcp_conformance import schemas
from mcp_conformance.messages import assess

REVISION = "2025-11-25"
TOOLS = 20


@dataclass(frozen=True)
class Message:
    """A result of a server: the method that it answers, and the type that it has."""

    name: str
    method: str
    definition: str
    result: dict[str, Any]

    @property
    def whole(self) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": 1, "result": self.result}


def messages() -> tuple[Message, ...]:
    """A small message and a large one, as they begin every session."""
    tools = [
        {
            "name": f"tool-{number}",
            "title": f"Tool {number}",
            "description": "Finds what is asked for, and says where it was found. " * 3,
            "inputSchema": {
                "type": "object",
                "properties": {
                    name: {"type": "string", "description": f"The {name}"} for name in ("owner", "name", "q")
                },
                "required": ["owner", "name"],
            },
            "annotations": {"readOnlyHint": True, "openWorldHint": False},
        }
        for number in range(TOOLS)
    ]
    beginning = {
        "protocolVersion": REVISION,
        "capabilities": {"tools": {"listChanged": True}, "resources": {}, "logging": {}},
        "serverInfo": {"name": "example", "version": "1.2"},
        "instructions": "Ask for the time first.",
    }
    return (
        Message("initialize", "initialize", "InitializeResult", beginning),
        Message(f"tools/list, {TOOLS} tools", "tools/list", "ListToolsResult", {"tools": tools}),
    )


def judges(message: Message) -> dict[str, Callable[[], bool]]:
    """Each way to judge the message, ready to be called; each says whether it is valid."""
    schema = {**schemas.bundle(REVISION), "$ref": f"#/$defs/{message.definition}"}
    compiled = jsonschema_rs.Draft202012Validator(schema, validate_formats=False)
    interpreted = jsonschema.Draft202012Validator(schema)
    whole = message.whole
    return {
        "jsonschema-rs": lambda: bool(compiled.is_valid(message.result)),
        "jsonschema": lambda: bool(interpreted.is_valid(message.result)),
        "assess": lambda: assess(whole, revision=REVISION, sender="server", answers=message.method).valid,
    }


def seconds(judge: Callable[[], bool], least: float) -> float:
    """The time of one call: the best of several rounds, each of at least `least` seconds."""
    count = 1
    while (taken := _round(judge, count)) < least:
        count *= 2
    return min(taken, *(_round(judge, count) for _ in range(2))) / count


def _round(judge: Callable[[], bool], count: int) -> float:
    begun = perf_counter()
    for _ in range(count):
        judge()
    return perf_counter() - begun


def table(least: float = 0.2) -> Iterator[str]:
    """The lines of the table. `least` bounds how long each round of measuring takes, in seconds."""
    yield "| message | judged by | time | times the fastest |"
    yield "| --- | --- | ---: | ---: |"
    for message in messages():
        # The first call of each compiles what the others then find ready.
        wrong = [name for name, judge in judges(message).items() if not judge()]
        if wrong:
            raise ValueError(f"{message.name} is valid, but not by {', '.join(wrong)}")
        times = {name: seconds(judge, least) for name, judge in judges(message).items()}
        fastest = min(times.values())
        for name, time in times.items():
            yield f"| {message.name} | {name} | {time * 1e6:,.1f} µs | {time / fastest:,.1f} |"


def main() -> None:
    """Print the table."""
    for line in table():
        print(line)


if __name__ == "__main__":
    main()
