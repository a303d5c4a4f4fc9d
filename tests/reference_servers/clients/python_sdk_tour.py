"""Does with the Python SDK of version 2 what takes more than a question and an answer, and says as JSON how it went.

The server is the one in ``offer.py``. ``python_sdk_tour.py stdio COMMAND...`` or ``python_sdk_tour.py http URL``.
"""

import asyncio
import json
import sys

from mcp.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.subscriptions import SubscriptionLost
from mcp.types import CreateMessageResult, ElicitResult, ListRootsResult, TextContent

names = iter(["Ada", "Lovelace"])


async def elicit(context, params):
    return ElicitResult(action="accept", content={"name": next(names)})


async def sample(context, params):
    return CreateMessageResult(role="assistant", content=TextContent(type="text", text="Paris"), model="m")


async def roots(context):
    return ListRootsResult(roots=[{"uri": "file:///a"}])


async def end_of(news):
    try:
        return "gracefully" if [event async for event in news] == [] else "with more news"
    except SubscriptionLost:  # how this client takes the notification that comes before the result on stdio
        return "by cancellation"


async def main(transport, *target):
    server = target[0] if transport == "http" else StdioServerParameters(command=target[0], args=list(target[1:]))
    logged, told, steps = [], {}, []

    async def log(params):
        logged.append(params.level)

    async def progress(value, total, message):
        steps.append(value)

    callbacks = {"elicitation_callback": elicit, "sampling_callback": sample, "list_roots_callback": roots}
    async with Client(server, **callbacks, logging_callback=log, log_level="info") as client:
        told["version"] = client.protocol_version
        await client.list_tools()  # which shows the arguments that headers have to repeat
        greeted = await client.call_tool("greet")
        told["greeting"] = json.loads(greeted.content[0].text)["greeting"]
        sampled = json.loads((await client.call_tool("sample")).content[0].text)
        told["sampled"] = [sampled["answer"]["text"], sampled["roots"][0]["uri"]]
        arguments = {"region": "Hello, 世界", "count": 42, "where": {"dry": True}}
        told["mirrored"] = (await client.call_tool("mirror", arguments)).structured_content == arguments
        await client.call_tool("count", progress_callback=progress)
        await client.call_tool("chat")
        if client.protocol_version >= "2026":
            wanted = {"tools_list_changed": True, "resource_subscriptions": ["shelf://book/1"]}
            async with client.listen(**wanted) as news:
                await client.call_tool("change")
                told["news"] = sorted([type(await anext(news)).__name__ for _ in range(2)])
                await client.call_tool("stop")
                told["ended"] = await end_of(news)
    print(json.dumps({**told, "logged": logged, "steps": steps}))


asyncio.run(main(*sys.argv[1:]))
