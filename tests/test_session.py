"""The tester's side of a conversation: which answer belongs to which request, what is answered, and all its bounds."""

import json
from typing import Any

import anyio
import pytest
from scripted import HANG_UP, Right, converse, error, result, talk

from mcp_conformance import conduits, reassembly
from mcp_conformance import session as session_module
from mcp_conformance.jsonrpc import MISSING, LineFraming
from mcp_conformance.session import Session
from mcp_conformance.transports.memory import Receive, Send

OPEN: dict[str, Any] = {"roots": {}, "sampling": {}, "elicitation": {}}


def kinds(session: Session) -> list[str]:
    return [
        event.message.kind for event in session.transcript.events if event.direction == "received" and event.message
    ]


# -------------------------------------------------- correlation


def test_answers_out_of_order_each_find_their_request() -> None:
    held: list[Any] = []

    def answer(message: Any) -> Any:
        held.append(result(message, {"for": message["method"]}))
        return list(reversed(held)) if len(held) == 3 else None

    async def conversation(session: Session) -> None:
        sent = [await session.request(method) for method in ("a", "b", "c")]
        for exchange in sent:
            assert await session.answered(exchange)
            assert exchange.result == {"for": exchange.method}
            assert exchange.flaw == ""
        assert session.ids_are_reliable
        assert session.strays == []

    talk(answer, conversation)


@pytest.mark.parametrize(
    ("wrong", "flaw"),
    [
        (lambda number: str(number), "id-type"),
        (lambda number: float(number), ""),
        (lambda number: None, "id-other"),
        (lambda number: number + 1000, "id-other"),
        (lambda number: [number], "id-other"),
    ],
)
def test_an_answer_with_a_wrong_id_is_taken_for_the_answer_and_marked(wrong: Any, flaw: str) -> None:
    async def conversation(session: Session) -> None:
        exchange = await session.call("ping")
        assert (exchange.result, exchange.flaw) == ({}, flaw)

    talk(lambda message: {**result(message, {}), "id": wrong(message["id"])}, conversation)


def test_an_answer_without_an_id_is_taken_for_the_only_one_that_is_waited_for() -> None:
    async def conversation(session: Session) -> None:
        exchange = await session.call("ping")
        assert (exchange.error["code"], exchange.flaw) == (-1, "id-other")
        assert not session.ids_are_reliable

    talk(lambda message: {"jsonrpc": "2.0", "error": {"code": -1, "message": ""}}, conversation)


def test_an_answer_that_comes_twice_is_surplus_and_one_to_nothing_is_a_stray() -> None:
    def answer(message: Any) -> Any:
        return [result(message, {}), result(message, {}), {"jsonrpc": "2.0", "id": "nobody", "result": {}}]

    async def conversation(session: Session) -> None:
        first = await session.call("ping")
        second = await session.call("ping")
        await session.aclose()
        assert [len(exchange.surplus) for exchange in (first, second)] == [1, 1]
        assert [exchange.flaw for exchange in (first, second)] == [
            "",
            "",
        ]  # also where "nobody" came while an answer was waited for
        assert [stray.message and stray.message.id for stray in session.strays] == ["nobody", "nobody"]
        assert session.ids_are_reliable

    talk(answer, conversation)


def test_one_id_for_all_answers_costs_one_deadline_and_not_one_each() -> None:
    async def conversation(session: Session) -> None:
        flaws = [(await session.call("ping")).flaw for _ in range(2)]
        session.deadline = 60  # more than the conversation may take
        flaws += [(await session.call("ping")).flaw for _ in range(4)]
        assert flaws == ["", *["id-other"] * 5]
        assert all(exchange.surplus == [] for exchange in session.exchanges)

    talk(lambda message: {**result(message, {}), "id": 1}, conversation)


def test_the_answer_to_a_notification_is_not_taken_for_that_to_the_next_request() -> None:
    def answer(message: Any) -> Any:
        return [result(message, {}) if "id" in message else {"jsonrpc": "2.0", "id": None, "result": {}}]

    async def conversation(session: Session) -> None:
        await session.notify("notifications/initialized")
        exchange = await session.call("ping")
        assert exchange.flaw == ""
        assert len(session.strays) == 1

    talk(answer, conversation)


def test_a_late_error_to_broken_input_is_not_held_against_a_later_request() -> None:
    late: list[Any] = []

    def answer(message: Any) -> Any:
        if message is None:
            late.append({"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "parse error"}})
            return None
        right = result(message, {})
        return [late.pop(), right] if late and message["id"] == 3 else right

    async def conversation(session: Session) -> None:
        await session.raw(b"not JSON")
        for _ in range(2):
            await session.barrier()
        exchange = await session.call("ping")
        assert (exchange.result, exchange.flaw) == ({}, "")
        assert len(session.strays) == 1

    talk(answer, conversation)


def test_after_the_deadline_the_only_stray_is_adopted_as_the_answer() -> None:
    async def conversation(session: Session) -> None:
        await session.notify("notifications/initialized")  # so that a wrong id is no longer settled at once
        exchange = await session.call("ping")
        assert (exchange.result, exchange.flaw) == ({}, "id-other")
        assert session.strays == []
        again = await session.call("ping")  # from here on wrong ids are expected, and cost nothing
        assert again.flaw == "id-other"

    def answer(message: Any) -> Any:
        return {"jsonrpc": "2.0", "id": None, "result": {}} if "id" in message else None

    talk(answer, conversation)


def test_two_strays_leave_a_request_unanswered_for_nobody_knows_which_it_is() -> None:
    def answer(message: Any) -> Any:
        return (
            [{"jsonrpc": "2.0", "id": f"x{number}", "result": {}} for number in range(2)] if "id" in message else None
        )

    async def conversation(session: Session) -> None:
        await session.notify("n")
        assert (await session.call("ping")).answer is None
        assert len(session.strays) == 2

    talk(answer, conversation)


# -------------------------------------------------- the server's requests


@pytest.mark.parametrize(
    ("method", "capabilities", "member"),
    [
        ("ping", {}, None),
        ("roots/list", OPEN, "roots"),
        ("sampling/createMessage", OPEN, "role"),
        ("elicitation/create", OPEN, "action"),
        ("roots/list", {}, -32601),
        ("sampling/createMessage", {"roots": {}}, -32601),
        ("elicitation/create", {"roots": {}}, -32601),
        ("tools/list", OPEN, -32601),
    ],
)
def test_a_request_of_the_servers_is_answered_as_was_declared(
    method: str, capabilities: dict[str, Any], member: Any
) -> None:
    replies: list[Any] = []

    def answer(message: Any) -> Any:
        if "method" not in message:
            replies.append(message)
            return result({"id": 1}, {})
        return {"jsonrpc": "2.0", "id": "mine", "method": method}

    async def conversation(session: Session) -> None:
        assert (await session.call("tools/call")).answer is not None

    talk(answer, conversation, capabilities=capabilities)
    (reply,) = replies
    assert reply["id"] == "mine"
    if isinstance(member, int):
        assert reply["error"]["code"] == member
    elif member is None:
        assert reply["result"] == {}
    else:
        assert member in reply["result"]


# -------------------------------------------------- over several lines

WIDE = {"jsonrpc": "2.0", "id": 1, "result": {"list": ["a", 2, {}, []], "last": [{"x": {}}], "text": "ends with }"}}


@pytest.mark.parametrize("indent", [1, 4, "\t"])
def test_a_message_that_is_indented_is_put_together_whatever_stands_on_its_lines(indent: Any) -> None:
    async def conversation(session: Session) -> None:
        exchange = await session.call("ping")
        assert exchange.result == WIDE["result"]
        assert exchange.answer is not None
        assert exchange.answer.text.startswith("events 2 to ")

    talk(lambda message: json.dumps(WIDE, indent=indent).encode(), conversation)


@pytest.mark.parametrize("text", ["one\ntwo", "one\n  indented}", "{\n}", "\n\n"])
def test_a_message_with_raw_newlines_in_a_string_is_put_together(text: str) -> None:
    raw = json.dumps({"jsonrpc": "2.0", "result": {"text": text}, "id": 1}).replace("\\n", "\n").encode()

    async def conversation(session: Session) -> None:
        assert (await session.call("ping")).result == {"text": text}

    talk(lambda message: raw, conversation)


def test_garbage_around_messages_does_not_hide_them() -> None:
    def answer(message: Any) -> Any:
        return [b"INFO listening", b"{ not JSON", b"", result(message, {}), b"}", b"\xff\xfe", b"42"]

    async def conversation(session: Session) -> None:
        for _ in range(3):
            assert (await session.call("ping")).result == {}
        assert kinds(session).count("result") == 3

    talk(answer, conversation)


def test_the_search_for_messages_over_lines_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reassembly, "_MAX_REREAD", 10_000)
    lines = [b'{"a":[', *[b'1,{"b":1}', b',{"c":1}'] * 2000]

    async def conversation(session: Session) -> None:
        assert (await session.call("ping")).result == {}
        assert session._lines.reread < 60_000  # the last try that went over the bound, and counting alone after it

    talk(lambda message: [*lines[:9], result(message, {})], conversation)


@pytest.mark.parametrize("indent", [1, 4, "\t"])
def test_an_array_that_is_indented_is_put_together(indent: Any) -> None:
    async def conversation(session: Session) -> None:
        exchange = await session.call("ping")
        assert exchange.result == WIDE["result"]

    talk(lambda message: json.dumps([WIDE], indent=indent).encode(), conversation, revision="2025-03-26")


# -------------------------------------------------- batches

ONE_OF_EACH: list[tuple[str, Any, Any]] = [
    ("a", MISSING, None), ("told", {"x": 1}, MISSING), ("b", {}, "mine"), ("c", MISSING, None)
]  # fmt: skip
BATCHES = {
    "in one array": lambda asked: [[result(one, {"for": one["method"]}) for one in asked]],
    "backwards": lambda asked: [[result(one, {"for": one["method"]}) for one in reversed(asked)]],
    "singly": lambda asked: [result(one, {"for": one["method"]}) for one in asked],
    "in two arrays": lambda asked: [[result(one, {"for": one["method"]})] for one in asked],
}


@pytest.mark.parametrize("way", BATCHES)
def test_each_request_of_a_batch_finds_its_answer(way: str) -> None:
    async def conversation(session: Session) -> None:
        exchanges = await session.batch(ONE_OF_EACH)
        assert [exchange.method for exchange in exchanges] == ["a", "b", "c"]
        for exchange in exchanges:
            assert await session.answered(exchange)
            assert (exchange.result, exchange.flaw) == ({"for": exchange.method}, "")
            assert exchange.is_batched
        assert session.strays == []
        sent = json.loads(exchanges[0].sent.raw)
        assert [("id" in one, one["method"]) for one in sent] == [
            (True, "a"), (False, "told"), (True, "b"), (True, "c")
        ]  # fmt: skip

    def answer(batch: Any) -> Any:
        return BATCHES[way]([one for one in batch if "id" in one])

    talk(answer, conversation, revision="2025-03-26")


def test_an_error_without_an_id_answers_a_batch_and_none_of_its_requests() -> None:
    async def conversation(session: Session) -> None:
        (exchange,) = await session.batch([("a", MISSING, None)])
        assert not await session.answered(exchange, 0.2)
        assert [stray.message.id for stray in session.strays if stray.message] == [None]

    talk(lambda batch: error({"id": None}, -32600), conversation, revision="2025-03-26")


@pytest.mark.parametrize(("revision", "read"), [("2024-11-05", True), ("2025-03-26", True), ("2025-06-18", False)])
def test_messages_of_a_received_array_are_read_where_there_may_be_batches(revision: str, read: bool) -> None:
    own = {"jsonrpc": "2.0", "id": "theirs", "method": "ping"}

    async def conversation(session: Session) -> None:
        exchange = await session.request("a")
        assert await session.answered(exchange, 5 if read else 0.2) == read
        parts = [event for event in session.transcript.events if event.batch]
        assert [event.message.kind for event in parts if event.message] == ["request", "result"] * read
        array = next(event for event in session.transcript.events if event.message and event.message.kind == "batch")
        assert {event.batch for event in parts} <= {array.number}

    def answer(message: Any) -> Any:
        return [[own, result(message, {})]] if message.get("method") == "a" else None

    talk(answer, conversation, revision=revision)


def test_of_an_endless_array_a_part_is_read_and_nobody_blamed_for_the_rest() -> None:
    async def conversation(session: Session) -> None:
        await session.call("a")
        last = session.transcript.events[-1]
        assert last.message is not None
        assert (last.message.kind, last.message.problem[:10]) == ("unread", "only the f")

    note = {"jsonrpc": "2.0", "method": "notifications/x"}
    talk(lambda message: [[result(message, {}), *[note] * 1500]], conversation, revision="2025-03-26")


# -------------------------------------------------- time and bounds


def test_the_end_of_the_stream_wakes_everyone_who_waits() -> None:
    def answer(message: Any) -> Any:
        return HANG_UP if message["method"] == "last" else None

    async def conversation(session: Session) -> None:
        waiting = [await session.request(method) for method in ("a", "b", "last")]
        assert [await session.answered(exchange) for exchange in waiting] == [False, False, False]
        assert not session.alive
        assert session.transcript.events[-1].text == "the server closed its output"
        assert (await session.call("ping")).answer is None  # at once, and not after a deadline

    talk(answer, conversation, deadline=20)


def test_a_deadline_ends_the_wait_and_a_late_answer_is_still_taken() -> None:
    held: list[Any] = []

    def answer(message: Any) -> Any:
        if message["method"] == "slow":
            held.append(result(message, {"late": True}))
            return None
        return [result(message, {}), *held]

    async def conversation(session: Session) -> None:
        slow = await session.call("slow", deadline=0.05)
        assert slow.answer is None
        await session.call("ping")
        assert await session.answered(slow)
        assert slow.flaw == ""

    talk(answer, conversation)


def test_patience_outlasts_a_slow_answer_while_the_server_answers_others() -> None:
    held: list[Any] = []

    def answer(message: Any) -> Any:
        if message["method"] == "slow":
            held.append(result(message, {}))
            return None
        return [result(message, {}), *([held.pop()] if held and len(held) == 1 else [])]

    async def conversation(session: Session) -> None:
        assert await session.answered_in_patience(await session.request("slow"))

    talk(answer, conversation)


def test_patience_ends_when_the_server_answers_nothing_else_either() -> None:
    async def conversation(session: Session) -> None:
        assert not await session.answered_in_patience(await session.request("slow"))
        assert [exchange.method for exchange in session.exchanges] == ["slow", "ping"]

    talk(lambda message: None, conversation)


def test_a_server_that_reads_nothing_is_not_waited_for_without_end() -> None:
    async def deaf(receive: Receive, send: Send) -> None:
        await anyio.sleep_forever()

    async def conversation(session: Session) -> None:
        await session.request("big", {"text": "x" * 300_000})
        assert (await session.call("ping")).answer is None

    converse(deaf, conversation)


@pytest.mark.parametrize(("name", "bound"), [("MAX_EVENTS", 50), ("MAX_BYTES", 5000)])
def test_a_flood_is_cut_off_and_said_to_be_one(name: str, bound: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, name, bound)

    async def flood(receive: Receive, send: Send) -> None:
        while True:
            await send(b'{"jsonrpc":"2.0","method":"notifications/x"}\n' * 10)

    async def conversation(session: Session) -> None:
        await session.call("ping")
        assert not session.alive
        assert session.transcript.events[-1].text.startswith(f"the server sent more than {bound} ")
        assert len(session.transcript) < 20_000

    converse(flood, conversation)


def test_a_line_over_the_bound_is_recorded_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LineFraming.__init__, "__defaults__", (5000,))

    async def conversation(session: Session) -> None:
        assert (await session.call("ping")).result == {}
        cut = [event for event in session.transcript.events if event.cut]
        assert len(cut) == 1
        assert cut[0].message is not None
        assert cut[0].message.kind == "unread"
        assert "longer than the 5000 bytes" in cut[0].message.problem
        assert len(cut[0].raw) == 2000

    talk(lambda message: [b"x" * 9000, result(message, {})], conversation)


def test_what_is_heard_before_the_time_is_up_ends_the_wait() -> None:
    async def early(receive: Receive, send: Send) -> None:
        await send(b"hello\n")
        await receive()

    async def conversation(session: Session) -> None:
        assert await session.heard(0, 20)

    async def mute(session: Session) -> None:
        assert not await session.heard(0, 0.05)

    converse(early, conversation)
    talk(lambda message: None, mute)


def test_closing_wakes_who_waits_and_can_be_repeated() -> None:
    async def conversation(session: Session) -> None:
        exchange = await session.request("slow")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(session.aclose)
            assert not await session.answered(exchange, 20)
        assert await session.aclose() is session.ending
        assert not session.alive

    talk(lambda message: None, conversation, deadline=20)


def test_cancelling_a_conversation_leaves_no_task_behind() -> None:
    ended: list[bool] = []

    async def endless(receive: Receive, send: Send) -> None:
        try:
            while await receive():
                pass
        finally:
            ended.append(True)

    async def conversation(session: Session) -> None:
        with anyio.move_on_after(0.05) as scope:
            await session.call("slow")
        assert scope.cancelled_caught

    converse(endless, conversation, deadline=20)
    assert ended == [True]


def test_a_fault_of_our_own_while_reading_is_kept_for_whoever_judges(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(raw: bytes) -> Any:
        raise RuntimeError("ours")

    async def conversation(session: Session) -> None:
        exchange = await session.request("ping")
        monkeypatch.setattr(conduits, "parse", broken)
        assert not await session.answered(exchange, 20)
        assert isinstance(session.failure, RuntimeError)

    talk(lambda message: result(message, {}), conversation)
    monkeypatch.undo()


def test_the_handshake_keeps_what_the_server_said_of_itself() -> None:
    async def conversation(session: Session) -> None:
        assert not session.ready
        await session.initialize("2025-11-25")
        assert session.ready
        assert session.server["serverInfo"] == {"name": "scripted", "version": "1"}
        await session.initialized()
        assert (await session.barrier()).result == {}

    talk(Right(), conversation)
