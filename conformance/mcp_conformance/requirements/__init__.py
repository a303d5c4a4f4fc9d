"""The catalogue: what each revision of the specification demands, one entry a requirement, with a stable id.

The YAML files beside this module are the data: one a revision, one an extension, and `interpretations.yaml` for the
places where the text pulls two ways. docs/catalogue.md describes their format. Levels and links are written there once
and nowhere else: a case only names ids.

A run needs few revisions and nothing of how an entry is observed, so each file is compiled by itself, and read when it
is asked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from mcp_conformance import compiled

Level = Literal["MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY"]
Who = Literal["server", "client", "both", "host", "authorization-server"]
Transports = Literal["any", "stdio", "http", "sse"]
Observable = Literal["yes", "conditional", "no"]

EDITIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28", "ext-tasks")
"""The texts that the catalogue covers: the revisions, oldest first, and extensions."""

FIELDS = ("level", "page", "anchor", "who", "transports", "needs", "observable", "summary")

_SITE = "https://modelcontextprotocol.io"
_SOURCE = "https://github.com/modelcontextprotocol/modelcontextprotocol/blob/main/schema"
_WITHOUT_SCHEMA_PAGE = ("2024-11-05", "2025-03-26")
_EXTENSIONS = {"ext-tasks": "2026-07-28"}


@dataclass(frozen=True, slots=True)
class Requirement:
    """One normative statement as it stands in one edition: a revision, or an extension to one.

    `level` is exactly as written. `needs` are capabilities that have to be declared for it to apply; those that begin
    with ``client.`` are the tester's own. `transports` says where it holds, `observable` whether a tester can see it
    broken: ``conditional`` if that depends on what the server happens to do or have.
    """

    id: str
    edition: str
    level: Level
    page: str
    anchor: str
    who: Who
    transports: Transports
    needs: tuple[str, ...]
    observable: Observable
    summary: str

    @property
    def revision(self) -> str:
        """The revision of the protocol in which it holds."""
        return _EXTENSIONS.get(self.edition, self.edition)

    @property
    def area(self) -> str:
        return self.id.partition(".")[0]

    @property
    def is_must(self) -> bool:
        """Whether breaking it is non-conformance (MUST, MUST NOT), not only against advice."""
        return self.level in ("MUST", "MUST NOT")

    @property
    def binds_servers(self) -> bool:
        return self.who in ("server", "both")

    @property
    def binds_clients(self) -> bool:
        return self.who in ("client", "both")

    @property
    def link(self) -> str:
        """The clause in the published specification."""
        if self.page == "schema" and self.edition in _WITHOUT_SCHEMA_PAGE:
            return f"{_SOURCE}/{self.edition}/schema.ts"
        page = "" if self.page == "index" else "/" + self.page.removesuffix("/index")
        home = _SITE if self.edition in _EXTENSIONS else f"{_SITE}/specification/{self.edition}"
        return f"{home}{page}" + (f"#{self.anchor}" if self.anchor else "")


@dataclass(frozen=True, slots=True)
class Interpretation:
    """A place where the text pulls two ways: `tension` says how, `reading` what is accepted here, and why.

    Where it concerns only some `editions`, they are named; empty means all in which the ids stand.
    """

    ids: tuple[str, ...]
    editions: tuple[str, ...]
    tension: str
    reading: str


class Catalogue:
    """All requirements, by edition and id. What isn't asked for isn't read."""

    def __init__(self, data: dict[str, dict[str, list[Any]]] | None = None) -> None:
        """`data`: editions with the rows of `FIELDS` by id, in place of the bundled ones."""
        self._data = {} if data is None else data
        self._editions = EDITIONS if data is None else tuple(data)
        self._made: dict[tuple[str, str], Requirement] = {}

    def get(self, edition: str, requirement: str) -> Requirement | None:
        """The requirement as it stands in that edition; None when the edition doesn't have it."""
        key = (edition, requirement)
        if key not in self._made:
            row = self._rows(edition).get(requirement)
            if row is None:
                return None
            values = dict(zip(FIELDS, row, strict=True))
            values["needs"] = tuple(values["needs"])
            self._made[key] = Requirement(requirement, edition, **values)
        return self._made[key]

    def entries(self, edition: str) -> Iterator[Requirement]:
        """All requirements of an edition, in the order of the text."""
        for name in self._rows(edition):
            if (found := self.get(edition, name)) is not None:
                yield found

    def editions(self, requirement: str) -> tuple[str, ...]:
        """The editions in which it stands, oldest first; empty for an unknown id."""
        return tuple(edition for edition in self._editions if requirement in self._rows(edition))

    def all_ids(self) -> frozenset[str]:
        return frozenset().union(*(self._rows(edition) for edition in self._editions))

    def _rows(self, edition: str) -> dict[str, list[Any]]:
        if edition not in self._data:
            if edition not in self._editions:
                return {}
            self._data[edition] = _load(edition)
        return self._data[edition]


@cache
def catalogue() -> Catalogue:
    """The bundled catalogue."""
    return Catalogue()


@cache
def stimuli(edition: str) -> dict[str, str]:
    """How each requirement of an edition can be seen to be kept or broken, or why not; by id."""
    from mcp_conformance.requirements.reading import read_stimuli

    path = _file(edition)
    found: dict[str, str] = compiled.load(f"stimuli-{edition}", [path], lambda: read_stimuli(path))
    return found


@cache
def interpretations() -> tuple[Interpretation, ...]:
    """All interpretations."""
    path = _file("interpretations")

    def build() -> list[list[Any]]:
        from mcp_conformance.requirements.reading import read_interpretations

        return read_interpretations(path)

    rows = compiled.load("interpretations", [path], build)
    return tuple(Interpretation(tuple(ids), tuple(editions), *words) for ids, editions, *words in rows)


def interpretation(edition: str, requirement: str) -> Interpretation | None:
    """The interpretation that a judgement of a requirement rests on, if its text pulls two ways in that edition."""
    return next(
        (one for one in interpretations() if requirement in one.ids and (not one.editions or edition in one.editions)),
        None,
    )


def sources() -> list[Path]:
    """The YAML files of the catalogue."""
    return [_file(name) for name in (*EDITIONS, "interpretations")]


def _file(name: str) -> Path:
    return Path(__file__).with_name(f"{name}.yaml")


def _load(edition: str) -> dict[str, list[Any]]:
    path = _file(edition)

    def build() -> dict[str, list[Any]]:
        from mcp_conformance.requirements.reading import read_edition  # a run has no need of it

        return read_edition(path)

    rows: dict[str, list[Any]] = compiled.load(f"catalogue-{edition}", [path], build)
    return rows
