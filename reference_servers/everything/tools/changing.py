"""Tools that change something which clients can watch."""

from collections.abc import Awaitable, Callable

from reference_servers.engine import JSON, Call, Tool
from reference_servers.everything.catalogue import CHANGING_TOOL, WATCHED, Catalogue
from reference_servers.everything.samples import text

from .specimen import CHANGES, specimen


async def stay(call: Call) -> list[dict[str, JSON]]:
    return [text("My entry in the list changes, I don't.")]


def changer(change: Callable[[], None], what: str) -> Callable[[Call], Awaitable[list[dict[str, JSON]]]]:
    async def run(call: Call) -> list[dict[str, JSON]]:
        change()
        return [text(f"Changed {what}.")]

    return run


def tools(catalogue: Catalogue) -> list[Tool]:
    changes = {
        "test_trigger_tool_change": (catalogue.change_tools, "the list of tools"),
        "test_trigger_prompt_change": (catalogue.change_prompts, "the list of prompts"),
        "test_trigger_resource_change": (catalogue.change_resources, "the list of resources"),
        "test_trigger_resource_update": (catalogue.change_watched, f"the resource {WATCHED}"),
    }
    return [
        specimen(CHANGING_TOOL, stay, "Unchanged so far."),
        *(
            specimen(name, changer(change, what), f"Changes {what}.", annotations=CHANGES)
            for name, (change, what) in changes.items()
        ),
    ]
