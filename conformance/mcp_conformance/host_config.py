"""The files in which hosts keep their servers: `mcpServers` of most of them, `servers` of VS Code.

Neither is standardised. Read is what they agree on: command, args, env, cwd; url, headers; type or transport. Other
members are ignored, as hosts do with each other's. JSON with comments and trailing commas is taken too.
"""

import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from mcp_conformance.option_values import OptionError, look_up, shown

_HOLDERS = ("mcpServers", "servers")
_TYPES: dict[str, Literal["stdio", "http", "sse"]] = {
    "stdio": "stdio",
    "http": "http",
    "streamable-http": "http",
    "streamableHttp": "http",
    "streamable_http": "http",
    "sse": "sse",
}
_EDITORS = (".vscode", ".cursor")  # folders whose parent is the folder that the servers are for
_VARIABLE = re.compile(r"\$\{(?:(env|input):)?([A-Za-z_][\w.-]*)(?::-([^}]*))?\}")
_BETWEEN = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|/\*.*?\*/', re.S)
_TRAILING = re.compile(r'"(?:[^"\\]|\\.)*"|,(?=\s*[}\]])')


@dataclass(frozen=True, slots=True)
class Entry:
    """One server of a file, its variables expanded. It has a command or a URL; `transport` "" where nothing is said.

    `folder` is the one that the file is for: commands are started there, unless it says `cwd`. `used` are the variables
    of the environment that its URL and headers were made of.
    """

    place: str
    folder: Path
    command: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    url: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    transport: Literal["", "stdio", "http", "sse"] = ""
    used: dict[str, str] = field(default_factory=dict)


def read_entry(path: Path, name: str, environment: Mapping[str, str]) -> Entry:
    """The server of that name in a file; without a name, the only one. Raises `OptionError` with file and place."""
    file = shown(path)
    servers = _servers(path, file)
    if not servers:
        raise OptionError(f"{file}: it names no server")
    if not name and len(servers) > 1:
        raise OptionError(f"{file} names {len(servers)} servers; say which: {_listed(file, list(servers))}")
    if name and name not in servers:
        close = difflib.get_close_matches(name, servers, n=1)
        hint = f'did you mean "{close[0]}"?' if close else f"there are: {_listed(file, list(servers))}"
        raise OptionError(f'{file} names no server "{name}"; {hint}')
    holder, data = servers[name or next(iter(servers))]
    return _Reader(f"{file}: {holder}.{name or next(iter(servers))}", path, environment).entry(data)


def split_name(text: str, folder: Path) -> tuple[Path, str]:
    """``FILE#NAME`` in its parts; a file whose own name has a "#" comes first."""
    whole = folder / Path(text).expanduser()
    file, hash_, name = text.rpartition("#")
    return (whole, "") if not hash_ or whole.is_file() else (folder / Path(file).expanduser(), name)


def _listed(file: str, names: list[str]) -> str:
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(f"{file}#{name}" for name in names[:10]) + more


def _servers(path: Path, file: str) -> dict[str, tuple[str, Any]]:
    """All servers by their names, each with the member that it stands in."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        data = json.loads(_plain(text))
    except OSError as error:
        raise OptionError(f"{file}: can't be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise OptionError(f"{file}: not UTF-8") from None
    except RecursionError:
        raise OptionError(f"{file}: nested too deeply") from None
    except json.JSONDecodeError as error:
        raise OptionError(f"{file}:{error.lineno}:{error.colno}: not JSON: {error.msg.lower()}") from None
    if not isinstance(data, dict) or not any(holder in data for holder in _HOLDERS):
        raise OptionError(f'{file}: expected an object with "mcpServers" or "servers", as hosts keep their servers')
    found: dict[str, tuple[str, Any]] = {}
    for holder in _HOLDERS:
        servers = data.get(holder, {})
        if not isinstance(servers, dict):
            raise OptionError(f"{file}: {holder}: expected an object with one member a server, not {_kind(servers)}")
        for name, entry in servers.items():
            found.setdefault(name, (holder, entry))
    return found


def _plain(text: str) -> str:
    """Without comments and trailing commas; every character that stays, stays in its place."""

    def blank(match: re.Match[str]) -> str:
        return match[0] if match[0].startswith('"') else re.sub(r"[^\n]", " ", match[0])

    return _TRAILING.sub(blank, _BETWEEN.sub(blank, text))


@dataclass(slots=True)
class _Reader:
    """Reads one entry. Messages name places, never values: these may be secrets."""

    place: str
    path: Path
    environment: Mapping[str, str]
    used: dict[str, str] = field(default_factory=dict)

    def entry(self, data: Any) -> Entry:
        if not isinstance(data, dict):
            raise OptionError(f"{self.place}: expected an object, not {_kind(data)}")
        command, url = self._text(data, "command"), self._text(data, "url", keep=True)
        if bool(command) == bool(url):
            why = "both a command and a url" if command else "neither a command nor a url"
            raise OptionError(f"{self.place}: it has {why}; a server has one of them")
        arguments = data.get("args", [])
        if not isinstance(arguments, list):
            raise OptionError(f"{self.place}.args: expected an array of strings, not {_kind(arguments)}")
        words = [self._expanded(word, f"args[{index}]") for index, word in enumerate(arguments)]
        folder = self.path.parent
        folder = folder.parent if folder.name in _EDITORS else folder
        return Entry(
            place=self.place,
            folder=folder,
            command=(command, *words) if command else (),
            env=self._strings(data, "env"),
            cwd=self._cwd(data, folder),
            url=url,
            headers=tuple(self._strings(data, "headers", keep=True).items()),
            transport=self._transport(data, command),
            used=self.used,
        )

    def _cwd(self, data: dict[str, Any], folder: Path) -> Path | None:
        text = self._text(data, "cwd")
        if not text:
            return None
        path = folder / Path(text).expanduser()
        if not path.is_dir():
            raise OptionError(f"{self.place}.cwd: there is no folder {path}")
        return path

    def _transport(self, data: dict[str, Any], command: str) -> Literal["", "stdio", "http", "sse"]:
        for member in ("type", "transport"):
            if member not in data:
                continue
            said = data[member]
            if not isinstance(said, str) or said not in _TYPES:
                known = "stdio, http (or streamable-http) and sse"
                raise OptionError(f"{self.place}.{member}: {json.dumps(said)[:80]} is no transport known here: {known}")
            if (_TYPES[said] == "stdio") != bool(command):
                other = "a command is spoken to over stdio" if command else "a url is reached over http or sse"
                raise OptionError(f"{self.place}.{member}: it says {said}, but {other}")
            return _TYPES[said]
        return ""

    def _text(self, data: dict[str, Any], member: str, *, keep: bool = False) -> str:
        return self._expanded(data[member], member, keep=keep) if member in data else ""

    def _strings(self, data: dict[str, Any], member: str, *, keep: bool = False) -> dict[str, str]:
        values = data.get(member, {})
        if not isinstance(values, dict):
            raise OptionError(f"{self.place}.{member}: expected an object of strings, not {_kind(values)}")
        return {name: self._expanded(value, f"{member}.{name}", keep=keep) for name, value in values.items()}

    def _expanded(self, value: Any, member: str, *, keep: bool = False) -> str:
        """A string with its variables replaced; `keep` what they were."""
        where = f"{self.place}.{member}"
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = json.dumps(value)  # a port without its quotes is understood by hosts too
        if not isinstance(value, str):
            raise OptionError(f"{where}: expected a string, not {_kind(value)}")

        def replaced(match: re.Match[str]) -> str:
            kind, name, default = match.groups()
            if kind == "input":
                raise OptionError(
                    f"{where}: the host would ask for {match[0]}, which can't be done here: "
                    "write ${NAME} for a variable of the environment"
                )
            if kind is None and name not in self.environment and name in ("workspaceFolder", "userHome"):
                folder = self.path.absolute().parent
                folder = folder.parent if folder.name in _EDITORS else folder
                return str(folder if name == "workspaceFolder" else Path.home())
            if default is not None and name not in self.environment:
                return str(default)
            found = look_up(name, self.environment, where)
            if keep:
                self.used[name] = found
            return found

        return _VARIABLE.sub(replaced, value)


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
