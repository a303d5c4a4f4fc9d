"""Fixtures for the links: one event loop, one guardian, and servers in a few lines of Python."""

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from mcp_conformance.transports.guardian import Guardian
from mcp_conformance.transports.stdio import Grace, StdioLink, open_stdio

# Long enough for the slowest machine. A test makes that step short which its server ignores, and no other.
PATIENT = Grace(after_eof=30, after_sigterm=30, after_sigkill=30, settle=30, silence=0.2)

Launch = Callable[..., Awaitable[StdioLink]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def guardian() -> Iterator[Guardian]:
    with Guardian() as guardian:
        yield guardian


@pytest.fixture
async def launch(guardian: Guardian, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Launch]:
    """Start a server given as Python source; it's ended with the test."""
    async with AsyncExitStack() as stack:

        async def start(source: str, grace: Grace = PATIENT) -> StdioLink:
            link = await open_stdio(
                [sys.executable, "-I", "-S", "-u", "-c", source],
                env=dict(os.environ),
                cwd=tmp_path,
                guardian=guardian,
                grace=grace,
            )
            stack.push_async_callback(link.aclose)
            return link

        yield start
