"""What a server offers, without a word on how it is asked: name, tools, resources."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from .messages import JSON
from .revisions import REVISIONS, Revision

Schema: TypeAlias = Mapping[str, JSON]
"""A JSON Schema; of dialect 2020-12 unless its ``$schema`` says otherwise."""

ToolOutput: TypeAlias = dict[str, JSON] | list[dict[str, JSON]]
"""What a tool gives: an object becomes structured content, and the same as JSON text; a list is content blocks."""


class ToolError(Exception):
    """A tool failed for a reason that the model may mend; its text becomes a result with isError.

    Source: server/tools#error-handling.
    """


class Progress(Protocol):
    """Tells the client how far a call is, each time with a greater value; does nothing when the client didn't ask."""

    async def __call__(self, value: float, total: float | None = None, message: str | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool. `arguments` fit the tool's input schema."""

    arguments: dict[str, JSON]
    progress: Progress


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool (server/tools#tool).

    `run` raises ToolError for an execution error; any other exception is an internal error.
    """

    name: str
    input_schema: Schema
    run: Callable[[Call], Awaitable[ToolOutput]]
    title: str | None = None
    description: str | None = None
    output_schema: Schema | None = None
    annotations: Mapping[str, bool | str] | None = None

    def as_json(self) -> dict[str, JSON]:
        return _without_none(
            name=self.name,
            title=self.title,
            description=self.description,
            inputSchema=self.input_schema,
            outputSchema=self.output_schema,
            annotations=self.annotations,
        )


@dataclass(frozen=True, slots=True)
class Resource:
    """A listed resource (server/resources#resource); `size` in bytes."""

    uri: str
    name: str
    title: str | None = None
    description: str | None = None
    mime_type: str | None = None
    size: int | None = None

    def as_json(self) -> dict[str, JSON]:
        return _without_none(
            uri=self.uri,
            name=self.name,
            title=self.title,
            description=self.description,
            mimeType=self.mime_type,
            size=self.size,
        )


@dataclass(frozen=True, slots=True)
class ResourceTemplate:
    """A family of resources behind a URI template of RFC 6570 (server/resources#resource-templates)."""

    uri_template: str
    name: str
    title: str | None = None
    description: str | None = None

    def as_json(self) -> dict[str, JSON]:
        return _without_none(
            uriTemplate=self.uri_template, name=self.name, title=self.title, description=self.description
        )


@dataclass(frozen=True, slots=True)
class TextContents:
    """What a resource holds, as text (server/resources#resource-contents)."""

    uri: str
    text: str
    mime_type: str | None = None

    def as_json(self) -> dict[str, JSON]:
        return _without_none(uri=self.uri, mimeType=self.mime_type, text=self.text)


@dataclass(frozen=True, slots=True)
class BlobContents:
    """What a resource holds, as bytes; base64 on the wire."""

    uri: str
    data: bytes
    mime_type: str | None = None

    def as_json(self) -> dict[str, JSON]:
        from base64 import b64encode

        return _without_none(uri=self.uri, mimeType=self.mime_type, blob=b64encode(self.data).decode("ascii"))


class ResourceProvider(Protocol):
    """Where a server's resources come from. `list` is in a stable order, and no URI stands in it twice."""

    @property
    def templates(self) -> Sequence[ResourceTemplate]: ...

    def list(self) -> Sequence[Resource]: ...

    async def read(self, uri: str) -> Sequence[TextContents | BlobContents] | None:
        """The contents behind a URI; None when there is no such resource."""


@dataclass(frozen=True)
class Server:
    """A server as data. Capabilities follow from it: tools when there are any, resources when there is a provider.

    `page_size` is the number of items in one page of any list; `revisions` are those it speaks, oldest first.
    """

    name: str
    version: str
    title: str | None = None
    instructions: str | None = None
    tools: Sequence[Tool] = field(default=())
    resources: ResourceProvider | None = None
    page_size: int = 50
    revisions: Sequence[Revision] = REVISIONS


def _without_none(**members: JSON) -> dict[str, JSON]:
    return {name: value for name, value in members.items() if value is not None}
