"""Clients hear of what has changed, if they want to: pushed in a session, on a subscription without."""

import json
from dataclasses import replace

import anyio
import pytest
from dialogue import PREFIX, dialogue, metadata, stateless
from offer import offer

from reference_servers.engine import STATELESS, Connection
from reference_servers.github import github

pytestmark = pytest.mark.anyio

ALL = {
    "toolsListChanged": True,
    "promptsListChanged": True,
    "resourcesListChanged": True,
    "resourceSubscriptions": ["shelf://book/1"],
}


async def listen(talk, **wanted):
    number = await talk.request("subscriptions/listen", {"notifications": wanted})
    acknowledged = await talk.receive()
    assert acknowledged["method"] == "notifications/subscriptions/acknowledged"
    assert acknowledged["params"]["_meta"] == {f"{PREFIX}subscriptionId": number}
    return number, acknowledged["params"]["notifications"]


async def until_answer(talk):
    """What comes up to the next response, and that response."""
    received = [await talk.receive()]
    while "method" in received[-1]:
        received.append(await talk.receive())
    return received[:-1], received[-1]


# ------------------------------------------------------------------------------------------------ with a session


async def test_a_session_hears_of_lists_and_of_what_it_subscribed_to():
    async with dialogue(offer()) as talk:
        assert (await talk.result("resources/subscribe", uri="shelf://book/1")) == {}
        await talk.call("change")
        news = [await talk.receive() for _ in range(3)]
        assert news == [
            {"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": {"uri": "shelf://book/1"}},
            {"jsonrpc": "2.0", "method": "notifications/resources/list_changed"},
            {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"},
        ]
        assert (await talk.result("resources/unsubscribe", uri="shelf://book/1")) == {}
        await talk.call("change")
        assert "updated" not in (await talk.receive())["method"]


async def test_only_resources_that_are_there_can_be_subscribed_to():
    async with dialogue(offer()) as talk:
        assert (await talk.error("resources/subscribe", uri="shelf://none"))["code"] == -32002
        assert (await talk.error("resources/subscribe", uri=1))["code"] == -32602
        assert (await talk.result("resources/unsubscribe", uri="shelf://none")) == {}


async def test_a_server_that_announces_nothing_has_no_subscriptions_and_no_news():
    async with dialogue(replace(offer(), announces=False)) as talk:
        assert (await talk.error("resources/subscribe", uri="shelf://book/1"))["code"] == -32601
        await talk.call("change")
        await talk.silence()


async def test_there_is_no_news_before_the_client_is_ready():
    async with dialogue(offer(), revision=None) as talk:
        await talk.initialize()
        await talk.call("change")
        await talk.silence()


# ------------------------------------------------------------------------------------------------ without


async def test_a_subscription_is_acknowledged_and_brings_what_was_asked_for_under_its_id():
    async with stateless(offer()) as talk:
        number, honoured = await listen(talk, **ALL)
        assert honoured == {name: ALL[name] for name in ALL if name != "promptsListChanged"}
        await talk.call("change")
        meta = {"_meta": {f"{PREFIX}subscriptionId": number}}
        assert [await talk.receive() for _ in range(3)] == [
            {
                "jsonrpc": "2.0",
                "method": "notifications/resources/updated",
                "params": {**meta, "uri": "shelf://book/1"},
            },
            {"jsonrpc": "2.0", "method": "notifications/resources/list_changed", "params": meta},
            {"jsonrpc": "2.0", "method": "notifications/tools/list_changed", "params": meta},
        ]


async def test_subscriptions_are_told_apart_by_their_ids():
    async with stateless(offer()) as talk:
        one, _ = await listen(talk, toolsListChanged=True)
        other, _ = await listen(talk, resourcesListChanged=True, toolsListChanged=False)
        await talk.call("change")
        news = {}
        for _ in range(2):
            message = await talk.receive()
            news[message["params"]["_meta"][f"{PREFIX}subscriptionId"]] = message["method"]
        assert news == {one: "notifications/tools/list_changed", other: "notifications/resources/list_changed"}
        await talk.silence()


async def test_who_did_not_subscribe_hears_nothing():
    async with stateless(offer()) as talk:
        await listen(talk, promptsListChanged=True, resourceSubscriptions=["shelf://book/2"])
        await talk.call("change")
        await talk.silence()


async def test_a_cancelled_subscription_is_silent():
    async with stateless(offer()) as talk:
        number, _ = await listen(talk, **ALL)
        await talk.notify("notifications/cancelled", requestId=number)
        await talk.call("change")
        await talk.silence()


async def test_a_server_that_has_no_more_news_ends_the_subscription():
    async with stateless(offer()) as talk:
        number, _ = await listen(talk, **ALL)
        await talk.request("tools/call", {"name": "stop"})
        messages = [await talk.receive() for _ in range(3)]
        meta = {f"{PREFIX}subscriptionId": number}
        cancelled = next(message for message in messages if "method" in message)
        assert cancelled["method"] == "notifications/cancelled"
        assert cancelled["params"] == {"_meta": meta, "requestId": number}
        result = next(message["result"] for message in messages if message.get("id") == number)
        assert result["resultType"] == "complete"
        assert result["_meta"].items() >= meta.items()
        assert set(result) == {"resultType", "_meta"}


async def test_a_server_that_ends_ends_its_subscriptions_first():
    sent = []

    async def send(raw):
        sent.append(json.loads(raw))

    async with Connection(replace(offer(), revisions=STATELESS), send) as connection:
        params = {"_meta": metadata(), "notifications": ALL}
        request = {"jsonrpc": "2.0", "id": "s", "method": "subscriptions/listen", "params": params}
        await connection.handle(json.dumps(request).encode())
        await anyio.wait_all_tasks_blocked()
    assert [message.get("method") for message in sent[1:]] == ["notifications/cancelled", None]
    assert sent[-1]["id"] == "s"


async def test_a_server_without_news_acknowledges_that_it_will_bring_none():
    async with stateless(replace(offer(), announces=False)) as talk:
        number, honoured = await listen(talk, **ALL)
        assert honoured == {}
        await talk.silence()
        await talk.notify("notifications/cancelled", requestId=number)
        await talk.silence()


@pytest.mark.parametrize(
    "wanted",
    [
        None,
        [],
        "all",
        {"toolsListChanged": 1},
        {"promptsListChanged": None},
        {"resourceSubscriptions": "shelf://book/1"},
        {"resourceSubscriptions": [1]},
    ],
)
async def test_a_filter_that_is_none_is_refused(wanted):
    async with stateless(offer()) as talk:
        assert (await talk.error("subscriptions/listen", notifications=wanted))["code"] == -32602
        assert (await talk.error("subscriptions/listen"))["code"] == -32602


# ------------------------------------------------------------------------------------------------ GitHub


README = "repo://alice/hello-world/contents/README.md"
PLACE = {"owner": "alice", "repo": "hello-world", "branch": "main", "message": "m"}


async def test_github_tells_of_files_that_change_and_of_new_ones():
    async with dialogue(replace(github(), announces=True)) as talk:
        await talk.result("resources/subscribe", uri=README)
        await talk.call("create_or_update_file", **PLACE, path="README.md", content="# New\n")
        assert (await talk.receive())["params"] == {"uri": README}
        await talk.call("create_or_update_file", **PLACE, path="NEW.md", content="new")
        assert (await talk.receive())["method"] == "notifications/resources/list_changed"
        await talk.call("search_repositories", query="hello")
        await talk.silence()


async def test_github_tells_a_subscription_of_a_file_on_its_branch():
    on_branch = README.replace("/contents", "/refs/heads/main/contents")
    async with stateless(replace(github(), announces=True)) as talk:
        await listen(talk, resourceSubscriptions=[README, on_branch])
        await talk.call("create_or_update_file", **PLACE, path="README.md", content="# New\n")
        assert {(await talk.receive())["params"]["uri"] for _ in range(2)} == {README, on_branch}
        await talk.silence()
