"""How a server is started from a command line."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio

from . import stdio
from .connection import Connection
from .revisions import REVISIONS, STATEFUL, STATELESS, Revision
from .server import Server

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from .http import Endpoint


def serve(
    server: Server | Callable[[], Server],
    argv: Sequence[str] | None = None,
    *,
    connection: type[Connection] = Connection,
    endpoint: "type[Endpoint] | None" = None,
) -> int:
    """Run a server until its input ends, or over HTTP until it is told to stop, and return the exit status.

    `server` is a description, or a function without arguments that makes one; `argv` the arguments after the program's
    name, those of this process if it is None; `connection` the class that holds a conversation and `endpoint` the one
    that answers HTTP, which are where a faulty server differs.
    """
    description = server if isinstance(server, Server) else server()
    arguments = sys.argv[1:] if argv is None else argv
    try:
        if arguments:  # the parser, and all that HTTP takes, are loaded only when there is something to parse
            return _serve_as_told(description, arguments, connection, endpoint)
        anyio.run(stdio.run, lambda send: connection(description, send))
    except KeyboardInterrupt:
        return 130
    return 0


def _serve_as_told(
    server: Server, arguments: Sequence[str], connection: type[Connection], endpoint: "type[Endpoint] | None"
) -> int:
    parser = _parser(server)
    options = parser.parse_args(arguments)
    told = replace(
        server, revisions=_revisions(parser, options, server), announces=options.changes == "on" or server.announces
    )
    if options.transport == "stdio":
        anyio.run(stdio.run, lambda send: connection(told, send))
        return 0
    from .http import HttpSse, Settings, Streamable

    if options.transport == "sse":
        told = replace(told, revisions=told.of_era("stateful"))
    chosen = endpoint or (HttpSse if options.transport == "sse" else Streamable)
    settings = Settings(answers=options.answers, sessions=options.sessions == "on", poll=options.poll)
    return anyio.run(_serve_http, lambda: chosen(told, connection, settings), options.port)


async def _serve_http(make: Callable[[], "Endpoint"], port: int) -> int:
    import signal

    from .http import serving

    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        try:
            async with serving(make(), port) as url:
                print(f"listening on {url}", file=sys.stderr, flush=True)
                told = await anext(aiter(signals))
        except OSError as error:
            print(f"cannot listen on port {port}: {error.strerror}; --port=0 finds a free one", file=sys.stderr)
            return 1
    return 130 if told == signal.SIGINT else 0


def _parser(server: Server) -> "ArgumentParser":
    import argparse

    parser = argparse.ArgumentParser(
        prog=server.name,
        description=f"{server.title or server.name}: a Model Context Protocol server.",
        epilog="Without options it speaks "
        + ", ".join(revision.name for revision in server.revisions)
        + " on standard input and output, and ends with its input. Over HTTP it is reached from this machine alone, "
        "says on stderr where, and ends on SIGTERM.",
    )
    add = parser.add_argument
    add("--version", action="version", version=f"{server.name} {server.version}")
    add("--transport", choices=["stdio", "http", "sse"], default="stdio", help="http is Streamable HTTP")
    add("--port", type=int, default=0, help="port for HTTP; 0, the default, finds a free one")
    add("--answers", choices=["json", "stream"], default="stream", help="how HTTP requests are answered")
    add("--sessions", choices=["on", "off"], default="on", help="whether initialize opens a session over HTTP")
    add("--poll", type=float, metavar="SECONDS", help="close connections so soon, for clients of 2025-11-25 to poll")
    add("--era", choices=["stateful", "stateless", "dual"], help="speak the revisions with a handshake, without, all")
    add("--revision", action="append", metavar="DATE", help="speak this one; may be repeated")
    add("--changes", choices=["on", "off"], default="off", help="whether changes are announced")
    return parser


def _revisions(parser: "ArgumentParser", options: "Namespace", server: Server) -> Sequence[Revision]:
    """The revisions that were asked for, oldest first."""
    eras = {"stateful": STATEFUL, "stateless": STATELESS, "dual": REVISIONS, None: REVISIONS}
    known = eras[options.era]
    names = [revision.name for revision in known]
    for name in options.revision or ():
        if name not in names:
            parser.error(f"argument --revision: {name} is none of {', '.join(names)}")
    chosen = known if options.era else server.revisions
    if options.revision:
        chosen = [revision for revision in known if revision.name in options.revision]
    if options.transport == "sse" and not any(revision.era == "stateful" for revision in chosen):
        parser.error("argument --transport: sse belongs to the revisions with a handshake")
    return chosen
