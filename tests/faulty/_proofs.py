"""What the faulty servers prove, as a file of the package: the index of coverage needs it where there are no tests.

What stands there is what the entries of the faults claim. The audit makes the claims true: `complaints` demands that
each requirement a fault breaks is judged broken in each revision in which it stands.
"""

import json
from pathlib import Path

import mcp_conformance
from mcp_conformance import coverage
from mcp_conformance.revisions import JUDGED

from . import FAULTS
from ._audit import claims

PATH = Path(mcp_conformance.__file__).parent / "compiled" / "proofs.json"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "coverage.md"


def proofs() -> dict[str, dict[str, list[str]]]:
    """Revision, then requirement, to the names of the faulty servers on which it fails."""
    made: dict[str, dict[str, list[str]]] = {revision: {} for revision in JUDGED}
    for revision, found in made.items():
        for name, fault in FAULTS.items():
            for requirement in claims(fault, revision) if not fault.blind else ():
                found.setdefault(requirement, []).append(name)
    return {revision: {name: sorted(found[name]) for name in sorted(found)} for revision, found in made.items()}


def write() -> None:
    """Write the file anew, and the page of the documentation that rests on it."""
    PATH.write_text(json.dumps(proofs(), indent=1) + "\n", encoding="utf-8")
    coverage.proofs.cache_clear()
    PAGE.write_text(coverage.page(), encoding="utf-8")
