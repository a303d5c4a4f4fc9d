"""``mcp-conformance list``, ``explain``, ``coverage``: what there is to judge, what is judged, what proves it."""

import argparse
import difflib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from mcp_conformance import coverage
from mcp_conformance.cases.loader import LoadedCase, bundled
from mcp_conformance.cli.errors import UserError
from mcp_conformance.requirements import EDITIONS, Requirement, catalogue, interpretation, stimuli
from mcp_conformance.revisions import JUDGED


def add_to(commands: Any) -> None:
    """Register the commands."""
    lists = commands.add_parser("list", help="the areas, and the cases in them", allow_abbrev=False)
    lists.add_argument("areas", nargs="*", metavar="AREA", help="only these areas")
    lists.add_argument("--json", action="store_true", help="as JSON")
    lists.set_defaults(run=list_cases)

    explains = commands.add_parser("explain", help="a requirement, or a case", allow_abbrev=False)
    explains.add_argument("id", metavar="ID", help="the id of a requirement or of a case")
    explains.add_argument("--json", action="store_true", help="as JSON")
    explains.set_defaults(run=explain)

    covers = commands.add_parser(
        "coverage",
        help="how much of the specification is judged and proven, and why the rest isn't",
        allow_abbrev=False,
    )
    covers.add_argument("texts", nargs="*", metavar="TEXT", help=f"only these: {', '.join(EDITIONS)}")
    covers.add_argument(
        "--exclude", action="append", default=[], metavar="AREA", help="leave out an area of the catalogue (repeatable)"
    )
    covers.add_argument("--json", action="store_true", help="only the numbers, as JSON")
    covers.set_defaults(run=cover)


# --------------------------------------------------------------------------------------------------------------- list


def list_cases(parsed: argparse.Namespace) -> int:
    """``list``: cases by area."""
    cases = bundled()
    known = list(dict.fromkeys(case.area for case in cases))
    for area in parsed.areas:
        if area not in known:
            raise UserError(f"there is no area {area}{_nearest(area, known)}; areas are {', '.join(known)}")
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


def _levels(case: LoadedCase) -> dict[str, dict[str, str]]:
    """For each requirement that a case judges, its level by revision."""
    found: dict[str, dict[str, str]] = {}
    for revision in JUDGED:
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
        "revisions": [revision for revision in JUDGED if case.requirements(revision)],
        "transports": list(case.transports),
        "needs": list(case.needs),
        "requirements": [{"id": requirement, "level": levels} for requirement, levels in _levels(case).items()],
    }


# ------------------------------------------------------------------------------------------------------------ explain


def explain(parsed: argparse.Namespace) -> int:
    """``explain``: one requirement, or one case with its requirements."""
    known = catalogue()
    case = next((case for case in bundled() if case.id == parsed.id), None)
    is_requirement = bool(known.editions(parsed.id))
    if case is None and not is_requirement:
        names = sorted({*known.all_ids(), *(case.id for case in bundled())})
        raise UserError(f"there is no requirement or case {parsed.id}{_nearest(parsed.id, names)}")
    if parsed.json:
        found: dict[str, Any] = {}
        if case is not None:
            found["case"] = _case_row(case) | {"faulty_servers": _faults(case)}
        if is_requirement:
            found["requirement"] = _requirement_row(parsed.id)
        print(json.dumps(found, indent=1, ensure_ascii=False))
        return 0
    if case is not None:
        print(f"case {case.id}\n  {case.purpose}")
        for requirement in case.judges:
            print("\n".join(_told(requirement)))
        print(f"  run it: pytest --mcp-server=COMMAND --mcp-select={case.id}")
    if is_requirement:
        print("\n".join([*_told(parsed.id), *_judged(parsed.id)]))
    return 0


def _told(requirement: str) -> Iterator[str]:
    """The requirement as it stands in each text; what is said again in the next is not repeated."""
    yield f"requirement {requirement}"
    said: dict[str, str] = {}
    for found in _standing(requirement):
        for label, words in (
            ("", found.summary),
            ("seen by: ", stimuli(found.edition)[requirement]),
            ("reading: ", _reading(found)),
        ):
            if words and said.get(label) != words:
                yield f"  {label}{words}"
                said[label] = words
        yield f"  {found.edition}  {found.level:<10} {found.who:<7} {found.link}"


def _judged(requirement: str) -> Iterator[str]:
    cases = [case.id for case in bundled() if requirement in case.judges]
    faults = _proving(requirement)
    yield from ["  cases", *(f"    {name}" for name in cases)] if cases else ["  no case judges it"]
    if faults:
        yield from ["  seen to fail on these faulty servers of our tests", *(f"    {name}" for name in faults)]
    elif cases:
        yield "  no faulty server proves it"


def _requirement_row(requirement: str) -> dict[str, Any]:
    return {
        "id": requirement,
        "texts": [
            {
                "text": found.edition,
                "level": found.level,
                "who": found.who,
                "transports": found.transports,
                "needs": list(found.needs),
                "observable": found.observable,
                "how": stimuli(found.edition)[requirement],
                "summary": found.summary,
                "link": found.link,
                "interpretation": _reading(found),
            }
            for found in _standing(requirement)
        ],
        "cases": [case.id for case in bundled() if requirement in case.judges],
        "faulty_servers": _proving(requirement),
    }


def _standing(requirement: str) -> list[Requirement]:
    known = catalogue()
    found = (known.get(edition, requirement) for edition in known.editions(requirement))
    return [one for one in found if one is not None]


def _reading(requirement: Requirement) -> str:
    found = interpretation(requirement.edition, requirement.id)
    return f"{found.tension}. {found.reading}" if found else ""


def _proving(requirement: str) -> list[str]:
    return sorted({name for found in coverage.proofs().values() for name in found.get(requirement, ())})


def _faults(case: LoadedCase) -> dict[str, list[str]]:
    return {requirement: _proving(requirement) for requirement in case.judges}


def _nearest(name: str, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {close[0]}?" if close else ""


# ----------------------------------------------------------------------------------------------------------- coverage


def cover(parsed: argparse.Namespace) -> int:
    """``coverage``: the index as Markdown, or its numbers as JSON."""
    for text in parsed.texts:
        if text not in EDITIONS:
            raise UserError(f"there is no text {text}{_nearest(text, EDITIONS)}; there are {', '.join(EDITIONS)}")
    areas = sorted(coverage.all_areas())
    for area in parsed.exclude:
        if area not in areas:
            raise UserError(f"--exclude={area}: no such area{_nearest(area, areas)}; there are {', '.join(areas)}")
    texts = [edition for edition in EDITIONS if not parsed.texts or edition in parsed.texts]
    if parsed.json:
        print(json.dumps(coverage.numbers(texts, bundled(), coverage.proofs(), parsed.exclude), indent=1))
    else:
        print("\n".join(coverage.markdown(texts, bundled(), coverage.proofs(), parsed.exclude)))
    return 0
