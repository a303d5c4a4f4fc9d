"""Walks through the steps of one case and says, per requirement, what became of it."""

import base64
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from mcp_conformance.cases import model
from mcp_conformance.cases.causes import wide_cause
from mcp_conformance.cases.checks.protocol import UNJUDGED_STATUS, lost_answer, unread_answer
from mcp_conformance.cases.matching import Mismatch, describe, fits, mismatch
from mcp_conformance.cases.matching import observed as in_words
from mcp_conformance.cases.values import Unavailable, Values, pointed
from mcp_conformance.conduits import HeaderChanges
from mcp_conformance.exchanges import body_of, needs_input
from mcp_conformance.jsonrpc import JSON, MISSING, encode
from mcp_conformance.methods import names_notification
from mcp_conformance.revisions import has_batches
from mcp_conformance.session import PATIENCE, Exchange, HttpExchange, Session
from mcp_conformance.transcript import Event, HttpPart
from mcp_conformance.verdicts import Problem
from mcp_conformance.wire import short

Open = Callable[[model.SessionOptions], Awaitable[Session]]
Close = Callable[[Session], Awaitable[None]]

Sent = Exchange | Event | HttpExchange
"""What a step has sent: a request, something without an id, or an HTTP request that is no message's."""

_MOMENT = 1.0  # seconds
UNANSWERED = "jsonrpc.request-answered"
_BATCHES = "jsonrpc.batch-receive"


class CannotOpen(Exception):
    """A session couldn't be opened: the server, which answered before, doesn't this time. The message says how."""


@dataclass(slots=True)
class Steps:
    """What the steps of a case came to, before levels: requirements decided, problems with the session they are in,
    notes."""

    passed: set[str] = field(default_factory=set)
    problems: list[tuple[Problem, Session]] = field(default_factory=list)
    undecided: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    windows: list[tuple[Session, int]] = field(default_factory=list)
    """The sessions that took part, with the event after which the case began in each."""
    heard: bool = False
    """The server has shown something that isn't a message: that it exits."""


class _Stop(Exception):
    """The case can't go on; what it has not judged stays undecided."""


@dataclass(slots=True)
class Runner:
    """One run of one YAML case."""

    case: model.Case
    revision: str
    values: Values
    open_session: Open
    close_session: Close
    restart_server: Callable[[], Awaitable[bool]] | None = None
    """Where sessions share a server: ends it, so that the next session is on a new one; whether that can be."""
    grace: float = 5.0
    start_seconds: float = 1.0
    tools: frozenset[str] = frozenset()
    """Names of the server's tools: a call of one of them may be slow for reasons of its own."""
    unanswered: frozenset[str] = frozenset()
    """Methods that are known to get no answer: they are given a moment, not all patience again."""
    steps: Steps = field(default_factory=Steps)
    _sessions: dict[str, Session] = field(default_factory=dict)
    _latest: dict[str, Sent] = field(default_factory=dict)
    _labels: dict[str, Sent] = field(default_factory=dict)
    _unfed: list[Exchange] = field(default_factory=list)
    """Requests that the server gets no (more) input for, if it asks for some."""

    async def run(self) -> Steps:
        """Take all steps, or as many as the server lets us."""
        for step in self.case.steps:  # before a server is started for nothing
            self.values.expect(step.model_dump(by_alias=True))
        try:
            for step in self.case.steps:
                await self._take(step)
            await self._settle()
        except _Stop:
            pass
        for requirement in self.case.judges:
            decided = requirement in self.steps.passed or any(
                p.requirement == requirement for p, _ in self.steps.problems
            )
            if not decided:
                self.steps.undecided.setdefault(requirement, "the case ended before this could be judged")
        return self.steps

    async def _settle(self) -> None:
        """What the steps still set off shall fall into this case and not into the next one."""
        if isinstance(self.case.steps[-1], model.BarrierStep) or any(
            isinstance(step, model.EndInput) for step in self.case.steps
        ):
            return
        ended = {step.session for step in self.case.steps if isinstance(step, model.Http) and step.http == "DELETE"}
        for name, session in self._sessions.items():
            goes_on = name not in ended and session.ready and session.ending is None
            if goes_on and session.barrier_method not in self.unanswered:
                await self._barrier(session, ())

    async def _take(self, step: model.Step) -> None:
        session = await self._session(step.session)
        match step:
            case model.Request():
                params = MISSING if step.params is None else self.values.resolve(step.params)
                method = str(self.values.resolve(step.request))
                exchange = await session.request(
                    method,
                    params,
                    id=MISSING if step.id is None else step.id,
                    headers=self._changes(step.headers),
                    meta=step.meta is None,
                )
                if step.input is False:
                    self._unfed.append(exchange)
                self._remember(step.session, step.label, exchange)
            case model.Notify():
                await self._quieten(step.session, session)
                params = MISSING if step.params is None else self.values.resolve(step.params)
                method = str(self.values.resolve(step.notify))
                sent = await session.notify(method, params, headers=self._changes(step.headers))
                self._remember(step.session, step.label, sent)
            case model.Batch():
                await self._batch(session, step)
            case model.Raw():
                await self._quieten(step.session, session)
                changes = self._changes(step.headers)
                sent = await session.raw(self._bytes(step.raw), newline=step.newline, headers=changes)
                self._remember(step.session, step.label, sent)
            case model.Http():
                body = None if step.body is None else self._bytes(step.body)
                self._remember(
                    step.session, step.label, await session.http(step.http, body, headers=self._changes(step.headers))
                )
            case model.Expect():
                await self._expect(session, step.session, step.expect)
            case model.BarrierStep():
                await self._barrier(session, step.barrier.judges)
                if step.label:
                    self._labels[step.label] = session.transcript.events[-1]
            case model.Await():
                await self._await(session, step)
            case model.UnderWay():
                awaited = self._labels[step.under_way.of]
                if isinstance(awaited, Exchange):
                    if step.under_way.within is not None:
                        await session.answered(awaited, self._seconds(step.under_way.within))
                    if awaited.answer is not None:
                        raise Unavailable(step.under_way.otherwise)
            case model.Bind():
                await self._bind(session, step)
            case model.Restart():
                await self._restart(step.session, session)
            case model.Quiet():
                await session.heard(len(session.transcript), min(3.0, max(0.3, self.start_seconds)))
            case model.ExpectNothing():
                self._expect_nothing(session, step.expect_nothing)
            case model.EndInput():
                await session.end_input()
            case model.ExpectExit():
                await self._expect_exit(session, step.expect_exit)

    async def _restart(self, name: str, session: Session) -> None:
        if self.restart_server is None:
            await self.close_session(session)
            del self._sessions[name]
        elif await self.restart_server():
            self._sessions.clear()  # all were on that server
        else:
            raise Unavailable("the server can't be restarted: it is only reached at its URL, and wasn't started here")
        await self._session(name)

    async def _session(self, name: str) -> Session:
        if name not in self._sessions:
            session = await self.open_session(self.case.opening(name))
            self._sessions[name] = session
            used = self.case.opening(name).open in ("shared", "rough")
            self.steps.windows.append((session, len(session.transcript) if used else 0))
        return self._sessions[name]

    async def _quieten(self, name: str, session: Session) -> None:
        """Before the case's first message, if that has no id: what was sent before the case shall not set off what is
        taken for its answer."""
        if name in self._latest:
            return
        sent = [
            event.message
            for event in session.transcript.events
            if event.direction == "sent" and event.message is not None
        ]
        if sent and sent[-1].kind in ("notification", "result", "error") and session.ready and session.alive:
            await session.barrier()

    async def _batch(self, session: Session, step: model.Batch) -> None:
        if not has_batches(self.revision):
            raise Unavailable(f"revision {self.revision} has no batches")
        named = session.server.get("protocolVersion")
        if isinstance(named, str) and not has_batches(named):
            raise Unavailable(f"the server has named version {short(named)}, which has no batches")
        await self._quieten(step.session, session)
        parts: list[tuple[str, JSON, JSON]] = []
        for part in step.batch:
            params = MISSING if part.params is None else self.values.resolve(part.params)
            if isinstance(part, model.Request):
                parts.append((str(self.values.resolve(part.request)), params, part.id))
            else:
                parts.append((str(self.values.resolve(part.notify)), params, MISSING))
        exchanges = iter(await session.batch(parts))
        event = next(event for event in reversed(session.transcript.events) if event.direction == "sent")
        for part in step.batch:
            self._remember(step.session, part.label, next(exchanges) if isinstance(part, model.Request) else event)

    def _remember(self, session: str, label: str | None, sent: Sent) -> None:
        self._latest[session] = sent
        if label:
            self._labels[label] = sent

    def _replace(self, sent: Exchange, last: Exchange) -> Exchange:
        """Let the last try of a request stand for its first."""
        for known in (self._latest, self._labels):
            known.update({name: last for name, one in known.items() if one is sent})
        self._unfed.append(last)  # what still asks after so many tries, or for what isn't there, goes on asking
        return last

    def _changes(self, headers: model.Headers) -> HeaderChanges | None:
        if not headers:
            return None
        given = {name: str(self.values.resolve(value)) for name, value in headers.items() if value is not False}
        return HeaderChanges(given, frozenset(headers.keys() - given.keys()))

    def _bytes(self, raw: model.Text | model.Base64 | dict[str, Any]) -> bytes:
        if isinstance(raw, model.Base64):
            return base64.b64decode(raw.base64)
        if isinstance(raw, dict):
            return encode(self.values.resolve(raw))
        return str(self.values.resolve(raw.text)).encode("utf-8", "surrogatepass")

    async def _bind(self, session: Session, step: model.Bind) -> None:
        target = self._labels[step.of] if step.of else self._latest.get(step.session)
        answer: Event | None = None
        if isinstance(target, Exchange):
            await session.answered_in_patience(target)
            answer = target.answer
        elif isinstance(target, HttpExchange):
            answer = target.message
        else:
            answer = target
        for name, place in step.bind.items():
            if isinstance(place, model.Header):
                head = _response(session, target)
                if head is None:
                    self._undecided(self.case.judges, f"there is no response with a header {place.header}")
                    raise _Stop
                if (value := head.header(place.header)) is None:
                    raise Unavailable(f"the server gave no header {place.header}")
                self.values.bound[name] = value
                continue
            try:
                self.values.bound[name] = pointed(answer.message.value if answer and answer.message else None, place)
            except KeyError:
                self._undecided(self.case.judges, f"the answer has nothing at {place}")
                raise _Stop from None

    # -------------------------------------------------------------------------------------------------------- expecting

    async def _expect(self, session: Session, name: str, wanted: model.Expectation) -> None:
        judges = wanted.judges or self.case.judges
        sent = self._labels[wanted.of] if wanted.of else self._latest.get(name)
        if sent is None:
            raise ValueError("expect has nothing before it that was sent")
        response, method = None, _method(sent)
        if wanted.of_http or isinstance(sent, HttpExchange):
            response = await self._response(session, sent, wanted)
            answer = sent.answer if isinstance(sent, Exchange) else response.message
            if isinstance(sent, Event) and session.transcript.transport == "sse":
                answer = await self._stray(session, sent, wanted, judges)  # it doesn't come in the response
        elif isinstance(sent, Exchange):
            answer = await self._answer(session, sent, wanted, judges)
            if needs_input(sent) and sent not in self._unfed:
                sent = self._replace(sent, await session.answer_input(sent))
                answer = await self._answer(session, sent, wanted, judges)
        else:
            answer = await self._stray(session, sent, wanted, judges)
        misses: list[Mismatch] = []
        for outcome in wanted.outcomes:
            message = answer.message if answer else None
            missed = mismatch(outcome, message, method, self.revision, self.values, response)
            if missed is None:
                if outcome.inapplicable:
                    raise Unavailable(outcome.inapplicable)
                self.steps.passed.update(judges)
                if outcome.note:
                    self._note(outcome.note)
                return
            misses.append(missed)
        if response is not None and response.status in UNJUDGED_STATUS:
            self._undecided(judges, UNJUDGED_STATUS[response.status or 0])
            raise _Stop
        number = sent.number if isinstance(sent, Event) else sent.sent.number
        head = response.head if response is not None else None
        events = (number, *(event.number for event in (head, answer) if event is not None))
        cause_at: Callable[[str], str] = _no_wider_cause
        if not isinstance(sent, HttpExchange):
            if response is None:
                cause_at = partial(wide_cause, self.revision, sent, answer)
            elif isinstance(sent, Event) and answer is not None:
                answered = wide_cause(self.revision, sent, answer, "")  # whatever the status is besides
                cause_at = partial(_always, answered)
        self._accuse(session, judges, wanted, misses, events, cause_at)

    async def _response(self, session: Session, sent: Sent, wanted: model.Expectation) -> HttpExchange:
        """The HTTP response to what was sent: at least its head, and as much more as the outcomes look at."""
        if isinstance(sent, Exchange):
            await session.answered_in_patience(sent)
        whole = session.transcript.transport == "http" and any(
            outcome.body is not None or outcome.ended or not outcome.status for outcome in wanted.outcomes
        )
        if isinstance(sent, HttpExchange):
            response = sent
        else:
            event = sent.sent if isinstance(sent, Exchange) else sent
            response = await session.responded(event, ended=whole or not isinstance(sent, Exchange))
        if any(outcome.ended for outcome in wanted.outcomes):
            await session.finished(response)
        if response.head is None:
            await self._barrier(session, ())  # a server that is gone is another matter
        return response

    def _accuse(
        self,
        session: Session,
        judges: Iterable[str],
        wanted: model.Expectation,
        misses: list[Mismatch],
        events: tuple[int, ...],
        cause_at: Callable[[str], str],
    ) -> None:
        # The outcome that was missed least, at a place inside the right kind of answer, tells most; all of them are
        # what was expected.
        nearest = max(misses, key=lambda miss: bool(miss.at))
        unremarkable = [outcome for outcome in wanted.outcomes if not outcome.note] or list(wanted.outcomes)
        expected = " or ".join(describe(outcome, self.values) for outcome in unremarkable)
        cause = cause_at(nearest.at)
        if cause.startswith("error-object:") and not set(judges) & _ERROR_OBJECT:
            self._undecided(judges, "the error is no error object, which base.error-object judges")
            return
        if cause.startswith("schema:") and not nearest.cause:
            self._undecided(
                judges, f"{nearest.at} is {nearest.observed}, which is invalid by the schema and judged as that"
            )
            return
        if not nearest.at and wanted.where and all(at.startswith(("/id", "/error")) for at in wanted.where):
            self._undecided(judges, f"{nearest.observed} came, so that nothing could be seen of {expected}")
            return
        first, *_ = judges  # what one expectation decides has one cause, in whichever case
        for requirement in judges:
            problem = Problem(
                requirement,
                nearest.expected if len(misses) == 1 else expected,
                nearest.observed if len(misses) == 1 else nearest.whole,
                nearest.at,
                events,
                nearest.cause or cause or (f"named:{wanted.cause}" if wanted.cause else f"{first}|{nearest.at}"),
            )
            self.steps.problems.append((problem, session))

    async def _answer(
        self, session: Session, sent: Exchange, wanted: model.Expectation, judges: Iterable[str]
    ) -> Event | None:
        """The answer to a request. No answer is a finding of its own, unless silence is among the outcomes."""
        if any(outcome.silence for outcome in wanted.outcomes):
            if sent.answer is None and wanted.within is not None:
                await session.answered(sent, self._seconds(wanted.within))
            if sent.answer is None:
                await self._barriers(session, judges)
            return sent.answer
        asked = "batch" if sent.is_batched else sent.method
        if asked in self.unanswered:
            waited = min(session.deadline, _MOMENT)
        else:
            waited = session.deadline * (1 if asked in ("ping", "batch") else PATIENCE)  # these take no time to work on
        await (session.answered_in_patience(sent) if waited > session.deadline else session.answered(sent, waited))
        if sent.status in UNJUDGED_STATUS:
            self._undecided(judges, f"{sent.method}: {UNJUDGED_STATUS[sent.status or 0]}")
            raise _Stop
        if sent.answer is not None:
            return sent.answer
        if session.alive and self._is_real_call(sent) and not sent.over:
            self._undecided(judges, "the call got no answer in time, though the server was there: the tool may be slow")
            raise _Stop
        if (unread := unread_answer(session.transcript.since(sent.sent.number))) is not None:
            self._undecided(judges, f"what may be the answer wasn't read: {unread}")
            raise _Stop
        ended = "none: the server's output ended" if not session.alive else f"none within {waited:g} s"
        ended = f"none: {sent.over}" if sent.over else ended
        named = sent.method if UNANSWERED not in judges else ""
        own = {UNANSWERED, "ping.respond", *([_BATCHES] if sent.is_batched else [])}  # these are about the answer
        problem = Problem(
            next(iter(judges)) if own.intersection(judges) else UNANSWERED,
            f"a response to {sent.method}" + (" in a batch" if sent.is_batched else ""),
            ended,
            asked,
            (*sent.events, *body_of(sent, session.transcript.since(sent.sent.number))),
            f"no-answer:{asked}",
            secondary=asked in self.unanswered,
        )
        if sent.is_batched and (refusal := self._refusal(session, sent)) is not None:
            said = f"{in_words(refusal.message)}, for the batch as a whole" if refusal.message else ended
            problem = replace(problem, observed=said, events=(sent.sent.number, refusal.number))
            self.steps.problems.append((problem, session))
            self._undecided(judges, "the server refuses the batch")
            raise _Stop
        if lost := lost_answer(session.transcript.since(sent.sent.number), self.revision):
            requirement, cause = lost
            problem = replace(problem, requirement=requirement, cause=cause)
        if any(stray.number > sent.sent.number for stray in self._unclaimed(session)):
            # An answer came, and can't be told to whom: several were waited for.
            problem = replace(problem, requirement="jsonrpc.result-same-id", cause="response-id:id-other", at="/id")
        self.steps.problems.append((problem, session))
        self._undecided(judges, f"the server didn't answer {named or sent.method}")
        raise _Stop

    def _refusal(self, session: Session, sent: Exchange) -> Event | None:
        """An error without an id behind a batch: it refuses all of it."""
        behind = (stray for stray in self._unclaimed(session) if stray.number > sent.sent.number)
        return next(filter(_refuses_all, behind), None)

    def _unclaimed(self, session: Session) -> list[Event]:
        """Responses without a request of their own: those with an unknown id, and those after the first with one id."""
        return [*session.strays, *(event for exchange in session.exchanges for event in exchange.surplus)]

    def _is_real_call(self, sent: Exchange) -> bool:
        return sent.method == "tools/call" and isinstance(sent.params, dict) and sent.params.get("name") in self.tools

    async def _stray(
        self, session: Session, sent: Event, wanted: model.Expectation, judges: Iterable[str]
    ) -> Event | None:
        """The response to something that has no id: the first that answers none of our requests."""
        await self._barriers(session, judges)
        if not session.ids_are_reliable:
            self._undecided(judges, "the server's answers have wrong ids, so it can't be told what they answer")
            raise _Stop
        strays = [stray for stray in session.strays if stray.number > sent.number and stray.may_be_about(sent.number)]
        if sent.message is not None and sent.message.kind == "notification" and any(one.is_refusal for one in strays):
            self._note(f"{sent.message.method}, a notification, is refused with an HTTP error status")
            strays = [stray for stray in strays if not stray.is_refusal]
        parts = {part.kind for part in sent.message.items} if sent.message is not None else set()
        if "notification" in parts and parts <= {"request", "notification"} and any(map(_refuses_all, strays)):
            self._undecided(judges, "the server refuses the batch as a whole")
            raise _Stop
        return strays[0] if strays else None

    async def _barriers(self, session: Session, judges: Iterable[str]) -> None:
        # Two of them: a server that reads on before it has answered may overtake itself once.
        for _ in range(2):
            await self._barrier(session, tuple(judges))

    async def _barrier(self, session: Session, judges: tuple[str, ...]) -> None:
        if not session.ready:
            # Not initialized: nothing is known to be answered then but initialize itself.
            exchange = await session.initialize(self.revision)
        else:
            exchange = await session.barrier()
        if exchange.answer is not None:
            if judges and judges != self.case.judges:
                self.steps.passed.update(judges)
            return
        last = session.transcript.events[-1]
        observed = (
            last.text
            if last.direction == "closed"
            else f"no answer to {exchange.method}: {exchange.over}"
            if exchange.over
            else f"no answer to {exchange.method} within {session.deadline:g} s"
        )
        if session.alive and not session.ids_are_reliable:
            reason = "the server's answers have wrong ids, so it can't be told what they answer"
            self._undecided(judges or self.case.judges, reason)
            raise _Stop
        if exchange.status in UNJUDGED_STATUS:
            self._undecided(judges or self.case.judges, f"{exchange.method}: {UNJUDGED_STATUS[exchange.status or 0]}")
            raise _Stop
        # A notification that kills or stops the server was not answered: what is broken is the answer to what follows.
        blamed = tuple(name for name in judges if name != "jsonrpc.notification-no-response")
        cause = (
            f"{blamed[0]}|goes-on" if blamed else "notification|goes-on" if judges else f"no-answer:{exchange.method}"
        )
        self._undecided(set(judges) - set(blamed), "the server didn't go on")
        for requirement in blamed or (UNANSWERED,):
            expected = f"a server that goes on: {exchange.method} is answered"
            events = (*self._provocation(session, exchange), exchange.sent.number)
            self.steps.problems.append((Problem(requirement, expected, observed, "", events, cause), session))
        raise _Stop

    def _provocation(self, session: Session, exchange: Exchange) -> tuple[int, ...]:
        """What was sent last before a barrier that failed."""
        before = [
            event.number
            for event in session.transcript.events
            if event.direction == "sent" and event.number < exchange.sent.number
        ]
        return tuple(before[-1:])

    def _seconds(self, given: model.Seconds) -> float:
        found = self.values.resolve(given)
        return float(found)

    def _start(self, session: Session) -> int:
        """The event after which the case began in a session."""
        return next(start for known, start in self.steps.windows if known is session)

    async def _await(self, session: Session, step: model.Await) -> None:
        wanted = step.awaited
        kind = "request" if wanted.request is not None else "notification"
        asked = self._labels[wanted.answer] if wanted.answer else None

        def found() -> Event | None:
            if isinstance(asked, Exchange):
                answer = asked.answer.message if asked.answer else None
                return asked.answer if answer and fits(answer, wanted.where, self.values) else None
            for event in session.transcript.since(self._start(session)):
                message = event.message if event.direction == "received" else None
                if message is None or message.kind != kind or wanted.method not in (True, message.method):
                    continue
                if fits(message, wanted.where, self.values):
                    return event
            return None

        seconds = session.deadline if wanted.within is None else self._seconds(wanted.within)
        await session.until(lambda: found() is not None, seconds)
        judges = wanted.judges or self.case.judges
        event = found()
        if event is not None:
            if step.label:
                self._labels[step.label] = event
            if wanted.otherwise is None:
                self.steps.passed.update(judges)
        elif wanted.otherwise is not None and session.alive:
            raise Unavailable(wanted.otherwise)
        elif wanted.otherwise is not None:
            self._undecided(self.case.judges, "the server's output ended")
            raise _Stop
        else:
            what = f"a {kind}" if wanted.method is True else str(wanted.method)
            what = f"an answer to {asked.method}" if isinstance(asked, Exchange) else what
            for requirement in judges:
                cause = f"{requirement}|{what}"
                events = asked.events if isinstance(asked, Exchange) else ()
                got = f"none within {seconds:g} s" if session.alive else "none: the server's output ended"
                problem = Problem(requirement, what, got, "", events, cause)
                self.steps.problems.append((problem, session))
            raise _Stop

    def _expect_nothing(self, session: Session, unwanted: model.Nothing) -> None:
        judges = unwanted.judges or self.case.judges
        start = self._start(session)
        if unwanted.since is not None:
            after = self._labels[unwanted.since]
            start = max(start, (after if isinstance(after, Event) else after.sent).number)
        for event in session.transcript.since(start):
            message = event.message
            if event.direction != "received" or message is None:
                continue
            kind = message.kind
            if kind == "request" and names_notification(session.revision, message.method or "", "server"):
                kind = "notification"  # that it has an id is judged by base.notifications.have-no-id
            if (
                kind not in unwanted.kinds
                or message.method in unwanted.besides
                or (unwanted.methods and message.method not in unwanted.methods)
            ):
                continue
            if kind == "request" and message.id is None:
                continue  # meant as a notification, or else a wrong id: base.server-request-ids judges it
            besides = f" but {', '.join(unwanted.besides)}" if unwanted.besides else ""
            besides += f" of {', '.join(unwanted.methods)}" if unwanted.methods else ""
            what = f"a {kind}" + (f", {message.method}" if message.method else "")
            for requirement in judges:
                cause = f"{requirement}|{message.method}"
                problem = Problem(
                    requirement,
                    f"no {' or '.join(unwanted.kinds)}{besides} by now",
                    what,
                    "/method",
                    (event.number,),
                    cause,
                )
                self.steps.problems.append((problem, session))
            return
        self.steps.passed.update(judges)

    async def _expect_exit(self, session: Session, wanted: model.ExitExpectation) -> None:
        judges = wanted.judges or self.case.judges
        ending = await session.conduit.wait_exit(self.grace)
        self.steps.heard = True
        events = (len(session.transcript),) if len(session.transcript) else ()
        if ending is None:
            observed = f"still running {self.grace:g} s after its input was closed"
            self._accuse_exit(
                session, judges, "a server that exits once its input is closed", observed, events, "no-exit"
            )
        elif not wanted.leftovers and ending.survivors:
            observed = "left running: " + short(", ".join(ending.survivors), 200)
            self._accuse_exit(session, judges, "nothing that the server started is left", observed, events, "leftovers")
        else:
            self.steps.passed.update(judges)
            if ending.detached:
                self._note("left running in a session of its own: " + short(", ".join(ending.detached), 200))

    def _accuse_exit(
        self, session: Session, judges: Iterable[str], expected: str, observed: str, events: tuple[int, ...], cause: str
    ) -> None:
        for requirement in judges:
            problem = Problem(requirement, expected, observed, "the process", events, f"shutdown:{cause}")
            self.steps.problems.append((problem, session))

    # ------------------------------------------------------------------------------------------------------------ words

    def _undecided(self, requirements: Iterable[str], reason: str) -> None:
        for requirement in requirements:
            self.steps.undecided.setdefault(requirement, reason)

    def _note(self, text: str) -> None:
        if text not in self.steps.notes:
            self.steps.notes.append(text)


def _refuses_all(event: Event) -> bool:
    """Whether it refuses a whole batch: an error that names no request, and stands in no array."""
    return event.names_no_request and not event.batch


def _method(sent: Sent) -> str:
    """The JSON-RPC method of what was sent; empty where it has none."""
    if isinstance(sent, Exchange):
        return sent.method
    event = sent.sent if isinstance(sent, HttpExchange) else sent
    return (event.message.method if event.message else None) or ""


def _response(session: Session, sent: Sent | None) -> HttpPart | None:
    """The head of the HTTP response to what was sent."""
    if sent is None or isinstance(sent, HttpExchange):
        return sent.http if sent is not None else None
    event = sent.sent if isinstance(sent, Exchange) else sent
    exchange = session.responses.get(event.number)
    return exchange.http if exchange is not None else None


def _always(cause: str, at: str) -> str:
    return cause


def _no_wider_cause(at: str) -> str:
    """What is wrong with an HTTP response has a cause of its own."""
    return ""


_ERROR_OBJECT = {"jsonrpc.error-code-and-message", "jsonrpc.error-code-integer"}


def profile_document(revision: str, newest: str | None, probe: str, values: dict[str, JSON]) -> dict[str, JSON]:
    """The document that ``$profile`` points into. `probe` is the method of a request that the server is known to
    answer."""
    return {"revision": revision, "newest": newest, "probe": probe, **values}
