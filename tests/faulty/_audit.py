"""Runs the tester against a server of this package, in this process, and sums up what it said."""

import warnings
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import anyio
from anyio.abc import TaskGroup

from mcp_conformance.cases.checks import Check
from mcp_conformance.cases.loader import LoadedCase, bundled
from mcp_conformance.conduits import Conduit
from mcp_conformance.conduits.lines import LineConduit
from mcp_conformance.engine import ANSWERS, Engine, Settings
from mcp_conformance.hints import Hints
from mcp_conformance.requirements import catalogue
from mcp_conformance.target import HttpTarget, StdioTarget, Target
from mcp_conformance.transports.memory import Receive, Send, serve_in_memory
from mcp_conformance.verdicts import Finding, Outcome, Verdict
from reference_servers.engine.http import Settings as HttpSettings
from reference_servers.engine.http import serving

from . import FAULTS, VARIANTS, Era, Fault, Variant

DEADLINE = 3.0
AT_ONCE = 8
BROKEN = (Verdict.FAIL, Verdict.WARNING)


@dataclass
class InMemory:
    """A target: each connection is a new session with the server. It counts as stdio, whose rules it can break too."""

    variant: Variant
    era: Era = "stateful"
    label: str = "in memory"
    transport: str = "stdio"
    shares_server: ClassVar[bool] = False
    can_restart: ClassVar[bool] = True

    async def connect(self, tasks: TaskGroup, revision: str, *, impatient: bool = False) -> Conduit:
        return LineConduit(serve_in_memory(self.serve, tasks, grace=0.01 if impatient else 0.2))

    async def restart(self) -> None:
        """Nothing is shared."""

    async def aclose(self) -> None:
        """Each server ends with its session."""

    async def serve(self, receive: Receive, send: Send) -> None:
        """What the stdio transport of the reference server does, without a process."""

        async def put(message: bytes) -> None:
            await send(connection.delimit(message))

        connection = self.variant.connection(self.variant.in_era(self.era)(), put)
        async with connection:
            await connection.at_start()
            rest = b""
            while data := await receive():
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    if line.strip():
                        await connection.handle(line.strip())
            if rest.strip():
                await connection.handle(rest.strip())
            await connection.at_end_of_input()


@dataclass
class Result:
    """What a run said: outcomes by case."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    revisions: tuple[str, ...] = ()
    """Those that the server speaks."""

    @property
    def failed(self) -> set[str]:
        return {case for case, outcome in self.outcomes.items() if outcome.verdict in BROKEN}

    @property
    def findings(self) -> list[Finding]:
        return [finding for outcome in self.outcomes.values() for finding in outcome.findings]

    @property
    def causes(self) -> dict[str, list[Finding]]:
        """The findings by root cause: what a report shows as one."""
        found: dict[str, list[Finding]] = {}
        for finding in self.findings:
            found.setdefault(finding.fingerprint, []).append(finding)
        return found

    def verdicts(self, *wanted: Verdict) -> dict[str, str]:
        return {case: outcome.reason for case, outcome in self.outcomes.items() if outcome.verdict in wanted}


def chosen(entry: Variant, full: bool) -> Callable[[LoadedCase], bool]:
    """Which cases are run: all, or what watches everything and the areas that the fault is about."""
    if full:
        return lambda case: True
    own = {*entry.cases, *entry.may} if isinstance(entry, Fault) else set()
    areas = {case.partition(".")[0] for case in own} | {"base"} if own else {case.area for case in bundled()}
    # These wait for a server to speak unasked, a third of a second each.
    slow = {"lifecycle.start.nothing-before-initialize", "lifecycle.start.no-requests-before-initialized"}
    return lambda case: case.id in own or isinstance(case.body, Check) or (case.area in areas and case.id not in slow)


WIDER: Mapping[str, Collection[str]] = {
    "base.messages.are-json-rpc": ["stdio.stdout-is-pure"],
    "base.notifications.have-no-id": ["base.server-request-ids"],
    "base.results.are-objects": [
        "base.unknown-method.error-code",
        "ping.result-is-valid",
        "tools.call.result-is-valid",
        "tools.list.result-is-valid",
    ],
    "logging.capability.is-declared": ["lifecycle.capabilities.only-negotiated"],
    "logging.messages.fields-are-valid": ["base.notifications-are-valid"],
}
"""Cases that judge by a requirement of their own what these judge by another, of the same messages."""

Reach = Callable[[Variant, Era], Target]


@asynccontextmanager
async def reached(entry: Variant, era: Era, reach: Reach = InMemory) -> AsyncIterator[Target]:
    """The server, running: in memory, or at a URL where its fault is one of HTTP."""
    if entry.endpoint is None:
        yield reach(entry, era)
        return
    settings = HttpSettings(**entry.settings)
    async with serving(entry.endpoint(entry.in_era(era)(), entry.connection, settings)) as url:
        yield HttpTarget(url, transport=entry.transport, environment={}, start_deadline=DEADLINE, label=entry.name)


async def examine(
    entry: Variant,
    revision: str,
    *,
    full: bool = False,
    deadline: float = DEADLINE,
    start_deadline: float = DEADLINE,
    reach: Reach = InMemory,
) -> Result:
    """Everything that the tester says of a server in one revision. The deadlines are in seconds."""
    both = not isinstance(entry, Fault) or entry.both
    settings = Settings(
        start_deadline=start_deadline,
        deadline=deadline,
        revisions=() if both else (revision,),
        hints=Hints.model_validate(entry.hints),
        call="all" if revision == "2024-11-05" else "safe",  # there are no annotations yet, and there is no harm to do
    )
    result = Result()
    with anyio.fail_after(120):
        async with (
            reached(entry, entry.era_for(revision), reach) as target,
            Engine(target, settings, _reproduce) as engine,
        ):
            await engine.discover()
            result.outcomes[ANSWERS] = engine.answers()
            result.revisions = tuple(engine.profile.revisions) if engine.profile else ()
            for case in filter(chosen(entry, full), _in(revision, engine)):
                result.outcomes[case.id] = await engine.run(case, revision)
    return result


def _reproduce(case: str, revision: str) -> str:
    return f"{case} {revision}"


async def examine_all(
    entries: Iterable[Variant],
    revision: str,
    *,
    full: bool = False,
    deadline: float = DEADLINE,
    start_deadline: float = DEADLINE,
    reach: Reach = InMemory,
    at_once: int = AT_ONCE,
) -> dict[str, Result | Exception]:
    """What the tester says of each server, by name; several are examined at once, since most of the time is waiting."""
    found: dict[str, Result | Exception] = {}
    limit = anyio.CapacityLimiter(at_once)

    async def one(entry: Variant) -> None:
        async with limit:
            try:
                found[entry.name] = await examine(
                    entry, revision, full=full, deadline=deadline, start_deadline=start_deadline, reach=reach
                )
            except Exception as error:  # a crash of the tester is this server's result, and no other's
                found[entry.name] = error

    async with anyio.create_task_group() as tasks:
        for entry in entries:
            tasks.start_soon(one, entry)
    return found


@dataclass
class Examinations:
    """What the tester says of servers, each by name and revision: examined, together with its neighbours in `asked`,
    when one is looked up. So several processes that look up different ones share the work."""

    asked: Sequence[tuple[str, str]]
    servers: Mapping[str, Variant]
    full: bool = False
    deadline: float = DEADLINE
    start_deadline: float = DEADLINE
    at_once: int = AT_ONCE
    together: int = 4 * AT_ONCE
    _found: dict[tuple[str, str], Result | Exception] = field(default_factory=dict)

    def __getitem__(self, key: tuple[str, str]) -> Result:
        """Raises what went wrong in the tester."""
        if key not in self._found:
            here = self.asked.index(key) // self.together * self.together
            names = [name for name, revision in self.asked[here : here + self.together] if revision == key[1]]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                told = anyio.run(self._examine, names, key[1])
            self._found |= {(name, key[1]): result for name, result in told.items()}
        found = self._found[key]
        if isinstance(found, Exception):
            raise found
        return found

    async def _examine(self, names: Sequence[str], revision: str) -> dict[str, Result | Exception]:
        entries = [self.servers[name] for name in names]
        return await examine_all(
            entries,
            revision,
            full=self.full,
            deadline=self.deadline,
            start_deadline=self.start_deadline,
            at_once=self.at_once,
        )

    @classmethod
    def of(cls, request: Any, **how: Any) -> "Examinations":
        """Of all servers that the tests of a module ask for, in the order of the tests."""
        asked = [
            (str(item.callspec.params["name"]), str(item.callspec.params["revision"]))
            for item in request.session.items
            if item.module is request.module and "examined" in getattr(item, "fixturenames", ())
        ]
        return cls(list(dict.fromkeys(asked)), {**FAULTS, **VARIANTS}, **how)


def _in(revision: str, engine: Engine) -> Iterable[LoadedCase]:
    """The cases that a target can be judged by. Without a process there is no terminal, and what was seen without one
    proves nothing of it."""
    assert engine.profile is not None
    if revision not in engine.profile.revisions:
        return []
    cases = [case for case in bundled() if case.runs_on(revision, engine.target.transport)]
    return cases if isinstance(engine.target, StdioTarget) else [case for case in cases if not _on_a_terminal(case)]


def _on_a_terminal(case: LoadedCase) -> bool:
    return not isinstance(case.body, Check) and case.body.opening("main").terminal


# ----------------------------------------------------------------------------------------------- what is right


def claims(fault: Fault, revision: str) -> list[str]:
    """What has to be judged broken on it in that revision: those of `breaks` that bind servers and show there."""
    if (fault.revisions and revision not in fault.revisions) or not fault.shows_in(revision):
        return []
    if not _shows(fault.cases, revision, fault.transport):
        return []
    standing = (catalogue().get(revision, requirement) for requirement in fault.breaks)
    return [
        requirement.id
        for requirement in standing
        if requirement is not None
        and requirement.binds_servers
        and requirement.observable != "no"
        and (not fault.revisions or revision in fault.revisions)
        and requirement.transports in ("any", fault.transport)
    ]


def _shows(names: tuple[str, ...], revision: str, transport: str) -> bool:
    """Whether any of these cases is there to show something in that revision."""
    return ANSWERS in names or any(case.id in names and case.runs_on(revision, transport) for case in bundled())


def complaints(fault: Fault, result: Result, revision: str) -> list[str]:
    """What isn't as the fault's entry says: cases that had to fail or mustn't, requirements, the number of causes."""
    standing = claims(fault, revision)
    ran = {case for case in fault.cases if case in result.outcomes}
    blamed = {finding.requirement for finding in result.findings}
    undecided = result.verdicts(Verdict.INCONCLUSIVE, Verdict.ERROR)
    several = len(result.causes) > 1
    echoes = {case for case in result.failed - ran if _echoes(result.outcomes[case], result, ran)}
    beside = result.failed - ran - fault.may.keys() - echoes
    found = [
        (ran - result.failed, f"{sorted(ran - result.failed)} didn't fail"),
        (not result.findings, "nothing was found"),
        (beside, f"{sorted(beside)} failed too"),
        (not fault.undecided and undecided.keys() - fault.may.keys(), f"no verdict: {undecided}"),
        (several and not fault.several, f"one fault, {len(result.causes)} root causes"),
        (fault.several and not several, "there is one root cause by now: take `several` away"),
        (standing[0] not in blamed, f"{standing[0]} isn't among what was found broken"),
        (set(standing) - blamed - _broken(result, ran), f"not all of {standing} were judged broken"),
    ]
    told = [
        f"  {one.fingerprint} {one.case}: {one.requirement}: {one.expected} / {one.observed}" for one in result.findings
    ]
    return [words for wrong, words in found if wrong] and [*(words for wrong, words in found if wrong), *told]


def _echoes(outcome: Outcome, result: Result, cases: set[str]) -> bool:
    """Whether a case only repeats what the cases that have to fail show, and fails for the same causes: in a batch, on
    a terminal, or by a requirement that encloses theirs."""
    causes = {finding.fingerprint for case in cases for finding in result.outcomes[case].findings}
    repeats = outcome.area == "batching" or outcome.case == "stdio.stdout-is-pure-on-a-terminal"
    repeats = repeats or not cases.isdisjoint(WIDER.get(outcome.case, ()))
    return repeats and {finding.fingerprint for finding in outcome.findings} <= causes


def _broken(result: Result, cases: Iterable[str]) -> set[str]:
    judgements = [judgement for case in cases for judgement in result.outcomes[case].judgements]
    return {judgement.requirement for judgement in judgements if judgement.verdict in BROKEN}
