"""Hostile servers: each does one thing that no server should, and a tester has to survive.

`SERVERS` holds them by name; those marked `is_right` are unusual, but break no rule, and mustn't be accused. The
servers are plain Python of the standard library, started as ``python -I -S tests/hostile/serve.py NAME [PORT]``.
``python tests/hostile [NAME ...]`` runs the tester against each, under measurement, and prints a table.
"""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Transport = Literal["stdio", "http", "sse"]


@dataclass(frozen=True, slots=True)
class Hostile:
    """One server, and what a run against it has to come to."""

    name: str
    what: str
    """What it does, in a few words."""
    serve: Callable[..., None]
    """Serves until it ends; over HTTP it is given the port."""
    transport: Transport
    statuses: tuple[int, ...]
    """Exit statuses that are right."""
    says: str
    """A regular expression that the output has to match somewhere."""
    within: float
    """Seconds that the run may take; its own bound is `--mcp-budget`, which the options set no higher."""
    options: tuple[str, ...]
    quick: bool
    """Whether it runs in the gate."""
    is_right: bool
    may_linger: bool
    """It hides a process where no one but the kernel finds it; the run has to end all the same."""


SERVERS: dict[str, Hostile] = {}

MAY_PASS: Any = {"statuses": (0, 1), "says": "Conformant|Not conformant|No answer"}
"""For those that the tester has to survive, whatever it makes of them: what they do may be legal."""

_OPTIONS = ("--mcp-deadline=2", "--mcp-start-deadline=5")


def hostile(
    what: str,
    *,
    transport: Transport = "stdio",
    statuses: tuple[int, ...] = (1,),
    says: str = "Not conformant|No answer",
    within: float = 60.0,
    options: tuple[str, ...] = (),
    quick: bool = False,
    is_right: bool = False,
    may_linger: bool = False,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a server under its function's name."""

    def register(serve: Callable[..., None]) -> Callable[..., None]:
        name = serve.__name__.replace("_", "-")
        assert name not in SERVERS, f"two servers are called {name}"
        budget = f"--mcp-budget={within:g}"
        SERVERS[name] = Hostile(
            name,
            what,
            serve,
            transport,
            statuses,
            says,
            within,
            (*_OPTIONS, budget, *options),
            quick,
            is_right,
            may_linger,
        )
        return serve

    return register


def right(what: str, **more: object) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a server that is unusual, and right."""
    return hostile(what, statuses=(0,), says="Conformant in what was tested", is_right=True, **more)  # type: ignore[arg-type]


for _found in pkgutil.iter_modules(__path__):
    if not _found.name.startswith("_") and _found.name not in ("serve", "random_bytes"):
        importlib.import_module(f"{__name__}.{_found.name}")
