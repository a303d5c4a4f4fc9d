"""The smallest pictures and sounds there are, and what else is shown in several places."""

import struct
import zlib
from base64 import b64encode

from reference_servers.engine import JSON


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    + _chunk(b"IDAT", zlib.compress(b"\0\xff\0\0"))
    + _chunk(b"IEND", b"")
)
"""One red pixel."""

_SILENCE = bytes([128]) * 8
WAV = struct.pack(
    "<4sI4s4sIHHIIHH4sI8s",
    *(b"RIFF", 36 + len(_SILENCE), b"WAVE"),
    *(b"fmt ", 16, 1, 1, 8000, 8000, 1, 8),
    *(b"data", len(_SILENCE), _SILENCE),
)
"""A millisecond of silence."""

ICONS = ({"src": f"data:image/png;base64,{b64encode(PNG).decode()}", "mimeType": "image/png", "sizes": ["1x1"]},)

META = {"org.example/specimen": True}
"""Metadata of nobody's in particular."""

CITIES = ("Lagos", "La Paz", "Lima", "London", "Oslo", "Paris", "Perth", "Quito")


def text(words: str, **more: JSON) -> dict[str, JSON]:
    return {"type": "text", "text": words, **more}


def image(**more: JSON) -> dict[str, JSON]:
    return {"type": "image", "data": b64encode(PNG).decode(), "mimeType": "image/png", **more}


def audio(**more: JSON) -> dict[str, JSON]:
    return {"type": "audio", "data": b64encode(WAV).decode(), "mimeType": "audio/wav", **more}


def embedded(uri: str, words: str, mime_type: str = "text/plain") -> dict[str, JSON]:
    return {"type": "resource", "resource": {"uri": uri, "mimeType": mime_type, "text": words}}


def link(uri: str, name: str, **more: JSON) -> dict[str, JSON]:
    return {"type": "resource_link", "uri": uri, "name": name, **more}
