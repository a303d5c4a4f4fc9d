"""From problems to outcomes: levels and links from the catalogue, evidence from the transcript, one finding a root
cause."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from mcp_conformance.cases.checks import Check
from mcp_conformance.cases.loader import LoadedCase
from mcp_conformance.hope import as_one_cause, is_silent
from mcp_conformance.observation import Observation
from mcp_conformance.profile import NEEDS
from mcp_conformance.requirements import Requirement, catalogue, interpretation
from mcp_conformance.transcript import Event
from mcp_conformance.verdicts import Evidence, Finding, Judgement, Outcome, Problem, Verdict, failed, worst
from mcp_conformance.wire import excerpt, printable

_MAX_EVIDENCE = 6

Reproduce = Callable[[str, str], str]
"""(case, revision) to the command that shows the finding again."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A problem with the events of the session it was seen in, and what the server wrote to stderr if it has died."""

    problem: Problem
    events: list[Event]
    stderr: str = ""


@dataclass(slots=True)
class Ruling:
    """What a case came to, per requirement, before levels."""

    passed: set[str] = field(default_factory=set)
    seen: list[Seen] = field(default_factory=list)
    undecided: dict[str, str] = field(default_factory=dict)
    inapplicable: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    waited: float = 0.0
    """Seconds spent waiting for the server."""


def judge(case: LoadedCase, revision: str, transport: str, ruling: Ruling, reproduce: Reproduce) -> Outcome:
    """The outcome of a case: a judgement for each requirement that it names, and for each other seen broken."""
    judgements: list[Judgement] = []
    kept: list[tuple[Requirement, Seen]] = []
    named = case.requirements(revision)
    others = {seen.problem.requirement for seen in ruling.seen} - {requirement.id for requirement in named}
    for requirement in [*named, *_bound(others, revision)]:
        seen = [one for one in ruling.seen if one.problem.requirement == requirement.id]
        kept.extend((requirement, one) for one in seen)
        verdict, reason = _decide(requirement, seen, ruling)
        judgements.append(Judgement(requirement.id, requirement.level, verdict, reason))
    findings = _findings(case, revision, transport, kept, reproduce)
    verdict = worst([judgement.verdict for judgement in judgements])
    reason = next(judgement.reason for judgement in judgements if judgement.verdict == verdict)
    return Outcome(case.id, case.area, revision, transport, verdict, reason, judgements, findings, ruling.notes)


def _bound(names: Iterable[str], revision: str) -> list[Requirement]:
    """Those of the requirements that bind servers in that revision."""
    standing = (catalogue().get(revision, name) for name in sorted(names))
    return [found for found in standing if found is not None and found.binds_servers]


def _decide(requirement: Requirement, seen: list[Seen], ruling: Ruling) -> tuple[Verdict, str]:
    name = requirement.id
    if seen:
        first = seen[0].problem
        where = f" at {first.at}" if first.at.startswith("/") else ""
        return failed(requirement), f"expected {first.expected}{where}; observed {first.observed}"
    if name in ruling.passed:
        return Verdict.PASS, requirement.summary
    if name in ruling.inapplicable:
        return Verdict.NOT_APPLICABLE, ruling.inapplicable[name]
    return Verdict.INCONCLUSIVE, ruling.undecided.get(name, "nothing was seen that this could be judged on")


def _findings(
    case: LoadedCase, revision: str, transport: str, kept: list[tuple[Requirement, Seen]], reproduce: Reproduce
) -> list[Finding]:
    groups: dict[str, list[tuple[Requirement, Seen]]] = {}
    for requirement, seen in kept:
        groups.setdefault(seen.problem.fingerprint, []).append((requirement, seen))
    made = []
    for fingerprint, group in groups.items():
        # The gravest requirement speaks for the cause; the case's own before others.
        requirement, seen = min(
            group, key=lambda entry: (not entry[0].is_must, entry[1].problem.secondary, entry[0].id not in case.judges)
        )
        problem = seen.problem
        places = {one.problem.at + one.problem.observed for _, one in group}
        more = f" (and {len(places) - 1} more like it)" if len(places) > 1 else ""
        made.append(
            Finding(
                requirement=requirement.id,
                level=requirement.level,
                revision=revision,
                transport=transport,
                case=case.id,
                at=problem.at,
                expected=problem.expected,
                observed=problem.observed + more,
                evidence=evidence(seen.events, problem),
                reproduce=reproduce(case.id, revision),
                fingerprint=fingerprint,
                link=requirement.link,
                summary=requirement.summary,
                remedy=problem.remedy,
                interpretation=_reading(requirement),
                stderr=seen.stderr,
                secondary=problem.secondary,
            )
        )
    return made


def _reading(requirement: Requirement) -> str:
    found = interpretation(requirement.edition, requirement.id)
    return "" if found is None else f"the text pulls two ways here: {found.tension}. Read here: {found.reading}."


def evidence(events: list[Event], problem: Problem) -> list[Evidence]:
    """The few lines of the wire that prove a problem: those it names, and the end of the stream if it matters."""
    chosen = [event for event in events if event.number in problem.events][:_MAX_EVIDENCE]
    chosen += [
        event
        for event in events
        if event.direction == "closed" and event not in chosen and "output" in problem.observed
    ]
    lines = []
    for event in chosen or events[-2:]:
        message = event.message
        if message is None:
            text = event.text + _headers(event)
        elif event.direction == "sent" and event.http is not None:
            text = f"{event.http.method}{_headers(event)} {printable(message.raw, 400)}"
        elif message.is_json and event.direction == "received" and problem.at.startswith("/"):
            text = excerpt(message.value, problem.at)
        else:
            text = printable(message.raw, 400)
        lines.append(Evidence(event.number, event.direction, text))
    return lines


_TELLING = ("content-type", "origin", "last-event-id", "allow", "location", "www-authenticate", "retry-after")


def _headers(event: Event) -> str:
    """Those headers of a request, or of the head of a response, that the protocol looks at."""
    http = event.http
    if http is None or http.sse is not None or http.body is not None:
        return ""
    telling = _TELLING[1:] if event.direction == "sent" else _TELLING
    told = [
        f"{name}: {value}" for name, value in http.headers if name.lower().startswith("mcp-") or name.lower() in telling
    ]
    return " " + printable("; ".join(told), 400) if told else ""


# -------------------------------------------------------------------------------------------------------- applicability


def inapplicable(
    case: LoadedCase, requirements: Iterable[Requirement], declares: Callable[[str], bool]
) -> dict[str, str]:
    """For each requirement that doesn't apply to this server, the reason. The tester meets needs of the client's."""
    found: dict[str, str] = {}
    for requirement in requirements:
        for need in (*case.needs, *requirement.needs):
            if not need.startswith("client.") and not declares(need):
                found.setdefault(requirement.id, NEEDS.get(need) or f"the server doesn't declare {need}")
    return found


def is_beside_the_point(
    problem: Problem, judges: Iterable[str], revision: str, declares: Callable[[str], bool]
) -> bool:
    """Whether a problem that was seen while a case ran is about something that the server doesn't declare."""
    requirement = catalogue().get(revision, problem.requirement)
    return problem.requirement not in judges and requirement is not None and not _applies(requirement, declares)


def on_a_terminal(case: LoadedCase, ruling: Ruling, events: Iterable[Event]) -> Ruling:
    """What a ruling on a case means where the server was on a terminal: only its own matter is judged, and nothing of a
    server that doesn't speak there. To refuse, to be silent or to explain itself to a human breaks no rule that we are
    sure of."""
    received = [event for event in events if event.direction == "received"]
    speaks = any(event.message and (event.message.is_response or b'"jsonrpc"' in event.raw) for event in received)
    made = Ruling(notes=ruling.notes, waited=ruling.waited)
    if not speaks:
        made.inapplicable = dict.fromkeys(case.judges, "on a terminal the server doesn't speak the protocol")
        return made
    made.seen = [
        seen
        for seen in ruling.seen
        if seen.problem.requirement in case.judges and not seen.problem.cause.startswith("no-answer")
    ]
    made.passed = set(case.judges) - {seen.problem.requirement for seen in made.seen}
    return made


def _applies(requirement: Requirement, declares: Callable[[str], bool]) -> bool:
    return all(need.startswith("client.") or declares(need) for need in requirement.needs)


def rule_on_check(
    case: LoadedCase,
    check: Check,
    requirements: list[Requirement],
    observation: Observation,
    declares: Callable[[str], bool],
    stderr: str,
    cut: str = "",
) -> Ruling:
    """What a check says of a survey, as a ruling. `cut`: why the survey didn't see all that there is."""
    ruling = Ruling(inapplicable=inapplicable(case, requirements, declares))
    if len(ruling.inapplicable) == len(requirements):
        return ruling
    report = check.look(observation)
    ruling.notes = report.notes
    ruling.seen = [
        Seen(problem, observation.events, stderr)
        for problem in report.problems
        if problem.requirement not in ruling.inapplicable
    ]
    if is_silent(observation.exchanges):
        ruling.seen = [replace(seen, problem=as_one_cause(seen.problem)) for seen in ruling.seen]
    complete = all(
        exchange.answer is not None or exchange.excused or exchange.stays_open for exchange in observation.exchanges
    )
    for requirement in requirements:
        if requirement.id in report.unsure:
            ruling.undecided[requirement.id] = report.unsure[requirement.id]
        elif report.seen.get(requirement.id):
            ruling.passed.add(requirement.id)
        elif cut:
            ruling.undecided[requirement.id] = f"{check.idle}; {cut}"
        elif complete:
            ruling.inapplicable.setdefault(requirement.id, check.idle)
        else:
            ruling.undecided[requirement.id] = f"{check.idle}; the server left requests without an answer"
    return ruling
