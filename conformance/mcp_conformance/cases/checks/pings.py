"""Passive checks of the server's own pings (basic/utilities/ping)."""

from mcp_conformance.cases.checks import Report, check
from mcp_conformance.observation import Observation
from mcp_conformance.revisions import STATEFUL

_MOST = 10  # pings in one stretch that are never too many, and by which no rate is judged
_A_SECOND = 1.0  # pings; the specification names no number


@check(
    "ping.own.are-not-excessive",
    judges=["ping.not-excessive"],
    everywhere=True,
    idle="the server sent no pings",
    revisions=STATEFUL,
)
def are_not_excessive(observation: Observation, report: Report) -> None:
    """The server pings at most once a second, and ten times where less time passes."""
    pings = [
        event for event, message in observation.received() if message.kind == "request" and message.method == "ping"
    ]
    if not pings:
        return
    report.saw()
    seconds = observation.events[-1].at - observation.events[0].at
    if len(pings) > _MOST + _A_SECOND * seconds:
        report.problem(
            f"at most {_MOST} pings in {seconds:.1f} s",
            f"{len(pings)} pings",
            at="/method",
            events=(pings[0].number, pings[-1].number),
            remedy="ping an idle connection now and then; one that is used needs none",
        )
