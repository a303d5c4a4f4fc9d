"""The reference server is right in all that it can be over HTTP: no finding and nothing inconclusive, in every
revision, with JSON and with streams, with sessions and without, polled, in each era and in both, and over HTTP+SSE."""

from dataclasses import replace
from typing import Any

import anyio
import pytest

from mcp_conformance.cases.loader import bundled
from mcp_conformance.engine import Engine, Settings
from mcp_conformance.target import HttpTarget
from mcp_conformance.verdicts import Outcome, Verdict
from reference_servers.engine import REVISIONS, STATEFUL, STATELESS, Connection, Revision
from reference_servers.engine.http import Endpoint, HttpSse, Streamable, serving
from reference_servers.engine.http import Settings as HttpSettings
from reference_servers.github.server import github

ERAS: dict[str, tuple[Revision, ...]] = {"stateful": STATEFUL, "stateless": STATELESS, "dual": REVISIONS}
HTTP: list[tuple[str, dict[str, Any]]] = [
    ("stateful", {"answers": "json"}),
    ("stateful", {"answers": "stream"}),
    ("stateful", {"answers": "json", "sessions": False}),
    ("stateful", {"answers": "stream", "sessions": False}),
    ("stateful", {"answers": "stream", "poll": 0, "retry": 1}),
    ("stateful", {"answers": "stream", "sessions": False, "poll": 0, "retry": 1}),
    ("stateless", {"answers": "json"}),
    ("stateless", {"answers": "stream"}),
    ("dual", {"answers": "json"}),
    ("dual", {"answers": "stream"}),
    ("dual", {"answers": "stream", "sessions": False}),
]


async def all_of(endpoint: type[Endpoint], transport: str, era: str, how: dict[str, Any]) -> list[Outcome]:
    """The outcomes of all cases in all revisions."""
    server = replace(github(), revisions=ERAS[era])
    settings = Settings(start_deadline=20, deadline=20)
    with anyio.fail_after(120):
        async with (
            serving(endpoint(server, Connection, HttpSettings(**how))) as url,
            Engine(
                HttpTarget(url, transport=transport, environment={}), settings, lambda case, revision: case
            ) as engine,
        ):
            profile = await engine.discover()
            revisions = [revision.name for revision in ERAS[era]]
            if how.get("sessions") is False:
                revisions.remove("2024-11-05")  # its later requests couldn't be told from those of 2025-03-26
            assert list(profile.revisions) == revisions
            return [
                engine.answers(),
                *[
                    await engine.run(case, revision)
                    for revision in profile.revisions
                    for case in bundled()
                    if case.runs_on(revision, transport)
                ],
            ]


def check(outcomes: list[Outcome]) -> None:
    right = (Verdict.PASS, Verdict.NOT_APPLICABLE)
    assert [(one.case, one.revision, one.verdict, one.reason) for one in outcomes if one.verdict not in right] == []
    assert sum(one.verdict is Verdict.PASS for one in outcomes) > 40


@pytest.mark.parametrize(
    ("era", "how"),
    HTTP,
    ids=["-".join([era, *(f"{name}={value}" for name, value in how.items())]) for era, how in HTTP],
)
def test_the_reference_is_right_over_streamable_http(era: str, how: dict[str, Any]) -> None:
    check(anyio.run(all_of, Streamable, "http", era, how))


def test_the_reference_is_right_over_http_with_sse() -> None:
    check(anyio.run(all_of, HttpSse, "sse", "stateful", {}))
