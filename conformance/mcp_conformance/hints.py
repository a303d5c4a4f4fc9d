"""The hints file: what a server's owner tells the tester about tools (``mcp-conformance.yaml``; schema in
``schemas/hints.schema.json``)."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from mcp_conformance.strict_yaml import DataError, load_file


class ToolHints(BaseModel):
    """What is known of one tool. `arguments`: calls that a right server accepts, one or several. `call`: `always`
    allows a call that the call level wouldn't, `never` forbids any. `deadline`: seconds that a call may take."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    arguments: tuple[dict[str, Any], ...] = ()
    call: Literal["always", "never"] | None = None
    deadline: float | None = Field(None, gt=0)

    @field_validator("arguments", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, dict) else value


class Hints(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tools: dict[str, ToolHints] = {}

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
