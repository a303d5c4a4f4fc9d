"""Stand-in until the layer is written."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TextFlaw:
    at: str
    rule: str
    requirement: str
    expected: str
    got: str
    remedy: str


def text_flaws(revision: str, definition: str, value: object) -> list[TextFlaw]:
    return []


def text_hints(revision: str, definition: str, value: object) -> list[tuple[str, str]]:
    return []
