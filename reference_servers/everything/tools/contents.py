"""Each type of content that a result can have."""

import json

from reference_servers.engine import JSON, Call, Composed
from reference_servers.everything.resources import TEXTS
from reference_servers.everything.samples import ICONS, META, audio, embedded, image, link, text

from .specimen import specimen

TRACE = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"}
"""A trace context that belongs to no trace anywhere."""


async def simple_text(call: Call) -> list[dict[str, JSON]]:
    return [text("Plain text.")]


async def image_content(call: Call) -> list[dict[str, JSON]]:
    return [image()]


async def audio_content(call: Call) -> list[dict[str, JSON]]:
    return [audio()]


async def embedded_resource(call: Call) -> list[dict[str, JSON]]:
    uri = "test://embedded-resource"
    return [embedded(uri, TEXTS[uri])]


async def mixed_content(call: Call) -> list[dict[str, JSON]]:
    uri = "test://mixed-content-resource"
    return [text("Three of a different kind:"), image(), embedded(uri, TEXTS[uri], "application/json")]


async def resource_links(call: Call) -> list[dict[str, JSON]]:
    return [
        link("test://static-text", "static-text", mimeType="text/plain"),
        link(
            "test://static-binary",
            "static-binary",
            title="One red pixel",
            description="With all that a link can have",
            mimeType="image/png",
            annotations={"audience": ["user"], "priority": 0.9},
            icons=list(ICONS),
            _meta=META,
        ),
    ]


async def annotated(call: Call) -> Composed:
    hints: dict[str, JSON] = {"audience": ["user"], "priority": 1, "lastModified": "2026-01-12T15:00:58Z"}
    return Composed(
        [
            text("For the user, and important.", annotations=hints, _meta=META),
            image(annotations={"audience": ["assistant"], "priority": 0}),
        ],
        meta=META | TRACE,
    )


async def nothing(call: Call) -> list[dict[str, JSON]]:
    return []


async def unicode(call: Call) -> list[dict[str, JSON]]:
    return [text("Grüße, 世界 — \u2028\u2029 \U0001f600 " + json.dumps('"\\\t'))]


TOOLS = (
    specimen(
        "test_simple_text",
        simple_text,
        "Answers with text; has all that a tool's entry can have.",
        title="Simple text",
        icons=ICONS,
        meta=META,
    ),
    specimen("test_image_content", image_content, "Answers with a picture."),
    specimen("test_audio_content", audio_content, "Answers with a sound."),
    specimen("test_embedded_resource", embedded_resource, "Answers with a resource."),
    specimen("test_multiple_content_types", mixed_content, "Answers with text, a picture and a resource."),
    specimen("test_resource_links", resource_links, "Answers with links to resources."),
    specimen("test_annotated_content", annotated, "Answers with content for whom it may concern."),
    specimen("test_empty_content", nothing, "Answers with no content at all."),
    specimen("test_unicode_text", unicode, "Answers with text from several scripts."),
)
