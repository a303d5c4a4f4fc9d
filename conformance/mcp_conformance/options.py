"""What the user asked for, from the command line and the ini file, checked.

Knows nothing of pytest: it is given the raw values.
"""

import json
import os
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from mcp_conformance.profile import CALL_LEVELS, CallLevel

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class OptionError(Exception):
    """An option that can't be used; the message says which, why, and what would be right."""


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a run.

    `server` is the command with its variables expanded, `server_text` as it was written: for the line that reproduces a
    finding. `env` are variables for the server, `env_text` how they were written. Times are in seconds.
    """

    server: tuple[str, ...]
    server_text: str
    env: dict[str, str]
    env_text: dict[str, str]
    env_clear: bool
    cwd: Path | None
    revisions: tuple[str, ...]
    select: tuple[str, ...]
    call: CallLevel
    hints: Path | None
    start_deadline: float
    deadline: float
    strict: bool
    json: Path | None
    select_folder: Path
    """What paths among `select` are relative to."""
    server_by_ini: bool = False
    """The command has to be repeated as an ini key, since another plugin owns --mcp-server."""

    def environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """The server's environment: the caller's, unless it was cleared, and what was given for it."""
        return {**({} if self.env_clear else inherited), **self.env}

    def command_line(self, case: str = "", revision: str = "") -> str:
        """The exact command that shows a case again. Values of --mcp-env aren't repeated: they may be secrets."""
        words = ["pytest"]
        words.append("-o" if self.server_by_ini else f"--mcp-server={self.server_text}")
        if self.server_by_ini:
            words.append(f"mcp_conformance_server={self.server_text}")
        for name, text in self.env_text.items():
            words.append(f"--mcp-env={name}={text if _VARIABLE.search(text) else '${' + name + '}'}")
        if self.env_clear:
            words.append("--mcp-env-clear")
        if self.cwd:
            words.append(f"--mcp-cwd={_shown(self.cwd)}")
        if self.call != "safe":
            words.append(f"--mcp-call={self.call}")
        if self.hints:
            words.append(f"--mcp-hints={_shown(self.hints)}")
        if self.start_deadline != DEFAULTS["start_deadline"]:
            words.append(f"--mcp-start-deadline={self.start_deadline:g}")
        if self.deadline != DEFAULTS["deadline"]:
            words.append(f"--mcp-deadline={self.deadline:g}")
        if case:
            words.append(f"--mcp-select={case}")
        words += [f"--mcp-revision={wanted}" for wanted in ((revision,) if revision else self.revisions)]
        if self.strict:
            words.append("--mcp-strict")
        return " ".join(_quoted(word) for word in words)


DEFAULTS: dict[str, float] = {"start_deadline": 60.0, "deadline": 10.0}


def _shown(path: Path) -> str:
    """As a user would type it: relative below the current folder."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _quoted(word: str) -> str:
    """Quoted for a shell where that is needed; in `--name=value` only the value, as people write it."""
    head, equals, value = word.partition("=")
    if word.startswith("--") and equals:
        return f"{head}={shlex.quote(value)}"
    return shlex.quote(word)


@dataclass(frozen=True, slots=True)
class Raw:
    """Values as they were given (None or empty: not given), and the folder that each one's relative paths start from.

    That is the current folder for a command line and the ini file's own for an ini file. A server whose command stands
    in an ini file is started there, too: ``python server.py`` means the same from wherever pytest is called.
    """

    values: Mapping[str, Any]
    folders: Mapping[str, Path] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        value = self.values.get(name)
        if value in (None, "", [], ()):
            return None
        return json.dumps(value) if isinstance(value, list | tuple) else str(value)

    def entries(self, name: str) -> list[str]:
        """All values of an option that may be repeated."""
        return [str(entry) for entry in self.values.get(name) or ()]

    def parts(self, name: str) -> list[str]:
        """The same, where commas separate, too."""
        return [part.strip() for entry in self.entries(name) for part in entry.split(",") if part.strip()]

    def flag(self, name: str) -> bool:
        return bool(self.values.get(name))

    def folder(self, name: str) -> Path:
        return self.folders.get(name, Path.cwd())


def parse(
    raw: Raw, environment: Mapping[str, str], known_revisions: Iterable[str], *, server_by_ini: bool = False
) -> Options:
    """Options from raw values. `environment` is what ``${NAME}`` is looked up in. Raises `OptionError`."""
    server_text = raw.text("server") or ""
    server = tuple(expand(word, environment, "--mcp-server") for word in _command(server_text))
    env_text = dict(_assignment(entry) for entry in raw.entries("env"))
    return Options(
        server=server,
        server_text=server_text,
        env={name: expand(text, environment, f"--mcp-env={name}") for name, text in env_text.items()},
        env_text=env_text,
        env_clear=raw.flag("env_clear"),
        cwd=_folder(raw, environment),
        revisions=_revisions(raw.parts("revision"), tuple(known_revisions)),
        select=tuple(raw.parts("select")),
        call=_call_level(raw.text("call")),
        hints=_file(raw, "hints", environment),
        start_deadline=_seconds(raw, "start_deadline"),
        deadline=_seconds(raw, "deadline"),
        strict=raw.flag("strict"),
        json=_output(raw, "json", environment),
        select_folder=raw.folder("select"),
        server_by_ini=server_by_ini,
    )


def _command(text: Any) -> list[str]:
    if text.lstrip().startswith("["):
        try:
            words = json.loads(text)
        except ValueError as error:
            raise OptionError(f"--mcp-server begins like a JSON array, but isn't one: {error}") from None
        if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
            raise OptionError('--mcp-server as JSON is an array of strings, such as ["npx", "-y", "my-server"]')
    else:
        try:
            words = shlex.split(text)
        except ValueError as error:
            raise OptionError(f"--mcp-server can't be split into words: {str(error).lower()}: {text}") from None
    if not words or not words[0]:
        raise OptionError("--mcp-server needs a command, such as --mcp-server='npx -y my-server'")
    return list(words)


def expand(text: str, environment: Mapping[str, str], where: str) -> str:
    """`${NAME}` replaced from the environment, so that no secret has to stand on a command line."""

    def value(match: re.Match[str]) -> str:
        if match[1] not in environment:
            raise OptionError(f"{where}: the environment has no variable {match[1]}")
        return environment[match[1]]

    return _VARIABLE.sub(value, text)


def _assignment(entry: str) -> tuple[str, str]:
    name, equals, value = entry.partition("=")
    if not equals or not name:
        raise OptionError(
            f"--mcp-env={entry.partition('=')[0]}: write --mcp-env=NAME=VALUE, "
            "or --mcp-env='NAME=${NAME}' to keep the value out of sight"
        )
    return name, value


def _path(raw: Raw, name: str, environment: Mapping[str, str]) -> Path | None:
    text = raw.text(name)
    return raw.folder(name) / Path(expand(text, environment, f"--mcp-{name}")).expanduser() if text else None


def _folder(raw: Raw, environment: Mapping[str, str]) -> Path | None:
    path = _path(raw, "cwd", environment)
    if path is None:
        home = raw.folder("server")
        return None if home == Path.cwd() else home
    if not path.is_dir():
        raise OptionError(f"--mcp-cwd={raw.text('cwd')}: there is no folder {path}")
    return path


def _file(raw: Raw, name: str, environment: Mapping[str, str]) -> Path | None:
    path = _path(raw, name, environment)
    if path is not None and not path.is_file():
        raise OptionError(f"--mcp-{name}={raw.text(name)}: there is no file {path}")
    return path


def _output(raw: Raw, name: str, environment: Mapping[str, str]) -> Path | None:
    path = _path(raw, name, environment)
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
    if not 0 < seconds <= 3600:
        raise OptionError(f"{option}={text}: more than 0 and at most 3600 seconds")
    return seconds
