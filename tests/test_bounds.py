"""The page of bounds has the numbers of the code, and all of them."""

import importlib
import re
from pathlib import Path
from typing import Any

import pytest

from mcp_conformance.flags import FLAGS

_PAGE = (Path(__file__).parents[1] / "docs" / "bounds.md").read_text(encoding="utf-8")
_ROWS = re.findall(r"^\| .*\(`([\w.\[\]]+)`\) \| (\d+)(?: \w+)? \| (.*?) \|", _PAGE, re.M)
_PACKAGES = ("", "transports.", "cases.")
_NOT_FOR_USERS = {"MAX_COMMENTS"}  # of one event, for its record


def _value(name: str) -> Any:
    """What a name of the page stands for: a module's constant, an entry of a table, a field's default."""
    path, _, key = name.rstrip("]").partition("[")
    parts = path.split(".")
    for package in _PACKAGES:
        for cut in (-1, -2):
            try:
                found: Any = importlib.import_module(f"mcp_conformance.{package}{'.'.join(parts[:cut])}")
            except ImportError:
                continue
            for part in parts[cut:]:
                fields = getattr(found, "__dataclass_fields__", {})
                found = fields[part].default if part in fields else getattr(found, part)
            return found[key] if key else found
    raise LookupError(name)


@pytest.mark.parametrize(("name", "number"), [row[:2] for row in _ROWS], ids=[row[0] for row in _ROWS])
def test_a_bound_is_as_the_page_says(name: str, number: str) -> None:
    assert _value(name) == int(number)


def test_every_row_is_read() -> None:
    rows = [line for line in _PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| bound", "| ---"))]
    assert len(_ROWS) == len(rows)


def test_the_options_of_the_page_exist() -> None:
    named = set(re.findall(r"`(--[\w-]+)`", _PAGE))
    assert named <= {flag.option for flag in FLAGS}
    assert "--mcp-budget" in named


@pytest.mark.parametrize(
    "module", ["jsonrpc", "session", "sse", "survey", "hope", "transports.http1.answers", "conduits.streamable"]
)
def test_no_bound_is_left_out(module: str) -> None:
    """What is called MAX_ or so in the modules that read from servers stands on the page."""
    members = vars(importlib.import_module(f"mcp_conformance.{module}"))
    source = Path(str(members["__file__"])).read_text(encoding="utf-8")
    own = re.findall(r"^((?:MAX|STRIKES|EXCESSES)\w*) = ", source, re.M)
    assert own
    listed = {row[0].rpartition(".")[2] for row in _ROWS}
    assert set(own) - _NOT_FOR_USERS - listed - {"MAX_PROBLEMS"} == set()
