"""From a schema violation to what the author of the message has to change, in one sentence."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches

from mcp_conformance.places import Place
from mcp_conformance.violations import Violation, pointer, render

_LIKELY = 0.8  # similarity from which a name counts as a misspelling of another

# What people mean who write these: type, member and rule, to a remedy.
_TELLING = {
    ("Tool", "inputSchema", "type"): (
        'write inputSchema as a JSON Schema, which is an object: {"type": "object"} asks for no arguments'
    ),
    ("Tool", "inputSchema", "required"): ('add an inputSchema: {"type": "object"} asks for no arguments'),
    ("toolSchema", "type", "required"): (
        'write "type": "object" into the schema: arguments and structured output are objects'
    ),
    ("toolSchema", "type", "const"): (
        'describe an object ("type": "object"), and make what is described now a property of it'
    ),
    ("CallToolResult", "content", "required"): 'add "content": an empty array says that there is nothing to show',
    ("CallToolResult", "content", "type"): (
        "make content an array of content blocks: an empty one says that there is nothing to show"
    ),
    ("ReadResourceResult", "contents", "type"): "make contents an array, even if it has one item",
    ("GetPromptResult", "messages", "type"): "make messages an array, even if it has one item",
    ("JSONRPCError", "id", "required"): "repeat the id of the request; null stands for one that couldn't be read",
    ("Icon", "src", "required"): "add src, the URI (https: or data:) of the image",
}


def remedy(violation: Violation, places: Mapping[str, Place], base: str = "") -> str:
    """What to change at the place of `violation` in a value. `places` are the value's, by JSON Pointer; `base` is where
    it stands in the message."""
    parent_at, _, last = violation.at.rpartition("/")
    member = last.replace("~1", "/").replace("~0", "~")
    parent = places.get(parent_at) if violation.at else None
    at = base + violation.at or "the top"
    where = base + parent_at or "the top"
    if parent is not None:
        if violation.rule == "required" and (written := misspelt(parent).get(member)) is not None:
            return f"rename {render(written)} to {render(member)} at {where}"
        for name in parent.types:
            if told := _TELLING.get((name, member, violation.rule)):
                return told
    if violation.rule == "required":
        return f"add the {violation.expected} at {where}"
    if violation.got == "null" and parent is not None and member in parent.members and member not in parent.required:
        return f"leave {render(member)} out where it has no value: null is not the same as absent"
    if violation.rule == "type":
        return f"send {violation.expected} at {at}"
    if violation.rule in ("const", "enum", "unknown-kind"):
        return f"write {violation.expected} at {at}"
    return f"make {at} {violation.expected}"


def misspelt(place: Place) -> dict[str, str]:
    """Members that the specification knows at a place and that are absent, with the unknown member that looks like a
    misspelling of each: another case, another separator, or a slip of the pen."""
    if not isinstance(place.value, dict):
        return {}
    absent = [name for name in place.members if name not in place.value]
    found: dict[str, str] = {}
    for written in place.value:
        if written in place.members or not absent:
            continue
        plain = {_plain(name): name for name in absent}
        near = [_plain(written)] if _plain(written) in plain else get_close_matches(_plain(written), plain, 1, _LIKELY)
        if near:
            found.setdefault(plain[near[0]], written)
    return found


def hints(place: Place, told: Collection[str] = ()) -> list[tuple[str, str]]:
    """Likely misspellings at a place, as (JSON Pointer, words). Unknown members are legal, so these accuse nobody.
    `told` are members of which it is said already that they are missing."""
    return [
        (pointer((*place.path, written)), f"{render(written)} is unknown here; is {render(name)} meant?")
        for name, written in misspelt(place).items()
        if name not in told
    ]


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()
