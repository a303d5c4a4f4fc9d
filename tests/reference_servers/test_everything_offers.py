"""All that the everything server offers, in each revision: it is there, it works, and whatever is said is valid."""

import pytest
from checked import NAMES, Checked
from dialogue import dialogue, stateless

from reference_servers.engine import STATEFUL
from reference_servers.engine.completions import variables
from reference_servers.everything import everything

pytestmark = pytest.mark.anyio

CAN_ALL = {"sampling": {"tools": {}}, "elicitation": {"form": {}, "url": {}}, "roots": {}}
CAN_MOST = {"sampling": {}, "elicitation": {}, "roots": {"listChanged": True}}
CAPABILITIES = {"all": CAN_ALL, "most": CAN_MOST, "none": {}}
FAIL_ALWAYS = {"test_error_handling", "test_protocol_error"}
REFUSE_WITHOUT = {
    "test_sampling", "test_sampling_with_settings", "test_sampling_with_tools", "test_missing_capability",
    "test_elicitation", "test_streaming_elicitation", "test_elicitation_sep1034_defaults",
    "test_elicitation_sep1330_enums", "test_list_roots", "test_input_required_result_elicitation",
    "test_input_required_result_sampling", "test_input_required_result_list_roots",
    "test_input_required_result_request_state", "test_input_required_result_multiple_inputs",
    "test_input_required_result_multi_round", "test_input_required_result_tampered_state",
    "test_input_required_result_capabilities",
}  # fmt: skip
REFUSE_WITHOUT_URLS = {"test_elicitation_url", "test_elicitation_url_required"}
VALUES = {"id": "123", "number": "12", "city": "Oslo", "day": "Friday", "word": "psst", "size": "3"}


class Guest(Checked):
    """Answers whatever it is asked, and checks that too."""

    async def receive(self):
        message = await super().receive()
        if "method" in message and "id" in message:
            answer = self.answer(message["method"], message.get("params", {}))
            await self.talk.send({"jsonrpc": "2.0", "id": message["id"], "result": answer})
        return message

    def answer(self, method, params):
        match method:
            case "roots/list":
                return {"roots": [{"uri": "file:///somewhere"}]}
            case "sampling/createMessage":
                use = {"type": "tool_use", "id": "use-1", "name": "weather", "input": {"city": "Oslo"}}
                wants_tool = params.get("toolChoice") == {"mode": "auto"}
                content = use if wants_tool else {"type": "text", "text": "Well."}
                return {"role": "assistant", "content": content, "model": "m"}
            case "elicitation/create" if params.get("mode") == "url":
                return {"action": "accept"}
            case "elicitation/create":
                fields = params["requestedSchema"]["properties"]
                return {"action": "accept", "content": {name: filled(field) for name, field in fields.items()}}
        raise AssertionError(method)

    async def __call__(self, method, **params):
        """The final answer to a request: what it asks for in between is answered."""
        more = {}
        for _ in range(5):
            message = await super().__call__(method, **params, **more)
            result = message.get("result", {})
            if result.get("resultType") != "input_required":
                return message
            asked = result.get("inputRequests", {})
            answers = {key: self.answer(one["method"], one.get("params", {})) for key, one in asked.items()}
            more = {"inputResponses": answers, "requestState": result["requestState"]}
        raise AssertionError("it asks without end")

    async def all(self, kind, member):
        """The items of a list, page by page."""
        items, params, pages = [], {}, 0
        while True:
            result = (await self(f"{kind}/list", **params))["result"]
            items += result[member]
            pages += 1
            if "nextCursor" not in result:
                assert pages > 1
                return items
            params = {"cursor": result["nextCursor"]}


def filled(field):
    if field["type"] == "array":
        return [filled({"type": "string", **field["items"], "oneOf": field["items"].get("anyOf")})]
    if field.get("enum"):
        return field["enum"][0]
    if field.get("oneOf"):
        return field["oneOf"][0]["const"]
    text = "a@b.example" if field.get("format") == "email" else "text"
    return {"string": text, "integer": 1, "number": 0.5, "boolean": True}[field["type"]]


def arguments(schema):
    if "examples" in schema:
        return schema["examples"][0]
    properties = schema.get("properties", {})
    return {name: one["examples"][0] for name, one in properties.items() if "examples" in one}


def refusals(revision, can):
    """The tools that fail, for a client of such capabilities in a revision."""
    if not can:
        return FAIL_ALWAYS | REFUSE_WITHOUT | REFUSE_WITHOUT_URLS
    if revision < "2025-06-18":  # there is no elicitation
        asking = {"sampling", "roots", "capabilities"}
        able = {name for name in REFUSE_WITHOUT if asking & set(name.split("_")) or name == "test_missing_capability"}
        return FAIL_ALWAYS | (REFUSE_WITHOUT - able) | REFUSE_WITHOUT_URLS
    if revision < "2025-11-25" or "url" not in can["elicitation"]:
        return FAIL_ALWAYS | REFUSE_WITHOUT_URLS
    return FAIL_ALWAYS | {"test_elicitation_url_required"}


async def visit(guest, revision, can):
    """Look at everything, and use it."""
    failed = set()
    tools = await guest.all("tools", "tools")
    for tool in tools:
        meta = {"progressToken": tool["name"], "io.modelcontextprotocol/logLevel": "debug"}
        made = arguments(tool["inputSchema"])
        answer = await guest("tools/call", name=tool["name"], arguments=made, _meta=meta)
        if "error" in answer or answer["result"].get("isError"):
            failed.add(tool["name"])
    assert failed == refusals(revision, can)
    assert len(tools) == len({tool["name"] for tool in tools})

    for prompt in await guest.all("prompts", "prompts"):
        made = {argument["name"]: "test://static-text" for argument in prompt.get("arguments", ())}
        assert (await guest("prompts/get", name=prompt["name"], arguments=made))["result"]["messages"]
        for name in made:
            reference = {"type": "ref/prompt", "name": prompt["name"]}
            assert "result" in await guest("completion/complete", ref=reference, argument={"name": name, "value": "t"})

    for resource in await guest.all("resources", "resources"):
        assert (await guest("resources/read", uri=resource["uri"]))["result"]["contents"]
    for template in await guest.all("resources/templates", "resourceTemplates"):
        uri = pattern = template["uriTemplate"]
        for name in variables(pattern):
            uri = uri.replace(f"{{{name}}}", VALUES[name])
            reference = {"type": "ref/resource", "uri": pattern}
            asked = {"name": name, "value": ""}
            completion = (await guest("completion/complete", ref=reference, argument=asked))["result"]["completion"]
            assert name == "word" or VALUES[name] in completion["values"] or completion["hasMore"]
        assert (await guest("resources/read", uri=uri))["result"]["contents"][0]["uri"] == uri


@pytest.mark.parametrize("can", CAPABILITIES)
@pytest.mark.parametrize("revision", NAMES[:-1])
async def test_in_a_session_everything_works_and_is_valid(revision, can):
    async with dialogue(everything(), revision=None) as talk:
        guest = Guest(talk, revision)
        client = {"name": "t", "version": "1"}
        await guest("initialize", protocolVersion=revision, capabilities=CAPABILITIES[can], clientInfo=client)
        await talk.notify("notifications/initialized")
        await guest("ping")
        await guest("logging/setLevel", level="debug")
        await guest("resources/subscribe", uri="test://watched-resource")
        await visit(guest, revision, CAPABILITIES[can])
        await guest("resources/unsubscribe", uri="test://watched-resource")


@pytest.mark.parametrize("dual", [False, True])
@pytest.mark.parametrize("can", CAPABILITIES)
async def test_without_a_session_everything_works_and_is_valid(can, dual):
    async with stateless(everything(), capabilities=CAPABILITIES[can], dual=dual) as talk:
        guest = Guest(talk, NAMES[-1])
        await guest("server/discover")
        await guest.send(
            "subscriptions/listen",
            notifications={
                "toolsListChanged": True, "promptsListChanged": True, "resourcesListChanged": True,
                "resourceSubscriptions": ["test://watched-resource"],
            },
        )  # fmt: skip
        await visit(guest, NAMES[-1], CAPABILITIES[can])


async def test_what_is_declared_depends_on_the_revision():
    declared = {}
    for revision in STATEFUL:
        async with dialogue(everything(), revision=None) as talk:
            declared[revision.name] = set((await talk.initialize(revision.name))["capabilities"])
    common = {"tools", "prompts", "resources", "logging", "experimental"}
    assert declared == {name: common | ({"completions"} if name > "2024-11-05" else set()) for name in NAMES[:-1]}
    async with stateless(everything()) as talk:
        assert set((await talk.result("server/discover"))["capabilities"]) == common | {"completions", "extensions"}


CHANGES = {
    "test_trigger_tool_change": ("tools/list_changed", {}),
    "test_trigger_prompt_change": ("prompts/list_changed", {}),
    "test_trigger_resource_change": ("resources/list_changed", {}),
    "test_trigger_resource_update": ("resources/updated", {"uri": "test://watched-resource"}),
}


@pytest.mark.parametrize("tool", CHANGES)
async def test_who_watches_is_told_of_a_change(tool):
    async with dialogue(everything()) as talk:
        await talk.result("resources/subscribe", uri="test://watched-resource")
        await talk.request("tools/call", {"name": tool})
        messages = [await talk.receive(), await talk.receive()]
        news = next(message for message in messages if "method" in message)
        assert news["method"] == f"notifications/{CHANGES[tool][0]}"
        assert news.get("params", {}) == CHANGES[tool][1]


@pytest.mark.parametrize(("kind", "tool"), [("tools", "test_trigger_tool_change"),
                                            ("prompts", "test_trigger_prompt_change"),
                                            ("resources", "test_trigger_resource_change")])  # fmt: skip
async def test_a_change_is_to_be_seen_but_nothing_comes_or_goes(kind, tool):
    async with stateless(everything()) as talk:
        guest = Guest(talk, NAMES[-1])
        before = await guest.all(kind, kind)
        await talk.call(tool)
        after = await guest.all(kind, kind)
    assert before != after
    assert [one["name"] for one in before] == [one["name"] for one in after]


async def test_a_watched_resource_holds_something_else_after_its_update():
    async with dialogue(everything()) as talk:
        before = await talk.result("resources/read", uri="test://watched-resource")
        await talk.call("test_trigger_resource_update")
        assert await talk.result("resources/read", uri="test://watched-resource") != before


async def test_the_user_of_a_session_is_told_when_a_page_has_done_its_work():
    async with dialogue(everything(), capabilities=CAN_ALL) as talk:
        await talk.request("tools/call", {"name": "test_elicitation_url"})
        asked = await talk.receive()
        assert asked["params"]["mode"] == "url"
        await talk.send({"jsonrpc": "2.0", "id": asked["id"], "result": {"action": "accept"}})
        told = await talk.receive()
        assert told["method"] == "notifications/elicitation/complete"
        assert told["params"]["elicitationId"] == asked["params"]["elicitationId"]


@pytest.mark.parametrize("era", [dialogue, stateless])
async def test_a_slow_tool_says_how_far_it_is_and_can_be_cancelled(era):
    async with era(everything()) as talk:
        params = {"name": "test_slow_operation", "arguments": {"seconds": 1}, "_meta": {"progressToken": 7}}
        number = await talk.request("tools/call", params)
        told = await talk.receive()
        assert (told["method"], told["params"]["progressToken"]) == ("notifications/progress", 7)
        await talk.notify("notifications/cancelled", requestId=number)
        await talk.silence()


async def test_three_questions_come_in_one_round_without_a_session():
    async with stateless(everything(), capabilities=CAN_ALL) as talk:
        result = await talk.call("test_input_required_result_multiple_inputs")
        assert set(result["inputRequests"]) == {"user_name", "greeting", "client_roots"}


async def test_of_three_questions_those_that_were_not_answered_are_asked_again():
    async with stateless(everything(), capabilities=CAN_ALL) as talk:
        name = "test_input_required_result_multiple_inputs"
        answer = {"action": "accept", "content": {"name": "Ada"}}
        first = await talk.result("tools/call", name=name, inputResponses={"user_name": answer})
        assert set(first["inputRequests"]) == {"greeting", "client_roots"}
        rest = {
            "greeting": {"role": "assistant", "content": {"type": "text", "text": "Hi"}, "model": "m"},
            "client_roots": {"roots": []},
        }
        params = {"name": name, "inputResponses": rest, "requestState": first["requestState"]}
        assert (await talk.result("tools/call", **params))["resultType"] == "complete"


async def test_in_a_session_three_questions_come_one_after_the_other():
    async with dialogue(everything(), capabilities=CAN_ALL) as talk:
        number = await talk.request("tools/call", {"name": "test_input_required_result_multiple_inputs"})
        guest = Guest(talk, "2025-11-25")
        guest.asked[number] = "tools/call"
        asked = [(await guest.receive())["method"] for _ in range(3)]
        assert asked == ["elicitation/create", "sampling/createMessage", "roots/list"]
        assert (await guest.receive())["id"] == number


async def test_a_model_that_uses_the_tool_is_told_what_came_of_it():
    async with stateless(everything(), capabilities=CAN_ALL) as talk:
        answer = await Guest(talk, NAMES[-1])("tools/call", name="test_sampling_with_tools")
        assert answer["result"]["content"][0]["text"] == "With 1 uses of a tool: Well."


async def test_an_older_form_has_its_titles_elsewhere_and_no_choice_of_several():
    async with dialogue(everything(), revision="2025-06-18", capabilities={"elicitation": {}}) as talk:
        await talk.request("tools/call", {"name": "test_elicitation_sep1330_enums"})
        fields = (await talk.receive())["params"]["requestedSchema"]["properties"]
    assert set(fields) == {"untitledSingle", "titledSingle", "legacyEnum"}
    assert fields["titledSingle"] == {
        "type": "string",
        "enum": ["value1", "value2", "value3"],
        "enumNames": ["One", "Two", "Three"],
    }


async def test_only_some_defaults_are_known_to_older_revisions():
    async with dialogue(everything(), revision="2025-06-18", capabilities={"elicitation": {}}) as talk:
        await talk.request("tools/call", {"name": "test_elicitation_sep1034_defaults"})
        fields = (await talk.receive())["params"]["requestedSchema"]["properties"]
    assert [name for name, field in fields.items() if "default" in field] == ["verified"]


async def test_a_form_says_who_is_missing_when_the_client_has_none():
    async with stateless(everything()) as talk:
        for tool, wanted in (("test_elicitation", {"form": {}}), ("test_elicitation_url", {"url": {}})):
            arguments = {"message": "Hi"} if tool == "test_elicitation" else {}
            error = await talk.error("tools/call", name=tool, arguments=arguments)
            assert error["code"] == -32021
            assert error["data"] == {"requiredCapabilities": {"elicitation": wanted}}


@pytest.mark.parametrize("method", ["resources/read", "prompts/get"])
async def test_other_requests_than_calls_ask_the_client_as_well(method):
    key = {"resources/read": {"uri": "test://greeting"}, "prompts/get": {"name": "test_input_required_result_prompt"}}
    params = key[method]
    async with stateless(everything(), capabilities=CAN_ALL) as talk:
        guest = Guest(talk, NAMES[-1])
        assert (await talk.result(method, **params))["resultType"] == "input_required"
        assert "text" in str((await guest(method, **params))["result"])
    async with dialogue(everything(), capabilities=CAN_ALL) as talk:
        assert "text" in str((await Guest(talk, "2025-11-25")(method, **params))["result"])


async def test_a_user_who_declines_is_told_something_all_the_same():
    async with stateless(everything(), capabilities=CAN_ALL) as talk:
        for name, key in (("test_input_required_result_elicitation", "user_name"), ("test_elicitation_url", "input-1")):
            result = await talk.result("tools/call", name=name, inputResponses={key: {"action": "decline"}})
            assert "action=decline" in result["content"][0]["text"]
