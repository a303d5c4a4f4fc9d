"""Input schemas with more than plain properties: the keywords of JSON Schema 2020-12, and arguments in headers."""

from reference_servers.engine import JSON, Call
from reference_servers.everything.samples import text

from .specimen import specimen, taking

KEYWORDS = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
    "examples": [{"name": "Ada", "email": "ada@example.com"}],
}

HEADERS = taking(
    region={"type": "string", "description": "Where", "x-mcp-header": "Region", "examples": ["north"]},
    count={"type": "integer", "description": "How many", "x-mcp-header": "Count", "examples": [3]},
    urgent={"type": "boolean", "description": "Whether it can't wait", "x-mcp-header": "Urgent", "examples": [True]},
)

KINDS = taking(
    "string",
    "integer",
    string={"type": "string", "minLength": 1, "maxLength": 40, "examples": ["some words"]},
    integer={"type": "integer", "minimum": -10, "maximum": 10, "examples": [7]},
    number={"type": "number", "default": 0.5},
    boolean={"type": "boolean"},
    nothing={"type": "null"},
    choice={"type": "string", "enum": ["one", "other"]},
    list={"type": "array", "items": {"type": "integer"}, "maxItems": 5},
    object={"type": "object", "properties": {"inner": {"type": "string"}}},
)


async def echo(call: Call) -> list[dict[str, JSON]]:
    return [text(f"{name}: {value}") for name, value in call.arguments.items()]


async def mirror(call: Call) -> dict[str, JSON]:
    return call.arguments


TOOLS = (
    specimen("json_schema_2020_12_tool", echo, "Takes somebody who can be reached by phone or by email.", KEYWORDS),
    specimen("test_header_arguments", echo, "Takes arguments that HTTP clients repeat in headers.", HEADERS),
    specimen("test_argument_kinds", mirror, "Takes arguments of each type, and gives them back.", KINDS),
)
