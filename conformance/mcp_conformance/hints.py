"""The hints file: what a server's owner tells the tester about tools (``mcp-conformance.yaml``; schema in
``schemas/hints.schema.json``)."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from mcp_conformance.strict_yaml import DataError, load_file

MAX_WAIT = 60.0
"""Seconds that a run waits at most for what a hint foretells."""


class ToolHints(BaseModel):
    """What is known of one tool. `arguments`: calls that a right server accepts, one or several. `call`: `always`
    allows a call that the call level wouldn't, `never` forbids any. `deadline`: seconds that a call may take. `slow`:
    it takes so long that a call can be cancelled before it ends."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    arguments: tuple[dict[str, Any], ...] = ()
    call: Literal["always", "never"] | None = None
    deadline: float | None = Field(None, gt=0)
    slow: bool = False

    @field_validator("arguments", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, dict) else value


class Hints(BaseModel):
    """The whole file. `ping_interval`: seconds between two pings of the server's. `request_timeout`: seconds after
    which it gives up a request of its own that isn't answered."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tools: dict[str, ToolHints] = {}
    ping_interval: float | None = Field(None, gt=0, le=MAX_WAIT, alias="ping-interval")
    request_timeout: float | None = Field(None, gt=0, le=MAX_WAIT, alias="request-timeout")

    def tool(self, name: str) -> ToolHints:
        return self.tools.get(name, ToolHints())


def load_hints(path: Path) -> Hints:
    """The hints in a file; raises `DataError`."""
    document = load_file(path)
    try:
        return Hints.model_validate(document.data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        reason = f'unknown key "{place}"' if first["type"] == "extra_forbidden" else f"{place}: {first['msg']}"
        raise DataError(document.source, document.line(tuple(first["loc"])), reason) from None
