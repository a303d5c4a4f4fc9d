"""Whatever a server does, the run ends in time, with a report, in little memory, with nothing left; and servers that
are only unusual aren't accused.

In the gate a few servers of each kind, all of them with MCP_FULL=1; ``python tests/hostile`` shows the table.
"""

import os
from pathlib import Path

import pytest
from hostile import SERVERS, Hostile
from hostile._measure import measure

_CHOSEN = [server for server in SERVERS.values() if os.environ.get("MCP_FULL") or server.quick]


@pytest.mark.parametrize("server", _CHOSEN, ids=lambda server: server.name)
def test_the_run_ends_in_time_with_a_report_and_nothing_left(server: Hostile, tmp_path: Path) -> None:
    measured = measure(server, tmp_path)
    assert not measured.wrong, measured.output[-4000:]


def test_there_are_many_kinds_of_each_transport() -> None:
    hostile = [server for server in SERVERS.values() if not server.is_right]
    assert len(hostile) >= 40
    assert {server.transport for server in hostile} == {"stdio", "http", "sse"}
