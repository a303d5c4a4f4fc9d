"""What the server lists, and what of it can change while it runs."""

from dataclasses import replace
from typing import TypeVar

from reference_servers.engine import Change, Changes, Prompt, Resource, Tool

CHANGING_TOOL = "test_changing_tool"
CHANGING_PROMPT = "test_changing_prompt"
CHANGING_RESOURCE = "changing-entry"
WATCHED = "test://watched-resource"

Entry = TypeVar("Entry", Tool, Prompt, Resource)


class Catalogue:
    """The lists, for all clients the same.

    In each there is one entry whose description can change. No entry comes or goes, since 2026-07-28 has the set of
    what is offered depend on nothing that a client does (server/tools#listing-tools).
    """

    def __init__(self) -> None:
        self.tools: list[Tool] = []
        self.prompts: list[Prompt] = []
        self.resources: list[Resource] = []
        self.changes = Changes()
        self.edition = 0
        """How often the watched resource has changed."""
        self._counts: dict[str, int] = {}

    def change_tools(self) -> None:
        self._change(self.tools, CHANGING_TOOL)
        self.changes.announce(Change("tools"))

    def change_prompts(self) -> None:
        self._change(self.prompts, CHANGING_PROMPT)
        self.changes.announce(Change("prompts"))

    def change_resources(self) -> None:
        self._change(self.resources, CHANGING_RESOURCE)
        self.changes.announce(Change("resources"))

    def change_watched(self) -> None:
        self.edition += 1
        self.changes.announce(Change("resource", WATCHED))

    def _change(self, entries: list[Entry], name: str) -> None:
        self._counts[name] = count = self._counts.get(name, 0) + 1
        index = next(index for index, entry in enumerate(entries) if entry.name == name)
        entries[index] = replace(entries[index], description=f"Changed {count} times since the server started.")
