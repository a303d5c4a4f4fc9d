"""Reads suite files into cases; every error names file, line and reason."""

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from mcp_conformance import compiled
from mcp_conformance.cases import model
from mcp_conformance.cases.checks import CHECKS, Check
from mcp_conformance.data import data_root
from mcp_conformance.requirements import EDITIONS, Catalogue, Requirement, catalogue
from mcp_conformance.strict_yaml import DataError, Document, load_file


@dataclass(frozen=True, slots=True)
class LoadedCase:
    """A case with its place: `body` is the data of a YAML case or a check in Python; both carry the same metadata."""

    id: str
    area: str
    judges: tuple[str, ...]
    purpose: str
    needs: tuple[str, ...]
    revisions: tuple[str, ...]
    transports: tuple[str, ...]
    source: str
    line: int
    body: model.Case | Check

    def requirements(self, revision: str) -> list[Requirement]:
        """What it judges in that revision: those of its requirements which bind servers there, as they stand there."""
        if self.revisions and revision not in self.revisions:
            return []
        found = (catalogue().get(revision, requirement) for requirement in self.judges)
        return [requirement for requirement in found if requirement is not None and requirement.binds_servers]

    def runs_on(self, revision: str, transport: str) -> bool:
        """Whether there is anything to judge in that revision over that transport."""
        if self.transports and transport not in self.transports:
            return False
        if transport in ("http", "sse") and isinstance(self.body, model.Case) and self.body.needs_a_pipe:
            return False
        return any(found.transports in ("any", transport) for found in self.requirements(revision))


# ---------------------------------------------------------------------------------------------------------- suite files


def load_suite(path: Path) -> list[LoadedCase]:
    """The cases of one suite file; raises `DataError`."""
    return _cases(_rows(load_file(path)), str(path))


def bundled_sources() -> list[Path]:
    """The suite files that come with the package."""
    return sorted(data_root("suites").glob("*.yaml"))


def build_bundled() -> list[dict[str, Any]]:
    """The compiled form of the bundled suites: one row a file."""
    return [{"file": path.name, "rows": _rows(load_file(path))} for path in bundled_sources()]


@cache
def bundled() -> tuple[LoadedCase, ...]:
    """All bundled cases, YAML and checks, in a fixed order: by area, then as written. Raises `DataError`."""
    root = data_root("suites")
    found: list[LoadedCase] = []
    for entry in compiled.load("suites", bundled_sources(), build_bundled):
        found.extend(_cases(entry["rows"], str(root / entry["file"])))
    found.extend(_from_check(check) for check in CHECKS.values())
    _refuse_duplicates(found)
    order = {area: index for index, area in enumerate(_AREAS)}
    return tuple(sorted(found, key=lambda case: (order.get(case.area, len(order)), case.area)))


# Areas in the order in which a reader wants to see them: what breaks everything else comes first.
_AREAS = (
    "stdio",
    "ping",
    "lifecycle",
    "base",
    "cancellation",
    "progress",
    "logging",
    "timeouts",
    "concurrency",
    "pagination",
    "tools",
    "resources",
    "prompts",
    "shutdown",
)


def _refuse_duplicates(cases: Iterable[LoadedCase]) -> None:
    seen: dict[str, LoadedCase] = {}
    for case in cases:
        if case.id in seen:
            other = seen[case.id]
            raise DataError(
                case.source, case.line, f"case {case.id} stands also at {other.source}:{other.line}; ids are unique"
            )
        seen[case.id] = case


def check_ids(cases: Iterable[LoadedCase]) -> None:
    """Raises `DataError` for a case that names a requirement which no edition knows, or which binds no server.

    Suite files are checked when they are read. The checks in Python come with the package, so that a test suffices.
    """
    for case in cases:
        _known_requirements(catalogue(), case.judges, case.id, case.source, case.line)


def _from_check(check: Check) -> LoadedCase:
    return LoadedCase(
        check.id, check.area, check.judges, check.purpose, check.needs, check.revisions, (), check.source, check.line,
        check,
    )  # fmt: skip


# ----------------------------------------------------------------------------------------------- one document into rows


def _rows(document: Document) -> dict[str, Any]:
    """The document's data with the line of each case: what is compiled."""
    data = document.data
    if not isinstance(data, dict):
        raise DataError(document.source, 1, 'a suite is a mapping with "area" and "cases"')
    for name in data:
        if name not in ("area", "cases"):
            raise DataError(document.source, document.line((name,)), _unknown("key", name, ("area", "cases")))
    cases = data.get("cases")
    if not isinstance(cases, list) or not cases:
        raise DataError(document.source, document.line(("cases",)), '"cases" is a list with at least one case')
    # Validated here, where lines are known, so that an error names its own line and not only its case's.
    _validate(model.Suite, {"area": data.get("area"), "cases": cases}, document, ())
    for index, case in enumerate(cases):
        _check_case(document, case, ("cases", index))
    _refuse_twins(document, cases)
    return {
        "area": data["area"],
        "cases": [{"line": document.line(("cases", i, "case")), "data": case} for i, case in enumerate(cases)],
    }


def _refuse_twins(document: Document, cases: list[Any]) -> None:
    seen: dict[str, int] = {}
    for index, case in enumerate(cases):
        line = document.line(("cases", index, "case"))
        if case["case"] in seen:
            raise DataError(
                document.source, line, f"case {case['case']} stands also at line {seen[case['case']]}; ids are unique"
            )
        seen[case["case"]] = line


def _check_case(document: Document, case: Any, path: tuple[str | int, ...]) -> None:
    if not isinstance(case, dict):
        raise DataError(document.source, document.line(path), "a case is a mapping")
    where = f"case {case['case']}: " if isinstance(case.get("case"), str) else ""
    made: model.Case = _validate(model.Case, case, document, path, where)
    labels: set[str] = set()
    heard: set[str] = set()
    sent: set[str] = set()
    for index, step in enumerate(case["steps"]):
        here = (*path, "steps", index)
        parsed = _step(step, document, here, where)
        line = document.line(here)
        if isinstance(parsed, model.Request | model.Notify | model.Raw):
            sent.add(parsed.session)
            labels.update([parsed.label] if parsed.label else [])
        if isinstance(parsed, model.BarrierStep | model.Await) and parsed.label:
            heard.add(parsed.label)
        if (after := _earlier(parsed)) is not None and after not in labels | heard:
            raise DataError(document.source, line, f'{where}"{after}" names no earlier step; give one "as: {after}"')
        if isinstance(parsed, model.Expect | model.Bind):
            of = parsed.expect.of if isinstance(parsed, model.Expect) else parsed.of
            if of is not None and of not in (labels if isinstance(parsed, model.Expect) else labels | heard):
                raise DataError(document.source, line, f'{where}"of: {of}" names no earlier step; give one "as: {of}"')
            if of is None and parsed.session not in sent:
                raise DataError(
                    document.source, line, f'{where}"{parsed.keyword}" has no step before it that sends anything'
                )
        own = _own_judges(parsed)
        if own is not None:
            _check_judges(document, line, where, made, own)
    known = catalogue()
    _known_requirements(known, made.judges, made.id, document.source, document.line((*path, "judges")))
    for revision in made.revisions:
        line = document.line((*path, "revisions"))
        if revision not in EDITIONS:
            raise DataError(document.source, line, where + _unknown("revision", revision, EDITIONS))
        if not any(_binds(known, revision, requirement) for requirement in made.judges):
            reason = f"{where}none of its requirements binds servers in revision {revision}"
            raise DataError(document.source, line, reason)


def _earlier(step: model.Step) -> str | None:
    """The name of the earlier step from which on, or on whose request, a step looks."""
    if isinstance(step, model.ExpectNothing):
        return step.expect_nothing.since
    if isinstance(step, model.Await):
        return step.awaited.answer
    return step.under_way.of if isinstance(step, model.UnderWay) else None


def _own_judges(step: model.Step) -> tuple[str, ...] | None:
    """What a judging step says it judges; None for steps that need not say."""
    match step:
        case model.Expect():
            return step.expect.judges
        case model.ExpectExit():
            return step.expect_exit.judges
        case model.ExpectNothing():
            return step.expect_nothing.judges
        case model.Await():
            return None if step.awaited.otherwise is not None else step.awaited.judges
        case model.BarrierStep():
            return step.barrier.judges or None
    return None


def _check_judges(document: Document, line: int, where: str, case: model.Case, own: tuple[str, ...]) -> None:
    if not own and len(case.judges) > 1:
        reason = f'{where}the case judges {len(case.judges)} requirements: say with "judges" which this step decides'
        raise DataError(document.source, line, reason)
    for requirement in own:
        if requirement not in case.judges:
            raise DataError(document.source, line, f"{where}{requirement} isn't in the case's own \"judges\"")


def _known_requirements(known: Catalogue, judges: tuple[str, ...], case: str, source: str, line: int) -> None:
    for requirement in judges:
        editions = known.editions(requirement)
        if not editions:
            reason = _unknown("requirement", requirement, sorted(known.all_ids()))
            raise DataError(source, line, f"case {case}: {reason}")
        if not any(_binds(known, edition, requirement) for edition in editions):
            found = known.get(editions[-1], requirement)
            assert found is not None
            raise DataError(source, line, f"case {case}: {requirement} binds {found.who}s, not servers")


def _binds(known: Catalogue, edition: str, requirement: str) -> bool:
    found = known.get(edition, requirement)
    return found is not None and found.binds_servers


def _step(step: Any, document: Document, path: tuple[str | int, ...], where: str) -> model.Step:
    line = document.line(path)
    names = sorted(model.STEPS)
    if not isinstance(step, dict) or not step:
        raise DataError(document.source, line, f"{where}a step is a mapping with one of: {', '.join(names)}")
    keywords = [name for name in step if name in model.STEPS]
    if len(keywords) != 1:
        if keywords:
            raise DataError(document.source, line, f"{where}a step does one thing, this has {' and '.join(keywords)}")
        odd = next((name for name in step if name not in ("in", "as", "of", "params", "id")), next(iter(step)))
        raise DataError(document.source, line, where + _unknown("step", odd, names))
    made: model.Step = _validate(model.STEPS[keywords[0]], step, document, path, where)
    return made


def _validate(
    kind: type[BaseModel], value: Any, document: Document, path: tuple[str | int, ...], where: str = ""
) -> Any:
    if (null := _null(value)) is not None:
        raise DataError(document.source, document.line((*path, *null)), f'{where}"{null[-1]}" is null; leave it out')
    try:
        return kind.model_validate_json(json.dumps(value))
    except ValidationError as error:
        errors = error.errors(include_url=False)
        # Of the errors in several forms that a value may have, that one tells most which isn't about the form.
        first = next((one for one in errors if one["type"] not in ("missing", "extra_forbidden")), errors[0])
        place = (*path, *first["loc"])
        name = ".".join(str(part) for part in first["loc"] if not isinstance(part, int)) or kind.__name__.lower()
        if first["type"] == "extra_forbidden":
            fields = [field.alias or name for name, field in kind.model_fields.items()]
            reason = _unknown("key", str(first["loc"][-1]), sorted(fields))
        elif first["type"] == "missing":
            reason = f'"{first["loc"][-1]}" is missing'
        else:
            reason = f'"{name}": {first["msg"].removeprefix("Value error, ")}'
        raise DataError(document.source, document.line(place), where + reason) from None


def _null(value: Any) -> tuple[str | int, ...] | None:
    """The path of a member of the format that is null. What is sent or looked for may well be null, and isn't looked
    into."""
    if isinstance(value, list):
        members: Iterable[tuple[str | int, Any]] = enumerate(value)
    elif isinstance(value, dict):
        members = value.items()
    else:
        return None
    for name, inner in members:
        if inner is None:
            return (name,)
        if name not in ("params", "where", "capabilities") and (below := _null(inner)) is not None:
            return (name, *below)
    return None


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    choices = list(known)
    close = difflib.get_close_matches(name, choices, n=1)
    hint = f'; did you mean "{close[0]}"?' if close else ""
    listing = f" (a {what} is one of: {', '.join(choices)})" if len(choices) < 20 else ""
    return f'unknown {what} "{name}"{hint}{listing}'


# ------------------------------------------------------------------------------------------------------ rows into cases


def _cases(rows: dict[str, Any], source: str) -> list[LoadedCase]:
    made = []
    for row in rows["cases"]:
        data = row["data"]
        steps = tuple(_parse_step(step) for step in data["steps"])
        case = model.Case.model_validate_json(json.dumps(data)).model_copy(update={"steps": steps})
        made.append(
            LoadedCase(
                id=case.id,
                area=rows["area"],
                judges=case.judges,
                purpose=case.purpose,
                needs=case.needs,
                revisions=case.revisions,
                transports=case.transports,
                source=source,
                line=row["line"],
                body=case,
            )
        )
    return made


def _parse_step(step: dict[str, Any]) -> model.Step:
    keyword = next(name for name in step if name in model.STEPS)
    return model.STEPS[keyword].model_validate_json(json.dumps(step))
