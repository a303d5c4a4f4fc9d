"""Names of tools, and the parameters of tools that are mirrored into HTTP headers (server/tools#tool-names,
basic/transports/streamable-http#schema-extension)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mcp_conformance.text_rules.model import Looked, Odd, Remark, Rule, Said, Spot, Wrong
from mcp_conformance.violations import Path
from mcp_conformance.wire import short

# Names


def _name(spot: Spot) -> str | None:
    return spot.text("name") if spot.root == "ListToolsResult" else None


def _length(spot: Spot) -> Iterator[Said]:
    requirement, name = spot.standing("tools.name-length"), _name(spot)
    if requirement is not None and name is not None:
        yield Looked(requirement)
        if not 1 <= len(name) <= 128:
            remedy = "shorten the name of the tool to 128 characters" if name else "give the tool a name"
            yield Wrong(requirement, "1 to 128 characters", f"{len(name)}: {short(name)}", remedy, ("name",))


def _characters(spot: Spot) -> Iterator[Said]:
    name = _name(spot)
    for candidate in ("tools.name-characters", "tools.name-no-special"):
        requirement = spot.standing(candidate)
        if requirement is not None and name is not None:
            yield Looked(requirement)
            if odd := re.search(r"[^A-Za-z0-9_.-]", name):
                yield Wrong(
                    requirement,
                    "ASCII letters, digits, _, - and . only",
                    f"{short(name)} with {short(odd[0])}",
                    "name the tool with ASCII letters, digits, _, - and . alone",
                    ("name",),
                )


# Headers

_HEADER = "x-mcp-header"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PRIMITIVE = frozenset({"string", "integer", "boolean"})
_SECRET = re.compile(r"passw|secret|credential|api.?key|token|credit.?card|social.?security", re.IGNORECASE)

# Where schemas stand in a schema: the keyword, what its value is, and whether the page names it as a way that no
# annotation may be reached by.
_ONE = {
    "items": True, "contains": True, "additionalItems": True, "unevaluatedItems": True, "not": True, "if": True,
    "then": True, "else": True, "additionalProperties": False, "unevaluatedProperties": False, "propertyNames": False,
    "contentSchema": False,
}  # fmt: skip
_LIST = {"items": True, "prefixItems": True, "allOf": True, "anyOf": True, "oneOf": True}
_MAP = {"patternProperties": False, "dependentSchemas": False, "$defs": False, "definitions": False}


@dataclass(frozen=True, slots=True)
class _Annotated:
    """A schema inside an inputSchema with an annotation: `reachable` through `properties` alone, or else `indirect` if
    a keyword that the page names was passed."""

    path: Path
    schema: Mapping[str, Any]
    reachable: bool
    indirect: bool


def _annotated(spot: Spot) -> Iterator[_Annotated]:
    schema = spot.value.get("inputSchema") if isinstance(spot.value, dict) else None
    # The root is no property, so it can't be annotated either.
    waiting: list[tuple[Path, object, bool, bool, bool]] = [(("inputSchema",), schema, True, False, True)]
    while waiting:
        path, here, reachable, indirect, is_root = waiting.pop()
        if not isinstance(here, dict):
            continue
        if _HEADER in here:
            yield _Annotated(path, here, reachable and not is_root, indirect)
        for name, inner in here.items():
            if name == "properties" and isinstance(inner, dict):
                waiting += [((*path, name, key), one, reachable, indirect, False) for key, one in inner.items()]
            elif name in _MAP and isinstance(inner, dict):
                waiting += [((*path, name, key), one, False, indirect, False) for key, one in inner.items()]
            elif name in _LIST and isinstance(inner, list):
                waiting += [((*path, name, index), one, False, True, False) for index, one in enumerate(inner)]
            elif name in _ONE:
                waiting.append(((*path, name), inner, False, indirect or _ONE[name], False))


def _header_names(spot: Spot) -> Iterator[Said]:
    empty = spot.standing("http.x-mcp-header-not-empty")
    token = spot.standing("http.x-mcp-header-token-syntax")
    control = spot.standing("http.x-mcp-header-no-control-chars")
    if empty is None or token is None or control is None:
        return
    for found in _annotated(spot):
        name = found.schema[_HEADER]
        yield from map(Looked, (empty, token, control))
        is_text = isinstance(name, str)
        for requirement, expected, broken in (
            (empty, "a name that isn't empty", name == ""),
            (control, "a name without control characters", is_text and re.search(r"[\x00-\x1f\x7f]", name)),
            (token, "the rest of a header's name, a token of HTTP", not is_text or not _TOKEN.fullmatch(name)),
        ):
            if broken:
                yield Wrong(
                    requirement,
                    expected,
                    short(name),
                    "name the header with letters, digits and hyphens, such as Region",
                    (*found.path, _HEADER),
                )


def _header_uniqueness(spot: Spot) -> Iterator[Said]:
    requirement = spot.standing("http.x-mcp-header-unique")
    taken: set[str] = set()
    for found in _annotated(spot) if requirement is not None else ():
        name = found.schema[_HEADER]
        if requirement is None or not isinstance(name, str):
            continue
        yield Looked(requirement)
        if name.lower() in taken:
            yield Wrong(
                requirement,
                "a name that no other parameter of the tool has, in any letter case",
                f"{short(name)} again",
                "give each mirrored parameter a header of its own",
                (*found.path, _HEADER),
            )
        taken.add(name.lower())


def _header_placement(spot: Spot) -> Iterator[Said]:
    primitive = spot.standing("http.x-mcp-header-primitive-types")
    reachable = spot.standing("http.x-mcp-header-reachable")
    indirect = spot.standing("http.x-mcp-header-no-indirect-path")
    if primitive is None or reachable is None or indirect is None:
        return
    for found in _annotated(spot):
        yield from map(Looked, (primitive, reachable, indirect))
        at = (*found.path, _HEADER)
        if wrong := _wrong_type(found.schema):
            yield Wrong(
                primitive,
                "a parameter of the type string, integer or boolean",
                wrong,
                "mirror only parameters of the types string, integer and boolean",
                at,
            )
        remedy = "annotate only parameters that are reached from the top of inputSchema through properties alone"
        if not found.reachable:
            yield Wrong(reachable, "a property that is reached through properties alone", _way(found.path), remedy, at)
        if found.indirect:
            yield Wrong(
                indirect,
                "no way through arrays, compositions and conditions",
                _way(found.path),
                remedy,
                at,
            )


def _wrong_type(schema: Mapping[str, Any]) -> str:
    """A type that can't be mirrored; empty if the schema says nothing for certain.

    A null is left out of the headers, so a type may well include it. Without a type, the type can follow from other
    keywords.
    """
    declared = schema.get("type")
    types = declared if isinstance(declared, list) else [declared]
    others = [one for one in types if isinstance(one, str) and one not in _PRIMITIVE and one != "null"]
    return short(others[0]) if others else short("null") if types in (["null"],) else ""


def _way(path: Path) -> str:
    return "the way " + ".".join(map(str, path[1:])) if len(path) > 1 else "the inputSchema itself"


def _header_hints(spot: Spot) -> Iterator[Said]:
    if spot.standing("http.x-mcp-header-not-sensitive"):
        for found in _annotated(spot):
            # What is sensitive, a name only suggests.
            if _SECRET.search(str(found.path[-1])):
                yield Odd(f"{short(found.path[-1])} looks like a secret, and headers are logged", found.path)


_TOOL = frozenset({"Tool"})
_NO_TOOLS = "the server lists no tools"
_NO_HEADERS = "no parameter of a tool is mirrored into a header"

RULES = (
    Rule(
        "tools.names.length", "Every tool's name has 1 to 128 characters.",
        ("tools.name-length",), _TOOL, _length, _NO_TOOLS,
    ),
    Rule(
        "tools.names.characters", "Tool names are made of ASCII letters, digits, underscore, hyphen and dot alone.",
        ("tools.name-characters", "tools.name-no-special"), _TOOL, _characters, _NO_TOOLS,
    ),
    Rule(
        "tools.headers.names", "The names of headers for parameters are such as HTTP allows.",
        (
            "http.x-mcp-header-not-empty", "http.x-mcp-header-token-syntax", "http.x-mcp-header-no-control-chars",
        ), _TOOL, _header_names, _NO_HEADERS,
    ),
    Rule(
        "tools.headers.uniqueness", "No two parameters of a tool are mirrored into the same header.",
        ("http.x-mcp-header-unique",), _TOOL, _header_uniqueness, _NO_HEADERS,
    ),
    Rule(
        "tools.headers.placement", "Only plain parameters that are found for certain are mirrored into headers.",
        (
            "http.x-mcp-header-primitive-types", "http.x-mcp-header-reachable", "http.x-mcp-header-no-indirect-path",
        ), _TOOL, _header_placement, _NO_HEADERS,
    ),
)  # fmt: skip

REMARKS = (Remark(_TOOL, _header_hints),)
