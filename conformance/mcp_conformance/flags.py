"""The options as a table: what the pytest plugin and the command line both register.

Imports nothing heavy: pytest reads it at every start.
"""

from typing import Literal, NamedTuple


class Flag(NamedTuple):
    """One option.

    It is `--mcp-` and its name, with hyphens, on a command line; `mcp_conformance_` and its name in an ini file. A
    `flag` is given or not, a `list` may be repeated, `seconds` is a number.
    """

    name: str
    kind: Literal["text", "list", "flag", "seconds"]
    metavar: str
    help: str

    @property
    def option(self) -> str:
        return f"--mcp-{self.name.replace('_', '-')}"

    @property
    def dest(self) -> str:
        return f"mcp_conformance_{self.name}"


SERVER = Flag(
    "server", "text", "COMMAND", "the command that starts the server under test: words as in a shell, or a JSON array"
)
TARGET = ("server", "url", "config")
"""The options that name a server."""
WAY = (*TARGET, "header", "transport", "ca")
"""Those that belong to the way to one server: for another one they mean nothing."""

FLAGS = (
    Flag("url", "text", "URL", "the URL of the server under test; with --mcp-server, where to reach what that starts"),
    Flag(
        "config",
        "text",
        "FILE[#NAME]",
        "the server of that name in a host's file (mcpServers, or servers as in VS Code)",
    ),
    Flag(
        "header",
        "list",
        "NAME: VALUE",
        "a header for every HTTP request; its value is redacted in all output (repeatable)",
    ),
    Flag("transport", "text", "NAME", "how the server is spoken to: auto (default), stdio, http, sse"),
    Flag("ca", "text", "FILE", "certificates of the authorities to trust, for https (PEM; default: the system's)"),
    Flag("env", "list", "NAME=VALUE", "a variable for the server; its value is redacted in all output (repeatable)"),
    Flag("env_clear", "flag", "", "give the server only what --mcp-env says, not the caller's environment"),
    Flag("cwd", "text", "DIR", "the folder in which the server is started"),
    Flag(
        "revision",
        "list",
        "DATE",
        "judge only this revision of the protocol (repeatable; default: all that the server speaks)",
    ),
    Flag("select", "list", "WHAT", "run only this area, case id, suite file or folder of suite files (repeatable)"),
    Flag("call", "text", "LEVEL", "which tools may be called: safe (default), readonly, all, none"),
    Flag("hints", "text", "FILE", "what you know of your server: good arguments, tools never to call"),
    Flag("start_deadline", "seconds", "SECONDS", "how long the server may take to its first answer (default 60)"),
    Flag("deadline", "seconds", "SECONDS", "how long it may take to answer a request (default 10)"),
    Flag("budget", "seconds", "SECONDS", "how long the whole run may take, the rest is inconclusive (default 600)"),
    Flag("strict", "flag", "", "fail also where only a SHOULD is broken"),
    Flag("json", "text", "FILE", "write the run as JSON"),
)
