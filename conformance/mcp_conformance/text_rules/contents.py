"""Values that are written in a format: base64, URIs, URI templates, MIME types (server/resources, server/prompts,
server/tools, and the formats `byte`, `uri` and `uri-template` of the schema)."""

import re
from collections.abc import Iterator

from mcp_conformance.text_rules import grammars
from mcp_conformance.text_rules.model import Looked, Odd, Remark, Rule, Said, Spot, Wrong
from mcp_conformance.wire import short

_RESOURCE_LISTS = frozenset(
    {"ListResourcesResult", "ReadResourceResult", "ListResourceTemplatesResult", "ResourceUpdatedNotification"}
)
_EMBEDDED = frozenset({"TextResourceContents", "BlobResourceContents"})
_STANDARD_SCHEMES = frozenset({"http", "https", "file", "git"})  # those that the page on resources names, and http
_DISPLAYED_ICONS = frozenset({"https", "data"})

_WITH_LINKS = (
    "schema.InitializeResult",
    "schema.DiscoverResult",
    "schema.ListToolsResult",
    "schema.CallToolResult",
    "schema.ListResourcesResult",
    "schema.ListResourceTemplatesResult",
    "schema.ListPromptsResult",
    "schema.GetPromptResult",
    "schema.InputRequiredResult",
    "schema.CreateMessageRequest",
)


def _schema(spot: Spot) -> str | None:
    """The requirement under which a format of the schema falls that no page speaks of in this context."""
    return spot.standing(f"schema.{spot.root}")


# base64


def _prompt_base64(spot: Spot) -> Iterator[Said]:
    names = {
        "ImageContent": ("prompts.image-base64", "data"),
        "AudioContent": ("prompts.audio-base64", "data"),
        "BlobResourceContents": ("prompts.embedded-content", "blob"),
    }
    if spot.root == "GetPromptResult":
        for kind in spot.place.types:
            if kind in names:
                name, member = names[kind]
                yield from _base64(spot.standing(name), spot.text(member), member)


def _resource_base64(spot: Spot) -> Iterator[Said]:
    if spot.root == "ReadResourceResult":
        yield from _base64(spot.standing("resources.binary-encoded"), spot.text("blob"), "blob")


def _other_base64(spot: Spot) -> Iterator[Said]:
    if spot.root not in ("GetPromptResult", "ReadResourceResult") and isinstance(spot.value, str):
        yield from _base64(_schema(spot), spot.value)


def _base64(requirement: str | None, text: str | None, *path: str) -> Iterator[Said]:
    if text is None:
        return
    wrong = grammars.not_base64(text)
    if not wrong and (odd := grammars.odd_base64(text)):
        yield Odd(f"base64 that {odd}: not every client decodes that", path)
    if requirement is not None:
        yield Looked(requirement)
        if wrong:
            prefixed = text[:5].lower() == "data:"
            remedy = (
                "leave out what stands before the data: it is base64 alone, and its type stands in mimeType"
                if prefixed
                else "encode the bytes in the standard alphabet of base64, with its padding"
            )
            yield Wrong(requirement, "base64", f"{short(text, 60)}, which {_be(wrong)}", remedy, path)


def _be(words: str) -> str:
    return f"is {words}" if words.startswith(("a ", "an ")) else words


# URIs


def _embedded_uri(spot: Spot) -> Iterator[Said]:
    if spot.root == "GetPromptResult" and not _EMBEDDED.isdisjoint(spot.place.types):
        yield from _uri(spot.standing("prompts.embedded-uri"), spot.text("uri"), "uri")


def _resource_uri(spot: Spot) -> Iterator[Said]:
    if not _names_a_resource(spot) or not isinstance(spot.value, str):
        return
    scheme = grammars.scheme_of(spot.value)
    # The page makes its demand of custom schemes; the formats of the schema hold for all.
    custom = bool(scheme) and scheme not in _STANDARD_SCHEMES
    demand = spot.standing("resources.custom-scheme-rfc3986") if custom else None
    if "uriTemplate" in spot.place.types:
        # A template isn't a URI before it is expanded; but what stands before its colon is a scheme already.
        if demand is not None:
            yield Looked(demand)
            if wrong := grammars.not_a_scheme(scheme):
                yield Wrong(demand, _A_URI, f"{short(spot.value)}, which has a scheme that is none: {wrong}", _SCHEME)
        return
    yield from _uri(demand or _schema(spot), spot.value)
    if re.match(r"[A-Za-z]:[/\\]", spot.value):
        yield Odd(f"{short(spot.value)} looks like a path of Windows: a file's URI begins with file:///")


def _other_uri(spot: Spot) -> Iterator[Said]:
    if not isinstance(spot.value, str) or "ElicitRequestURLParams" in spot.around or _names_a_resource(spot):
        return  # those have rules of their own
    if spot.root == "GetPromptResult" and not _EMBEDDED.isdisjoint(spot.around):
        return
    yield from _uri(_schema(spot), spot.value)


def _names_a_resource(spot: Spot) -> bool:
    return spot.root in _RESOURCE_LISTS and spot.member in ("uri", "uriTemplate")


_A_URI = "a URI with a scheme, as RFC 3986 writes it"
_SCHEME = "begin the scheme with a letter, and use only letters, digits, +, - and . in it"


def _uri(requirement: str | None, text: str | None, *path: str) -> Iterator[Said]:
    if text is None or requirement is None:
        return
    yield Looked(requirement)
    if wrong := grammars.not_a_uri(text):
        remedy = "write the whole URI, from its scheme on, and percent-encode what RFC 3986 doesn't allow in it"
        if grammars.scheme_of(text) and grammars.not_a_scheme(grammars.scheme_of(text)):
            remedy = _SCHEME
        yield Wrong(requirement, _A_URI, f"{short(text)}, which {wrong}", remedy, path)


def _template(spot: Spot) -> Iterator[Said]:
    if not isinstance(spot.value, str) or (requirement := _schema(spot)) is None:
        return
    yield Looked(requirement)
    if wrong := grammars.not_a_uri_template(spot.value):
        yield Wrong(
            requirement,
            "a URI template, as RFC 6570 writes it",
            f"{short(spot.value)}, which {wrong}",
            "name the variables with letters, digits, _ and ., and percent-encode what a URI can't hold",
        )
    elif odd := grammars.odd_uri_template(spot.value):
        yield Odd(f"{short(spot.value)} {odd}: nothing expands it")
    elif not grammars.scheme_of(spot.value) and not spot.value.startswith("{"):
        yield Odd(f"{short(spot.value)} has no scheme: what it expands to is no URI")


# MIME types


def _prompt_mime_type(spot: Spot) -> Iterator[Said]:
    if spot.root != "GetPromptResult" or (text := spot.text("mimeType")) is None:
        return
    names = {"ImageContent": "prompts.image-mime", "AudioContent": "prompts.audio-mime"}
    name = next((names[kind] for kind in spot.place.types if kind in names), "prompts.embedded-mime")
    if (requirement := spot.standing(name)) is not None:
        yield Looked(requirement)
        if wrong := grammars.not_a_mime_type(text):
            yield Wrong(
                requirement,
                "a MIME type",
                f"{short(text)}, which {wrong}",
                "name the type with a / and its subtype, such as image/png",
                ("mimeType",),
            )


def _mime_type_hints(spot: Spot) -> Iterator[Said]:
    text = spot.text("mimeType")
    in_prompt = spot.root == "GetPromptResult" and not _IN_PROMPTS.isdisjoint(spot.place.types)
    if text is None:
        # The page says that embedded resources must have one, the schema that they may: right by one of the two.
        if in_prompt and isinstance(spot.value, dict) and "mimeType" not in spot.value:
            yield Odd("no mimeType: the page on prompts asks for one", ("mimeType",))
        return
    wrong = grammars.not_a_mime_type(text)
    if wrong and not in_prompt:
        yield Odd(f"{short(text)} is no MIME type: it {wrong}", ("mimeType",))
    for kind, expected in (("ImageContent", "image"), ("AudioContent", "audio")):
        if kind in spot.place.types and not wrong and not text.lower().startswith(expected + "/"):
            yield Odd(f"{expected} content of the type {short(text)}", ("mimeType",))


# Icons, cursors, annotations


def _icon_hints(spot: Spot) -> Iterator[Said]:
    source = spot.text("src")
    if source is not None and not grammars.not_a_uri(source) and grammars.scheme_of(source) not in _DISPLAYED_ICONS:
        yield Odd(f"{short(source)} is shown by no careful client: icons come from https: and data: URIs", ("src",))
    sizes = spot.value.get("sizes") if isinstance(spot.value, dict) else None
    for index, size in enumerate(sizes[:20] if isinstance(sizes, list) else []):
        if isinstance(size, str) and not re.fullmatch(r"[0-9]{1,9}x[0-9]{1,9}|any", size):
            yield Odd(f'{short(size)} is no size: those are written "48x48" or "any"', ("sizes", index))


def _cursor_hints(spot: Spot) -> Iterator[Said]:
    if spot.member == "nextCursor" and spot.value == "":
        # Any string is a cursor, this one too; but to many clients it means that there is no more.
        yield Odd("an empty nextCursor is a cursor like any other: leave it out on the last page")


def _annotation_hints(spot: Spot) -> Iterator[Said]:
    text = spot.text("lastModified")
    if text is not None:
        # "Should be" stands in the schema's comment, and no page makes it a demand.
        if wrong := grammars.not_a_time(text):
            yield Odd(f"{short(text)} is no time of ISO 8601: it {wrong}", ("lastModified",))
        elif odd := grammars.odd_time(text):
            yield Odd(f"{short(text)} {odd}: not every client reads that", ("lastModified",))


_IN_PROMPTS = frozenset({"ImageContent", "AudioContent"}) | _EMBEDDED
_URI = frozenset({"uri"})

RULES = (
    Rule(
        "prompts.content.base64",
        "Images, sounds and binary resources in prompts are base64.",
        ("prompts.image-base64", "prompts.audio-base64", "prompts.embedded-content"),
        _IN_PROMPTS,
        _prompt_base64,
        "no prompt holds binary data",
    ),
    Rule(
        "prompts.content.mime-types",
        "The MIME types in prompts are such.",
        ("prompts.image-mime", "prompts.audio-mime", "prompts.embedded-mime"),
        _IN_PROMPTS,
        _prompt_mime_type,
        "no prompt holds an image, a sound or a resource",
    ),
    Rule(
        "prompts.content.uris",
        "Resources embedded in prompts have valid URIs.",
        ("prompts.embedded-uri",),
        _EMBEDDED,
        _embedded_uri,
        "no prompt embeds a resource",
    ),
    Rule(
        "resources.contents.base64",
        "Binary contents of resources are base64.",
        ("resources.binary-encoded",),
        frozenset({"BlobResourceContents"}),
        _resource_base64,
        "no resource that was read is binary",
    ),
    Rule(
        "resources.uris.are-valid",
        "The URIs of resources are URIs, in a scheme that RFC 3986 allows.",
        (
            "resources.custom-scheme-rfc3986",
            "schema.ListResourcesResult",
            "schema.ReadResourceResult",
            "schema.ResourceUpdatedNotification",
        ),
        frozenset({"uri", "uriTemplate"}),
        _resource_uri,
        "no resource was seen",
        cause="rule",  # a resource has the same URI in a list, in its contents and in notifications
    ),
    Rule(
        "resources.templates.are-valid",
        "Templates of resources are URI templates.",
        ("schema.ListResourceTemplatesResult",),
        frozenset({"uriTemplate"}),
        _template,
        "the server lists no templates",
    ),
    Rule(
        "base.values.uris",
        "Where the schema asks for a URI, in links and icons, there is one.",
        _WITH_LINKS,
        _URI,
        _other_uri,
        "no link and no icon was seen",
    ),
    Rule(
        "base.values.base64",
        "Where the schema asks for base64, there is such.",
        ("schema.CallToolResult", "schema.CreateMessageRequest", "schema.InputRequiredResult"),
        frozenset({"base64"}),
        _other_base64,
        "no binary data was seen",
    ),
)

REMARKS = (
    Remark(_IN_PROMPTS | {"Resource", "ResourceTemplate", "ResourceLink", "Icon"}, _mime_type_hints),
    Remark(frozenset({"Icon"}), _icon_hints),
    Remark(frozenset({"Cursor"}), _cursor_hints),
    Remark(frozenset({"Annotations", "annotations"}), _annotation_hints),
)
