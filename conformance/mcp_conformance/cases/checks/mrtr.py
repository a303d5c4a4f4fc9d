"""Passive checks of results that ask for input: what may be asked, and of which client (2026-07-28
basic/patterns/mrtr)."""

from collections.abc import Iterator

from mcp_conformance.cases.checks import Report, check
from mcp_conformance.cases.checks.protocol import schema_cause
from mcp_conformance.cases.checks.stateless import MAY_ASK, modern
from mcp_conformance.client import CAPABILITIES_KEY
from mcp_conformance.exchanges import Exchange, needs_input
from mcp_conformance.jsonrpc import JSON, MISSING
from mcp_conformance.messages import assess
from mcp_conformance.observation import Observation
from mcp_conformance.wire import short

_IDLE = "no result asked for input"
_TYPES = {
    "elicitation/create": "schema.ElicitRequest",
    "sampling/createMessage": "schema.CreateMessageRequest",
    "roots/list": "schema.ListRootsRequest",
}
_CAPABILITIES = {"elicitation/create": "elicitation", "sampling/createMessage": "sampling", "roots/list": "roots"}


def _asking(observation: Observation) -> Iterator[tuple[Exchange, dict[str, JSON]]]:
    """Results that ask for input, and what they ask by key."""
    for exchange in modern(observation):
        if needs_input(exchange) and exchange.method in MAY_ASK:
            asked = exchange.result.get("inputRequests")
            yield exchange, asked if isinstance(asked, dict) else {}


def _place(key: str) -> str:
    return "/result/inputRequests/" + key.replace("~", "~0").replace("/", "~1")


@check("mrtr.results.are-valid", judges=["schema.InputRequiredResult"], everywhere=True, era="stateless", idle=_IDLE)
def asking_results_are_valid(observation: Observation, report: Report) -> None:
    """Every result that asks for input is a valid InputRequiredResult."""
    _are_valid(observation, report)


@check("mrtr.requests.are-valid", judges=[*_TYPES.values()], everywhere=True, era="stateless", idle=_IDLE)
def input_requests_are_valid(observation: Observation, report: Report) -> None:
    """What a result asks for is a valid request of its kind."""
    for _, asked in _asking(observation):
        for one in asked.values():
            if isinstance(one, dict) and one.get("method") in _TYPES:
                report.saw(_TYPES[one["method"]])
    _are_valid(observation, report, inside=True)


def _are_valid(observation: Observation, report: Report, *, inside: bool = False) -> None:
    """`inside`: flaws within a single request of a known kind; else all others."""
    for exchange, asked in _asking(observation):
        message = exchange.answer.message if exchange.answer else None
        if message is None:
            continue
        if not inside:
            report.saw()
        said = assess(message.value, revision=observation.revision, sender="server", answers=exchange.method)
        for flaw in said.flaws:
            if flaw.layer != "schema" or not flaw.at.startswith("/result") or flaw.at == "/result/resultType":
                continue
            at = f"{flaw.at}/"
            within = next((one for key, one in asked.items() if at.startswith(_place(key) + "/")), MISSING)
            kind = _kind(within)
            if within is not MISSING and not kind:
                continue  # of no kind that there is, which the next check tells
            if bool(kind) == inside:
                report.problem(
                    flaw.expected, flaw.got, at=flaw.at, events=exchange.events,
                    requirement=_TYPES.get(kind, ""), cause=schema_cause(exchange.method, flaw),
                    remedy=flaw.remedy,
                )  # fmt: skip


def _kind(request: JSON) -> str:
    method = request.get("method") if isinstance(request, dict) else None
    return method if isinstance(method, str) and method in _TYPES else ""


@check(
    "mrtr.requests.are-of-three-kinds",
    judges=["mrtr.input-request-kinds"],
    everywhere=True,
    era="stateless",
    idle=_IDLE,
)
def input_requests_are_of_three_kinds(observation: Observation, report: Report) -> None:
    """A result asks only for elicitation, sampling or roots."""
    for exchange, asked in _asking(observation):
        for key, one in asked.items():
            report.saw()
            if not _kind(one):
                method = one.get("method") if isinstance(one, dict) else one
                report.problem(
                    " or ".join(_TYPES),
                    short(method),
                    at=_place(key),
                    events=exchange.events,
                    cause="input-request-kind",
                )


@check(
    "mrtr.requests.are-declared",
    judges=["mrtr.no-undeclared-input-requests", "mrtr.no-undeclared-elicitation", "roots.server-check-capability"],
    everywhere=True,
    era="stateless",
    idle=_IDLE,
)
def input_requests_are_declared(observation: Observation, report: Report) -> None:
    """A result asks only for what the client declared in that request."""
    for exchange, asked in _asking(observation):
        declared = exchange.meta.get(CAPABILITIES_KEY)
        for key, one in asked.items():
            if not (kind := _kind(one)):
                continue
            names = ["mrtr.no-undeclared-input-requests"]
            names += ["mrtr.no-undeclared-elicitation"] if kind == "elicitation/create" else []
            names += ["roots.server-check-capability"] if kind == "roots/list" else []
            for name in names:
                report.saw(name)
                if isinstance(declared, dict) and _CAPABILITIES[kind] not in declared:
                    report.problem(
                        f"no {kind}: the client declared no {_CAPABILITIES[kind]}",
                        f"a {kind}",
                        at=_place(key),
                        events=exchange.events,
                        requirement=name,
                        cause="named:input-request-undeclared",
                        remedy="look at the client's capabilities in the _meta of the request at hand, each time",
                    )
