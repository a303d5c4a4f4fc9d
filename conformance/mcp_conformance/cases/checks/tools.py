"""Passive checks of tools: their definitions and what their calls return (server/tools)."""

import json
from collections.abc import Iterator

from mcp_conformance import schemas
from mcp_conformance.cases.checks import Report, check
from mcp_conformance.cases.checks.protocol import schema_cause
from mcp_conformance.jsonrpc import JSON
from mcp_conformance.observation import Call, Observation
from mcp_conformance.session import Exchange
from mcp_conformance.wire import short

_TOOLS = ("tools",)
_DRAFT_7 = "http://json-schema.org/draft-07/schema"
_NO_TOOLS = "the server lists no tools"
_NO_CALLS = "no tool was called with success"


@check("tools.capability.is-declared", judges=["tools.declare-capability"], idle="the server has no tools")
def capability_is_declared(observation: Observation, report: Report) -> None:
    """A server that has tools declares the tools capability."""
    listed = next(observation.items("tools/list", "tools"), None)
    introductions = ("initialize", "server/discover")
    results = [exchange.result for method in introductions for exchange in observation.results(method)]
    declared = [result.get("capabilities") for result in results]
    if listed is None or not any(isinstance(capabilities, dict) for capabilities in declared):
        return  # where there are no capabilities at all, another check says so
    report.saw()
    if "tools" not in (observation.server_capabilities or {}):
        report.problem(
            'a member "tools" among the capabilities of a server with tools',
            f"none, but tools/list has a tool {short(listed[2].get('name'))}",
            at="/result/tools",
            events=listed[0].events,
        )


@check("tools.names.are-unique", judges=["tools.name-unique"], needs=_TOOLS, idle=_NO_TOOLS)
def names_are_unique(observation: Observation, report: Report) -> None:
    """No two tools of the server have one name."""
    first: dict[str, tuple[str, Exchange, JSON]] = {}
    cursors: set[str] = set()
    for exchange in observation.results("tools/list"):
        cursor = exchange.params.get("cursor", "") if isinstance(exchange.params, dict) else ""
        if cursor in cursors:
            continue  # a page that was asked for again, not another page
        cursors.add(cursor)
        tools = exchange.result.get("tools")
        for index, tool in enumerate(tools if isinstance(tools, list) else []):
            name = tool.get("name") if isinstance(tool, dict) else None
            if not isinstance(name, str):
                continue
            report.saw()
            at = f"/result/tools/{index}/name"
            if name in first:
                where, page, known = first[name]
                if page is not exchange and known == tool:
                    continue  # the same tool on another page: that pages repeat is another matter
                report.problem(f"a name that {where} doesn't have", short(name), at=at, events=exchange.events)
            first.setdefault(name, (at, exchange, tool))


@check("tools.schemas.input-is-valid", judges=["tools.input-schema-object"], needs=_TOOLS, idle=_NO_TOOLS)
def input_schema_is_valid(observation: Observation, report: Report) -> None:
    """Every inputSchema is an object and a valid JSON Schema of its dialect."""
    _schemas_are_valid(observation, report, ("inputSchema",))


@check("tools.schemas.are-valid", judges=["jsonschema.valid-schemas"], needs=_TOOLS, idle=_NO_TOOLS)
def schemas_are_valid(observation: Observation, report: Report) -> None:
    """Every schema of a tool is valid in its declared dialect, or in 2020-12 when it declares none."""
    _schemas_are_valid(observation, report, ("inputSchema", "outputSchema"))


def _schemas_are_valid(observation: Observation, report: Report, members: tuple[str, ...]) -> None:
    causes: dict[int, dict[str, str]] = {}
    for exchange, index, tool in observation.items("tools/list", "tools"):
        for member in members:
            schema = tool.get(member)
            if member not in tool or (member == "outputSchema" and not isinstance(schema, dict)):
                continue  # a missing or ill-typed one is the message schema's matter
            report.saw()
            at = f"/result/tools/{index}/{member}"
            if not isinstance(schema, dict):
                report.problem(
                    "an object",
                    short(schema),
                    at=at,
                    events=exchange.events,
                    cause=f"schema:tools/list:/tools/*/{member}:type",
                )
                continue
            if schemas.dialect_of(schema) is None:
                report.note(
                    f"tool {short(tool.get('name'))}: the dialect of its {member}, {short(schema.get('$schema'))}, "
                    "isn't known here"
                )
                continue
            for violation in schemas.check_schema(schema):
                place = at.removeprefix("/result") + violation.at
                if exchange.sent.number not in causes:
                    causes[exchange.sent.number] = _by_message_schema(observation.revision, exchange.result)
                report.problem(
                    f"a valid JSON Schema: {violation.expected}",
                    violation.got,
                    at=at + violation.at,
                    events=exchange.events,
                    cause=causes[exchange.sent.number].get(place, "invalid-tool-schema"),
                )


def _by_message_schema(revision: str, result: JSON) -> dict[str, str]:
    """The causes under which the schema of the whole result tells of what is wrong, by place."""
    found = schemas.validate(revision, "ListToolsResult", result)
    return {violation.at: schema_cause("tools/list", violation) for violation in reversed(list(found))}


@check("tools.schemas.dialect", judges=["jsonschema.prefer-2020-12"], needs=_TOOLS, idle=_NO_TOOLS)
def schema_dialect(observation: Observation, report: Report) -> None:
    """The schemas of tools are written in JSON Schema 2020-12."""
    for exchange, index, tool in observation.items("tools/list", "tools"):
        for member in ("inputSchema", "outputSchema"):
            schema = tool.get(member)
            if not isinstance(schema, dict):
                continue
            report.saw()
            declared = schema.get("$schema")
            if isinstance(declared, str) and "2020-12" not in declared:
                report.problem(
                    "JSON Schema 2020-12, the default dialect",
                    f'"$schema": {short(declared)}',
                    at=f"/result/tools/{index}/{member}/$schema",
                    events=exchange.events,
                    cause="schema-dialect",
                    remedy="leave $schema out where the schema means the same in 2020-12",
                )


def _succeeded(observation: Observation) -> Iterator[tuple[Call, dict[str, JSON]]]:
    for call in observation.calls:
        result = call.exchange.result
        if isinstance(result, dict) and not result.get("isError"):
            yield call, result


@check(
    "tools.call.output-conforms",
    judges=["tools.output-conforms"],
    needs=_TOOLS,
    idle="no tool with an outputSchema was called with success",
)
def output_conforms(observation: Observation, report: Report) -> None:
    """A tool with an outputSchema returns structured content that is valid against it."""
    for call, result in _succeeded(observation):
        schema = call.tool.get("outputSchema")
        if not isinstance(schema, dict):
            continue
        name = short(call.tool.get("name"))
        if "structuredContent" not in result:
            report.problem(
                f"structuredContent, since the tool {name} has an outputSchema",
                "nothing",
                at="/result/structuredContent",
                events=call.exchange.events,
                cause="output-missing",
            )
            continue
        content = result["structuredContent"]
        if not isinstance(content, dict):
            continue  # the message schema's matter
        match _accepts(observation.revision, schema, content):
            case "valid":
                report.saw()
            case "disputed":
                report.note(f"tool {name}: its outputSchema can't be decided on here, so its output wasn't judged")
            case "invalid":
                violations = schemas.why_not(schema, content)
                first = violations[0] if violations else None
                report.problem(
                    f"valid against the outputSchema of {name}" + (f": {first.expected}" if first else ""),
                    first.got if first else short(content),
                    at="/result/structuredContent" + (first.at if first else ""),
                    events=call.exchange.events,
                    cause="output-invalid",
                )


def _accepts(revision: str, schema: dict[str, JSON], content: JSON) -> schemas.Verdict:
    """Before 2025-11-25 no dialect is laid down for a schema that declares none: it counts as broken only if it is
    broken in both that are in use."""
    if revision >= "2025-11-25" or "$schema" in schema:
        return schemas.accepts(schema, content)
    verdicts = {schemas.accepts(schema, content, dialect) for dialect in (schemas.DEFAULT_DIALECT, _DRAFT_7)}
    return "valid" if "valid" in verdicts else "disputed" if "disputed" in verdicts else "invalid"


@check(
    "tools.call.structured-is-also-text",
    judges=["tools.structured-also-text"],
    needs=_TOOLS,
    idle="no tool returned structured content",
)
def structured_is_also_text(observation: Observation, report: Report) -> None:
    """Structured content is repeated as JSON in a text block."""
    for call, result in _succeeded(observation):
        blocks = result.get("content")
        if not isinstance(result.get("structuredContent"), dict) or not isinstance(blocks, list):
            continue  # ill-typed ones are the message schema's matter
        texts = [
            block["text"]
            for block in (blocks if isinstance(blocks, list) else [])
            if isinstance(block, dict) and block.get("type") == "text" and isinstance(block.get("text"), str)
        ]
        report.saw()
        structured = result["structuredContent"]
        if any(_same_json(text, structured) for text in texts):
            continue
        if any(_is_wrapped(text, structured) for text in texts):
            # A value that is only wrapped because structured content has to be an object: its text tells an older
            # client as much as the wrapped JSON would, which is what the rule is there for.
            report.note("the text beside structured content is its only member's value, without the wrapping")
        else:
            report.problem(
                "a text block with the same JSON as structuredContent",
                "no text block" if not texts else f"{short(texts[0])}, which isn't that JSON",
                at="/result/content",
                events=call.exchange.events,
            )


def _is_wrapped(text: str, structured: dict[str, JSON]) -> bool:
    """Whether a text is the value of the only member of an object, as JSON or, for a string, as it is."""
    return len(structured) == 1 and any(text == value or _same_json(text, value) for value in structured.values())


def _same_json(text: str, value: JSON) -> bool:
    try:
        return bool(json.loads(text) == value)
    except (ValueError, RecursionError):
        return False


@check(
    "tools.call.embedded-resources",
    judges=["tools.embedded-needs-resources"],
    needs=_TOOLS,
    idle="no tool embedded a resource",
)
def embedded_resources(observation: Observation, report: Report) -> None:
    """A server whose tools embed resources has the resources capability."""
    for call, result in _succeeded(observation):
        blocks = result.get("content")
        for index, block in enumerate(blocks if isinstance(blocks, list) else []):
            if isinstance(block, dict) and block.get("type") == "resource":
                report.saw()
                if "resources" not in (observation.server_capabilities or {}):
                    report.problem(
                        'the capability "resources" of a server that embeds resources',
                        "not declared",
                        at=f"/result/content/{index}",
                        events=call.exchange.events,
                    )


@check(
    "pagination.pages-go-on",
    judges=["pagination.continues-after-cursor"],
    idle="no list of the server has a second page",
)
def pages_go_on(observation: Observation, report: Report) -> None:
    """The page after a cursor goes on where the page before ended: nothing is repeated, and there is an end."""
    for method, member, key in _LISTS:
        seen: dict[str, tuple[int, JSON]] = {}
        cursors: list[str] = []
        for exchange in observation.results(method):
            cursor = exchange.params.get("cursor") if isinstance(exchange.params, dict) else None
            if cursor is None:
                seen.clear()
                cursors.clear()
            else:
                report.saw()
            items = exchange.result.get(member)
            for index, item in enumerate(items if isinstance(items, list) else []):
                name = item.get(key) if isinstance(item, dict) else None
                if not isinstance(name, str):
                    continue
                number, known = seen.setdefault(name, (exchange.sent.number, item))
                if cursor is not None and number != exchange.sent.number and known == item:
                    report.problem(
                        f"items that weren't on an earlier page of {method}",
                        f"{short(name)} again",
                        at=f"/result/{member}/{index}/{key}",
                        events=(number, *exchange.events),
                        cause=f"page-repeats:{method}",
                    )
            following = exchange.result.get("nextCursor")
            if isinstance(following, str):
                if following in cursors:
                    report.problem(
                        "a cursor for the next page",
                        f"{short(following)}, which was already given: the pages never end",
                        at="/result/nextCursor",
                        events=exchange.events,
                        cause=f"page-repeats:{method}",
                    )
                cursors.append(following)


_LISTS = (
    ("tools/list", "tools", "name"),
    ("resources/list", "resources", "uri"),
    ("resources/templates/list", "resourceTemplates", "uriTemplate"),
    ("prompts/list", "prompts", "name"),
)
