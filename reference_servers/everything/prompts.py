"""Prompts with each kind of content, with arguments, and with a question to the user."""

import re
from collections.abc import Mapping, Sequence

from reference_servers.engine import Call, Prompt, PromptArgument, PromptMessage, ToolError

from .catalogue import CHANGING_PROMPT
from .resources import TEXTS, beginning
from .samples import CITIES, ICONS, META, audio, embedded, image, link, text

SIGHTS = {
    "London": ("Tower", "Tate Modern"),
    "Oslo": ("Opera", "Fram Museum"),
    "Paris": ("Louvre", "Catacombs"),
}
CONTEXT_FORM = {"type": "object", "properties": {"context": {"type": "string"}}, "required": ["context"]}

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s]+")


async def simple(call: Call) -> list[PromptMessage]:
    return [PromptMessage("user", text("Say hello."))]


async def with_arguments(call: Call) -> list[PromptMessage]:
    first, second = call.arguments["arg1"], call.arguments["arg2"]
    return [PromptMessage("user", text(f"In {first}, what is there to know about {second}?"))]


async def with_embedded_resource(call: Call) -> list[PromptMessage]:
    uri = call.arguments["resourceUri"]
    if not _URI.fullmatch(uri):
        raise ToolError("resourceUri is no URI")
    return [
        PromptMessage("user", embedded(uri, TEXTS.get(uri, "Whatever it is that is to be embedded."))),
        PromptMessage("user", text("Sum this up.")),
    ]


async def with_image(call: Call) -> list[PromptMessage]:
    return [PromptMessage("user", image()), PromptMessage("user", text("What is in this picture?"))]


async def with_audio(call: Call) -> list[PromptMessage]:
    return [PromptMessage("user", audio()), PromptMessage("user", text("What is to be heard?"))]


async def with_resource_link(call: Call) -> list[PromptMessage]:
    linked = link("test://static-text", "static-text", title="Static text", mimeType="text/plain")
    return [PromptMessage("user", text("Read this first:")), PromptMessage("user", linked)]


async def conversation(call: Call) -> list[PromptMessage]:
    said = call.arguments.get("topic", "the weather")
    return [
        PromptMessage("user", text(f"Shall we talk about {said}?")),
        PromptMessage("assistant", text("Gladly.", annotations={"audience": ["user"], "priority": 0.2})),
        PromptMessage("user", embedded("test://example-resource", TEXTS["test://example-resource"])),
        PromptMessage("user", text("You begin.")),
    ]


async def asking(call: Call) -> list[PromptMessage]:
    """Asks for what it is about, if the client can be asked."""
    context = "nothing in particular"
    if call.can_ask("elicitation/create"):
        answer = await call.ask_elicitation("What shall it be about?", CONTEXT_FORM, key="user_context")
        if answer["action"] == "accept":
            context = answer["content"]["context"]
    return [PromptMessage("user", text(f"Write a line about {context}."))]


async def changing(call: Call) -> list[PromptMessage]:
    return [PromptMessage("user", text("My entry in the list changes, I don't."))]


def complete_sight(typed: str, settled: Mapping[str, str]) -> Sequence[str]:
    """The sights of the city that was chosen, or of all while none is."""
    city = settled.get("arg1")
    known = SIGHTS.get(city, ()) if city else [sight for sights in SIGHTS.values() for sight in sights]
    return beginning(known)(typed, settled)


def prompts() -> list[Prompt]:
    return [
        Prompt("test_simple_prompt", simple, "Simple prompt", "A prompt without arguments.", icons=ICONS, meta=META),
        Prompt(
            "test_prompt_conversation",
            conversation,
            description="Messages of both roles, and a resource.",
            arguments=(PromptArgument("topic", "What it is about"),),
        ),
        Prompt("test_prompt_with_image", with_image, description="Shows a picture."),
        Prompt("test_prompt_with_audio", with_audio, description="Plays a sound."),
        Prompt("test_prompt_with_resource_link", with_resource_link, description="Links to a resource."),
        Prompt(
            "test_prompt_with_arguments",
            with_arguments,
            "Prompt with arguments",
            "Asks about a sight in a city. What is suggested for the second argument depends on the first.",
            (
                PromptArgument("arg1", "A city", required=True, title="City", complete=beginning(CITIES)),
                PromptArgument("arg2", "A sight in it", required=True, title="Sight", complete=complete_sight),
            ),
        ),
        Prompt(
            "test_prompt_with_embedded_resource",
            with_embedded_resource,
            description="Embeds a resource.",
            arguments=(
                PromptArgument("resourceUri", "URI of the resource", required=True, complete=beginning(list(TEXTS))),
            ),
        ),
        Prompt("test_input_required_result_prompt", asking, description="Asks the user what it shall be about."),
        Prompt(CHANGING_PROMPT, changing, description="Unchanged so far."),
    ]
