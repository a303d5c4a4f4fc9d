"""YAML read as JSON: only JSON's types, no duplicate keys, no aliases, and a line number for everything.

Plain YAML reads ``2025-06-18`` as a date and ``no`` as false, and lets a repeated key win silently; none of that may
happen to a suite. A plain scalar is null, true, false or a number only where JSON would say so; all else is a
string.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_MAX_DEPTH = 60
_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class DataError(Exception):
    """A data file that can't be used: which file, which line, what is wrong."""

    def __init__(self, source: str, line: int, reason: str) -> None:
        super().__init__(f"{source}:{line}: {reason}" if line else f"{source}: {reason}")
        self.source, self.line, self.reason = source, line, reason


@dataclass(frozen=True, slots=True)
class Document:
    """A document's data, with the line (from 1) on which each value stands, by its path of keys and indexes."""

    source: str
    data: Any
    lines: dict[tuple[str | int, ...], int] = field(repr=False)

    def line(self, path: tuple[str | int, ...]) -> int:
        """The line of a value, or of the nearest thing around it that has one."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)


def load_file(path: Path) -> Document:
    """The one document in a file; raises `DataError`."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DataError(str(path), 0, f"not UTF-8: {error.reason} at byte {error.start}") from None
    except OSError as error:
        raise DataError(str(path), 0, f"can't be read: {error.strerror}") from None
    return load_text(text, str(path))


def load_text(text: str, source: str) -> Document:
    """The one document in a text; raises `DataError`."""
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise DataError(source, mark.line + 1 if mark else 0, f"not YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise DataError(source, 0, f"not YAML: {str(error).splitlines()[0]}") from None
    lines: dict[tuple[str | int, ...], int] = {}
    if node is None:
        raise DataError(source, 1, "the file is empty")
    data = _Builder(source, lines).build(node, ())
    return Document(source, data, lines)


class _Builder:
    def __init__(self, source: str, lines: dict[tuple[str | int, ...], int]) -> None:
        self._source, self._lines = source, lines
        self._seen: set[int] = set()

    def build(self, node: yaml.Node, path: tuple[str | int, ...]) -> Any:
        line = node.start_mark.line + 1
        self._lines.setdefault(path, line)
        if id(node) in self._seen:
            raise DataError(self._source, line, "aliases (*name) aren't allowed here; write the value out")
        if len(path) > _MAX_DEPTH:
            raise DataError(self._source, line, f"nested deeper than {_MAX_DEPTH} levels")
        self._seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        made: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            if not isinstance(key_node, yaml.ScalarNode) or not isinstance(key, str):
                raise DataError(self._source, key_node.start_mark.line + 1, "a key is a string")
            if key in made:
                raise DataError(self._source, key_node.start_mark.line + 1, f'the key "{key}" stands here twice')
            self._lines[(*path, key)] = key_node.start_mark.line + 1
            made[key] = self.build(value_node, (*path, key))
        return made

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        text: str = node.value
        if node.style:  # quoted or a block: a string whatever it looks like
            return text
        if text in ("", "null"):
            return None
        if text in ("true", "false"):
            return text == "true"
        return json.loads(text) if _NUMBER.fullmatch(text) and len(text) < 400 else text
