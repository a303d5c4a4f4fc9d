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
from dataclasses import dataclass, field
from typing import Any, TypedDict, TypeVar

from reference_servers.engine import Connection, Server
from reference_servers.github.server import github

MakeServer = Callable[[], Server]
Made = TypeVar("Made", bound=type[Connection] | MakeServer)


@dataclass(frozen=True, slots=True)
class Variant:
    """A server: what is offered and how it is offered. `name` says what is particular about it."""

    name: str
    connection: type[Connection]
    server: MakeServer
    hints: Mapping[str, Any] = field(default_factory=dict, kw_only=True)
    """What its owner would write into the hints file."""


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
    server: MakeServer = github,
    hints: Mapping[str, Any] | None = None,
) -> Callable[[Made], Made]:
    """Registers a class of connections, on `server`, or a function that makes a server, as a fault."""

    def register(made: Made) -> Made:
        connection, offered = _parts(made, server)
        broken = (breaks,) if isinstance(breaks, str) else tuple(breaks)
        also = {case: reason for case, reason in (may or {}).items() if case not in cases}  # one table serves many
        entry = Fault(
            name, connection, offered, broken, tuple(cases), also, undecided, several, blind, both, only_stdio,
            hints=hints or {},
        )  # fmt: skip
        _add(FAULTS, entry)
        return made

    return register


def variant(
    name: str, *, server: MakeServer = github, hints: Mapping[str, Any] | None = None
) -> Callable[[Made], Made]:
    """Registers a right server."""

    def register(made: Made) -> Made:
        connection, offered = _parts(made, server)
        _add(VARIANTS, Variant(name, connection, offered, hints=hints or {}))
        return made

    return register


def _parts(made: type[Connection] | MakeServer, server: MakeServer) -> tuple[type[Connection], MakeServer]:
    return (made, server) if isinstance(made, type) else (Connection, made)


Entry = TypeVar("Entry", bound=Variant)


def _add(known: dict[str, Entry], entry: Entry) -> None:
    if entry.name in FAULTS or entry.name in VARIANTS:
        raise ValueError(f"two servers have the name {entry.name}")
    known[entry.name] = entry


for _module in pkgutil.iter_modules(__path__):
    if not _module.name.startswith("_"):
        importlib.import_module(f"{__name__}.{_module.name}")
