"""Our schemas accept and refuse what the published ones do, except for the differences that stand here with a reason.

The published files are not ours to carry. They are looked for beside the checkout, or where the environment variable
MCP_PUBLISHED_SCHEMAS says: a directory with `<revision>/schema.json`.
"""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

import jsonschema_rs
import pytest
from instances import (
    KEYWORDS,
    Place,
    RandomInstances,
    Schema,
    examples,
    near_misses,
    replaced,
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

RANDOM_VALUES = 100  # of each definition from either schema
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
            document = replaced(document, place, difference.instead)
    return document


def key_of(document: Schema) -> str:
    return "$defs" if "$defs" in document else "definitions"


def judge(document: Schema, definition: str) -> Any:
    key = key_of(document)
    validator = jsonschema_rs.Draft202012Validator if key == "$defs" else jsonschema_rs.Draft7Validator
    return validator({**document, "$ref": f"#/{key}/{definition}"}, validate_formats=False)


@cache
def reconciled_judge(revision: str, definition: str) -> Any:
    return judge(reconciled(revision), definition)


# The comparison


@dataclass
class Comparison:
    """A document of ours beside the published one: on how many values they were compared, how many of them fit."""

    ours: Schema
    revision: str
    compared: int = field(default=0, init=False)
    accepted: int = field(default=0, init=False)

    def disagreement(self, definition: str) -> str | None:
        """A value on which the two differ, made as small as it gets, and who accepts it; None if there is none."""
        ours, theirs = judge(self.ours, definition), reconciled_judge(self.revision, definition)
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
        for document in self._documents:
            good = examples(types_of(document)[definition], types_of(document))
            shallow = 2 if len(good) < 60 else 1 if len(good) < 200 else 0  # what lies deeper is compared by itself
            yield from good
            yield from near_misses(good[0], depth=8)
            for example in good[1:] if shallow else ():
                yield from near_misses(example, depth=shallow)
        for document, source in zip(self._documents, self._sources, strict=True):
            for _ in range(RANDOM_VALUES):
                value = source.instance(types_of(document)[definition])
                yield value
                for _ in range(CHANGES):
                    yield source.changed(value)

    @property
    def _documents(self) -> list[Schema]:
        return [reconciled(self.revision), self.ours]

    @cached_property
    def _sources(self) -> list[RandomInstances]:
        return [RandomInstances(document, seed="any will do") for document in self._documents]


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
            judged = reconciled_judge(revision, definition)
            made = examples(types_of(document)[definition], types_of(document))
            assert made, definition
            for value in made:
                assert judged.is_valid(value), (definition, value)
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
def test_verdicts_are_those_of_the_published_schema(revision: str) -> None:
    comparison = Comparison(schemas.document(revision), revision)
    definitions = sorted(schemas.definitions(revision))
    disagreements = [found for name in definitions if (found := comparison.disagreement(name))]
    assert not disagreements, "\n".join(disagreements)
    print(f"{comparison.compared} values were compared, {comparison.accepted} of them valid")  # -rP shows it
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

Tamper = Callable[[Schema], Iterator[tuple[object, Schema]]]
"""What is done to one rule, each time with another member, item or keyword, which is named."""


def less(rule: Schema, keyword: str) -> Iterator[tuple[object, Schema]]:
    """A rule that lists something, without each of its items in turn."""
    items = rule.get(keyword, ())
    for index in range(len(items)):
        yield f"{keyword} {index}", {**rule, keyword: [*items[:index], *items[index + 1 :]]}


def a_member_need_not_be_there(rule: Schema) -> Iterator[tuple[object, Schema]]:
    return less(rule, "required")


def a_member_must_be_there(rule: Schema) -> Iterator[tuple[object, Schema]]:
    required = rule.get("required", [])
    for name in rule.get("properties", {}).keys() - required:
        yield name, {**rule, "required": [*required, name]}


def a_member_has_no_rule(rule: Schema) -> Iterator[tuple[object, Schema]]:
    members = rule.get("properties", {})
    for name in members:
        if members[name]:
            yield name, {**rule, "properties": {**members, name: {}}}


def a_member_has_a_rule_too_many(rule: Schema) -> Iterator[tuple[object, Schema]]:
    if "properties" in rule:
        yield "surplus", {**rule, "properties": {**rule["properties"], "surplus": {"type": "string"}}}


def no_member_may_be_added(rule: Schema) -> Iterator[tuple[object, Schema]]:
    if "properties" in rule and "additionalProperties" not in rule:
        yield "additionalProperties", {**rule, "additionalProperties": False}


def what_is_inside_has_no_rule(rule: Schema) -> Iterator[tuple[object, Schema]]:
    for keyword in rule.keys() & {"items", "additionalProperties"}:
        yield keyword, {**rule, keyword: {}}


def a_type_is_wider(rule: Schema) -> Iterator[tuple[object, Schema]]:
    kinds = [rule["type"]] if isinstance(rule.get("type"), str) else rule.get("type", [])
    for kind in ("null", "number", "array") if kinds else ():
        if kind not in kinds:
            yield kind, {**rule, "type": [*kinds, kind]}


def a_type_is_narrower(rule: Schema) -> Iterator[tuple[object, Schema]]:
    if rule.get("type") == "number":
        yield "integer", {**rule, "type": "integer"}
    elif not isinstance(rule.get("type", ""), str):
        yield from less(rule, "type")


def a_constant_is_missing_or_new(rule: Schema) -> Iterator[tuple[object, Schema]]:
    yield from less(rule, "enum")
    if "enum" in rule:
        yield "x", {**rule, "enum": [*rule["enum"], "x"]}
    if "const" in rule:
        yield "x", {**rule, "const": "x"}
        yield "anything", {key: kept for key, kept in rule.items() if key != "const"}


def a_bound_is_moved(rule: Schema) -> Iterator[tuple[object, Schema]]:
    for keyword in rule.keys() & {"minimum", "maximum", "maxItems"}:
        for by in (-1, 1):
            yield by, {**rule, keyword: rule[keyword] + by}


def a_branch_is_missing(rule: Schema) -> Iterator[tuple[object, Schema]]:
    yield from less(rule, "anyOf")
    yield from less(rule, "allOf")


def a_reference_leads_elsewhere(rule: Schema) -> Iterator[tuple[object, Schema]]:
    if "$ref" in rule:
        other = "Role" if target(rule) != "Role" else "LoggingLevel"
        yield other, {**rule, "$ref": f"#/$defs/{other}"}


TAMPERINGS: tuple[Tamper, ...] = (
    a_member_need_not_be_there,
    a_member_must_be_there,
    a_member_has_no_rule,
    a_member_has_a_rule_too_many,
    no_member_may_be_added,
    what_is_inside_has_no_rule,
    a_type_is_wider,
    a_type_is_narrower,
    a_constant_is_missing_or_new,
    a_bound_is_moved,
    a_branch_is_missing,
    a_reference_leads_elsewhere,
)

WITHOUT_EFFECT = {
    "* a_branch_is_missing *Result anyOf [1-9]*": "the first branch is Result, which takes every object",
    "2025-11-25 a_branch_is_missing *Result anyOf 0": "Result is there twice, once as GetTaskPayloadResult",
    "* a_branch_is_missing JSONRPCMessage anyOf 0": "a request fits a notification; its id is an additional member",
    "* a_branch_is_missing JSONRPCBatchRequest items anyOf 0": "as above",
    "* a_branch_is_missing EnumSchema anyOf 4": "a legacy enumeration fits an untitled one",
    "* a_branch_is_missing PrimitiveSchemaDefinition anyOf 7": "as above",
    "* a_member_need_not_be_there * error allOf 1 required 0": "Error, the other part, requires the code too",
    "* a_type_is_wider * error allOf 1 [an]*": "Error, the other part, is an object too",
}
"""What no comparison can see, as patterns of the names given by `tampered`, and why."""


def tampered(document: Schema, tamper: Tamper) -> Iterator[tuple[str, str, Schema]]:
    """A name for what is done, the name of the definition that it is done to, and the document with it done."""
    for definition, rules in types_of(document).items():
        for place, rule in subschemas(rules):
            for what, changed in tamper(rule):
                name = " ".join(map(str, (tamper.__name__, definition, *place, what)))
                whole = replaced(document, ("$defs", definition, *place), changed)
                yield name, definition, whole


def types_with(document: Schema, definition: str) -> set[str]:
    """The specification's types that `definition` is, or that refer to it directly or by way of helpers."""
    if definition[0].isupper():
        return {definition}
    reference = {"$ref": f"#/$defs/{definition}"}
    users = [name for name, rules in types_of(document).items() if reference in (rule for _, rule in subschemas(rules))]
    return {kind for user in users for kind in types_with(document, user)}


@EACH_REVISION
@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda tamper: tamper.__name__)
def test_the_comparison_sees_each_tampering(tamper: Tamper, revision: str) -> None:
    ours = schemas.document(revision)
    seen: set[str] = set()
    unseen: set[str] = set()
    for name, definition, document in tampered(ours, tamper):
        name = f"{revision} {name}"
        comparison = Comparison(document, revision)
        found = any(map(comparison.disagreement, sorted(types_with(ours, definition))))
        (seen if found else unseen).add(name)
    assert seen
    assert unseen == {name for name in seen | unseen if any(fnmatchcase(name, idle) for idle in WITHOUT_EFFECT)}
