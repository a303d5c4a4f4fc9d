"""The catalogue: what each revision of the specification demands, one entry a requirement, with a stable id.

The YAML files beside this module are the data (their format: ``id``, ``page`` and ``anchor`` of the clause,
``level``, ``who`` it binds, ``transports``, ``needs``, whether it is ``observable`` and how, and a ``summary`` in
our own words). Levels and links are written there once and nowhere else: a case only names ids.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mcp_conformance import compiled

_SITE = "https://modelcontextprotocol.io/specification"
_FIELDS = ("level", "page", "anchor", "who", "transports", "needs", "observable", "summary")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One normative statement as it stands in one revision.

    `level` is MUST, MUST NOT, SHOULD, SHOULD NOT or MAY, exactly as written. `needs` are capabilities that have to
    be declared for it to apply; those that begin with ``client.`` are the tester's own. `transports` is ``any``,
    ``stdio``, ``http`` or ``sse``.
    """

    id: str
    revision: str
    level: str
    page: str
    anchor: str
    who: str
    transports: str
    needs: tuple[str, ...]
    observable: str
    summary: str

    @property
    def is_must(self) -> bool:
        """Whether breaking it is non-conformance (MUST, MUST NOT), not only against advice."""
        return self.level in ("MUST", "MUST NOT")

    @property
    def binds_servers(self) -> bool:
        return self.who in ("server", "both")

    @property
    def link(self) -> str:
        """The clause in the published specification."""
        page = "" if self.page == "index" else "/" + self.page.removesuffix("/index")
        return f"{_SITE}/{self.revision}{page}" + (f"#{self.anchor}" if self.anchor else "")


class Catalogue:
    """All requirements, by revision and id."""

    def __init__(self, data: dict[str, dict[str, list[Any]]]) -> None:
        self._data = data
        self._made: dict[tuple[str, str], Requirement] = {}

    def get(self, revision: str, requirement: str) -> Requirement | None:
        """The requirement as it stands in that revision; None when the revision doesn't have it."""
        key = (revision, requirement)
        if key not in self._made:
            row = self._data.get(revision, {}).get(requirement)
            if row is None:
                return None
            values = dict(zip(_FIELDS, row, strict=True))
            values["needs"] = tuple(values["needs"])
            self._made[key] = Requirement(requirement, revision, **values)
        return self._made[key]

    def revisions(self, requirement: str) -> tuple[str, ...]:
        """The revisions in which it stands, oldest first; empty for an unknown id."""
        return tuple(revision for revision in sorted(self._data) if requirement in self._data[revision])

    def ids(self, revision: str) -> tuple[str, ...]:
        return tuple(self._data.get(revision, ()))

    def all_ids(self) -> frozenset[str]:
        return frozenset().union(*self._data.values())


def sources() -> list[Path]:
    """The YAML files of the catalogue."""
    return sorted(Path(__file__).parent.glob("*.yaml"))


def build() -> dict[str, dict[str, list[Any]]]:
    """The compiled form: revision, then id, then the fields that a run needs."""
    from mcp_conformance.strict_yaml import load_file

    made: dict[str, dict[str, list[Any]]] = {}
    for path in sources():
        data = load_file(path).data
        made[data["revision"]] = {entry["id"]: [entry[name] for name in _FIELDS] for entry in data["requirements"]}
    return made


@cache
def catalogue() -> Catalogue:
    """The bundled catalogue (read once; immutable)."""
    return Catalogue(compiled.load("catalogue", sources(), build))
