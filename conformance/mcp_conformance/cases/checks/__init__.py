"""Checks: cases written in Python, for what data can't say. Pure: a recorded observation in, problems out.

A check has no I/O, no level, no link and no verdict: the catalogue and the engine own those. It tells a `Report`
what it looked at (`saw`), what was wrong (`problem`) and what is legal but odd (`note`). What it never saw, it can't
pass.

The modules of this package register their checks with `@check`; they are found by looking, there is no list to keep.
"""

import contextlib
import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field

from mcp_conformance.observation import Observation
from mcp_conformance.revisions import REVISIONS, Era
from mcp_conformance.verdicts import Problem

MAX_PROBLEMS = 1000
"""Problems that one check tells of in one observation; then it looks no further."""


class _Enough(Exception):
    """A check has found `MAX_PROBLEMS` problems."""


@dataclass(slots=True)
class Report:
    """What a check has to say of one observation."""

    default: str
    seen: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unsure: dict[str, str] = field(default_factory=dict)
    """Requirements that apply but can't be judged here, with the reason."""

    def saw(self, requirement: str = "", count: int = 1) -> None:
        """Something was looked at on which the requirement (the check's first, if none is named) could have been
        broken."""
        name = requirement or self.default
        self.seen[name] = self.seen.get(name, 0) + count

    def problem(
        self,
        expected: str,
        observed: str,
        *,
        at: str = "",
        events: tuple[int, ...] = (),
        requirement: str = "",
        cause: str = "",
        remedy: str = "",
    ) -> None:
        name = requirement or self.default
        self.saw(name)
        self.problems.append(Problem(name, expected, observed, at, events, cause, remedy))
        if len(self.problems) >= MAX_PROBLEMS:
            raise _Enough

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


CheckFunction = Callable[[Observation, Report], None]


@dataclass(frozen=True, slots=True)
class Check:
    """A registered check. `everywhere`: it watches all traffic, also that of other cases, not only the survey. `idle`
    is the reason given when it had nothing to look at. `revisions`: the only ones that it judges, where what it looks
    at has another form in others, or isn't there; empty: all."""

    id: str
    judges: tuple[str, ...]
    purpose: str
    needs: tuple[str, ...]
    everywhere: bool
    idle: str
    source: str
    line: int
    function: CheckFunction
    revisions: tuple[str, ...] = ()

    @property
    def area(self) -> str:
        return self.id.partition(".")[0]

    def look(self, observation: Observation) -> Report:
        """What the check says of an observation."""
        report = Report(self.judges[0])
        with contextlib.suppress(_Enough):
            self.function(observation, report)
        return report


CHECKS: dict[str, Check] = {}
"""All checks by id; filled while the modules of this package are imported, and never changed after."""


def check(
    id: str,
    *,
    judges: list[str],
    needs: tuple[str, ...] = (),
    everywhere: bool = False,
    era: Era | None = None,
    idle: str = "the server sent nothing that this could be judged on",
    revisions: tuple[str, ...] = (),
) -> Callable[[CheckFunction], CheckFunction]:
    """Registers a function as a check. Its docstring is the purpose: a sentence that is true of a right server."""

    def register(function: CheckFunction) -> CheckFunction:
        if id in CHECKS:
            raise ValueError(f"two checks have the id {id}")
        purpose = " ".join((function.__doc__ or "").split()).rstrip(".")
        file, line = inspect.getsourcefile(function) or "", function.__code__.co_firstlineno
        only = tuple(one.date for one in REVISIONS if one.era == era) if era else revisions
        CHECKS[id] = Check(id, tuple(judges), purpose, needs, everywhere, idle, file, line, function, only)
        return function

    return register


for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
