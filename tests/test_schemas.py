"""What is accepted, what is refused, and in which words: by hand, message by message."""

import socket
from typing import Any

import pytest

from mcp_conformance import schemas
from mcp_conformance.revisions import JUDGED, era_of
from mcp_conformance.schemas import Violation

STATEFUL = [revision for revision in JUDGED if era_of(revision) == "stateful"]
EACH = pytest.mark.parametrize("revision", STATEFUL)
"""The revisions with the messages of these tests: results of the stateless era have members besides."""
WITH_FORMS = pytest.mark.parametrize("revision", [revision for revision in STATEFUL if revision >= "2025-06-18"])
BLOCKS = {
    "2024-11-05": '"text", "image", "resource"',
    "2025-03-26": '"text", "image", "audio", "resource"',
    "2025-06-18": '"text", "image", "audio", "resource_link", "resource"',
    "2025-11-25": '"text", "image", "audio", "resource_link", "resource"',
}


def tool(**more: object) -> dict[str, object]:
    return {"name": "add", "inputSchema": {"type": "object"}, **more}


def nested(depth: int) -> object:
    value: object = 0
    for _ in range(depth):
        value = [value]
    return value


def only(revision: str, definition: str, value: object) -> tuple[str, str, str, str]:
    """The one violation, as (at, rule, expected, got)."""
    (violation,) = schemas.validate(revision, definition, value)
    return violation.at, violation.rule, violation.expected, violation.got


# Refused


@EACH
def test_a_missing_member_is_named_with_the_pointer_that_it_would_have(revision: str) -> None:
    value = {"tools": [tool(), tool(), {"name": "broken"}]}
    assert only(revision, "ListToolsResult", value) == (
        "/tools/2/inputSchema",
        "required",
        'member "inputSchema"',
        "nothing",
    )


@EACH
@pytest.mark.parametrize(
    ("content", "at", "rule", "expected", "got"),
    [
        (None, "/content", "type", "an array", "null"),
        ("done", "/content", "type", "an array", '"done"'),
        ([None], "/content/0", "type", "an object", "null"),
        ([{"type": "text", "text": 5}], "/content/0/text", "type", "a string", "5"),
        ([{"type": "text"}], "/content/0/text", "required", 'member "text"', "nothing"),
        ([{"type": "image", "data": ""}], "/content/0/mimeType", "required", 'member "mimeType"', "nothing"),
        ([{"type": "video", "data": ""}], "/content/0/type", "unknown-kind", "one of BLOCKS", '"video"'),
        ([{"text": "x"}], "/content/0/type", "required", 'member "type", one of BLOCKS', "nothing"),
        (
            [{"type": "text", "text": "", "annotations": {"priority": 2}}],
            "/content/0/annotations/priority",
            "maximum",
            "a number of at most 1",
            "2",
        ),
        (
            [{"type": "resource", "resource": {"uri": "a:b"}}],
            "/content/0/resource",
            "required",
            'member "text" or member "blob"',
            '{"uri": "a:b"}',
        ),
    ],
)
def test_content_is_explained_by_the_kind_of_block_that_it_claims_to_be(
    revision: str, content: object, at: str, rule: str, expected: str, got: str
) -> None:
    wanted = expected.replace("BLOCKS", BLOCKS[revision])
    assert only(revision, "CallToolResult", {"content": content}) == (at, rule, wanted, got)


@EACH
def test_a_resource_needs_text_or_blob_and_its_uri(revision: str) -> None:
    assert schemas.validate(revision, "ReadResourceResult", {"contents": [{"mimeType": "text/plain"}]}) == [
        Violation("/contents/0", "required", 'member "text" or member "blob"', '{"mimeType": "text/plain"}'),
        Violation("/contents/0/uri", "required", 'member "uri"', "nothing"),
    ]


@EACH
def test_a_resource_with_a_wrong_blob_is_explained_as_a_blob(revision: str) -> None:
    value = {"contents": [{"uri": "a:b", "blob": [1, 2]}]}
    assert only(revision, "ReadResourceResult", value) == ("/contents/0/blob", "type", "a string", "[1, 2]")


@EACH
def test_an_id_is_a_string_or_an_integer(revision: str) -> None:
    at_id = ("/id", "type", "a string or an integer")
    request = {"jsonrpc": "2.0", "method": "ping"}
    assert only(revision, "JSONRPCRequest", {**request, "id": 1.5}) == (*at_id, "1.5")
    assert only(revision, "JSONRPCRequest", {**request, "id": None}) == (*at_id, "null")


@EACH
def test_an_input_schema_describes_an_object(revision: str) -> None:
    value = {"tools": [tool(inputSchema={"type": "array"})]}
    assert only(revision, "ListToolsResult", value) == ("/tools/0/inputSchema/type", "const", '"object"', '"array"')


@EACH
def test_a_prompt_has_messages_of_users_and_assistants(revision: str) -> None:
    value = {"messages": [{"role": "system", "content": {"type": "text", "text": "Be brief"}}]}
    assert only(revision, "GetPromptResult", value) == (
        "/messages/0/role",
        "enum",
        'one of "user", "assistant"',
        '"system"',
    )


@EACH
def test_a_message_with_neither_method_nor_result_nor_error_is_told_so(revision: str) -> None:
    at, rule, expected, _got = only(revision, "JSONRPCMessage", {"jsonrpc": "2.0", "id": 1})
    assert (at, rule) == ("", "required")
    assert expected == 'member "method", member "result" or member "error"'


def test_an_error_code_is_an_integer() -> None:
    message = {"jsonrpc": "2.0", "id": 1, "error": {"code": "E1", "message": "no"}}
    assert only("2025-06-18", "JSONRPCError", message) == ("/error/code", "type", "an integer", '"E1"')
    assert only("2025-11-25", "JSONRPCErrorResponse", message) == ("/error/code", "type", "an integer", '"E1"')


def test_the_mode_of_an_elicitation_selects_what_else_it_needs() -> None:
    def params(**members: object) -> dict[str, object]:
        return {"message": "Please", **members}

    assert only("2025-11-25", "ElicitRequestParams", params())[0] == "/requestedSchema"
    assert [found.at for found in schemas.validate("2025-11-25", "ElicitRequestParams", params(mode="url"))] == [
        "/elicitationId",
        "/url",
    ]
    assert only("2025-11-25", "ElicitRequestParams", params(mode="popup")) == (
        "/mode",
        "unknown-kind",
        'one of "url", "form"',
        '"popup"',
    )


@WITH_FORMS
def test_a_form_is_explained_field_by_field(revision: str) -> None:
    fields = {"a": {"type": "object"}, "b": {"type": "string", "format": "ipv4"}, "c": {"type": "string"}}
    form = {"message": "Please", "requestedSchema": {"type": "object", "properties": fields}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "elicitation/create", "params": form}
    found = schemas.validate(revision, "ServerRequest", message)
    assert [(one.at.removeprefix("/params/requestedSchema/properties"), one.rule) for one in found] == [
        ("/a/type", "unknown-kind"),
        ("/b/format", "enum"),
    ]


@EACH
def test_places_are_in_document_order_and_each_is_named_once(revision: str) -> None:
    wrong = [{"type": "text"}] * 12
    places = [found.at for found in schemas.validate(revision, "CallToolResult", {"content": wrong, "isError": "no"})]
    assert places == [*(f"/content/{index}/text" for index in range(12)), "/isError"]


@EACH
def test_a_flood_of_mistakes_is_described_in_part(revision: str) -> None:
    assert len(schemas.validate(revision, "CallToolResult", {"content": [0] * 5_000})) == 100


@EACH
def test_long_values_are_cut_and_pointers_escaped(revision: str) -> None:
    found = only(
        revision,
        "GetPromptRequest",
        {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "prompts/get",
            "params": {"name": "x", "arguments": {"a/b~c": ["y" * 500]}},
        },
    )
    assert found[0] == "/params/arguments/a~1b~0c"
    assert len(found[3]) == 80
    assert found[3].endswith("…")


# Accepted: unusual, but legal


@EACH
@pytest.mark.parametrize(
    ("definition", "value"),
    [
        ("CallToolResult", {"content": []}),
        ("CallToolResult", {"content": [], "structuredContent": {"found": None, "more": [None]}, "x-vendor": 1}),
        ("CallToolResult", {"content": [{"type": "text", "text": "", "_meta": {"a.b/c": {}}, "colour": "red"}]}),
        ("ListToolsResult", {"tools": [tool(_meta={}, annotations={"readOnlyHint": True, "unknownHint": 3})]}),
        ("ListToolsResult", {"tools": [], "nextCursor": ""}),
        ("ListToolsResult", {"tools": [tool(inputSchema={"type": "object", "$ref": "http://example.org/x"})]}),
        ("ReadResourceResult", {"contents": [{"uri": "a:b", "text": "x", "blob": "eA=="}]}),
        ("ReadResourceResult", {"contents": []}),
        ("Resource", {"uri": "not a uri", "name": ""}),
        ("EmptyResult", {"surprise": [1, 2]}),
        ("JSONRPCRequest", {"jsonrpc": "2.0", "id": "", "method": "x", "params": {}, "extra": None}),
        ("JSONRPCRequest", {"jsonrpc": "2.0", "id": 1.0, "method": "x"}),
        (
            "InitializeResult",
            {
                "protocolVersion": "2025-06-18",
                "capabilities": {"teleport": True, "experimental": {"x": {}}, "tools": {"listChanged": False, "y": 1}},
                "serverInfo": {"name": "", "version": "", "vendor": {}},
            },
        ),
    ],
)
def test_unusual_messages_are_accepted(revision: str, definition: str, value: object) -> None:
    assert schemas.validate(revision, definition, value) == []


@WITH_FORMS
def test_what_was_filled_into_a_form_may_be_any_number(revision: str) -> None:
    assert not schemas.validate(revision, "ElicitResult", {"action": "accept", "content": {"weight": 4.5}})


def test_2025_11_25_knows_more_than_the_revision_before() -> None:
    task = {"taskId": "1", "status": "working", "createdAt": "", "lastUpdatedAt": "", "ttl": None}
    assert schemas.validate("2025-11-25", "CreateTaskResult", {"task": task}) == []
    icons = {"tools": [tool(icons="none")]}
    assert schemas.validate("2025-06-18", "ListToolsResult", icons) == []
    assert only("2025-11-25", "ListToolsResult", icons) == ("/tools/0/icons", "type", "an array", '"none"')


# Never raises


@EACH
@pytest.mark.parametrize(
    "value",
    [
        {"uri": "\ud800", "name": "\udfff", "\ud800": "\udfff"},
        {"uri": "a:b", "name": "", "size": float("inf")},
        {"uri": "a:b", "name": "", "size": 10**5000},
        {"uri": "a:b", "name": "", "size": -(10**30)},
        {"uri": "a:b", "name": "", "_meta": {"deep": nested(200)}},
    ],
)
def test_values_at_the_edge_of_json_are_judged(revision: str, value: object) -> None:
    assert schemas.validate(revision, "Resource", value) == []


EDGES = {
    "deep": nested(200),
    "beyond a double": float("inf"),
    "no number": float("nan"),
    "lone surrogate": "\ud800",
    "5001 digits": 10**5000,
    "lone surrogate as a name": {"\ud800": nested(200)},
}


@EACH
@pytest.mark.parametrize("edge", EDGES)
def test_wrong_values_at_the_edge_of_json_are_explained(revision: str, edge: str) -> None:
    (found,) = schemas.validate(revision, "Role", EDGES[edge])
    assert (found.at, found.rule, found.expected) == ("", "enum", 'one of "user", "assistant"')
    assert found.got.isprintable()
    assert len(found.got) <= 80


@EACH
def test_is_valid_and_explain_agree(revision: str) -> None:
    values: list[Any] = [None, {}, [], "x", 1, {"_meta": 1}, {"jsonrpc": "2.0"}, {"type": "text"}, {"method": "ping"}]
    for definition in schemas.definitions(revision):
        for value in values:
            valid = schemas.is_valid(revision, definition, value)
            assert valid is (schemas.explain(revision, definition, value) == []), (definition, value)


def test_unknown_names_are_errors_that_help() -> None:
    with pytest.raises(LookupError, match='2025-11-25 has no definition "ListToolResult"; near it are ListToolsResult'):
        schemas.is_valid("2025-11-25", "ListToolResult", {})
    with pytest.raises(LookupError, match=r'no schema of revision "2019-01-01"; there are .*2026-07-28, ext-tasks'):
        schemas.definitions("2019-01-01")
    with pytest.raises(LookupError, match='2025-06-18 has no definition "Task"'):
        schemas.explain("2025-06-18", "Task", {})
    with pytest.raises(LookupError, match='ext-tasks has no definition "CallToolResult"'):
        schemas.is_valid("ext-tasks", "CallToolResult", {})


# 2026-07-28 and the tasks extension

COMPLETE = {"resultType": "complete"}
TASK = {"taskId": "1", "status": "working", "createdAt": "", "lastUpdatedAt": "", "ttlMs": None}


def test_a_stateless_request_carries_version_and_capabilities() -> None:
    request: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    assert only("2026-07-28", "ClientRequest", request)[0] == "/params"
    assert only("2026-07-28", "ClientRequest", {**request, "params": {}})[0] == "/params/_meta"
    found = schemas.validate("2026-07-28", "ClientRequest", {**request, "params": {"_meta": {"progressToken": 1.5}}})
    assert [(one.at.removeprefix("/params/_meta/"), one.rule) for one in found] == [
        ("io.modelcontextprotocol~1clientCapabilities", "required"),
        ("io.modelcontextprotocol~1protocolVersion", "required"),
        ("progressToken", "type"),
    ]


def test_a_stateless_list_says_its_type_and_how_long_it_may_be_kept() -> None:
    found = schemas.validate("2026-07-28", "ListToolsResult", {"tools": [], "ttlMs": -1, "cacheScope": "all"})
    assert [(one.at, one.rule) for one in found] == [
        ("/cacheScope", "enum"),
        ("/resultType", "required"),
        ("/ttlMs", "minimum"),
    ]


def test_settings_of_capabilities_may_hold_any_json() -> None:
    settings = {"io.example/x": {"limit": 0.5, "none": None, "list": [None, 1.5]}}
    assert (
        schemas.validate("2026-07-28", "ServerCapabilities", {"extensions": settings, "experimental": settings}) == []
    )
    assert only("2026-07-28", "ServerCapabilities", {"extensions": {"io.example/x": True}}) == (
        "/extensions/io.example~1x",
        "type",
        "an object",
        "true",
    )


def test_structured_content_may_be_any_json_but_input_schemas_describe_objects() -> None:
    for value in (None, 1, [1], "x"):
        result = {**COMPLETE, "content": [], "structuredContent": value}
        assert schemas.validate("2026-07-28", "CallToolResult", result) == []
    assert schemas.validate("2026-07-28", "Tool", tool(outputSchema={"type": "array"})) == []
    assert only("2026-07-28", "Tool", tool(inputSchema={"type": "array"}))[0] == "/inputSchema/type"


INPUT_REQUESTS = [
    ({"method": "ping"}, "/method", "unknown-kind"),
    ({"method": "elicitation/create", "params": {"mode": "popup", "message": ""}}, "/params/mode", "unknown-kind"),
    ({"method": "elicitation/create", "params": {"mode": "url", "message": ""}}, "/params/url", "required"),
    ({"method": "sampling/createMessage", "params": {"messages": []}}, "/params/maxTokens", "required"),
]


@pytest.mark.parametrize(("request_", "at", "rule"), INPUT_REQUESTS)
def test_what_a_server_asks_for_is_explained_by_its_method_here_and_in_a_task(
    request_: object, at: str, rule: str
) -> None:
    asked = {"inputRequests": {"a": request_}}
    plain = {"resultType": "input_required", **asked}
    task = {**COMPLETE, **TASK, "status": "input_required", **asked}
    for revision, definition, value in (
        ("2026-07-28", "InputRequiredResult", plain),
        ("ext-tasks", "InputRequiredTask", task),
        ("ext-tasks", "GetTaskResult", task),
    ):
        assert only(revision, definition, value)[:2] == (f"/inputRequests/a{at}", rule)


def test_the_status_of_a_task_selects_what_else_it_needs() -> None:
    assert schemas.validate("ext-tasks", "GetTaskResult", {**COMPLETE, **TASK}) == []
    for status, member in (("completed", "result"), ("failed", "error"), ("input_required", "inputRequests")):
        found = only("ext-tasks", "GetTaskResult", {**COMPLETE, **TASK, "status": status})
        assert found == (f"/{member}", "required", f'member "{member}"', "nothing")
    assert only("ext-tasks", "GetTaskResult", {**COMPLETE, **TASK, "status": "done"})[:2] == ("/status", "unknown-kind")
    failed = {**COMPLETE, **TASK, "status": "failed", "error": {"code": "E1", "message": ""}}
    assert only("ext-tasks", "GetTaskResult", failed) == ("/error/code", "type", "an integer", '"E1"')


def test_only_the_creation_of_a_task_has_the_result_type_task() -> None:
    created = {**TASK, "resultType": "task"}
    assert schemas.validate("ext-tasks", "CreateTaskResult", created) == []
    assert only("ext-tasks", "GetTaskResult", created) == ("/resultType", "const", '"complete"', '"task"')
    assert only("ext-tasks", "UpdateTaskResult", created) == ("/resultType", "const", '"complete"', '"task"')
    assert only("ext-tasks", "CreateTaskResult", {**TASK, **COMPLETE})[:2] == ("/resultType", "const")


def test_the_extension_has_the_types_that_it_adds_and_no_others() -> None:
    names = schemas.definitions("ext-tasks")
    assert {"CreateTaskResult", "TaskStatusNotification", "TasksExtensionCapability"} < names
    assert not names & schemas.definitions("2026-07-28")


@pytest.mark.parametrize("revision", ["2026-07-28", "ext-tasks"])
def test_is_valid_and_explain_agree_in_the_stateless_era(revision: str) -> None:
    values: list[Any] = [None, {}, [], "x", 1, COMPLETE, TASK, {"_meta": 1}, {"type": "text"}, {"method": "roots/list"}]
    for definition in schemas.definitions(revision):
        for value in values:
            valid = schemas.is_valid(revision, definition, value)
            assert valid is (schemas.explain(revision, definition, value) == []), (definition, value)


# Schemas of servers

DIALECTS = {
    "http://json-schema.org/draft-04/schema#": "draft 4",
    "http://json-schema.org/draft-06/schema": "draft 6",
    "https://json-schema.org/draft-07/schema#": "draft 7",
    "https://json-schema.org/draft/2019-09/schema": "2019-09",
    "http://json-schema.org/draft/2020-12/schema#": "2020-12",
}


@pytest.mark.parametrize("uri", DIALECTS)
def test_each_dialect_is_known_and_judged(uri: str) -> None:
    dialect = schemas.dialect_of({"$schema": uri})
    assert dialect is not None
    assert dialect.name == DIALECTS[uri]
    good = {"$schema": uri, "type": "object", "properties": {"n": {"type": "integer", "minimum": 0}}, "required": ["n"]}
    assert schemas.check_schema(good) == []
    assert schemas.accepts(good, {"n": 1}) == "valid"
    assert schemas.accepts(good, {"n": -1}) == "invalid"
    assert schemas.why_not(good, {"n": -1}) == [Violation("/n", "minimum", "a number of at least 0", "-1")]
    (found,) = schemas.check_schema({"$schema": uri, "properties": {"n": {"type": "int"}}})
    assert found.at == "/properties/n/type"
    assert '"integer"' in found.expected
    assert found.got == '"int"'


def test_a_schema_is_read_in_the_dialect_that_it_declares() -> None:
    tuple_of_old = {"type": "array", "items": [{"type": "string"}]}
    assert schemas.check_schema({"$schema": "http://json-schema.org/draft-07/schema#", **tuple_of_old}) == []
    assert [found.at for found in schemas.check_schema(tuple_of_old)] == ["/items"]
    assert schemas.check_schema(tuple_of_old, default="http://json-schema.org/draft-07/schema#") == []
    assert schemas.accepts(tuple_of_old, [1], default="http://json-schema.org/draft-07/schema#") == "invalid"


def test_an_unknown_dialect_is_not_judged() -> None:
    schema = {"$schema": "https://example.org/my-dialect", "type": 5}
    assert schemas.dialect_of(schema) is None
    assert schemas.check_schema(schema) == []
    assert schemas.accepts(schema, {}) == "disputed"
    assert schemas.why_not(schema, {}) == []


@pytest.mark.parametrize("schema", [None, [], "object", 5])
def test_a_schema_is_an_object_or_a_boolean(schema: object) -> None:
    (found,) = schemas.check_schema(schema)
    assert (found.at, found.rule) == ("", "type")
    assert found.expected == "an object or true or false"


def test_a_declared_dialect_that_is_no_string_is_a_violation() -> None:
    assert [found.at for found in schemas.check_schema({"$schema": 7})] == ["/$schema"]


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "http://127.0.0.1:9/schema.json"},
        {"$ref": "https://example.org/schema.json"},
        {"$ref": "file:///etc/hostname"},
        {"$ref": "other.json"},
        {"$ref": "#/$defs/missing"},
        {"pattern": "("},
        {"type": "objekt"},
        {"allOf": [{"not": {"$ref": "#"}}]},
    ],
)
def test_a_schema_that_cannot_be_worked_with_is_disputed(schema: object) -> None:
    assert schemas.accepts(schema, "x") == "disputed"
    assert schemas.why_not(schema, "x") == []


@pytest.mark.parametrize("keyword", ["$ref", "$schema", "$id"])
def test_nothing_is_fetched(keyword: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        uri = f"http://127.0.0.1:{server.getsockname()[1]}/schema.json"
        schema = {keyword: uri, "allOf": [{"type": "string"}, {"$ref": "other.json"}]}
        assert schemas.accepts(schema, 5) == "disputed"
        assert schemas.why_not(schema, 5) == []
        schemas.check_schema(schema)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_pattern_that_never_ends_is_bounded() -> None:
    exponential = "a" * 60 + "b"
    assert schemas.accepts({"pattern": "^(a+)+$"}, exponential) == "invalid"
    assert schemas.accepts({"pattern": r"^(a|aa)+\1$"}, exponential) == "disputed"
    assert schemas.accepts({"patternProperties": {"^(a+)+$": False}}, {exponential: 1}) == "valid"
    assert schemas.accepts({"patternProperties": {"^(a|aa)+$": False}}, {"a" * 60: 1}) == "invalid"
    named = {"patternProperties": {"^(a|aa)+$": {}}, "additionalProperties": False}
    assert schemas.accepts(named, {exponential: 1}) == "invalid"
    assert schemas.accepts(named, {"a": 1}) == "valid"


def test_references_that_multiply_are_bounded() -> None:
    levels = 16
    doubling = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(levels)}
    schema = {"$ref": "#/$defs/d0", "$defs": {**doubling, f"d{levels}": {"not": {}}}}
    assert schemas.accepts(schema, {}) in ("invalid", "disputed")
    assert schemas.accepts({**schema, "$defs": {**doubling, f"d{levels}": {"type": "object"}}}, {}) == "valid"


def test_formats_are_annotations() -> None:
    assert (
        schemas.accepts({"$schema": "http://json-schema.org/draft-07/schema#", "format": "email"}, "nobody") == "valid"
    )


def test_why_not_finds_its_way_through_unions_and_extra_members() -> None:
    shape = {
        "type": "object",
        "properties": {
            "shape": {
                "oneOf": [
                    {
                        "type": "object",
                        "properties": {"kind": {"const": "circle"}, "r": {"type": "number"}},
                        "required": ["r"],
                    },
                    {
                        "type": "object",
                        "properties": {"kind": {"const": "square"}, "a": {"type": "number"}},
                        "required": ["a"],
                    },
                ]
            },
            "unit": {"anyOf": [{"const": "mm"}, {"enum": ["cm", "m"]}]},
        },
        "additionalProperties": False,
    }
    assert schemas.why_not(shape, {"shape": {"kind": "square", "a": "1"}, "unit": "inch"}) == [
        Violation("/shape/a", "type", "a number", '"1"'),
        Violation("/unit", "enum", 'one of "mm", "cm", "m"', '"inch"'),
    ]
    assert schemas.why_not(shape, {"colour": 1}) == [
        Violation("", "additionalProperties", 'no members but "shape", "unit"', '{"colour": 1}')
    ]
    assert schemas.why_not({"oneOf": [{"type": "string"}, {"minLength": 1}]}, "x")[0].expected == (
        "a value that fits exactly one of 2 schemas"
    )
    assert schemas.why_not(False, 1) == [Violation("", "false", "nothing here", "1")]


def test_why_not_follows_references_in_the_document_in_which_they_stand() -> None:
    def kind(name: str) -> dict[str, object]:
        return {"type": "object", "properties": {"kind": {"const": name}}, "required": ["kind"]}

    union = {"anyOf": [{"$ref": "#/$defs/one"}, {"$ref": "#/$defs/other"}]}
    inner = {"$id": "urn:example:inner", "$defs": {"one": kind("a"), "other": kind("b"), "union": union}}
    outer = {
        "$defs": {"one": kind("x"), "other": kind("x"), inner["$id"]: inner},
        "properties": {"list": {"type": "array", "items": {"$ref": "urn:example:inner#/$defs/union"}}},
    }
    assert schemas.accepts(outer, {"list": [{"kind": "a"}, {"kind": "b"}]}) == "valid"
    assert schemas.why_not(outer, {"list": [{"kind": "x"}]}) == [
        Violation("/list/0/kind", "unknown-kind", 'one of "a", "b"', '"x"')
    ]
