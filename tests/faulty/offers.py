"""What a server offers, and how: tools, resources, prompts, pages (server/tools, server/resources, server/prompts)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reference_servers.engine import JSON, Call, Connection, ProtocolError, Request, Server, Tool
from reference_servers.engine.server import Schema
from reference_servers.github.server import github

from . import _features as features
from . import fault
from ._spoiling import answers, crash, crashing, for_ever, result_of, results

# ---------------------------------------------------------------------------------------------------- lists of tools

LISTED, CALLED = "tools.list.result-is-valid", "tools.call.result-is-valid"
INPUT_SCHEMA, SCHEMAS = "tools.schemas.input-is-valid", "tools.schemas.are-valid"


def listed(change: Callable[[JSON], object], number: int = 4) -> type[Connection]:
    """Spoils the definition of one tool: the fifth, unless another number (from 0) is given."""
    return results("tools/list", lambda result: change(result["tools"][number]))


fault("one-tool-without-input-schema", breaks="schema.ListToolsResult", cases=[LISTED])(
    listed(lambda tool: tool.pop("inputSchema"))
)
fault("one-tool-with-input-schema-null", breaks=["tools.input-schema-object", "schema.ListToolsResult"],
      cases=[LISTED, INPUT_SCHEMA], may={SCHEMAS: "null is no valid schema either"})(
    listed(lambda tool: tool.update(inputSchema=None))
)  # fmt: skip
fault("one-tool-with-input-schema-as-list", breaks="tools.input-schema-object", cases=[LISTED, INPUT_SCHEMA],
      may={SCHEMAS: "a list is no valid schema either"})(
    listed(lambda tool: tool.update(inputSchema=[]))
)  # fmt: skip
fault("one-tool-with-input-schema-true", breaks="tools.input-schema-object", cases=[LISTED, INPUT_SCHEMA],
      may={SCHEMAS: "an inputSchema is an object"})(
    listed(lambda tool: tool.update(inputSchema=True))
)  # fmt: skip
fault("one-tool-without-type-in-input-schema", breaks="schema.ListToolsResult", cases=[LISTED])(
    listed(lambda tool: tool["inputSchema"].pop("type"))
)
fault("one-tool-with-input-schema-of-type-string", breaks="schema.ListToolsResult", cases=[LISTED])(
    listed(lambda tool: tool.update(inputSchema={"type": "string"}))
)
fault("one-tool-without-name", breaks="schema.ListToolsResult", cases=[LISTED])(listed(lambda tool: tool.pop("name")))
fault("one-tool-with-name-as-number", breaks="schema.ListToolsResult", cases=[LISTED])(
    listed(lambda tool: tool.update(name=7))
)
fault("one-tool-with-description-null", breaks="schema.ListToolsResult", cases=[LISTED])(
    listed(lambda tool: tool.update(description=None))
)
fault("one-tool-with-hint-as-text", breaks="schema.ListToolsResult", cases=[LISTED])(
    listed(lambda tool: tool["annotations"].update(idempotentHint="yes"))
)
fault("annotations-as-list", breaks="schema.ListToolsResult", cases=[LISTED])(
    listed(lambda tool: tool.update(annotations=["readOnlyHint"]))
)
fault("one-tool-is-null", breaks="schema.ListToolsResult", cases=[LISTED])(
    results("tools/list", lambda result: result["tools"].append(None))
)
fault("tools-as-object", breaks="schema.ListToolsResult", cases=[LISTED])(
    results("tools/list", lambda result: result.update(tools={tool["name"]: tool for tool in result["tools"]}))
)
fault("tools-null", breaks="schema.ListToolsResult", cases=[LISTED])(
    results("tools/list", lambda result: result.update(tools=None))
)
fault("tools-list-result-is-a-list", breaks="schema.ListToolsResult", cases=[LISTED])(
    answers("tools/list", lambda m: m.update(result=m["result"]["tools"]) if "result" in m else None)
)
fault("next-cursor-null", breaks="schema.ListToolsResult", cases=[LISTED])(
    results("tools/list", lambda result: result.update(nextCursor=None))
)
fault("next-cursor-as-number", breaks="schema.ListToolsResult", cases=[LISTED])(
    results("tools/list", lambda result: result.update(nextCursor=2))
)
fault("spoilt-tool-on-the-last-page", breaks="schema.ListToolsResult", cases=[LISTED], server=features.paged)(
    results("tools/list", lambda result: "nextCursor" in result or result["tools"][0].pop("inputSchema"))
)
fault("properties-as-list", breaks=["tools.input-schema-object", "jsonschema.valid-schemas"],
      cases=[INPUT_SCHEMA, SCHEMAS], may={LISTED: "the message's schema asks for an object too"})(
    listed(lambda tool: tool["inputSchema"].update(properties=["owner"]))
)  # fmt: skip
fault("required-as-text", breaks="tools.input-schema-object", cases=[INPUT_SCHEMA, SCHEMAS],
      may={LISTED: "the message's schema asks for a list too"})(
    listed(lambda tool: tool["inputSchema"].update(required="owner"))
)  # fmt: skip
fault("property-of-an-unknown-type", breaks="jsonschema.valid-schemas", cases=[SCHEMAS, INPUT_SCHEMA])(
    listed(lambda tool: tool["inputSchema"]["properties"].update(extra={"type": "text"}))
)
fault("minimum-as-text", breaks="tools.input-schema-object", cases=[SCHEMAS, INPUT_SCHEMA])(
    listed(lambda tool: tool["inputSchema"]["properties"].update(extra={"type": "integer", "minimum": "1"}))
)
fault("output-schema-with-an-unknown-type", breaks="jsonschema.valid-schemas", cases=[SCHEMAS])(
    listed(lambda tool: tool["outputSchema"]["properties"].update(extra={"type": "text"}))
)
fault("schema-of-draft-7", breaks="jsonschema.prefer-2020-12", cases=["tools.schemas.dialect"])(
    listed(lambda tool: tool["inputSchema"].update({"$schema": "http://json-schema.org/draft-07/schema#"}))
)
fault("output-schema-of-draft-7", breaks="jsonschema.prefer-2020-12", cases=["tools.schemas.dialect"])(
    listed(lambda tool: tool["outputSchema"].update({"$schema": "http://json-schema.org/draft-07/schema#"}))
)


def spare(name: str) -> Callable[[], Server]:
    """A server with one more tool, of that name."""

    async def idle(call: Call) -> list[dict[str, JSON]]:
        return [{"type": "text", "text": "done"}]

    def server() -> Server:
        offered = github()
        return replace(offered, tools=(*offered.tools, Tool(name, features.ANYTHING, idle, annotations=features.READ_ONLY)))

    return server


CHARACTERS = ("tools.name-characters", "tools.name-no-special")
fault("name-of-129-characters", breaks="tools.name-length", cases=["tools.names.length"])(spare("a" * 129))
fault("empty-name", breaks="tools.name-length", cases=["tools.names.length"])(spare(""))
fault("name-with-a-space", breaks=CHARACTERS, cases=["tools.names.characters"])(spare("read file"))
fault("name-with-a-slash", breaks=CHARACTERS, cases=["tools.names.characters"])(spare("files/read"))
fault("name-with-an-accent", breaks=CHARACTERS, cases=["tools.names.characters"])(spare("café"))
fault("name-with-a-comma", breaks=CHARACTERS, cases=["tools.names.characters"])(spare("a,b"))
fault("name-with-a-newline", breaks=CHARACTERS, cases=["tools.names.characters"])(spare("read\n"))
fault("two-tools-of-one-name", breaks="tools.name-unique", cases=["tools.names.are-unique"])(
    results("tools/list", lambda result: result["tools"].append(result["tools"][0]))
)
fault("one-name-on-two-pages", breaks="tools.name-unique", cases=["tools.names.are-unique"], server=features.paged)(
    results("tools/list", lambda result: "nextCursor" in result or result["tools"][0].update(name="create_or_update_file"))
)


@fault("tools-without-the-capability", breaks="tools.declare-capability", cases=["tools.capability.is-declared"])
class UndeclaredTools(Connection):
    async def on_initialize(self, request: Request) -> JSON:
        result = await super().on_initialize(request)
        del result["capabilities"]["tools"]
        return result


# -------------------------------------------------------------------------------------------------------------- calls


SAME_RESULT = {"may": {"tools.call.is-answered": "it makes such a call too"}}


def called(change: Callable[[JSON], object]) -> type[Connection]:
    """Spoils the results of calls that succeed."""
    return results("tools/call", lambda result: None if result.get("isError") else change(result))


YAML_CALL = "tools.call.is-answered"
fault("call-without-content", breaks="schema.CallToolResult", cases=[CALLED, YAML_CALL])(
    called(lambda result: result.pop("content"))
)
fault("content-of-the-search-is-null", breaks="schema.CallToolResult", cases=[CALLED], **SAME_RESULT)(
    called(lambda result: result.update(content=None))
)
fault("content-is-a-number", breaks="schema.CallToolResult", cases=[CALLED], **SAME_RESULT)(
    called(lambda result: result.update(content=5))
)
fault("content-is-text", breaks="schema.CallToolResult", cases=[CALLED], **SAME_RESULT)(
    called(lambda result: result.update(content=result["content"][0]["text"]))
)
fault("call-result-is-text", breaks="schema.CallToolResult", cases=[CALLED], **SAME_RESULT)(
    answers("tools/call", lambda m: m.update(result="done") if "result" in m else None)
)
fault("call-result-is-null", breaks="schema.CallToolResult", cases=[CALLED], **SAME_RESULT)(
    answers("tools/call", lambda m: m.update(result=None) if "result" in m else None)
)
fault("is-error-as-text", breaks="schema.CallToolResult", cases=[CALLED], **SAME_RESULT)(
    called(lambda result: result.update(isError="false"))
)
fault("structured-content-is-a-list", breaks="schema.CallToolResult", cases=[CALLED], **SAME_RESULT)(
    called(lambda result: result.update(structuredContent=[result["structuredContent"]]))
)
fault("structured-content-is-null", breaks="schema.CallToolResult", cases=[CALLED], **SAME_RESULT)(
    called(lambda result: result.update(structuredContent=None))
)


def shows(*blocks: JSON) -> Callable[[], Server]:
    """A server with a tool that returns these blocks."""

    async def show(call: Call) -> list[dict[str, JSON]]:
        return list(blocks)

    def server() -> Server:
        offered = github()
        return replace(offered, tools=(*offered.tools, Tool("show", features.ANYTHING, show, annotations=features.READ_ONLY)))

    return server


fault("text-block-without-text", breaks="schema.CallToolResult", cases=[CALLED])(shows({"type": "text"}))
fault("text-block-with-text-null", breaks="schema.CallToolResult", cases=[CALLED])(shows({"type": "text", "text": None}))
fault("image-without-mime-type", breaks="schema.CallToolResult", cases=[CALLED])(shows({"type": "image", "data": "AA=="}))
fault("block-of-unknown-type", breaks="schema.CallToolResult", cases=[CALLED])(shows({"type": "json", "json": {}}))
fault("block-without-type", breaks="schema.CallToolResult", cases=[CALLED])(shows({"text": "hello"}))
fault("block-is-text", breaks="schema.CallToolResult", cases=[CALLED])(shows("hello"))
fault("second-block-is-spoilt", breaks="schema.CallToolResult", cases=[CALLED])(
    shows({"type": "text", "text": "fine"}, {"type": "audio", "data": 7, "mimeType": "audio/wav"})
)
fault("embedded-resource-without-contents", breaks="schema.CallToolResult", cases=[CALLED])(
    shows({"type": "resource", "resource": {"uri": "a://b"}})
)

OUTPUT = "tools.call.output-conforms"
AS_TEXT = "tools.call.structured-is-also-text"


def outputs(schema: Schema, output: JSON) -> Callable[[], Server]:
    """A server with a tool that returns this for that outputSchema."""

    async def run(call: Call) -> Any:
        return output

    def server() -> Server:
        offered = github()
        tool = Tool("weigh", features.ANYTHING, run, output_schema=schema, annotations=features.READ_ONLY)
        return replace(offered, tools=(*offered.tools, tool))

    return server


WEIGHT = {"type": "object", "properties": {"kg": {"type": "number"}}, "required": ["kg"]}
fault("output-of-the-wrong-type", breaks="tools.output-conforms", cases=[OUTPUT])(outputs(WEIGHT, {"kg": "5"}))
fault("output-without-a-required-member", breaks="tools.output-conforms", cases=[OUTPUT])(outputs(WEIGHT, {}))
fault("output-missing", breaks="tools.output-conforms", cases=[OUTPUT])(outputs(WEIGHT, [{"type": "text", "text": "5 kg"}]))
fault("structured-content-not-in-the-text", breaks="tools.structured-also-text", cases=[AS_TEXT])(
    called(lambda result: result.update(content=[{"type": "text", "text": "Done."}]))
)
fault("structured-content-without-any-text", breaks="tools.structured-also-text", cases=[AS_TEXT])(
    called(lambda result: result.update(content=[]))
)
fault("text-of-other-structured-content", breaks="tools.structured-also-text", cases=[AS_TEXT])(
    called(lambda result: result.update(content=[{"type": "text", "text": '{"ok": true}'}]))
)


@fault("embeds-a-resource-without-the-capability", breaks="tools.embedded-needs-resources",
       cases=["tools.call.embedded-resources"])  # fmt: skip
def embedding_without_resources() -> Server:
    return replace(features.embedding(), resources=None)


# ------------------------------------------------------------------------------------------------- calls that have to fail


class LooksUp(Connection):
    """Decides itself what a call of a name means."""

    def lookup(self, name: str) -> str:
        return name

    async def on_tools_call(self, request: Request) -> JSON:
        name = request.params.get("name")
        if isinstance(name, str):
            request.params["name"] = self.lookup(name)
        return await super().on_tools_call(request)


@fault("tools-in-any-letter-case", breaks="tools.name-case-sensitive", cases=["tools.call.name-in-other-case"])
class AnyCase(LooksUp):
    def lookup(self, name: str) -> str:
        return name.lower()


@fault("unknown-tool-has-a-result", breaks="tools.unknown-tool-error", cases=["tools.call.unknown-tool"],
       may={"tools.call.name-in-other-case": "a name in another case is an unknown one"},
       several="whoever answers any unknown name answers one in another case; two requirements, of which each can be broken alone")  # fmt: skip
class AnswersUnknownTools(Connection):
    async def on_tools_call(self, request: Request) -> JSON:
        if not any(tool.name == request.params.get("name") for tool in self.server.tools) and "name" in request.params:
            return {"content": [{"type": "text", "text": "no such tool"}]}
        return await super().on_tools_call(request)


@fault("unknown-tool-has-an-empty-result", breaks="tools.unknown-tool-error", cases=["tools.call.unknown-tool"])
class EmptyForUnknownTools(Connection):
    async def on_tools_call(self, request: Request) -> JSON:
        return {"content": []} if "no-such" in request.params.get("name", "") else await super().on_tools_call(request)


def unknown_tool(request: Request) -> bool:
    return request.method == "tools/call" and "no-such" in request.params.get("name", "")


fault("dies-of-an-unknown-tool", breaks="jsonrpc.request-answered", cases=["tools.call.unknown-tool"])(crashing(unknown_tool))

MISSING_ARGUMENT, MISTYPED = "tools.call.missing-argument", "tools.call.mistyped-argument"


@fault("arguments-are-not-checked", breaks="tools.validate-inputs", cases=[MISSING_ARGUMENT, MISTYPED])
class ChecksNothing(Connection):
    async def invalid_arguments(self, tool: Tool, found: Any) -> JSON:
        return {"content": [{"type": "text", "text": "[]"}], "structuredContent": {"items": []}}


@fault("types-of-arguments-are-not-checked", breaks="tools.validate-inputs", cases=[MISTYPED])
class ChecksNoTypes(Connection):
    async def invalid_arguments(self, tool: Tool, found: Any) -> JSON:
        if "required" in str(found):
            return await super().invalid_arguments(tool, found)
        return {"content": [{"type": "text", "text": "[]"}], "structuredContent": {}}


# --------------------------------------------------------------------------------------------------------------- pages

PAGES = "pagination.pages-go-on"
STABLE, INVALID, HARMLESS = (f"pagination.{kind}" for kind in ("cursors.are-stable", "invalid-cursor.error-code", "invalid-cursor.does-no-harm"))


class Pages(Connection):
    async def on_tools_list(self, request: Request) -> JSON:
        try:
            return await super().on_tools_list(request)
        except ProtocolError:
            return await self.on_wrong_cursor(request)

    async def on_wrong_cursor(self, request: Request) -> JSON:
        raise ProtocolError(-32602, "no such cursor")


@fault("wrong-cursor-gives-the-first-page", breaks="pagination.invalid-cursor-error", cases=[INVALID], server=features.paged)
class FirstPage(Pages):
    async def on_wrong_cursor(self, request: Request) -> JSON:
        return await super().on_tools_list(Request(request.id, request.method, {}))


@fault("wrong-cursor-gives-an-empty-page", breaks="pagination.invalid-cursor-error", cases=[INVALID], server=features.paged)
class EmptyPage(Pages):
    async def on_wrong_cursor(self, request: Request) -> JSON:
        return {"tools": []}


@fault("wrong-cursor-is-an-internal-error", breaks="pagination.invalid-cursor-error", cases=[INVALID], server=features.paged)
class InternalError(Pages):
    async def on_wrong_cursor(self, request: Request) -> JSON:
        raise ProtocolError(-32603, "index out of range")


@fault("dies-after-a-wrong-cursor", breaks="pagination.invalid-cursor-graceful", cases=[HARMLESS])
class DiesAfterwards(Connection):
    doomed = False

    async def on_request(self, request: Request) -> None:
        if self.doomed:
            crash("the cursor was wrong")
        self.doomed = request.params.get("cursor") == "conformance-no-such-cursor"
        await super().on_request(request)


@fault("hangs-after-a-wrong-cursor", breaks="pagination.invalid-cursor-graceful", cases=[HARMLESS])
class HangsAfterwards(DiesAfterwards):
    async def on_request(self, request: Request) -> None:
        if self.doomed:
            await for_ever()
        await super().on_request(request)


class Remembering(Connection):
    """Counts how often each cursor was used."""

    def __init__(self, server: Server, send: Any) -> None:
        super().__init__(server, send)
        self.used: dict[str, int] = {}

    async def on_tools_list(self, request: Request) -> JSON:
        result = await super().on_tools_list(request)
        if cursor := request.params.get("cursor"):
            self.used[cursor] = self.used.get(cursor, 0) + 1
            return self.again(result, self.used[cursor])
        return result

    def again(self, result: JSON, times: int) -> JSON:
        return result


@fault("cursors-work-once", breaks="pagination.stable-cursors", cases=[STABLE],
       server=features.paged)  # fmt: skip
class CursorsWorkOnce(Remembering):
    def again(self, result: JSON, times: int) -> JSON:
        if times > 1:
            raise ProtocolError(-32602, "this cursor was used")
        return result


@fault("pages-change-their-order", breaks="pagination.stable-cursors", cases=[STABLE], server=features.paged)
class ChangesOrder(Remembering):
    def again(self, result: JSON, times: int) -> JSON:
        return {**result, "tools": result["tools"][:: 1 if times % 2 else -1]}


@fault("pages-overlap-by-one", breaks="pagination.continues-after-cursor", cases=[PAGES],
       server=features.paged)  # fmt: skip
class Overlaps(Connection):
    async def on_tools_list(self, request: Request) -> JSON:
        result = await super().on_tools_list(request)
        if request.params.get("cursor"):
            first = next(i for i, tool in enumerate(self.server.tools) if tool.name == result["tools"][0]["name"])
            result["tools"].insert(0, self.server.tools[first - 1].as_json())
        return result


@fault("every-page-is-the-first", breaks="pagination.continues-after-cursor", cases=[PAGES],
       may={INVALID: "cursors aren't looked at"},
       several="a server that doesn't look at cursors takes wrong ones too", server=features.paged)  # fmt: skip
class AlwaysFirst(Connection):
    async def on_tools_list(self, request: Request) -> JSON:
        return await super().on_tools_list(Request(request.id, request.method, {}))


@fault("every-page-of-resources-is-the-first", breaks="pagination.continues-after-cursor", cases=[PAGES])
class AlwaysFirstResources(Connection):
    async def on_resources_list(self, request: Request) -> JSON:
        return await super().on_resources_list(Request(request.id, request.method, {}))


@fault("pages-never-end", breaks="pagination.continues-after-cursor", cases=[PAGES])
class NeverEnds(Connection):
    async def on_resources_templates_list(self, request: Request) -> JSON:
        return {"resourceTemplates": [], "nextCursor": "more"}


# ----------------------------------------------------------------------------------------------------------- resources

fault("one-resource-without-uri", breaks="schema.ListResourcesResult", cases=["resources.list.result-is-valid"])(
    results("resources/list", lambda result: result["resources"][-1].pop("uri"))
)
fault("spoilt-resource-on-the-last-page", breaks="schema.ListResourcesResult", cases=["resources.list.result-is-valid"])(
    results("resources/list", lambda result: "nextCursor" in result or result["resources"][-1].update(name=None))
)
fault("resources-null", breaks="schema.ListResourcesResult", cases=["resources.list.result-is-valid"])(
    result_of("resources/list", {"resources": None})
)
fault("resource-size-as-text", breaks="schema.ListResourcesResult", cases=["resources.list.result-is-valid"])(
    results("resources/list", lambda result: result["resources"][0].update(size="12 kB"))
)
fault("template-without-name", breaks="schema.ListResourceTemplatesResult", cases=["resources.templates.result-is-valid"])(
    results("resources/templates/list", lambda result: result["resourceTemplates"][1].pop("name"))
)
fault("template-with-uri", breaks="schema.ListResourceTemplatesResult", cases=["resources.templates.result-is-valid"])(
    results("resources/templates/list",
            lambda result: result["resourceTemplates"][0].update(uri=result["resourceTemplates"][0].pop("uriTemplate")))
)  # fmt: skip
fault("templates-under-another-name", breaks="schema.ListResourceTemplatesResult",
      cases=["resources.templates.result-is-valid"])(
    results("resources/templates/list", lambda result: result.update(templates=result.pop("resourceTemplates")))
)  # fmt: skip
READ = "resources.read.result-is-valid"
fault("contents-as-object", breaks="schema.ReadResourceResult", cases=[READ])(
    results("resources/read", lambda result: result.update(contents=result["contents"][0]))
)
fault("contents-without-text-or-blob", breaks="schema.ReadResourceResult", cases=[READ])(
    results("resources/read", lambda result: (result["contents"][0].pop("text", None), result["contents"][0].pop("blob", None)))
)
fault("contents-without-uri", breaks="schema.ReadResourceResult", cases=[READ])(
    results("resources/read", lambda result: result["contents"][0].pop("uri"))
)
fault("contents-as-text", breaks="schema.ReadResourceResult", cases=[READ])(
    results("resources/read", lambda result: result.update(contents=["# Hello"]))
)
fault("content-in-place-of-contents", breaks="schema.ReadResourceResult", cases=[READ])(
    results("resources/read", lambda result: result.update(content=result.pop("contents")))
)

# ------------------------------------------------------------------------------------------------------------- prompts

PROMPTS, PROMPT = "prompts.list.result-is-valid", "prompts.get.result-is-valid"


def prompts(prompt: JSON) -> type[Connection]:
    async def on_prompts_list(self: features.Prompts, request: Request) -> JSON:
        return {"prompts": [{"name": "greeting"}, prompt]}

    return type("ListsPrompts", (features.Prompts,), {"on_prompts_list": on_prompts_list})


def prompt(result: JSON) -> type[Connection]:
    async def on_prompts_get(self: features.Prompts, request: Request) -> JSON:
        return result

    return type("GetsPrompts", (features.Prompts,), {"on_prompts_get": on_prompts_get})


TEXT = {"type": "text", "text": "Say hello."}
fault("prompt-without-name", breaks="schema.ListPromptsResult", cases=[PROMPTS])(prompts({"title": "Review"}))
fault("prompt-with-arguments-as-object", breaks="schema.ListPromptsResult", cases=[PROMPTS])(
    prompts({"name": "review", "arguments": {"code": "string"}})
)
fault("prompt-with-required-as-text", breaks="schema.ListPromptsResult", cases=[PROMPTS])(
    prompts({"name": "review", "arguments": [{"name": "code", "required": "true"}]})
)
fault("prompt-is-text", breaks="schema.ListPromptsResult", cases=[PROMPTS])(prompts("review"))
fault("prompt-message-of-the-system", breaks="schema.GetPromptResult", cases=[PROMPT])(
    prompt({"messages": [{"role": "system", "content": TEXT}]})
)
fault("prompt-message-with-several-blocks", breaks="schema.GetPromptResult", cases=[PROMPT])(
    prompt({"messages": [{"role": "user", "content": [TEXT]}]})
)
fault("prompt-message-as-text", breaks="schema.GetPromptResult", cases=[PROMPT])(
    prompt({"messages": [{"role": "user", "content": "Say hello."}]})
)
fault("prompt-without-messages", breaks="schema.GetPromptResult", cases=[PROMPT])(prompt({"prompt": "Say hello."}))
