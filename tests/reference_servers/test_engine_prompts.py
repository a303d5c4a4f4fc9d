"""Prompts and completion: what is refused, and what older revisions don't get to see."""

from dataclasses import replace

import pytest
from dialogue import dialogue, stateless
from offer import offer

from reference_servers.engine import Prompt, PromptArgument, PromptMessage, ResourceTemplate, ToolError
from reference_servers.engine.completions import variables

pytestmark = pytest.mark.anyio

WORDS = [f"word {number}" for number in range(120)]


async def greet(call):
    if call.arguments["who"] == "nobody":
        raise ToolError("there is nobody to greet")
    audio = {"type": "audio", "data": "AA==", "mimeType": "audio/wav"}
    return [PromptMessage("user", {"type": "text", "text": call.arguments["who"]}), PromptMessage("user", audio)]


def complete(typed, settled):
    return [word for word in settled.get("who", "").split() or WORDS if word.startswith(typed)]


class Templates:
    templates = (ResourceTemplate("a://{kind}/{+path*}", "a", completers={"path": complete}),)

    def list(self):
        return ()

    async def read(self, uri):
        return None


def prompted():
    arguments = (PromptArgument("who", required=True, title="Who"), PromptArgument("word", complete=complete))
    return replace(
        offer(), prompts=(Prompt("greet", greet, "Greeting", "Greets", arguments),), resources=Templates(), page_size=1
    )


async def get(talk, **arguments):
    return await talk.ask("prompts/get", name="greet", arguments=arguments)


async def suggest(talk, name="word", value="", ref=None, **more):
    reference = ref or {"type": "ref/prompt", "name": "greet"}
    return await talk.ask("completion/complete", ref=reference, argument={"name": name, "value": value}, **more)


async def test_a_prompt_says_what_was_made_of_its_arguments():
    async with dialogue(prompted()) as talk:
        result = (await get(talk, who="Ada"))["result"]
        assert result["description"] == "Greets"
        assert [one["content"]["type"] for one in result["messages"]] == ["text", "audio"]


async def test_what_a_revision_does_not_know_is_left_out():
    async with dialogue(prompted(), revision="2024-11-05") as talk:
        (prompt,) = (await talk.result("prompts/list"))["prompts"]
        assert prompt == {
            "name": "greet",
            "description": "Greets",
            "arguments": [{"name": "who", "required": True}, {"name": "word"}],
        }
        assert [one["content"]["type"] for one in (await get(talk, who="Ada"))["result"]["messages"]] == ["text"] * 2


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"name": "leave"}, -32602),
        ({}, -32602),
        ({"name": "greet"}, -32602),
        ({"name": "greet", "arguments": {"who": 1}}, -32602),
        ({"name": "greet", "arguments": []}, -32602),
        ({"name": "greet", "arguments": {"who": "nobody"}}, -32603),
    ],
)
async def test_what_a_prompt_cannot_be_made_of_is_an_error(params, code):
    async with dialogue(prompted()) as talk:
        assert (await talk.error("prompts/get", **params))["code"] == code
    async with stateless(prompted()) as talk:
        assert (await talk.error("prompts/get", **params))["code"] == code


async def test_a_server_without_prompts_has_no_such_methods():
    async with dialogue(offer()) as talk:
        for method in ("prompts/list", "prompts/get", "completion/complete"):
            assert (await talk.error(method, name="x"))["code"] == -32601


async def test_suggestions_are_those_that_fit_and_no_more_than_a_hundred():
    async with dialogue(prompted()) as talk:
        completion = (await suggest(talk))["result"]["completion"]
        assert (completion["total"], completion["hasMore"], len(completion["values"])) == (120, True, 100)
        completion = (await suggest(talk, value="word 11"))["result"]["completion"]
        assert (completion["values"][:2], completion["hasMore"]) == (["word 11", "word 110"], False)


async def test_suggestions_know_what_is_settled():
    async with dialogue(prompted()) as talk:
        settled = {"arguments": {"who": "one two"}}
        assert (await suggest(talk, context=settled))["result"]["completion"]["values"] == ["one", "two"]


async def test_the_variables_of_a_template_are_completed_too():
    reference = {"type": "ref/resource", "uri": "a://{kind}/{+path*}"}
    async with dialogue(prompted()) as talk:
        assert (await suggest(talk, "path", "word 119", reference))["result"]["completion"]["values"] == ["word 119"]
        assert (await suggest(talk, "kind", "", reference))["result"]["completion"]["values"] == []


async def test_an_argument_that_nothing_completes_has_no_suggestions():
    async with dialogue(prompted()) as talk:
        assert (await suggest(talk, "who"))["result"]["completion"] == {"values": [], "total": 0, "hasMore": False}


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"ref": {"type": "ref/prompt", "name": "greet"}},
        {"argument": {"name": "word", "value": ""}},
        {"ref": {"type": "ref/prompt", "name": "leave"}, "argument": {"name": "word", "value": ""}},
        {"ref": {"type": "ref/prompt"}, "argument": {"name": "word", "value": ""}},
        {"ref": {"type": "ref/tool", "name": "add"}, "argument": {"name": "word", "value": ""}},
        {"ref": {"type": "ref/resource", "uri": "b://{x}"}, "argument": {"name": "x", "value": ""}},
        {"ref": {"type": "ref/prompt", "name": "greet"}, "argument": {"name": "whom", "value": ""}},
        {"ref": {"type": "ref/prompt", "name": "greet"}, "argument": {"name": "word", "value": 1}},
        {
            "ref": {"type": "ref/prompt", "name": "greet"},
            "argument": {"name": "word", "value": ""},
            "context": {"arguments": {"who": 1}},
        },
    ],
)
async def test_a_request_for_nothing_that_can_be_completed_is_an_error(params):
    async with dialogue(prompted()) as talk:
        assert (await talk.error("completion/complete", **params))["code"] == -32602


async def test_the_oldest_revision_completes_without_a_word_for_it():
    async with dialogue(prompted(), revision=None) as talk:
        assert "completions" not in (await talk.initialize("2024-11-05"))["capabilities"]
        assert "result" in await suggest(talk, value="word 119")


def test_the_variables_of_a_template_are_found_in_all_its_expressions():
    assert variables("a://{x}/{+y*}{?z:3,w}") == ["x", "y", "z", "w"]
