"""``mcp-conformance profile``: what a server is found to be, and what each call level would call."""

import argparse
import json
import os
from collections.abc import Iterator
from typing import Any

from mcp_conformance.cli.errors import UserError
from mcp_conformance.flags import FLAGS, SERVER, WAY
from mcp_conformance.harness import Harness, inert
from mcp_conformance.options import OptionError, Raw, parse
from mcp_conformance.profile import CALL_LEVELS, Profile, Tool, may_call
from mcp_conformance.revisions import JUDGED, era_of
from mcp_conformance.strict_yaml import DataError
from mcp_conformance.transports.process import CommandError

_FLAGS = (
    *(name for name in WAY if name != SERVER.name),
    *("env", "env_clear", "cwd", "revision", "hints", "start_deadline", "deadline"),
)


def add_to(commands: Any) -> None:
    """Register the command."""
    profiles = commands.add_parser(
        "profile",
        help="what a server is found to be, and what each level of --mcp-call would call; no tool is called",
        usage="%(prog)s [options] (--mcp-server=COMMAND | -- COMMAND... | --mcp-url=URL | --mcp-config=FILE[#NAME])",
        allow_abbrev=False,
    )
    for flag in (SERVER, *(flag for flag in FLAGS if flag.name in _FLAGS)):
        if flag.kind == "flag":
            profiles.add_argument(flag.option, dest=flag.name, action="store_true", help=flag.help)
        else:
            action = "append" if flag.kind == "list" else "store"
            profiles.add_argument(flag.option, dest=flag.name, action=action, metavar=flag.metavar, help=flag.help)
    profiles.add_argument("--json", action="store_true", help="as JSON")
    profiles.set_defaults(run=profile, takes_command=True)


def profile(parsed: argparse.Namespace) -> int:
    values = {name: getattr(parsed, name) for name in _FLAGS}
    commands = bool(parsed.command) + bool(parsed.server)
    if commands > 1 or not (commands or parsed.url or parsed.config):
        raise UserError(
            "name one server: mcp-conformance profile --mcp-server=COMMAND, --mcp-url=URL, --mcp-config=FILE, "
            "or mcp-conformance profile -- COMMAND..."
        )
    values["server"] = list(parsed.command) or parsed.server
    harness = Harness(parse(Raw(values), os.environ, JUDGED))
    try:
        harness.prepare(())
        harness.start(survey=False)
        profile = harness.found()
        shown: dict[str, Any] = harness.redactor.value(_found(profile, harness))
    except (OptionError, DataError, CommandError) as error:
        raise UserError(harness.redactor.text(str(error))) from None
    finally:
        harness.stop()
    print(json.dumps(shown, indent=1) if parsed.json else "\n".join(inert(line) for line in _profile_lines(shown)))
    return 0 if profile.revisions else 1


def _found(profile: Profile, harness: Harness) -> dict[str, Any]:
    newest = next(reversed(profile.revisions.values()), None)
    tools = newest.tools if newest else []
    return {
        **harness.options.reach.describe(),
        "transport": profile.transport,
        "server": profile.server_info,
        "offers": profile.offers,
        "revisions": list(profile.revisions),
        "failure": profile.failure,
        "heard": profile.heard,
        "start_seconds": round(profile.start_seconds, 3),
        "capabilities": newest.capabilities if newest else {},
        "tools": [{"name": tool.name, "called_by": _called_by(tool, harness)} for tool in tools],
    }


def _called_by(tool: Tool, harness: Harness) -> list[str]:
    hint = harness.hints.tool(tool.name).call
    return [level for level in CALL_LEVELS if may_call(tool.definition, level, hint)[0]]


def _profile_lines(found: dict[str, Any]) -> Iterator[str]:
    if not found["revisions"]:
        spoken = sorted({version for version in found["offers"].values() if version})
        yield found["failure"] or f"it speaks {', '.join(spoken)}; known here are {', '.join(JUDGED)}"
        return
    server = found["server"]
    yield f"{server.get('name', 'a server without a name')} {server.get('version', '')}".strip()
    yield f"  revisions     {', '.join(found['revisions'])} over {found['transport']}"
    for era in ("stateful", "stateless"):
        asked = [words for version, words in found["heard"].items() if era_of(version) == era]
        yield f"  {era:<12}  {asked[0] if asked else 'not asked'}"
    yield f"  first answer  {found['start_seconds']:.1f} s after its start"
    yield f"  capabilities  {', '.join(found['capabilities']) or 'none'}"
    tools = found["tools"]
    yield f"  tools         {len(tools)}"
    for level in CALL_LEVELS:
        called = [tool["name"] for tool in tools if level in tool["called_by"]]
        yield f"  --mcp-call={level:<9}calls {len(called)} of {len(tools)}{': ' if called else ''}{', '.join(called)}"
    yield "  These levels trust what the server says of its tools: see --mcp-hints for what you know better."
