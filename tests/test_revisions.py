"""The table of methods agrees with the schemas, and importing it costs nothing."""

import json
import subprocess
import sys
from typing import Any

import pytest

from mcp_conformance.data import data_root
from mcp_conformance.revisions import JUDGED, METHODS, REVISIONS, Method, Sender, find_method

UNIONS: list[tuple[str, Sender, str]] = [
    ("ClientRequest", "client", "request"),
    ("ServerRequest", "server", "request"),
    ("ClientNotification", "client", "notification"),
    ("ServerNotification", "server", "notification"),
]


def types(revision: str) -> dict[str, Any]:
    document = json.loads((data_root("schemas") / f"{revision}.json").read_text(encoding="utf-8"))
    found: dict[str, Any] = document["$defs"]
    return found


def test_revisions_stand_in_the_order_of_their_dates_and_only_the_newest_era_is_stateless() -> None:
    dates = [revision.date for revision in REVISIONS]
    assert dates == sorted(dates)
    assert [revision.date for revision in REVISIONS if revision.era == "stateless"] == ["2026-07-28"]
    assert set(JUDGED) == set(METHODS) < set(dates)


@pytest.mark.parametrize("revision", JUDGED)
@pytest.mark.parametrize(("union", "sender", "kind"), UNIONS)
def test_the_schema_lists_the_same_methods_for_each_side(revision: str, union: str, sender: Sender, kind: str) -> None:
    definitions = types(revision)
    members = [branch["$ref"].rpartition("/")[2] for branch in definitions[union]["anyOf"]]
    in_schema = {definitions[member]["properties"]["method"]["const"]: member for member in members}
    in_table = {
        method.name: method.params
        for method in METHODS[revision]
        if method.kind == kind and method.sender in (sender, "both")
    }
    assert in_table == in_schema


@pytest.mark.parametrize("revision", JUDGED)
def test_each_request_and_no_notification_has_a_result_that_is_defined(revision: str) -> None:
    for method in METHODS[revision]:
        if method.kind == "request":
            assert method.result in types(revision)
        else:
            assert method.result is None


@pytest.mark.parametrize("revision", JUDGED)
def test_capabilities_are_members_of_the_capability_objects(revision: str) -> None:
    definitions = types(revision)

    def declared(capability: str, side: str) -> bool:
        rules = definitions[side]
        for name in capability.split("."):
            rules = definitions.get(rules.get("$ref", "").rpartition("/")[2], rules)
            if name not in rules.get("properties", {}):
                return False
            rules = rules["properties"][name]
        return True

    for method in METHODS[revision]:
        if method.capability is None:
            continue
        owner = (
            method.sender
            if method.kind == "notification"
            else {"client": "server", "server": "client"}.get(method.sender)
        )
        sides = {"client": ["ClientCapabilities"], "server": ["ServerCapabilities"]}.get(owner or "both")
        for side in sides or ["ClientCapabilities", "ServerCapabilities"]:
            assert declared(method.capability, side), f"{method.name} needs {method.capability} of {side}"


def test_a_method_is_found_for_the_side_that_sends_it_only() -> None:
    assert find_method("2025-06-18", "tools/list", "client") == Method(
        "tools/list", "request", "client", "ListToolsRequest", "ListToolsResult", "tools"
    )
    assert find_method("2025-06-18", "tools/list", "server") is None
    assert find_method("2025-06-18", "elicitation/create", "client") is None
    ping = find_method("2025-11-25", "ping", "server")
    assert ping is not None
    assert ping == find_method("2025-11-25", "ping", "client")
    assert ping.result == "EmptyResult"


def test_tasks_came_with_2025_11_25() -> None:
    assert find_method("2025-06-18", "tasks/get", "client") is None
    assert find_method("2025-11-25", "tasks/get", "client") is not None


def test_a_revision_without_a_table_is_named_in_the_error() -> None:
    with pytest.raises(LookupError, match='"2024-11-05"; there are 2025-06-18, 2025-11-25'):
        find_method("2024-11-05", "ping", "client")


def test_missing_data_is_named_in_the_error() -> None:
    with pytest.raises(FileNotFoundError, match='the bundled data "nothing-like-this" is missing'):
        data_root("nothing-like-this")


def test_importing_the_table_loads_no_validator() -> None:
    script = "import sys, mcp_conformance.revisions; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=60)
    assert not {"pydantic", "jsonschema", "jsonschema_rs"} & set(run.stdout.split())
