"""Resources of each kind: text, bytes, what changes, what asks the reader, and families behind URI templates."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote

from reference_servers.engine import BlobContents, Call, Resource, ResourceTemplate, TextContents
from reference_servers.engine.server import Completer, Contents

from .catalogue import CHANGING_RESOURCE, WATCHED, Catalogue
from .samples import CITIES, ICONS, META, PNG

GREETING = "test://greeting"
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NAME_FORM = {"type": "object", "properties": {"name": {"type": "string", "title": "Name"}}, "required": ["name"]}

Values: TypeAlias = Mapping[str, str]

TEXTS = {
    "test://static-text": "Nothing but text, and always the same.",
    "test://example-resource": "An example, to be embedded elsewhere.",
    "test://embedded-resource": "This is also embedded in an answer of a tool.",
    "test://mixed-content-resource": json.dumps({"kind": "mixed", "count": 3}),
}
"""What never changes, by its URI."""


class Shelf:
    """All resources. Those of the templates aren't listed."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        catalogue.resources.extend(_listed())
        self.templates: Sequence[ResourceTemplate] = [family.template for family in FAMILIES]

    def list(self) -> Sequence[Resource]:
        return self._catalogue.resources

    async def read(self, uri: str) -> Contents | Callable[[Call], Awaitable[Contents]] | None:
        if uri in TEXTS:
            return [TextContents(uri, TEXTS[uri], _mime_type(uri))]
        if uri == "test://static-binary":
            return [BlobContents(uri, PNG, "image/png")]
        if uri == WATCHED:
            return [TextContents(uri, f"Edition {self._catalogue.edition}", "text/plain")]
        if uri == f"test://{CHANGING_RESOURCE}":
            return [TextContents(uri, "Its entry in the list changes, this doesn't.", "text/plain")]
        if uri == "test://two-parts":
            return [TextContents(uri, "The picture:", "text/plain"), BlobContents(f"{uri}/picture", PNG, "image/png")]
        if uri == GREETING:
            return greet
        for family in FAMILIES:
            if (values := family.values(uri)) is not None and (made := family.make(values)) is not None:
                return [made(uri)]
        return None


async def greet(call: Call) -> Contents:
    """A greeting by name, if the reader can be asked for it and tells."""
    name = "whoever you are"
    if call.can_ask("elicitation/create"):
        answer = await call.ask_elicitation("Who is reading?", NAME_FORM, key="reader")
        if answer["action"] == "accept":
            name = answer["content"]["name"]
    return [TextContents(GREETING, f"Hello, {name}!", "text/plain")]


def _listed() -> list[Resource]:
    hints = {"audience": ["user", "assistant"], "priority": 0.5, "lastModified": "2026-01-12T15:00:58Z"}
    return [
        *(
            Resource(uri, uri.removeprefix("test://"), mime_type=_mime_type(uri), size=len(words.encode()))
            for uri, words in TEXTS.items()
        ),
        Resource(
            "test://static-binary",
            "static-binary",
            title="One red pixel",
            description="A resource of bytes, with all that an entry can have.",
            mime_type="image/png",
            size=len(PNG),
            annotations=hints,
            icons=ICONS,
            meta=META,
        ),
        Resource(WATCHED, "watched-resource", "Watched", "Changes when test_trigger_resource_update is called."),
        Resource(f"test://{CHANGING_RESOURCE}", CHANGING_RESOURCE, "Changing entry", "Unchanged so far."),
        Resource("test://two-parts", "two-parts", "Two parts", "Has two contents."),
        Resource(GREETING, "greeting", "Greeting", "Asks who is reading."),
    ]


def _mime_type(uri: str) -> str:
    return "application/json" if TEXTS[uri].startswith("{") else "text/plain"


# -------------------------------------------------------------------------------------------------------- templates


@dataclass(frozen=True, slots=True)
class Family:
    """A template of variables that each fill a whole part of the path, and what makes the contents of one of its URIs.

    `make` gives None for values behind which there is nothing.
    """

    template: ResourceTemplate
    make: Callable[[Values], Callable[[str], TextContents | BlobContents] | None]

    def values(self, uri: str) -> Values | None:
        """The variables' values in a URI; None if it isn't of this family."""
        parts = re.split(r"\{(\w+)\}", self.template.uri_template)
        pattern = "".join(f"(?P<{part}>[^/?#]+)" if at % 2 else re.escape(part) for at, part in enumerate(parts))
        match = re.fullmatch(pattern, uri)
        return {name: unquote(value) for name, value in match.groupdict().items()} if match else None


def _text(words: str, mime_type: str = "text/plain") -> Callable[[str], TextContents]:
    return lambda uri: TextContents(uri, words, mime_type)


def _record(values: Values) -> Callable[[str], TextContents]:
    return _text(json.dumps({"id": values["id"], "origin": "template"}), "application/json")


def _square(values: Values) -> Callable[[str], TextContents] | None:
    number = _number(values["number"])
    return None if number is None else _text(str(number * number))


def _weather(values: Values) -> Callable[[str], TextContents] | None:
    day = values.get("day", DAYS[0])
    if values["city"] not in CITIES or day not in DAYS:
        return None
    return _text(f"{values['city']} on {day}: {12 + len(values['city']) + len(day)} °C")


def _shout(values: Values) -> Callable[[str], TextContents]:
    return _text(values["word"].upper() + "!")


def _zeros(values: Values) -> Callable[[str], BlobContents] | None:
    size = _number(values["size"])
    return None if size is None else lambda uri: BlobContents(uri, bytes(size), "application/octet-stream")


def _number(digits: str) -> int | None:
    return int(digits) if re.fullmatch("[0-9]{1,4}", digits) else None


def beginning(values: Sequence[str]) -> Completer:
    """Completes with those values that begin with what was typed, in upper or lower case."""
    return lambda typed, _: [value for value in values if value.casefold().startswith(typed.casefold())]


NUMBERS = beginning([str(number) for number in range(1, 500)])
"""More than fit into one answer."""

FAMILIES = (
    Family(
        ResourceTemplate(
            "test://template/{id}/data",
            "record",
            title="Record",
            description="A record of any id, with all that an entry can have.",
            mime_type="application/json",
            annotations={"audience": ["assistant"], "priority": 1},
            icons=ICONS,
            meta=META,
            completers={"id": NUMBERS},
        ),
        _record,
    ),
    Family(ResourceTemplate("test://square/{number}", "square", completers={"number": NUMBERS}), _square),
    Family(ResourceTemplate("test://weather/{city}", "weather", completers={"city": beginning(CITIES)}), _weather),
    Family(
        ResourceTemplate(
            "test://weather/{city}/{day}",
            "weather-on-a-day",
            completers={"city": beginning(CITIES), "day": beginning(DAYS)},
        ),
        _weather,
    ),
    Family(ResourceTemplate("test://shout/{word}", "shout", mime_type="text/plain"), _shout),
    Family(ResourceTemplate("test://zeros/{size}", "zeros", completers={"size": NUMBERS}), _zeros),
)
