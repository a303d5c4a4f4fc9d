"""What a tool can ask the client for: the model, the user, the folders it works in."""

import secrets

from reference_servers.engine import JSON, Call, ProtocolError, ToolError
from reference_servers.engine.messages import dumps
from reference_servers.everything.samples import text

from .specimen import specimen, taking

PROMPT = taking("prompt", prompt={"type": "string", "description": "What to ask", "examples": ["Name a river."]})
MESSAGE = taking("message", message={"type": "string", "description": "What to say", "examples": ["Who are you?"]})

PERSON = {
    "type": "object",
    "properties": {
        "username": {"type": "string", "title": "Name", "description": "How you are called", "minLength": 1},
        "email": {"type": "string", "title": "Address", "description": "Where you get mail", "format": "email"},
    },
    "required": ["username", "email"],
}
DEFAULTS = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "default": "John Doe"},
        "age": {"type": "integer", "default": 30},
        "score": {"type": "number", "default": 95.5},
        "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
        "verified": {"type": "boolean", "default": True},
    },
}
_TITLED = [{"const": f"value{number}", "title": title} for number, title in enumerate(("One", "Two", "Three"), 1)]
CHOICES = {
    "type": "object",
    "properties": {
        "untitledSingle": {"type": "string", "enum": ["option1", "option2", "option3"]},
        "titledSingle": {"type": "string", "oneOf": _TITLED},
        "legacyEnum": {"type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": ["One", "Two", "Three"]},
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": ["option1", "option2", "option3"]}},
        "titledMulti": {"type": "array", "items": {"anyOf": _TITLED}},
    },
}

URL = "https://example.com/consent"
URL_REQUIRED = -32042
"""The error that asks for a URL to be visited first, which only 2025-11-25 has (client/elicitation)."""

WEATHER = {
    "name": "weather",
    "description": "The weather in a city",
    "inputSchema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def outcome(answer: dict[str, JSON]) -> list[dict[str, JSON]]:
    """What the user did, in words."""
    return [text(f"action={answer['action']}, content={dumps(answer.get('content'))}")]


def words(answer: dict[str, JSON]) -> str:
    """The text in a model's answer."""
    blocks = answer["content"] if isinstance(answer["content"], list) else [answer["content"]]
    return " ".join(block["text"] for block in blocks if block.get("type") == "text") or f"({len(blocks)} blocks)"


async def sample(call: Call) -> list[dict[str, JSON]]:
    answer = await call.ask_sampling(call.arguments["prompt"], 100)
    return [text(f"{answer['model']} says: {words(answer)}")]


async def sample_anything(call: Call) -> list[dict[str, JSON]]:
    return [text(words(await call.ask_sampling("Say anything.", 10)))]


async def sample_with_settings(call: Call) -> list[dict[str, JSON]]:
    answer = await call.ask_sampling(
        "Count to three.",
        20,
        systemPrompt="Be brief.",
        temperature=0.1,
        stopSequences=["four"],
        modelPreferences={"hints": [{"name": "small"}], "costPriority": 1, "speedPriority": 0.5},
    )
    return [text(f"{answer['model']} says: {words(answer)}")]


async def sample_with_tools(call: Call) -> list[dict[str, JSON]]:
    """Offers the model a tool, and if it uses it tells what came of that."""
    sampling = call.client_capabilities.get("sampling")
    if not isinstance(sampling, dict) or "tools" not in sampling or call.revision < "2025-11-25":
        return [text(f"Without tools: {words(await call.ask_sampling('How is the weather in Oslo?', 50))}")]
    question = {"role": "user", "content": {"type": "text", "text": "How is the weather in Oslo?"}}
    params = {"maxTokens": 50, "tools": [WEATHER], "toolChoice": {"mode": "auto"}}
    answer = await call.ask("sampling/createMessage", {"messages": [question], **params})
    blocks = answer["content"] if isinstance(answer["content"], list) else [answer["content"]]
    uses = [block for block in blocks if block.get("type") == "tool_use"]
    if uses:
        results = [{"type": "tool_result", "toolUseId": use["id"], "content": [text("Clear, 3 °C")]} for use in uses]
        said = [question, {"role": "assistant", "content": blocks}, {"role": "user", "content": results}]
        answer = await call.ask("sampling/createMessage", {"messages": said, **params, "toolChoice": {"mode": "none"}})
    return [text(f"With {len(uses)} uses of a tool: {words(answer)}")]


async def elicit(call: Call) -> list[dict[str, JSON]]:
    return outcome(await call.ask_elicitation(call.arguments["message"], PERSON))


async def elicit_defaults(call: Call) -> list[dict[str, JSON]]:
    return outcome(await call.ask_elicitation("Is this right?", DEFAULTS))


async def elicit_choices(call: Call) -> list[dict[str, JSON]]:
    return outcome(await call.ask_elicitation("Take your pick", CHOICES))


async def elicit_url(call: Call) -> list[dict[str, JSON]]:
    number = secrets.token_urlsafe(12)
    answer = await call.ask_url("Please agree to this", URL, number)
    if answer["action"] == "accept":
        await call.elicitation_completed(number)
    return [text(f"action={answer['action']}")]


async def require_url(call: Call) -> list[dict[str, JSON]]:
    if call.revision != "2025-11-25" or not call.can_ask("elicitation/create", "url"):
        raise ToolError("this can only be said to clients of 2025-11-25 that visit URLs")
    wanted = {
        "mode": "url", "message": "Please agree to this first", "url": URL, "elicitationId": secrets.token_urlsafe(12),
    }  # fmt: skip
    raise ProtocolError(URL_REQUIRED, "A page has to be visited before", {"elicitations": [wanted]})


async def list_roots(call: Call) -> list[dict[str, JSON]]:
    roots = (await call.ask_roots())["roots"]
    return [text(f"{len(roots)} roots"), *(text(root["uri"]) for root in roots if isinstance(root, dict))]


TOOLS = (
    specimen("test_sampling", sample, "Asks the client's model.", PROMPT),
    specimen("test_sampling_with_settings", sample_with_settings, "Asks the client's model, with all settings."),
    specimen("test_sampling_with_tools", sample_with_tools, "Asks the client's model, which may use a tool."),
    specimen("test_missing_capability", sample_anything, "Needs a client with a model."),
    specimen("test_elicitation", elicit, "Asks the user for a name and an address.", MESSAGE),
    specimen("test_streaming_elicitation", elicit_defaults, "Asks the user from within a stream."),
    specimen("test_elicitation_sep1034_defaults", elicit_defaults, "Asks the user, with default values."),
    specimen("test_elicitation_sep1330_enums", elicit_choices, "Asks the user to choose in every way there is."),
    specimen("test_elicitation_url", elicit_url, "Asks the user to visit a page."),
    specimen("test_elicitation_url_required", require_url, "Refuses until the user has visited a page."),
    specimen("test_list_roots", list_roots, "Asks for the client's folders."),
)
