"""The tools, a module for each thing that a tool can do."""

from reference_servers.engine import Tool
from reference_servers.everything.catalogue import Catalogue

from . import asking, changing, contents, rounds, running, schemas, structures


def tools(catalogue: Catalogue) -> list[Tool]:
    """All of them. Suites that read one page only look for the schemas, which therefore come first."""
    return [
        *schemas.TOOLS,
        *contents.TOOLS,
        *structures.TOOLS,
        *running.TOOLS,
        *asking.TOOLS,
        *rounds.TOOLS,
        *changing.tools(catalogue),
    ]
