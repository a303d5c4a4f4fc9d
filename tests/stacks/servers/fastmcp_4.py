"""A small server on FastMCP 4."""

import argparse

from fastmcp import Context, FastMCP
from pydantic import BaseModel

parser = argparse.ArgumentParser()
parser.add_argument("--transport", choices=["stdio", "http", "sse"], default="stdio")
parser.add_argument("--port", type=int, default=8000)
parser.add_argument("--answers", choices=["stream", "json"], default="stream")
parser.add_argument("--sessions", choices=["on", "off"], default="on")
options = parser.parse_args()

mcp = FastMCP("small", instructions="Say hello, and do sums.")
READS = {"readOnlyHint": True}


class Weather(BaseModel):
    city: str
    degrees: float
    cloudy: bool


@mcp.tool(annotations=READS)
def echo(message: str) -> str:
    """Say it again."""
    return message


@mcp.tool(annotations=READS)
def add(a: float, b: float) -> float:
    """Add two numbers."""
    return a + b


@mcp.tool(annotations=READS)
def weather(city: str) -> Weather:
    """The weather in a city."""
    return Weather(city=city, degrees=21.5, cloudy=False)


@mcp.tool(annotations=READS)
def fail() -> str:
    """Always go wrong."""
    raise ValueError("this tool always goes wrong")


@mcp.tool(annotations=READS)
async def count(context: Context, steps: int = 3) -> str:
    """Count up, and tell of each step."""
    for step in range(steps):
        await context.report_progress(step + 1, steps)
        await context.info(f"step {step + 1}")
    return f"counted to {steps}"


@mcp.resource("note://welcome")
def welcome() -> str:
    """A note that is always there."""
    return "Welcome."


@mcp.resource("note://about/{topic}")
def about(topic: str) -> str:
    """A note about a topic."""
    return f"All about {topic}."


@mcp.prompt
def greet() -> str:
    """Ask for a greeting."""
    return "Greet me."


@mcp.prompt
def summarise(text: str) -> str:
    """Ask for a summary."""
    return f"Summarise this: {text}"


if __name__ == "__main__":
    if options.transport == "stdio":
        mcp.run()
    elif options.transport == "sse":
        mcp.run("sse", port=options.port)
    else:
        mcp.run(
            "http", port=options.port, json_response=options.answers == "json", stateless_http=options.sessions == "off"
        )
