"""What the text of the specification demands of the values in a message beyond its schema.

A schema says that a value is a string; that it is base64, or a key with a prefix made of labels, only a page says. The
rules here hang on the types that `places` finds. Each decides on one message alone, names a requirement of the
catalogue, and judges nothing in a revision that doesn't have it. Where a page leaves two readings, a value that is
right by one of them is right.

`grammars` and `trace_context` say what a value is; the other modules hold the rules, by subject.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from mcp_conformance.places import Place, places
from mcp_conformance.text_rules import contents, dialogue, metadata, outcomes, tasks, tools
from mcp_conformance.text_rules.model import Looked, Odd, Remark, Rule, Said, Spot, TextFlaw
from mcp_conformance.violations import MOST_VIOLATIONS, Path, pointer

__all__ = ["RULES", "Judged", "Rule", "TextFlaw", "judge", "text_flaws", "text_hints"]

_MODULES = (contents, metadata, tools, outcomes, dialogue, tasks)

RULES: tuple[Rule, ...] = tuple(rule for module in _MODULES for rule in module.RULES)
"""All rules; their ids are the ids of the cases that report them."""

_REMARKS: tuple[Remark, ...] = tuple(remark for module in _MODULES for remark in module.REMARKS)


@dataclass(slots=True)
class Judged:
    """What the rules have to say of a value.

    Of flaws and hints at most `MOST_VIOLATIONS` each are kept: the sender chooses how many there are. `looked` counts,
    by rule and requirement, on what a requirement could have been broken; what isn't there can't count as kept.
    """

    flaws: list[TextFlaw] = field(default_factory=list)
    hints: list[tuple[str, str]] = field(default_factory=list)
    looked: dict[tuple[str, str], int] = field(default_factory=dict)
    places: list[Place] = field(default_factory=list)
    """All that was walked through."""


def text_flaws(revision: str, definition: str, value: object) -> list[TextFlaw]:
    """What is wrong with the JSON value `value`, sent by a server as `definition` of `revision`.

    `definition` is a type of a whole message or result, such as "ListToolsResult"; `revision` can be an extension's
    document too. Raises `LookupError` for unknown names only.
    """
    return judge(revision, definition, value).flaws


def text_hints(revision: str, definition: str, value: object) -> list[tuple[str, str]]:
    """(JSON Pointer, words) for what is legal but unusual, or only probably wrong. Arguments as for `text_flaws`."""
    return judge(revision, definition, value).hints


def judge(revision: str, definition: str, value: object) -> Judged:
    """All that the rules have to say: one walk through `value`. Arguments as for `text_flaws`."""
    judged = Judged(places=places(revision, definition, value))
    known: dict[Path, tuple[str, ...]] = {}
    for place in judged.places:
        known[place.path] = place.types
        watchers = _watchers(place.types)
        if watchers:
            around = known.get(place.path[:-1], ()) if place.path else ()
            spot = Spot(revision, definition, place, around)
            for watcher in watchers:
                _take(judged, watcher, place.path, watcher.function(spot))
    return judged


@cache
def _watchers(types: tuple[str, ...]) -> tuple[Rule | Remark, ...]:
    """What has to look at a place of these types."""
    everything: tuple[Rule | Remark, ...] = (*RULES, *_REMARKS)
    return tuple(one for one in everything if not one.types.isdisjoint(types))


def _take(judged: Judged, watcher: Rule | Remark, path: Path, said: Iterable[Said]) -> None:
    for one in said:
        if isinstance(one, Odd):
            hint = (pointer((*path, *one.path)), one.words)
            if len(judged.hints) < MOST_VIOLATIONS and hint not in judged.hints:
                judged.hints.append(hint)
        elif isinstance(watcher, Rule) and one.requirement in watcher.requirements:
            if isinstance(one, Looked):
                key = watcher.id, one.requirement
                judged.looked[key] = judged.looked.get(key, 0) + 1
            elif len(judged.flaws) < MOST_VIOLATIONS:
                at = pointer((*path, *one.path))
                judged.flaws.append(TextFlaw(at, watcher.id, one.requirement, one.expected, one.got, one.remedy))
