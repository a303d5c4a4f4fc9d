"""How a server is started from a command line."""

import sys
from collections.abc import Callable, Sequence

import anyio

from . import stdio
from .connection import Connection
from .server import Server


def serve(
    server: Server | Callable[[], Server],
    argv: Sequence[str] | None = None,
    *,
    connection: type[Connection] = Connection,
) -> int:
    """Run a server over stdio until its input ends, and return the exit status.

    `server` is a description, or a function without arguments that makes one; `argv` the arguments after the program's
    name, those of this process if it is None; `connection` the class that holds the session, which is where a faulty
    server differs.
    """
    description = server if isinstance(server, Server) else server()
    arguments = sys.argv[1:] if argv is None else argv
    if arguments:  # the parser is loaded only when there is something to parse
        _parse(description, arguments)
    try:
        anyio.run(stdio.run, lambda send: connection(description, send))
    except KeyboardInterrupt:
        return 130
    return 0


def _parse(server: Server, arguments: Sequence[str]) -> None:
    import argparse

    parser = argparse.ArgumentParser(
        prog=server.name,
        description=f"{server.title or server.name}: a Model Context Protocol server on standard input and output.",
        epilog="It speaks " + ", ".join(revision.name for revision in server.revisions) + " and ends with its input.",
    )
    parser.add_argument("--version", action="version", version=f"{server.name} {server.version}")
    parser.parse_args(arguments)
