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
    _walk(found, (), _definition(revision, definition), value)
    return found


@dataclass(slots=True)
class _Rules:
    """What a schema says of one place, with its references followed and its parts put together."""

    types: tuple[str, ...] = ()
    members: dict[str, "_Node"] = field(default_factory=dict)
    schemas: dict[str, Schema] = field(default_factory=dict)
    """Those of the members."""
    required: frozenset[str] = frozenset()
    others: "_Node | None" = None
    items: "_Node | None" = None
    chosen: bool = False
    """It is about one value: a choice was made by it."""
    choice: bool = True

    def add(self, other: "_Rules") -> None:
        """Put in what another part of the schema says. A type that narrows a member says more of it than the type that
        it extends, and comes later."""
        self.types += other.types
        self.members |= other.members
        self.schemas |= other.schemas
        self.required |= other.required
        self.others = other.others or self.others
        self.items = other.items or self.items
        self.chosen = self.chosen or other.chosen
        self.choice = self.choice and other.choice


class _Node:
    """A place in a schema. Its rules are worked out once, unless they depend on the value."""

    __slots__ = ("_document", "_fixed", "_schema")

    def __init__(self, document: str, schema: Schema) -> None:
        self._document, self._schema = document, schema
        self._fixed: _Rules | None = None

    def rules(self, value: object) -> _Rules:
        if self._fixed is not None:
            return self._fixed
        made = _gather(self._document, self._schema, value)
        if not made.chosen:
            self._fixed = made
        return made


@cache
def _definition(document: str, name: str) -> _Node:
    return _Node(document, {"$ref": f"#/$defs/{name}"})


@cache
def _target(document: str, name: str) -> _Node:
    """What stands behind the name."""
    return _Node(document, schemas.document(document)["$defs"][name])


_NO_MEMBERS: Mapping[str, Schema] = {}
_NONE: frozenset[str] = frozenset()


def _walk(found: list[Place], path: Path, node: _Node, value: object) -> None:
    rules = node.rules(value)
    if isinstance(value, dict):
        found.append(Place(path, rules.types, value, rules.schemas, rules.required, rules.choice))
        if len(path) < _DEEPEST:
            for name, item in value.items():
                if (below := rules.members.get(name) or rules.others) is not None:
                    _walk(found, (*path, name), below, item)
        return
    found.append(Place(path, rules.types, value, _NO_MEMBERS, _NONE, rules.choice))
    if isinstance(value, list) and rules.items is not None and len(path) < _DEEPEST:
        for index, item in enumerate(value):
            _walk(found, (*path, index), rules.items, item)


def _gather(document: str, schema: Schema, value: object) -> _Rules:
    rules = _Rules()
    reference = schema.get("$ref")
    if isinstance(reference, str):
        home, name, _ = _follow(document, reference)
        rules.types = (name,)
        rules.add(_target(home, name).rules(value))
    for part in schema.get("allOf", ()):
        rules.add(_gather(document, part, value))
    own: dict[str, Schema] = schema.get("properties", {})
    rules.members |= {name: _Node(document, member) for name, member in own.items()}
    rules.schemas |= own
    rules.required |= frozenset(schema.get("required", ()))
    if isinstance(schema.get("additionalProperties"), dict):
        rules.others = _Node(document, schema["additionalProperties"])
    if isinstance(schema.get("items"), dict):
        rules.items = _Node(document, schema["items"])
    branches = schema.get("anyOf") or schema.get("oneOf")
    if branches:
        rules.chosen = True
        branch = _branch(document, branches, value)
        if branch is None:
            rules.choice = False
        else:
            rules.add(_gather(document, branch, value))
    return rules


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
    for _ in range(8):
        if not isinstance(branch.get("$ref"), str):
            break
        document, _, branch = _follow(document, branch["$ref"])
    if not isinstance(value, dict):
        kinds = branch.get("type", ())
        return _kind(value) in ([kinds] if isinstance(kinds, str) else kinds)
    if branch.get("type") not in ("object", None) or "anyOf" in branch:
        return False
    rules = _gather(document, branch, None)
    tags = {name: member["const"] for name, member in rules.schemas.items() if "const" in member}
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
