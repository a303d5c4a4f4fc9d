"""Event streams without I/O: the events a browser would see, what it would drop, and what was wrong with either."""

import re
import sys
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from types import FrameType

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mcp_conformance.sse import MAX_COMMENTS, MAX_PROBLEMS, EventStream, ServerEvent

SOME = settings(max_examples=300, deadline=None, derandomize=True, database=None)


def read(*chunks: bytes, bound: int = 10_000) -> list[ServerEvent]:
    stream = EventStream(bound)
    found = [event for chunk in chunks for event in stream.feed(chunk)]
    return [*found, *stream.eof()]


def only(*chunks: bytes, bound: int = 10_000) -> ServerEvent:
    (event,) = read(*chunks, bound=bound)
    return event


# -------------------------------------------------------------------------------------------------- as a browser reads


def oracle(stream: bytes) -> tuple[list[tuple[str, str, str]], int | None]:
    """The events (type, data, last id) that a browser dispatches, and the reconnection time: the standard's own
    algorithm, over the whole stream at once, character by character where it says so."""
    text = stream.decode("utf-8", "replace").removeprefix("\ufeff")
    *lines, _ = re.split("\r\n|\r|\n", text)
    events: list[tuple[str, str, str]] = []
    retry: int | None = None
    data = kind = last_id = ""
    for line in lines:
        if line == "":
            if data != "":
                events.append((kind or "message", data[:-1], last_id))
            data = kind = ""
            continue
        if line[0] == ":":
            continue
        if ":" in line:
            field, value = line.split(":", 1)
            value = value[1:] if value[:1] == " " else value
        else:
            field, value = line, ""
        if field == "event":
            kind = value
        elif field == "data":
            data += value + "\n"
        elif field == "id" and "\0" not in value:
            last_id = value
        elif field == "retry" and value and all(digit in "0123456789" for digit in value):
            retry = int(value)
    return events, retry


# fmt: off
PIECES = st.sampled_from([
    b"data", b"id", b"event", b"retry", b":", b": ", b" ", b"\n", b"\r", b"\r\n", b"\n\n", b"\r\n\r\n", b"1", b"07",
    b"x", b"\0", b"\xff", b"caf\xc3\xa9", b"\xe2\x82", b"\xef\xbb\xbf", b"data: {}", b"Data", b"\xc2\x85",
    b"\xe2\x80\xa8",
])
# fmt: on
STREAMS = st.lists(PIECES, max_size=30).map(b"".join) | st.binary(max_size=60)


@given(STREAMS)
@example(b"\xef\xbb\xbf\n\ndata: x\n\n")
@example(b"\xef\xbb\xbfdata: x\r\rdata\r\n\r\n")
@example(b"id: 1\n\nid: a\0b\ndata\n\nid\ndata: x\n\n")
@example(b"\xef\xbb\xbf\xef\xbb\xbfdata: x\n\n")
@SOME
def test_what_is_dispatched_is_what_the_standard_says(stream: bytes) -> None:
    decoder = EventStream()
    found = [*decoder.feed(stream), *decoder.eof()]
    events, retry = oracle(stream)
    assert [(event.type, event.text, event.last_id) for event in found if event.dispatched] == events
    assert decoder.retry == retry


@given(STREAMS, st.lists(st.integers(0, 60), max_size=8), st.sampled_from([1, 3, 8, 1000]))
@SOME
def test_events_do_not_depend_on_where_the_chunks_are_cut(stream: bytes, places: list[int], bound: int) -> None:
    edges = [0, *sorted(places), len(stream)]
    chunks = [stream[start:end] for start, end in pairwise(edges)]
    assert read(*chunks, bound=bound) == read(stream, bound=bound)


@given(STREAMS)
@SOME
def test_events_come_as_soon_as_they_are_complete_and_keep_every_byte(stream: bytes) -> None:
    whole = read(stream)
    assert read(*(bytes([byte]) for byte in stream)) == whole
    kept = b"".join(event.raw for event in whole)
    assert kept.translate(None, b"\r\n\xef\xbb\xbf") == stream.translate(None, b"\r\n\xef\xbb\xbf")
    for event in whole:
        assert event.size == len(event.raw)
        assert not event.cut


@given(st.binary(max_size=2000), st.integers(0, 50))
@SOME
def test_random_bytes_give_events_within_the_bound_and_raise_nothing(noise: bytes, bound: int) -> None:
    for event in read(noise, noise, bound=bound):
        assert len(event.raw) <= bound
        assert event.cut == (event.size > bound)
        assert len(event.problems) <= MAX_PROBLEMS + 1


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_an_event_is_complete_with_the_first_byte_of_its_blank_line(end: bytes) -> None:
    stream = EventStream()
    event, *rest = stream.feed(b"data: 1" + end + end[:1])
    assert (event.type, event.data, event.raw, rest) == ("message", b"1", b"data: 1" + end, [])
    assert [later.raw for later in stream.feed(end[1:] + b"data: 2" + end + end)] == [b"data: 2" + end]
    assert list(stream.eof()) == []


# ------------------------------------------------------------------------------------------------- what a judge can ask


def test_a_message_with_everything_is_taken_apart() -> None:
    event = only(b": hello\nevent: endpoint\ndata: {\ndata:  1}\nid: 7\nretry: 1500\n\n")
    assert (event.type, event.named, event.data, event.data_lines) == ("endpoint", True, b"{\n 1}", 2)
    assert (event.id, event.last_id, event.retry, event.comments) == ("7", "7", 1500, (" hello",))
    assert event.problems == ()
    assert event.dispatched


def test_the_type_is_message_unless_the_event_names_another() -> None:
    assert [(event.type, event.named) for event in read(b"data\n\nevent\ndata\n\nevent: message\ndata\n\n")] == [
        ("message", False),
        ("message", False),
        ("message", True),
    ]


@pytest.mark.parametrize(
    ("raw", "dispatched", "primes"),
    [
        (b"id: 1\ndata:\n\n", True, True),
        (b"id: 1\ndata\n\n", True, True),
        (b"id: 1\n\n", False, True),
        (b"id: 1\ndata: x\n\n", True, False),
        (b"id\ndata\n\n", True, False),
        (b"id: a\0b\ndata\n\n", True, False),
        (b"id: 1\ndata:\n", False, False),
        (b"retry: 10\n\n", False, False),
        (b": still here\n\n", False, False),
        (b"data:\n\n", True, False),
    ],
)
def test_events_without_data_are_delivered_and_told_apart(raw: bytes, dispatched: bool, primes: bool) -> None:
    event = only(raw)
    assert (event.dispatched, event.primes) == (dispatched, primes)


def test_the_last_id_stays_until_another_comes_and_an_empty_one_takes_it_back() -> None:
    stream = EventStream()
    events = list(stream.feed(b"data\n\nid: 1\n\ndata\n\nid: 2\0\ndata\n\nid\ndata\n\nid: 3\ndata\n"))
    assert [(event.id, event.last_id) for event in events] == [
        (None, ""),
        ("1", "1"),
        (None, "1"),
        ("2\0", "1"),
        ("", ""),
    ]
    (rest,) = stream.eof()
    assert (rest.id, rest.last_id, stream.last_id) == ("3", "", "")


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"id: a\0b\n\n", "an id with a NUL, which is ignored"),
        (b"retry: 1.5\n\n", "retry is no whole number of milliseconds, and is ignored: '1.5'"),
        (b"retry:\n\n", "retry is no whole number of milliseconds, and is ignored: ''"),
        (b"retry: -1\n\n", "retry is no whole number of milliseconds, and is ignored: '-1'"),
        ("retry: ٣\n\n".encode(), "retry is no whole number of milliseconds, and is ignored: '\\u0663'"),
        (b"id: 1\nid: 2\n\n", "more than one field 'id': the last one counts"),
        (b"Data: 1\n\n", "'Data' is no field, and is ignored; 'data' is"),
        (b" data: 1\n\n", "' data' is no field, and is ignored; 'data' is"),
        (b"data : 1\n\n", "'data ' is no field, and is ignored; 'data' is"),
        (b'{"jsonrpc": "2.0"}\n\n', "an unknown field, which is ignored: '{\"jsonrpc\"'"),
        (b"\n\xef\xbb\xbfdata: 1\n\n", "'\\ufeffdata' is no field, and is ignored; 'data' is"),
        (b"data: \xff\n\n", "not UTF-8: byte 0xff at offset 6 of the event"),
        (b"data: \xe2\x82\n\n", "not UTF-8: byte 0xe2 at offset 6 of the event"),
        (b"data: 1\n", "the stream ended before the blank line that completes an event"),
        (b"data: 1", "the stream ended before the blank line that completes an event"),
    ],
)
def test_what_is_illegal_or_odd_is_named(raw: bytes, problem: str) -> None:
    assert only(raw).problems == (problem,)


def test_a_retry_that_is_absurdly_long_is_not_computed() -> None:
    stream = EventStream()
    (event,) = stream.feed(b"retry: " + b"9" * 5000 + b"\n\n")
    assert event.retry is stream.retry is None
    assert "no whole number" in event.problems[0]


def test_what_the_end_of_the_stream_cut_off_is_shown_but_not_believed() -> None:
    event = only(b"event: x\ndata: {}\nid: 12")
    assert (event.type, event.data, event.id, event.unfinished) == ("x", b"{}", None, True)
    assert event.problems[1] == "the field 'id' is cut off"
    assert only(b"data: {").data == b"{"


def test_the_rest_of_a_stream_is_told_once_and_nothing_is_no_rest() -> None:
    stream = EventStream()
    assert list(stream.feed(b"data")) == []
    assert len(list(stream.eof())) == 1
    assert list(stream.eof()) == []
    for nothing in (b"", b"\n\r\n\r", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n", b"\xef\xbb\xbf\n\n"):
        assert read(nothing) == []


# ----------------------------------------------------------------------------------------------------------- the bounds


def test_an_event_over_the_bound_is_cut_and_the_next_one_is_whole() -> None:
    long, next_one = read(b"data: 123", b"456789\nid: 5\n\ndata: x\n\n", bound=12)
    assert (long.data, long.raw, long.cut, long.size) == (b"123456", b"data: 123456", True, 22)
    assert long.problems == ("longer than the 12 bytes that are read here: 22 bytes",)
    assert long.dispatched
    assert (next_one.data, next_one.cut, next_one.problems) == (b"x", False, ())


def test_an_event_that_fills_the_bound_is_not_cut() -> None:
    assert not only(b"data: x\n\n", bound=8).cut
    assert only(b"data: xy\n\n", bound=8).cut


def test_a_cut_in_the_middle_of_a_character_is_not_the_servers_fault() -> None:
    assert len(only("data: é\n\n".encode(), bound=7).problems) == 1


def test_floods_of_comments_and_of_oddities_are_counted_not_kept() -> None:
    event = only(b":x\n" * 1000 + b"".join(b"field%d\n" % number for number in range(1000)) + b"\n", bound=100_000)
    assert len(event.comments) == MAX_COMMENTS
    assert len(event.problems) == MAX_PROBLEMS + 1
    assert event.problems[-1] == f"and {1000 - MAX_PROBLEMS} more problems"


def work(task: Callable[[], object]) -> int:
    """Calls made, and bytes that built-in methods were called on: it grows as the time does, and is always the same."""
    total = 0

    def count(frame: FrameType, event: str, called: object) -> None:
        nonlocal total
        owner = getattr(called, "__self__", None) if event == "c_call" else None
        total += 1 + (len(owner) if isinstance(owner, bytes | bytearray | str) else 0)

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        task()
    finally:
        sys.setprofile(before)
    return total


@pytest.mark.parametrize(
    "make",
    [
        lambda size: [b"data: " + b"x" * size + b"\n\n"],
        lambda size: [b"x"] * size,
        lambda size: [b"\r"] * size,
        lambda size: [b"data: " + b"x" * 50 for _ in range(size // 50)],
        lambda size: [b":\n"] * size,
        lambda size: [b"data\n" * size, b"\n"],
        lambda size: [b"a\rb\r\n" * size],
        lambda size: [b"\xff\n\n" * size],
        lambda size: [b"id: 1\n" * size],
    ],
    ids=["one line", "byte by byte", "returns", "chunks", "comments", "data", "one event", "invalid", "ids"],
)
def test_twice_the_bytes_are_twice_the_work(make: Callable[[int], list[bytes]]) -> None:
    one, two = (work(partial(read, *make(size), bound=10**7)) for size in (2000, 4000))
    assert two < one * 2.2
