"""Tasks (basic/utilities/tasks of 2025-11-25, and the tasks extension)."""

import datetime
from collections.abc import Iterator
from typing import Any

from mcp_conformance.text_rules import grammars
from mcp_conformance.text_rules.model import Looked, Odd, Remark, Rule, Said, Spot, Wrong
from mcp_conformance.wire import short

_RELATED = "io.modelcontextprotocol/related-task"
_TASKS = frozenset(
    {
        "Task", "CreateTaskResult", "WorkingTask", "InputRequiredTask", "CompletedTask", "FailedTask", "CancelledTask",
    }
)  # fmt: skip
_NAMES_ITS_TASK = frozenset({"GetTaskResult", "ListTasksResult", "CancelTaskResult"})
_TIMES = {"createdAt": "tasks.created-at", "lastUpdatedAt": "tasks.last-updated-at"}


def _times(spot: Spot) -> Iterator[Said]:
    for member, name in _TIMES.items():
        text = spot.text(member)
        # The demand is made of task responses; of notifications, and in the extension, only the schema speaks.
        requirement = spot.standing(name) if spot.root.endswith("Result") else None
        if text is None:
            continue
        wrong = grammars.not_a_time(text)
        # The page says ISO 8601 and links to RFC 3339: a form that only one of them has is right by one reading.
        if not wrong and (odd := grammars.odd_time(text)):
            yield Odd(f"{short(text)} {odd}: not every client reads that", (member,))
        if requirement is not None:
            yield Looked(requirement)
            if wrong:
                yield Wrong(
                    requirement,
                    "a time of ISO 8601",
                    f"{short(text)}, which {wrong}",
                    "write the time as 2025-01-31T15:00:00Z",
                    (member,),
                )
        elif wrong:
            yield Odd(f"{short(text)} is no time of ISO 8601: it {wrong}", (member,))


def _related(spot: Spot) -> Iterator[Said]:
    value = spot.value
    if spot.place.path or not isinstance(value, dict):
        return
    if spot.root == "GetTaskPayloadResult":
        if (requirement := spot.standing("tasks.result-has-related")) is not None:
            yield Looked(requirement)
            related = _metadata(value).get(_RELATED)
            if not (isinstance(related, dict) and isinstance(related.get("taskId"), str)):
                yield Wrong(
                    requirement,
                    f'"{_RELATED}" in _meta, with the taskId',
                    "nothing" if related is None else short(related),
                    "name the task in the _meta of what tasks/result returns",
                    ("_meta",),
                )
        return
    notifies = spot.root == "TaskStatusNotification"
    holder = value.get("params") if notifies else value
    requirement = spot.standing("tasks.status-omits-related" if notifies else "tasks.receiver-omits-related")
    if requirement is not None and isinstance(holder, dict):
        yield Looked(requirement)
        if _RELATED in _metadata(holder):
            yield Wrong(
                requirement,
                "no related task in _meta: the message names its task itself",
                short(_metadata(holder)[_RELATED]),
                f"leave {_RELATED} out here",
                (*(("params",) if notifies else ()), "_meta", _RELATED),
            )


def _metadata(holder: dict[str, Any]) -> dict[str, Any]:
    found = holder.get("_meta")
    return found if isinstance(found, dict) else {}


def _failure(spot: Spot) -> Iterator[Said]:
    requirement = spot.standing("tasks.failed-status-message")
    if requirement is not None and not spot.place.path and spot.text("status") == "failed":
        yield Looked(requirement)
        if not spot.value.get("statusMessage"):
            yield Wrong(
                requirement,
                "a statusMessage that says why the task failed",
                "nothing" if "statusMessage" not in spot.value else short(spot.value["statusMessage"]),
                "say in statusMessage what went wrong",
                ("statusMessage",),
            )


def _task_hints(spot: Spot) -> Iterator[Said]:
    if spot.root == "CreateTaskResult" and spot.standing("tasks.begin-working") and "Task" in spot.place.types:
        # Quick work may have moved the task on before it was announced.
        status = spot.text("status")
        if status is not None and status != "working":
            yield Odd(f"a new task in the status {short(status)}: tasks begin as working", ("status",))
    made, updated = spot.text("createdAt"), spot.text("lastUpdatedAt")
    if made is not None and updated is not None:
        try:
            earlier = datetime.datetime.fromisoformat(updated) < datetime.datetime.fromisoformat(made)
        except (ValueError, TypeError):  # no times, or only one of them with an offset
            return
        if earlier:
            yield Odd(f"the task was last updated before it was created, {short(made)}", ("lastUpdatedAt",))


_NO_TASKS = "the server sent no tasks"

RULES = (
    Rule(
        "tasks.times.are-valid", "The times of tasks are written as ISO 8601 says.",
        ("tasks.created-at", "tasks.last-updated-at"), _TASKS, _times, _NO_TASKS,
    ),
    Rule(
        "tasks.metadata.related-task", "A message names its task in metadata where it doesn't otherwise.",
        ("tasks.receiver-omits-related", "tasks.status-omits-related", "tasks.result-has-related"),
        _NAMES_ITS_TASK | {"GetTaskPayloadResult", "TaskStatusNotification"}, _related, _NO_TASKS,
    ),
    Rule(
        "tasks.failures.are-explained", "A failed task says why it failed.",
        ("tasks.failed-status-message",), frozenset({"GetTaskResult"}), _failure, "no task failed",
    ),
)  # fmt: skip

REMARKS = (Remark(_TASKS, _task_hints),)
