"""Values in a case that aren't there literally: references and generated ones, objects with one key that begins with
``$``.

``{$profile: /tool/name}`` from the profile, ``{$bound: name}`` kept by an earlier step, ``{$repeat: {text: a, times:
1000}}`` and ``{$nest: {depth: 100}}`` made on the spot, so that ten megabytes are one line of a suite; ``{$encoded:
text}`` is a text as headers carry it in Base64.
"""

import re
from typing import Any

from mcp_conformance.http_headers import encoded
from mcp_conformance.jsonrpc import JSON

_MAX_REPEAT = 64 * 1024 * 1024
_INDEX = re.compile(r"0|[1-9][0-9]{0,9}")


class Unavailable(Exception):
    """A value that this server doesn't give occasion for: the case isn't applicable. The message is the reason."""


class BadReference(Exception):
    """A reference that can never be resolved: the suite is wrong."""


def pointed(document: JSON, pointer: str) -> JSON:
    """What a JSON Pointer points at; raises `KeyError` when nothing is there."""
    here = document
    for token in pointer.split("/")[1:]:
        token = token.replace("~1", "/").replace("~0", "~")
        if isinstance(here, dict) and token in here:
            here = here[token]
        elif isinstance(here, list) and _INDEX.fullmatch(token) and int(token) < len(here):
            here = here[int(token)]
        else:
            raise KeyError(pointer)
    return here


class Values:
    """Resolves references. `profile` is the document that ``$profile`` points into, `missing` the reasons for what
    isn't in it."""

    def __init__(self, profile: dict[str, JSON], missing: dict[str, str]) -> None:
        self._profile, self._missing = profile, missing
        self.bound: dict[str, JSON] = {}

    def resolve(self, value: Any) -> JSON:
        """The value with all references replaced."""
        if isinstance(value, list | tuple):
            return [self.resolve(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (key, inner), *_ = value.items()
            if key == "$profile":
                return self._from_profile(inner)
            if key == "$bound":
                if not isinstance(inner, str) or inner not in self.bound:
                    raise BadReference(f"{{$bound: {inner}}}: no earlier step binds that name")
                return self.bound[inner]
            if key == "$repeat":
                return self._repeated(inner)
            if key == "$nest":
                return self._nested(inner)
            if key == "$encoded":
                return encoded(str(self.resolve(inner)))
        return {key: self.resolve(inner) for key, inner in value.items()}

    def expect(self, value: Any) -> None:
        """Raises `Unavailable` if something in the value refers to what this server gives no occasion for."""
        if isinstance(value, list | tuple):
            for item in value:
                self.expect(item)
        elif isinstance(value, dict):
            if set(value) == {"$profile"}:
                self._from_profile(value["$profile"])
            for inner in value.values():
                self.expect(inner)

    def _from_profile(self, pointer: JSON) -> JSON:
        if not isinstance(pointer, str) or not pointer.startswith("/"):
            raise BadReference(f"{{$profile: {pointer}}}: a place in the profile begins with a slash")
        try:
            return pointed(self._profile, pointer)
        except KeyError:
            name = pointer.split("/")[1]
            if name in self._missing:
                raise Unavailable(self._missing[name]) from None
            known = ", ".join(sorted({*self._profile, *self._missing}))
            raise BadReference(f"{{$profile: {pointer}}}: the profile has only {known}") from None

    def _repeated(self, spec: JSON) -> str:
        if (
            not isinstance(spec, dict)
            or not isinstance(spec.get("text"), str)
            or not isinstance(spec.get("times"), int)
        ):
            raise BadReference("$repeat has a text and a whole number of times")
        if len(spec["text"]) * spec["times"] > _MAX_REPEAT:
            raise BadReference(f"$repeat makes at most {_MAX_REPEAT} characters")
        return str(spec["text"] * spec["times"])

    def _nested(self, spec: JSON) -> JSON:
        depth = spec.get("depth") if isinstance(spec, dict) else None
        if not isinstance(depth, int) or not 0 < depth <= 500:
            raise BadReference("$nest has a depth of 1 to 500")
        made: JSON = {} if spec.get("of") == "objects" else []
        for _ in range(depth - 1):
            made = {"a": made} if spec.get("of") == "objects" else [made]
        return made
