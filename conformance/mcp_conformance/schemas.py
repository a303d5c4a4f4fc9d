"""Is this value what a definition of a revision, or a schema that a server sent, says it is? And if not, why not?

Two libraries share the work. jsonschema-rs decides on the protocol's own definitions, and jsonschema only explains
what was refused. On schemas of servers both have to refuse a value before it counts as invalid. Neither may fetch
anything: a reference out of the schema makes its verdict "disputed".

Regular expressions of servers never reach Python's `re`, which knows no bound and speaks another dialect than JSON
Schema. What stays without a bound is jsonschema-rs on a schema built to explode: references that double at each of
forty levels.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, lru_cache, partial
from itertools import count, islice
from typing import Any, Literal

import jsonschema
import jsonschema_rs
from jsonschema import validators
from jsonschema.exceptions import ValidationError
from jsonschema_specifications import REGISTRY as META_SCHEMAS  # type: ignore[import-untyped]

from mcp_conformance.data import data_root
from mcp_conformance.violations import MOST_VIOLATIONS, Violation, describe, sane

__all__ = [
    "DEFAULT_DIALECT",
    "Dialect",
    "Verdict",
    "Violation",
    "accepts",
    "bundle",
    "check_schema",
    "definitions",
    "dialect_of",
    "document",
    "explain",
    "is_valid",
    "validate",
    "why_not",
]

DEFAULT_DIALECT = "https://json-schema.org/draft/2020-12/schema"
"""The dialect of a schema that declares none, from revision 2025-11-25 on (basic, "Schema Dialect")."""

_OTHERS = re.compile(r'"\$ref": "urn:mcp-conformance:schema:([^"#]+)#')
_MOST_REFERENCES = 20_000  # that jsonschema follows for one value of a server; about a second


# The protocol's own definitions


def definitions(revision: str) -> frozenset[str]:
    """The names of the specification's types in `revision`. Raises `LookupError` for a revision without a schema.

    Here and below, `"ext-tasks"` is a revision too: its types are those that the tasks extension adds to 2026-07-28.
    """
    return frozenset(name for name in document(revision)["$defs"] if name[0].isupper())


def is_valid(revision: str, definition: str, value: object) -> bool:
    """Whether the JSON value `value` fits `definition` of `revision`. Raises `LookupError` for unknown names only."""
    validator = _judge(revision, definition)
    try:
        if validator.is_valid(value):
            return True
    except (ValueError, RecursionError):
        pass  # a lone surrogate, or too deep: what is left of it below can be judged
    return validator.is_valid(sane(value))


def explain(revision: str, definition: str, value: object) -> list[Violation]:
    """Where and how `value` breaks `definition`, in the order of the places; empty if it is valid. Slow.

    Raises `LookupError` for unknown names only.
    """
    explainer = _explainer(revision, definition)
    return describe(explainer.iter_errors(sane(value)), explainer.schema)


def validate(revision: str, definition: str, value: object) -> list[Violation]:
    """The violations of `definition` by `value`; fast if there are none. Raises `LookupError` for unknown names."""
    return [] if is_valid(revision, definition, value) else explain(revision, definition, value)


@lru_cache
def document(revision: str) -> dict[str, Any]:
    """The whole schema of `revision`; not to be changed. Raises `LookupError` for a revision without a schema."""
    files = [path for pattern in ("????-??-??.json", "ext-*.json") for path in data_root("schemas").glob(pattern)]
    known = sorted(path.stem for path in files)
    if revision not in known:
        raise LookupError(f'there is no schema of revision "{revision}"; there are {", ".join(known)}')
    read: dict[str, Any] = json.loads((data_root("schemas") / f"{revision}.json").read_text(encoding="utf-8"))
    return read


@cache
def bundle(revision: str) -> dict[str, Any]:
    """The document, with those of ours that it refers to embedded under their URIs: so nothing needs retrieving."""
    own = document(revision)
    others = sorted(set(_OTHERS.findall(json.dumps(own))))
    embedded = {other["$id"]: other for other in map(document, others)}
    return {**own, "$defs": {**own["$defs"], **embedded}}


@cache
def _schema(revision: str, definition: str) -> dict[str, Any]:
    own = document(revision)
    if definition not in own["$defs"]:
        near = get_close_matches(definition, own["$defs"], n=3)
        hint = f"; near it are {', '.join(near)}" if near else ""
        raise LookupError(f'the schema of revision {revision} has no definition "{definition}"{hint}')
    return {**bundle(revision), "$ref": f"#/$defs/{definition}"}


@cache
def _judge(revision: str, definition: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(_schema(revision, definition), validate_formats=False, retriever=_refuse)


@cache
def _explainer(revision: str, definition: str) -> Any:
    return jsonschema.Draft202012Validator(_schema(revision, definition), registry=META_SCHEMAS)


# Schemas of servers


@dataclass(frozen=True)
class Dialect:
    """A version of JSON Schema: its name, and the URI of its meta-schema without a trailing "#"."""

    name: str
    uri: str


_DIALECTS = (
    Dialect("draft 4", "http://json-schema.org/draft-04/schema"),
    Dialect("draft 6", "http://json-schema.org/draft-06/schema"),
    Dialect("draft 7", "http://json-schema.org/draft-07/schema"),
    Dialect("2019-09", "https://json-schema.org/draft/2019-09/schema"),
    Dialect("2020-12", DEFAULT_DIALECT),
)

Verdict = Literal["valid", "invalid", "disputed"]


def dialect_of(schema: object, default: str = DEFAULT_DIALECT) -> Dialect | None:
    """The dialect that `schema` declares by `$schema`, or else `default`; None if it is none of ours.

    http and https are the same here, and so is a URI with and without an empty fragment.
    """
    declared = schema.get("$schema") if isinstance(schema, dict) else None
    uri = declared if isinstance(declared, str) else default  # a "$schema" of another type is for the meta-schema
    bare = uri.removesuffix("#").partition("://")[2]
    return next((dialect for dialect in _DIALECTS if dialect.uri.partition("://")[2] == bare), None)


@cache
def _meta_validator(dialect: Dialect) -> Any:
    return _rs(dialect)({"$ref": dialect.uri}, validate_formats=False)


def check_schema(schema: object, default: str = DEFAULT_DIALECT) -> list[Violation]:
    """Where `schema` breaks the meta-schema of its dialect, or of `default` if it declares none.

    Empty for a dialect that is not known here: ask `dialect_of`. Empty too if only one of the libraries objects.
    """
    dialect = dialect_of(schema, default)
    if dialect is None:
        return []
    value = sane(schema)
    try:
        if _meta_validator(dialect).is_valid(value):
            return []
        explainer = _bounded(dialect)({"$ref": dialect.uri}, registry=META_SCHEMAS)
        return describe(explainer.iter_errors(value), META_SCHEMAS.contents(dialect.uri))
    except Exception:  # whatever a library trips over, it has not shown that the schema is wrong
        return []


def accepts(schema: object, value: object, default: str = DEFAULT_DIALECT) -> Verdict:
    """Whether `value` fits the server's `schema`, read in its own dialect, or in `default` if it declares none.

    "disputed" means that the libraries disagree, or cannot work with the schema: a dialect that is not known here, a
    reference out of the schema, a pattern that is no regular expression or takes too long, too deep a recursion.
    """
    dialect = dialect_of(schema, default)
    if dialect is None:
        return "disputed"
    try:
        if _rs(dialect)(schema, validate_formats=False, retriever=_refuse).is_valid(value):
            return "valid"
        return "disputed" if next(_objections(dialect, schema, value), None) is None else "invalid"
    except Exception:  # both libraries raise whatever the schema provokes
        return "disputed"


def why_not(schema: object, value: object, default: str = DEFAULT_DIALECT) -> list[Violation]:
    """Where and how `value` breaks the server's `schema`; empty if `accepts` does not call it invalid."""
    dialect = dialect_of(schema, default)
    if dialect is None or accepts(schema, value, default) != "invalid":
        return []
    found: list[ValidationError] = []
    with suppress(Exception):  # what was found before the library tripped over the rest is true all the same
        found.extend(islice(_objections(dialect, schema, sane(value)), MOST_VIOLATIONS))
    return describe(iter(found), schema)


def _refuse(uri: str) -> Any:
    raise LookupError(f"{uri} is outside of the schema, and nothing is fetched")


def _rs(dialect: Dialect) -> Callable[..., Any]:
    classes: dict[str, Callable[..., Any]] = {
        "draft 4": jsonschema_rs.Draft4Validator,
        "draft 6": jsonschema_rs.Draft6Validator,
        "draft 7": jsonschema_rs.Draft7Validator,
        "2019-09": jsonschema_rs.Draft201909Validator,
        "2020-12": jsonschema_rs.Draft202012Validator,
    }
    return classes[dialect.name]


class _Undecided(Exception):
    """The second opinion cannot be had within bounds."""


def _objections(dialect: Dialect, schema: object, value: object) -> Iterator[ValidationError]:
    """What jsonschema holds against `value`."""
    text = json.dumps(schema)
    if '"unevaluatedProperties"' in text and '"patternProperties"' in text:
        raise _Undecided  # jsonschema would match the patterns with `re`, out of our reach
    yield from _bounded(dialect)(schema, registry=META_SCHEMAS).iter_errors(value)


def _bounded(dialect: Dialect) -> Any:
    """A class: jsonschema's validator of the dialect, with counted references and with patterns matched in bounds."""
    base = {
        "draft 4": jsonschema.Draft4Validator,
        "draft 6": jsonschema.Draft6Validator,
        "draft 7": jsonschema.Draft7Validator,
        "2019-09": jsonschema.Draft201909Validator,
        "2020-12": jsonschema.Draft202012Validator,
    }[dialect.name]
    keywords: dict[str, Any] = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": partial(_additional_properties, base.VALIDATORS["additionalProperties"]),
    }
    steps = count()
    for name in ("$ref", "$dynamicRef", "$recursiveRef"):
        if name in base.VALIDATORS:
            keywords[name] = partial(_counted, steps, base.VALIDATORS[name])
    extend: Any = validators.extend  # has no annotations
    return extend(base, keywords)


def _counted(steps: Iterator[int], plain: Any, validator: Any, *arguments: Any) -> Iterator[ValidationError]:
    if next(steps) > _MOST_REFERENCES:
        raise _Undecided
    yield from plain(validator, *arguments) or ()


def _additional_properties(
    plain: Any, validator: Any, rule: Any, instance: Any, schema: Any
) -> Iterator[ValidationError]:
    patterns = schema.get("patternProperties")
    if not patterns or not isinstance(instance, dict):
        yield from plain(validator, rule, instance, schema) or ()
        return
    named = schema.get("properties", {})
    extras = [key for key in instance if key not in named and not any(_matches(pattern, key) for pattern in patterns)]
    if rule is False and extras:
        yield ValidationError("there are additional members")
    elif isinstance(rule, dict):
        for key in extras:
            yield from validator.descend(instance[key], rule, path=key)


def _pattern(validator: Any, pattern: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _matches(pattern, instance):
        yield ValidationError(f"the pattern {pattern} is not matched")


def _pattern_properties(validator: Any, rules: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, dict):
        for pattern, rule in rules.items():
            for key, member in instance.items():
                if _matches(pattern, key):
                    yield from validator.descend(member, rule, path=key, schema_path=pattern)


def _matches(pattern: str, text: str) -> bool:
    """Whether `pattern` matches somewhere in `text`. Raises if the engine gave up, or cannot read `pattern`."""
    matcher = _matcher(pattern)
    if matcher.is_valid(text):
        return True
    if not all(type(error.kind).__name__.endswith("Pattern") for error in matcher.iter_errors(text)):
        raise _Undecided
    return False


@lru_cache(maxsize=256)
def _matcher(pattern: str) -> Any:
    # This engine takes linear time, or where a pattern needs backtracking, gives up after a number of steps.
    return jsonschema_rs.Draft202012Validator({"pattern": pattern}, validate_formats=False)
