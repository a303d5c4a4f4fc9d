"""The headers that mirror a body: which there are, and how their values are written."""

from typing import Any

import pytest

from mcp_conformance.client import full_capabilities, with_meta
from mcp_conformance.http_headers import encode_value, param_headers, stateless_headers
from mcp_conformance.jsonrpc import MISSING, encode, parse

REVISION = "2026-07-28"
VERSION_KEY = "io.modelcontextprotocol/protocolVersion"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("us-west1", "us-west1"),
        ("a b\tc", "a b\tc"),
        ("", "=?base64??="),
        (" padded ", "=?base64?IHBhZGRlZCA=?="),
        ("two\nlines", "=?base64?dHdvCmxpbmVz?="),
        ("é", "=?base64?w6k=?="),
        ("=?base64?x?=", "=?base64?PT9iYXNlNjQ/eD89?="),
        ("=?BASE64?x?=", "=?BASE64?x?="),
        ("\x7f", "=?base64?fw==?="),
        ("\ud800", "=?base64?7aCA?="),
    ],
)
def test_a_value_is_plain_where_that_is_safe_and_else_encoded(value: str, written: str) -> None:
    assert encode_value(value) == written


def headers(method: str, params: Any, schema: Any = None) -> dict[str, str]:
    message = parse(encode({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))
    return dict(stateless_headers(message, REVISION, lambda name: schema))


@pytest.mark.parametrize(
    ("method", "params", "name"),
    [
        ("tools/call", {"name": "a", "uri": "b"}, "a"),
        ("prompts/get", {"name": "a"}, "a"),
        ("resources/read", {"uri": "file:///x"}, "file:///x"),
        ("tasks/get", {"taskId": "t", "name": "n"}, "t"),
        ("tools/list", {"name": "a"}, None),
        ("tools/call", {"name": 7}, None),
        ("tools/call", [], None),
    ],
)
def test_the_name_is_that_of_the_method(method: str, params: Any, name: str | None) -> None:
    made = headers(method, params)
    assert (made.get("Mcp-Name"), made["Mcp-Method"]) == (name, method)


@pytest.mark.parametrize(("named", "sent"), [("2031-01-01", "2031-01-01"), ("x\r\nEvil: 1", REVISION), (7, REVISION)])
def test_the_version_is_that_of_the_body_where_it_can_be(named: Any, sent: str) -> None:
    assert headers("tools/list", {"_meta": {VERSION_KEY: named}})["MCP-Protocol-Version"] == sent


def test_what_is_no_request_has_the_version_only() -> None:
    assert stateless_headers(parse(b"junk"), REVISION, lambda name: None) == (("MCP-Protocol-Version", REVISION),)


SCHEMA = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "x-mcp-header": "Text"},
        "count": {"type": "integer", "x-mcp-header": "Count"},
        "on": {"type": "boolean", "x-mcp-header": "On"},
        "plain": {"type": "string"},
        "bad": {"type": "string", "x-mcp-header": "no token"},
        "deep": {"type": "object", "properties": {"x": {"type": "string", "x-mcp-header": "Deep"}}},
        "list": {"type": "array", "items": {"properties": {"x": {"x-mcp-header": "Never"}}}},
    },
    "anyOf": [{"properties": {"plain": {"x-mcp-header": "Never"}}}],
}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"text": "a", "count": 42, "on": True, "plain": "p"}, {"Text": "a", "Count": "42", "On": "true"}),
        ({"text": None, "count": -7.0, "on": False}, {"Count": "-7", "On": "false"}),
        ({"deep": {"x": "y"}, "list": [{"x": 1}], "bad": "b"}, {"Deep": "y"}),
        ({"deep": "flat", "count": 1.5}, {}),
        (None, {}),
    ],
)
def test_annotated_arguments_are_mirrored(arguments: Any, expected: dict[str, str]) -> None:
    assert dict(param_headers(SCHEMA, arguments)) == {f"Mcp-Param-{name}": value for name, value in expected.items()}


@pytest.mark.parametrize("schema", [None, True, [], {"properties": []}, {"properties": {"x": 1}}])
def test_any_schema_will_do(schema: Any) -> None:
    assert list(param_headers(schema, {"x": 1})) == []


@pytest.mark.parametrize(
    ("params", "kept"),
    [
        (MISSING, False),
        ({"a": 1}, False),
        ({"_meta": {"progressToken": 1}}, False),
        ({"_meta": {}}, True),
        ({"_meta": None}, True),
        ({"_meta": {VERSION_KEY: "x"}}, True),
        ([1], True),
    ],
)
def test_params_are_completed_unless_they_are_meant_as_they_are(params: Any, kept: bool) -> None:
    made = with_meta(params, REVISION, full_capabilities(REVISION))
    if kept:
        assert made == params
    else:
        assert made["_meta"][VERSION_KEY] == REVISION
        assert {key: value for key, value in made.items() if key != "_meta"} == {
            key: value for key, value in (params or {}).items() if key != "_meta"
        }
        assert (params or {}).get("_meta", {}).items() <= made["_meta"].items()
