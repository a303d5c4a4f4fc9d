"""A right server with tools that show what a conduit has to carry: ``python contract_server.py``, or in process."""

import sys

import anyio

from reference_servers.engine import JSON, Call, Server, Tool, serve


async def echo(call: Call) -> dict[str, JSON]:
    return {"text": call.arguments.get("text", "")}


async def count(call: Call) -> dict[str, JSON]:
    for number in range(1, 6):
        await call.progress(number, 5)
    return {"counted": 5}


async def roots(call: Call) -> dict[str, JSON]:
    return {"answer": await call.ask_roots()}


async def stop(call: Call) -> dict[str, JSON]:
    """Never answers."""
    await anyio.sleep_forever()
    return {}


def offered() -> Server:
    tools = (echo, count, roots, stop)
    return Server(
        name="contract", version="1", tools=tuple(Tool(tool.__name__, {"type": "object"}, tool) for tool in tools)
    )


if __name__ == "__main__":
    raise SystemExit(serve(offered, sys.argv[1:]))
