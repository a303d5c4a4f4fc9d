"""Finds out what a server is, decides which cases apply to it, runs them and hands out verdicts. Knows nothing of pytest."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import anyio
from anyio.abc import TaskGroup

from mcp_conformance import judging, monitors
from mcp_conformance.cases import model
from mcp_conformance.cases.checks import Check
from mcp_conformance.cases.loader import LoadedCase, bundled
from mcp_conformance.cases.runner import CannotOpen, Runner, Steps, profile_document
from mcp_conformance.cases.values import Unavailable, Values
from mcp_conformance.hints import Hints
from mcp_conformance.judging import Reproduce, Ruling, Seen
from mcp_conformance.observation import Observation
from mcp_conformance.profile import CallLevel, Profile, RevisionProfile
from mcp_conformance.requirements import catalogue
from mcp_conformance.revisions import JUDGED
from mcp_conformance.session import Exchange, Session
from mcp_conformance.calls import Accepted
from mcp_conformance.survey import Survey
from mcp_conformance.target import Target
from mcp_conformance.transports import Link
from mcp_conformance.verdicts import Outcome, Problem, Verdict
from mcp_conformance.wire import escape, short

ANSWERS = "target.answers"
"""The case behind the item `mcp/target::answers`: there is a server at all."""

_MAX_DEADLINE = 60.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run is asked to do. Times are in seconds. `revisions` empty: all that the server speaks and the suites judge."""

    call: CallLevel = "safe"
    hints: Hints = field(default_factory=Hints)
    start_deadline: float = 60.0
    deadline: float = 10.0
    revisions: tuple[str, ...] = ()


class Engine:
    """An async context manager: while it is open, sessions live in its task group; leaving it ends every server.

    `discover` fills `profile` and the outcomes of the checks; a worker process takes both over instead (`adopt`).
    """

    def __init__(self, target: Target, settings: Settings, reproduce: Reproduce) -> None:
        self.target, self.settings, self.reproduce = target, settings, reproduce
        self.profile: Profile | None = None
        self.surveyed: dict[tuple[str, str], Outcome] = {}
        """Outcomes of the checks, by case and revision."""
        self._observations: dict[str, tuple[Observation, str]] = {}
        self._shared: dict[tuple[str, str], Session] = {}
        """Sessions that several cases use, by revision and kind (shared or rough)."""
        self._spare: Link | None = None
        self._live: set[Session] = set()
        self._known_causes: set[str] = set()
        self._impatient = False
        self._group: TaskGroup

    async def __aenter__(self) -> Self:
        self._group = await anyio.create_task_group().__aenter__()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            async with anyio.create_task_group() as closing:
                for session in list(self._live):
                    closing.start_soon(self._close, session)
                if self._spare is not None:
                    closing.start_soon(self._spare.aclose)
        finally:
            await self._group.__aexit__(None, None, None)

    # ---------------------------------------------------------------------------------------------------------- sessions

    async def connect(self, revision: str, capabilities: dict[str, Any] | None = None) -> Session:
        """A new server with a session on it, not yet initialized."""
        link, self._spare = self._spare, None
        if link is None or link.returncode() is not None:
            link = await self.target.connect(self._group, impatient=self._impatient)
        session = Session(link, revision=revision, capabilities=capabilities, deadline=self._deadline())
        self._live.add(session)
        session.start(self._group)
        return session

    def _deadline(self) -> float:
        """For an answer: what was asked for, stretched for a server that takes long to start."""
        start = self.profile.start_seconds if self.profile else 0.0
        return max(self.settings.deadline, min(2 * start, _MAX_DEADLINE))

    async def open(self, revision: str, options: model.SessionOptions) -> Session:
        """A session, opened as a case asks for it. Raises `CannotOpen`."""
        if options.open in ("shared", "rough") and options.capabilities is None:
            key = (revision, options.open)
            session = self._shared.get(key)
            if session is None or not session.alive:
                session = self._shared[key] = await self._initialized(revision, None)
            return session
        session = await self.connect(revision, options.capabilities)
        # Where one new server is needed, another will be soon: it starts up while this one is tested.
        self._spare = await self.target.connect(self._group, impatient=self._impatient)
        return session if options.open == "unopened" else await self._handshake(session, revision)

    async def _initialized(self, revision: str, capabilities: dict[str, Any] | None) -> Session:
        return await self._handshake(await self.connect(revision, capabilities), revision)

    async def _handshake(self, session: Session, revision: str) -> Session:
        exchange = await session.initialize(revision, deadline=self.settings.start_deadline)
        if not session.ready:
            reason = self._silence(session, exchange)
            await self._close(session)
            raise CannotOpen(reason)
        if self.profile and revision in self.profile.revisions:
            session.barrier_method = self.profile.revisions[revision].barrier_method
        await session.initialized()
        return session

    async def close(self, session: Session) -> None:
        """End a session's server; the ending goes on beside whatever comes next."""
        self._shared = {key: shared for key, shared in self._shared.items() if shared is not session}
        self._group.start_soon(self._close, session)

    async def _close(self, session: Session) -> None:
        try:
            ending = await session.aclose()
            self._impatient = self._impatient or ending.stage in ("sigterm", "sigkill")
        finally:
            self._live.discard(session)

    def _silence(self, session: Session, exchange: Exchange) -> str:
        """Why there is no usable answer to initialize, in words."""
        if exchange.answer is not None:
            return f"the server answered initialize with {_words(exchange)}"
        last = session.transcript.events[-1]
        if last.direction == "closed":
            return f"{last.text} before it answered initialize"
        spoken = sum(event.direction == "received" for event in session.transcript.events)
        what = f"{spoken} lines, none of them an answer to initialize" if spoken else "nothing"
        return f"the server wrote {what} within {self.settings.start_deadline:g} s (--mcp-start-deadline)"

    # --------------------------------------------------------------------------------------------------------- discovery

    async def discover(self, *, survey: bool = True) -> Profile:
        """Start the server once per revision and find out what it is. With `survey`, judge all checks on the way."""
        wanted = [revision for revision in reversed(JUDGED) if not self.settings.revisions or revision in self.settings.revisions]
        profile = Profile(self.target.transport, self.target.label, 0.0, {}, {})
        self.profile = profile
        known: dict[str, Accepted] = {}
        opened: dict[str, Session] = {}
        for version in wanted:
            started = time.monotonic()
            session = await self.connect(version)
            exchange = await session.initialize(version, deadline=self.settings.start_deadline)
            if not profile.offers:
                profile.start_seconds = time.monotonic() - started
            session.deadline = self._deadline()
            named = exchange.result.get("protocolVersion") if isinstance(exchange.result, dict) else None
            # A result without a version is taken for what was asked: the rest of the server can still be tested.
            profile.offers[version] = (named if isinstance(named, str) else version) if isinstance(exchange.result, dict) else None
            opened[version] = session
            if profile.offers[version] is None:
                profile.failure = profile.failure or self._silence(session, exchange)
                self._observations[version] = (Observation.of(session), session.link.stderr_tail())
                await self._settle_stderr(session)
                self._observations[version] = (Observation.of(session), session.link.stderr_tail())
                if exchange.answer is None:
                    break  # dead or dumb: asking again would only take time
        offered = set(profile.offers.values())
        for version, session in opened.items():
            if profile.offers[version] is not None and version in offered:
                await session.initialized()
                found, observation = await Survey(session, self.settings.call if survey else "none", self.settings.hints, known).run()
                profile.revisions[version] = found
                profile.server_seconds += session.waited
                self._observations[version] = (observation, "" if session.alive else session.link.stderr_tail())
                if session.alive and all(exchange.answer is not None for exchange in session.exchanges):
                    self._shared[version, "shared"] = session  # only what a right client sends was sent in it
                    continue
            await self.close(session)
        profile.revisions = dict(sorted(profile.revisions.items()))
        if any(profile.offers.values()):
            profile.failure = ""
        if survey:
            for case in bundled():
                if isinstance(case.body, Check):
                    for revision in profile.revisions:
                        self._judge_check(case, case.body, revision)
        return profile

    async def _settle_stderr(self, session: Session) -> None:
        """A dying server's last words may still be on their way."""
        await session.link.wait_exit(0.5)

    def adopt(self, profile: Profile, surveyed: Iterable[Outcome]) -> None:
        """Take over what another process has found out."""
        self.profile = profile
        for outcome in surveyed:
            self._keep(outcome)

    def _keep(self, outcome: Outcome) -> None:
        self.surveyed[outcome.case, outcome.revision] = outcome
        self._known_causes.update(finding.fingerprint for finding in outcome.findings)

    def _judge_check(self, case: LoadedCase, check: Check, revision: str) -> None:
        requirements = case.requirements(revision)
        if not case.runs_on(revision, self.target.transport):
            return
        observation, stderr = self._observations[revision]
        ruling = judging.rule_on_check(case, check, requirements, observation, self._of(revision).declares, stderr)
        self._keep(judging.judge(case, revision, self.target.transport, ruling, self.reproduce))

    def _of(self, revision: str) -> RevisionProfile:
        assert self.profile is not None, "discover or adopt comes first"
        return self.profile.revisions[revision]

    def versions(self) -> list[str]:
        """The revisions that were asked for, oldest first: those for which there is an item that says whether the server answers."""
        return sorted(self.profile.offers) if self.profile else []

    def answers(self) -> Outcome:
        """The outcome of `ANSWERS`: whether there is a server that can be judged."""
        assert self.profile is not None, "discover or adopt comes first"
        case = next(case for case in bundled() if case.id == "lifecycle.initialize.is-answered")
        spoken = ", ".join(sorted({version for version in self.profile.offers.values() if version}))
        version = next(iter(self.profile.offers))
        base = Outcome(ANSWERS, "target", version, self.target.transport, Verdict.PASS, f"the server answers initialize with {spoken}")
        if self.profile.revisions:
            if missing := [wanted for wanted in self.settings.revisions if wanted not in self.profile.revisions]:
                base.verdict = Verdict.INCONCLUSIVE
                base.reason = f"{', '.join(missing)} was asked for, but the server speaks only {spoken}"
            return base
        if spoken:
            base.verdict = Verdict.INCONCLUSIVE if self.settings.revisions else Verdict.NOT_APPLICABLE
            base.reason = f"the server speaks {spoken}; these suites judge {' and '.join(JUDGED)}"
            return base
        observation, stderr = self._observations[version]
        requirement = "lifecycle.server-responds"
        exchange = observation.exchanges[0]
        problem = Problem(
            requirement, "a result for initialize", self.profile.failure, "initialize", exchange.events, f"no-answer:{exchange.method}"
        )
        outcome = judging.judge(
            case, version, self.target.transport, Ruling(seen=[Seen(problem, observation.events, stderr)]), self.reproduce
        )
        outcome.case, outcome.area, outcome.reason = ANSWERS, "target", self.profile.failure
        for finding in outcome.findings:
            finding.case = ANSWERS
            finding.reproduce = self.reproduce("", "")
        return outcome

    # -------------------------------------------------------------------------------------------------------------- runs

    async def run(self, case: LoadedCase, revision: str) -> Outcome:
        """The outcome of one case in one revision."""
        if isinstance(case.body, Check):
            return self.surveyed[case.id, revision]
        started = time.monotonic()
        requirements = case.requirements(revision)
        ruling = Ruling(inapplicable=judging.inapplicable(case, requirements, self._of(revision).declares))
        waited = 0.0
        if len(ruling.inapplicable) < len(requirements):
            used = set(self._shared.values())
            ruling, waited = await self._run(case, case.body, revision)
            if ruling.seen and used - set(self._shared.values()):
                await self._confirm(case, case.body, revision, ruling)
        outcome = judging.judge(case, revision, self.target.transport, ruling, self.reproduce)
        outcome.seconds, outcome.server_seconds = time.monotonic() - started, waited
        return outcome

    async def _confirm(self, case: LoadedCase, body: model.Case, revision: str, ruling: Ruling) -> None:
        """A problem in a session that other cases had used: does the case alone show it? If not, say so."""
        again, _ = await self._run(case, body, revision)
        alone = {seen.problem.fingerprint for seen in again.seen}
        if not {seen.problem.fingerprint for seen in ruling.seen} <= alone:
            ruling.notes.append("seen only after other cases in the same session: run the whole area to see it again")

    async def _run(self, case: LoadedCase, body: model.Case, revision: str) -> tuple[Ruling, float]:
        found = self._of(revision)
        assert self.profile is not None
        values = Values(profile_document(revision, self.profile.newest, found.values), found.missing)
        runner = Runner(
            body,
            revision,
            values,
            open_session=lambda options: self.open(revision, options),
            close_session=self.close,
            grace=max(5.0, min(2 * self.profile.start_seconds, _MAX_DEADLINE)),
            start_seconds=self.profile.start_seconds,
            tools=frozenset(tool.name for tool in found.tools),
        )
        steps = runner.steps
        inapplicable = judging.inapplicable(case, case.requirements(revision), found.declares)
        waited = {id(session): session.waited for session in self._shared.values()}
        try:
            await runner.run()
        except Unavailable as reason:
            inapplicable |= dict.fromkeys(body.judges, str(reason))
        except CannotOpen as reason:
            steps.undecided |= dict.fromkeys(body.judges, str(reason))
        ruling = self._ruling(case, steps, inapplicable)
        spent = sum(session.waited - waited.get(id(session), 0.0) for session, _ in steps.windows)
        for session, _ in steps.windows:
            if session not in self._shared.values() or ruling.seen or ruling.undecided:
                await self.close(session)  # a session in which something went wrong isn't used again
        return ruling, spent

    def _ruling(self, case: LoadedCase, steps: Steps, inapplicable: dict[str, str]) -> Ruling:
        ruling = Ruling(steps.passed, [], steps.undecided, inapplicable, steps.notes)
        for problem, session in steps.problems:
            stderr = "" if session.alive else session.link.stderr_tail()
            ruling.seen.append(Seen(problem, session.transcript.events, stderr))
        heard = steps.heard
        for session, start in steps.windows:
            observation = Observation.of(session, start)
            heard = heard or any(True for _ in observation.received())
            for problem in monitors.watch(observation):
                # What the survey has already shown isn't shown again with each case, unless it is the case's own matter.
                if problem.requirement in case.judges or problem.fingerprint not in self._known_causes:
                    ruling.seen.append(Seen(problem, session.transcript.events))
        if not heard and ruling.passed:
            ruling.undecided |= dict.fromkeys(ruling.passed, "the server said nothing while the case ran")
            ruling.passed = set()
        return ruling


def _words(exchange: Exchange) -> str:
    if isinstance(exchange.error, dict):
        return f"error {short(exchange.error.get('code'))}: {escape(str(exchange.error.get('message')))[:200]}"
    return short(exchange.result if exchange.error is False else exchange.error)
