"""What the user asked for, from the command line and the ini file, checked.

Knows nothing of pytest: it is given the raw values.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from mcp_conformance import reaching
from mcp_conformance.option_values import OptionError, Raw, shown
from mcp_conformance.profile import CALL_LEVELS, CallLevel
from mcp_conformance.reaching import Reach

__all__ = ["OptionError", "Options", "Raw", "parse"]


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a run. Times are in seconds."""

    reach: Reach
    revisions: tuple[str, ...]
    select: tuple[str, ...]
    call: CallLevel
    hints: Path | None
    start_deadline: float
    deadline: float
    budget: float
    """For the whole run."""
    strict: bool
    json: Path | None
    select_folder: Path
    """What paths among `select` are relative to."""

    def command_line(self, case: str = "", revision: str = "") -> str:
        """The exact command that shows a case again, without secrets: values of --mcp-env and --mcp-header aren't
        repeated unless they are variables."""
        words = ["pytest", *self.reach.words]
        if self.call != "safe":
            words.append(f"--mcp-call={self.call}")
        if self.hints:
            words.append(f"--mcp-hints={shown(self.hints)}")
        if self.start_deadline != DEFAULTS["start_deadline"]:
            words.append(f"--mcp-start-deadline={self.start_deadline:g}")
        if self.deadline != DEFAULTS["deadline"]:
            words.append(f"--mcp-deadline={self.deadline:g}")
        if self.budget != DEFAULTS["budget"]:
            words.append(f"--mcp-budget={self.budget:g}")
        if case:
            words.append(f"--mcp-select={case}")
        words += [f"--mcp-revision={wanted}" for wanted in ((revision,) if revision else self.revisions)]
        if self.strict:
            words.append("--mcp-strict")
        return reaching.command_line(words)


DEFAULTS: dict[str, float] = {"start_deadline": 60.0, "deadline": 10.0, "budget": 600.0}
_LONGEST = {"budget": 86400.0}
_LONGEST_WAIT = 3600.0  # seconds, for the others


def parse(
    raw: Raw, environment: Mapping[str, str], known_revisions: Iterable[str], *, server_by_ini: bool = False
) -> Options:
    """Options from raw values. `environment` is what ``${NAME}`` is looked up in. Raises `OptionError`."""
    return Options(
        reach=reaching.read(raw, environment, server_by_ini=server_by_ini),
        revisions=_revisions(raw.parts("revision"), tuple(known_revisions)),
        select=tuple(raw.parts("select")),
        call=_call_level(raw.text("call")),
        hints=raw.file("hints", environment),
        start_deadline=_seconds(raw, "start_deadline"),
        deadline=_seconds(raw, "deadline"),
        budget=_seconds(raw, "budget"),
        strict=raw.flag("strict"),
        json=_output(raw, "json", environment),
        select_folder=raw.folder("select"),
    )


def _output(raw: Raw, name: str, environment: Mapping[str, str]) -> Path | None:
    path = raw.path(name, environment)
    if path is None:
        return None
    given = f"--mcp-{name}={raw.text(name)}"
    if path.is_dir():
        raise OptionError(f"{given}: that is a folder; name a file")
    if not path.parent.is_dir():
        raise OptionError(f"{given}: there is no folder {path.parent}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise OptionError(f"{given}: can't be written")
    return path


def _revisions(wanted: list[str], known: tuple[str, ...]) -> tuple[str, ...]:
    for revision in wanted:
        if revision not in known:
            raise OptionError(
                f"--mcp-revision={revision}: not a revision that these suites judge; they are {', '.join(known)}"
            )
    return tuple(revision for revision in known if revision in wanted)


def _call_level(text: str | None) -> CallLevel:
    for level in get_args(CallLevel):
        if level == (text or "safe"):
            return level  # type: ignore[no-any-return]
    raise OptionError(f"--mcp-call={text}: it is one of {', '.join(CALL_LEVELS)}")


def _seconds(raw: Raw, name: str) -> float:
    text = raw.text(name)
    if text is None:
        return DEFAULTS[name]
    option = f"--mcp-{name.replace('_', '-')}"
    try:
        seconds = float(text)
    except ValueError:
        raise OptionError(f"{option}={text}: a number of seconds is expected") from None
    longest = _LONGEST.get(name, _LONGEST_WAIT)
    if not 0 < seconds <= longest:
        raise OptionError(f"{option}={text}: more than 0 and at most {longest:g} seconds")
    return seconds
