"""Arguments made for a tool that nobody explained: all that is made is valid, whatever the schema says."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_conformance import schemas
from mcp_conformance.arguments import Pool, candidates, mistyped, without_required

SOME = settings(max_examples=200, deadline=None, derandomize=True, database=None)


def made(schema: Any, pool: Pool | None = None, hinted: list[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
    return list(candidates(schema, pool or Pool(), hinted or []))


def taking(**properties: Any) -> dict[str, Any]:
    """A schema that requires these properties."""
    return {"type": "object", "properties": properties, "required": list(properties)}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"const": {"x": 1}}, {"x": 1}),
        ({"enum": ["b", "a"]}, "b"),
        ({"type": "string", "default": "given"}, "given"),
        ({"type": "string", "examples": ["shown"]}, "shown"),
        ({"type": "string", "format": "uuid"}, "00000000-0000-4000-8000-000000000000"),
        ({"type": "string", "format": "date"}, "2025-01-15"),
        ({"type": "string", "minLength": 30}, "a" * 30),
        ({"type": "string", "maxLength": 0}, ""),
        ({"type": "string", "pattern": "^a+$"}, "a"),
        ({"type": "integer", "minimum": 7}, 7),
        ({"type": "integer", "maximum": -3}, -3),
        ({"type": "integer", "exclusiveMinimum": 7}, 8),
        ({"type": "integer", "exclusiveMaximum": 1}, 0),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, 0.5),
        ({"type": "integer", "minimum": 7, "multipleOf": 5}, 10),
        ({"type": "boolean"}, False),
        ({"type": "null"}, None),
        ({"type": ["null", "integer"]}, 1),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 3}, [1, 1, 1]),
        ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, 1),
        ({"oneOf": [{"const": "one"}, {"const": "two"}]}, "one"),
        ({"allOf": [{"type": "integer"}, {"minimum": 4}]}, 4),
        ({"$ref": "#/$defs/deep"}, {"inner": 2}),
        ({"type": "object", "properties": {"a": {"type": "integer"}, "b": {}}, "required": ["a"]}, {"a": 1}),
        ({"type": "object", "required": ["unlisted"]}, {"unlisted": "unlisted"}),
    ],
)
def test_the_first_guess_is_what_the_schema_suggests(schema: dict[str, Any], value: Any) -> None:
    deep = {"type": "object", "properties": {"inner": {"enum": [2]}}, "required": ["inner"]}
    assert made({**taking(it=schema), "$defs": {"deep": deep}})[0] == {"it": value}


def test_names_suggest_what_is_meant() -> None:
    (first, *_) = made(taking(url={"type": "string"}, city={"type": "string"}, timezone={"type": "string"}))
    assert first == {"url": "https://example.com/", "city": "London", "timezone": "Europe/London"}


def test_hinted_arguments_come_first_and_nothing_comes_twice() -> None:
    hints = [{"it": "hinted"}, {"it": "it"}]
    found = made(taking(it={"type": "string"}), hinted=hints)
    assert found[:2] == hints
    assert len(found) == len({str(one) for one in found})


def test_values_seen_in_answers_are_found_under_their_name_also_inside_text() -> None:
    pool = Pool()
    pool.add({"items": [{"repoName": "seen"}], "content": '{"number": 42, "flag": true, "bad": NaN}'})
    found = made(taking(repo_name={"type": "string"}, number={"type": "integer"}), pool)
    assert found[0]["repo_name"] == "seen"
    assert 42 in [arguments["number"] for arguments in found]
    assert pool.get("bad") == []
    assert pool.get("flag") == []
    assert pool.get("repo_names") == ["seen"]


def test_a_schema_that_refers_to_itself_has_an_end() -> None:
    # Without a bound these would be made of billions of values.
    node = {"type": "object", "properties": {f"p{number}": {"$ref": "#/$defs/node"} for number in range(60)}}
    made(
        {
            "type": "object",
            "properties": {"root": {"$ref": "#/$defs/node"}},
            "required": ["root"],
            "$defs": {"node": node},
        }
    )
    made({"$ref": "#"})
    made(
        {
            "type": "object",
            "properties": {"a": {"$ref": "#/$defs/a"}},
            "$defs": {"a": {"$ref": "#/$defs/a"}},
            "required": ["a"],
        }
    )


@pytest.mark.parametrize(
    "schema",
    [None, True, [], "x", 7, {"type": "string"}, {"type": "object", "required": "a"}, {"$ref": "https://x.example/"}],
)
def test_a_schema_that_is_none_gives_nothing_that_is_wrong(schema: Any) -> None:
    for arguments in made(schema):
        assert schemas.accepts(schema, arguments) == "valid"


words = st.sampled_from(
    ["a", "b", "object", "string", "integer", "number", "array", "null", "#", "#/properties/a", "^a", "date", "id"]
)
numbers = st.integers(-20, 20) | st.floats(allow_nan=False) | st.just(10**400) | st.booleans()
keys = st.sampled_from(
    [
        "type",
        "properties",
        "required",
        "items",
        "anyOf",
        "oneOf",
        "allOf",
        "enum",
        "const",
        "default",
        "examples",
        "format",
        "pattern",
        "minimum",
        "maximum",
        "$ref",
        "a",
        "b",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "minItems",
    ]
)
wild = st.recursive(
    words | numbers | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=20,
)
POOL = Pool()
POOL.add({"a": [1e300, 5, "text", float("inf")], "b": [-3.5]})


@given(wild, wild)
@SOME
def test_no_schema_breaks_the_generator_and_all_that_it_makes_is_valid(schema: Any, inner: Any) -> None:
    for tried in (schema, taking(a=inner), taking(a={"type": "integer", **(inner if isinstance(inner, dict) else {})})):
        for arguments in made(tried, POOL):
            assert schemas.accepts(tried, arguments) == "valid"
            without_required(tried, arguments)
            mistyped(tried, arguments)


def test_wrong_arguments_are_made_only_where_they_are_certainly_wrong() -> None:
    schema = taking(n={"type": "integer"}, s={"type": "string"})
    good = {"n": 1, "s": "x"}
    assert without_required(schema, good) == {"s": "x"}
    assert mistyped(schema, good) == {"n": {"unexpected": "object"}, "s": "x"}
    assert without_required({"type": "object", "required": [["n"], "missing"]}, good) is None
    assert without_required({}, good) is None
    assert mistyped({"type": "object", "properties": {"s": {"type": "string"}}}, good) is None
