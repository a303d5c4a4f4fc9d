"""The catalogue: levels and links as they stand in each revision."""

import re

import pytest

from mcp_conformance.cases.checks import CHECKS
from mcp_conformance.cases.runner import UNANSWERED
from mcp_conformance.requirements import Catalogue, catalogue
from mcp_conformance.revisions import JUDGED

LEVELS = {"MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY"}


@pytest.mark.parametrize("revision", JUDGED)
def test_every_requirement_has_a_level_a_side_a_summary_and_a_link(revision: str) -> None:
    known = catalogue()
    assert len(known.ids(revision)) > 100
    for name in known.ids(revision):
        found = known.get(revision, name)
        assert found is not None
        assert found.level in LEVELS
        assert found.is_must == found.level.startswith("MUST")
        assert found.who
        assert found.binds_servers == (found.who in ("server", "both"))
        assert len(found.summary) > 10
        assert re.fullmatch(
            rf"https://modelcontextprotocol\.io/specification/{revision}(/[a-z/-]+)?(#[\w%-]+)?", found.link
        ), found.link


def test_what_is_unknown_is_none_and_a_revision_only_has_its_own() -> None:
    known = catalogue()
    assert known.get("2025-11-25", "no.such-thing") is None
    assert known.get("1999-01-01", "ping.respond") is None
    assert known.revisions("no.such-thing") == ()
    assert known.revisions("ping.respond") == JUDGED
    assert known.get("2025-11-25", "ping.respond") is known.get("2025-11-25", "ping.respond")


def test_the_page_index_is_no_part_of_a_link() -> None:
    def row(page: str, anchor: str) -> list[object]:
        return ["MUST", page, anchor, "server", "any", [], "yes", "x"]

    made = Catalogue(
        {"2025-11-25": {"a": row("index", ""), "b": row("basic/index", "top"), "c": row("server/tools", "")}}
    )
    links = [found.link.partition("specification/")[2] for name in "abc" if (found := made.get("2025-11-25", name))]
    assert links == ["2025-11-25", "2025-11-25/basic#top", "2025-11-25/server/tools"]


def test_everything_that_is_judged_stands_in_the_catalogue() -> None:
    known = catalogue()
    for check in CHECKS.values():
        for name in check.judges:
            assert known.revisions(name), f"{check.id} judges {name}"
    # A problem whose requirement a revision lacks would be lost: this one comes from anywhere.
    assert known.revisions(UNANSWERED) == JUDGED
