"""Good arguments for a tool that nobody explained: from hints, its schema, and values seen in the server's own answers.

The generator is modest on purpose: it looks for a few calls that are likely to be accepted, best first. Fuzzing is
another room.
"""

import contextlib
import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

from mcp_conformance import schemas
from mcp_conformance.jsonrpc import JSON

_MAX_DEPTH = 6
_LARGEST = 1e300
_MAX_VALUES = 500  # in the arguments of one call; a schema that refers to itself could ask for millions
_BY_FORMAT = {
    "date": "2025-01-15",
    "date-time": "2025-01-15T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "PT1H",
    "email": "someone@example.com",
    "hostname": "example.com",
    "ipv4": "127.0.0.1",
    "ipv6": "::1",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "uri-reference": "/",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "regex": ".*",
}
# What people mean by a name, where the schema says only "string". Tried before the plain word.
_BY_NAME: tuple[tuple[str, str], ...] = (
    # Marked, so that they are known again where they mustn't turn up.
    (r"passw|secret|credential|api_?key|(access|auth)_?token|^token$", "example-secret-7f3a91"),
    (r"phone", "+44 20 7946 0958"),
    (r"time_?zone|\btz\b", "Europe/London"),
    (r"time$", "12:00"),
    (r"date", "2025-01-15"),
    (r"url|uri|link|href", "https://example.com/"),
    (r"e-?mail", "someone@example.com"),
    (r"path|file|dir|folder", "."),
    (r"country", "GB"),
    (r"city|location|place", "London"),
    (r"lang", "en"),
)


class Pool:
    """Strings and numbers seen in the server's answers, by the name of the member that held them."""

    def __init__(self) -> None:
        self._values: dict[str, list[JSON]] = {}

    def add(self, value: JSON, name: str = "", depth: int = 0) -> None:
        """Take in an answer. JSON inside text is looked into."""
        if depth > 8:
            return
        if isinstance(value, dict):
            for key, inner in value.items():
                self.add(inner, key, depth + 1)
        elif isinstance(value, list):
            for inner in value[:50]:
                self.add(inner, name, depth + 1)
        elif isinstance(value, str) or _is_number(value):
            if isinstance(value, str) and value[:1] in ("{", "[") and len(value) < 200_000:
                with contextlib.suppress(ValueError, RecursionError):
                    self.add(json.loads(value), name, depth + 1)
            known = self._values.setdefault(_plain(name), [])
            if value not in known and len(known) < 5 and (not isinstance(value, str) or len(value) < 500):
                known.append(value)

    def get(self, name: str) -> list[JSON]:
        """What was seen under that name or its plural, oldest first."""
        plain = _plain(name)
        return self._values.get(plain, []) or self._values.get(plain.removesuffix("s"), [])


def _is_number(value: JSON) -> bool:
    """Whether this is a number to reckon with: text in answers may hold NaN, and one too long to read is infinite."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def candidates(schema: JSON, pool: Pool, hinted: list[dict[str, JSON]]) -> Iterator[dict[str, JSON]]:
    """Arguments worth a try, best first and without repetition; all of those not hinted at are valid against the
    schema."""
    tried: list[JSON] = []
    for arguments in itertools.chain(hinted, _generated(schema, pool)):
        if arguments not in tried:
            tried.append(arguments)
            yield arguments


def _generated(schema: JSON, pool: Pool) -> Iterator[dict[str, JSON]]:
    if not isinstance(schema, dict):
        return
    for choice in (0, 1, 2):
        for everything in (False, True):
            made = _Maker(schema, pool, choice).value(schema, "", everything, 0)
            if isinstance(made, dict) and schemas.accepts(schema, made) == "valid":
                yield made


_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")


class _Maker:
    """Makes one value for a schema. `choice` picks among several values that are equally likely."""

    def __init__(self, root: dict[str, JSON], pool: Pool, choice: int) -> None:
        self._root, self._pool, self._choice = root, pool, choice
        self._made = 0

    def value(self, schema: JSON, name: str, everything: bool, depth: int) -> JSON:
        schema = self._resolved(schema)
        self._made += 1
        if not isinstance(schema, dict) or depth > _MAX_DEPTH or self._made > _MAX_VALUES:
            return {} if depth == 0 else "example"
        if "const" in schema:
            return schema["const"]
        if "default" in schema and schema["default"] is not None and self._choice == 0 and depth:
            return schema["default"]
        examples = schema.get("examples")
        for known in (examples, schema.get("enum")):
            if isinstance(known, list) and known:
                return known[self._choice % len(known)]
        for union in ("anyOf", "oneOf"):
            branches = schema.get(union)
            if isinstance(branches, list) and branches and "type" not in schema and "properties" not in schema:
                real = [
                    branch for branch in branches if not (isinstance(branch, dict) and branch.get("type") == "null")
                ]
                return self.value((real or branches)[0], name, everything, depth + 1)
        if isinstance(schema.get("allOf"), list) and schema["allOf"]:
            merged: dict[str, JSON] = {key: inner for key, inner in schema.items() if key != "allOf"}
            for part in schema["allOf"]:
                part = self._resolved(part)
                if isinstance(part, dict):
                    merged = _merged(merged, part)
            schema = merged
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((one for one in kind if one != "null"), "null")
        return self._of_type(kind, schema, name, everything, depth)

    def _of_type(self, kind: JSON, schema: dict[str, JSON], name: str, everything: bool, depth: int) -> JSON:
        match kind:
            case "integer" | "number":
                return self._number(schema, name, kind == "integer")
            case "boolean":
                return False
            case "null":
                return None
            case "array":
                items = schema.get("items", {})
                count = max(
                    1 if depth <= 2 else 0, schema["minItems"] if isinstance(schema.get("minItems"), int) else 0
                )
                return [self.value(items, name, everything, depth + 1) for _ in range(min(count, 20))]
            case "object" | None if kind == "object" or depth == 0 or "properties" in schema:
                properties = schema.get("properties")
                properties = properties if isinstance(properties, dict) else {}
                required = schema.get("required")
                required = [key for key in required if isinstance(key, str)] if isinstance(required, list) else []
                wanted = [*(properties if everything else ()), *required]
                return {
                    key: self.value(properties.get(key, {}), key, everything, depth + 1)
                    for key in dict.fromkeys(wanted)
                }
        return self._string(schema, name)

    def _number(self, schema: dict[str, JSON], name: str, integral: bool) -> JSON:
        low, high, above, below, step = (schema[key] if _is_number(schema.get(key)) else None for key in _BOUNDS)
        seen = [value for value in self._pool.get(name) if _is_number(value)]
        if seen and self._choice and (low is None or seen[0] >= low) and (high is None or seen[0] <= high):
            return int(seen[0]) if integral else seen[0]
        lowest = low if above is None else above + 1 if low is None else max(low, above + 1)
        highest = high if below is None else below - 1 if high is None else min(high, below - 1)
        if above is not None and below is not None and above + 1 > below - 1 and not integral:
            return (above + below) / 2
        start = lowest if lowest is not None else 1 if highest is None else min(1, highest)
        if step is not None and step > 0 and start % step:
            start += step - start % step
        return int(-(-start // 1)) if integral else start

    def _string(self, schema: dict[str, JSON], name: str) -> str:
        form = schema.get("format")
        if isinstance(form, str) and form in _BY_FORMAT:
            return _BY_FORMAT[form]
        options = [value for value in self._pool.get(name) if isinstance(value, str)]
        options += [text for pattern, text in _BY_NAME if re.search(pattern, name.lower())][:1]
        options.append(name or "example")
        options.append("example")
        pattern = schema.get("pattern")
        low = schema["minLength"] if isinstance(schema.get("minLength"), int) else 0
        high = schema["maxLength"] if isinstance(schema.get("maxLength"), int) else 1000
        fitting = [text for text in options if low <= len(text) <= high and not isinstance(pattern, str)] or [
            "a" * min(max(low, 1), 1000, max(high, 0))
        ]
        return fitting[self._choice % len(fitting)]

    def _resolved(self, schema: JSON) -> JSON:
        for _ in range(10):
            if not (isinstance(schema, dict) and isinstance(schema.get("$ref"), str)):
                break
            reference: str = schema["$ref"]
            if not reference.startswith("#"):
                return {}
            target: JSON = self._root
            for token in reference[1:].split("/")[1:]:
                token = token.replace("~1", "/").replace("~0", "~")
                target = target.get(token, {}) if isinstance(target, dict) else {}
            schema = target
        return schema


def _merged(one: dict[str, JSON], other: dict[str, JSON]) -> dict[str, JSON]:
    made = {**one, **other}
    for key in ("properties",):
        if isinstance(one.get(key), dict) and isinstance(other.get(key), dict):
            made[key] = {**one[key], **other[key]}
    if isinstance(one.get("required"), list) and isinstance(other.get("required"), list):
        made["required"] = [*one["required"], *other["required"]]
    return made


# --------------------------------------------------------------------------------------------- arguments that are wrong


def without_required(schema: JSON, good: dict[str, JSON]) -> dict[str, JSON] | None:
    """The good arguments without one that the schema requires; None when that isn't certainly invalid."""
    required = schema.get("required") if isinstance(schema, dict) else None
    for name in required if isinstance(required, list) else []:
        if isinstance(name, str) and name in good:
            made = {key: value for key, value in good.items() if key != name}
            if schemas.accepts(schema, made) == "invalid":
                return made
    return None


def mistyped(schema: JSON, good: dict[str, JSON]) -> dict[str, JSON] | None:
    """The good arguments with an object where a number belongs, which no coercion can mend; None without one."""
    properties: Any = schema.get("properties") if isinstance(schema, dict) else None
    for name, inner in (properties if isinstance(properties, dict) else {}).items():
        if isinstance(inner, dict) and inner.get("type") in ("integer", "number"):
            made = {**good, name: {"unexpected": "object"}}
            if schemas.accepts(schema, made) == "invalid":
                return made
    return None
