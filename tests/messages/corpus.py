"""The corpus of messages beside this module: right ones (`bases.yaml`), and what is made of them by a change.

An entry of `bad.yaml`, `legal.yaml` and `hints.yaml` names its `base`, or has a `message` of its own. What is changed
stands in `set` (JSON Pointer: value), `repeat` (JSON Pointer: item and count) and `remove` (JSON Pointers). It holds in
all revisions of its base, unless `since`, `until` or `only` say otherwise.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from mcp_conformance.messages import Assessment, assess
from mcp_conformance.methods import Side
from mcp_conformance.revisions import REVISIONS
from mcp_conformance.strict_yaml import load_file

FOLDER = Path(__file__).parent
DATES = tuple(revision.date for revision in REVISIONS)

Steps = tuple[str | int, ...]


@dataclass(frozen=True)
class Sample:
    """A message as one side sends it in one revision, and what is known beside it."""

    name: str
    revision: str
    sender: Side
    message: Any
    type: str | None = None
    answers: str | None = None
    augmented: bool = False
    extensions: frozenset[str] = frozenset()
    entry: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def id(self) -> str:
        return f"{self.name} [{self.revision}]"

    def judged(self, message: Any = ...) -> Assessment:
        """What is said of the message, or of another one in its place."""
        return assess(
            self.message if message is ... else message,
            revision=self.revision,
            sender=self.sender,
            answers=self.answers,
            augmented=self.augmented,
            extensions=self.extensions,
        )


@cache
def bases() -> dict[str, dict[str, Any]]:
    """The entries of `bases.yaml`."""
    found: dict[str, dict[str, Any]] = load_file(FOLDER / "bases.yaml").data
    return found


@cache
def base_samples() -> tuple[Sample, ...]:
    """Every base in every revision that has it."""
    return tuple(_base(name, revision) for name, entry in bases().items() for revision in revisions_of(entry))


@cache
def entries(file: str) -> tuple[dict[str, Any], ...]:
    """The entries of a file of the corpus."""
    return tuple(load_file(FOLDER / file).data)


def samples(file: str) -> Iterator[Sample]:
    """Every entry of a file in every revision in which it holds."""
    for entry in entries(file):
        for revision in revisions_of(entry):
            yield sample(entry, revision)


def sample(entry: Mapping[str, Any], revision: str) -> Sample:
    """An entry of the corpus in a revision."""
    if "base" in entry:
        start = _base(entry["base"], revision)
    else:
        start = _sample(entry["name"], entry, revision, entry["message"])
    message = deepcopy(start.message)
    remove = entry.get("remove", [])
    for pointer in [remove] if isinstance(remove, str) else remove:
        message = removed(message, steps_of(pointer))
    for pointer, value in entry.get("set", {}).items():
        message = put(message, steps_of(pointer), value)
    for pointer, (item, count) in entry.get("repeat", {}).items():
        message = put(message, steps_of(pointer), [item] * count)
    return Sample(
        entry["name"],
        revision,
        entry.get("sender", start.sender),
        message,
        entry.get("type", start.type),
        entry.get("answers", start.answers),
        entry.get("augmented", start.augmented),
        frozenset(entry["extensions"]) if "extensions" in entry else start.extensions,
        entry,
    )


def revisions_of(entry: Mapping[str, Any]) -> list[str]:
    """The revisions in which an entry holds, oldest first."""
    if "only" in entry:
        return list(entry["only"])
    base = bases()[entry["base"]] if "base" in entry else {}
    first = max(entry.get("since", DATES[0]), base.get("since", DATES[0]))
    last = min(entry.get("until", DATES[-1]), base.get("until", DATES[-1]))
    return [date for date in DATES if first <= date <= last]


def _base(name: str, revision: str) -> Sample:
    entry = bases()[name]
    message = deepcopy(entry["message"])
    for since, changes in entry.get("from", {}).items():
        if since <= revision:
            for pointer, value in changes.items():
                message = put(message, steps_of(pointer), value)
    return _sample(name, entry, revision, message)


def _sample(name: str, entry: Mapping[str, Any], revision: str, message: Any) -> Sample:
    return Sample(
        name,
        revision,
        entry["sender"],
        message,
        entry.get("type"),
        entry.get("answers"),
        entry.get("augmented", False),
        frozenset(entry.get("extensions", ())),
        entry,
    )


# Places in a value


def steps_of(pointer: str) -> Steps:
    """The steps of a JSON Pointer, all of them texts."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])


def places(value: Any, at: Steps = ()) -> Iterator[Steps]:
    """Every place in a value, outer ones first."""
    yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in inner:
        yield from places(item, (*at, step))


def find(value: Any, at: Steps) -> Any:
    """What stands at a place."""
    for step in at:
        value = value[_key(value, step)]
    return value


def put(value: Any, at: Steps, new: Any) -> Any:
    """A copy of `value` with `new` at a place; an array takes it at its end, too."""
    if not at:
        return new
    copy, step = value.copy(), _key(value, at[0])
    if isinstance(copy, list) and step == len(copy):
        copy.append(new)
    else:
        copy[step] = put(copy[step], at[1:], new) if at[1:] else new
    return copy


def removed(value: Any, at: Steps) -> Any:
    """A copy of `value` without what stands at a place."""
    copy, step = value.copy(), _key(value, at[0])
    if at[1:]:
        copy[step] = removed(copy[step], at[1:])
    else:
        del copy[step]
    return copy


def _key(holder: Any, step: str | int) -> str | int:
    return int(step) if isinstance(holder, list) else step
