"""How the server under test is reached: a command, a URL, both, or an entry of a host's file; and how that is told
again without its secrets."""

import base64
import json
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import unquote

from mcp_conformance.host_config import Entry, read_entry, split_name
from mcp_conformance.option_values import VARIABLE, OptionError, Raw, expand, shown
from mcp_conformance.report.redaction import looks_secret
from mcp_conformance.target import PORT
from mcp_conformance.transports.http1 import HttpError, Url

Asked = Literal["auto", "stdio", "http", "sse"]
"""A transport; ``auto`` for a URL: Streamable HTTP, or HTTP+SSE if the server speaks only that."""

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t -~\x80-\xff]*")
# What the tester has to say itself, or the conversation isn't the one that it judges.
_OWN_HEADERS = re.compile(
    r"accept|content-(type|length)|transfer-encoding|connection|last-event-id|mcp-(session-id|protocol-version|method|name|param-.*)",
    re.I,
)
_AUTHORITY = re.compile(r"(?P<scheme>[^/?#]*//)(?:(?P<userinfo>[^/?#]*)@)?(?P<host>[^/?#]*)(?P<rest>.*)", re.S)


@dataclass(frozen=True, slots=True)
class Reach:
    """A way to the server. `command` and `url` are expanded; with both, the command is launched and then reached at the
    URL. `env` are variables for the command, `headers` go with every HTTP request.

    `words` are the options that say it all again, `secrets` the values that are hidden in all output, by names to show
    instead; `config` is the entry of a host's file that it came from.
    """

    transport: Asked
    command: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    env_clear: bool = False
    cwd: Path | None = None
    url: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    ca: Path | None = None
    config: str = ""
    words: tuple[str, ...] = ()
    secrets: dict[str, str] = field(default_factory=dict)

    def environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """The server's environment: the caller's, unless it was cleared, and what was given for it."""
        return {**({} if self.env_clear else inherited), **self.env}

    @property
    def shown_url(self) -> str:
        """The URL without user information."""
        return _AUTHORITY.sub(lambda match: match["scheme"] + match["host"] + match["rest"], self.url)

    @property
    def label(self) -> str:
        """It in a few words, not yet redacted."""
        command = " ".join(self.command)
        return f"{command} at {self.shown_url}" if command and self.url else command or self.shown_url

    def describe(self) -> dict[str, Any]:
        """It as the run's `target`, not yet redacted."""
        return {
            "command": list(self.command),
            "cwd": str(self.cwd or Path.cwd()),
            "env": sorted(self.env),
            "url": self.shown_url or None,
            "headers": sorted(name for name, _ in self.headers),
            "config": self.config or None,
        }


def read(raw: Raw, environment: Mapping[str, str], *, server_by_ini: bool = False) -> Reach:
    """The way that the options name. Raises `OptionError`, also for options that contradict each other."""
    found = _Way(raw, environment)
    if raw.text("config"):
        found.from_file()
    else:
        found.from_options(server_by_ini)
    found.add_headers()
    transport = found.settle_transport()
    found.add_environment()
    return Reach(
        transport=transport,
        command=found.command,
        env=found.env,
        env_clear=raw.flag("env_clear"),
        cwd=found.folder(),
        url=found.url,
        headers=tuple(found.headers.values()),
        ca=found.certificates(),
        config=found.config,
        words=tuple(found.words),
        secrets=found.secrets,
    )


@dataclass(slots=True)
class _Way:
    """A way while it is put together; `words` grow in the order in which a user would write them."""

    raw: Raw
    environment: Mapping[str, str]
    command: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    url: str = ""
    headers: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By name in lower case."""
    config: str = ""
    entry: Entry | None = None
    words: list[str] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)

    def from_file(self) -> None:
        """An entry of a host's file."""
        for other in ("server", "url"):
            if self.raw.text(other):
                raise OptionError(f"--mcp-config names the server already; leave out --mcp-{other}, or --mcp-config")
        text = expand(self.raw.text("config") or "", self.environment, "--mcp-config")
        path, name = split_name(text, self.raw.folder("config"))
        if not path.is_file():
            raise OptionError(f"--mcp-config={text}: there is no file {path}")
        self.entry = entry = read_entry(path, name, self.environment)
        self.config = shown(path) + (f"#{name}" if name else "")
        self.words.append(f"--mcp-config={self.config}")
        self.command, self.env = entry.command, dict(entry.env)
        for variable in ("command", "url"):
            if PORT in (" ".join(entry.command) if variable == "command" else entry.url):
                raise OptionError(f"{entry.place}.{variable}: {PORT} is only for --mcp-server with --mcp-url")
        if entry.url:
            self._take_url(entry.url, entry.url, f"{entry.place}.url")
            self.secrets |= _outside_the_host(entry.url, entry.used)
        for header, value in entry.headers:
            self._take_header(header, value, f"{entry.place}.headers.{header}")
            self.secrets |= {used: found for used, found in entry.used.items() if found in value}

    def from_options(self, server_by_ini: bool) -> None:
        """A command, a URL, or both."""
        server, url = self.raw.text("server"), self.raw.text("url")
        if server is None and url is None:
            raise OptionError("name a server: --mcp-server=COMMAND, --mcp-url=URL or --mcp-config=FILE")
        if server is not None:
            words = _words(server)
            self.command = tuple(expand(word, self.environment, "--mcp-server") for word in words)
            given = ("-o", f"mcp_conformance_server={server}") if server_by_ini else (f"--mcp-server={server}",)
            self.words.extend(given)
        if url is not None:
            for match in VARIABLE.finditer(url):
                if _is_outside_the_host(url, match.start()):
                    self.secrets[match[1]] = self.environment.get(match[1], "")
            written = self._take_url(expand(url, self.environment, "--mcp-url"), url, "--mcp-url")
            self.words.append(f"--mcp-url={written}")
        self._check_port()

    def _check_port(self) -> None:
        in_command = any(PORT in word for word in self.command)
        in_environment = any(PORT in entry for entry in self.raw.entries("env"))
        if PORT in self.url and not self.command:
            raise OptionError(f"--mcp-url has {PORT}, but there is no --mcp-server to start: write the port's number")
        if PORT in self.url and not (in_command or in_environment):
            raise OptionError(
                f"--mcp-url has {PORT}, but neither --mcp-server nor --mcp-env: how would the server know the port?"
            )
        if (in_command or in_environment) and PORT not in self.url:
            where = "--mcp-server" if in_command else "--mcp-env"
            raise OptionError(f"{where} has {PORT}: add --mcp-url=http://127.0.0.1:{PORT}/mcp, where to connect then")

    # ------------------------------------------------------------------------------------------------ URLs and headers

    def _take_url(self, url: str, text: str, where: str) -> str:
        """Check a URL, hide what is secret in it; how it is written in a line that reproduces a finding."""
        try:
            parsed = Url.parse(url.replace(PORT, "1"))
        except HttpError as error:
            reason = str(error).partition(" is no URL to connect to: ")[2]  # what stands before may be secret
            raise OptionError(f"{where}: no URL to connect to: {reason}") from None
        self.url = url
        written = text
        if parsed.userinfo:
            user, colon, password = parsed.userinfo.partition(":")
            credentials = unquote(parsed.userinfo)
            value = "Basic " + base64.b64encode(credentials.encode()).decode()
            self.headers["authorization"] = ("Authorization", value)
            secret = password if colon else user
            self.secrets |= {"PASSWORD": secret, "password": unquote(secret), "user and password": credentials}
            raw_info = (_AUTHORITY.fullmatch(text) or {"userinfo": ""})["userinfo"] or ""
            if not VARIABLE.search(raw_info):
                hidden = f"{user}:${{PASSWORD}}" if colon else "${PASSWORD}"
                written = text.replace(f"//{raw_info}@", f"//{hidden}@", 1)
        path, mark, query = written.partition("?")
        parameters = []
        for parameter in query.split("&") if mark else ():
            name, equals, value = parameter.partition("=")
            if equals and value and not VARIABLE.search(value) and looks_secret(name):
                self.secrets |= {name: value, f"{name} in the URL": unquote(value)}
                parameter = f"{name}=${{{_as_variable(name)}}}"
            parameters.append(parameter)
        return path + mark + "&".join(parameters)

    def add_headers(self) -> None:
        """What --mcp-header says, over what stands in a file or in a URL."""
        entries = self.raw.entries("header")
        if entries and not self.url:
            raise OptionError("--mcp-header goes with HTTP requests: it needs --mcp-url")
        written: dict[str, str] = {}
        for entry in entries:
            name, colon, text = (part.strip() for part in entry.partition(":"))
            if not colon or not _HEADER_NAME.fullmatch(name):
                named = f"={name}" if _HEADER_NAME.fullmatch(name) and not colon and len(name) < 30 else ""
                raise OptionError(f"--mcp-header{named}: write --mcp-header='NAME: VALUE', such as " + _EXAMPLE)
            where = f"--mcp-header={name}"
            self._take_header(name, expand(text, self.environment, where), where)
            self.secrets |= {match[1]: self.environment[match[1]] for match in VARIABLE.finditer(text)}
            again = text if VARIABLE.search(text) else f"${{{_as_variable(name)}}}"
            written[name.lower()] = f"--mcp-header={name}: {again}"
        self.words.extend(written.values())

    def _take_header(self, name: str, value: str, where: str) -> None:
        if not _HEADER_NAME.fullmatch(name):
            raise OptionError(f"{where}: that is no name of a header")
        if _OWN_HEADERS.fullmatch(name):
            raise OptionError(f"{where}: the tester sets this header itself, as the protocol demands")
        if not _HEADER_VALUE.fullmatch(value):
            raise OptionError(f"{where}: its value has a character that no header can carry, such as a line break")
        self.headers[name.lower()] = (name, value)
        self.secrets[name] = value
        scheme, _, credentials = value.partition(" ")
        if scheme and credentials and " " not in credentials:
            self.secrets[f"{name} credentials"] = credentials  # a server may tell them without "Bearer"

    def settle_transport(self) -> Asked:
        """The transport, after what was asked for and what there is."""
        text = self.raw.text("transport")
        if text is not None:
            if text not in get_args(Asked):
                raise OptionError(f"--mcp-transport={text}: it is one of {', '.join(get_args(Asked))}")
            if text == "stdio" and self.url:
                raise OptionError(
                    "--mcp-transport=stdio: a URL is reached over http or sse; leave out the one or other"
                )
            if text in ("http", "sse") and not self.url:
                raise OptionError(f"--mcp-transport={text} needs --mcp-url; a command alone is spoken to over stdio")
            if text != "auto" or (self.entry is not None and self.entry.transport):
                self.words.append(f"--mcp-transport={text}")
        said = text or (self.entry.transport if self.entry is not None else "") or "auto"
        if not self.url:
            return "stdio"
        return next(known for known in get_args(Asked) if known == said)

    def certificates(self) -> Path | None:
        path = self.raw.file("ca", self.environment)
        if path is not None and not self.url.lower().startswith("https:"):
            raise OptionError("--mcp-ca is for servers that are reached at an https URL")
        return path

    # --------------------------------------------------------------------------------------------------- the command's

    def add_environment(self) -> None:
        """The options that are for a command, as words too."""
        raw = self.raw
        if raw.text("ca"):
            self.words.append(f"--mcp-ca={_path_again(raw, 'ca', self.environment)}")
        if not self.command:
            for name in ("env", "env_clear", "cwd"):
                if raw.entries(name) if name == "env" else raw.flag(name):
                    option = f"--mcp-{name.replace('_', '-')}"
                    raise OptionError(f"{option} is for a server that is started here: it needs --mcp-server")
        texts = dict(_assignment(entry) for entry in raw.entries("env"))
        for name, text in texts.items():
            self.env[name] = expand(text, self.environment, f"--mcp-env={name}")
            self.words.append(
                f"--mcp-env={name}={text if VARIABLE.search(text) or PORT in text else '${' + name + '}'}"
            )
        if raw.flag("env_clear"):
            self.words.append("--mcp-env-clear")
        folder = self.folder()
        if folder is not None and (raw.text("cwd") or self.entry is None):
            self.words.append(f"--mcp-cwd={shown(folder)}")
        self.secrets |= {name: value for name, value in self.env.items() if PORT not in value}

    def folder(self) -> Path | None:
        """Where the command is started; None: in the current folder."""
        if not self.command:
            return None
        path = self.raw.path("cwd", self.environment)
        if path is not None and not path.is_dir():
            raise OptionError(f"--mcp-cwd={self.raw.text('cwd')}: there is no folder {path}")
        if path is None and self.entry is not None:
            path = self.entry.cwd or self.entry.folder
        elif path is None:
            path = self.raw.folder("server")
            path = None if path == Path.cwd() else path
        return path


_EXAMPLE = "--mcp-header='Authorization: Bearer ${TOKEN}'"


def _path_again(raw: Raw, name: str, environment: Mapping[str, str]) -> str:
    path = raw.path(name, environment)
    return shown(path) if path is not None else ""


def _as_variable(name: str) -> str:
    """A name as one of a variable: X-Api-Key is X_API_KEY."""
    made = re.sub(r"\W", "_", name, flags=re.A).upper()
    return made if re.match(r"[A-Z_]", made) else f"_{made}"


def _is_outside_the_host(url: str, position: int) -> bool:
    match = _AUTHORITY.fullmatch(url)
    return match is not None and not match.start("host") <= position < match.end("host")


def _outside_the_host(url: str, variables: Mapping[str, str]) -> dict[str, str]:
    """Those of the variables whose values stand in a URL, but not as its host."""
    match = _AUTHORITY.fullmatch(url)
    parts = [match["userinfo"] or "", match["rest"]] if match is not None else [url]
    return {name: value for name, value in variables.items() if value and any(value in part for part in parts)}


def _words(text: str) -> list[str]:
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


def _assignment(entry: str) -> tuple[str, str]:
    name, equals, value = entry.partition("=")
    if not equals or not name:
        raise OptionError(
            f"--mcp-env={entry.partition('=')[0]}: write --mcp-env=NAME=VALUE, "
            "or --mcp-env='NAME=${NAME}' to keep the value out of sight"
        )
    return name, value


def command_line(words: Iterable[str]) -> str:
    """Words as one would type them: quoted where a shell needs it, in `--name=value` only the value."""
    return " ".join(_quoted(word) for word in words)


def _quoted(word: str) -> str:
    head, equals, value = word.partition("=")
    if word.startswith("--") and equals:
        return f"{head}={shlex.quote(value)}"
    return shlex.quote(word)
