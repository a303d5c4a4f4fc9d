"""Definitions of tools: names, schemas, their list (server/tools#listing-tools)."""

from collections.abc import Callable
from dataclasses import replace

from reference_servers.engine import JSON, Call, Connection, Request, Server, Tool
from reference_servers.github.server import github

from . import _features as features
from . import fault, since, variant
from ._spoiling import answers, results

LISTED = "tools.list.result-is-valid"
INPUT_SCHEMA, SCHEMAS = "tools.schemas.input-is-valid", "tools.schemas.are-valid"


def listed(change: Callable[[JSON], object], number: int = 4) -> type[Connection]:
    """Spoils the definition of one tool: the fifth, unless another number (from 0) is given."""
    return results("tools/list", lambda result: change(result["tools"][number]))


fault("one-tool-without-input-schema", breaks="schema.ListToolsResult", cases=[LISTED])(
    listed(lambda tool: tool.pop("inputSchema"))
)
fault("one-tool-with-input-schema-null", breaks=["tools.input-schema-object", "schema.ListToolsResult"],
      cases=[LISTED, INPUT_SCHEMA], may={SCHEMAS: "null is no valid schema either"})(
    listed(lambda tool: tool.update(inputSchema=None))
)  # fmt: skip
fault("one-tool-with-input-schema-as-list", breaks="tools.input-schema-object", cases=[LISTED, INPUT_SCHEMA],
      may={SCHEMAS: "a list is no valid schema either"})(
    listed(lambda tool: tool.update(inputSchema=[]))
)  # fmt: skip
fault("one-tool-with-input-schema-true", breaks="tools.input-schema-object", cases=[LISTED, INPUT_SCHEMA],
      may={SCHEMAS: "an inputSchema is an object"})(
    listed(lambda tool: tool.update(inputSchema=True))
)  # fmt: skip
fault("one-tool-without-type-in-input-schema", breaks="schema.ListToolsResult", cases=[LISTED])(
    listed(lambda tool: tool["inputSchema"].pop("type"))
)
fault("one-tool-with-input-schema-of-type-string", breaks="schema.ListToolsResult", cases=[LISTED])(
    listed(lambda tool: tool.update(inputSchema={"type": "string"}))
)
fault("one-tool-without-name", breaks="schema.ListToolsResult", cases=[LISTED])(listed(lambda tool: tool.pop("name")))
fault("one-tool-with-name-as-number", breaks="schema.ListToolsResult", cases=[LISTED])(
    listed(lambda tool: tool.update(name=7))
)
fault("one-tool-with-description-null", breaks="schema.ListToolsResult", cases=[LISTED])(
    listed(lambda tool: tool.update(description=None))
)
HINTS = since("2025-03-26")
fault("one-tool-with-hint-as-text", breaks="schema.ListToolsResult", cases=[LISTED], revisions=HINTS)(
    listed(lambda tool: tool["annotations"].update(idempotentHint="yes"))
)
fault("annotations-as-list", breaks="schema.ListToolsResult", cases=[LISTED], revisions=HINTS)(
    listed(lambda tool: tool.update(annotations=["readOnlyHint"]))
)
fault("one-tool-is-null", breaks="schema.ListToolsResult", cases=[LISTED])(
    results("tools/list", lambda result: result["tools"].append(None))
)
fault("tools-as-object", breaks="schema.ListToolsResult", cases=[LISTED])(
    results("tools/list", lambda result: result.update(tools={tool["name"]: tool for tool in result["tools"]}))
)
fault("tools-null", breaks="schema.ListToolsResult", cases=[LISTED])(
    results("tools/list", lambda result: result.update(tools=None))
)
fault("tools-list-result-is-a-list", breaks="schema.ListToolsResult", cases=[LISTED])(
    answers("tools/list", lambda m: m.update(result=m["result"]["tools"]) if "result" in m else None)
)
fault("next-cursor-null", breaks="schema.ListToolsResult", cases=[LISTED])(
    results("tools/list", lambda result: result.update(nextCursor=None))
)
fault("next-cursor-as-number", breaks="schema.ListToolsResult", cases=[LISTED])(
    results("tools/list", lambda result: result.update(nextCursor=2))
)
fault("spoilt-tool-on-the-last-page", breaks="schema.ListToolsResult", cases=[LISTED], server=features.paged)(
    results("tools/list", lambda result: "nextCursor" in result or result["tools"][0].pop("inputSchema"))
)
fault("properties-as-list", breaks=["tools.input-schema-object", "jsonschema.valid-schemas"],
      cases=[INPUT_SCHEMA, SCHEMAS], may={LISTED: "the message's schema asks for an object too"})(
    listed(lambda tool: tool["inputSchema"].update(properties=["owner"]))
)  # fmt: skip
fault("required-as-text", breaks="tools.input-schema-object", cases=[INPUT_SCHEMA, SCHEMAS],
      may={LISTED: "the message's schema asks for a list too"})(
    listed(lambda tool: tool["inputSchema"].update(required="owner"))
)  # fmt: skip
fault("property-of-an-unknown-type", breaks="jsonschema.valid-schemas", cases=[SCHEMAS, INPUT_SCHEMA])(
    listed(lambda tool: tool["inputSchema"]["properties"].update(extra={"type": "text"}))
)
fault("minimum-as-text", breaks="tools.input-schema-object", cases=[SCHEMAS, INPUT_SCHEMA])(
    listed(lambda tool: tool["inputSchema"]["properties"].update(extra={"type": "integer", "minimum": "1"}))
)
fault("output-schema-with-an-unknown-type", breaks="jsonschema.valid-schemas", cases=[SCHEMAS])(
    listed(lambda tool: tool["outputSchema"]["properties"].update(extra={"type": "text"}))
)
fault("schema-of-draft-7", breaks="jsonschema.prefer-2020-12", cases=["tools.schemas.dialect"])(
    listed(lambda tool: tool["inputSchema"].update({"$schema": "http://json-schema.org/draft-07/schema#"}))
)
fault("output-schema-of-draft-7", breaks="jsonschema.prefer-2020-12", cases=["tools.schemas.dialect"])(
    listed(lambda tool: tool["outputSchema"].update({"$schema": "http://json-schema.org/draft-07/schema#"}))
)


def spare(name: str) -> Callable[[], Server]:
    """A server with one more tool, of that name."""

    async def idle(call: Call) -> list[dict[str, JSON]]:
        return [{"type": "text", "text": "done"}]

    def server() -> Server:
        offered = github()
        return replace(
            offered, tools=(*offered.tools, Tool(name, features.ANYTHING, idle, annotations=features.READ_ONLY))
        )

    return server


CHARACTERS = ("tools.name-characters", "tools.name-no-special")
fault("name-of-129-characters", breaks="tools.name-length", cases=["tools.names.length"])(spare("a" * 129))
fault("empty-name", breaks="tools.name-length", cases=["tools.names.length"])(spare(""))
fault("name-with-a-space", breaks=CHARACTERS, cases=["tools.names.characters"])(spare("read file"))
fault("name-with-a-slash", breaks=CHARACTERS, cases=["tools.names.characters"])(spare("files/read"))
fault("name-with-an-accent", breaks=CHARACTERS, cases=["tools.names.characters"])(spare("café"))
fault("name-with-a-comma", breaks=CHARACTERS, cases=["tools.names.characters"])(spare("a,b"))
fault("name-with-a-newline", breaks=CHARACTERS, cases=["tools.names.characters"])(spare("read\n"))
fault("two-tools-of-one-name", breaks="tools.name-unique", cases=["tools.names.are-unique"])(
    results("tools/list", lambda result: result["tools"].append(result["tools"][0]))
)
fault("one-name-on-two-pages", breaks="tools.name-unique", cases=["tools.names.are-unique"], server=features.paged)(
    results(
        "tools/list", lambda result: "nextCursor" in result or result["tools"][0].update(name="create_or_update_file")
    )
)


@fault("tools-without-the-capability", breaks="tools.declare-capability", cases=["tools.capability.is-declared"])
class UndeclaredTools(Connection):
    async def on_initialize(self, request: Request) -> JSON:
        result = await super().on_initialize(request)
        del result["capabilities"]["tools"]
        return result

    async def on_discover(self, request: Request) -> JSON:
        result = await super().on_discover(request)
        del result["capabilities"]["tools"]
        return result


# ------------------------------------------------------------------------------------------- arguments in HTTP headers

HEADER_NAMES, HEADER_PLACES = "tools.headers.names", "tools.headers.placement"
TOKEN = "http.x-mcp-header-token-syntax"


def mirrored(schema: dict[str, JSON]) -> Callable[[], Server]:
    """A server with one more tool, whose arguments have this schema."""

    async def idle(call: Call) -> list[dict[str, JSON]]:
        return [{"type": "text", "text": "done"}]

    def server() -> Server:
        offered = github()
        tool = Tool("mirror", {"type": "object", **schema}, idle, annotations=features.READ_ONLY)
        return replace(offered, tools=(*offered.tools, tool))

    return server


def named(name: JSON, kind: str = "string") -> dict[str, JSON]:
    return {"type": kind, "x-mcp-header": name}


for _name, _breaks, _case, _schema in (
    ("empty", ["http.x-mcp-header-not-empty", TOKEN], HEADER_NAMES, {"properties": {"a": named("")}}),
    ("name-with-a-space", TOKEN, HEADER_NAMES, {"properties": {"a": named("My Region")}}),
    ("name-as-number", TOKEN, HEADER_NAMES, {"properties": {"a": named(7)}}),
    ("name-with-a-newline", [TOKEN, "http.x-mcp-header-no-control-chars"], HEADER_NAMES,
     {"properties": {"a": named("A\r\nB")}}),
    ("same-name-twice", "http.x-mcp-header-unique", "tools.headers.uniqueness",
     {"properties": {"a": named("Region"), "b": named("region")}}),
    ("number", "http.x-mcp-header-primitive-types", HEADER_PLACES, {"properties": {"a": named("A", "number")}}),
    ("object", "http.x-mcp-header-primitive-types", HEADER_PLACES, {"properties": {"a": named("A", "object")}}),
    ("item-of-a-list", ["http.x-mcp-header-reachable", "http.x-mcp-header-no-indirect-path"], HEADER_PLACES,
     {"properties": {"a": {"type": "array", "items": named("A")}}}),
    ("part-of-a-choice", ["http.x-mcp-header-reachable", "http.x-mcp-header-no-indirect-path"], HEADER_PLACES,
     {"anyOf": [{"properties": {"a": named("A")}}]}),
):  # fmt: skip
    fault(f"mirrors-{_name}", breaks=_breaks, cases=[_case], server=mirrored(_schema))(Connection)

variant("mirrors-arguments-into-headers", era="stateless", server=mirrored(
    {"properties": {"a": named("Region"), "b": {"type": "object", "properties": {"c": named("Zone", "integer")}}}}
))(Connection)  # fmt: skip
