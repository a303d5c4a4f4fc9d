"""Finds out what a server is: one start for each revision, a survey in each that it speaks, and what the checks say of
it."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from mcp_conformance import judging
from mcp_conformance.calls import Accepted
from mcp_conformance.cases.checks import Check
from mcp_conformance.cases.loader import LoadedCase, bundled
from mcp_conformance.hints import Hints
from mcp_conformance.judging import Reproduce, Ruling, Seen
from mcp_conformance.observation import Observation
from mcp_conformance.profile import CallLevel, Profile
from mcp_conformance.revisions import JUDGED, may_be_published
from mcp_conformance.session import Session
from mcp_conformance.sessions import Sessions, silence
from mcp_conformance.survey import Survey
from mcp_conformance.verdicts import Outcome, Problem, Verdict
from mcp_conformance.wire import short

ANSWERS = "target.answers"
"""The case behind the item `mcp/target::answers`: there is a server at all."""

_LAST_WORDS = 0.5  # seconds in which a dying server's stderr may still arrive


@dataclass(slots=True)
class Discovery:
    """One discovery. `profile` is filled in place: sessions ask it for deadlines while it is still being made."""

    sessions: Sessions
    profile: Profile
    call: CallLevel
    hints: Hints
    wanted: tuple[str, ...]
    reproduce: Reproduce
    _observations: dict[str, tuple[Observation, str]] = field(default_factory=dict)
    """What was seen in each revision, and stderr where the server has died."""

    async def run(self, *, judge: bool = True) -> list[Outcome]:
        """Fill the profile; the outcomes of `ANSWERS` and, with `judge`, of all checks."""
        known: dict[str, Accepted] | None = {} if judge else None
        strange: dict[str, Session] = {}
        for version in [revision for revision in reversed(JUDGED) if not self.wanted or revision in self.wanted]:
            session = await self._ask(version)
            if not session.ready and self.profile.revisions and self.sessions.others_run:
                # It answered before: perhaps it can't run twice at a time.
                self.sessions.alone = True
                session = await self._ask(version)
                self.sessions.alone = session.ready
            if self.profile.offers[version] == version:
                await self._survey(version, session, known)
            elif session.ready:
                strange[version] = session
                continue
            await self._let_go(session)
            if session.exchanges[0].answer is None and not self.profile.revisions:
                break  # dead or dumb: asking again would only take time
        offered = {version for version in self.profile.offers.values() if version}
        for version, session in strange.items():
            if (
                version in offered
            ):  # asked for another version, the server names this one: so it speaks it, and has to say so
                await self._survey(version, session, known)
            await self._let_go(session)
        self.profile.revisions = dict(sorted(self.profile.revisions.items()))
        if offered:
            self.profile.failure = ""
        return [self._answers(), *(self._outcomes() if judge else ())]

    async def _let_go(self, session: Session) -> None:
        if not self.sessions.is_shared(session):
            await self.sessions.close(session)

    async def _ask(self, version: str) -> Session:
        """Ask a new server for a version."""
        profile = self.profile
        started = time.monotonic()
        session = await self.sessions.connect(version)
        exchange = await session.initialize(version, deadline=self.sessions.start_deadline)
        if not profile.offers:
            profile.start_seconds = time.monotonic() - started
        session.deadline = self.sessions.deadline()
        if session.ready:
            # A result without a version is taken for what was asked: the rest of the server can still be tested.
            named = session.server.get("protocolVersion")
            profile.offers[version] = named if isinstance(named, str) else version
            self._observations[version] = (Observation.of(session), "")
            profile.info = profile.info or {"serverInfo": session.server.get("serverInfo")}
        else:
            profile.offers[version] = None
            profile.failure = profile.failure or silence(session, exchange, self.sessions.start_deadline)
            await session.conduit.wait_exit(_LAST_WORDS)
            self._observations[version] = (Observation.of(session), session.conduit.stderr_tail())
        return session

    async def _survey(self, version: str, session: Session, known: dict[str, Accepted] | None) -> None:
        await session.initialized()
        level: CallLevel = self.call if known is not None else "none"
        found, observation = await Survey(session, level, self.hints, {} if known is None else known).run()
        if session.failure is not None:
            raise session.failure  # ours, not the server's
        found.unanswered = sorted({one.method for one in session.exchanges if one.answer is None and not one.excused})
        self.profile.revisions[version] = found
        self.profile.server_seconds += session.waited
        self._observations[version] = (observation, "" if session.alive else session.conduit.stderr_tail())
        if session.alive and not found.unanswered:
            self.sessions.share(session)

    # --------------------------------------------------------------------------------------------------------- outcomes

    def _outcomes(self) -> Iterable[Outcome]:
        for case in bundled():
            if isinstance(case.body, Check):
                for revision in self.profile.revisions:
                    if case.runs_on(revision, self.profile.transport):
                        yield self._judge(case, case.body, revision)

    def _judge(self, case: LoadedCase, check: Check, revision: str) -> Outcome:
        observation, stderr = self._observations[revision]
        declares = self.profile.revisions[revision].declares
        try:
            ruling = judging.rule_on_check(case, check, case.requirements(revision), observation, declares, stderr)
        except Exception as error:  # a fault of one check's, which is no reason to do without all others
            reason = f"{type(error).__name__}: {error}"
            return Outcome(case.id, case.area, revision, self.profile.transport, Verdict.ERROR, reason)
        return judging.judge(case, revision, self.profile.transport, ruling, self.reproduce)

    def _answers(self) -> Outcome:
        """Whether there is a server that can be judged."""
        profile = self.profile
        spoken = ", ".join(sorted({version for version in profile.offers.values() if version}))
        version = next(iter(profile.offers))
        made = Outcome(
            ANSWERS, "target", version, profile.transport, Verdict.PASS, f"the server answers initialize with {spoken}"
        )
        missing = [wanted for wanted in self.wanted if wanted not in profile.revisions]
        if spoken and missing:
            made.verdict = Verdict.INCONCLUSIVE
            made.reason = f"{', '.join(missing)} was asked for, but the server speaks only {spoken}"
        elif spoken and not profile.revisions:
            made.verdict = Verdict.NOT_APPLICABLE
            made.reason = f"the server speaks {spoken}; these suites judge {' and '.join(JUDGED)}"
        if not spoken:
            return self._no_answer(version)
        named = self.profile.offers[version]
        if named is not None and not profile.revisions and not may_be_published(named):
            return self._no_version(version, named)
        return made

    def _no_answer(self, version: str) -> Outcome:
        events = self._observations[version][0].exchanges[0].events
        failure = self.profile.failure
        problem = Problem(
            "lifecycle.server-responds",
            "a result for initialize",
            failure,
            "initialize",
            events,
            "no-answer:initialize",
        )
        return self._accused(version, problem, failure)

    def _no_version(self, version: str, named: str) -> Outcome:
        events = self._observations[version][0].exchanges[0].events
        at = "/result/protocolVersion"
        problem = Problem(
            "lifecycle.server-other-version", "a version of the protocol that was published", short(named), at, events
        )
        return self._accused(
            version, problem, f"the server answers with version {short(named)}, which was never published"
        )

    def _accused(self, version: str, problem: Problem, reason: str) -> Outcome:
        case = next(case for case in bundled() if case.id == "lifecycle.initialize.is-answered")
        observation, stderr = self._observations[version]
        ruling = Ruling(seen=[Seen(problem, observation.events, stderr)])
        made = judging.judge(case, version, self.profile.transport, ruling, self.reproduce)
        made.judgements = [judgement for judgement in made.judgements if judgement.requirement == problem.requirement]
        made.case, made.area, made.reason = ANSWERS, "target", reason
        for finding in made.findings:
            finding.case, finding.reproduce = ANSWERS, self.reproduce("", "")
        return made
