"""Finds out what a server is: one start for each revision, a survey in each that it speaks, and what the checks say of
it."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import anyio

from mcp_conformance import judging
from mcp_conformance.budget import Budget
from mcp_conformance.calls import Accepted
from mcp_conformance.cases.checks import Check
from mcp_conformance.cases.checks.protocol import UNJUDGED_STATUS
from mcp_conformance.cases.loader import LoadedCase, bundled
from mcp_conformance.exchanges import body_of
from mcp_conformance.hints import Hints
from mcp_conformance.hope import is_silent
from mcp_conformance.jsonrpc import JSON
from mcp_conformance.judging import Reproduce, Ruling, Seen
from mcp_conformance.observation import Observation
from mcp_conformance.probing import ask_both_eras, find_transport, first_request, heard, offer
from mcp_conformance.profile import CallLevel, Profile, Tool
from mcp_conformance.requirements import catalogue
from mcp_conformance.revisions import JUDGED, era_of, has_annotations, may_be_published
from mcp_conformance.session import Session
from mcp_conformance.sessions import Sessions, silence
from mcp_conformance.survey import Survey
from mcp_conformance.target import HttpTarget, is_local
from mcp_conformance.verdicts import Outcome, Problem, Verdict
from mcp_conformance.wire import short

ANSWERS = "target.answers"
"""The case behind the item `mcp/target::answers`: there is a server at all."""

_MOST_FOR_THE_OTHER = 15.0  # seconds for the first answer in an era that wasn't asked for
SILENT_SURVEYS = 2
"""Surveys in which nothing was answered, after which no revision is asked for any more."""
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
    judged: tuple[str, ...] = JUDGED
    """The revisions in which a server is surveyed, oldest first."""
    budget: Budget = field(default_factory=Budget)
    hopeless: str = ""
    """Why there is no use in testing any further, if so."""
    _cut: dict[str, str] = field(default_factory=dict)
    """Why the survey of a revision isn't whole."""
    _silent_surveys: int = 0
    _observations: dict[str, tuple[Observation, str]] = field(default_factory=dict)
    """What was seen in each revision, and stderr where the server has died."""
    _annotations: dict[str, JSON] = field(default_factory=dict)
    """What tools say of themselves, by name, in revisions in which they can."""

    async def run(self, *, judge: bool = True) -> list[Outcome]:
        """Fill the profile; the outcomes of `ANSWERS` and, with `judge`, of all checks."""
        with anyio.move_on_after(self.budget.left) as scope:
            await self._find({} if judge else None)
        profile = self.profile
        profile.revisions = dict(sorted(profile.revisions.items()))
        self._tell_traits()
        if len({era_of(version) for version in profile.offers}) > 1:
            # What a server of one era says to the other one is not the first thing to tell of it.
            profile.offers = dict(sorted(profile.offers.items(), key=lambda offered: offered[1] is None))
        if any(profile.offers.values()):
            profile.failure = ""
        if scope.cancelled_caught and not profile.revisions:
            self.hopeless = profile.failure = f"{self.budget.reason} before the server was known"
            version = next(iter(profile.offers), next(reversed(self.judged)))
            profile.offers.setdefault(version, None)
            return [Outcome(ANSWERS, "target", version, profile.transport, Verdict.INCONCLUSIVE, profile.failure)]
        return [self._answers(), *(self._outcomes() if judge else ())]

    async def _find(self, known: dict[str, Accepted] | None) -> None:
        """Ask for each revision, and survey the server in those that it speaks."""
        strange: dict[str, Session] = {}
        versions = [revision for revision in reversed(self.judged) if not self.wanted or revision in self.wanted]
        asked = await self._probe(versions)
        # A server that can't run twice at a time shows it by ending; those of its revisions come when others are done.
        versions.sort(key=lambda version: version in asked and self._ended_silently(asked[version]))
        for version in versions:
            if self.hopeless:
                break
            if version in self.profile.offers and version not in asked:
                continue
            if self._is_of_the_other_era(version):
                self.profile.offers[version] = None
                continue
            session = asked.pop(version, None) or await self._ask(version)
            if self._may_be_crowded(version, session):
                # It answered before: perhaps it can't run twice at a time.
                self.sessions.alone = True
                session = await self._ask(version)
                self.sessions.alone = self.profile.offers[version] is not None
            if self.profile.offers[version] == version:
                await self._survey(version, session, known)
            elif self.profile.offers[version] is not None:
                strange[version] = session
                continue
            await self._let_go(session)
            if session.exchanges[0].answer is None and not self.profile.revisions and not asked:
                break  # dead or dumb: asking again would only take time
        if not any(self.profile.offers.values()):
            await self._ask_the_other_era(versions)
        offered = {version for version in self.profile.offers.values() if version}
        for version, session in strange.items():
            if (
                version in offered and not self.hopeless
            ):  # asked for another version, the server names this one: so it speaks it, and has to say so
                await self._survey(version, session, known)
            await self._let_go(session)

    async def _ask_the_other_era(self, versions: list[str]) -> None:
        """Nothing that was asked for is spoken: whether there is a server at all, the era that wasn't asked for tells.
        It isn't judged in that."""
        eras = {era_of(version) for version in versions}
        others = [version for version in self.judged if era_of(version) not in eras]
        barred = any(seen.exchanges[0].status in UNJUDGED_STATUS for seen, _ in self._observations.values())
        if len(eras) > 1 or not others or barred or (self.profile.transport == "sse" and "stateful" in eras):
            return
        session = await self.sessions.connect(others[-1])
        await first_request(session, min(self.sessions.start_deadline, _MOST_FOR_THE_OTHER))
        await self._note(others[-1], session)
        await self._let_go(session)

    def _tell_traits(self) -> None:
        """What is true of the server in all revisions: what only the answers in both eras tell, and where it is."""
        handshakes = [named for version, named in self.profile.offers.items() if era_of(version) == "stateful"]
        spoken = {era_of(version) for version in self.profile.revisions}
        traits = ["dual-era"] if len(spoken) == 2 else []
        if spoken == {"stateless"} and handshakes and not any(handshakes):
            traits.append("stateless-only")
        target = self.sessions.target
        if isinstance(target, HttpTarget) and is_local(target.url):
            traits.append("local")
        for found in self.profile.revisions.values():
            found.traits += traits

    async def _let_go(self, session: Session) -> None:
        if not self.sessions.is_shared(session):
            await self.sessions.close(session)

    async def _probe(self, versions: list[str]) -> dict[str, Session]:
        """Settle what has to be known before anything else: the transport, and which eras there are."""
        target = self.sessions.target
        if isinstance(target, HttpTarget) and target.transport == "auto":
            self.profile.transport = await find_transport(self.sessions, target, versions, self.sessions.start_deadline)
        eras = {era_of(version): version for version in reversed(versions)}
        if len(eras) < 2 or self.profile.transport == "sse":
            return {}
        started = time.monotonic()
        asked = await ask_both_eras(
            self.sessions, eras["stateful"], eras["stateless"], self.sessions.start_deadline
        )  # fmt: skip
        self.profile.start_seconds = min(
            (session.exchanges[0].seconds for session in asked.values() if session.exchanges[0].answer is not None),
            default=time.monotonic() - started,
        )
        for version, session in asked.items():
            await self._note(version, session)
        ended = [version for version, session in asked.items() if self._ended_silently(session)]
        if len(ended) == 1 and not any(self.profile.offers.values()):
            # It was started beside the other one, which is of no use: perhaps it can't run twice at a time.
            self.sessions.alone = True
            asked = {ended[0]: await self._ask(ended[0])}
            self.sessions.alone = self.profile.offers[ended[0]] is not None
        return asked

    def _ended_silently(self, session: Session) -> bool:
        return not session.alive and session.exchanges[0].answer is None

    def _is_of_the_other_era(self, version: str) -> bool:
        """Whether asking is of no use: the server has shown that it is of one era, and that it isn't of this one."""
        if version in self.profile.offers:
            return False  # it was asked already
        if era_of(version) == "stateless" and self.profile.transport == "sse":
            return True
        refused = [
            one for one, named in self.profile.offers.items() if named is None and era_of(one) == era_of(version)
        ]
        accepted = [one for one, named in self.profile.offers.items() if named and era_of(one) != era_of(version)]
        return bool(refused and accepted)

    def _may_be_crowded(self, version: str, session: Session) -> bool:
        """Whether there was no usable answer, and the server may only be unable to run twice at a time."""
        if self.profile.offers[version] is not None or not self.sessions.others_run:
            return False
        # A server of the other era is right not to answer; but it doesn't end for that.
        accepted = [one for one, named in self.profile.offers.items() if named and era_of(one) != session.era]
        return self._ended_silently(session) or (bool(self.profile.revisions) and not accepted)

    async def _ask(self, version: str) -> Session:
        """Ask a new server for a version."""
        started = time.monotonic()
        session = await self.sessions.connect(version)
        await first_request(session, self.sessions.start_deadline)
        if not self.profile.offers:
            self.profile.start_seconds = time.monotonic() - started
        await self._note(version, session)
        return session

    async def _note(self, version: str, session: Session) -> None:
        """Keep what the first answer says."""
        profile, exchange = self.profile, session.exchanges[0]
        session.deadline = self.sessions.deadline()
        profile.offers[version] = offer(session)
        profile.heard[version] = heard(session)
        if profile.offers[version] is not None:
            self._observations[version] = (Observation.of(session), "")
            profile.info = profile.info or {"serverInfo": session.server.get("serverInfo")}
        else:
            profile.failure = profile.failure or silence(session, exchange, self.sessions.start_deadline)
            await session.conduit.wait_exit(_LAST_WORDS)
            self._observations[version] = (Observation.of(session), session.conduit.stderr_tail())

    async def _survey(self, version: str, session: Session, known: dict[str, Accepted] | None) -> None:
        if session.era == "stateful":
            await session.initialized()
        if not has_annotations(version) and not any(map(has_annotations, self.profile.offers)):
            await self._ask_a_later_revision()
        level: CallLevel = self.call if known is not None else "none"
        survey = Survey(session, level, self.hints, {} if known is None else known, self._annotations)
        # Half of the time that is left, so that other revisions and the cases get their share.
        found, observation = await survey.run(self.budget.left / 2)
        self._annotations = _annotations(found.tools) | self._annotations
        if session.failure is not None:
            raise session.failure  # ours, not the server's
        if survey.is_cut:
            self._cut[version] = "the walk through what the server offers took half of the run's time (--mcp-budget)"
        elif session.excess:
            self._cut[version] = session.excess
        self._give_up(session)
        found.unanswered = sorted(
            {one.method for one in session.exchanges if one.answer is None and not (one.excused or one.stays_open)}
        )
        self.profile.revisions[version] = found
        self.profile.server_seconds += session.waited
        self._observations[version] = (observation, "" if session.alive else session.conduit.stderr_tail())
        if session.alive and not found.unanswered:
            self.sessions.share(session)

    async def _ask_a_later_revision(self) -> None:
        """Which tools may be called: that is known from other revisions where several are judged, and has to be the
        same where this one is asked for alone."""
        if self.call not in ("safe", "readonly") or self.sessions.alone:
            return
        newest = max(version for version in JUDGED if era_of(version) == "stateful")
        session = await self.sessions.connect(newest)
        await first_request(session, self.sessions.deadline())
        if has_annotations(offer(session) or ""):
            await session.initialized()
            self._annotations = _annotations(await Survey(session, "none", self.hints).listed())
        await self._let_go(session)

    def _give_up(self, session: Session) -> None:
        """See whether there is any hope after a survey."""
        if session.excess:
            self.hopeless = session.excess
        elif is_silent(session.exchanges) and session.alive:
            self._silent_surveys += 1
            if self._silent_surveys == SILENT_SURVEYS:
                self.hopeless = f"the server answered {session.exchanges[0].method} and nothing else"

    # --------------------------------------------------------------------------------------------------------- outcomes

    def _outcomes(self) -> Iterable[Outcome]:
        for case in bundled():
            if isinstance(case.body, Check):
                for revision in self.profile.revisions:
                    if case.runs_on(revision, self.profile.transport) and self.budget.is_spent:
                        yield self._unjudged(case, revision)
                    elif case.runs_on(revision, self.profile.transport):
                        yield self._judge(case, case.body, revision)

    def _unjudged(self, case: LoadedCase, revision: str) -> Outcome:
        ruling = Ruling(undecided=dict.fromkeys(case.judges, self.budget.reason))
        return judging.judge(case, revision, self.profile.transport, ruling, self.reproduce)

    def _judge(self, case: LoadedCase, check: Check, revision: str) -> Outcome:
        observation, stderr = self._observations[revision]
        declares = self.profile.revisions[revision].declares
        try:
            ruling = judging.rule_on_check(
                case, check, case.requirements(revision), observation, declares, stderr, self._cut.get(revision, "")
            )
        except Exception as error:  # a fault of one check's, which is no reason to do without all others
            reason = f"{type(error).__name__}: {error}"
            return Outcome(case.id, case.area, revision, self.profile.transport, Verdict.ERROR, reason)
        return judging.judge(case, revision, self.profile.transport, ruling, self.reproduce)

    def _answers(self) -> Outcome:
        """Whether there is a server that can be judged."""
        profile = self.profile
        spoken = ", ".join(sorted({version for version in profile.offers.values() if version}))
        version = next(version for version in profile.offers if version in self._observations)
        method = self._observations[version][0].exchanges[0].method
        made = Outcome(
            ANSWERS, "target", version, profile.transport, Verdict.PASS, f"the server answers {method} with {spoken}"
        )
        missing = [wanted for wanted in self.wanted if wanted not in profile.revisions]
        if spoken and missing:
            made.verdict = Verdict.INCONCLUSIVE
            made.reason = f"{', '.join(missing)} was asked for, and the server doesn't speak it: it names {spoken}"
        elif spoken and not profile.revisions:
            made.verdict = Verdict.NOT_APPLICABLE
            made.reason = f"the server speaks {spoken}; these suites judge {', '.join(self.judged)}"
        if not spoken:
            return self._no_answer(version)
        named = self.profile.offers[version]
        unpublished = named is not None and not may_be_published(named)
        if named is not None and unpublished and not profile.revisions and era_of(version) == "stateful":
            return self._no_version(version, named)
        return made

    def _no_answer(self, version: str) -> Outcome:
        exchange = self._observations[version][0].exchanges[0]
        method, failure = exchange.method, self.profile.failure
        if exchange.status in UNJUDGED_STATUS:
            # Whoever isn't let in has seen nothing of the server that could be wrong.
            return Outcome(ANSWERS, "target", version, self.profile.transport, Verdict.INCONCLUSIVE, failure)
        if self.profile.transport == "sse" and (requirement := self._broken_endpoint(version)):
            events = tuple(event.number for event in self._observations[version][0].events if event.http is not None)
            expected = "an endpoint for messages, which the event stream names and which takes them"
            problem = Problem(requirement, expected, failure, "the stream", events[:4], "sse-endpoint")
            return self._accused(version, problem, failure, edition="2024-11-05")  # which has this transport
        problem = Problem(
            "lifecycle.server-responds" if era_of(version) == "stateful" else "discover.implemented",
            f"a result for {method}",
            failure,
            method,
            (*exchange.events, *body_of(exchange, self._observations[version][0].events)),
            f"no-answer:{method}",
        )
        return self._accused(version, problem, failure)

    def _broken_endpoint(self, version: str) -> str:
        """Which requirement on the two endpoints of HTTP+SSE a server without an answer breaks; empty for none."""
        observation = self._observations[version][0]
        opened = any(
            event.http is not None
            and (event.http.method, event.http.status) == ("GET", 200)
            and (event.http.header("content-type") or "").lower().startswith("text/event-stream")
            for event in observation.events
        )
        if not opened:
            return ""
        named = any(event.http and event.http.sse and event.http.sse.type == "endpoint" for event in observation.events)
        status = observation.exchanges[0].status
        if not named:
            return "sse.endpoint-event"
        return "sse.two-endpoints" if status is not None and status >= 400 else ""

    def _no_version(self, version: str, named: str) -> Outcome:
        events = self._observations[version][0].exchanges[0].events
        at = "/result/protocolVersion"
        problem = Problem(
            "lifecycle.server-other-version", "a version of the protocol that was published", short(named), at, events
        )
        return self._accused(
            version, problem, f"the server answers with version {short(named)}, which was never published"
        )

    def _accused(self, version: str, problem: Problem, reason: str, *, edition: str = "") -> Outcome:
        case = next(case for case in bundled() if case.id == "lifecycle.initialize.is-answered")
        observation, stderr = self._observations[version]
        version = edition or version
        if catalogue().get(version, problem.requirement) is None:
            return Outcome(ANSWERS, "target", version, self.profile.transport, Verdict.FAIL, reason)
        ruling = Ruling(seen=[Seen(problem, observation.events, stderr)])
        made = judging.judge(case, version, self.profile.transport, ruling, self.reproduce)
        made.judgements = [judgement for judgement in made.judgements if judgement.requirement == problem.requirement]
        made.case, made.area, made.reason = ANSWERS, "target", reason
        for finding in made.findings:
            finding.case, finding.reproduce = ANSWERS, self.reproduce("", "")
        return made


def _annotations(tools: Iterable[Tool]) -> dict[str, JSON]:
    """The annotations of the tools that have any, by name."""
    return {tool.name: tool.definition["annotations"] for tool in tools if "annotations" in tool.definition}
