"""From a schema violation to what the author of the message has to change, in one sentence."""

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches

from mcp_conformance.places import Place
from mcp_conformance.violations import Violation, pointer, render

_LIKELY = 0.8  # similarity from which a name counts as a misspelling of another
_ALIKE = 0.85  # the same for values
_BARE = {"a number": r"-?[\d.]+", "an integer": r"-?\d+", "true or false": "true|false"}

_RESPONSES = ("JSONRPCResponse", "JSONRPCResultResponse", "JSONRPCError", "JSONRPCErrorResponse")
_CAPABILITIES = ("tools", "resources", "prompts", "logging", "completions", "tasks")

# What is meant by those who write these: (type, member or members below it, keyword) to a remedy. "*" is any type.
_TELLING: dict[tuple[str, str, str], str] = {
    # The envelope
    ("*", "jsonrpc", "required"): 'add "jsonrpc": "2.0" to the message',
    ("*", "jsonrpc", "const"): 'write "jsonrpc": "2.0", a string: MCP speaks no other version of JSON-RPC',
    ("JSONRPCRequest", "params", "type"): "make params an object with a member for each parameter, or leave it out",
    ("JSONRPCNotification", "params", "type"): "make params an object with named members, or leave it out",
    **{(name, "id", "type"): "repeat the id of the request as it came, a string or an integer" for name in _RESPONSES},
    **{(name, "id", "required"): "repeat the id of the request as it came" for name in _RESPONSES},
    ("JSONRPCError", "id", "required"): "repeat the id of the request; null stands for one that couldn't be read",
    **{
        (name, "error", "type"): "make error an object with code, an integer, and message, a string"
        for name in _RESPONSES
    },
    **{
        (name, "error/code", "type"): "make code an integer, such as -32603; finer distinctions go into data"
        for name in _RESPONSES
    },
    # What every result has in the stateless era
    ("InputRequiredResult", "resultType", "required"): 'add "resultType": "input_required" to the result',
    ("CreateTaskResult", "resultType", "required"): 'add "resultType": "task" to the result',
    ("*", "resultType", "required"): 'add "resultType": "complete" to the result',
    ("*", "cacheScope", "required"): 'add "cacheScope": "private", or "public" if all users get the same result',
    ("CreateTaskResult", "ttlMs", "required"): 'add "ttlMs", the lifetime of the task in milliseconds: null has no end',
    ("DetailedTask", "ttlMs", "required"): 'add "ttlMs", the lifetime of the task in milliseconds: null has no end',
    ("*", "ttlMs", "required"): 'add "ttlMs", the milliseconds for which the result may be kept: 0 forbids it',
    # The beginning
    ("InitializeResult", "capabilities", "type"): 'make capabilities an object: {"tools": {}} declares tools',
    ("DiscoverResult", "capabilities", "type"): 'make capabilities an object: {"tools": {}} declares tools',
    ("InitializeResult", "serverInfo", "type"): "make serverInfo an object with name and version, both strings",
    **{
        ("ServerCapabilities", name, "type"): f'write "{name}": {{}} to declare the capability, or leave it out'
        for name in _CAPABILITIES
    },
    # Tools
    ("Tool", "inputSchema", "type"): (
        'write inputSchema as a JSON Schema, which is an object: {"type": "object"} asks for no arguments'
    ),
    ("Tool", "inputSchema", "required"): 'add an inputSchema: {"type": "object"} asks for no arguments',
    ("Tool", "inputSchema/type", "required"): 'write "type": "object" into the inputSchema: arguments are an object',
    ("Tool", "inputSchema/type", "const"): (
        'write "type": "object" into the inputSchema, and make what it describes now a property'
    ),
    ("Tool", "outputSchema/type", "required"): (
        'write "type": "object" into the outputSchema: structured content is an object'
    ),
    ("Tool", "outputSchema/type", "const"): (
        'write "type": "object" into the outputSchema, and make what it describes now a property'
    ),
    ("CallToolResult", "content", "required"): 'add "content": an empty array says that there is nothing to show',
    ("CallToolResult", "content", "type"): (
        "make content an array of content blocks: an empty one says that there is nothing to show"
    ),
    ("CallToolResult", "structuredContent", "type"): (
        'put the value into an object, such as {"result": …}: structuredContent is one in this revision'
    ),
    ("ContentBlock", "", "type"): 'send a content block, such as {"type": "text", "text": "…"}',
    ("contentBlock", "", "type"): 'send a content block, such as {"type": "text", "text": "…"}',
    ("ImageContent", "mimeType", "required"): 'add mimeType, the media type of data, such as "image/png"',
    ("AudioContent", "mimeType", "required"): 'add mimeType, the media type of data, such as "audio/wav"',
    ("EmbeddedResource", "resource", "required"): 'put uri, and text or blob, into a member "resource"',
    ("contents", "", "required"): "add the content: text, or blob in base64",
    # Prompts, completion, logging, icons
    ("Prompt", "arguments", "type"): 'make arguments an array of objects, such as {"name": "code", "required": true}',
    ("PromptMessage", "content", "type"): (
        'make content one content block, such as {"type": "text", "text": "…"}: several need several messages'
    ),
    ("PromptMessage", "role", "enum"): 'write "user" or "assistant": messages of prompts have no other role',
    ("CompleteResult", "completion/values", "maxItems"): (
        'send the best 100 values and "hasMore": true; "total" may say how many there are'
    ),
    ("LoggingMessageNotification", "params/data", "required"): "put what is logged into data, as any JSON",
    ("Icon", "src", "required"): "add src, the URI (https: or data:) of the image",
    # What is asked of clients
    ("SamplingMessage", "role", "enum"): 'write "user" or "assistant"; instructions go into systemPrompt',
    ("ElicitRequestParams", "requestedSchema", "required"): (
        'add a requestedSchema with the fields of the form, or "mode": "url" if a page is to be opened'
    ),
    ("PrimitiveSchemaDefinition", "type", "unknown-kind"): (
        "ask for plain values, which the types of the specification's forms are: they do not nest"
    ),
    # Tasks
    ("Task", "ttl", "required"): 'add "ttl", the lifetime of the task in milliseconds: null has no end',
}


def remedy(violation: Violation, places: Mapping[str, Place], base: str = "") -> str:
    """What to change at the place of `violation` in a value. `places` are the value's, by JSON Pointer; `base` is where
    it stands in the message."""
    parent_at, _, last = violation.at.rpartition("/")
    member = last.replace("~1", "/").replace("~0", "~")
    parent = places.get(parent_at) if violation.at else None
    rule = violation.rule
    if rule == "required" and parent is not None and (written := misspelt(parent).get(member)) is not None:
        return f"rename {render(written)} to {render(member)} at {base + parent_at or 'the top'}"
    if violation.got == "null" and parent is not None and member in parent.members and member not in parent.required:
        return f"leave {render(member)} out where it has no value: null is not the same as absent"
    if (told := _told(violation, places)) is not None:
        return told
    at = base + violation.at or "the top"
    if rule == "required":
        # A union asks for this or that of a value that is there; all else is told of the member that is not.
        where = at if violation.at in places else base + parent_at or "the top"
        return f"add the {violation.expected}{',' if ',' in violation.expected else ''} at {where}"
    if rule == "type":
        return f"send {violation.expected} at {at}{_how(violation)}"
    if rule == "maxItems":
        return f"send {violation.expected} at {at}"
    if rule in ("const", "enum", "unknown-kind"):
        return f"write {_meant(violation) or violation.expected} at {at}"
    return f"make {at} {violation.expected}"


def misspelt(place: Place) -> dict[str, str]:
    """Members that the specification knows at a place and that are absent, with the unknown member that looks like a
    misspelling of each: another case, another separator, or a slip of the pen."""
    value = place.value if isinstance(place.value, dict) else {}
    unknown = [written for written in value if written not in place.members]
    plain = {_plain(name): name for name in place.members if name not in value} if unknown else {}
    found: dict[str, str] = {}
    for written in unknown if plain else ():
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


def _told(violation: Violation, places: Mapping[str, Place]) -> str | None:
    """What `_TELLING` has for a violation, the widest of the types around its place first."""
    steps = violation.at.split("/")
    for known in range(max(1, len(steps) - 2), len(steps) + 1):
        place = places.get("/".join(steps[:known]))
        for name in place.types if place is not None else ():
            if (told := _TELLING.get((name, "/".join(steps[known:]), violation.rule))) is not None:
                return told
    return _TELLING.get(("*", steps[-1], violation.rule))


def _how(violation: Violation) -> str:
    """What else is to be said to somebody who sent a value of the wrong JSON type."""
    bare = _BARE.get(violation.expected)
    if bare is not None and re.fullmatch(f'"({bare})"', violation.got):
        return ", without quotes"
    return ", even if it has one item" if violation.expected == "an array" and violation.got != "null" else ""


def _meant(violation: Violation) -> str | None:
    """The one of the expected constants that is likely meant by what was written: in full, or spelt rightly."""
    written = violation.got.strip('"').lower()
    constants = re.findall(r'"([^"]*)"', violation.expected)
    if len(constants) < 2 or len(written) < 3:
        return None
    longer = [constant for constant in constants if constant.startswith(written)]
    near = longer if len(longer) == 1 else get_close_matches(written, constants, 1, _ALIKE)
    return render(near[0]) if near else None


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()
