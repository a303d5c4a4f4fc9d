"""Which type of the specification governs which place in a value.

A schema says whether a value is right. What else is known of a place (that it is base64, that these members belong
there) has to be hung on the type that the schema gives it. `places` walks a value and its definition side by side.
Where the definition offers a choice, the branch is taken that the value fits, or else the one whose tag it bears; where
no branch can be told, the walk ends.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jsonschema_rs

from mcp_conformance import schemas
from mcp_conformance.violations import Path, sane

_KINDS: dict[type, str] = {
    str: "string", list: "array", dict: "object", bool: "boolean", type(None): "null", int: "integer",
}  # fmt: skip
_DEEPEST = 60  # no message of the protocol nests half as deep; what lies deeper is a server's own data

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a value.

    `types` are the names of the definitions that govern it, the widest first, such as
    ``("ContentBlock", "ImageContent")``; lower-case ones, such as ``base64``, are names of our own. `members` are the
    members that the specification knows there with their schemas, `required` those that must be there; both are empty
    where the value is no object, or where its members are not the specification's to name.
    """

    path: Path
    types: tuple[str, ...]
    value: object
    members: Mapping[str, Schema] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    choice: bool = True
    """False: no branch of the definition could be told, so nothing is known of what lies inside."""


def places(revision: str, definition: str, value: object) -> list[Place]:
    """Every place of the JSON value `value` that `definition` of `revision` reaches, outer ones first.

    Raises `LookupError` for unknown names only.
    """
    found: list[Place] = []
    _walk(found, (), revision, {"$ref": f"#/$defs/{definition}"}, value)
    return found


@dataclass(slots=True)
class _Rules:
    """What a schema says of one place, with its references followed and its parts put together."""

    types: list[str] = field(default_factory=list)
    members: dict[str, tuple[str, Schema]] = field(default_factory=dict)  # with the document that each stands in
    required: set[str] = field(default_factory=set)
    others: tuple[str, Schema] | None = None
    items: tuple[str, Schema] | None = None
    choice: bool = True


def _walk(found: list[Place], path: Path, document: str, schema: Schema, value: object) -> None:
    rules = _Rules()
    _gather(rules, document, schema, value)
    is_object = isinstance(value, dict)
    members = {name: member for name, (_, member) in rules.members.items()} if is_object else {}
    required = frozenset(rules.required) if is_object else frozenset()
    found.append(Place(path, tuple(rules.types), value, members, required, rules.choice))
    if len(path) >= _DEEPEST:
        return
    if isinstance(value, dict):
        for name, item in value.items():
            if (rule := rules.members.get(name) or rules.others) is not None:
                _walk(found, (*path, name), *rule, item)
    elif isinstance(value, list) and rules.items is not None:
        for index, item in enumerate(value):
            _walk(found, (*path, index), *rules.items, item)


def _gather(rules: _Rules, document: str, schema: Schema, value: object) -> None:
    reference = schema.get("$ref")
    if isinstance(reference, str):
        document, name, target = _follow(document, reference)
        rules.types.append(name)
        _gather(rules, document, target, value)
    for part in schema.get("allOf", ()):
        _gather(rules, document, part, value)
    for name, member in schema.get("properties", {}).items():
        # A type that narrows a member says more of it than the type that it extends.
        rules.members[name] = (document, member)
    rules.required.update(schema.get("required", ()))
    if isinstance(schema.get("additionalProperties"), dict):
        rules.others = (document, schema["additionalProperties"])
    if isinstance(schema.get("items"), dict):
        rules.items = (document, schema["items"])
    branches = schema.get("anyOf") or schema.get("oneOf")
    if branches:
        branch = _branch(document, branches, value)
        if branch is None:
            rules.choice = False
        else:
            _gather(rules, document, branch, value)


def _branch(document: str, branches: Sequence[Schema], value: object) -> Schema | None:
    """The branch of a choice that the value fits; else the only one whose tag it bears, or that has its JSON type."""
    for branch in branches:
        if _fits(document, branch, value):
            return branch
    alike = [branch for branch in branches if _looks_like(document, branch, value)]
    return alike[0] if len(alike) == 1 else None


def _fits(document: str, branch: Schema, value: object) -> bool:
    reference = branch.get("$ref")
    if len(branch) == 1 and isinstance(reference, str):
        home, name, _ = _follow(document, reference)
        return schemas.is_valid(home, name, value)
    return bool(_inline(document, json.dumps(branch, sort_keys=True)).is_valid(sane(value)))


def _looks_like(document: str, branch: Schema, value: object) -> bool:
    rules = _Rules()
    for _ in range(8):
        if not isinstance(branch.get("$ref"), str):
            break
        document, _, branch = _follow(document, branch["$ref"])
    if not isinstance(value, dict):
        kinds = branch.get("type", ())
        return _kind(value) in ([kinds] if isinstance(kinds, str) else kinds)
    if branch.get("type") not in ("object", None) or "anyOf" in branch:
        return False
    _gather(rules, document, branch, None)
    tags = {name: member["const"] for name, (_, member) in rules.members.items() if "const" in member}
    return all(
        value.get(name) == constant for name, constant in tags.items() if name in rules.required or name in value
    )


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "number")


def _follow(document: str, reference: str) -> tuple[str, str, Schema]:
    """The document, the name and the rules of the definition that a reference in `document` means."""
    uri, _, pointer = reference.partition("#")
    home = uri.rpartition(":")[2] or document
    name = pointer.rpartition("/")[2]
    return home, name, schemas.document(home)["$defs"][name]


@cache
def _inline(document: str, branch: str) -> jsonschema_rs.Draft202012Validator:
    schema = {**schemas.bundle(document), **json.loads(branch)}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=False)
