"""Our schemas accept and refuse what the published ones do, except for the differences that stand here with a reason.

The published files are not ours to carry. They are looked for beside the checkout, or where the environment variable
MCP_PUBLISHED_SCHEMAS says: a directory with `<revision>/schema.json`.
"""

import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from mcp_conformance import schemas
from mcp_conformance.revisions import JUDGED

ROOT = Path(__file__).resolve().parents[1]
PUBLISHED = Path(os.environ.get("MCP_PUBLISHED_SCHEMAS") or ROOT.parent / "shared" / "spec" / "schema")

# definition: (a value that only we accept, the same value as the published schema wants it, the reason)
INTENDED = {
    "ElicitResult": (
        {"action": "accept", "content": {"weight": 4.5}},
        {"action": "accept", "content": {"weight": 4}},
        "a form may have fields of type number; the type in schema.ts is number, its rendering says integer",
    ),
}

PROBES: tuple[object, ...] = (None, True, 0, -1, 0.5, 2, "x", [], ["x"], [1], [None], {}, {"x": 1}, {"type": "object"})
SIMPLE: dict[str, list[Any]] = {
    "string": ["text"],
    "integer": [7],
    "number": [0.5, 1],
    "boolean": [False],
    "null": [None],
}


@cache
def published(revision: str) -> dict[str, Any]:
    path = PUBLISHED / revision / "schema.json"
    if not path.is_file():
        pytest.skip(f"the published schema of {revision} is not here; set MCP_PUBLISHED_SCHEMAS to compare with it")
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def types_of(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document.get("$defs") or document["definitions"]
    return found


def compiled(document: dict[str, Any], definition: str) -> Any:
    key = "$defs" if "$defs" in document else "definitions"
    validator = jsonschema_rs.Draft202012Validator if key == "$defs" else jsonschema_rs.Draft7Validator
    return validator({**document, "$ref": f"#/{key}/{definition}"}, validate_formats=False)


def examples(schema: dict[str, Any], types: dict[str, Any]) -> list[Any]:
    """Valid values, the richest first: each alternative of each member once, beside the first ones of the others."""
    if "$ref" in schema:
        return examples(types[schema["$ref"].rpartition("/")[2]], types)
    if "const" in schema:
        return [schema["const"]]
    if "enum" in schema:
        return list(schema["enum"])
    if "anyOf" in schema:
        return [example for branch in schema["anyOf"] for example in examples(branch, types)]
    if "allOf" in schema:
        merged: dict[str, Any] = {}
        for part in schema["allOf"]:
            merged = deep_merge(merged, examples(part, types)[0])
        return [merged]
    kinds = schema.get("type", "string")
    return [
        example
        for kind in ([kinds] if isinstance(kinds, str) else kinds)
        for example in examples_of_kind(kind, schema, types)
    ]


def examples_of_kind(kind: str, schema: dict[str, Any], types: dict[str, Any]) -> list[Any]:
    simple: dict[str, list[Any]] = {
        "string": ["text"],
        "integer": [7],
        "number": [0.5, 1],
        "boolean": [False],
        "null": [None],
    }
    if kind in simple:
        return simple[kind]
    if kind == "array":
        return [[example] for example in examples(schema["items"], types)] + [[]]
    members = {name: examples(rules, types) for name, rules in schema.get("properties", {}).items()}
    if isinstance(schema.get("additionalProperties"), dict):
        members["other"] = examples(schema["additionalProperties"], types)
    richest = {name: found[0] for name, found in members.items()}
    poorest = {name: richest[name] for name in schema.get("required", ())}
    varied = [{**richest, name: value} for name, found in members.items() for value in found[1:]]
    return [richest, poorest, *varied]


def deep_merge(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    both = {key: deep_merge(one[key], other[key]) for key in one.keys() & other.keys() if isinstance(one[key], dict)}
    return {**one, **other, **both}


def near_misses(value: Any, depth: int) -> Iterator[Any]:
    """`value` with one thing changed, down to `depth`: something else in a place, a member less, a member more."""
    yield from PROBES
    if not depth:
        return
    if isinstance(value, dict):
        yield {**value, "x-more": None}
        for name, member in value.items():
            yield {key: kept for key, kept in value.items() if key != name}
            for changed in near_misses(member, depth - 1):
                yield {**value, name: changed}
    elif isinstance(value, list):
        for index, item in enumerate(value):
            for changed in near_misses(item, depth - 1):
                yield [*value[:index], changed, *value[index + 1 :]]


def compared(good: list[Any]) -> Iterator[Any]:
    """The examples and their near misses. What lies deeper in most of them is a type that is compared by itself."""
    shallow = 3 if len(good) < 100 else 2
    for index, example in enumerate(good):
        yield example
        yield from near_misses(example, depth=shallow if index else 8)


def once(values: Iterator[Any]) -> list[Any]:
    return list({json.dumps(value, sort_keys=True): value for value in values}.values())


def is_intended(definition: str, value: Any, judge: Any) -> bool:
    """Whether the published schema would accept `value` were it not for the difference that we intend."""
    if definition != "ElicitResult" or not isinstance(value, dict) or not isinstance(value.get("content"), dict):
        return False
    whole = {key: int(item) if isinstance(item, float) else item for key, item in value["content"].items()}
    return bool(judge.is_valid({**value, "content": whole}))


@pytest.mark.parametrize("revision", JUDGED)
def test_the_same_types_are_defined(revision: str) -> None:
    assert schemas.definitions(revision) == types_of(published(revision)).keys()


@pytest.mark.parametrize("revision", JUDGED)
def test_verdicts_are_those_of_the_published_schema(revision: str) -> None:
    document = published(revision)
    types = types_of(document)
    for definition in sorted(types):
        judge = compiled(document, definition)
        good = once(iter(examples(types[definition], types)))
        assert all(judge.is_valid(value) for value in good), f"{definition}: the examples made here are not all valid"
        refused = 0
        for value in once(compared(good)):
            theirs = judge.is_valid(value)
            refused += not theirs
            if schemas.is_valid(revision, definition, value) != theirs and not is_intended(definition, value, judge):
                pytest.fail(f"{revision} {definition}: published says {theirs} of {json.dumps(value)}")
        assert refused, f"{definition}: no near miss was refused"


@pytest.mark.parametrize("revision", JUDGED)
@pytest.mark.parametrize("definition", INTENDED)
def test_each_intended_difference_is_one(revision: str, definition: str) -> None:
    ours, theirs, _reason = INTENDED[definition]
    judge = compiled(published(revision), definition)
    assert schemas.is_valid(revision, definition, ours)
    assert schemas.is_valid(revision, definition, theirs)
    assert not judge.is_valid(ours)
    assert judge.is_valid(theirs)
