"""Talks to a server with the Python SDK that is installed here, whichever it is, and says as JSON what it got.

``python_sdk.py stdio COMMAND...``, ``python_sdk.py http URL`` or ``python_sdk.py sse URL``.
"""

import asyncio
import json
import sys
from contextlib import asynccontextmanager
from importlib.metadata import version

from mcp.client.sse import sse_client
from mcp.client.stdio import StdioServerParameters, stdio_client

MODERN = int(version("mcp").partition(".")[0]) >= 2
README = "repo://alice/hello-world/contents/README.md"


@asynccontextmanager
async def old_client(transport, target):
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    opened = {
        "stdio": lambda: stdio_client(StdioServerParameters(command=target[0], args=target[1:])),
        "http": lambda: streamable_http_client(target[0]),
        "sse": lambda: sse_client(target[0]),
    }[transport]()
    async with opened as streams, ClientSession(*streams[:2]) as session:
        session.protocol_version = (await session.initialize()).protocolVersion
        yield session


@asynccontextmanager
async def new_client(transport, target):
    from mcp.client import Client

    server = {
        "stdio": lambda: StdioServerParameters(command=target[0], args=target[1:]),
        "http": lambda: target[0],
        "sse": lambda: sse_client(target[0]),
    }[transport]()
    # A server behind HTTP+SSE is asked in no other way than by its handshake.
    async with Client(server, mode="legacy" if transport == "sse" else "auto") as client:
        yield client


async def main(transport, *target):
    async with (new_client if MODERN else old_client)(transport, target) as client:
        tools = [tool.name for tool in (await client.list_tools()).tools]
        called = await client.call_tool("search_repositories", {"query": "hello"})
        if MODERN:
            read = await client.read_resource(README)
        else:
            from pydantic import AnyUrl

            read = await client.read_resource(AnyUrl(README))
        print(
            json.dumps(
                {
                    "version": client.protocol_version,
                    "tools": tools,
                    "called": json.loads(called.content[0].text)["items"][0]["full_name"],
                    "read": read.contents[0].text,
                }
            )
        )


asyncio.run(main(*sys.argv[1:]))
