"""The table of methods agrees with the schemas of all revisions, and importing it costs nothing."""

import subprocess
import sys
from typing import Any

import pytest

from mcp_conformance import schemas
from mcp_conformance.methods import TASKS, Method, Side, find_method, methods, other_results, type_of_result
from mcp_conformance.revisions import REVISIONS

ALL = pytest.mark.parametrize("revision", [revision.date for revision in REVISIONS])
STATELESS = [revision.date for revision in REVISIONS if revision.era == "stateless"]
SINCE_2025_11_25 = "2025-11-25"
NEWEST = "2026-07-28"

UNIONS: list[tuple[str, Side, str]] = [
    ("ClientRequest", "client", "request"),
    ("ServerRequest", "server", "request"),
    ("InputRequest", "server", "input"),
    ("ClientNotification", "client", "notification"),
    ("ServerNotification", "server", "notification"),
]
OTHER = {"client": "server", "server": "client", "both": "both"}
CAPABILITIES = {
    "client": ("ClientCapabilities",),
    "server": ("ServerCapabilities",),
    "both": ("ClientCapabilities", "ServerCapabilities"),
}


def types(revision: str) -> dict[str, Any]:
    found: dict[str, Any] = schemas.document(revision)["$defs"]
    return found


def definition(revision: str, name: str) -> dict[str, Any]:
    """The type of that name, where a name of the form FILE/NAME is one of an extension."""
    document, _, own = name.rpartition("/")
    found: dict[str, Any] = types(document or revision)[own]
    return found


def members(revision: str, union: str) -> dict[str, str]:
    """The types in a union of the schema, by the method of each; none if the revision has no such union."""
    schema = types(revision).get(union, {})
    branches = schema.get("anyOf", [schema] if schema else [])
    names = [branch["$ref"].rpartition("/")[2] for branch in branches]
    return {types(revision)[name]["properties"]["method"]["const"]: name for name in names}


# What the schemas say


@ALL
@pytest.mark.parametrize(("union", "sender", "kind"), UNIONS)
def test_the_schema_lists_the_same_methods_for_each_side(revision: str, union: str, sender: Side, kind: str) -> None:
    in_table = {
        method.name: method.message
        for method in methods(revision)
        if method.kind == kind and method.sender in (sender, "both") and method.extension is None
    }
    assert in_table == members(revision, union)
    assert in_table or union in ("InputRequest", "ServerRequest")


@pytest.mark.parametrize("revision", STATELESS)
def test_no_server_sends_requests_in_the_stateless_era(revision: str) -> None:
    assert {method.sender for method in methods(revision) if method.kind == "request"} == {"client"}
    assert {method.sender for method in methods(revision) if method.kind == "input"} == {"server"}


@ALL
def test_a_message_is_defined_with_the_name_of_its_method(revision: str) -> None:
    for method in methods(revision):
        assert definition(revision, method.message)["properties"]["method"] == {"const": method.name}


@ALL
def test_what_is_answered_has_a_result_that_is_defined_and_notifications_have_none(revision: str) -> None:
    for method in methods(revision):
        assert (method.result is None) is (method.kind == "notification")
        for name in (method.result, method.augmented, *method.by_result_type.values()):
            assert name is None or definition(revision, name)


@ALL
def test_every_result_of_the_schema_answers_a_method(revision: str) -> None:
    every = {name for name in schemas.definitions(revision) if name.endswith("Result")}
    answers = {
        name
        for method in methods(revision)
        for name in (method.result, method.augmented, *method.by_result_type.values())
        if name is not None
    }
    # What these are made of, and the unions of all.
    parts = {"Result", "EmptyResult", "PaginatedResult", "CacheableResult", "ClientResult", "ServerResult"}
    assert every - answers <= parts
    assert {name for name in answers if "/" not in name} <= every


@ALL
def test_capabilities_are_members_of_the_capability_objects(revision: str) -> None:
    def is_declared(capability: str, side: str) -> bool:
        rules = types(revision)[side]
        for name in capability.split("."):
            rules = types(revision).get(rules.get("$ref", "").rpartition("/")[2], rules)
            if name not in rules.get("properties", {}):
                return False
            rules = rules["properties"][name]
        return True

    for method in methods(revision):
        owner = method.sender if method.kind == "notification" else OTHER[method.sender]
        for side in CAPABILITIES[owner] if method.capability is not None else ():
            assert is_declared(method.capability or "", side), f"{method.name} needs {method.capability} of {side}"


@ALL
def test_a_side_has_one_message_of_a_name(revision: str) -> None:
    for side in ("client", "server"):
        names = [method.name for method in methods(revision) if method.sender in (side, "both")]
        assert len(names) == len(set(names))


# Tasks


def test_the_messages_of_the_extension_are_those_that_its_schema_has() -> None:
    of_extension = [method for method in methods(NEWEST) if method.extension is not None]
    assert {method.extension for method in of_extension} == {TASKS}
    used = {method.message for method in of_extension}
    defined = {name for name in schemas.definitions("ext-tasks") if name.endswith(("Request", "Notification"))}
    assert used == {f"ext-tasks/{name}" for name in defined}
    assert {method.name: method.sender for method in of_extension} == {
        "tasks/get": "client",
        "tasks/update": "client",
        "tasks/cancel": "client",
        "notifications/tasks": "server",
    }


def test_the_requests_that_can_be_run_as_tasks_are_those_that_take_a_task() -> None:
    def takes_a_task(method: Method) -> bool:
        rules = definition(SINCE_2025_11_25, method.message)["properties"].get("params", {})
        rules = types(SINCE_2025_11_25).get(rules.get("$ref", "").rpartition("/")[2], rules)
        for branch in rules.get("anyOf", [rules]):
            inner = types(SINCE_2025_11_25).get(branch.get("$ref", "").rpartition("/")[2], branch)
            if "task" not in inner.get("properties", {}):
                return False
        return True

    for method in methods(SINCE_2025_11_25):
        assert (method.augmented == "CreateTaskResult") is takes_a_task(method)


def test_tasks_came_with_2025_11_25_and_left_with_it() -> None:
    assert find_method("2025-06-18", "tasks/get", "client") is None
    experimental = find_method(SINCE_2025_11_25, "tasks/get", "server")
    assert experimental is not None
    assert experimental.extension is None
    assert find_method(NEWEST, "tasks/get", "server") is None
    assert find_method(NEWEST, "tasks/list", "client") is None


# Looking up


def test_a_method_is_found_for_the_side_that_sends_it_only() -> None:
    assert find_method("2025-06-18", "tools/list", "client") == Method(
        name="tools/list",
        kind="request",
        sender="client",
        message="ListToolsRequest",
        result="ListToolsResult",
        capability="tools",
    )
    assert find_method("2025-06-18", "tools/list", "server") is None
    assert find_method("2025-06-18", "elicitation/create", "client") is None
    ping = find_method("2025-11-25", "ping", "server")
    assert ping is not None
    assert ping == find_method("2025-11-25", "ping", "client")
    assert ping.result == "EmptyResult"


def test_what_may_only_be_asked_for_in_a_result_is_not_found_as_a_message() -> None:
    assert "roots/list" in {method.name for method in methods(NEWEST)}
    assert find_method(NEWEST, "roots/list", "server") is None


def test_a_revision_without_a_table_is_named_in_the_error() -> None:
    with pytest.raises(LookupError, match=r'"2019-01-01"; there are 2024-11-05, .*2026-07-28'):
        find_method("2019-01-01", "ping", "client")


# What a result is


def result_of(revision: str, name: str, result: object, *, augmented: bool = False, tasks: bool = False) -> str:
    method = find_method(revision, name, "client")
    assert method is not None
    return type_of_result(method, result, augmented=augmented, extensions=frozenset([TASKS] if tasks else []))


@pytest.mark.parametrize("result", [{"content": []}, {}, None, [], {"resultType": "complete"}, {"resultType": "other"}])
def test_a_result_is_the_usual_one_unless_it_says_otherwise(result: object) -> None:
    for revision in ("2024-11-05", SINCE_2025_11_25, NEWEST):
        assert result_of(revision, "tools/call", result) == "CallToolResult"


def test_a_task_comes_only_to_who_asked_for_one() -> None:
    assert result_of(SINCE_2025_11_25, "tools/call", {"task": {}}, augmented=True) == "CreateTaskResult"
    assert result_of(SINCE_2025_11_25, "tools/call", {"content": []}, augmented=True) == "CallToolResult"
    assert result_of(SINCE_2025_11_25, "tools/call", {"task": {}}) == "CallToolResult"
    assert result_of("2025-06-18", "tools/call", {"task": {}}, augmented=True) == "CallToolResult"
    assert result_of(NEWEST, "tools/call", {"resultType": "task"}, tasks=True) == "ext-tasks/CreateTaskResult"
    assert result_of(NEWEST, "tools/call", {"resultType": "task"}) == "CallToolResult"


def test_a_result_that_asks_for_input_is_known_by_its_type_or_else_by_its_members() -> None:
    for result in ({"resultType": "input_required"}, {"requestState": "x"}, {"resultType": 5, "inputRequests": {}}):
        assert result_of(NEWEST, "tools/call", result) == "InputRequiredResult"
        assert result_of(NEWEST, "tools/list", result) == "ListToolsResult"
    assert result_of(NEWEST, "tools/call", {"taskId": "1"}, tasks=True) == "ext-tasks/CreateTaskResult"


def test_other_results_depend_on_the_extensions_that_are_declared() -> None:
    method = find_method(NEWEST, "tools/call", "client")
    assert method is not None
    assert set(other_results(method, frozenset())) == {"input_required"}
    assert set(other_results(method, frozenset(["com.example/x"]))) == {"input_required"}
    assert set(other_results(method, frozenset([TASKS]))) == {"input_required", "task"}


# Cost


def test_importing_the_table_loads_no_validator() -> None:
    script = "import sys, mcp_conformance.methods as table; table.methods('2026-07-28'); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=60)
    assert not {"pydantic", "jsonschema", "jsonschema_rs", "yaml"} & set(run.stdout.split())
