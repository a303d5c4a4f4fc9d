"""The values of W3C Trace Context (level 2, whose grammar includes that of level 1) and W3C Baggage.

Each function says why a text isn't what its name says; an empty string means that nothing is wrong.
"""

import re

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?", re.DOTALL)
_MOST_STATES = 32
_STATE_KEY = re.compile(r"[a-z0-9][a-z0-9_*/@-]{0,255}")
_STATE_VALUE = re.compile(r"[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]")
_MOST_BAGGAGE = 180
_BAGGAGE_KEY = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BAGGAGE_VALUE = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*")
_BLANK = " \t"


def not_a_traceparent(text: str) -> str:
    """Why `text` is no value of `traceparent` (Trace Context, section 3.2.2)."""
    found = _TRACEPARENT.fullmatch(text)
    if found is None:
        return "isn't version, trace id, parent id and flags in lower-case hexadecimal"
    version, trace, parent, more = found.groups()
    if version == "ff":
        return "has the version ff, which is invalid"
    if more is not None and version == "00":
        return "goes on after its flags, which version 00 doesn't"
    if not trace.strip("0"):
        return "has a trace id of zeros"
    return "" if parent.strip("0") else "has a parent id of zeros"


def not_a_tracestate(text: str) -> str:
    """Why `text` is no value of `tracestate` (Trace Context, section 3.3.1)."""
    members = [member.strip(_BLANK) for member in text.split(",")]
    members = [member for member in members if member]  # empty ones are legal
    if len(members) > _MOST_STATES:
        return f"has {len(members)} members, more than {_MOST_STATES}"
    keys = set()
    for member in members:
        key, separator, value = member.partition("=")
        if not separator or not _STATE_KEY.fullmatch(key) or not _STATE_VALUE.fullmatch(value):
            return f"has {member[:40]!a} for a member"
        if key in keys:
            return f"has the key {key[:40]!a} twice"
        keys.add(key)
    return ""


def not_a_baggage(text: str) -> str:
    """Why `text` is no value of `baggage` (Baggage, section 3.3.1)."""
    members = text.split(",")
    if len(members) > _MOST_BAGGAGE:
        return f"has {len(members)} members, more than {_MOST_BAGGAGE}"
    for member in members:
        pair, *properties = member.split(";")
        if "=" not in pair or not _is_pair(pair) or not all(map(_is_pair, properties)):
            return f"has {member.strip(_BLANK)[:40]!a} for a member"
    return ""


def _is_pair(text: str) -> bool:
    """Whether a text is a key with or without a value."""
    key, separator, value = text.partition("=")
    return _BAGGAGE_KEY.fullmatch(key.strip(_BLANK)) is not None and (
        not separator or _BAGGAGE_VALUE.fullmatch(value.strip(_BLANK)) is not None
    )
