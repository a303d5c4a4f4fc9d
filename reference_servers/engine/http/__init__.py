"""The HTTP transports, on h11 and nothing else.

`wire` speaks HTTP; `headers` reads what clients may say in header fields, `streams` writes events; `endpoint` is what
all endpoints share. `streamable` is Streamable HTTP, made of `stateful_http` (with `sessions`) and `stateless_http`;
`sse` is the transport that came before.

In a test::

    async with serving(Streamable(github(), Connection, Settings(answers="json"))) as url:
        ...
"""

from .endpoint import Endpoint, Settings, serving
from .sse import HttpSse
from .streamable import Streamable
from .streams import Event
from .wire import Http

__all__ = ["Endpoint", "Event", "Http", "HttpSse", "Settings", "Streamable", "serving"]
