"""The methods of each revision: who may send them, which types their messages have, what has to be declared.

The table is `schemas/methods.json`, beside the schemas whose types it names. Source: the unions `ClientRequest`,
`ServerRequest`, `ClientNotification` and `ServerNotification` on the schema page of each revision; which capability a
method belongs to is said on the page of the lifecycle ("Capability Negotiation") and on the page of the feature.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from mcp_conformance.data import data_root

Kind = Literal["request", "notification", "input"]
Side = Literal["client", "server"]

TASKS = "io.modelcontextprotocol/tasks"
"""The only extension whose messages are known here."""

# By these a result of a kind is known that does not say, or not rightly, which kind it is.
_MARKS = {"input_required": {"inputRequests", "requestState"}, "task": {"taskId"}}


@dataclass(frozen=True)
class Method:
    """A method as it stands in a revision.

    `kind` is ``input`` for what a server of the stateless era may ask for inside `inputRequests`. `message` names the
    type of the whole request or notification, with its `method`; `result` that of the answer's `result` member (None
    for a notification). A type is a definition of the revision's schema, or ``FILE/NAME`` in that of an extension.

    Another result may come instead: `augmented` when the request asked to be run as a task (2025-11-25), and
    `by_result_type` according to the member `resultType` (2026-07-28).

    `capability` is the dotted name of what the receiver of a request must have declared, or the sender of a
    notification, before it may be sent; `extension` the extension that both sides must have declared.
    """

    name: str
    kind: Kind
    sender: Literal["client", "server", "both"]
    message: str
    result: str | None = None
    augmented: str | None = None
    by_result_type: Mapping[str, str] = field(default_factory=dict)
    capability: str | None = None
    extension: str | None = None


@cache
def methods(revision: str) -> tuple[Method, ...]:
    """All methods of `revision`, those of extensions too. Raises `LookupError` for a revision that is not known."""
    table = json.loads((data_root("schemas") / "methods.json").read_text(encoding="utf-8"))["methods"]
    found = tuple(_method(row) for row in table if revision in row["revisions"])
    if not found:
        known = ", ".join(sorted({name for row in table for name in row["revisions"]}))
        raise LookupError(f'no methods are known for revision "{revision}"; there are {known}')
    return found


def names_notification(revision: str, name: str, sender: Side) -> bool:
    """Whether a message of that method is meant as a notification, also where it has an id and so counts as a request.

    A method that `sender` doesn't have in `revision` is told by its prefix. Raises `LookupError` for a revision that is
    not known.
    """
    known = find_method(revision, name, sender)
    return known.kind == "notification" if known is not None else name.startswith("notifications/")


def find_method(revision: str, name: str, sender: Side) -> Method | None:
    """The method `name` as a message that `sender` may send in `revision`, or None if that side has no such message.

    Raises `LookupError` for a revision that is not known.
    """
    return next(
        (
            method
            for method in methods(revision)
            if method.name == name and method.kind != "input" and method.sender in (sender, "both")
        ),
        None,
    )


def other_results(method: Method, extensions: frozenset[str]) -> dict[str, str]:
    """The types that may come instead of the method's usual result, by `resultType`, with these extensions declared."""
    return {kind: made for kind, made in method.by_result_type.items() if TASKS in extensions or "/" not in made}


def type_of_result(
    method: Method, result: object, *, augmented: bool = False, extensions: frozenset[str] = frozenset()
) -> str:
    """The type that a result of `method` claims to be of. `augmented`: the request asked to be run as a task."""
    usual = method.result or "Result"
    if not isinstance(result, dict):
        return usual
    if augmented and method.augmented is not None and "task" in result:
        return method.augmented
    others, kind = other_results(method, extensions), result.get("resultType")
    if isinstance(kind, str):
        return others.get(kind, usual)
    return next((made for other, made in others.items() if result.keys() & _MARKS[other]), usual)


def _method(row: dict[str, Any]) -> Method:
    rest = {key: value for key, value in row.items() if key not in ("method", "revisions")}
    return Method(name=row["method"], **rest)
