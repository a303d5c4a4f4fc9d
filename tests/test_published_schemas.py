"""Our schemas accept and refuse what the published ones do, except for the differences that stand here with a reason.

The published files are not ours to carry. They are looked for beside the checkout, or where the environment variable
MCP_PUBLISHED_SCHEMAS says: a directory with `<revision>/schema.json`.
"""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

import jsonschema_rs
import pytest
from instances import (
    KEYWORDS,
    Path as Place,
    RandomInstances,
    Schema,
    edited,
    examples,
    near_misses,
    smallest,
    subschemas,
    target,
    types_of,
)

from mcp_conformance import schemas
from mcp_conformance.revisions import REVISIONS

ROOT = Path(__file__).resolve().parents[1]
PUBLISHED = Path(os.environ.get("MCP_PUBLISHED_SCHEMAS") or ROOT.parent / "shared" / "spec" / "schema")
DATES = sorted(path.stem for path in (ROOT / "schemas").glob("????-??-??.json"))
EACH_REVISION = pytest.mark.parametrize("revision", DATES)

RANDOM_VALUES = 150  # of each definition from either schema
CHANGES = 6  # of each of them, at random too


@dataclass(frozen=True)
class Difference:
    """Where we mean to differ: with `instead` in its `place`, the published `definition` would be ours."""

    revisions: tuple[str, ...]
    definition: str
    place: Place
    instead: Any
    accepted_by: Literal["us", "them"]
    values: tuple[Any, ...]  # that only one of the two accepts
    reason: str


A_NUMBER_IN_A_FORM = {"action": "accept", "content": {"weight": 4.5}}
NUMBERS_IN_FORMS = "a form may have fields of type number; the type in schema.ts is number, its rendering says integer"
DIFFERENCES = (
    Difference(
        ("2025-06-18",),
        "ElicitResult",
        ("properties", "content", "additionalProperties", "type"),
        ["string", "number", "boolean"],
        "us",
        (A_NUMBER_IN_A_FORM,),
        NUMBERS_IN_FORMS,
    ),
    Difference(
        ("2025-11-25", "2026-07-28"),
        "ElicitResult",
        ("properties", "content", "additionalProperties", "anyOf", 1, "type"),
        ["string", "number", "boolean"],
        "us",
        (A_NUMBER_IN_A_FORM,),
        NUMBERS_IN_FORMS,
    ),
    Difference(
        ("2026-07-28",),
        "JSONValue",
        ("anyOf", 2, "type"),
        ["string", "number", "boolean", "null"],
        "us",
        (None, 0.5, [None], {"x": {"y": 0.5}}),
        "any JSON value is one; the type in schema.ts has number and null, its rendering integer and no null",
    ),
)


# The two documents


@cache
def published(revision: str) -> Schema:
    path = PUBLISHED / revision / "schema.json"
    if not path.is_file():
        pytest.skip(f"the published schema of {revision} is not here; set MCP_PUBLISHED_SCHEMAS to compare with it")
    document: Schema = json.loads(path.read_text(encoding="utf-8"))
    return document


@cache
def reconciled(revision: str) -> Schema:
    """The published schema without the differences that we intend."""
    document = published(revision)
    for difference in DIFFERENCES:
        if revision in difference.revisions:
            place = (key_of(document), difference.definition, *difference.place)
            document = edited(document, place, lambda _, instead=difference.instead: instead)
    return document


def key_of(document: Schema) -> str:
    return "$defs" if "$defs" in document else "definitions"


def judge(document: Schema, definition: str) -> Any:
    key = key_of(document)
    validator = jsonschema_rs.Draft202012Validator if key == "$defs" else jsonschema_rs.Draft7Validator
    return validator({**document, "$ref": f"#/{key}/{definition}"}, validate_formats=False)


# The comparison


@dataclass
class Comparison:
    """Two documents, on how many values they were compared, and how many of those the second one accepted."""

    ours: Schema
    theirs: Schema
    compared: int = field(default=0, init=False)
    accepted: int = field(default=0, init=False)

    def disagreement(self, definition: str) -> str | None:
        """A value on which the two differ, made as small as it gets, and who accepts it; None if there is none."""
        ours, theirs = judge(self.ours, definition), judge(self.theirs, definition)
        for value in self._values(definition):
            verdict = theirs.is_valid(value)
            self.compared += 1
            self.accepted += verdict
            if ours.is_valid(value) != verdict:
                least = smallest(value, lambda less: ours.is_valid(less) != theirs.is_valid(less))
                who = "we" if ours.is_valid(least) else "they"
                return f"{definition}: only {who} accept {json.dumps(least)}"
        return None

    def _values(self, definition: str) -> Iterator[Any]:
        for document in (self.theirs, self.ours):
            good = examples(types_of(document)[definition], types_of(document))
            shallow = 2 if len(good) < 60 else 1  # what lies deeper in most of them is compared by itself
            for index, example in enumerate(good):
                yield example
                yield from near_misses(example, depth=shallow if index else 8)
        for document, source in zip((self.theirs, self.ours), self._sources, strict=True):
            for _ in range(RANDOM_VALUES):
                value = source.instance(types_of(document)[definition])
                yield value
                for _ in range(CHANGES):
                    yield source.changed(value)

    @cached_property
    def _sources(self) -> list[RandomInstances]:
        return [RandomInstances(document, seed="any will do") for document in (self.theirs, self.ours)]


def test_each_revision_has_a_schema() -> None:
    assert [revision.date for revision in REVISIONS] == DATES


@EACH_REVISION
def test_the_same_types_are_defined(revision: str) -> None:
    assert schemas.definitions(revision) == types_of(published(revision)).keys()


@EACH_REVISION
def test_the_examples_made_here_are_valid(revision: str) -> None:
    ours, theirs = schemas.document(revision), reconciled(revision)
    for document in (ours, theirs):
        for definition in types_of(theirs):
            made = examples(types_of(document)[definition], types_of(document))
            assert made, definition
            for value in made:
                assert judge(theirs, definition).is_valid(value), (definition, value)
                assert schemas.is_valid(revision, definition, value), (definition, value)


@EACH_REVISION
def test_the_schemas_use_only_keywords_from_which_values_are_made(revision: str) -> None:
    for document in (schemas.document(revision), published(revision)):
        for definition in types_of(document).values():
            for _, rule in subschemas(definition):
                assert rule.keys() <= KEYWORDS
                if rule.keys() & {"$ref", "anyOf", "allOf"}:
                    assert len(rule.keys() - {"description"}) == 1, "values are made from one of these keywords only"


@EACH_REVISION
def test_verdicts_are_those_of_the_published_schema(
    revision: str, record_property: Callable[[str, object], None]
) -> None:
    comparison = Comparison(schemas.document(revision), reconciled(revision))
    definitions = sorted(types_of(comparison.theirs))
    disagreements = [found for name in definitions if (found := comparison.disagreement(name))]
    assert not disagreements, "\n".join(disagreements)
    record_property("values on which the schemas were compared", comparison.compared)
    assert comparison.compared > 2_000 * len(definitions)
    assert comparison.accepted > comparison.compared / 10
    assert comparison.accepted < comparison.compared / 2


@pytest.mark.parametrize(
    ("revision", "difference"),
    [(revision, difference) for difference in DIFFERENCES for revision in difference.revisions],
    ids=[f"{revision}-{difference.definition}" for difference in DIFFERENCES for revision in difference.revisions],
)
def test_each_intended_difference_is_one(revision: str, difference: Difference) -> None:
    theirs = judge(published(revision), difference.definition)
    for value in difference.values:
        assert schemas.is_valid(revision, difference.definition, value) == (difference.accepted_by == "us")
        assert theirs.is_valid(value) == (difference.accepted_by == "them")


# The names on which other code hangs rules

HELPERS = {"byte": "base64", "uri": "uri", "uri-template": "uriTemplate"}


def names_at_places(document: Schema, definition: str) -> Iterator[tuple[Place, str]]:
    """Each place in values of a definition, and the names of definitions and the formats that rule there.

    A type that has a name in the specification is not entered: it is looked at by itself.
    """
    types = types_of(document)

    def inside(rule: Schema, place: Place) -> Iterator[tuple[Place, str]]:
        if "$ref" in rule:
            name = target(rule)
            yield place, name
            if name[0].islower():
                yield from inside(types[name], place)
        elif "format" in rule:
            yield place, HELPERS[rule["format"]]
        elif place[-1:] == ("_meta",):
            yield place, "requestMeta" if "properties" in rule else "meta"
        for keyword in ("items", "additionalProperties"):
            if isinstance(rule.get(keyword), dict):
                yield from inside(rule[keyword], (*place, keyword))
        for name, member in rule.get("properties", {}).items():
            yield from inside(member, (*place, name))
        for branch in (*rule.get("anyOf", ()), *rule.get("allOf", ())):
            yield from inside(branch, place)

    yield from inside(types[definition], ())


@EACH_REVISION
def test_encoded_texts_and_metadata_go_by_the_names_that_rules_hang_on(revision: str) -> None:
    ours, theirs = schemas.document(revision), published(revision)
    for helper in HELPERS.values():
        assert types_of(ours)[helper]["type"] == "string"
    seen = set()
    for definition in types_of(theirs):
        named = set(names_at_places(ours, definition))
        for place, name in names_at_places(theirs, definition):
            if name in HELPERS.values() or place[-1:] == ("_meta",):
                assert (place, name) in named, f"{definition}: {name} has another name at {place}"
                seen.add(name)
    assert seen >= {*HELPERS.values()}
    assert any("meta" in name.lower() for name in seen)


# What the comparison sees: each kind of tampering with ours, wherever in the schema it can be done

Tamper = Callable[[Schema], Iterator[Schema]]


def without(items: list[Any]) -> Iterator[list[Any]]:
    for index in range(len(items)):
        yield [*items[:index], *items[index + 1 :]]


def a_member_need_not_be_there(rule: Schema) -> Iterator[Schema]:
    for fewer in without(rule.get("required", [])):
        yield {**rule, "required": fewer}


def a_member_must_be_there(rule: Schema) -> Iterator[Schema]:
    required = rule.get("required", [])
    for name in rule.get("properties", {}).keys() - required:
        yield {**rule, "required": [*required, name]}


def a_member_has_no_rule(rule: Schema) -> Iterator[Schema]:
    members = rule.get("properties", {})
    for name in members:
        if members[name]:
            yield {**rule, "properties": {**members, name: {}}}


def a_member_has_a_rule_too_many(rule: Schema) -> Iterator[Schema]:
    if "properties" in rule:
        yield {**rule, "properties": {**rule["properties"], "surplus": {"type": "string"}}}


def no_members_may_be_added(rule: Schema) -> Iterator[Schema]:
    if "properties" in rule and "additionalProperties" not in rule:
        yield {**rule, "additionalProperties": False}


def items_and_values_have_no_rule(rule: Schema) -> Iterator[Schema]:
    for keyword in rule.keys() & {"items", "additionalProperties"}:
        yield {**rule, keyword: {}}


def a_type_is_wider(rule: Schema) -> Iterator[Schema]:
    if "type" in rule:
        kinds = [rule["type"]] if isinstance(rule["type"], str) else rule["type"]
        yield {**rule, "type": [*kinds, "null"] if "null" not in kinds else [*kinds, "array"]}
        if "integer" in kinds:
            yield {**rule, "type": [*kinds, "number"]}


def a_type_is_narrower(rule: Schema) -> Iterator[Schema]:
    kinds = rule.get("type", "")
    if isinstance(kinds, list):
        yield from ({**rule, "type": fewer} for fewer in without(kinds))
    elif kinds == "number":
        yield {**rule, "type": "integer"}


def a_constant_is_missing_or_new(rule: Schema) -> Iterator[Schema]:
    if "const" in rule:
        yield {**rule, "const": "x"}
        yield {key: kept for key, kept in rule.items() if key != "const"}
    if "enum" in rule:
        yield from ({**rule, "enum": fewer} for fewer in without(rule["enum"]))
        yield {**rule, "enum": [*rule["enum"], "x"]}


def a_bound_is_moved(rule: Schema) -> Iterator[Schema]:
    for keyword in rule.keys() & {"minimum", "maximum", "maxItems"}:
        yield {**rule, keyword: rule[keyword] + 1}
        yield {**rule, keyword: rule[keyword] - 1}


def a_branch_is_missing(rule: Schema) -> Iterator[Schema]:
    for keyword in rule.keys() & {"anyOf", "allOf"}:
        yield from ({**rule, keyword: fewer} for fewer in without(rule[keyword]))


def another_type_is_referred_to(rule: Schema) -> Iterator[Schema]:
    if "$ref" in rule:
        yield {"$ref": "#/$defs/" + ("Role" if target(rule) != "Role" else "LoggingLevel")}


TAMPERINGS: tuple[Tamper, ...] = (
    a_member_need_not_be_there,
    a_member_must_be_there,
    a_member_has_no_rule,
    a_member_has_a_rule_too_many,
    no_members_may_be_added,
    items_and_values_have_no_rule,
    a_type_is_wider,
    a_type_is_narrower,
    a_constant_is_missing_or_new,
    a_bound_is_moved,
    a_branch_is_missing,
    another_type_is_referred_to,
)
IDLE_BRANCHES = {
    "ClientResult": "the first branch, Result, takes every object",
    "ServerResult": "the first branch, Result, takes every object",
    "JSONRPCMessage": "a request is also a notification, with an id for an additional member",
}


def tampered(document: Schema, tamper: Tamper) -> Iterator[tuple[str, Schema]]:
    """The names of definitions, and the document with one of them tampered with."""
    for name, definition in types_of(document).items():
        for place, rule in subschemas(definition):
            for changed in tamper(rule):
                yield name, edited(document, ("$defs", name, *place), lambda _, changed=changed: changed)


def types_with(document: Schema, name: str) -> set[str]:
    """The types of the specification that the definition `name` is, or is a part of by reference."""
    if name[0].isupper():
        return {name}
    users = [user for user, rules in types_of(document).items() if name in references(rules)]
    return {kind for user in users for kind in types_with(document, user)}


def references(definition: Schema) -> set[str]:
    return {target(rule) for _, rule in subschemas(definition) if "$ref" in rule}


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda tamper: tamper.__name__)
def test_the_comparison_sees_each_tampering(tamper: Tamper) -> None:
    ours, theirs = schemas.document("2025-06-18"), reconciled("2025-06-18")
    done, unseen = 0, []
    for name, document in tampered(ours, tamper):
        done += 1
        comparison = Comparison(document, theirs)
        if not any(map(comparison.disagreement, sorted(types_with(ours, name)))):
            unseen.append(name)
    assert done
    idle = IDLE_BRANCHES if tamper in (a_branch_is_missing, another_type_is_referred_to) else {}
    assert {*unseen} <= idle.keys()
