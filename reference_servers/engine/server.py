"""What a server offers, without a word on how it is asked: name, tools, prompts, resources."""

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from .call import Ask as Ask  # what a description is made with is found here as well
from .call import Call as Call
from .call import Log as Log
from .call import Progress as Progress
from .call import ToolError as ToolError
from .changes import Changes
from .messages import JSON
from .revisions import STATEFUL, Era, Revision

Schema: TypeAlias = Mapping[str, JSON]
"""A JSON Schema; of dialect 2020-12 unless its ``$schema`` says otherwise."""

Icons: TypeAlias = Sequence[Mapping[str, JSON]]
"""Pictures for a user interface, as 2025-11-25 and later have them (basic/index#icons)."""


@dataclass(frozen=True, slots=True)
class Structured:
    """Structured content of any JSON type. Revisions before 2026-07-28 know only objects, and get any other as text."""

    value: JSON


@dataclass(frozen=True, slots=True)
class Composed:
    """Content blocks together with structured content, whose text is among them, and with metadata of the result."""

    content: Sequence[dict[str, JSON]]
    structured: dict[str, JSON] | None = None
    meta: Mapping[str, JSON] | None = None


ToolOutput: TypeAlias = dict[str, JSON] | list[dict[str, JSON]] | Structured | Composed
"""What a tool gives: an object becomes structured content, and the same as JSON text; a list is content blocks."""


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
    icons: Icons | None = None
    meta: Mapping[str, JSON] | None = None

    def as_json(self) -> dict[str, JSON]:
        return _without_none(
            name=self.name,
            title=self.title,
            description=self.description,
            inputSchema=self.input_schema,
            outputSchema=self.output_schema,
            annotations=self.annotations,
            icons=self.icons,
            _meta=self.meta,
        )


Completer: TypeAlias = Callable[[str, Mapping[str, str]], Sequence[str]]
"""All values that could be meant by what was typed, best first, given the arguments that are settled already.

Source: server/utilities/completion. How many of them are sent is the engine's affair.
"""


@dataclass(frozen=True, slots=True)
class PromptArgument:
    """An argument of a prompt (server/prompts#prompt); its value is a string."""

    name: str
    description: str | None = None
    required: bool = False
    title: str | None = None
    complete: Completer | None = None

    def as_json(self) -> dict[str, JSON]:
        return _without_none(
            name=self.name, title=self.title, description=self.description, required=self.required or None
        )


@dataclass(frozen=True, slots=True)
class PromptMessage:
    """A message of a prompt (server/prompts#promptmessage); `content` is one content block."""

    role: Literal["user", "assistant"]
    content: dict[str, JSON]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt (server/prompts#prompt).

    `run` raises ToolError when it can't be made, which becomes an error: prompts have no other way to fail.
    """

    name: str
    run: Callable[[Call], Awaitable[Sequence[PromptMessage]]]
    title: str | None = None
    description: str | None = None
    arguments: Sequence[PromptArgument] = ()
    icons: Icons | None = None
    meta: Mapping[str, JSON] | None = None

    def as_json(self) -> dict[str, JSON]:
        return _without_none(
            name=self.name,
            title=self.title,
            description=self.description,
            arguments=[argument.as_json() for argument in self.arguments] or None,
            icons=self.icons,
            _meta=self.meta,
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
    annotations: Mapping[str, JSON] | None = None
    icons: Icons | None = None
    meta: Mapping[str, JSON] | None = None

    def as_json(self) -> dict[str, JSON]:
        return _without_none(
            uri=self.uri,
            name=self.name,
            title=self.title,
            description=self.description,
            mimeType=self.mime_type,
            size=self.size,
            annotations=self.annotations,
            icons=self.icons,
            _meta=self.meta,
        )


@dataclass(frozen=True, slots=True)
class ResourceTemplate:
    """A family of resources behind a URI template of RFC 6570 (server/resources#resource-templates)."""

    uri_template: str
    name: str
    title: str | None = None
    description: str | None = None
    mime_type: str | None = None
    annotations: Mapping[str, JSON] | None = None
    icons: Icons | None = None
    meta: Mapping[str, JSON] | None = None
    completers: Mapping[str, Completer] = field(default_factory=dict)
    """Completers of its variables, by name."""

    def as_json(self) -> dict[str, JSON]:
        return _without_none(
            uriTemplate=self.uri_template,
            name=self.name,
            title=self.title,
            description=self.description,
            mimeType=self.mime_type,
            annotations=self.annotations,
            icons=self.icons,
            _meta=self.meta,
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


Contents: TypeAlias = Sequence[TextContents | BlobContents]


class ResourceProvider(Protocol):
    """Where a server's resources come from. `list` is in a stable order, and no URI stands in it twice."""

    @property
    def templates(self) -> Sequence[ResourceTemplate]: ...

    def list(self) -> Sequence[Resource]: ...

    async def read(self, uri: str) -> Contents | Callable[[Call], Awaitable[Contents]] | None:
        """The contents behind a URI, or what makes them if the client has to be asked for it (`Call.ask`).

        None when there is no such resource.
        """


@dataclass(frozen=True, slots=True)
class Caching:
    """How long a result stays fresh, in milliseconds, and who may share it (2026-07-28 server/utilities/caching)."""

    ttl: int
    scope: Literal["public", "private"]


CACHING: Mapping[str, Caching] = {
    "server/discover": Caching(3_600_000, "public"),
    "tools/list": Caching(300_000, "public"),
    "prompts/list": Caching(300_000, "public"),
    "resources/templates/list": Caching(300_000, "public"),
    "resources/list": Caching(0, "private"),
    "resources/read": Caching(0, "private"),
}
"""What a description fixes is the same for everybody; resources may change, and depend on who asks."""


@dataclass(frozen=True)
class Server:
    """A server as data. Capabilities follow from it: tools when there are any, resources when there is a provider,
    completions when anything can be completed.

    - `page_size` is the number of items in one page of any list.
    - `revisions` are those it speaks, oldest first; where they are of both eras, the client's opening decides.
    - `logging`: its tools log. `changes` is where it announces what changes; it is told, and declared, if `announces`.
    - `extensions` and `experimental` are declared as they stand; the first from 2026-07-28 on.
    - `secret` protects the state that a client carries from one round of a call to the next; servers that are to
      understand each other's have it in common.
    """

    name: str
    version: str
    title: str | None = None
    instructions: str | None = None
    tools: Sequence[Tool] = field(default=())
    resources: ResourceProvider | None = None
    page_size: int = 50
    revisions: Sequence[Revision] = STATEFUL
    description: str | None = None
    website_url: str | None = None
    icons: Icons | None = None
    logging: bool = False
    changes: Changes | None = None
    announces: bool = False
    caching: Mapping[str, Caching] = field(default_factory=lambda: CACHING)
    prompts: Sequence[Prompt] = field(default=())
    extensions: Mapping[str, JSON] = field(default_factory=dict)
    experimental: Mapping[str, JSON] = field(default_factory=dict)
    secret: bytes = field(default_factory=lambda: os.urandom(32), repr=False)

    def of_era(self, era: Era) -> Sequence[Revision]:
        """The revisions of one era that it speaks, oldest first."""
        return [revision for revision in self.revisions if revision.era == era]

    @property
    def completes(self) -> bool:
        """Whether an argument of a prompt, or a variable of a template, has a completer."""
        return any(argument.complete for prompt in self.prompts for argument in prompt.arguments) or any(
            template.completers for template in (self.resources.templates if self.resources else ())
        )

    def identity(self) -> dict[str, JSON]:
        """Who it is, as the newest revision has it (`Implementation` in the schema)."""
        return _without_none(
            name=self.name,
            version=self.version,
            title=self.title,
            description=self.description,
            websiteUrl=self.website_url,
            icons=self.icons,
        )


def _without_none(**members: JSON) -> dict[str, JSON]:
    return {name: value for name, value in members.items() if value is not None}
