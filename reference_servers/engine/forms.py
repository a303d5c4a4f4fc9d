"""Forms that a user is asked to fill in, as each revision knows them (client/elicitation#requested-schema)."""

from collections.abc import Mapping

from .messages import JSON
from .server import Schema

_CHOICES_SINCE = "2025-11-25"
"""Until then a choice is of one value, its titles stand in enumNames, and only a boolean has a default."""


def known(schema: Schema, revision: str) -> dict[str, JSON]:
    """A form without what a revision doesn't know: its fields that there are no words for are left out."""
    if revision >= _CHOICES_SINCE:
        return dict(schema)
    fields = {name: _field(field) for name, field in schema["properties"].items() if field["type"] != "array"}
    form = {**schema, "properties": fields}
    if "required" in schema:
        form["required"] = [name for name in schema["required"] if name in fields]
    return form


def _field(field: Mapping[str, JSON]) -> dict[str, JSON]:
    kept = {name: value for name, value in field.items() if name != "default" or field["type"] == "boolean"}
    if choices := kept.pop("oneOf", None):
        kept |= {"enum": [one["const"] for one in choices], "enumNames": [one["title"] for one in choices]}
    return kept
