"""Servers that are built with other people's packages: what is found on them is what we expect, with reasons.

The packages are installed for ``MCP_FULL=1`` alone, since that takes minutes and a package registry.
"""

import os
from fnmatch import fnmatchcase

import pytest
from stacks import environments, expectations, targets

from mcp_conformance.requirements import catalogue

full = pytest.mark.skipif(
    not os.environ.get("MCP_FULL"), reason="other people's servers are installed and run with MCP_FULL=1"
)


@full
@pytest.mark.parametrize("name", targets.targets())
def test_what_is_found_on_other_peoples_servers_is_expected(name: str) -> None:
    try:
        run = targets.run(targets.targets()[name])
    except environments.NotInstalledError as error:
        pytest.skip(str(error))
    assert not expectations.unexplained(name, run)
    assert expectations.found(run) == expectations.expected(name, run)


def test_each_expectation_is_of_a_requirement_at_its_level_with_a_reason_and_a_target() -> None:
    known = catalogue()
    for judged in expectations.judgements():
        entries = [known.get(edition, judged.requirement) for edition in known.editions(judged.requirement)]
        assert judged.level in {entry.level for entry in entries if entry}, judged
        assert judged.link.startswith("https://modelcontextprotocol.io/specification/"), judged
        assert len(judged.judgement) > 80, judged
    for entry in (*expectations.judgements(), *expectations.unjudged()):
        for pattern in entry.targets:
            assert any(fnmatchcase(name, pattern) for name in targets.targets()), pattern
