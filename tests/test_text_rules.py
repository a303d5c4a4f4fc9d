"""What the text of the specification demands of values beyond the schema: what is wrong is found, what is right by any
reading of the text is let be."""

import base64
import binascii
import datetime
import ipaddress
import json
from typing import Any
from urllib.parse import quote

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_conformance import text_rules
from mcp_conformance.cases.loader import bundled
from mcp_conformance.requirements import catalogue
from mcp_conformance.revisions import JUDGED, REVISIONS
from mcp_conformance.text_rules import grammars, metadata, trace_context

DATES = tuple(revision.date for revision in REVISIONS)
FIRST, SECOND, THIRD, FOURTH, FIFTH = DATES
TASKS = "ext-tasks"


# ------------------------------------------------------------------------------------------------------------- grammars

BASE64 = ["", "AA==", "AAA=", "AAAA", "+/+/", "Zm9vYmFy", "AB==", "AA", "AAA", "-_-_", "AAAA\r\nAAAA", "AAAA\n"]
NO_BASE64 = [
    "A", "AAAAA", "A===", "AA=", "AAAA=", "AA==AA==", "=", "====", "AA AA", "é", "A\tAA", "{}", "+_+_", "Zm9v!",
    "data:image/png;base64,AAAA", "not base64", "<svg/>",
]  # fmt: skip


@pytest.mark.parametrize("text", BASE64)
def test_base64_of_any_variant_passes(text: str) -> None:
    assert not grammars.not_base64(text)


@pytest.mark.parametrize("text", NO_BASE64)
def test_what_nobody_could_decode_is_no_base64(text: str) -> None:
    assert grammars.not_base64(text)


@pytest.mark.parametrize("text", ["AA", "-_-_", "AAAA\r\n", "AB=="])
def test_base64_that_strict_decoders_refuse_is_odd(text: str) -> None:
    assert grammars.odd_base64(text)


@given(st.binary())
def test_what_the_standard_library_encodes_is_base64_and_not_odd(data: bytes) -> None:
    text = base64.b64encode(data).decode()
    assert not grammars.not_base64(text)
    assert not grammars.odd_base64(text)
    for variant in (base64.urlsafe_b64encode(data), base64.encodebytes(data), base64.b64encode(data).rstrip(b"=")):
        assert not grammars.not_base64(variant.decode())


@given(st.text(alphabet="AQgw+/-_=\n ", max_size=9))
def test_base64_without_an_oddity_is_what_the_standard_library_decodes(text: str) -> None:
    try:
        canonical = base64.b64encode(base64.b64decode(text, validate=True)).decode() == text
    except binascii.Error:
        canonical = False
    assert canonical == (not grammars.not_base64(text) and not grammars.odd_base64(text))


URIS = [
    "file:///home/user/a.txt", "https://example.com", "http://example.com:/", "urn:isbn:0451450523", "data:,A",
    "git://x", "mailto:a@example.com", "memo://insights", "a:", "a:/", "A1+-.:x", "x:?q", "x:#f",
    "x://u:p@h:80/p;a=b?q=(#", "http://[::1]:80/", "http://[fe80::1%25eth0]/", "http://[v1.a:b]/",
    "tag:a@b.example,2025:x", "x:%C3%A9", "note:///", "C:/windows", "x://", "x:///", "x:a:b:c", "ui://widget/a.html",
    "postgres://u@h/db/schema", "x:'!$&()*+,;=",
]  # fmt: skip
NO_URIS = [
    "", "a", "/a/b", "//host/a", "../a", "a/b:c", ":a", "1a:b", "my_app://x", "my app://x", "é:x", "x:a b", "x:é",
    "x:%", "x:%4", "x:%zz", "x:\\a", "x:<a>", 'x:"a"', "x:{a}", "x:a|b", "x:^", "x:`", "x:a\n", "x://h:port/",
    "x://h:80:81/", "x://[::1", "x://[1.2.3.4]/", "x://[::1]a/", "x://a[b/", "x://a@b@c/", "file:///C:\\a", "x:#a#b",
    "x:\x00", "x:?[", "?x:y",
]  # fmt: skip


@pytest.mark.parametrize("text", URIS)
def test_uris_of_all_kinds_pass(text: str) -> None:
    assert not grammars.not_a_uri(text)


@pytest.mark.parametrize("text", NO_URIS)
def test_what_rfc_3986_does_not_write_is_no_uri(text: str) -> None:
    assert grammars.not_a_uri(text)


@given(st.text(), st.from_regex(r"[A-Za-z][A-Za-z0-9+.-]{0,9}", fullmatch=True))
def test_any_text_percent_encoded_makes_a_uri(text: str, scheme: str) -> None:
    encoded = quote(text.encode("utf-8", "surrogatepass"), safe="")
    assert not grammars.not_a_uri(f"{scheme}:{encoded}")
    assert not grammars.not_a_uri(f"{scheme}://{encoded}@{encoded}/{encoded}?{encoded}#{encoded}")


@given(st.ip_addresses())
def test_addresses_are_hosts(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    host = f"[{address}]" if address.version == 6 else str(address)
    assert not grammars.not_a_uri(f"x://{host}:8080/")


@pytest.mark.parametrize(("text", "right"), [
    ("https://example.com/connect?id=1", True), ("http://localhost:3000", True), ("https://[::1]/", True),
    ("myapp://open/x", True), ("mailto:a@example.com", True), ("https:///path", False), ("https:example.com", False),
    ("https://:80/", False), ("https://u@/", False), ("example.com/x", False), ("https://exa mple.com", False),
])  # fmt: skip
def test_urls_of_the_web_name_a_host(text: str, right: bool) -> None:
    assert (not grammars.not_a_url(text)) == right


TEMPLATES = [
    "file:///{path}", "{+path}", "{#x,hello}", "X{.var}", "{/var,x}/here", "{;x,y}", "{?x,y,empty}",
    "?fixed=yes{&x}", "{var:3}", "{var:9999}", "{list*}", "{/list*,path:4}", "{a.b.c}", "{%41bc}", "{_}", "{1}", "",
    "a'b", "{=reserved}", "{|x}", "{,a}", "é{e}", "x:%41", "{a,b*,c:1}",
]  # fmt: skip
NO_TEMPLATES = [
    "{", "}", "{}", "a{b", "a}b", "{a-b}", "{a b}", "{a,}", "{a,,b}", "{a:0}", "{a:10000}", "{a:}", "{a:3*}",
    "{a**}", "{.}", "{a.}", "{.a..b}", "{é}", "{%4}", "{$a}", "{-a}", "{{a}}", "a b", "a<b", "%", "%4", "a\\b",
    "a^b", "a`b", "a|b", 'a"b', "a\nb", ":id/{+}",
]  # fmt: skip


@pytest.mark.parametrize("text", TEMPLATES)
def test_templates_of_all_four_levels_pass(text: str) -> None:
    assert not grammars.not_a_uri_template(text)


@pytest.mark.parametrize("text", NO_TEMPLATES)
def test_what_rfc_6570_does_not_write_is_no_template(text: str) -> None:
    assert grammars.not_a_uri_template(text)


def pieces(*parts: str) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(parts), max_size=8).map("".join)


def says(name: str, text: str) -> bool:
    return bool(jsonschema_rs.Draft202012Validator({"format": name}, validate_formats=True).is_valid(text))


@given(pieces(*"a1Z:/?#[]@%é -_+{|\\'*,~\"^", "//", "%41", "%4", "::1", "v1.a", "host", "http:", "80"))
def test_another_implementation_reads_the_same_texts_as_uris(text: str) -> None:
    assert says("uri", text) == (not grammars.not_a_uri(text))


@given(
    pieces(
        *"a_.{}% '\"<^é:/|", "b1", "{a}", "{+a}", "{?a,b}", "{a*}", "{a:3}", "{a:0}", "{a-b}", "{,a}", "%41", "{a.b}"
    )
)
def test_another_implementation_reads_the_same_texts_as_templates(text: str) -> None:
    assert says("uri-template", text) == (not grammars.not_a_uri_template(text))


MIME_TYPES = [
    "text/plain", "IMAGE/PNG", "image/svg+xml", "application/vnd.a.b+json", "x-a/x-b", "inode/directory", "a/b",
    "text/plain; charset=utf-8", "text/plain;charset=utf-8;", 'text/x;a="b;c\\"d"', "text/html;profile=mcp-app",
    "text/plain ; a=b", "image/jpg", "a/" + "b" * 127,
]  # fmt: skip
NO_MIME_TYPES = [
    "", "png", "image/", "/png", "image//png", "image/png/x", "image/*", "*/*", "image png", "image/p ng", "é/a",
    ".png", "text/plain; charset", "text/plain; =x", "text/plain; a=b c", 'a/b; c="d', "a/b\n", " a/b",
    "a/" + "b" * 128,
]  # fmt: skip


@pytest.mark.parametrize("text", MIME_TYPES)
def test_mime_types_with_and_without_parameters_pass(text: str) -> None:
    assert not grammars.not_a_mime_type(text)


@pytest.mark.parametrize("text", NO_MIME_TYPES)
def test_what_is_no_mime_type_is_told(text: str) -> None:
    assert grammars.not_a_mime_type(text)


TIMES = ["2025-01-31T15:00:00Z", "2025-01-31t15:00:00.123456789z", "2025-01-31T15:00:00+05:30", "2024-02-29T23:59:60Z"]
ODD_TIMES = [
    "2025-01-31 15:00:00Z", "2025-01-31", "20250131T150000Z", "2025-01-31T15:00:00", "2025-031", "2025-W05-5",
    "2025-01-31T15:00Z", "2025-01-31T15Z", "2025-01-31T15:00:00,5Z", "2025-01-31T24:00:00Z", "2025", "2025-01",
    "2025-01-31T15:00:00+01", "0000-02-29",
]  # fmt: skip
NO_TIMES = [
    "", "now", "1738335600", "31.01.2025", "01/31/2025", "2025-13-01", "2025-02-30T00:00:00Z", "2025-366",
    "2025-W54", "2025-01-31T25:00:00Z", "2025-01-31T12:60:00Z", "2025-01-31T24:00:01Z", "2025-01-31T12:00:00+25:00",
    "2025-1-1", "Fri, 31 Jan 2025 15:00:00 GMT", "2025-01-31T15:00:00 UTC", "２０２５-01-31", "2025-01-31T15:00:00Z\n",
]  # fmt: skip


@pytest.mark.parametrize("text", TIMES + ODD_TIMES)
def test_times_in_every_form_of_iso_8601_pass(text: str) -> None:
    assert not grammars.not_a_time(text)
    assert bool(grammars.odd_time(text)) == (text in ODD_TIMES)


@pytest.mark.parametrize("text", NO_TIMES)
def test_what_iso_8601_does_not_write_is_no_time(text: str) -> None:
    assert grammars.not_a_time(text)


OFFSETS = st.integers(-1439, 1439).map(lambda minutes: datetime.timezone(datetime.timedelta(minutes=minutes)))


@given(st.datetimes(timezones=OFFSETS), st.sampled_from(["auto", "seconds", "minutes"]))
def test_what_the_standard_library_writes_is_a_time(when: datetime.datetime, precision: str) -> None:
    assert not grammars.not_a_time(when.isoformat(timespec=precision))
    assert not grammars.not_a_time(when.replace(tzinfo=None).isoformat())


@given(st.from_regex(r"[12][0-9]{3}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-5][0-9]", fullmatch=True))
def test_what_the_standard_library_refuses_is_no_time(text: str) -> None:
    try:
        datetime.datetime.fromisoformat(text)
        right = True
    except ValueError:
        right = False
    assert (not grammars.not_a_time(text)) == right or "T24:00:00" in text  # which newer libraries know too


TRACE = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"


@pytest.mark.parametrize(("grammar", "text", "right"), [
    (trace_context.not_a_traceparent, TRACE, True),
    (trace_context.not_a_traceparent, TRACE.replace("00-", "cc-", 1) + "-what-the-future-will-be-like", True),
    (trace_context.not_a_traceparent, TRACE + "-01", False),
    (trace_context.not_a_traceparent, TRACE.upper(), False),
    (trace_context.not_a_traceparent, TRACE.replace("00-", "ff-", 1), False),
    (trace_context.not_a_traceparent, f"00-{'0' * 32}-00f067aa0ba902b7-01", False),
    (trace_context.not_a_traceparent, f"00-0af7651916cd43dd8448eb211c80319c-{'0' * 16}-01", False),
    (trace_context.not_a_traceparent, "", False),
    (trace_context.not_a_tracestate, "", True),
    (trace_context.not_a_tracestate, "rojo=00f067aa0ba902b7 , congo=t61rcWkgMzE,,1a-2*/@b=x y", True),
    (trace_context.not_a_tracestate, ",".join(f"a{n}=b" for n in range(32)), True),
    (trace_context.not_a_tracestate, ",".join(f"a{n}=b" for n in range(33)), False),
    (trace_context.not_a_tracestate, "a=b,a=c", False),
    (trace_context.not_a_tracestate, "A=b", False),
    (trace_context.not_a_tracestate, "a=b=c", False),
    (trace_context.not_a_tracestate, "a=", False),
    (trace_context.not_a_tracestate, "a", False),
    (trace_context.not_a_baggage, "userId=Am%C3%A9lie,serverNode=DF:28 , isProduction=false;ttl=1; secret", True),
    (trace_context.not_a_baggage, "a=", True),
    (trace_context.not_a_baggage, "a=b=c", True),
    (trace_context.not_a_baggage, "", False),
    (trace_context.not_a_baggage, "a", False),
    (trace_context.not_a_baggage, "a=b,", False),
    (trace_context.not_a_baggage, "a=é", False),
    (trace_context.not_a_baggage, 'a="b"', False),
    (trace_context.not_a_baggage, "a b=c", False),
    (trace_context.not_a_baggage, "a=b;c d", False),
    (trace_context.not_a_baggage, ",".join(["a=b"] * 181), False),
])  # fmt: skip
def test_trace_context_and_baggage_are_read_as_the_w3c_writes_them(grammar: Any, text: str, right: bool) -> None:
    assert (not grammar(text)) == right


@pytest.mark.parametrize("grammar", [
    grammars.not_base64, grammars.odd_base64, grammars.not_a_uri, grammars.not_a_url, grammars.not_a_uri_template,
    grammars.not_a_mime_type, grammars.not_a_time, trace_context.not_a_traceparent, trace_context.not_a_tracestate,
    trace_context.not_a_baggage,
])  # fmt: skip
@pytest.mark.parametrize(
    "piece", ["A", "a-", "=", "%41", "{a,", "a.", "a/b;", " ", ";\t", 'a/b; a="\\', "a=b,", "-", "x://", "0"]
)
def test_a_text_of_a_megabyte_is_decided_on(grammar: Any, piece: str) -> None:
    assert isinstance(grammar(piece * (1_000_000 // len(piece))), str)
    assert isinstance(grammar("a/b" + piece * (1_000_000 // len(piece)) + "\x00"), str)


# ---------------------------------------------------------------------------------------------------------------- rules


def flaws(revision: str, definition: str, value: Any) -> list[tuple[str, str]]:
    return [(flaw.requirement, flaw.at) for flaw in text_rules.text_flaws(revision, definition, value)]


def looked(revision: str, definition: str, value: Any) -> set[str]:
    return {requirement for _, requirement in text_rules.judge(revision, definition, value).looked}


def hints(revision: str, definition: str, value: Any) -> set[str]:
    return {at for at, _ in text_rules.text_hints(revision, definition, value)}


def image(data: str, mime_type: str = "image/png") -> dict[str, Any]:
    return {"type": "image", "data": data, "mimeType": mime_type}


def prompt(content: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": content}], "resultType": "complete"}


def embedded(**resource: Any) -> dict[str, Any]:
    return {"type": "resource", "resource": {"uri": "a:b", "mimeType": "text/plain", **resource}}


def called(*content: Any) -> dict[str, Any]:
    return {"content": list(content), "resultType": "complete"}


def listed(member: str, *items: Any) -> dict[str, Any]:
    return {member: list(items), "resultType": "complete", "ttlMs": 0, "cacheScope": "public"}


def request(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def tool(**members: Any) -> dict[str, Any]:
    return listed("tools", {"name": "t", "inputSchema": {"type": "object"}, **members})


def meta(**entries: Any) -> dict[str, Any]:
    return {**called(), "_meta": entries}


def key(name: str) -> dict[str, Any]:
    return {**called(), "_meta": {name: 1}}


def sampling(*messages: Any, **params: Any) -> dict[str, Any]:
    return request("sampling/createMessage", messages=list(messages), maxTokens=1, **params)


def said(role: str, *blocks: Any) -> dict[str, Any]:
    return {"role": role, "content": blocks[0] if len(blocks) == 1 else list(blocks)}


def use(name: str) -> dict[str, Any]:
    return {"type": "tool_use", "id": name, "name": "t", "input": {}}


def used(name: str) -> dict[str, Any]:
    return {"type": "tool_result", "toolUseId": name, "content": []}


TEXT = {"type": "text", "text": "a"}


def form(**properties: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties}
    return request("elicitation/create", message="m", mode="form", requestedSchema=schema)


def link(url: str) -> dict[str, Any]:
    return request("elicitation/create", message="m", mode="url", url=url, elicitationId="e")


def annotated(schema: Any) -> dict[str, Any]:
    return tool(inputSchema={"type": "object", **schema})


def properties(**schemas: Any) -> dict[str, Any]:
    return annotated({"properties": schemas})


def task(**members: Any) -> dict[str, Any]:
    times = {"createdAt": "2025-01-31T15:00:00Z", "lastUpdatedAt": "2025-01-31T15:00:00Z"}
    return {"taskId": "1", "status": "working", "ttl": None, **times, **members}


def failure(code: int) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": "no"}}


ALL, SINCE_SECOND, SINCE_THIRD, SINCE_FOURTH = DATES, DATES[1:], DATES[2:], DATES[3:]
UP_TO_SECOND, NEWEST = DATES[:2], (FIFTH,)
RELATED = "io.modelcontextprotocol/related-task"
IN_META = "/result/_meta"
H = "x-mcp-header"

# The revisions; the type and the value; what is found, where. In all other revisions that have the type, nothing is.
WRONG: list[tuple[tuple[str, ...], str, Any, str, str]] = [
    (ALL, "GetPromptResult", prompt(image("?")), "prompts.image-base64", "/messages/0/content/data"),
    (SINCE_SECOND, "GetPromptResult", prompt({"type": "audio", "data": "?", "mimeType": "audio/wav"}),
     "prompts.audio-base64", "/messages/0/content/data"),
    (ALL, "GetPromptResult", prompt(embedded(blob="?")), "prompts.embedded-content",
     "/messages/0/content/resource/blob"),
    (ALL, "GetPromptResult", prompt(image("", "png")), "prompts.image-mime", "/messages/0/content/mimeType"),
    (SINCE_SECOND, "GetPromptResult", prompt({"type": "audio", "data": "", "mimeType": "wav"}), "prompts.audio-mime",
     "/messages/0/content/mimeType"),
    (ALL, "GetPromptResult", prompt(embedded(text="", mimeType="text")), "prompts.embedded-mime",
     "/messages/0/content/resource/mimeType"),
    (ALL, "GetPromptResult", prompt(embedded(text="", uri="a b")), "prompts.embedded-uri",
     "/messages/0/content/resource/uri"),
    (SINCE_THIRD, "GetPromptResult", prompt({"type": "resource_link", "name": "n", "uri": "a b"}),
     "schema.GetPromptResult", "/messages/0/content/uri"),
    (ALL, "ReadResourceResult", listed("contents", {"uri": "a:b", "blob": "?"}), "resources.binary-encoded",
     "/contents/0/blob"),
    (UP_TO_SECOND, "ReadResourceResult", listed("contents", {"uri": "a_b:c", "text": ""}), "schema.ReadResourceResult",
     "/contents/0/uri"),
    (SINCE_THIRD, "ReadResourceResult", listed("contents", {"uri": "a_b:c", "text": ""}),
     "resources.custom-scheme-rfc3986", "/contents/0/uri"),
    (SINCE_THIRD, "ListResourcesResult", listed("resources", {"uri": "a:b c", "name": "n"}),
     "resources.custom-scheme-rfc3986", "/resources/0/uri"),
    (ALL, "ListResourcesResult", listed("resources", {"uri": "file:///b c", "name": "n"}), "schema.ListResourcesResult",
     "/resources/0/uri"),
    (ALL, "ListResourcesResult", listed("resources", {"uri": "/b", "name": "n"}), "schema.ListResourcesResult",
     "/resources/0/uri"),
    (ALL, "ResourceUpdatedNotification", {"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": {
        "uri": "b", "_meta": {"io.modelcontextprotocol/subscriptionId": 1}}},
     "schema.ResourceUpdatedNotification", "/params/uri"),
    (ALL, "ListResourceTemplatesResult", listed("resourceTemplates", {"uriTemplate": "a:{b-c}", "name": "n"}),
     "schema.ListResourceTemplatesResult", "/resourceTemplates/0/uriTemplate"),
    (SINCE_THIRD, "ListResourceTemplatesResult", listed("resourceTemplates", {"uriTemplate": "a_b:{c}", "name": "n"}),
     "resources.custom-scheme-rfc3986", "/resourceTemplates/0/uriTemplate"),
    (ALL, "CallToolResult", called(image("?")), "schema.CallToolResult", "/content/0/data"),
    (ALL, "CallToolResult", called(embedded(text="", uri="é:a")), "schema.CallToolResult", "/content/0/resource/uri"),
    (SINCE_THIRD, "CallToolResult", called({"type": "resource_link", "name": "n", "uri": "a"}), "schema.CallToolResult",
     "/content/0/uri"),
    (ALL, "CreateMessageRequest", sampling(said("user", image("?"))), "schema.CreateMessageRequest",
     "/params/messages/0/content/data"),
    (SINCE_FOURTH, "ListToolsResult", tool(icons=[{"src": "icon.png"}]), "schema.ListToolsResult",
     "/tools/0/icons/0/src"),
    (SINCE_FOURTH, "ListPromptsResult", listed("prompts", {"name": "n", "icons": [{"src": "x y"}]}),
     "schema.ListPromptsResult", "/prompts/0/icons/0/src"),
    (SINCE_FOURTH, "ListResourcesResult", listed("resources", {"uri": "a:b", "name": "n", "icons": [{"src": "x"}]}),
     "schema.ListResourcesResult", "/resources/0/icons/0/src"),
    ((FOURTH,), "InitializeResult", {"protocolVersion": FOURTH, "capabilities": {}, "serverInfo": {
        "name": "n", "version": "1", "websiteUrl": "example.com"}},
     "schema.InitializeResult", "/serverInfo/websiteUrl"),
    (SINCE_THIRD, "CallToolResult", key("/a"), "meta.prefix-format", "/_meta/~1a"),
    (SINCE_THIRD, "CallToolResult", key("a..b/c"), "meta.prefix-format", "/_meta/a..b~1c"),
    (SINCE_THIRD, "CallToolResult", key("1a/b"), "meta.label-format", "/_meta/1a~1b"),
    (SINCE_THIRD, "CallToolResult", key("a-/b"), "meta.label-format", "/_meta/a-~1b"),
    (SINCE_THIRD, "CallToolResult", key("my_org/b"), "meta.label-format", "/_meta/my_org~1b"),
    (SINCE_THIRD, "CallToolResult", key("https://a.example/b"), "meta.label-format", "/_meta/https:~1~1a.example~1b"),
    (SINCE_THIRD, "CallToolResult", key("_a"), "meta.name-format", "/_meta/_a"),
    (SINCE_THIRD, "CallToolResult", key("com.example/a-"), "meta.name-format", "/_meta/com.example~1a-"),
    (SINCE_THIRD, "CallToolResult", key("é"), "meta.name-format", "/_meta/é"),
    ((THIRD,), "CallToolResult", key("mcp.dev/a"), "meta.reserved-prefix", "/_meta/mcp.dev~1a"),
    (SINCE_THIRD, "CallToolResult", key("com.mcp.tools/a"), "meta.reserved-prefix", "/_meta/com.mcp.tools~1a"),
    (SINCE_FOURTH, "CallToolResult", key("dev.mcp/a"), "meta.reserved-prefix", "/_meta/dev.mcp~1a"),
    ((THIRD,), "CallToolResult", key("com.example.mcp.x/a"), "meta.reserved-prefix", "/_meta/com.example.mcp.x~1a"),
    (SINCE_THIRD, "ListToolsResult", tool(_meta={"_a": 1}), "meta.name-format", "/tools/0/_meta/_a"),
    (NEWEST, "CallToolResult", meta(traceparent="1"), "meta.trace-context-format", "/_meta/traceparent"),
    (NEWEST, "CallToolResult", meta(tracestate=1), "meta.trace-context-format", "/_meta/tracestate"),
    (NEWEST, "CallToolResult", meta(baggage="a"), "meta.baggage-format", "/_meta/baggage"),
    (NEWEST, "DiscoverResult", {"capabilities": {"extensions": {"tasks": {}}}}, "versioning.extension-id-format",
     "/capabilities/extensions/tasks"),
    (NEWEST, "DiscoverResult", {"capabilities": {"extensions": {"a_b/c": {}}}}, "versioning.extension-id-format",
     "/capabilities/extensions/a_b~1c"),
    (SINCE_FOURTH, "ListToolsResult", tool(name=""), "tools.name-length", "/tools/0/name"),
    (SINCE_FOURTH, "ListToolsResult", tool(name="a" * 129), "tools.name-length", "/tools/0/name"),
    (SINCE_FOURTH, "ListToolsResult", tool(name="a/b"), "tools.name-characters", "/tools/0/name"),
    (SINCE_FOURTH, "ListToolsResult", tool(name="a\n"), "tools.name-no-special", "/tools/0/name"),
    (NEWEST, "ListToolsResult", properties(a={"type": "string", H: ""}), "http.x-mcp-header-not-empty",
     f"/tools/0/inputSchema/properties/a/{H}"),
    (NEWEST, "ListToolsResult", properties(a={"type": "string", H: "a b"}), "http.x-mcp-header-token-syntax",
     f"/tools/0/inputSchema/properties/a/{H}"),
    (NEWEST, "ListToolsResult", properties(a={"type": "string", H: True}), "http.x-mcp-header-token-syntax",
     f"/tools/0/inputSchema/properties/a/{H}"),
    (NEWEST, "ListToolsResult", properties(a={"type": "string", H: "a\r"}), "http.x-mcp-header-no-control-chars",
     f"/tools/0/inputSchema/properties/a/{H}"),
    (NEWEST, "ListToolsResult", properties(a={"type": "string", H: "A"}, b={"type": "string", H: "a"}),
     "http.x-mcp-header-unique", f"/tools/0/inputSchema/properties/a/{H}"),
    (NEWEST, "ListToolsResult", properties(a={"type": "number", H: "a"}), "http.x-mcp-header-primitive-types",
     f"/tools/0/inputSchema/properties/a/{H}"),
    (NEWEST, "ListToolsResult", properties(a={"properties": {"b": {"type": ["string", "array"], H: "b"}}}),
     "http.x-mcp-header-primitive-types", f"/tools/0/inputSchema/properties/a/properties/b/{H}"),
    (NEWEST, "ListToolsResult", annotated({H: "a"}), "http.x-mcp-header-reachable", f"/tools/0/inputSchema/{H}"),
    (NEWEST, "ListToolsResult", annotated({"$defs": {"a": {"type": "string", H: "a"}}}), "http.x-mcp-header-reachable",
     f"/tools/0/inputSchema/$defs/a/{H}"),
    (NEWEST, "ListToolsResult", annotated({"anyOf": [{"properties": {"a": {"type": "string", H: "a"}}}]}),
     "http.x-mcp-header-no-indirect-path", f"/tools/0/inputSchema/anyOf/0/properties/a/{H}"),
    (NEWEST, "ListToolsResult", properties(a={"type": "array", "items": {"type": "string", H: "a"}}),
     "http.x-mcp-header-no-indirect-path", f"/tools/0/inputSchema/properties/a/items/{H}"),
    (NEWEST, "CallToolResult", called(), "meta.server-info", "/_meta"),
    (NEWEST, "DiscoverResult", {}, "discover.server-info", "/_meta"),
    (NEWEST, "InputRequiredResult", {"resultType": "input_required"}, "mrtr.result-has-input-or-state", ""),
    (NEWEST, "ToolListChangedNotification", {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"},
     "subscriptions.id-on-notifications", "/params/_meta"),
    (NEWEST, "SubscriptionsAcknowledgedNotification", {"params": {"_meta": {}}}, "subscriptions.ack-carries-id",
     "/params/_meta"),
    (NEWEST, "JSONRPCErrorResponse", failure(-32050), "jsonrpc.error-reserved-range-defined-only", "/error/code"),
    (NEWEST, "JSONRPCErrorResponse", failure(-32002), "jsonrpc.error-no-resource-not-found-code", "/error/code"),
    (NEWEST, "JSONRPCErrorResponse", failure(-32042), "jsonrpc.error-no-url-elicitation-code", "/error/code"),
    (NEWEST, "JSONRPCErrorResponse", failure(-32500), "jsonrpc.error-custom-codes-outside-reserved", "/error/code"),
    (SINCE_THIRD, "ElicitRequest", form(a={"type": "object"}), "elicitation.flat-schema",
     "/params/requestedSchema/properties/a"),
    (SINCE_THIRD, "ElicitRequest", form(a={"type": "array", "items": {"type": "object"}}), "elicitation.flat-schema",
     "/params/requestedSchema/properties/a"),
    ((THIRD,), "ElicitRequest", form(a={"type": "array", "items": {"type": "string", "enum": ["a"]}}),
     "elicitation.flat-schema", "/params/requestedSchema/properties/a"),
    (SINCE_FOURTH, "ElicitRequest", link("example.com"), "elicitation.url-valid", "/params/url"),
    ((FOURTH,), "URLElicitationRequiredError", {"jsonrpc": "2.0", "id": 1, "error": {
        "code": -32042, "message": "m", "data": {"elicitations": [
            {"mode": "url", "message": "m", "elicitationId": "e", "url": "https://"}]}}},
     "elicitation.url-valid", "/error/data/elicitations/0/url"),
    (SINCE_FOURTH, "CreateMessageRequest", sampling(said("assistant", use("a")), said("user", used("a"), TEXT)),
     "sampling.tool-results-alone", "/params/messages/1/content"),
    (SINCE_FOURTH, "CreateMessageRequest", sampling(said("assistant", use("a"), use("b")), said("user", used("a"))),
     "sampling.tool-use-balanced", "/params/messages/0/content"),
    (SINCE_FOURTH, "CreateMessageRequest", sampling(said("assistant", use("a"))), "sampling.tool-use-balanced",
     "/params/messages/0/content"),
    (SINCE_FOURTH, "CreateMessageRequest", sampling(said("assistant", use("a")), said("assistant", TEXT)),
     "sampling.tool-use-balanced", "/params/messages/0/content"),
    (NEWEST, "CreateMessageRequest", sampling(said("assistant", use("a"))), "sampling.reply-to-tool-use",
     "/params/messages/0/content"),
    (SINCE_FOURTH, "CreateMessageRequest", sampling(said("user", used("a"))), "sampling.tool-result-id",
     "/params/messages/0/content/toolUseId"),
    (SINCE_FOURTH, "CreateMessageRequest", sampling(includeContext="allServers"), "sampling.avoid-context-values",
     "/params/includeContext"),
    ((FOURTH,), "GetTaskResult", task(createdAt="yesterday"), "tasks.created-at", "/createdAt"),
    ((FOURTH,), "ListTasksResult", {"tasks": [task(lastUpdatedAt="1738335600")]}, "tasks.last-updated-at",
     "/tasks/0/lastUpdatedAt"),
    ((FOURTH,), "GetTaskResult", task(_meta={RELATED: {"taskId": "1"}}), "tasks.receiver-omits-related",
     f"/_meta/{RELATED.replace('/', '~1')}"),
    ((FOURTH,), "TaskStatusNotification", {"jsonrpc": "2.0", "method": "notifications/tasks/status",
                                           "params": task(_meta={RELATED: {"taskId": "1"}})},
     "tasks.status-omits-related", f"/params/_meta/{RELATED.replace('/', '~1')}"),
    ((FOURTH,), "GetTaskPayloadResult", called(TEXT), "tasks.result-has-related", "/_meta"),
    ((FOURTH, TASKS), "GetTaskResult", task(status="failed"), "tasks.failed-status-message", "/statusMessage"),
]  # fmt: skip


@pytest.mark.parametrize(("revisions", "definition", "value", "requirement", "at"), WRONG,
                         ids=[f"{row[3]}-{number}" for number, row in enumerate(WRONG)])  # fmt: skip
def test_what_is_wrong_is_found_in_the_revisions_that_forbid_it(
    revisions: tuple[str, ...], definition: str, value: Any, requirement: str, at: str
) -> None:
    before = json.dumps(value)
    for revision in (*DATES, TASKS):
        try:
            found = flaws(revision, definition, value)
        except LookupError:  # the revision has no such type
            assert revision not in revisions
            continue
        assert ((requirement, at) in found) == (revision in revisions), revision
        assert requirement not in {name for name, _ in found} or requirement in looked(revision, definition, value)
        edition_of = {TASKS: (TASKS, FIFTH)}.get(revision, (revision,))
        assert all(any(catalogue().get(edition, name) for edition in edition_of) for name, _ in found)
    assert json.dumps(value) == before


def test_every_requirement_that_a_rule_names_is_in_the_table() -> None:
    shown = {(revision, row[3]) for row in WRONG for revision in row[0]}
    named = {requirement for rule in text_rules.RULES for requirement in rule.requirements}
    assert named - {requirement for _, requirement in shown} == {
        # Links of other results, which are all looked at alike.
        "schema.DiscoverResult", "schema.InputRequiredResult",
    }  # fmt: skip


RIGHT: list[tuple[str, Any]] = [
    ("GetPromptResult", prompt(image("AA"))),
    ("GetPromptResult", prompt(image("", "application/octet-stream"))),
    ("GetPromptResult", prompt(embedded(blob="AA-_"))),
    ("GetPromptResult", prompt({"type": "resource", "resource": {"uri": "urn:x", "text": ""}})),
    ("CallToolResult", called(embedded(text="", uri="urn:x", mimeType="?"))),
    ("CallToolResult", {**called(), "structuredContent": {"_meta": {"_": 1}, "uri": " ", "data": "?"}}),
    ("ListResourcesResult", listed("resources", {"uri": "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66", "name": ""})),
    ("ListResourcesResult", {**listed("resources"), "nextCursor": ""}),
    ("ListResourcesResult", listed("resources", {"uri": "https://[::1]/", "name": "漢字", "mimeType": "no type",
                                                 "annotations": {"lastModified": "yesterday"}})),
    ("ListResourceTemplatesResult", listed(
        "resourceTemplates", {"uriTemplate": "x://{a}{/b*}{?c,d}{&e}{#f:3}", "name": "n"})),
    ("ListResourceTemplatesResult", listed("resourceTemplates", {"uriTemplate": "{+uri}", "name": "n"})),
    ("CallToolResult", key("a")),
    ("CallToolResult", key("com.example/")),
    ("CallToolResult", key("")),
    ("CallToolResult", key("com.example/a.b_c-d")),
    ("CallToolResult", key("com.example/a b")),
    ("CallToolResult", key("com.example/a/b")),
    ("CallToolResult", key("openai/outputTemplate")),
    ("CallToolResult", key("mcp/a")),
    ("CallToolResult", key("dé.x/a")),
    ("CallToolResult", key("io.modelcontextprotocol/related-task")),
    ("CallToolResult", key("io.modelcontextprotocol/of-the-future")),
    ("CallToolResult", key("example.com/a")),
    ("CallToolResult", meta(traceparent=TRACE, tracestate="a=b", baggage="a=b", progressToken=1)),
    ("ListToolsResult", tool(name="A.b_C-9", title="a/b", _meta={})),
    ("ListToolsResult", properties(**{
        "a": {"type": "string", H: "A"}, "b": {"type": ["integer", "null"], H: "B"}, H: {"type": "string"},
        "c": {"enum": ["x"], H: "C"}, "d": {"type": "object", "properties": {"e": {"type": "boolean", H: "!#"}}},
        "f": {"default": {H: ""}, "const": {H: ""}, "examples": [{H: ""}]}})),
    ("ElicitRequest", form(a={"type": "string"}, b={"type": "number"}, c={"type": "string", "enum": ["properties"]})),
    ("ElicitRequest", form()),
    ("ElicitRequest", link("http://example.com/?a=b%20c#d")),
    ("CreateMessageRequest", sampling(
        said("assistant", use("a"), TEXT, use("b")), said("user", used("b"), used("a")), said("user", TEXT))),
    ("CreateMessageRequest", sampling(said("user", TEXT), includeContext="none")),
    ("JSONRPCErrorResponse", failure(-32602)),
    ("JSONRPCErrorResponse", failure(-32022)),
    ("JSONRPCErrorResponse", failure(-32001)),
    ("JSONRPCErrorResponse", failure(1)),
    ("InputRequiredResult", {"resultType": "input_required", "requestState": ""}),
    ("GetTaskResult", task(createdAt="2025-01-31", lastUpdatedAt="2025-W05")),
    ("GetTaskResult", task(status="failed", statusMessage="out of order")),
    ("GetTaskPayloadResult", {**called(TEXT), "_meta": {RELATED: {"taskId": "1"}}}),
    ("DiscoverResult", {"capabilities": {"extensions": {"io.modelcontextprotocol/ui": {}, "com.example/": {}}}}),
]  # fmt: skip


@pytest.mark.parametrize(("definition", "value"), RIGHT, ids=[f"{row[0]}-{number}" for number, row in enumerate(RIGHT)])
def test_unusual_but_right_values_are_let_be(definition: str, value: Any) -> None:
    seen = False
    for revision in DATES:
        try:
            found = flaws(revision, definition, value)
        except LookupError:
            continue
        seen = True
        assert not [one for one in found if not one[0].endswith(".server-info")], revision
    assert seen


HINTS: list[tuple[str, str, Any, str]] = [
    (FOURTH, "ListToolsResult", {**listed("tools"), "nextCursor": ""}, "/nextCursor"),
    (THIRD, "CallToolResult", called(image("AA", "png")), "/content/0/mimeType"),
    (THIRD, "CallToolResult", called(image("AA", "image/png")), "/content/0/data"),
    (THIRD, "CallToolResult", called(image("AA==", "text/plain")), "/content/0/mimeType"),
    (FIRST, "GetPromptResult", prompt({"type": "resource", "resource": {"uri": "a:b", "text": ""}}),
     "/messages/0/content/resource/mimeType"),
    (FOURTH, "ListResourcesResult", listed("resources", {"uri": "c:/a", "name": "n"}), "/resources/0/uri"),
    (THIRD, "ListResourcesResult", listed("resources", {"uri": "a:b", "name": "n", "annotations": {
        "lastModified": "yesterday"}}), "/resources/0/annotations/lastModified"),
    (THIRD, "ListResourceTemplatesResult", listed("resourceTemplates", {"uriTemplate": "/{a}", "name": "n"}),
     "/resourceTemplates/0/uriTemplate"),
    (THIRD, "ListResourceTemplatesResult", listed("resourceTemplates", {"uriTemplate": "a:{=b}", "name": "n"}),
     "/resourceTemplates/0/uriTemplate"),
    (FOURTH, "ListToolsResult", tool(icons=[{"src": "file:///a.png"}]), "/tools/0/icons/0/src"),
    (FOURTH, "ListToolsResult", tool(icons=[{"src": "data:,", "sizes": ["48"]}]), "/tools/0/icons/0/sizes/0"),
    (THIRD, "CallToolResult", key("com.example/a b"), "/_meta/com.example~1a b"),
    (FOURTH, "CallToolResult", key("example.com/a"), "/_meta/example.com~1a"),
    (FOURTH, "CallToolResult", key("io.modelcontextprotocol/x"), "/_meta/io.modelcontextprotocol~1x"),
    (FIFTH, "ListToolsResult", properties(api_key={"type": "string", H: "A"}),
     "/tools/0/inputSchema/properties/api_key"),
    (FOURTH, "ElicitRequest", form(password={"type": "string"}), "/params/requestedSchema/properties/password"),
    (FOURTH, "ElicitRequest", form(a={"type": "string", "description": "see https://example.com"}),
     "/params/requestedSchema/properties/a/description"),
    (FOURTH, "ElicitRequest", link("http://example.com"), "/params/url"),
    (FOURTH, "ElicitRequest", link("file:///a"), "/params/url"),
    (FIRST, "JSONRPCError", {"error": {"code": 1, "message": "Traceback\n  line 1"}}, "/error/message"),
    (FIFTH, "JSONRPCErrorResponse", failure(-32001), "/error/code"),
    (FIFTH, "InputRequiredResult", {"resultType": "input_required", "requestState": "", "ttlMs": 0}, "/ttlMs"),
    (FOURTH, "GetTaskResult", task(createdAt="2025-01-31"), "/createdAt"),
    (FOURTH, "GetTaskResult", task(lastUpdatedAt="2025-01-30T15:00:00Z"), "/lastUpdatedAt"),
    (FOURTH, "CreateTaskResult", {"task": task(status="completed")}, "/task/status"),
]  # fmt: skip


@pytest.mark.parametrize(("revision", "definition", "value", "at"), HINTS,
                         ids=[f"{row[3]}-{number}" for number, row in enumerate(HINTS)])  # fmt: skip
def test_what_looks_wrong_gets_a_hint(revision: str, definition: str, value: Any, at: str) -> None:
    assert at in hints(revision, definition, value)


@pytest.mark.parametrize("url", ["http://localhost/", "http://127.0.0.1:80/", "http://[::1]/", "https://example.com"])
def test_addresses_for_development_get_no_hint(url: str) -> None:
    assert not hints(FOURTH, "ElicitRequest", link(url))


# --------------------------------------------------------------------------------------------------- what was looked at


def test_only_what_is_there_was_looked_at() -> None:
    assert looked(FOURTH, "CallToolResult", called(TEXT)) == set()
    assert looked(FOURTH, "CallToolResult", called(image("AAAA"))) == {"schema.CallToolResult"}
    assert looked(FOURTH, "CallToolResult", key("a")) == {"meta.name-format"}
    assert looked(FOURTH, "CallToolResult", key("com.example/a")) == {
        "meta.name-format", "meta.prefix-format", "meta.label-format", "meta.reserved-prefix",
    }  # fmt: skip
    assert looked(FIRST, "CallToolResult", key("com.example/a")) == set()
    assert looked(FOURTH, "GetPromptResult", prompt(image("AAAA"))) == {"prompts.image-base64", "prompts.image-mime"}


def test_looks_are_counted_by_rule() -> None:
    found = text_rules.judge(FOURTH, "ListToolsResult", listed("tools", *tool()["tools"] * 3)).looked
    assert found["tools.names.length", "tools.name-length"] == 3


@pytest.mark.parametrize("value", [None, [], "x", {"content": 3}, {"content": [None, {"type": "image", "data": 3}]},
                                   {"_meta": []}, {"content": [{"type": "resource", "resource": None}]}])  # fmt: skip
def test_values_of_wrong_types_are_left_to_the_schema(value: Any) -> None:
    for revision in DATES[:4]:
        assert not flaws(revision, "CallToolResult", value)


MEMBERS = [
    "tools", "name", "inputSchema", "_meta", "properties", "items", "params", "messages", "content", "type", "role",
    "requestedSchema", "url", "error", "code", "data", "extensions", "capabilities", "taskId", "status", H,
]  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
KEYS = st.sampled_from(MEMBERS) | st.text(max_size=2)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4))
TYPES = [
    (FIFTH, "ListToolsResult"), (FIFTH, "DiscoverResult"), (FOURTH, "CreateMessageRequest"), (THIRD, "ElicitRequest"),
    (FOURTH, "GetTaskResult"), (TASKS, "GetTaskResult"), (FIFTH, "JSONRPCErrorResponse"), (SECOND, "GetPromptResult"),
]  # fmt: skip


@given(VALUES)
def test_whatever_a_server_sends_is_judged_without_trouble(value: Any) -> None:
    for revision, definition in TYPES:
        text_rules.judge(revision, definition, value)


def test_a_server_cannot_make_the_list_of_flaws_long() -> None:
    judged = text_rules.judge(FOURTH, "CallToolResult", {**called(), "_meta": {f"_{n}": n for n in range(1000)}})
    assert len(judged.flaws) == 100
    assert judged.looked["base.metadata.names", "meta.name-format"] == 1000


# --------------------------------------------------------------------------------------------------------- the registry


def test_rules_have_ids_of_their_own_and_name_requirements_that_bind_servers() -> None:
    ids = [rule.id for rule in text_rules.RULES]
    assert len(set(ids)) == len(ids)
    for rule in text_rules.RULES:
        for requirement in rule.requirements:
            editions = catalogue().editions(requirement)
            assert editions, requirement
            for edition in editions:
                entry = catalogue().get(edition, requirement)
                assert entry is not None
                assert entry.binds_servers, (rule.id, requirement)


def test_a_rule_with_something_to_judge_is_a_case() -> None:
    cases = {case.id: case for case in bundled()}
    for rule in text_rules.RULES:
        standing = [name for name in rule.requirements for revision in JUDGED if catalogue().get(revision, name)]
        if standing and rule.id in cases:
            assert cases[rule.id].judges == rule.requirements
            assert cases[rule.id].purpose == rule.purpose.rstrip(".")
        else:
            assert not standing or rule.id.startswith("tasks.")  # the tester makes no tasks yet
            assert rule.id not in cases


def test_remedies_are_sentences_to_follow() -> None:
    for _, definition, value, _, _ in WRONG:
        for revision in DATES:
            try:
                found = text_rules.text_flaws(revision, definition, value)
            except LookupError:
                continue
            assert all(flaw.remedy[0].islower() and not flaw.remedy.endswith(".") for flaw in found)
            assert all(flaw.expected and flaw.got for flaw in found)


def test_labels_may_be_of_any_alphabet() -> None:
    assert metadata._is_label("é1-a")
    assert not metadata._is_label("1é")
