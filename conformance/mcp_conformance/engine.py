"""Runs cases against a target and hands out verdicts. Knows nothing of pytest."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import anyio

from mcp_conformance import judging, monitors
from mcp_conformance.budget import Budget
from mcp_conformance.cases import model
from mcp_conformance.cases.checks import Check
from mcp_conformance.cases.loader import LoadedCase
from mcp_conformance.cases.runner import CannotOpen, Runner, Steps, profile_document
from mcp_conformance.cases.values import Unavailable, Values
from mcp_conformance.discovery import ANSWERS, Discovery
from mcp_conformance.hints import Hints
from mcp_conformance.hope import Hope, shows_life
from mcp_conformance.judging import Reproduce, Ruling, Seen
from mcp_conformance.observation import Observation
from mcp_conformance.profile import CallLevel, Profile, RevisionProfile
from mcp_conformance.revisions import JUDGED
from mcp_conformance.session import Session
from mcp_conformance.sessions import Sessions
from mcp_conformance.target import HttpTarget, Target
from mcp_conformance.verdicts import Outcome

__all__ = ["ANSWERS", "Engine", "Settings"]

_MAX_DEADLINE = 60.0
_GRACE = 5.0  # seconds for a server to exit once its input is closed; the specification names no number


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run is asked to do. Times are in seconds. `revisions` empty: all that the server speaks and the suites
    judge."""

    call: CallLevel = "safe"
    hints: Hints = field(default_factory=Hints)
    start_deadline: float = 60.0
    deadline: float = 10.0
    revisions: tuple[str, ...] = ()
    budget: Budget = field(default_factory=Budget)
    judged: tuple[str, ...] = JUDGED
    """The revisions in which a server is surveyed and judged at all, oldest first."""


class Engine:
    """An async context manager around all servers of a run.

    `discover` fills `profile` and the outcomes of the checks; a worker process takes both over instead (`adopt`).
    """

    def __init__(self, target: Target, settings: Settings, reproduce: Reproduce) -> None:
        self.target, self.settings, self.reproduce = target, settings, reproduce
        self.profile: Profile | None = None
        self.surveyed: dict[tuple[str, str], Outcome] = {}
        """What discovery has judged already, by case and revision: the checks, and `ANSWERS`."""
        self.hope = Hope()
        self._known_causes: set[str] = set()
        self._unanswered: set[str] = set()
        """Methods that were seen to get no answer, with all patience."""
        self._sessions = Sessions(
            target, settings.start_deadline, self._deadline, lambda revision: self._of(revision).barrier_method
        )

    async def __aenter__(self) -> Self:
        await self._sessions.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._sessions.__aexit__(kind, error, trace)

    # -------------------------------------------------------------------------------------------------------- discovery

    async def discover(self, *, survey: bool = True) -> Profile:
        """Find out what the server is. With `survey`, call tools and judge all checks on the way."""
        self.profile = Profile(self.target.transport, self.target.label, 0.0, {}, {})
        settings = self.settings
        discovery = Discovery(
            self._sessions,
            self.profile,
            settings.call,
            settings.hints,
            settings.revisions,
            self.reproduce,
            settings.judged,
            settings.budget,
        )
        self._keep(await discovery.run(judge=survey))
        self.hope.lost = discovery.hopeless
        return self.profile

    def adopt(self, profile: Profile, surveyed: Iterable[Outcome], lost: str = "") -> None:
        """Take over what another process has found out."""
        self.profile = profile
        self.hope.lost = lost
        if isinstance(self.target, HttpTarget):
            self.target.transport = profile.transport
            for found in profile.revisions.values():
                self.target.schemas |= {tool.name: tool.definition.get("inputSchema") for tool in found.tools}
        self._keep(surveyed)

    def _keep(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            self.surveyed[outcome.case, outcome.revision] = outcome
            self._known_causes.update(finding.fingerprint for finding in outcome.findings)

    @property
    def stopped(self) -> str:
        """Why no case is run any more; empty while they are."""
        if self.hope.lost:
            return f"the run was stopped early: {self.hope.lost}"
        return self.settings.budget.reason if self.settings.budget.is_spent else ""

    def answers(self) -> Outcome:
        """The outcome of `ANSWERS`."""
        return next(outcome for (case, _), outcome in self.surveyed.items() if case == ANSWERS)

    def _of(self, revision: str) -> RevisionProfile:
        assert self.profile is not None, "discover or adopt comes first"
        return self.profile.revisions.get(revision) or RevisionProfile(revision, {})

    def _deadline(self) -> float:
        """For an answer: what was asked for, stretched for a server that takes long to start."""
        return max(self.settings.deadline, self._stretched())

    def _stretched(self) -> float:
        return min(2 * self.profile.start_seconds, _MAX_DEADLINE) if self.profile else 0.0

    # ------------------------------------------------------------------------------------------------------------- runs

    def _values(self, found: RevisionProfile) -> Values:
        """What a case in a revision can refer to."""
        assert self.profile is not None
        newest = self.profile.newest_stateful
        return Values(profile_document(found.revision, newest, found.barrier_method, found.values), found.missing)

    async def open(self, revision: str, options: model.SessionOptions) -> Session:
        """A session of the user's own. Raises `CannotOpen`."""
        return await self._sessions.open(revision, options)

    async def close(self, session: Session) -> None:
        """End a session that `open` has given."""
        await self._sessions.close(session)

    async def run(self, case: LoadedCase, revision: str) -> Outcome:
        """The outcome of one case in one revision."""
        if isinstance(case.body, Check):
            return self.surveyed[case.id, revision]
        started = time.monotonic()
        requirements = case.requirements(revision)
        ruling = Ruling(inapplicable=judging.inapplicable(case, requirements, self._of(revision).declares))
        if len(ruling.inapplicable) < len(requirements):
            if not self.stopped:
                with anyio.move_on_after(self.settings.budget.left):
                    ruling = await self._judged(case, case.body, revision)
                    if self.hope.is_doubtful:
                        self.hope.last_try(await self._last_try(revision))
            if not (ruling.passed or ruling.seen or ruling.undecided):
                ruling.undecided = dict.fromkeys(case.judges, self.stopped)
        outcome = judging.judge(case, revision, self.target.transport, ruling, self.reproduce)
        outcome.seconds, outcome.server_seconds = time.monotonic() - started, ruling.waited
        return outcome

    async def _last_try(self, revision: str) -> str | None:
        """Why a new session gets no answer to what was answered before; "" for silence, None when it gets one."""
        try:
            session = await self._sessions.open(revision, model.SessionOptions(open="fresh"))
        except CannotOpen as reason:
            return str(reason)
        exchange = await session.barrier()
        await self._sessions.close(session)
        return None if shows_life(exchange) else ""

    async def _judged(self, case: LoadedCase, body: model.Case, revision: str) -> Ruling:
        """The ruling on a case; trouble that other sessions may have a part in is looked at again, alone."""
        ruling, used, unopened = await self._run(case, body, revision)
        if not ruling.seen and not unopened:
            return ruling
        known = {seen.problem.fingerprint for seen in ruling.seen} <= self._known_causes
        if _silent_methods(ruling) and not unopened and not _opens_a_server(body):
            self._unanswered.update(_silent_methods(ruling))  # waiting for it all over again would prove no more
        elif used and ruling.seen and not known:
            again, _, _ = await self._run(case, body, revision)
            if not {seen.problem.fingerprint for seen in ruling.seen} <= {
                seen.problem.fingerprint for seen in again.seen
            }:
                ruling.notes.append(
                    "seen only after other cases in the same session: run the whole area to see it again"
                )
        elif not self._sessions.alone and self._sessions.others_run and (unopened or _silent_methods(ruling)):
            # A server that can't run twice at a time (a port, a lock) is not to blame for not starting beside itself.
            self._sessions.alone = True
            again, _, _ = await self._run(case, body, revision)
            if again.seen or again.undecided:
                self._sessions.alone = False
            return again
        return ruling

    async def _run(self, case: LoadedCase, body: model.Case, revision: str) -> tuple[Ruling, bool, bool]:
        """One run of the steps: the ruling, whether a session was used that had been used before, whether one couldn't
        be opened."""
        found = self._of(revision)
        assert self.profile is not None
        before = self._sessions.waited()
        runner = Runner(
            body,
            revision,
            self._values(found),
            open_session=lambda options: self._sessions.open(revision, options),
            close_session=self._sessions.close,
            restart_server=self._sessions.restart_server if self.target.shares_server else None,
            grace=max(_GRACE, self._stretched()),
            start_seconds=self.profile.start_seconds,
            tools=frozenset(tool.name for tool in found.tools),
            unanswered=frozenset(self._unanswered.union(found.unanswered)),
        )
        steps, unopened = runner.steps, ""
        inapplicable = judging.inapplicable(case, case.requirements(revision), self._of(revision).declares)
        try:
            await runner.run()
        except Unavailable as reason:
            inapplicable |= dict.fromkeys(body.judges, str(reason))
        except CannotOpen as reason:
            steps.undecided |= dict.fromkeys(body.judges, str(reason))
            unopened = str(reason)
        ruling = self._ruling(case, steps, inapplicable, found.declares)
        on_terminal = body.opening("main").terminal
        if on_terminal:
            events = [event for session, _ in steps.windows for event in session.transcript.events]
            ruling, unopened = judging.on_a_terminal(case, ruling, events), ""
        ruling.waited = sum(session.waited - before.get(id(session), 0.0) for session, _ in steps.windows)
        for session, _ in steps.windows:
            if session.failure is not None:
                raise session.failure  # ours, not the server's
            if not self._sessions.is_shared(session) or ruling.seen or ruling.undecided:
                await self._sessions.close(session)  # a session in which something went wrong isn't used again
        if not on_terminal:  # whatever a server does there, it does for its own reasons
            self.hope.case_ended(
                [one for session, start in steps.windows for one in session.exchanges if one.sent.number > start],
                unopened,
                next((session.excess for session, _ in steps.windows if session.excess), ""),
            )
        return ruling, any(start for _, start in steps.windows), bool(unopened)

    def _ruling(
        self, case: LoadedCase, steps: Steps, inapplicable: dict[str, str], declares: Callable[[str], bool]
    ) -> Ruling:
        ruling = Ruling(steps.passed, [], steps.undecided, inapplicable, steps.notes)
        for problem, session in steps.problems:
            stderr = "" if session.alive else session.conduit.stderr_tail()
            ruling.seen.append(Seen(problem, session.transcript.events, stderr))
        heard = steps.heard
        for session, start in steps.windows:
            observation = Observation.of(session, start)
            heard = heard or any(event.direction == "received" for event in observation.events)
            for problem in monitors.watch(observation):
                if judging.is_beside_the_point(problem, case.judges, session.revision, declares):
                    continue
                # What the survey has already shown isn't shown again with each case, unless it is the case's own
                # matter.
                if problem.requirement in case.judges or problem.fingerprint not in self._known_causes:
                    ruling.seen.append(Seen(problem, session.transcript.events))
        if not heard and ruling.passed:
            ruling.undecided |= dict.fromkeys(ruling.passed, "the server said nothing while the case ran")
            ruling.passed = set()
        return ruling


def _silent_methods(ruling: Ruling) -> set[str]:
    """Methods that a ruling says got no answer."""
    causes = (seen.problem.cause for seen in ruling.seen)
    return {cause.removeprefix("no-answer:") for cause in causes if cause.startswith("no-answer:")}


def _opens_a_server(body: model.Case) -> bool:
    """Whether the case starts a server of its own."""
    return body.opening("main").open in ("fresh", "unopened") or bool(body.sessions)
