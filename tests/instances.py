"""Values that a definition of a JSON Schema accepts, and values that nearly fit it, made from the schema itself.

`examples` and `near_misses` go through a definition in order: each alternative of each member, each thing wrong once.
`RandomInstances` mixes what those keep apart: many members wrong or missing at once, members and constants of other
definitions, deeper recursion. The same seed gives the same values.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from functools import partial, reduce
from typing import Any

Schema = Mapping[str, Any]
Place = tuple[str | int, ...]
"""From a value to one inside of it: the names of members and the indexes of items on the way."""

_CHOICES = frozenset({"$ref", "allOf", "anyOf", "const", "enum", "type"})
_CONTENTS = frozenset({"additionalProperties", "items", "properties", "required"})
_LIMITS = frozenset({"maximum", "maxItems", "minimum"})
_NO_RULES = frozenset({"description", "format"})  # no validator here looks at formats
KEYWORDS = _CHOICES | _CONTENTS | _LIMITS | _NO_RULES
"""What is understood here."""

PROBES: tuple[Any, ...] = (None, True, 0, -1, 0.5, 2, "x", [], ["x"], [1], [None], {}, {"x": 1}, {"type": "object"})
_ANYTHING: list[Any] = ["text", None, {"any": [1.5]}]
_NUMBERS = (7, 0.5, 1, 0)
_SIMPLE: dict[str, list[Any]] = {"string": ["text"], "boolean": [False], "null": [None]}


def types_of(document: Schema) -> dict[str, Any]:
    """The definitions of a document, whatever its draft calls them."""
    found: dict[str, Any] = document.get("$defs") or document["definitions"]
    return found


def subschemas(schema: Schema, at: Place = ()) -> Iterator[tuple[Place, Schema]]:
    """`schema` and all schemas written inside of it, with their places; references are not followed."""
    yield at, schema
    for keyword in ("items", "additionalProperties"):
        if isinstance(schema.get(keyword), dict):
            yield from subschemas(schema[keyword], (*at, keyword))
    for keyword in ("properties", "anyOf", "allOf"):
        for step, part in _inner(schema.get(keyword)):
            yield from subschemas(part, (*at, keyword, step))


def target(schema: Schema) -> str:
    """The name of the definition that `schema`, a reference, leads to."""
    name: str = schema["$ref"].rpartition("/")[2]
    return name


# In order


def examples(schema: Schema, types: Schema, within: tuple[str, ...] = ()) -> list[Any]:
    """Valid values, the richest first: each alternative of each member once, beside the first ones of the others.

    `within` names the definitions that are being expanded: none is expanded inside of itself.
    """
    if "$ref" in schema:
        name = target(schema)
        return [] if name in within else examples(types[name], types, (*within, name))
    if "const" in schema:
        return [schema["const"]]
    if "enum" in schema:
        return list(schema["enum"])
    if "anyOf" in schema:
        branches = [examples(branch, types, within) for branch in schema["anyOf"]]
        return [*(example for branch in branches for example in branch), *_only_in_one(branches)]
    if "allOf" in schema:
        parts = [examples(part, types, within) for part in schema["allOf"]]
        firsts = [part[0] for part in parts]
        chosen = [[*firsts[:at], other, *firsts[at + 1 :]] for at, part in enumerate(parts) for other in part]
        return [reduce(_merged, choice) for choice in chosen]
    return [example for kind in _kinds(schema) for example in _examples_of_kind(kind, schema, types, within)]


def _kinds(schema: Schema) -> list[str]:
    kinds = schema.get("type", ())
    return [kinds] if isinstance(kinds, str) else list(kinds) or ["anything"]


def _examples_of_kind(kind: str, schema: Schema, types: Schema, within: tuple[str, ...]) -> list[Any]:
    if kind == "anything":
        return _ANYTHING
    if kind in ("integer", "number"):
        return [number for number in _numbers(kind, schema) if _in_bounds(number, schema)][:3]
    if kind == "array":
        items = examples(schema.get("items", {}), types, within)
        longest = [items[:1] * schema["maxItems"]] if "maxItems" in schema else []
        return [[item] for item in items] + [[]] + longest
    if kind == "object":
        return _objects(schema, types, within)
    return _SIMPLE[kind]


def _numbers(kind: str, schema: Schema) -> list[Any]:
    bounds = [schema[bound] for bound in ("minimum", "maximum") if bound in schema]
    return [number for number in (*bounds, *_NUMBERS) if kind == "number" or isinstance(number, int)]


def _in_bounds(number: Any, schema: Schema) -> bool:
    return bool(schema.get("minimum", number) <= number <= schema.get("maximum", number))


def _objects(schema: Schema, types: Schema, within: tuple[str, ...]) -> list[Any]:
    required = schema.get("required", ())
    rules = {**{name: {} for name in required}, **schema.get("properties", {})}
    if isinstance(schema.get("additionalProperties"), dict):
        rules["other"] = schema["additionalProperties"]
    members = {name: found for name, rule in rules.items() if (found := examples(rule, types, within))}
    if any(name not in members for name in required):
        return []
    richest = {name: found[0] for name, found in members.items()}
    poorest = {name: richest[name] for name in required}
    return [richest, poorest] + [{**richest, name: value} for name, found in members.items() for value in found[1:]]


def _only_in_one(branches: list[list[Any]]) -> Iterator[Any]:
    """The richest object of each branch of a union, with members that are wrong in the branches that know them."""
    richest = [branch[0] for branch in branches if branch and isinstance(branch[0], dict)]
    wrong = {name: None for one in richest for name in one}
    return ({**wrong, **one} for one in richest)


def _merged(one: Any, other: Any) -> Any:
    """Both objects in one; where they differ, `other` holds."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return other
    return {**one, **{name: _merged(one[name], value) if name in one else value for name, value in other.items()}}


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
        if value and isinstance(value[0], str):
            yield value[:1] * 101
        for index, item in enumerate(value):
            for changed in near_misses(item, depth - 1):
                yield [*value[:index], changed, *value[index + 1 :]]


# At random


class RandomInstances:
    """Random values of the definitions of a document, and random changes of values."""

    def __init__(self, document: Schema, seed: str) -> None:
        self._types = types_of(document)
        self._random = random.Random(seed)  # of a string: the same in each process
        rules = [rule for definition in self._types.values() for _, rule in subschemas(definition)]
        self._names = sorted({name for rule in rules for name in rule.get("properties", {})})
        constants = {text for rule in rules for text in (rule.get("const"), *rule.get("enum", ())) if text is not None}
        self._constants = sorted(constants, key=str)

    def instance(self, schema: Schema, depth: int = 7) -> Any:
        """A value that fits `schema`; as small as can be once `depth` is used up.

        Some mix two branches of a union, and may not fit it: members of the one need not suit the other.
        """
        while "$ref" in schema:
            schema = self._types[target(schema)]
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._random.choice(schema["enum"])
        if "anyOf" in schema:
            branch = self.instance(self._random.choice(schema["anyOf"]), depth - 1)
            return self._mixed(branch, schema, depth) if self._chance(0.2) else branch
        if "allOf" in schema:
            return reduce(_merged, [self.instance(part, depth) for part in schema["allOf"]])
        kind = self._random.choice(_kinds(schema))
        if kind == "object":
            return self._object(schema, depth - 1)
        if kind == "array":
            longest = min(schema.get("maxItems", 3), 3 if depth > 0 else 0)
            return [self.instance(schema.get("items", {}), depth - 1) for _ in range(self._random.randint(0, longest))]
        if kind in ("integer", "number"):
            numbers = [*_numbers(kind, schema), -2, 10**6, *([2.25] if kind == "number" else ())]
            return self._random.choice([number for number in numbers if _in_bounds(number, schema)])
        return self._anything(depth) if kind == "anything" else self._random.choice(_SIMPLE[kind])

    def changed(self, value: Any) -> Any:
        """`value` with one to three things changed, anywhere in it."""
        for _ in range(self._random.choice((1, 1, 2, 3))):
            place = self._random.choice(list(_places(value)))
            value = edited(value, place, self._other)
        return value

    def _mixed(self, branch: Any, schema: Schema, depth: int) -> Any:
        return _merged(branch, self.instance(self._random.choice(schema["anyOf"]), depth - 1))

    def _object(self, schema: Schema, depth: int) -> dict[str, Any]:
        rules, required = schema.get("properties", {}), schema.get("required", ())
        share = self._random.choice((0.1, 0.5, 0.9)) if depth > 0 else 0
        names = [name for name in {**dict.fromkeys(required), **rules} if name in required or self._chance(share)]
        found = {name: self.instance(rules.get(name, {}), depth) for name in names}
        if self._chance(share / 3) and (name := self._random.choice(self._names)) not in rules:
            others = schema.get("additionalProperties")
            found[name] = self.instance(others if isinstance(others, dict) else {}, depth)
        return found

    def _other(self, value: Any) -> Any:
        if isinstance(value, dict) and self._chance(0.7):
            return self._other_object(value)
        if isinstance(value, list) and self._chance(0.7):
            kept = [item for item in value if self._chance(0.8)]
            return [*kept, self._anything()] if self._chance(0.4) else [*kept, *kept[:1]]
        if isinstance(value, int | float) and self._chance(0.5):
            return self._random.choice((value - 1, value + 1, -value, value + 0.5, float(value)))
        return self._anything()

    def _other_object(self, value: dict[str, Any]) -> dict[str, Any]:
        name, another = self._random.choice([*value, "x"]), self._random.choice(self._names)
        rest = {key: kept for key, kept in value.items() if key != name}
        return self._random.choice((rest, {**value, another: self._anything()}, {**rest, another: value.get(name)}))

    def _anything(self, depth: int = 4) -> Any:
        if depth > 0 and self._chance(0.2):
            return self.instance(self._random.choice(list(self._types.values())), depth - 1)
        return self._random.choice(self._constants if self._chance(0.3) else PROBES)

    def _chance(self, share: float) -> bool:
        return self._random.random() < share


def _places(value: Any, at: Place = ()) -> Iterator[Place]:
    yield at
    for step, inner in _inner(value):
        yield from _places(inner, (*at, step))


def _inner(value: Any) -> list[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def edited(value: Any, place: Place, edit: Callable[[Any], Any]) -> Any:
    """A copy of the JSON value `value` with `edit` applied at `place`."""
    if not place:
        return edit(value)
    copy = value.copy()
    copy[place[0]] = edited(value[place[0]], place[1:], edit)
    return copy


def replaced(value: Any, place: Place, instead: Any) -> Any:
    """A copy of the JSON value `value` with `instead` at `place`."""
    return edited(value, place, lambda _: instead)


def smallest(value: Any, still: Callable[[Any], bool]) -> Any:
    """`value` without the members and items that are not needed for `still` to hold."""
    for place in sorted(_places(value), key=len):
        for step, _ in reversed(_inner(_at(value, place))):
            less = edited(value, place, partial(_without, step))
            if still(less):
                return smallest(less, still)
    return value


def _at(value: Any, place: Place) -> Any:
    for step in place:
        value = value[step]
    return value


def _without(step: str | int, value: Any) -> Any:
    copy = value.copy()
    del copy[step]
    return copy
