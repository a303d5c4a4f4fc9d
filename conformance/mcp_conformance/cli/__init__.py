"""``mcp-conformance``: what isn't a test run.

It lists the cases, explains a requirement, says how much of the specification is covered, and shows what a server is
found to be.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from mcp_conformance import __version__
from mcp_conformance.cli import index, profiling
from mcp_conformance.cli.errors import UserError
from mcp_conformance.options import OptionError
from mcp_conformance.strict_yaml import DataError
from mcp_conformance.transports.process import CommandError


def main(arguments: Sequence[str] | None = None) -> int:
    """The console script. Exit status: 0 done, 1 the server doesn't answer, 2 asked wrongly."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # argparse has its own idea of "--" before 3.13; what stands behind it is a command and none of its business.
    given, command = (given[: given.index("--")], given[given.index("--") + 1 :]) if "--" in given else (given, [])
    parsed = _parser().parse_args(given)
    if command and not parsed.takes_command:
        print(f"mcp-conformance: only profile takes a command behind --: {' '.join(command)}", file=sys.stderr)
        return 2
    parsed.command = command
    run: Callable[[argparse.Namespace], int] = parsed.run
    try:
        return run(parsed)
    except (UserError, OptionError, DataError, CommandError) as error:
        print(f"mcp-conformance: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has seen enough
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mcp-conformance",
        description="Conformance tests for MCP servers: what isn't a test run.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.set_defaults(takes_command=False)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    index.add_to(commands)
    profiling.add_to(commands)
    return parser
