"""What differs from one stateful revision to the next."""

import pytest
from dialogue import dialogue
from offer import ICONS, offer

pytestmark = pytest.mark.anyio

ALL = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]
revisions = pytest.mark.parametrize("revision", ALL)


@revisions
async def test_a_tool_has_only_what_the_revision_knows(revision):
    known = {"name", "description", "inputSchema"}
    known |= {"annotations"} if revision >= "2025-03-26" else set()
    known |= {"title", "outputSchema"} if revision >= "2025-06-18" else set()
    known |= {"icons"} if revision >= "2025-11-25" else set()
    async with dialogue(offer(), revision=revision) as talk:
        tools = {tool["name"]: tool for tool in (await talk.result("tools/list"))["tools"]}
        assert set(tools["add"]) == known
        assert "outputSchema" not in tools["list_all"]  # of an array, which no revision of these has


@revisions
async def test_a_resource_and_a_template_have_only_what_the_revision_knows(revision):
    newer = {"title"} if revision >= "2025-06-18" else set()
    newer |= {"icons"} if revision >= "2025-11-25" else set()
    async with dialogue(offer(), revision=revision) as talk:
        resource = (await talk.result("resources/list"))["resources"][0]
        template = (await talk.result("resources/templates/list"))["resourceTemplates"][0]
        assert set(resource) == {"uri", "name", "size", "annotations"} | newer
        assert ("lastModified" in resource["annotations"]) == (revision >= "2025-06-18")
        assert resource["annotations"]["audience"] == ["user"]
        assert set(template) == {"uriTemplate", "name", "mimeType"} | newer


@revisions
async def test_the_server_says_of_itself_only_what_the_revision_knows(revision):
    newer = {"title"} if revision >= "2025-06-18" else set()
    newer |= {"description", "icons"} if revision >= "2025-11-25" else set()
    async with dialogue(offer(), revision=None) as talk:
        result = await talk.initialize(revision)
        assert result["protocolVersion"] == revision
        assert set(result["serverInfo"]) == {"name", "version"} | newer
        assert "resultType" not in result


@revisions
async def test_structured_content_is_an_object_in_those_revisions_that_have_it(revision):
    async with dialogue(offer(), revision=revision) as talk:
        result = await talk.call("add", a=1, b=2)
        assert result["content"] == [{"type": "text", "text": '{"sum":3}'}]
        assert result.get("structuredContent") == ({"sum": 3} if revision >= "2025-06-18" else None)
        assert await talk.call("list_all") == {"content": [{"type": "text", "text": "[1,2]"}]}


@revisions
async def test_content_of_a_type_that_the_revision_does_not_have_becomes_text(revision):
    async with dialogue(offer(), revision=revision) as talk:
        text, image, audio, link = (await talk.call("show"))["content"]
        assert ("lastModified" in text["annotations"]) == ("_meta" in image) == (revision >= "2025-06-18")
        assert audio["type"] == ("audio" if revision >= "2025-03-26" else "text")
        if revision >= "2025-06-18":
            assert link["type"] == "resource_link"
            assert link.get("icons") == (ICONS if revision >= "2025-11-25" else None)
        else:
            assert link == {"type": "text", "text": "shelf://book/0"}


@revisions
async def test_progress_has_a_message_from_the_second_revision_on(revision):
    async with dialogue(offer(), revision=revision) as talk:
        await talk.request("tools/call", {"name": "count", "_meta": {"progressToken": 0}})
        _, last, answer = [await talk.receive() for _ in range(3)]
        assert last["params"].get("message") == (None if revision == "2024-11-05" else "done")
        assert last["params"]["progressToken"] == 0
        assert "result" in answer


@revisions
async def test_errors_are_those_of_the_revision(revision):
    async with dialogue(offer(), revision=revision) as talk:
        assert (await talk.error("resources/read", uri="shelf://none"))["code"] == -32002
        answer = await talk.ask("tools/call", name="add", arguments={})
        if revision >= "2025-11-25":
            assert answer["result"]["isError"] is True
        else:
            assert answer["error"]["code"] == -32602
        await talk.raw(b"{")
        assert ("id" in await talk.receive()) == (revision < "2025-11-25")


# ------------------------------------------------------------------------------------------------ batches


def ping(number):
    return {"jsonrpc": "2.0", "id": number, "method": "ping"}


@revisions
async def test_a_batch_is_served_in_the_one_revision_that_has_batches(revision):
    async with dialogue(offer(), revision=revision) as talk:
        await talk.send([ping(1), ping(2)])
        answer = await talk.receive()
        if revision == "2025-03-26":
            assert sorted(answer, key=lambda one: one["id"]) == [
                {"jsonrpc": "2.0", "id": number, "result": {}} for number in (1, 2)
            ]
        else:
            assert answer["error"]["code"] == -32600
        await talk.silence()


async def test_a_batch_of_everything_is_answered_for_each_part_that_wants_it_and_for_each_that_is_wrong():
    async with dialogue(offer(), revision="2025-03-26") as talk:
        notification = {"jsonrpc": "2.0", "method": "notifications/unheard-of"}
        initialize = {"jsonrpc": "2.0", "id": "start", "method": "initialize", "params": {}}
        await talk.send([notification, 1, ping("a"), initialize, {"jsonrpc": "2.0", "id": "b", "method": "no/such"}])
        answers = {answer["id"]: answer for answer in await talk.receive()}
        assert answers.keys() == {None, "a", "start", "b"}
        assert answers[None]["error"]["code"] == answers["start"]["error"]["code"] == -32600
        assert answers["b"]["error"]["code"] == -32601


@pytest.mark.parametrize(
    "batch",
    [
        [{"jsonrpc": "2.0", "method": "notifications/unheard-of"}] * 2,
        [{"jsonrpc": "2.0", "id": "nobody", "result": {}}],
    ],
)
async def test_a_batch_that_wants_no_answer_has_none(batch):
    async with dialogue(offer(), revision="2025-03-26") as talk:
        await talk.send(batch)
        await talk.silence()


async def test_an_empty_batch_is_one_invalid_request():
    async with dialogue(offer(), revision="2025-03-26") as talk:
        await talk.send([])
        assert (await talk.receive())["error"]["code"] == -32600


async def test_what_is_cancelled_in_a_batch_holds_up_no_other_answer():
    async with dialogue(offer(), revision="2025-03-26") as talk:
        hang = {"jsonrpc": "2.0", "id": "h", "method": "tools/call", "params": {"name": "hang"}}
        await talk.send([hang, ping("p")])
        await talk.notify("notifications/cancelled", requestId="h")
        assert [answer["id"] for answer in await talk.receive()] == ["p"]


async def test_before_initialize_a_batch_is_no_message():
    async with dialogue(offer(), revision=None) as talk:
        await talk.send([ping(1)])
        assert (await talk.receive())["error"]["code"] == -32600


# ------------------------------------------------------------------------------------------------ logs


@revisions
async def test_a_session_hears_of_what_is_severe_enough(revision):
    async with dialogue(offer(), revision=revision) as talk:

        async def heard():
            await talk.request("tools/call", {"name": "chat", "arguments": {}})
            levels = []
            while "method" in (message := await talk.receive()):
                levels.append(message["params"]["level"])
                assert message["params"] == {"level": levels[-1], "logger": "chat", "data": {"said": levels[-1]}}
            return levels

        assert await heard() == ["info", "error"]
        assert await talk.result("logging/setLevel", level="error") == {}
        assert await heard() == ["error"]
        assert await talk.result("logging/setLevel", level="debug") == {}
        assert await heard() == ["debug", "info", "error"]
        for level in ("loud", 7, None):
            assert (await talk.error("logging/setLevel", level=level))["code"] == -32602
