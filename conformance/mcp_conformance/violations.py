"""From a validator's errors to sentences about the value: where it is wrong, what is expected there, what stood there.

A validator reports the failure of a union (`anyOf`, `oneOf`) as the failures of all its branches. A reader wants the
one branch that the sender meant. It is chosen by the JSON type of the value, then by its tag (a member to which the
branches give different constants, such as `type` of a content block), then by the required members that are there.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

MOST_VIOLATIONS = 100
"""How many violations of one value are described at most: the sender chooses how many there are."""

_GOT_LENGTH = 80
_LONGEST_CHAIN = 8  # of references that lead to references
_DEEPEST = 100  # far deeper than any schema of the protocol looks
_LARGEST = 1e308
_KINDS = {
    "array": "an array",
    "boolean": "true or false",
    "integer": "an integer",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}
_LIMITS = {
    "minimum": "a number of at least {}",
    "maximum": "a number of at most {}",
    "exclusiveMinimum": "a number greater than {}",
    "exclusiveMaximum": "a number less than {}",
    "multipleOf": "a multiple of {}",
    "minLength": "a string of length {} or more",
    "maxLength": "a string of length {} or less",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "minProperties": "at least {} members",
    "maxProperties": "at most {} members",
    "pattern": "a string that matches the pattern {}",
    "format": "a string of the format {}",
    "uniqueItems": "items that all differ",
    "unevaluatedProperties": "no members but those that the schema names",
    "unevaluatedItems": "no items but those that the schema names",
    "not": "a value that does not fit {}",
}

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Violation:
    """One place at which a value breaks a schema.

    `at` is a JSON Pointer into the value (RFC 6901; a missing member has the pointer that it would have), `rule` the
    keyword that failed, or `unknown-kind` if no branch of a union has the value's tag. `expected` completes "expected
    …", `got` is the value found there as JSON, cut short, or `nothing`.
    """

    at: str
    rule: str
    expected: str
    got: str


class Error(Protocol):
    """What is used of `jsonschema.ValidationError`."""

    @property
    def validator(self) -> Any: ...
    @property
    def validator_value(self) -> Any: ...
    @property
    def instance(self) -> Any: ...
    @property
    def schema(self) -> Any: ...
    @property
    def context(self) -> Any: ...
    @property
    def relative_path(self) -> Any: ...
    @property
    def absolute_path(self) -> Any: ...
    @property
    def relative_schema_path(self) -> Any: ...
    @property
    def absolute_schema_path(self) -> Any: ...


def describe(errors: Iterator[Error], root: object) -> list[Violation]:
    """The violations behind `errors`, one a place, in the order of the places.

    `root` is the schema that was broken. References are followed within it, and into the documents that its `$defs`
    embed under their URIs.
    """
    found: dict[Path, Violation] = {}
    for error in islice(errors, MOST_VIOLATIONS):
        for path, violation in _violations(error, root):
            found.setdefault(path, violation)
    ordered = sorted(found, key=lambda path: [(isinstance(step, str), step) for step in path])
    return [found[path] for path in ordered]


def sane(value: object, depth: int = _DEEPEST) -> object:
    """A copy of a JSON value that no validator stumbles over, and that the protocol's schemas judge as they do `value`.

    Lone surrogates become escapes, numbers beyond the range of a double (which parse to infinities) a large one within
    it, and what lies deeper than `depth` is emptied.
    """
    if isinstance(value, str):
        return _printable(value)
    if isinstance(value, list):
        return [sane(item, depth - 1) for item in value] if depth else []
    if isinstance(value, dict):
        return {_printable(str(key)): sane(item, depth - 1) for key, item in value.items()} if depth else {}
    if isinstance(value, int | float) and not -_LARGEST <= value <= _LARGEST:
        return None if value != value else _LARGEST if value > 0 else -_LARGEST  # NaN (unlike itself) is no JSON
    return value


def render(value: object, length: int = _GOT_LENGTH) -> str:
    """`value` as JSON on one line, cut to `length` characters; only as much of it is rendered as is shown."""
    text = ""
    for chunk in json.JSONEncoder(ensure_ascii=False).iterencode(value):
        text += chunk
        if len(text) > length:
            return _printable(text[: length - 1]) + "…"
    return _printable(text)


def pointer(path: Sequence[str | int]) -> str:
    """`path` as a JSON Pointer (RFC 6901); the empty string is the whole value."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def _printable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def _alternatives(words: Sequence[str]) -> str:
    words = list(dict.fromkeys(words))
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _one_of(values: Sequence[object]) -> str:
    words = list(dict.fromkeys(render(value) for value in values))
    return words[0] if len(words) == 1 else "one of " + ", ".join(words)


def _violations(error: Error, root: object) -> Iterator[tuple[Path, Violation]]:
    path: Path = tuple(error.absolute_path)
    rule, limit, value = error.validator, error.validator_value, error.instance
    if rule in ("anyOf", "oneOf") and error.context:
        yield from _Union(error, root).violations()
    elif rule == "required" and isinstance(limit, list) and isinstance(value, dict):
        yield from _missing(path, [member for member in limit if member not in value])
    else:
        yield path, Violation(pointer(path), str(rule or "false"), _expectation(error), render(value))


def _missing(path: Path, members: Sequence[str]) -> Iterator[tuple[Path, Violation]]:
    for member in members:
        place = (*path, member)
        yield place, Violation(pointer(place), "required", f"member {render(member)}", "nothing")


def _expectation(error: Error) -> str:
    rule, limit = error.validator, error.validator_value
    if rule is None:
        return "nothing here"
    if rule == "type":
        return _alternatives(_kinds(error))
    if rule == "const":
        return render(limit)
    if rule == "enum":
        return _one_of(limit)
    if rule == "additionalProperties" and limit is False and isinstance(error.schema, dict):
        if error.schema.get("patternProperties"):
            return "no members but those that the schema names"
        known = error.schema.get("properties")
        return "no members but " + ", ".join(map(render, known)) if known else "no members"
    if rule == "oneOf":
        return f"a value that fits exactly one of {len(limit)} schemas"
    if rule == "dependentRequired" and isinstance(limit, dict):
        return "the members that others need: " + render(limit)
    if rule in _LIMITS:
        return _LIMITS[rule].format(render(limit))
    return f"a value that fits {render({rule: limit})}"


def _kinds(error: Error) -> list[str]:
    kinds = error.validator_value
    return [_KINDS.get(kind, str(kind)) for kind in ([kinds] if isinstance(kinds, str) else kinds)]


@dataclass
class _Branch:
    schema: Mapping[str, Any]  # with its reference followed; empty if it leads out of the document
    errors: list[Error] = field(default_factory=list)

    def constants(self, member: str) -> list[object] | None:
        """The values that the branch allows `member`, or None if it does not list them."""
        rules = (self.schema.get("properties") or {}).get(member)
        if not isinstance(rules, dict):
            return None
        return [rules["const"]] if "const" in rules else rules.get("enum")

    def requires(self) -> list[str]:
        required = self.schema.get("required")
        return required if isinstance(required, list) else []

    def here(self, *rules: str) -> list[Error]:
        """The errors about the value itself, not about something inside it."""
        return [error for error in self.errors if error.validator in rules and not error.relative_path]


class _Union:
    """A failed `anyOf` or `oneOf`, and the search for the branch that was meant."""

    def __init__(self, error: Error, root: object) -> None:
        self.path: Path = tuple(error.absolute_path)
        self.value = error.instance
        self.root = root
        document = _document_of(error, root)
        self.branches = [_Branch(_follow(schema, document, root)) for schema in error.validator_value]
        for cause in error.context:
            self.branches[cause.relative_schema_path[0]].errors.append(cause)

    def violations(self) -> Iterator[tuple[Path, Violation]]:
        right_kind = [branch for branch in self.branches if not branch.here("type")]
        if not right_kind:
            kinds = [kind for branch in self.branches for error in branch.here("type") for kind in _kinds(error)]
            yield self._here("type", _alternatives(kinds))
            return
        if all(branch.here("const", "enum") for branch in right_kind):
            values = [value for branch in right_kind for value in _listed(branch.here("const", "enum")[0])]
            yield self._here("enum", _one_of(values))
            return
        if not isinstance(self.value, dict):
            yield from self._explain(min(right_kind, key=lambda branch: len(branch.errors)))
            return
        for tag in _tags(right_kind):
            matching = [branch for branch in right_kind if self._has_tag(branch, tag)]
            if not matching:
                yield self._wrong_tag(tag, right_kind)
                return
            right_kind = matching
        yield from self._nearest(right_kind)

    def _here(self, rule: str, expected: str) -> tuple[Path, Violation]:
        return self.path, Violation(pointer(self.path), rule, expected, render(self.value))

    def _has_tag(self, branch: _Branch, tag: str) -> bool:
        constants = branch.constants(tag)
        if constants is None:
            return True
        return self.value[tag] in constants if tag in self.value else tag not in branch.requires()

    def _wrong_tag(self, tag: str, branches: Sequence[_Branch]) -> tuple[Path, Violation]:
        place = (*self.path, tag)
        words = _one_of([value for branch in branches for value in branch.constants(tag) or ()])
        if tag not in self.value:
            return place, Violation(pointer(place), "required", f"member {render(tag)}, {words}", "nothing")
        return place, Violation(pointer(place), "unknown-kind", words, render(self.value[tag]))

    def _nearest(self, branches: Sequence[_Branch]) -> Iterator[tuple[Path, Violation]]:
        """Explains the branch with the fewest missing and then the most known members; says so if several are."""

        def missing(branch: _Branch) -> list[str]:
            return [member for member in branch.requires() if member not in self.value]

        def distance(branch: _Branch) -> tuple[int, int]:
            return len(missing(branch)), -len(self.value.keys() & (branch.schema.get("properties") or {}).keys())

        least = min(map(distance, branches))
        nearest = [branch for branch in branches if distance(branch) == least]
        common = [member for member in missing(nearest[0]) if all(member in missing(branch) for branch in nearest)]
        choices = [member for branch in nearest for member in missing(branch) if member not in common]
        if len(nearest) == 1 or not choices:
            yield from self._explain(min(nearest, key=lambda branch: len(branch.errors)))
            return
        yield from _missing(self.path, common)
        yield self._here("required", _alternatives([f"member {render(member)}" for member in choices]))
        shared = [tuple(error.relative_path) for error in nearest[-1].errors if error.relative_path]
        for error in nearest[0].errors:
            if tuple(error.relative_path) in shared:
                yield from _violations(error, self.root)

    def _explain(self, branch: _Branch) -> Iterator[tuple[Path, Violation]]:
        for error in branch.errors:
            yield from _violations(error, self.root)


def _listed(error: Error) -> list[object]:
    return [error.validator_value] if error.validator == "const" else error.validator_value


def _tags(branches: Sequence[_Branch]) -> list[str]:
    """The members to which at least two branches give constants, not all the same."""
    members = dict.fromkeys(member for branch in branches for member in branch.schema.get("properties") or ())
    tags = []
    for member in members:
        constants = [values for branch in branches if (values := branch.constants(member)) is not None]
        if any(values != constants[0] for values in constants):
            tags.append(member)
    return tags


def _follow(schema: object, document: object, root: object) -> Mapping[str, Any]:
    """The schema behind references, as far as they can be followed by pointer."""
    for _ in range(_LONGEST_CHAIN):
        if not isinstance(schema, dict):
            return {}
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return schema
        schema, document = _resolve(reference, document, root)
    return {}


def _document_of(error: Error, root: object) -> object:
    """The document whose schema failed: `root`, or one embedded in it. The path to the schema leaves out references."""
    schema, document = root, root
    for step in error.absolute_schema_path:
        for _ in range(_LONGEST_CHAIN):
            reference = _inside(schema, "$ref")
            if not isinstance(reference, str) or _inside(schema, step) is not None:
                break
            schema, document = _resolve(reference, document, root)
        schema = _inside(schema, step)
    return document


def _resolve(reference: str, document: object, root: object) -> tuple[object, object]:
    """What `reference` means in `document`, and in which document that is. A pointer into nothing means None."""
    uri, _, fragment = reference.partition("#")
    if uri:
        document = _inside(_inside(root, "$defs"), uri)
    if not fragment.startswith("/"):
        return None, document
    target = document
    for step in fragment[1:].split("/"):
        target = _inside(target, step.replace("~1", "/").replace("~0", "~"))
    return target, document


def _inside(value: object, step: object) -> object:
    """The member or item at `step`, or None."""
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return None
