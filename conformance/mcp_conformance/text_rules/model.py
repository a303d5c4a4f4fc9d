"""What the rules of this package are made of. The rules themselves know nothing of messages, sessions or levels."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from mcp_conformance.places import Place
from mcp_conformance.requirements import catalogue
from mcp_conformance.violations import Path

_EXTENDED = {"ext-tasks": "2026-07-28"}
"""Revisions that extensions add to: what stands there holds for their messages too."""


@dataclass(frozen=True, slots=True)
class TextFlaw:
    """A value that breaks what the text of the specification demands of it.

    `at` is a JSON Pointer into the value that was judged, `rule` the id of the rule, which is the id of the case that
    reports it. `requirement` is an id of the catalogue, where its level is written. `expected` completes "expected …",
    `got` is what was there; `remedy` tells the server's author what to change, in one sentence.
    """

    at: str
    rule: str
    requirement: str
    expected: str
    got: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Looked:
    """There was something on which the requirement could have been broken."""

    requirement: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """The requirement is broken at `path`, counted from the place that was looked at."""

    requirement: str
    expected: str
    got: str
    remedy: str
    path: Path = ()


@dataclass(frozen=True, slots=True)
class Odd:
    """What is legal at `path`, counted from the place that was looked at, but unusual or likely a mistake."""

    words: str
    path: Path = ()


@dataclass(frozen=True, slots=True)
class Spot:
    """A place that a rule looks at: in which document and type of message it stands, and the types of the place
    around it."""

    document: str
    root: str
    place: Place
    around: tuple[str, ...] = ()

    @property
    def value(self) -> Any:
        return self.place.value

    @property
    def member(self) -> str | int:
        """The name or index under which the value stands; empty for the whole message."""
        return self.place.path[-1] if self.place.path else ""

    def text(self, member: str) -> str | None:
        """A member of the value, if it is a string. One of another type is the schema's matter."""
        found = self.value.get(member) if isinstance(self.value, dict) else None
        return found if isinstance(found, str) else None

    def standing(self, *requirements: str) -> str | None:
        """The first of these that the revision has; None if it has none, and there is nothing to judge by."""
        return next((one for one in requirements if stands(self.document, one)), None)


Said = Looked | Wrong | Odd
Function = Callable[[Spot], Iterator[Said]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule on the values at places of certain types.

    `purpose` is a sentence that is true of a right server. `requirements` are all that the rule can name, in any
    revision; `idle` is the reason why it had nothing to judge. `cause` says which of its flaws have one root cause:
    those at the same place of the same messages; those under the same key, as with metadata that a server puts
    everywhere; or all, as with a value that a server repeats.
    """

    id: str
    purpose: str
    requirements: tuple[str, ...]
    types: frozenset[str]
    function: Function
    idle: str
    cause: Literal["place", "key", "rule"] = "place"


@dataclass(frozen=True, slots=True)
class Remark:
    """A function that only has hints to give on places of certain types."""

    types: frozenset[str]
    function: Function


@cache
def stands(document: str, requirement: str) -> bool:
    """Whether the revision or extension has that requirement."""
    known = catalogue()
    return any(known.get(name, requirement) for name in (document, _EXTENDED.get(document)) if name)
