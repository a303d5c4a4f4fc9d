"""When a server is beyond hope: testing on would only be a hundred time-outs, so the run stops early and says why."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mcp_conformance.cases.checks.protocol import UNJUDGED_STATUS
from mcp_conformance.exchanges import Exchange
from mcp_conformance.verdicts import Problem

STRIKES = 3
"""Cases in a row in which the server answered nothing, or couldn't be started, after which the run stops."""

EXCESSES = 1
"""Sessions in which a server went beyond a bound of bytes, messages or values: a second one would be no better."""

_HANDSHAKE = ("initialize", "server/discover")


def shows_life(exchange: Exchange) -> bool:
    """Whether a server did anything about a request. A status that keeps the tester out does; that of a failure, or of
    a body that never ends, doesn't. Neither does a call that was given up say that it didn't."""
    return exchange.answer is not None or exchange.excused or exchange.status in UNJUDGED_STATUS


def is_silent(exchanges: Iterable[Exchange]) -> bool:
    """Whether a server was asked something beyond the handshake, and answered nothing of that."""
    asked = [exchange for exchange in exchanges if exchange.method not in _HANDSHAKE]
    return bool(asked) and not any(map(shows_life, asked))


def as_one_cause(problem: Problem) -> Problem:
    """A missing answer of a server that answers nothing at all: the method doesn't matter."""
    return replace(problem, cause="no-answers") if problem.cause.startswith("no-answer:") else problem


@dataclass(slots=True)
class Hope:
    """What the cases so far give to hope for. `lost` is the reason once all is lost."""

    lost: str = ""
    _excesses: int = 0
    _strikes: int = 0
    _reason: str = ""

    @property
    def is_doubtful(self) -> bool:
        """Whether it is time for one last try, on a new session, with a request that was answered before."""
        return not self.lost and self._strikes >= STRIKES

    def last_try(self, failure: str | None) -> None:
        """Take in how that went: why it failed, or None."""
        if failure is None:
            self._strikes = 0
        else:
            self.lost = failure or self._reason

    def case_ended(self, exchanges: list[Exchange], unopened: str, excess: str) -> None:
        """Take in a case: what was asked in it, why its session couldn't be opened, which bound was exceeded."""
        if excess:
            self._excesses += 1
            if self._excesses == EXCESSES:
                self.lost = excess
        elif unopened:
            self._strike(f"{unopened}; so it was in {STRIKES} cases in a row")
        elif is_silent(exchanges):
            self._strike(f"the server answered nothing in {STRIKES} cases in a row")
        elif any(exchange.method not in _HANDSHAKE for exchange in exchanges):
            self._strikes = 0

    def _strike(self, reason: str) -> None:
        self._strikes += 1
        self._reason = reason
