"""HTTP/1.1 for a tester, from the bottom up:

`errors` are what can go wrong, `urls` where to go, `messages` what is sent, `answers` what comes back (without I/O);
`tcp`, `proxies` and `dialling` open a `connection`; `response` is an answer whose body still comes, and
`client` sends requests. HTTP alone: nothing here knows MCP, JSON or event streams.
"""

from mcp_conformance.transports.http1.answers import MAX_HEAD
from mcp_conformance.transports.http1.client import Client
from mcp_conformance.transports.http1.errors import HttpError, Kind
from mcp_conformance.transports.http1.messages import Headers, Pairs, Request, usual_headers
from mcp_conformance.transports.http1.response import Response
from mcp_conformance.transports.http1.urls import Url

__all__ = ["MAX_HEAD", "Client", "Headers", "HttpError", "Kind", "Pairs", "Request", "Response", "Url", "usual_headers"]
