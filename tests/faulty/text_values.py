"""Values that break what the text demands of them: base64, URIs, templates, MIME types, keys of metadata, forms, turns
of a conversation. And right servers whose values are as unusual as the text allows."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from reference_servers.engine import JSON, Call, Connection, Server, Tool
from reference_servers.github.server import github

from . import Era, fault, since, variant
from . import _features as features
from ._spoiling import answers, results
from .contents import prompt
from .dialogue import asks_for, notifies


def says(*content: JSON) -> type[Connection]:
    """Has prompts that hold these contents."""
    return prompt({"messages": [{"role": "user", "content": one} for one in content]})


def shows(*blocks: dict[str, JSON]) -> Callable[[], Server]:
    """A server with one more tool, whose calls result in these blocks."""

    async def show(call: Call) -> list[dict[str, JSON]]:
        return list(blocks)

    def server() -> Server:
        offered = github()
        tool = Tool("show", features.ANYTHING, show, annotations=features.READ_ONLY)
        return replace(offered, tools=(*offered.tools, tool))

    return server


def reads(**changes: JSON) -> type[Connection]:
    """Reads every resource with other members than it has; None takes one away."""

    def change(result: JSON) -> None:
        for contents in result["contents"]:
            contents.update(changes)
            for name, value in changes.items():
                if value is None:
                    del contents[name]

    return results("resources/read", change)


def image(data: str, mime_type: str = "image/png") -> dict[str, JSON]:
    return {"type": "image", "data": data, "mimeType": mime_type}


def sound(data: str, mime_type: str = "audio/wav") -> dict[str, JSON]:
    return {"type": "audio", "data": data, "mimeType": mime_type}


def embedded(**members: JSON) -> dict[str, JSON]:
    return {"type": "resource", "resource": {"uri": "memo:1", "mimeType": "text/plain", **members}}


def link(uri: str) -> dict[str, JSON]:
    return {"type": "resource_link", "name": "memo", "uri": uri}


# ------------------------------------------------------------------------------------------------------------- prompts

BASE64, MIME_TYPES, URIS = "prompts.content.base64", "prompts.content.mime-types", "prompts.content.uris"

for _name, _content, _requirement, _case in (
    ("prompt-with-raw-image", image("PNG\n\x1a"), "prompts.image-base64", BASE64),
    ("prompt-with-image-as-data-url", image("data:image/png;base64,AAAA"), "prompts.image-base64", BASE64),
    ("prompt-with-image-cut-short", image("AAAAA"), "prompts.image-base64", BASE64),
    ("prompt-with-sound-in-hexadecimal-bytes", sound("00:ff:00"), "prompts.audio-base64", BASE64),
    ("prompt-with-raw-blob", embedded(blob="# Hello"), "prompts.embedded-content", BASE64),
    ("prompt-with-image-of-the-type-png", image("AAAA", "png"), "prompts.image-mime", MIME_TYPES),
    ("prompt-with-image-of-any-type", image("AAAA", "image/*"), "prompts.image-mime", MIME_TYPES),
    ("prompt-with-sound-of-the-type-wav", sound("AAAA", ".wav"), "prompts.audio-mime", MIME_TYPES),
    ("prompt-with-resource-of-no-type", embedded(text="a", mimeType=""), "prompts.embedded-mime", MIME_TYPES),
    ("prompt-with-path-for-a-uri", embedded(text="a", uri="/home/a.txt"), "prompts.embedded-uri", URIS),
    ("prompt-with-space-in-a-uri", embedded(text="a", uri="file:///a b.txt"), "prompts.embedded-uri", URIS),
):
    fault(_name, breaks=_requirement, cases=[_case])(says(_content))
fault("prompt-with-link-to-a-path", breaks="schema.GetPromptResult", cases=["base.values.uris"],
      revisions=since("2025-06-18"))(says(link("notes/a.txt")))  # fmt: skip


# ----------------------------------------------------------------------------------------------------------- resources

RESOURCE_URIS, TEMPLATES = "resources.uris.are-valid", "resources.templates.are-valid"

fault("blob-as-text", breaks="resources.binary-encoded", cases=["resources.contents.base64"])(
    reads(blob="not encoded", text=None)
)
fault("blob-in-two-alphabets", breaks="resources.binary-encoded", cases=["resources.contents.base64"])(
    reads(blob="+_+_", text=None)
)
for _name, _uri, _requirement in (
    ("scheme-with-an-underscore", "my_repo://alice/hello", "resources.custom-scheme-rfc3986"),
    ("scheme-with-a-digit-first", "2do:1", "resources.custom-scheme-rfc3986"),
    ("custom-uri-with-a-space", "repo://alice/hello world", "resources.custom-scheme-rfc3986"),
    ("custom-uri-with-an-accent", "repo://alice/café", "resources.custom-scheme-rfc3986"),
    ("resource-with-a-path-for-a-uri", "/hello/README.md", "schema.ListResourcesResult"),
    ("resource-with-backslashes", "file://C:\\hello\\README.md", "schema.ListResourcesResult"),
    ("resource-with-an-empty-uri", "", "schema.ListResourcesResult"),
):

    def _relist(result: JSON, uri: str = _uri) -> None:
        result["resources"][-1].update(uri=uri)

    fault(_name, breaks=_requirement, cases=[RESOURCE_URIS])(results("resources/list", _relist))
fault("contents-with-a-path-for-a-uri", breaks="schema.ReadResourceResult", cases=[RESOURCE_URIS])(
    reads(uri="README.md")
)
fault("resource-updated-with-a-path", breaks="schema.ResourceUpdatedNotification", cases=[RESOURCE_URIS])(
    notifies("notifications/resources/updated", {"uri": "README.md"}, resources={"subscribe": True})
)
for _name, _template, _requirement, _case in (
    ("template-with-a-hyphen-in-a-variable", "repo://{repo-name}", "schema.ListResourceTemplatesResult", TEMPLATES),
    ("template-with-an-open-brace", "repo://{owner", "schema.ListResourceTemplatesResult", TEMPLATES),
    ("template-with-an-empty-expression", "repo://{}", "schema.ListResourceTemplatesResult", TEMPLATES),
    ("template-in-another-language", "repo://{{owner}}", "schema.ListResourceTemplatesResult", TEMPLATES),
    ("template-with-an-underscore-in-its-scheme", "a_b:{owner}", "resources.custom-scheme-rfc3986", RESOURCE_URIS),
):

    def _retemplate(result: JSON, template: str = _template) -> None:
        result["resourceTemplates"][0].update(uriTemplate=template)

    fault(_name, breaks=_requirement, cases=[_case])(results("resources/templates/list", _retemplate))


# --------------------------------------------------------------------------------------------------------------- tools

for _name, _block, _case, _first in (
    ("tool-with-raw-image", image("<svg/>"), "base.values.base64", "2024-11-05"),
    ("tool-with-sound-as-data-url", sound("data:audio/wav;base64,AAAA"), "base.values.base64", "2025-03-26"),
    ("tool-with-raw-blob", embedded(blob="# Hello"), "base.values.base64", "2024-11-05"),
    ("tool-with-link-to-a-path", link("/a"), "base.values.uris", "2025-06-18"),
    ("tool-with-link-to-a-host", link("example.com/a b"), "base.values.uris", "2025-06-18"),
    ("tool-embedding-a-resource-without-scheme", embedded(text="a", uri="a"), "base.values.uris", "2024-11-05"),
):
    fault(_name, breaks="schema.CallToolResult", cases=[_case], server=shows(_block), revisions=since(_first))(
        Connection
    )


# ------------------------------------------------------------------------------------------------------------ metadata

PREFIXES, NAMES, RESERVED = (f"base.metadata.{rule}" for rule in ("prefixes", "names", "reserved-prefixes"))


def lists_with(key: str) -> type[Connection]:
    return results("tools/list", lambda result: result["tools"][0].update(_meta={key: 1}))


for _name, _key, _requirement, _case in (
    ("metadata-with-an-empty-prefix", "/trace", "meta.prefix-format", PREFIXES),
    ("metadata-with-two-dots-in-a-prefix", "com..example/trace", "meta.prefix-format", PREFIXES),
    ("metadata-with-a-digit-first-in-a-label", "com.4chan/trace", "meta.label-format", PREFIXES),
    ("metadata-with-a-hyphen-last-in-a-label", "com.example-/trace", "meta.label-format", PREFIXES),
    ("metadata-with-an-underscore-in-a-label", "com.my_shop/trace", "meta.label-format", PREFIXES),
    ("metadata-with-a-url-for-a-key", "https://example.com/trace", "meta.label-format", PREFIXES),
    ("metadata-with-an-underscore-first", "_trace", "meta.name-format", NAMES),
    ("metadata-with-a-dollar-first", "com.example/$trace", "meta.name-format", NAMES),
    ("metadata-with-a-dot-last", "trace.", "meta.name-format", NAMES),
    ("metadata-under-a-reserved-prefix", "com.mcp.tools/trace", "meta.reserved-prefix", RESERVED),
    ("metadata-under-another-reserved-prefix", "org.modelcontextprotocol.api/a", "meta.reserved-prefix", RESERVED),
):
    fault(_name, breaks=_requirement, cases=[_case])(lists_with(_key))
for _name, _meta, _requirement in (
    ("trace-parent-cut-short", {"traceparent": "00-0af7651916cd43dd-00"}, "meta.trace-context-format"),
    ("trace-parent-of-zeros", {"traceparent": f"00-{'0' * 32}-{'0' * 16}-01"}, "meta.trace-context-format"),
    ("baggage-with-spaces", {"baggage": "two words"}, "meta.baggage-format"),
):

    def _carry(result: JSON, meta: dict[str, JSON] = _meta) -> None:
        result.setdefault("_meta", {}).update(meta)

    fault(f"metadata-with-a-{_name}", breaks=_requirement, cases=["base.metadata.trace-context"])(
        results("tools/list", _carry)
    )
fault("metadata-with-an-underscore-in-each-result", breaks="meta.name-format", cases=[NAMES])(
    answers("*", lambda message: message.get("result", {}).setdefault("_meta", {}).update({"_trace": "7"}))
)
fault("metadata-with-an-underscore-in-a-notification", breaks="meta.name-format", cases=[NAMES])(
    notifies("notifications/tools/list_changed", {"_meta": {"_trace": 1}}, tools={"listChanged": True})
)


# ------------------------------------------------------------------------------------------- what the server asks for


def elicits(**params: Any) -> type[Connection]:
    return asks_for("elicitation/create", {"message": "Who?", **params}, capability="elicitation")


def samples(*messages: JSON, **params: Any) -> type[Connection]:
    wanted = {"messages": list(messages), "maxTokens": 10, **params}
    return asks_for("sampling/createMessage", wanted, capability="sampling")


def form(**properties: JSON) -> dict[str, JSON]:
    return {"type": "object", "properties": properties}


REFUSED = dict.fromkeys(
    ("base.requests-are-valid", "mrtr.requests.are-valid"), "the message's schema knows no such field either"
)

fault("form-with-an-object", breaks="elicitation.flat-schema", cases=["elicitation.forms.are-flat"], may=REFUSED)(
    elicits(requestedSchema=form(address={"type": "object", "properties": {"town": {"type": "string"}}}))
)
fault("form-with-a-list-of-objects", breaks="elicitation.flat-schema", cases=["elicitation.forms.are-flat"],
      may=REFUSED)(
    elicits(requestedSchema=form(pets={"type": "array", "items": {"type": "object"}}))
)  # fmt: skip
fault("form-with-an-object-inside-a-text", breaks="elicitation.flat-schema", cases=["elicitation.forms.are-flat"])(
    elicits(requestedSchema=form(address={"type": "string", "properties": {"town": {"type": "string"}}}))
)

# The tester declares no URL mode, so that no request in it may come at all; that isn't judged yet.
for _name, _url in (
    ("address-without-scheme", "example.com/connect"),
    ("address-without-host", "https:///connect"),
    ("address-with-a-space", "https://example.com/connect me"),
):
    fault(f"elicits-at-an-{_name}", breaks="elicitation.url-valid", cases=["elicitation.urls.are-valid"])(
        elicits(mode="url", elicitationId="1", url=_url)
    )

HELLO = {"role": "user", "content": {"type": "text", "text": "Hello"}}
TOOL_RESULTS = "sampling.messages.tool-results"


def uses(*names: str) -> dict[str, JSON]:
    return {
        "role": "assistant",
        "content": [{"type": "tool_use", "id": one, "name": "a", "input": {}} for one in names],
    }


def used(*names: str, beside: Sequence[JSON] = ()) -> dict[str, JSON]:
    blocks = [{"type": "tool_result", "toolUseId": one, "content": []} for one in names]
    return {"role": "user", "content": [*beside, *blocks]}


TEXT = {"type": "text", "text": "Here they are."}

fault("samples-with-text-beside-tool-results",
      breaks=["sampling.tool-results-alone", "sampling.tool-use-balanced", "sampling.reply-to-tool-use"],
      cases=[TOOL_RESULTS])(
    samples(HELLO, uses("1"), used("1", beside=[TEXT]))
)  # fmt: skip
fault("samples-with-a-result-missing", breaks="sampling.tool-use-balanced", cases=[TOOL_RESULTS])(
    samples(HELLO, uses("1", "2"), used("1"))
)
fault("samples-with-a-tool-use-at-the-end", breaks="sampling.tool-use-balanced", cases=[TOOL_RESULTS])(
    samples(HELLO, uses("1"))
)
fault("samples-with-a-message-before-the-results", breaks="sampling.tool-use-balanced", cases=[TOOL_RESULTS])(
    samples(HELLO, uses("1"), {"role": "assistant", "content": TEXT}, used("1"))
)
fault("samples-with-a-result-of-nothing", breaks="sampling.tool-result-id", cases=[TOOL_RESULTS])(
    samples(HELLO, used("1"))
)
fault("samples-with-the-context-of-all-servers", breaks="sampling.avoid-context-values",
      cases=["sampling.messages.context"])(
    samples(HELLO, includeContext="allServers")
)  # fmt: skip
RAW_IMAGE = samples({"role": "user", "content": image("<svg/>")})
_ERAS: tuple[tuple[Era, str], ...] = (("stateful", "CreateMessageRequest"), ("stateless", "InputRequiredResult"))
for _era, _type in _ERAS:
    fault(f"samples-with-a-raw-image-{_era}", breaks=f"schema.{_type}", cases=["base.values.base64"], era=_era)(
        RAW_IMAGE
    )


# ------------------------------------------------------------------------------------------------------- right servers

OLD_KINDS = (
    image("AAAA"),
    image(""),
    image("AA", "application/octet-stream"),
    embedded(blob="AAAA\r\nAAAA", uri="urn:isbn:0451450523", mimeType="IMAGE/SVG+XML"),
    embedded(text="", uri="x:"),
    {"type": "resource", "resource": {"uri": "tag:alice@example.com,2025:a", "text": "漢字 \u2028 😀"}},
)
SOUND = sound("-_-_", "audio/wav; codecs=1")
variant("prompts-of-the-oldest-kinds")(says(*OLD_KINDS))
variant("prompts-with-sound", revisions=since("2025-03-26"))(says(*OLD_KINDS, SOUND))
variant("prompts-of-all-kinds", revisions=since("2025-06-18"))(
    says(
        *OLD_KINDS,
        SOUND,
        link("https://user@[::1]:8080/a;b=c/%C3%A9?q=[]#f".replace("[]", "()")),
    )
)
variant("links-of-all-kinds", server=shows(
    link("urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"), link("data:,a"), link("mailto:alice@example.com"),
    link("file:///C:/a"), link("a+b-c.d:///"), embedded(text="é", uri="ui://widget/1", mimeType="no type at all"),
    embedded(blob="AA==", uri="x:?y"),
))(Connection)  # fmt: skip


OPAQUE = ("urn:example:a", "about:blank", "note:///", "x://[v1.a]/")
variant("opaque-uris")(
    results("resources/list", lambda result: "nextCursor" in result or result["resources"].extend(
        {"uri": uri, "name": "漢字" * (uri != OPAQUE[0]), "mimeType": "?", "annotations": {}} for uri in OPAQUE
    ))
)  # fmt: skip
variant("templates-with-all-operators")(
    results("resources/templates/list", lambda result: result["resourceTemplates"].extend(
        {"uriTemplate": template, "name": template} for template in (
            "{+uri}", "x://{host}{/path*}{?q,lang:2}{&more*}{#f}", "x:{.suffix}{;a.b,_1}", "x:{%41}", "urn:fixed",
        )
    ))
)  # fmt: skip
variant("binary-contents-in-base64-for-urls")(reads(blob="-_-_AA", text=None))
KEYS = (
    "", "a", "7", "a.b_c-d", "com.example/", "com.example/a", "x/a b", "x/a/b", "openai/outputTemplate", "mcp/a",
    "com.example.mcp/a", "ui", "io.modelcontextprotocol/related-task", "dé/a", "a-b.c-1/d",
)  # fmt: skip
variant("metadata-keys-of-all-kinds")(
    results("tools/list", lambda result: result["tools"][0].update(_meta={key: {"_": ["_"]} for key in KEYS}))
)
variant("elicits-in-a-flat-form", revisions=since("2025-06-18"))(
    elicits(requestedSchema=form(
        name={"type": "string", "title": "Ihr Name: äöü", "minLength": 1}, age={"type": "integer", "minimum": 0},
        email={"type": "string", "format": "email"}, size={"type": "number"}, sure={"type": "boolean", "default": True},
        colour={"type": "string", "enum": ["red", "object"], "enumNames": ["Red", "Object"]},
        properties={"type": "string"},
    ))
)  # fmt: skip
variant("samples-with-an-image")(samples(HELLO, {"role": "user", "content": image("AAAA")}, includeContext="none"))
variant("icons-of-all-kinds")(
    results("tools/list", lambda result: result["tools"][0].update(icons=[
        {"src": "https://example.com/a.png", "mimeType": "image/png", "sizes": ["48x48", "any"]},
        {"src": "data:image/svg+xml;base64,AAAA", "theme": "dark"},
    ]))
)  # fmt: skip
