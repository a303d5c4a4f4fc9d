"""What is asked of any server in any revision: its tools and its resources, and pages of whatever it lists."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from . import pages, shapes
from .call import Call, Log, Progress, ToolError
from .core import Core
from .messages import INTERNAL_ERROR, INVALID_PARAMS, JSON, ProtocolError, Request
from .metadata import LEVELS
from .server import Tool
from .shapes import Definition


class Listed(Protocol):
    """What stands in a list: it knows how it looks there."""

    def as_json(self) -> dict[str, JSON]: ...


Item = TypeVar("Item", bound=Listed)


class Features(Core):
    """Answers requests for tools and resources."""

    def capabilities(self) -> dict[str, JSON]:
        """What is declared: exactly what is there.

        Unless the server announces changes, there is no listChanged and no subscribe.
        """
        declared: dict[str, JSON] = {}
        news = self.server.announces and self.server.changes is not None
        if self.server.tools:
            declared["tools"] = {"listChanged": True} if news else {}
        if self.server.prompts:
            declared["prompts"] = {"listChanged": True} if news else {}
        if self.server.completes:
            declared["completions"] = {}
        if self.server.resources:
            declared["resources"] = {"subscribe": True, "listChanged": True} if news else {}
        if self.server.logging:
            declared["logging"] = {}
        if self.server.experimental:
            declared["experimental"] = self.server.experimental
        if self.server.extensions:
            declared["extensions"] = self.server.extensions
        return declared

    def declares(self, capability: str) -> bool:
        """Whether a capability, or a member of one such as ``resources.subscribe``, is declared."""
        name, _, part = capability.partition(".")
        found = self.capabilities().get(name)
        return found is not None and (not part or (isinstance(found, dict) and found.get(part) is True))

    # ------------------------------------------------------------------------------------------------------- tools

    async def on_tools_list(self, request: Request) -> JSON:
        return self.page(request, "tools", self.server.tools, lambda tool: tool.name, "tool")

    async def on_tools_call(self, request: Request) -> JSON:
        name = member(request.params, "name", str)
        arguments = member(request.params, "arguments", dict, default={})
        tool = next((tool for tool in self.server.tools if tool.name == name), None)
        if tool is None:
            raise ProtocolError(INVALID_PARAMS, f"Unknown tool: {name}")
        call = self.call(request, arguments)

        from .validation import problems

        if found := problems(tool.input_schema, arguments):
            return await self.invalid_arguments(tool, found)
        try:
            return shapes.tool_result(await tool.run(call), self.speaking)
        except ToolError as error:
            return shapes.tool_failure(str(error))

    def call(self, request: Request, arguments: dict[str, JSON]) -> Call:
        """What a tool, a prompt or a resource is told of the request that it is asked in, and what it can do in it."""
        return Call(
            arguments,
            self.progress(request),
            self.log(request),
            self.questions(request),
            self.client_capabilities_of(request),
            self.speaking.name,
            self.let_go,
            self.notify,
        )

    async def invalid_arguments(self, tool: Tool, found: Sequence[str]) -> JSON:
        """Answer arguments that break the input schema: the revisions differ in how (`Revision`)."""
        text = f"Invalid arguments for tool {tool.name}: {'; '.join(found)}"
        if self.speaking.invalid_arguments_are_results:
            return shapes.tool_failure(text)
        raise ProtocolError(INVALID_PARAMS, text)

    def progress(self, request: Request) -> Progress:
        """How a call reports its progress: under the client's token, while it runs (basic/utilities/progress)."""

        async def report(value: float, total: float | None = None, message: str | None = None) -> None:
            if (token := request.progress_token) is None or request.id not in self._open:
                return
            params: dict[str, JSON] = {"progressToken": token, "progress": value}
            if total is not None:
                params["total"] = total
            if message is not None:
                params["message"] = message
            await self.notify("notifications/progress", shapes.known("progress", params, self.speaking))

        return report

    def log(self, request: Request) -> Log:
        """How a call logs: what the client wants to hear of, while it runs (server/utilities/logging)."""

        async def log(level: str, data: JSON, logger: str | None = None) -> None:
            lowest = self.log_level(request)
            if lowest is None or request.id not in self._open or LEVELS.index(level) < LEVELS.index(lowest):
                return
            params: dict[str, JSON] = {"level": level, "data": data}
            if logger is not None:
                params["logger"] = logger
            await self.notify("notifications/message", params)

        return log

    # --------------------------------------------------------------------------------------------------- resources

    async def on_resources_list(self, request: Request) -> JSON:
        assert self.server.resources
        resources = self.server.resources.list()
        return self.page(request, "resources", resources, lambda resource: resource.uri, "resource")

    async def on_resources_templates_list(self, request: Request) -> JSON:
        assert self.server.resources
        templates = self.server.resources.templates
        return self.page(request, "resourceTemplates", templates, lambda template: template.uri_template, "template")

    async def on_resources_read(self, request: Request) -> JSON:
        assert self.server.resources
        uri = member(request.params, "uri", str)
        call = self.call(request, {})  # even if nothing is asked, state that a client brings along has to be ours
        contents = await self.server.resources.read(uri)
        if contents is None:
            raise self.resource_not_found(uri)
        if callable(contents):
            try:
                contents = await contents(call)
            except ToolError as error:
                raise ProtocolError(INTERNAL_ERROR, str(error)) from error
        return {"contents": [part.as_json() for part in contents]}

    def resource_not_found(self, uri: str) -> ProtocolError:
        """The error for a URI behind which there is nothing (server/resources#error-handling)."""
        return ProtocolError(self.speaking.resource_not_found, "Resource not found", {"uri": uri})

    # ------------------------------------------------------------------------------------------------------- lists

    def page(
        self, request: Request, name: str, items: Sequence[Item], key: Callable[[Item], str], kind: Definition
    ) -> JSON:
        """One page of a list as a result, with `nextCursor` while there is more."""
        cursor = member(request.params, "cursor", str, default=None)
        try:
            page, following = pages.cut(items, key, self.server.page_size, cursor, of=name)
        except ValueError as error:
            raise ProtocolError(INVALID_PARAMS, f"Invalid cursor: {error}") from error
        result: dict[str, JSON] = {name: [shapes.known(kind, item.as_json(), self.speaking) for item in page]}
        if following is not None:
            result["nextCursor"] = following
        return result


_REQUIRED = object()
_NAMES: Mapping[type, str] = {str: "a string", dict: "an object"}


def member(holder: dict[str, JSON], name: str, kind: type, *, default: JSON = _REQUIRED, of: str = "params") -> JSON:
    """A member of the right type, or its default when it is absent; anything else is an error of the caller."""
    if name not in holder and default is not _REQUIRED:
        return default
    if not isinstance(holder.get(name), kind):
        raise ProtocolError(INVALID_PARAMS, f"{of}.{name} must be {_NAMES[kind]}")
    return holder[name]
