"""Wrong servers with one fault each, and what the tester has to say of them; right servers with rare features.

A fault is a `Connection` that differs in one decision, or a function that makes a `Server` with something wrong. It is
registered with `@fault`: the requirement that it breaks, the cases that have to fail on it, and those that may fail
with it, each with a reason. A `@variant` is a right server with a feature that the reference server has no occasion
for: the tester has to find nothing wrong with it.

The modules of this package register theirs when they are imported; they are found by looking. ``python tests/faulty
NAME`` serves one of them over stdio; without a name it lists them.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypedDict, TypeVar

from mcp_conformance.revisions import REVISIONS as KNOWN
from mcp_conformance.revisions import era_of
from reference_servers.engine import REVISIONS, STATELESS, Connection, Server
from reference_servers.engine.http import Endpoint, HttpSse
from reference_servers.github.server import github

MakeServer = Callable[[], Server]
Made = TypeVar("Made", bound=type[Connection] | type[Endpoint] | MakeServer)
Era = Literal["stateful", "stateless", "dual"]


@dataclass(frozen=True, slots=True)
class Variant:
    """A server: what is offered and how it is offered. `name` says what is particular about it.

    With an `endpoint` it is served over HTTP, with these `settings` (`reference_servers.engine.http.Settings`); else it
    counts as one on stdio. `revisions` are the only ones in which it is right, or of a fault: wrong; empty: all in
    which what is particular about it stands. `era` is the only era in which that shows, where it doesn't follow from
    what it is said to break: in a revision in which none of that stands there is nothing to see anyhow. ``dual``: it
    shows in the stateless era, when the server speaks both.
    """

    name: str
    connection: type[Connection]
    server: MakeServer
    revisions: tuple[str, ...] = ()
    endpoint: type[Endpoint] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    era: Era | None = field(default=None, kw_only=True)
    hints: Mapping[str, Any] = field(default_factory=dict, kw_only=True)
    """What its owner would write into the hints file."""

    @property
    def transport(self) -> str:
        if self.endpoint is None:
            return "stdio"
        return "sse" if issubclass(self.endpoint, HttpSse) else "http"

    def shows_in(self, revision: str) -> bool:
        """Whether there may be anything particular to see in that revision."""
        return self.era is None or (self.era == "stateful") == (era_of(revision) == "stateful")

    def era_for(self, revision: str) -> Era:
        """The era whose revisions it speaks when it is looked at in that revision."""
        return "dual" if self.era == "dual" else era_of(revision)

    def in_era(self, era: Era) -> MakeServer:
        """What makes the server speak the revisions of an era, or of both; in the stateful one, those it has itself."""
        revisions = {"stateless": STATELESS, "dual": REVISIONS}.get(era)
        return self.server if revisions is None else lambda: replace(self.server(), revisions=revisions)


class Spread(TypedDict, total=False):
    """How far a fault is seen, where many share it: two arguments of `fault`."""

    may: Mapping[str, str]
    undecided: str
    several: str


@dataclass(frozen=True, slots=True)
class Fault(Variant):
    """A server with one fault.

    - `breaks`: the requirement that the finding has to name; further ones have to be among the failed judgements of a
      case in `cases`.
    - `cases` have to end in fail or warning; those in `may` are free to, for the reason given.
    - `undecided`: why other cases may be inconclusive; empty if none may.
    - `several`: why the run has more than one root cause; empty where one finding is the only right answer.
    - `blind`: why the tester doesn't get it right yet.
    - `both`: it shows only to a client that asks for all revisions; others are asked for one.
    - `only_stdio`: it is about a process, and shows over real stdio alone.
    """

    breaks: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    may: Mapping[str, str] = field(default_factory=dict)
    undecided: str = ""
    several: str = ""
    blind: str = ""
    both: bool = False
    only_stdio: bool = False


FAULTS: dict[str, Fault] = {}
"""All faults by name; filled while the modules of this package are imported, and never changed after."""
VARIANTS: dict[str, Variant] = {}
"""All right servers by name; filled in the same way."""


def fault(
    name: str,
    *,
    breaks: str | Sequence[str],
    cases: Sequence[str],
    may: Mapping[str, str] | None = None,
    undecided: str = "",
    several: str = "",
    blind: str = "",
    both: bool = False,
    only_stdio: bool = False,
    revisions: Sequence[str] = (),
    era: Era | None = None,
    server: MakeServer = github,
    connection: type[Connection] = Connection,
    endpoint: type[Endpoint] | None = None,
    settings: Mapping[str, Any] | None = None,
    hints: Mapping[str, Any] | None = None,
) -> Callable[[Made], Made]:
    """Registers a class of connections, on `server`, a function that makes a server, or a class of endpoints, as a
    fault. An endpoint has `connection` for its conversations."""

    def register(made: Made) -> Made:
        own, offered, at = _parts(made, server, endpoint, connection)
        broken = (breaks,) if isinstance(breaks, str) else tuple(breaks)
        also = {case: reason for case, reason in (may or {}).items() if case not in cases}  # one table serves many
        entry = Fault(
            name,
            own,
            offered,
            tuple(revisions),
            at,
            settings or {},
            breaks=broken,
            cases=tuple(cases),
            may=also,
            undecided=undecided,
            several=several,
            blind=blind,
            both=both,
            only_stdio=only_stdio,
            hints=hints or {},
            era=era,
        )
        _add(FAULTS, entry)
        return made

    return register


def variant(
    name: str,
    *,
    server: MakeServer = github,
    connection: type[Connection] = Connection,
    revisions: Sequence[str] = (),
    endpoint: type[Endpoint] | None = None,
    settings: Mapping[str, Any] | None = None,
    hints: Mapping[str, Any] | None = None,
    era: Era | None = None,
) -> Callable[[Made], Made]:
    """Registers a right server."""

    def register(made: Made) -> Made:
        own, offered, at = _parts(made, server, endpoint, connection)
        _add(VARIANTS, Variant(name, own, offered, tuple(revisions), at, settings or {}, hints=hints or {}, era=era))
        return made

    return register


def _parts(
    made: type[Connection] | type[Endpoint] | MakeServer,
    server: MakeServer,
    endpoint: type[Endpoint] | None,
    connection: type[Connection],
) -> tuple[type[Connection], MakeServer, type[Endpoint] | None]:
    if isinstance(made, type) and issubclass(made, Endpoint):
        return connection, server, made
    if isinstance(made, type):
        return made, server, endpoint
    return connection, made, endpoint


Entry = TypeVar("Entry", bound=Variant)


def _add(known: dict[str, Entry], entry: Entry) -> None:
    if entry.name in FAULTS or entry.name in VARIANTS:
        raise ValueError(f"two servers have the name {entry.name}")
    known[entry.name] = entry


def since(revision: str) -> list[str]:
    """That revision and those after it."""
    return [one.date for one in KNOWN if one.date >= revision]


for _module in pkgutil.iter_modules(__path__):
    if not _module.name.startswith("_"):
        importlib.import_module(f"{__name__}.{_module.name}")
