"""What the tools have in common: most take nothing and change nothing."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from reference_servers.engine import JSON, Call, Tool
from reference_servers.engine.server import ToolOutput

NOTHING: Mapping[str, JSON] = {"type": "object", "properties": {}, "additionalProperties": False}
READS = {"readOnlyHint": True, "openWorldHint": False}
CHANGES = {"readOnlyHint": False, "destructiveHint": False, "idempotentHint": False, "openWorldHint": False}


def specimen(
    name: str, run: Callable[[Call], Awaitable[ToolOutput]], description: str, schema: Any = NOTHING, **more: Any
) -> Tool:
    """A tool that only reads, unless `more` says otherwise; `more` are further fields of `Tool`."""
    return Tool(name, schema, run, description=description, **{"annotations": READS, **more})


def taking(*required: str, **properties: Mapping[str, JSON]) -> Mapping[str, JSON]:
    """The schema of an object with these properties and no other."""
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
