"""Text made of what a server sent: printable, bounded, safe to show anywhere."""

import json
import unicodedata

from mcp_conformance.jsonrpc import JSON, MISSING

LIMIT = 160


def printable(data: bytes | str, limit: int = LIMIT) -> str:
    """A piece of the wire as one printable line: what isn't UTF-8, control characters and other invisible ones are
    escaped."""
    text = data[: limit * 4].decode("utf-8", "backslashreplace") if isinstance(data, bytes) else data[: limit * 4]
    shown = escape(text)
    return shown if len(shown) <= limit and len(data) <= limit * 4 else shown[: limit - 1] + "…"


def escape(text: str) -> str:
    """The text with everything escaped that a terminal could act on or a reader couldn't see."""
    return "".join(character if _harmless(character) else _escaped(character) for character in text)


def _harmless(character: str) -> bool:
    return character == " " or not unicodedata.category(character).startswith(("C", "Z"))


def _escaped(character: str) -> str:
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
    if character in named:
        return named[character]
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def short(value: JSON, limit: int = 80) -> str:
    """A JSON value in few characters; "nothing" for what is absent."""
    if value is MISSING:
        return "nothing"
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = "a value that is nested too deep to show"
    return printable(text, limit)


def excerpt(value: JSON, pointer: str, limit: int = 600) -> str:
    """A message as one line in which the place that `pointer` names is whole and everything beside it is shortened."""
    text = _shortened(value, [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]], 0)
    return printable(text, limit)


def _shortened(value: JSON, path: list[str], depth: int) -> str:
    if not path:
        # Here is the place itself, or the pointer ends above: show it whole while it's small.
        text = _dump(value)
        return text if len(text) <= 300 or depth > 12 else _outline(value)
    if isinstance(value, dict):
        parts = [
            f"{_dump(key)}:{_shortened(inner, path[1:], depth + 1) if key == path[0] else _outline(inner)}"
            for key, inner in value.items()
        ]
        return "{" + ",".join(parts) + "}"
    if isinstance(value, list) and path[0].isdecimal() and len(path[0]) < 10 and int(path[0]) < len(value):
        index = int(path[0])
        before = f"…{index} more, " if index else ""
        after = f", …{len(value) - index - 1} more" if index + 1 < len(value) else ""
        return f"[{before}{_shortened(value[index], path[1:], depth + 1)}{after}]"
    return _outline(value)


def _outline(value: JSON) -> str:
    if isinstance(value, dict):
        return "{…}" if value else "{}"
    if isinstance(value, list):
        return "[…]" if value else "[]"
    text = _dump(value)
    return text if len(text) <= 50 else text[:49] + '…"'


def _dump(value: JSON) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        return "…"
