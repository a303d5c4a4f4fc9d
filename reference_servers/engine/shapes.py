"""How things look in each revision: what a revision doesn't know isn't sent in it.

A definition is written down in full, as the newest revision has it; here it is cut down to what an older one knows.
"""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from .messages import JSON, dumps
from .revisions import Revision
from .server import Composed, PromptMessage, Structured, ToolOutput

Definition: TypeAlias = Literal[
    "implementation", "capabilities", "tool", "prompt", "argument", "resource", "template", "block", "progress"
]

_SINCE: Mapping[Definition, Mapping[str, str]] = {
    "implementation": {
        "title": "2025-06-18",
        "description": "2025-11-25",
        "icons": "2025-11-25",
        "websiteUrl": "2025-11-25",
    },
    "capabilities": {"completions": "2025-03-26", "extensions": "2026-07-28"},
    "tool": {
        "annotations": "2025-03-26",
        "title": "2025-06-18",
        "outputSchema": "2025-06-18",
        "_meta": "2025-06-18",
        "icons": "2025-11-25",
    },
    "prompt": {"title": "2025-06-18", "_meta": "2025-06-18", "icons": "2025-11-25"},
    "argument": {"title": "2025-06-18"},
    "resource": {"title": "2025-06-18", "_meta": "2025-06-18", "icons": "2025-11-25"},
    "template": {"title": "2025-06-18", "_meta": "2025-06-18", "icons": "2025-11-25"},
    "block": {"title": "2025-06-18", "_meta": "2025-06-18", "icons": "2025-11-25"},
    "progress": {"message": "2025-03-26"},
}
"""Members of each kind of definition that not all revisions have, and the first one that does; from the schemas."""

_BLOCKS = {"audio": "2025-03-26", "resource_link": "2025-06-18"}
"""Types of content that not all revisions have (server/tools#tool-result)."""

_LAST_MODIFIED = "2025-06-18"
_STRUCTURED = "2025-06-18"
_ANY_STRUCTURE = "2026-07-28"
"""Until then structured content, and so the schema of it, is an object."""


def known(kind: Definition, value: dict[str, JSON], revision: Revision) -> dict[str, JSON]:
    """A definition without the members that a revision doesn't know."""
    since = _SINCE[kind]
    kept = {name: member for name, member in value.items() if since.get(name, "") <= revision.name}
    if kind == "tool":
        schema = kept.get("outputSchema")
        if schema is not None and schema.get("type") != "object" and revision.name < _ANY_STRUCTURE:
            del kept["outputSchema"]
    elif kind == "prompt" and "arguments" in kept:
        kept["arguments"] = [known("argument", argument, revision) for argument in kept["arguments"]]
    elif isinstance(annotations := kept.get("annotations"), Mapping) and revision.name < _LAST_MODIFIED:
        kept["annotations"] = {name: hint for name, hint in annotations.items() if name != "lastModified"}
    return kept


def block(value: dict[str, JSON], revision: Revision) -> dict[str, JSON]:
    """A content block; one of a type that the revision doesn't know becomes text that says what it was."""
    if _BLOCKS.get(value.get("type", ""), "") > revision.name:
        return text(value.get("uri") or f"({value.get('mimeType')}, left out: {revision.name} has no such content)")
    return known("block", value, revision)


def tool_result(output: ToolOutput, revision: Revision) -> dict[str, JSON]:
    """What a tool gave, as a result (server/tools#tool-result)."""
    if isinstance(output, list):
        return {"content": [block(one, revision) if isinstance(one, dict) else one for one in output]}
    if isinstance(output, Composed):
        return _composed(output, revision)
    value = output.value if isinstance(output, Structured) else output
    result: dict[str, JSON] = {"content": [text(dumps(value))]}
    if revision.name >= (_STRUCTURED if isinstance(value, dict) else _ANY_STRUCTURE):
        result["structuredContent"] = value
    return result


def _composed(output: Composed, revision: Revision) -> dict[str, JSON]:
    result: dict[str, JSON] = {"content": [block(one, revision) for one in output.content]}
    if output.structured is not None and revision.name >= _STRUCTURED:
        result["structuredContent"] = output.structured
    if output.meta is not None:
        result["_meta"] = dict(output.meta)
    return result


def prompt_message(message: PromptMessage, revision: Revision) -> dict[str, JSON]:
    """A message of a prompt (server/prompts#promptmessage)."""
    return {"role": message.role, "content": block(message.content, revision)}


def tool_failure(reason: str) -> dict[str, JSON]:
    """A tool execution error (server/tools#error-handling)."""
    return {"content": [text(reason)], "isError": True}


def text(words: str) -> dict[str, JSON]:
    return {"type": "text", "text": words}
