"""Calls that come to their end in several rounds where there is no session, and ask in a session.

Source: 2026-07-28 basic/patterns/mrtr. Questions have names here, since suites look for them.
"""

from reference_servers.engine import JSON, Call, ToolError
from reference_servers.engine.questions import ask_all
from reference_servers.everything.resources import NAME_FORM
from reference_servers.everything.samples import text

from .asking import outcome, words
from .specimen import specimen

CONFIRMATION = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
COLOUR = {"type": "object", "properties": {"color": {"type": "string"}}, "required": ["color"]}
QUESTION = {"role": "user", "content": {"type": "text", "text": "What do people say when they meet?"}}


def form(message: str, schema: dict[str, JSON]) -> tuple[str, dict[str, JSON]]:
    return "elicitation/create", {"message": message, "requestedSchema": schema}


SAMPLING: tuple[str, dict[str, JSON]] = "sampling/createMessage", {"messages": [QUESTION], "maxTokens": 50}
ALL = {"user_name": form("Who are you?", NAME_FORM), "greeting": SAMPLING, "client_roots": ("roots/list", {})}


async def elicitation(call: Call) -> list[dict[str, JSON]]:
    answer = await call.ask_elicitation("Who are you?", NAME_FORM, key="user_name")
    return [text(f"Good day, {answer['content']['name']}.")] if answer["action"] == "accept" else outcome(answer)


async def sampling(call: Call) -> list[dict[str, JSON]]:
    answer = await call.ask_sampling("Which city is the capital of France?", 100, key="capital_question")
    return [text(words(answer))]


async def roots(call: Call) -> list[dict[str, JSON]]:
    answer = await call.ask_roots(key="client_roots")
    return [text(f"{len(answer['roots'])} roots")]


async def confirm(call: Call) -> list[dict[str, JSON]]:
    answer = await call.ask_elicitation("Shall I?", CONFIRMATION, key="confirm")
    return [text("state-ok"), *outcome(answer)]


async def together(call: Call) -> list[dict[str, JSON]]:
    answers = await ask_all(call, ALL)
    return [text(f"{name}: {', '.join(sorted(answer))}") for name, answer in answers.items()]


async def one_after_the_other(call: Call) -> list[dict[str, JSON]]:
    first = await call.ask_elicitation("First: who are you?", NAME_FORM, key="step1")
    second = await call.ask_elicitation("Then: which colour do you like?", COLOUR, key="step2")
    return [*outcome(first), *outcome(second)]


async def what_can_be_asked(call: Call) -> list[dict[str, JSON]]:
    possible = {name: question for name, question in ALL.items() if call.can_ask(question[0])}
    if not possible:
        raise ToolError("this needs a client that can be asked for anything at all")
    return [text(f"Asked for {', '.join(await ask_all(call, possible))}.")]


TOOLS = (
    specimen("test_input_required_result_elicitation", elicitation, "Asks the user for a name."),
    specimen("test_input_required_result_sampling", sampling, "Asks the client's model."),
    specimen("test_input_required_result_list_roots", roots, "Asks for the client's folders."),
    specimen("test_input_required_result_request_state", confirm, "Asks the user to confirm, and remembers why."),
    specimen("test_input_required_result_multiple_inputs", together, "Asks for three things at once."),
    specimen("test_input_required_result_multi_round", one_after_the_other, "Asks twice, one after the other."),
    specimen("test_input_required_result_tampered_state", confirm, "Asks, and trusts no state but its own."),
    specimen("test_input_required_result_capabilities", what_can_be_asked, "Asks for what the client can give."),
)
