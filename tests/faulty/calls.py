"""Calls of tools: what they return, and those that have to fail (server/tools#calling-tools)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reference_servers.engine import JSON, Call, Connection, Request, Server, Tool
from reference_servers.engine.server import Schema
from reference_servers.github.server import github

from . import Spread, fault, variant
from . import _features as features
from ._spoiling import answers, crash, crashing, results

CALLED = "tools.call.result-is-valid"
SAME_RESULT: Spread = {"may": {"tools.call.is-answered": "it makes such a call too"}}


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
STRUCTURED = ["2025-06-18", "2025-11-25"]  # later it may be any value
fault(
    "structured-content-is-a-list", breaks="schema.CallToolResult", cases=[CALLED], revisions=STRUCTURED, **SAME_RESULT
)(called(lambda result: result.update(structuredContent=[result["structuredContent"]])))
fault(
    "structured-content-is-null", breaks="schema.CallToolResult", cases=[CALLED], revisions=STRUCTURED, **SAME_RESULT
)(called(lambda result: result.update(structuredContent=None)))
variant("structured-content-is-any-value", revisions=["2026-07-28"])(
    called(lambda result: result.update(structuredContent=[result["structuredContent"], None, 5]))
)


def shows(*blocks: JSON) -> Callable[[], Server]:
    """A server with a tool that returns these blocks."""

    async def show(call: Call) -> list[dict[str, JSON]]:
        return list(blocks)

    def server() -> Server:
        offered = github()
        return replace(
            offered, tools=(*offered.tools, Tool("show", features.ANYTHING, show, annotations=features.READ_ONLY))
        )

    return server


fault("text-block-without-text", breaks="schema.CallToolResult", cases=[CALLED])(shows({"type": "text"}))
fault("text-block-with-text-null", breaks="schema.CallToolResult", cases=[CALLED])(
    shows({"type": "text", "text": None})
)
fault("image-without-mime-type", breaks="schema.CallToolResult", cases=[CALLED])(
    shows({"type": "image", "data": "AA=="})
)
fault("block-of-unknown-type", breaks="schema.CallToolResult", cases=[CALLED])(shows({"type": "json", "json": {}}))
fault("block-without-type", breaks="schema.CallToolResult", cases=[CALLED])(shows({"text": "hello"}))
fault("block-is-text", breaks="schema.CallToolResult", cases=[CALLED])(shows("hello"))
fault("second-block-is-spoilt", breaks="schema.CallToolResult", cases=[CALLED])(
    shows({"type": "text", "text": "fine"}, {"type": "image", "data": 7, "mimeType": "image/png"})
)
fault("embedded-resource-without-contents", breaks="schema.CallToolResult", cases=[CALLED])(
    shows({"type": "resource", "resource": {"uri": "a://b"}})
)


@fault("failed-call-without-content", breaks="schema.CallToolResult", cases=[CALLED])
class FailsWithoutContent(Connection):
    async def on_tools_call(self, request: Request) -> JSON:
        return {"isError": True}


@fault("dies-of-the-third-call", breaks="jsonrpc.request-answered", cases=["base.requests-are-answered"],
       may={f"tools.call.{kind}": "it calls a tool too" for kind in (
           "is-answered", "mistyped-argument", "missing-argument", "name-in-other-case", "without-name",
           "unknown-tool")} | {"concurrency.calls.two-at-once": "it makes two"},
       undecided="the server is gone")  # fmt: skip
class DiesOfThirdCall(Connection):
    calls = 0

    async def on_request(self, request: Request) -> None:
        self.calls += request.method == "tools/call"
        if self.calls == 3:
            crash("too many calls")
        await super().on_request(request)


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


WRAPPED = {"type": "object", "properties": {"result": {}}, "required": ["result"]}


def wrapped(text: str) -> type[Connection]:
    """Gives that text beside structured content that wraps a single value."""

    def change(result: JSON) -> None:
        if list(result.get("structuredContent", {})) == ["result"]:
            result.update(content=[{"type": "text", "text": text}])

    return called(change)


fault("text-of-another-wrapped-value", breaks="tools.structured-also-text", cases=[AS_TEXT],
      server=outputs(WRAPPED, {"result": 5}))(wrapped("6"))  # fmt: skip
variant("text-of-a-wrapped-number-alone", server=outputs(WRAPPED, {"result": 5}))(wrapped("5"))
variant("text-of-a-wrapped-string-alone", server=outputs(WRAPPED, {"result": "Hello."}))(wrapped("Hello."))


@variant("output-that-fits-its-schema-as-draft-07", era="stateful")
def output_by_draft_07() -> Server:
    """Beside a reference, draft-07 ignores other keywords; 2025-06-18 says of no schema which dialect it is."""
    number = {"$ref": "#/definitions/number", "type": "string"}
    schema = {"type": "object", "properties": {"kg": number}, "definitions": {"number": {"type": "number"}}}
    offered = outputs(schema, {"kg": 5})()
    return replace(offered, revisions=tuple(one for one in offered.revisions if one.name == "2025-06-18"))


fault("output-missing", breaks="tools.output-conforms", cases=[OUTPUT])(
    outputs(WEIGHT, [{"type": "text", "text": "5 kg"}])
)
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
       may={"tools.call.name-in-other-case": "a name in another case is an unknown one"})  # fmt: skip
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


fault("dies-of-an-unknown-tool", breaks="jsonrpc.request-answered", cases=["tools.call.unknown-tool"])(
    crashing(unknown_tool)
)

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
