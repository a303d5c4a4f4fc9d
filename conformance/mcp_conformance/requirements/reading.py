"""Reads the YAML files of the catalogue; every error names file, line and reason."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from mcp_conformance.requirements import EDITIONS, FIELDS, Level, Observable, Transports, Who
from mcp_conformance.strict_yaml import DataError, Document, load_file

_ENTRY = ("id", *FIELDS, "how")
_TOP = ("revision", "extension", "requirements", "unkeyworded", "merged", "pages")
_CHOICES = {
    "level": get_args(Level),
    "who": get_args(Who),
    "transports": get_args(Transports),
    "observable": get_args(Observable),
}
_ID = re.compile(r"[a-z0-9-]+\.[A-Za-z0-9][A-Za-z0-9.-]*")
_NEED = re.compile(r"[a-z][\w-]*(\.[A-Za-z][\w-]*)*")
_MOST_WORDS = 25  # of a summary


def read_edition(path: Path) -> dict[str, list[Any]]:
    """The rows of `FIELDS` by id; raises `DataError`."""
    return {entry["id"]: [entry[name] for name in FIELDS] for entry in _entries(load_file(path))}


def read_stimuli(path: Path) -> dict[str, str]:
    """The field `how` by id; raises `DataError`."""
    return {entry["id"]: entry["how"] for entry in _entries(load_file(path))}


def read_interpretations(path: Path) -> list[list[Any]]:
    """Ids, editions, tension and reading of each interpretation; raises `DataError`."""
    document = load_file(path)
    listed = document.data.get("interpretations") if isinstance(document.data, dict) else None
    if not isinstance(listed, list):
        raise DataError(document.source, 1, 'the file is a mapping with a list "interpretations"')
    known = {edition: read_edition(path.with_name(f"{edition}.yaml")) for edition in EDITIONS}
    return [_interpretation(document, index, entry, known) for index, entry in enumerate(listed)]


def _entries(document: Document) -> Iterator[dict[str, Any]]:
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get("requirements"), list):
        raise DataError(document.source, 1, 'the file is a mapping with "revision" and a list "requirements"')
    for name in data:
        if name not in _TOP:
            raise DataError(document.source, document.line((name,)), f'unknown key "{name}"; there are {_listed(_TOP)}')
    seen: dict[str, int] = {}
    for index, entry in enumerate(data["requirements"]):
        _check(document, entry, index)
        line = document.line(("requirements", index, "id"))
        if entry["id"] in seen:
            reason = f"{entry['id']} stands also at line {seen[entry['id']]}; ids are unique"
            raise DataError(document.source, line, reason)
        seen[entry["id"]] = line
        yield entry


def _check(document: Document, entry: Any, index: int) -> None:
    place = ("requirements", index)

    def wrong(field: str, reason: str) -> DataError:
        name = f"{entry['id']}: " if isinstance(entry, dict) and isinstance(entry.get("id"), str) else ""
        return DataError(document.source, document.line((*place, field)), name + reason)

    if not isinstance(entry, dict):
        raise DataError(document.source, document.line(place), "a requirement is a mapping")
    for field in _ENTRY:
        if field not in entry:
            raise wrong(field, f'"{field}" is missing')
    for field, value in entry.items():
        if field not in _ENTRY:
            raise wrong(field, f'unknown field "{field}"; there are {_listed(_ENTRY)}')
        if field in _CHOICES and value not in _CHOICES[field]:
            raise wrong(field, f'"{field}" is {_listed(_CHOICES[field])}, not {value!r}')
        if field != "needs" and not isinstance(value, str):
            raise wrong(field, f'"{field}" is a text (quote it)')
        if field in ("page", "how", "summary") and not value.strip():
            raise wrong(field, f'"{field}" is empty')
    if not _ID.fullmatch(entry["id"]):
        raise wrong("id", "an id is an area, a dot, and a name, such as ping.respond")
    needs = entry["needs"]
    if not isinstance(needs, list) or not all(isinstance(need, str) and _NEED.fullmatch(need) for need in needs):
        raise wrong("needs", '"needs" is a list of capabilities, such as [tools.listChanged]')
    if len(entry["summary"].split()) > _MOST_WORDS:
        raise wrong("summary", f"a summary has at most {_MOST_WORDS} words")


def _interpretation(document: Document, index: int, entry: Any, known: dict[str, dict[str, list[Any]]]) -> list[Any]:
    def wrong(field: str, reason: str) -> DataError:
        return DataError(document.source, document.line(("interpretations", index, field)), reason)

    if not isinstance(entry, dict) or set(entry) - {"editions"} != {"ids", "tension", "reading"}:
        raise wrong("ids", "an interpretation has ids, tension and reading, and may have editions")
    editions = entry.get("editions", [])
    for edition in editions:
        if edition not in known:
            raise wrong("editions", f"unknown edition {edition}; there are {_listed(EDITIONS)}")
    for name in entry["ids"]:
        if not any(name in known[edition] for edition in editions or EDITIONS):
            raise wrong("ids", f"{name} stands in none of {_listed(editions or EDITIONS)}")
    return [entry["ids"], editions, entry["tension"], entry["reading"]]


def _listed(words: tuple[str, ...] | list[str]) -> str:
    return ", ".join(words)
