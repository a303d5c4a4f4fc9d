"""How an operation becomes a tool: arguments into a schema, a refusal into a tool execution error."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeAlias

from reference_servers.engine import JSON, Call, Tool, ToolError
from reference_servers.github.model import GitHubError
from reference_servers.github.session import Session

from . import shapes

Arguments: TypeAlias = dict[str, Any]

# openWorldHint is false throughout: this GitHub is in memory, and nothing outside learns of what happens in it.
READS = {"readOnlyHint": True, "openWorldHint": False}
ADDS = {"readOnlyHint": False, "destructiveHint": False, "idempotentHint": False, "openWorldHint": False}
ADDS_ONCE = ADDS | {"idempotentHint": True}
OVERWRITES = ADDS | {"destructiveHint": True}


@dataclass(frozen=True, slots=True)
class Operation:
    """One tool.

    `arguments` has a schema for each argument; those in `required` can't be left out, and no others are taken.
    """

    name: str
    title: str
    description: str
    arguments: Mapping[str, JSON]
    required: Sequence[str]
    result: Mapping[str, JSON]
    annotations: Mapping[str, bool | str]
    run: Callable[[Session, Arguments], dict[str, JSON]]

    def bind(self, session: Session, watch: Callable[[], AbstractContextManager[None]] = nullcontext) -> Tool:
        """The tool that does this in a session. `watch` is entered while it is done."""

        async def run(call: Call) -> dict[str, JSON]:
            try:
                with watch():
                    return self.run(session, call.arguments)
            except GitHubError as error:
                raise ToolError(f"{self.name} failed: {error}") from error

        return Tool(
            name=self.name,
            title=self.title,
            description=self.description,
            input_schema={
                "type": "object",
                "properties": self.arguments,
                "required": list(self.required),
                "additionalProperties": False,
            },
            output_schema=shapes.output(self.result),
            annotations=self.annotations,
            run=run,
        )


OWNER = {
    "type": "string",
    "description": "Login of the user or organisation that owns the repository",
    "examples": ["alice"],
}
REPO = {"type": "string", "description": "Name of the repository", "examples": ["hello-world"]}
