"""A tool asks the client: in the course of a call where there is a session, between its rounds where there is none."""

import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace

import pytest
from dialogue import FORMS, dialogue, stateless
from offer import NAME_FORM, offer

from reference_servers.engine import Connection, questions

pytestmark = pytest.mark.anyio


def accepted(name):
    return {"action": "accept", "content": {"name": name}}


# ------------------------------------------------------------------------------------------------ with a session


@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25"])
async def test_the_client_is_asked_while_the_call_is_under_way(revision):
    async with dialogue(offer(), revision=revision, capabilities=FORMS) as talk:
        number = await talk.request("tools/call", {"name": "greet"})
        ids = []
        for name in ("Ada", "Lovelace"):
            question = await talk.receive()
            assert question["method"] == "elicitation/create"
            assert question["params"]["requestedSchema"] == NAME_FORM
            ids.append(question["id"])
            await talk.send({"jsonrpc": "2.0", "id": "somebody else's", "result": {}})
            await talk.send({"jsonrpc": "2.0", "id": question["id"], "result": accepted(name)})
        answer = await talk.receive()
        assert answer["id"] == number
        assert answer["result"]["structuredContent"] == {"greeting": "Hello, Ada Lovelace"}
        assert len(set(ids)) == 2


async def test_a_user_may_decline():
    async with dialogue(offer(), capabilities=FORMS) as talk:
        await talk.request("tools/call", {"name": "greet"})
        question = await talk.receive()
        await talk.send({"jsonrpc": "2.0", "id": question["id"], "result": {"action": "decline"}})
        assert (await talk.receive())["result"]["structuredContent"] == {"greeting": "no name: decline"}


@pytest.mark.parametrize(
    "answer",
    [
        {"error": {"code": -1, "message": "user is asleep"}},
        {"result": {}},
        {"result": {"action": "perhaps"}},
        {"result": {"action": "accept"}},
        {"result": {"action": "accept", "content": {"name": 7}}},
        {"result": "accept"},
    ],
)
async def test_an_answer_that_is_none_fails_the_call(answer):
    async with dialogue(offer(), capabilities=FORMS) as talk:
        await talk.request("tools/call", {"name": "greet"})
        question = await talk.receive()
        await talk.send({"jsonrpc": "2.0", "id": question["id"], **answer})
        assert (await talk.receive())["result"]["isError"] is True


@pytest.mark.parametrize(
    ("revision", "capabilities"),
    [
        ("2025-11-25", {}),
        ("2025-11-25", {"elicitation": {"url": {}}}),
        ("2025-11-25", {"sampling": {}}),
        ("2025-03-26", FORMS),  # of which this revision knows nothing
    ],
)
async def test_a_client_that_cannot_be_asked_is_not(revision, capabilities):
    async with dialogue(offer(), revision=revision, capabilities=capabilities) as talk:
        result = await talk.call("greet")
        assert result["isError"] is True
        assert "elicitation" in result["content"][0]["text"]


async def test_nothing_is_asked_before_the_client_is_ready():
    async with dialogue(offer(), revision=None) as talk:
        await talk.initialize(capabilities=FORMS)
        await talk.request("tools/call", {"name": "greet"})
        await talk.silence()
        await talk.notify("notifications/initialized")
        assert (await talk.receive())["method"] == "elicitation/create"


async def test_a_client_that_never_answers_is_told_that_it_need_not_any_more():
    class Impatient(Connection):
        patience = 0.05

    async with dialogue(offer(), Impatient, capabilities=FORMS) as talk:
        await talk.request("tools/call", {"name": "greet"})
        question, cancelled, answer = [await talk.receive() for _ in range(3)]
        assert (cancelled["method"], cancelled["params"]["requestId"]) == ("notifications/cancelled", question["id"])
        assert answer["result"]["isError"] is True


@pytest.mark.parametrize("revision", ["2024-11-05", "2025-11-25"])
async def test_a_model_and_roots_can_be_asked_for_too(revision):
    async with dialogue(offer(), revision=revision, capabilities={"sampling": {}, "roots": {}}) as talk:
        await talk.request("tools/call", {"name": "sample"})
        question = await talk.receive()
        assert question["method"] == "sampling/createMessage"
        said = {"role": "assistant", "content": {"type": "text", "text": "Paris"}, "model": "m"}
        await talk.send({"jsonrpc": "2.0", "id": question["id"], "result": said})
        question = await talk.receive()
        assert question == {"jsonrpc": "2.0", "id": question["id"], "method": "roots/list"}
        await talk.send({"jsonrpc": "2.0", "id": question["id"], "result": {"roots": [{"uri": "file:///a"}]}})
        assert json.loads((await talk.receive())["result"]["content"][0]["text"]) == {
            "answer": said["content"],
            "roots": [{"uri": "file:///a"}],
        }


# ------------------------------------------------------------------------------------------------ without


async def test_each_round_asks_for_what_the_next_one_needs():
    async with stateless(offer(), capabilities=FORMS) as talk:
        result = await talk.result("tools/call", name="greet")
        assert result["resultType"] == "input_required"
        assert "ttlMs" not in result
        ((key, question),) = result["inputRequests"].items()
        assert question == {
            "method": "elicitation/create",
            "params": {"message": "Your first name?", "requestedSchema": NAME_FORM},
        }
        result = await talk.result(
            "tools/call", name="greet", inputResponses={key: accepted("Ada")}, requestState=result["requestState"]
        )
        ((second, question),) = result["inputRequests"].items()
        assert second != key
        assert question["params"]["message"] == "Your last name?"
        result = await talk.result(
            "tools/call", name="greet", inputResponses={second: accepted("Byron")}, requestState=result["requestState"]
        )
        assert result["resultType"] == "complete"
        assert result["structuredContent"] == {"greeting": "Hello, Ada Byron"}


async def test_the_rounds_need_not_meet_the_same_connection():
    server = offer()
    async with stateless(server, capabilities=FORMS) as talk:
        asked = await talk.result("tools/call", name="greet")
    async with stateless(server, capabilities=FORMS) as talk:
        result = await talk.result(
            "tools/call",
            name="greet",
            inputResponses={"input-1": {"action": "cancel"}},
            requestState=asked["requestState"],
        )
        assert result["structuredContent"] == {"greeting": "no name: cancel"}


async def test_what_is_missing_is_asked_for_again_and_what_was_not_asked_is_ignored():
    async with stateless(offer(), capabilities=FORMS) as talk:
        first = await talk.result("tools/call", name="greet")
        for responses in ({}, {"something": accepted("else")}):
            again = await talk.result(
                "tools/call", name="greet", inputResponses=responses, requestState=first["requestState"]
            )
            assert again["inputRequests"] == first["inputRequests"]
        assert (await talk.result("tools/call", name="greet"))["inputRequests"] == first["inputRequests"]


@pytest.mark.parametrize("capabilities", [{}, {"sampling": {}}, {"elicitation": {"url": {}}}])
async def test_what_the_client_cannot_do_is_named(capabilities):
    async with stateless(offer(), capabilities=capabilities) as talk:
        error = await talk.error("tools/call", name="greet")
        assert error["code"] == -32021
        assert error["data"] == {"requiredCapabilities": {"elicitation": {"form": {}}}}
    async with stateless(offer(), capabilities=FORMS) as talk:
        error = await talk.error("tools/call", name="sample")
        assert error["data"] == {"requiredCapabilities": {"sampling": {}}}


@pytest.mark.parametrize(
    "responses",
    [
        [],
        "x",
        None,
        {"input-1": None},
        {"input-1": {}},
        {"input-1": {"action": "accept"}},
        {"input-1": {"action": "accept", "content": {"name": []}}},
    ],
)
async def test_responses_that_are_none_are_refused(responses):
    async with stateless(offer(), capabilities=FORMS) as talk:
        assert (await talk.error("tools/call", name="greet", inputResponses=responses))["code"] == -32602


def forged(state):
    payload, _, signature = state.rpartition(".")
    opened = json.loads(urlsafe_b64decode(payload))
    opened["answers"]["input-1"] = accepted("Mallory")
    yield f"{urlsafe_b64encode(json.dumps(opened).encode()).decode()}.{signature}"
    yield payload
    yield f"{payload}."
    yield f"{payload}.{signature[:-1]}0"
    yield from ("", "x", ".", "\ud800", 7, None, {})


async def test_state_that_is_not_ours_is_refused():
    async with stateless(offer(), capabilities=FORMS) as talk:
        state = (await talk.result("tools/call", name="greet"))["requestState"]
        for forgery in forged(state):
            for method, params in (
                ("tools/call", {"name": "greet"}),
                ("tools/call", {"name": "count"}),
                ("resources/read", {"uri": "shelf://book/0"}),
            ):
                assert (await talk.error(method, **params, requestState=forgery))["code"] == -32602


async def test_state_of_another_call_is_refused():
    async with stateless(offer(), capabilities=FORMS) as talk:
        state = (await talk.result("tools/call", name="greet"))["requestState"]
        for params in ({"name": "count"}, {"name": "greet", "arguments": {}}):
            assert (await talk.error("tools/call", **params, requestState=state))["code"] == -32602
        assert (await talk.error("resources/read", uri="shelf://book/0", requestState=state))["code"] == -32602


async def test_state_that_is_too_old_is_refused(monkeypatch):
    async with stateless(offer(), capabilities=FORMS) as talk:
        state = (await talk.result("tools/call", name="greet"))["requestState"]
        late = time.time() + questions.LIFETIME + 1
        monkeypatch.setattr(questions.time, "time", lambda: late)
        assert "too old" in (await talk.error("tools/call", name="greet", requestState=state))["message"]


async def test_servers_with_one_secret_take_each_others_state():
    async with stateless(replace(offer(), secret=b"shared"), capabilities=FORMS) as talk:
        state = (await talk.result("tools/call", name="greet"))["requestState"]
    async with stateless(replace(offer(), secret=b"shared"), capabilities=FORMS) as talk:
        assert (await talk.result("tools/call", name="greet", requestState=state))["resultType"] == "input_required"
    async with stateless(offer(), capabilities=FORMS) as talk:
        assert (await talk.error("tools/call", name="greet", requestState=state))["code"] == -32602
