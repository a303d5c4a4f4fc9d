"""What judging in the stateless era rests on: needs that are no capabilities, and requests that lack their metadata."""

from typing import Any

import pytest

from mcp_conformance.cases.loader import bundled
from mcp_conformance.profile import NEEDS, RevisionProfile, Tool

MODERN = "2026-07-28"


def profile(capabilities: dict[str, Any], revision: str = MODERN, **more: Any) -> RevisionProfile:
    return RevisionProfile(revision, {"capabilities": capabilities}, **more)


@pytest.mark.parametrize(
    ("capabilities", "subscribable"),
    [
        ({"tools": {"listChanged": True}}, True),
        ({"prompts": {"listChanged": True}}, True),
        ({"resources": {"subscribe": True}}, True),
        ({"tools": {"listChanged": False}, "resources": {}}, False),
        ({"logging": {}}, False),
        ({}, False),
    ],
)
def test_subscriptions_are_there_when_any_list_or_resource_can_be_subscribed_to(
    capabilities: dict[str, Any], subscribable: bool
) -> None:
    assert profile(capabilities).declares("subscriptions") is subscribable
    assert not profile(capabilities, "2025-11-25").declares("subscriptions")


def test_a_tool_mirrors_arguments_when_any_property_of_its_schema_says_so() -> None:
    deep = {"type": "object", "properties": {"a": {"properties": {"b": {"type": "string", "x-mcp-header": "B"}}}}}
    tools = [Tool(str(number), {"inputSchema": schema}, True, "") for number, schema in enumerate([{}, None, deep])]
    assert profile({"tools": {}}, tools=tools).declares("tools.x-mcp-header")
    assert not profile({"tools": {}}, tools=tools[:2]).declares("tools.x-mcp-header")


@pytest.mark.parametrize("need", ["dual-era", "stateless-only", "auth"])
def test_what_lies_beyond_the_revision_is_known_from_discovery_alone(need: str) -> None:
    assert not profile({need: {}}).declares(need)
    assert profile({}, traits=[need]).declares(need)
    assert NEEDS[need].startswith("the server wasn't seen")


def test_every_need_in_the_catalogue_of_the_era_is_understood() -> None:
    known = {"tools", "resources", "prompts", "completions", "logging", "extensions", "client", *NEEDS}
    needs = {need for case in bundled() for one in case.requirements(MODERN) for need in (*one.needs, *case.needs)}
    assert needs
    assert not {need for need in needs if need not in known and need.partition(".")[0] not in known}


def test_checks_of_one_era_are_not_run_in_the_other() -> None:
    checks = {case.id: case for case in bundled()}
    assert not checks["caching.hints.are-given"].runs_on("2025-11-25", "stdio")
    assert checks["caching.hints.are-given"].runs_on(MODERN, "stdio")
    assert not checks["base.requests-are-valid"].runs_on(MODERN, "stdio")
