"""Plain requests for the tests of the HTTP client, and what becomes of them."""

import anyio
import pytest

from mcp_conformance.transports.http1 import Client, HttpError, Request, Response, Url, usual_headers

BOUND = 20  # seconds; a test that needs them has failed


def get(url: Url, *headers: tuple[str, str]) -> Request:
    return Request("GET", url, usual_headers(url, more=headers))


def post(url: Url, body: bytes = b"{}") -> Request:
    return Request("POST", url, usual_headers(url, body), body)


async def body_of(response: Response) -> bytes:
    return await response.read(10_000_000)


async def fails(client: Client, request: Request) -> HttpError:
    """The error of a request, or of its body."""
    with pytest.raises(HttpError) as caught, anyio.fail_after(BOUND):
        await body_of(await client.send(request))
    return caught.value
