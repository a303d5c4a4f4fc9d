"""What the user asked for, from the command line and the ini file, checked. Knows nothing of pytest: it is given the raw values."""

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

    `server` is the command with its variables expanded, `server_text` as it was written (for the line that reproduces a finding).
    `env` are variables for the server, `env_text` how they were written. Times are in seconds.
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
    from_command_line: bool
    server_by_ini: bool = field(default=False)
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
            words.append(f"--mcp-cwd={self.cwd}")
        if self.call != "safe":
            words.append(f"--mcp-call={self.call}")
        if self.hints:
            words.append(f"--mcp-hints={self.hints}")
        if self.start_deadline != DEFAULTS["start_deadline"]:
            words.append(f"--mcp-start-deadline={self.start_deadline:g}")
        if self.deadline != DEFAULTS["deadline"]:
            words.append(f"--mcp-deadline={self.deadline:g}")
        if case:
            words.append(f"--mcp-select={case}")
        if revision:
            words.append(f"--mcp-revision={revision}")
        return " ".join(_quoted(word) for word in words)


DEFAULTS: dict[str, float] = {"start_deadline": 60.0, "deadline": 10.0}


def _quoted(word: str) -> str:
    """Quoted for a shell where that is needed; in `--name=value` only the value, as people write it."""
    head, equals, value = word.partition("=")
    if word.startswith("--") and equals:
        return f"{head}={shlex.quote(value)}"
    return shlex.quote(word)


def parse(raw: Mapping[str, Any], environment: Mapping[str, str], known_revisions: Iterable[str], **facts: bool) -> Options:
    """Options from raw values (None or empty: not given). Raises `OptionError`."""
    server_text = raw["server"]
    server = tuple(expand(word, environment, "--mcp-server") for word in _command(server_text))
    env_text = dict(_assignment(entry) for entry in raw["env"] or ())
    return Options(
        server=server,
        server_text=server_text,
        env={name: expand(text, environment, f"--mcp-env={name}") for name, text in env_text.items()},
        env_text=env_text,
        env_clear=bool(raw["env_clear"]),
        cwd=_folder(raw["cwd"], environment),
        revisions=_revisions(raw["revision"] or (), tuple(known_revisions)),
        select=tuple(part.strip() for entry in raw["select"] or () for part in entry.split(",") if part.strip()),
        call=_call_level(raw["call"]),
        hints=_file(raw["hints"], "--mcp-hints"),
        start_deadline=_seconds(raw["start_deadline"], "start_deadline"),
        deadline=_seconds(raw["deadline"], "deadline"),
        strict=bool(raw["strict"]),
        json=_output(raw["json"], "--mcp-json"),
        **facts,
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
        raise OptionError(f"--mcp-env={entry}: write --mcp-env=NAME=VALUE, or --mcp-env='NAME=${{NAME}}' to keep the value out of sight")
    return name, value


def _folder(text: str | None, environment: Mapping[str, str]) -> Path | None:
    if not text:
        return None
    path = Path(expand(text, environment, "--mcp-cwd")).expanduser()
    if not path.is_dir():
        raise OptionError(f"--mcp-cwd={text}: there is no such folder")
    return path.absolute()


def _file(text: str | None, name: str) -> Path | None:
    if not text:
        return None
    path = Path(text).expanduser()
    if not path.is_file():
        raise OptionError(f"{name}={text}: there is no such file")
    return path.absolute()


def _output(text: str | None, name: str) -> Path | None:
    if not text:
        return None
    path = Path(text).expanduser().absolute()
    if path.is_dir():
        raise OptionError(f"{name}={text}: that is a folder; name a file")
    if not path.parent.is_dir():
        raise OptionError(f"{name}={text}: there is no folder {path.parent}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise OptionError(f"{name}={text}: can't be written")
    return path


def _revisions(entries: Iterable[str], known: tuple[str, ...]) -> tuple[str, ...]:
    wanted = [part.strip() for entry in entries for part in entry.split(",") if part.strip()]
    for revision in wanted:
        if revision not in known:
            raise OptionError(f"--mcp-revision={revision}: not a revision that these suites judge; they are {', '.join(known)}")
    return tuple(revision for revision in known if revision in wanted)


def _call_level(text: str | None) -> CallLevel:
    for level in get_args(CallLevel):
        if level == (text or "safe"):
            return level  # type: ignore[no-any-return]
    raise OptionError(f"--mcp-call={text}: one of {', '.join(CALL_LEVELS)}")


def _seconds(value: Any, name: str) -> float:
    if value in (None, ""):
        return DEFAULTS[name]
    option = f"--mcp-{name.replace('_', '-')}"
    try:
        seconds = float(value)
    except ValueError:
        raise OptionError(f"{option}={value}: a number of seconds") from None
    if not 0 < seconds <= 3600:
        raise OptionError(f"{option}={value}: more than 0 and at most 3600 seconds")
    return seconds
