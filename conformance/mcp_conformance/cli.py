"""``mcp-conformance``: what isn't a test run.

It lists the cases, explains a requirement, and shows what a server is found to be.
"""

import argparse
import difflib
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from mcp_conformance import __version__
from mcp_conformance.cases.loader import LoadedCase, bundled
from mcp_conformance.flags import FLAGS, SERVER
from mcp_conformance.harness import Harness, inert
from mcp_conformance.options import OptionError, Raw, parse
from mcp_conformance.profile import CALL_LEVELS, Profile, Tool, may_call
from mcp_conformance.requirements import Requirement, catalogue
from mcp_conformance.revisions import JUDGED
from mcp_conformance.strict_yaml import DataError
from mcp_conformance.transports.process import CommandError

_PROFILE_FLAGS = ("env", "env_clear", "cwd", "revision", "hints", "start_deadline", "deadline")


class _UserError(Exception):
    """What was asked for can't be done; the message says why and what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The console script. Exit status: 0 done, 1 the server doesn't answer, 2 asked wrongly."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # argparse has its own idea of "--" before 3.13; what stands behind it is a command and none of its business.
    given, command = (given[: given.index("--")], given[given.index("--") + 1 :]) if "--" in given else (given, [])
    parsed = _parser().parse_args(given)
    if command and parsed.run is not _profile:
        print(f"mcp-conformance: only profile takes a command behind --: {' '.join(command)}", file=sys.stderr)
        return 2
    parsed.command = command
    run: Callable[[argparse.Namespace], int] = parsed.run
    try:
        return run(parsed)
    except (_UserError, OptionError, DataError, CommandError) as error:
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
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    lists = commands.add_parser("list", help="the areas, and the cases in them", allow_abbrev=False)
    lists.add_argument("areas", nargs="*", metavar="AREA", help="only these areas")
    lists.add_argument("--json", action="store_true", help="as JSON")
    lists.set_defaults(run=_list)

    explains = commands.add_parser("explain", help="a requirement, or a case", allow_abbrev=False)
    explains.add_argument("id", metavar="ID", help="the id of a requirement or of a case")
    explains.set_defaults(run=_explain)

    profiles = commands.add_parser(
        "profile",
        help="what a server is found to be, and what each level of --mcp-call would call; no tool is called",
        usage="%(prog)s [options] (--mcp-server=COMMAND | -- COMMAND...)",
        allow_abbrev=False,
    )
    for flag in (SERVER, *(flag for flag in FLAGS if flag.name in _PROFILE_FLAGS)):
        if flag.kind == "flag":
            profiles.add_argument(flag.option, dest=flag.name, action="store_true", help=flag.help)
        else:
            action = "append" if flag.kind == "list" else "store"
            profiles.add_argument(flag.option, dest=flag.name, action=action, metavar=flag.metavar, help=flag.help)
    profiles.add_argument("--json", action="store_true", help="as JSON")
    profiles.set_defaults(run=_profile)
    return parser


# --------------------------------------------------------------------------------------------------------------- list


def _list(parsed: argparse.Namespace) -> int:
    cases = bundled()
    known = list(dict.fromkeys(case.area for case in cases))
    for area in parsed.areas:
        if area not in known:
            raise _UserError(f"there is no area {area}{_nearest(area, known)}; areas are {', '.join(known)}")
    chosen = [case for case in cases if not parsed.areas or case.area in parsed.areas]
    if parsed.json:
        print(json.dumps([_case_row(case) for case in chosen], indent=1))
        return 0
    for area in known:
        of_area = [case for case in chosen if case.area == area]
        if of_area:
            print(f"{area}: {len(of_area)} cases")
        for case in of_area:
            print(f"  {case.id}\n      {case.purpose}")
            for requirement, levels in _levels(case).items():
                print(f"      {_in_words(levels):<10} {requirement}")
    print(f"\n{len(chosen)} cases; revisions {', '.join(JUDGED)}")
    return 0


def _revisions(case: LoadedCase) -> list[str]:
    return [revision for revision in JUDGED if case.requirements(revision)]


def _levels(case: LoadedCase) -> dict[str, dict[str, str]]:
    """For each requirement that a case judges, its level by revision."""
    found: dict[str, dict[str, str]] = {}
    for revision in _revisions(case):
        for requirement in case.requirements(revision):
            found.setdefault(requirement.id, {})[revision] = requirement.level
    return found


def _in_words(levels: dict[str, str]) -> str:
    if len(set(levels.values())) == 1:
        return next(iter(levels.values()))
    return ", ".join(f"{level} in {revision}" for revision, level in levels.items())


def _case_row(case: LoadedCase) -> dict[str, Any]:
    return {
        "id": case.id,
        "area": case.area,
        "purpose": case.purpose,
        "revisions": _revisions(case),
        "transports": list(case.transports),
        "needs": list(case.needs),
        "requirements": [{"id": requirement, "level": levels} for requirement, levels in _levels(case).items()],
    }


# ------------------------------------------------------------------------------------------------------------ explain


def _explain(parsed: argparse.Namespace) -> int:
    known = catalogue()
    case = next((case for case in bundled() if case.id == parsed.id), None)
    if case is None and not known.revisions(parsed.id):
        names = [*known.all_ids(), *(case.id for case in bundled())]
        raise _UserError(f"there is no requirement or case {parsed.id}{_nearest(parsed.id, names)}")
    if case is not None:
        print(f"case {case.id}\n  {case.purpose}")
        for requirement in case.judges:
            _tell_requirement(requirement)
        print(f"  run it: pytest --mcp-server=COMMAND --mcp-select={case.id}")
    if known.revisions(parsed.id):
        _tell_requirement(parsed.id)
        judged_by = [case.id for case in bundled() if parsed.id in case.judges]
        print("\n".join(["  cases", *(f"    {name}" for name in judged_by)]) if judged_by else "  no case judges it")
    return 0


def _tell_requirement(requirement: str) -> None:
    standing = [found for revision in JUDGED if (found := catalogue().get(revision, requirement)) is not None]
    print(f"requirement {requirement}")
    before: Requirement | None = None
    for found in standing:
        if before is None or before.summary != found.summary:
            print(f"  {found.summary}")
        print(f"  {found.revision}  {found.level:<10} {found.who:<7} {found.link}")
        before = found


def _nearest(name: str, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {close[0]}?" if close else ""


# ------------------------------------------------------------------------------------------------------------ profile


def _profile(parsed: argparse.Namespace) -> int:
    values = {name: getattr(parsed, name) for name in _PROFILE_FLAGS}
    if bool(parsed.command) == bool(parsed.server):
        raise _UserError(
            "name one server: mcp-conformance profile --mcp-server=COMMAND, or mcp-conformance profile -- COMMAND..."
        )
    values["server"] = list(parsed.command) or parsed.server
    harness = Harness(parse(Raw(values), os.environ, JUDGED))
    try:
        harness.prepare(())
        harness.start(survey=False)
        profile = harness.found()
        shown: dict[str, Any] = harness.redactor.value(_found(profile, harness))
    except (OptionError, DataError, CommandError) as error:
        raise _UserError(harness.redactor.text(str(error))) from None
    finally:
        harness.stop()
    print(json.dumps(shown, indent=1) if parsed.json else "\n".join(inert(line) for line in _profile_lines(shown)))
    return 0 if profile.revisions else 1


def _found(profile: Profile, harness: Harness) -> dict[str, Any]:
    newest = next(reversed(profile.revisions.values()), None)
    tools = newest.tools if newest else []
    return {
        "command": list(harness.options.server),
        "cwd": str(harness.options.cwd or Path.cwd()),
        "transport": profile.transport,
        "server": profile.server_info,
        "offers": profile.offers,
        "revisions": list(profile.revisions),
        "failure": profile.failure,
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
    yield f"  first answer  {found['start_seconds']:.1f} s after its start"
    yield f"  capabilities  {', '.join(found['capabilities']) or 'none'}"
    tools = found["tools"]
    yield f"  tools         {len(tools)}"
    for level in CALL_LEVELS:
        called = [tool["name"] for tool in tools if level in tool["called_by"]]
        yield f"  --mcp-call={level:<9}calls {len(called)} of {len(tools)}{': ' if called else ''}{', '.join(called)}"
    yield "  These levels trust what the server says of its tools: see --mcp-hints for what you know better."


if __name__ == "__main__":
    raise SystemExit(main())
