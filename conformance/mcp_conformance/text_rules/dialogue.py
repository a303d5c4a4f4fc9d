"""What a server asks of its client: forms, URLs for the user, and turns of a conversation to be continued
(client/elicitation, client/sampling)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from mcp_conformance.text_rules import grammars
from mcp_conformance.text_rules.model import Looked, Odd, Remark, Rule, Said, Spot, Wrong
from mcp_conformance.wire import short

_CHOICES_OF_SEVERAL = "2025-11-25"  # the first revision whose forms can ask for several of a list
_SECRET = re.compile(r"passw|secret|credential|api.?key|access.?token|credit.?card|social.?security", re.IGNORECASE)
_FLAT_KEYWORDS = frozenset(
    {"$schema", "$id", "$comment", "type", "title", "description", "properties", "required", "additionalProperties"}
)

# Elicitation


def _form(spot: Spot) -> dict[str, Any] | None:
    """The schema of the form that a request asks the user to fill in."""
    params = spot.value.get("params") if isinstance(spot.value, dict) else None
    schema = params.get("requestedSchema") if isinstance(params, dict) else None
    return schema if isinstance(schema, dict) else None


def _flat_form(spot: Spot) -> Iterator[Said]:
    requirement, form = spot.standing("elicitation.flat-schema"), _form(spot)
    if requirement is None or form is None:
        return
    yield Looked(requirement)
    properties = form.get("properties")
    for name, field in properties.items() if isinstance(properties, dict) else ():
        if isinstance(field, dict) and (wrong := _nested(field, spot.document >= _CHOICES_OF_SEVERAL)):
            yield Wrong(
                requirement,
                "a field that is a string, a number, a boolean or a choice",
                wrong,
                "ask for each value in a field of its own at the top of the form",
                ("params", "requestedSchema", "properties", name),
            )


def _nested(field: Mapping[str, Any], several: bool) -> str:
    """In what a field of a form isn't flat. One that says too little is the schema's matter."""
    declared = field.get("type")
    types = declared if isinstance(declared, list) else [declared]
    if "object" in types or "properties" in field:
        return "an object"
    if "array" in types:
        items = field.get("items")
        chooses = isinstance(items, dict) and not {"enum", "anyOf", "oneOf"}.isdisjoint(items)
        return "" if several and chooses else "an array" if not several else "an array that is no choice from a list"
    return ""


def _url(spot: Spot) -> Iterator[Said]:
    requirement = spot.standing("elicitation.url-valid")
    if requirement is None or "ElicitRequestURLParams" not in spot.around or not isinstance(spot.value, str):
        return
    yield Looked(requirement)
    if wrong := grammars.not_a_url(spot.value):
        yield Wrong(
            requirement,
            "a valid URL",
            f"{short(spot.value)}, which {wrong}",
            "give the whole URL, such as https://example.com/connect, percent-encoded where that is due",
        )
    elif hint := _url_hint(spot.value):
        yield Odd(hint)


def _url_hint(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:  # an address that the library knows less of than RFC 3986
        return ""
    if parts.scheme == "https":
        return ""
    if parts.scheme != "http":
        return f"{short(url)} is no address of the web, and the user is to open it"
    # Only outside of development it should be https; where the server runs, nobody can see.
    local = host == "localhost" or host.endswith(".localhost") or host.startswith("127.") or host == "::1"
    return "" if local else f"{short(url)} isn't https: that is for development only"


def _form_hints(spot: Spot) -> Iterator[Said]:
    form = _form(spot)
    if form is None or not spot.standing("elicitation.flat-schema"):
        return
    for keyword in form:
        if keyword not in _FLAT_KEYWORDS:
            yield Odd(f"{short(keyword)} in the schema of a form: clients needn't know it",
                      ("params", "requestedSchema", keyword))  # fmt: skip
    properties = form.get("properties")
    for name, field in properties.items() if isinstance(properties, dict) else ():
        at = ("params", "requestedSchema", "properties", name)
        # What a field is for, only its name and title suggest.
        if _SECRET.search(name) or (isinstance(field, dict) and _SECRET.search(str(field.get("title", ""))[:200])):
            yield Odd(f"the field {short(name)} seems to ask for a secret, which a form must not do", at)
        if isinstance(field, dict) and spot.standing("elicitation.form-no-links"):
            for member in ("title", "description"):
                if _holds_a_link(field.get(member)):
                    yield Odd("a form shouldn't hold links to be clicked", (*at, member))
    if spot.standing("elicitation.form-no-links") and _holds_a_link(spot.value["params"].get("message")):
        yield Odd("a form shouldn't hold links to be clicked", ("params", "message"))


def _holds_a_link(text: object) -> bool:
    # Whether a link is meant to be clicked can't be seen; an address may also be an example.
    return isinstance(text, str) and re.search(r"https?://", text) is not None


# Sampling


def _tool_results(spot: Spot) -> Iterator[Said]:
    alone = spot.standing("sampling.tool-results-alone")
    balanced = spot.standing("sampling.tool-use-balanced")
    known = spot.standing("sampling.tool-result-id")
    replies = spot.standing("sampling.reply-to-tool-use")
    messages = spot.value.get("messages") if isinstance(spot.value, dict) else None
    if alone is None or balanced is None or known is None or not isinstance(messages, list):
        return
    used: set[str] = set()
    for index, message in enumerate(messages):
        blocks, single = _blocks(message)
        at = ("messages", index, "content")
        results = [(number, block) for number, block in enumerate(blocks) if block.get("type") == "tool_result"]
        if results and isinstance(message, dict) and message.get("role") == "user":
            yield Looked(alone)
            if len(results) != len(blocks):
                other = next(block.get("type") for block in blocks if block.get("type") != "tool_result")
                remedy = "send tool results in a message of their own, and what else there is in another"
                yield Wrong(alone, "tool results only", f"{short(other)} beside a tool result", remedy, at)
        for number, block in results:
            identity = block.get("toolUseId")
            if isinstance(identity, str):
                yield Looked(known)
                if identity not in used:
                    place = (*(at if single else (*at, number)), "toolUseId")
                    remedy = "repeat the id of the tool use that this is the result of"
                    yield Wrong(known, "the id of an earlier tool use", short(identity), remedy, place)
        uses = {one for block in blocks if block.get("type") == "tool_use" and isinstance(one := block.get("id"), str)}
        used |= uses
        if uses and isinstance(message, dict) and message.get("role") == "assistant":
            following = messages[index + 1] if index + 1 < len(messages) else None
            wrong = _unanswered(uses, following)
            for requirement in (balanced, replies):
                if requirement is not None:
                    yield Looked(requirement)
                    if wrong:
                        expected = "a result for each tool use in the next message, which is the user's"
                        remedy = "answer each tool use at once, in one message with nothing else"
                        yield Wrong(requirement, expected, wrong, remedy, at)


def _blocks(message: object) -> tuple[list[dict[str, Any]], bool]:
    """The content of a message as a list, and whether it was a single block."""
    content = message.get("content") if isinstance(message, dict) else None
    single = isinstance(content, dict)
    blocks = [content] if single else content if isinstance(content, list) else []
    return [block for block in blocks if isinstance(block, dict)], single


def _unanswered(uses: set[str], following: object) -> str:
    """What is missing in the message after one with these tool uses."""
    if not isinstance(following, dict):
        return "no message after it"
    blocks, _ = _blocks(following)
    if following.get("role") != "user":
        return "a message that isn't the user's after it"
    answered = {
        block.get("toolUseId")
        for block in blocks
        if block.get("type") == "tool_result" and isinstance(block.get("toolUseId"), str)
    }
    if missing := sorted(uses - answered):
        return f"no result for {short(missing[0])}"
    other = next((block.get("type") for block in blocks if block.get("type") != "tool_result"), None)
    return "" if other is None else f"{short(other)} beside the results"


def _context(spot: Spot) -> Iterator[Said]:
    requirement = spot.standing("sampling.avoid-context-values")
    if requirement is not None and isinstance(spot.value, dict):
        yield Looked(requirement)
        value = spot.value.get("includeContext")
        if value in ("thisServer", "allServers"):
            remedy = "leave includeContext out, and put what the model needs into the messages"
            expected = '"none", or no includeContext at all'
            yield Wrong(requirement, expected, short(value), remedy, ("includeContext",))


_NO_FORMS = "the server asked the user for nothing"
_NO_SAMPLING = "the server asked for no sampling"
_REQUEST = frozenset({"ElicitRequest"})
_SAMPLING = frozenset({"CreateMessageRequestParams"})

RULES = (
    Rule(
        "elicitation.forms.are-flat", "Forms for the user are flat.",
        ("elicitation.flat-schema",), _REQUEST, _flat_form, _NO_FORMS,
    ),
    Rule(
        "elicitation.urls.are-valid", "The URLs that the user is to open are valid.",
        ("elicitation.url-valid",), frozenset({"uri"}), _url, "the server sent the user nowhere",
    ),
    Rule(
        "sampling.messages.tool-results", "In what is sent to be continued, tool uses and their results match.",
        (
            "sampling.tool-results-alone", "sampling.tool-use-balanced", "sampling.tool-result-id",
            "sampling.reply-to-tool-use",
        ), _SAMPLING, _tool_results, "the server sent no tool uses to be continued",
    ),
    Rule(
        "sampling.messages.context", "Sampling requests don't ask for context in the deprecated way.",
        ("sampling.avoid-context-values",), _SAMPLING, _context, _NO_SAMPLING,
    ),
)  # fmt: skip

REMARKS = (Remark(_REQUEST, _form_hints),)
