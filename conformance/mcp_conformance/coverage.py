"""How much of the specification is judged, and how much of that was seen to fail on a wrong server.

Three bodies of data meet here: the catalogue says what there is to judge and what can be seen at all, the cases say
which requirements they judge, and the proofs which faulty servers of our tests a requirement was seen to fail on.
Whatever isn't judged is told with its reason.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from mcp_conformance.cases.loader import LoadedCase, bundled
from mcp_conformance.requirements import EDITIONS, Requirement, catalogue, stimuli
from mcp_conformance.revisions import JUDGED, JUDGED_TRANSPORTS

Side = Literal["server", "client"]
SIDES: tuple[Side, ...] = ("server", "client")
Proofs = Mapping[str, Mapping[str, Sequence[str]]]
"""Edition, then requirement, to the names of the faulty servers on which it was seen to fail."""

_BAR = 20  # characters


@dataclass(frozen=True, slots=True)
class Row:
    """One requirement as one side has to keep it: which cases judge it, and which faulty servers prove them."""

    requirement: Requirement
    side: Side
    cases: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def observable(self) -> bool:
        return self.requirement.observable != "no"

    @property
    def judged(self) -> bool:
        return self.observable and bool(self.cases)

    @property
    def proven(self) -> bool:
        return self.judged and bool(self.faults)

    @property
    def reason(self) -> str:
        """Why it isn't judged; empty if it is."""
        edition = self.requirement.edition
        if self.judged:
            return ""
        if not self.observable:
            return "can't be seen from outside"
        if self.side == "client":
            return "clients aren't judged yet"
        if edition not in JUDGED:
            return "this text isn't judged yet"
        if self.requirement.transports not in ("any", *JUDGED_TRANSPORTS):
            return f"nothing is judged over {self.requirement.transports} yet"
        return "no case yet"


@cache
def proofs() -> Proofs:
    """What the faulty servers of our tests prove; ``python tests/faulty --proofs`` writes it."""
    path = Path(__file__).parent / "compiled" / "proofs.json"
    found: Proofs = json.loads(path.read_text(encoding="utf-8"))
    return found


def rows(edition: str, side: Side, cases: Iterable[LoadedCase], seen: Proofs, exclude: Iterable[str] = ()) -> list[Row]:
    """Every requirement of an edition that binds one side, without the areas in `exclude`."""
    left_out = set(exclude)
    judging: dict[str, list[str]] = {}
    if side == "server" and edition in JUDGED:
        for case in cases:
            transports = ("any", *(one for one in case.transports or JUDGED_TRANSPORTS if one in JUDGED_TRANSPORTS))
            for requirement in case.requirements(edition):
                if requirement.transports in transports and len(transports) > 1:
                    judging.setdefault(requirement.id, []).append(case.id)
    return [
        Row(
            requirement,
            side,
            tuple(judging.get(requirement.id, ())),
            tuple(seen.get(edition, {}).get(requirement.id, ())) if side == "server" else (),
        )
        for requirement in catalogue().entries(edition)
        if (requirement.binds_servers if side == "server" else requirement.binds_clients)
        and not areas_of(requirement) & left_out
    ]


def areas_of(requirement: Requirement) -> set[str]:
    """The area of its id, and those whose capabilities it needs. A type of the schema belongs besides to the areas that
    it needs in any edition, and to that which its name tells: the type of a task's result belongs to tasks."""
    found = {requirement.area, *map(_area_of_need, requirement.needs)}
    if requirement.area == "schema":
        known = catalogue()
        standing = (known.get(edition, requirement.id) for edition in known.editions(requirement.id))
        found |= {_area_of_need(need) for one in standing if one is not None for need in one.needs}
        words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]+", requirement.id.partition(".")[2])
        found |= {_AREA_OF_WORD[word] for word in words if word in _AREA_OF_WORD}
    return found


def _area_of_need(need: str) -> str:
    """The area that a capability is about: ``client.ext.tasks`` and ``tasks.list`` are about ``tasks``."""
    root = next((name for name in need.split(".") if name not in ("client", "ext")), need)
    return "completion" if root == "completions" else root


# Words of the names of message types, for those that need no capability in any edition.
_AREA_OF_WORD = {
    "Cancelled": "cancellation",
    "Discover": "discover",
    "Header": "http",
    "Initialize": "lifecycle",
    "Initialized": "lifecycle",
    "Input": "mrtr",
    "JSONRPC": "jsonrpc",
    "Ping": "ping",
    "Progress": "progress",
    "Subscriptions": "subscriptions",
    "Task": "tasks",
    "Tasks": "tasks",
    "Version": "versioning",
}


@cache
def all_areas() -> frozenset[str]:
    return frozenset(name.partition(".")[0] for name in catalogue().all_ids())


Counts = dict[str, int]


def count(found: Iterable[Row], strength: str) -> Counts:
    """The numbers of the requirements of one strength: ``MUST`` counts MUST NOT, ``SHOULD`` counts SHOULD NOT."""
    chosen = [row for row in found if row.requirement.level in (strength, f"{strength} NOT")]
    return {
        "observable": sum(row.observable for row in chosen),
        "conditional": sum(row.requirement.observable == "conditional" for row in chosen),
        "judged": sum(row.judged for row in chosen),
        "proven": sum(row.proven for row in chosen),
    }


def numbers(
    editions: Sequence[str], cases: Sequence[LoadedCase], seen: Proofs, exclude: Iterable[str] = ()
) -> dict[str, dict[str, dict[str, Counts]]]:
    """Edition, side and strength, to the numbers."""
    left_out = tuple(exclude)
    return {
        edition: {
            side: {strength: count(found, strength) for strength in ("MUST", "SHOULD")}
            for side in SIDES
            for found in [rows(edition, side, cases, seen, left_out)]
        }
        for edition in editions
    }


# ------------------------------------------------------------------------------------------------------------- Markdown


def markdown(
    editions: Sequence[str], cases: Sequence[LoadedCase], seen: Proofs, exclude: Iterable[str] = ()
) -> Iterator[str]:
    """The index as lines of Markdown: a table, then for each edition what isn't judged or proven, and why."""
    left_out = tuple(exclude)
    table = numbers(editions, cases, seen, left_out)
    yield "| text | side | level | observable | conditional | judged | proven | proven of observable |"
    yield "|---|---|---|--:|--:|--:|--:|---|"
    for edition, sides in table.items():
        for side, strengths in sides.items():
            for strength, found in strengths.items():
                yield (
                    f"| {edition} | {side} | {strength} | {found['observable']} | {found['conditional']} | "
                    f"{found['judged']} | {found['proven']} | `{_bar(found['proven'], found['observable'])}` |"
                )
    if left_out:
        yield ""
        yield f"Left out: {', '.join(left_out)}."
    for edition in editions:
        yield ""
        yield f"## {edition}"
        for side in SIDES:
            yield ""
            yield f"### {side.capitalize()}s"
            yield from _details(rows(edition, side, cases, seen, left_out))


def page() -> str:
    """The page of the documentation."""
    return _PAGE + "\n".join(markdown(EDITIONS, bundled(), proofs())) + "\n"


_PAGE = """# Coverage

What the specification demands, what of it a tester can see, what is judged here, and what was seen to fail on a wrong
server. `python tests/faulty --proofs` writes this page; a test keeps it current. The numbers of an installed version:

```console
$ mcp-conformance coverage
```

*Observable* are the requirements that a generic tester can see kept or broken, *conditional* those of them for which
that depends on what a server happens to do or to have. *Judged* are those that a case names, *proven* those of the
judged ones that were seen to fail on a faulty server made for it. MUST counts MUST NOT, SHOULD counts SHOULD NOT. A
requirement that binds both sides counts on each. What the entries say is shown by `mcp-conformance explain ID`;
[catalogue.md](catalogue.md) describes the catalogue.

"""


def _details(found: list[Row]) -> Iterator[str]:
    """What becomes of the requirements that aren't judged and proven. MAYs permit: nothing is to be judged."""
    found = [row for row in found if row.requirement.level != "MAY"]
    unproven = [row for row in found if row.judged and not row.proven]
    if unproven:
        yield ""
        yield "#### Judged, but never seen to fail"
        yield ""
        yield from _by_area(unproven)
    for reason in dict.fromkeys(row.reason for row in found if row.reason and row.observable):
        yield ""
        yield f"#### Not judged: {reason}"
        yield ""
        yield from _by_area([row for row in found if row.reason == reason])
    hidden = [row for row in found if not row.observable]
    if hidden:
        how = stimuli(hidden[0].requirement.edition)
        yield ""
        yield "#### Can't be seen from outside"
        yield ""
        for row in hidden:
            yield f"- `{row.requirement.id}` ({row.requirement.level}): {' '.join(how[row.requirement.id].split())}"


def _by_area(found: list[Row]) -> Iterator[str]:
    by_area: dict[str, list[str]] = {}
    for row in found:
        by_area.setdefault(row.requirement.area, []).append(row.requirement.id.partition(".")[2])
    for area, names in by_area.items():
        yield f"- **{area}** ({len(names)}): {', '.join(names)}"


def _bar(part: int, whole: int) -> str:
    filled = round(_BAR * part / whole) if whole else 0
    share = f"{100 * part / whole:.0f} %" if whole else "–"
    return f"{'█' * filled}{'░' * (_BAR - filled)} {share}"
