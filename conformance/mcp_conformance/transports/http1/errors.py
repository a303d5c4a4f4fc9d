"""What can go wrong between us and an HTTP server, in words that a user can act on."""

import ssl
from typing import Literal

Kind = Literal[
    "invalid-request",
    "dns",
    "refused",
    "unreachable",
    "tls",
    "proxy",
    "timeout",
    "closed",
    "malformed",
    "incomplete",
    "too-large",
    "ended-here",
]
"""What failed.

``invalid-request``: something we would not send. ``dns``, ``refused``, ``unreachable``, ``tls``, ``timeout`` (of
connecting) and ``proxy``: no connection; the last says nothing about the server. ``closed``: no byte of an answer.
``malformed``: no HTTP. ``incomplete``: the answer broke off. ``too-large``: beyond a bound of ours. ``ended-here``:
closed at our own end.
"""

SAMPLE = 2000
"""Bytes that an error keeps of what had come."""


class HttpError(Exception):
    """No whole answer. The message is a sentence to print, without credentials; `received` is the evidence: the first
    bytes of what had come and could not be used."""

    def __init__(self, kind: Kind, message: str, received: bytes = b"") -> None:
        super().__init__(message)
        self.kind: Kind = kind
        self.received = received


def tls_words(error: ssl.SSLError) -> str:
    """OpenSSL's reason for an error, readable."""
    return (error.reason or str(error)).lower().replace("_", " ")
