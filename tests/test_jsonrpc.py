"""JSON-RPC without I/O: framing, parsing, bounds; whatever bytes come, a message comes out and nothing is raised."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_conformance.jsonrpc import (
    MAX_BATCH,
    MAX_DEPTH,
    MISSING,
    Line,
    LineFraming,
    Unfinished,
    a_json_type,
    encode,
    parse,
    same_id,
)

SOME = settings(max_examples=150, deadline=None, derandomize=True, database=None)

# ------------------------------------------------------------------------------------------------------------ framing

STREAMS = [
    b"",
    b"\n",
    b"\n\n",
    b"a",
    b"a\n",
    b"a\nb",
    b"a\r\nb\n",
    b"\na\n\nbc\n",
    b"caf\xc3\xa9\n\xff\n",
    b"ab\n" * 50,
]


def cut(chunks: list[bytes], bound: int = 1000) -> list[Line | Unfinished]:
    framing = LineFraming(bound)
    found: list[Line | Unfinished] = [line for chunk in chunks for line in framing.feed(chunk)]
    return [*found, *framing.eof()]


@pytest.mark.parametrize("stream", STREAMS)
def test_lines_are_the_same_whole_byte_by_byte_and_with_more_behind(stream: bytes) -> None:
    whole = cut([stream])
    assert cut([bytes([byte]) for byte in stream]) == whole
    if stream.endswith(b"\n"):
        assert cut([stream + b"more", b"\n"]) == [*whole, Line(b"more")]
    assert b"\n".join(part.data for part in whole) + (b"\n" if stream.endswith(b"\n") else b"") == stream


@given(st.lists(st.binary(max_size=20), max_size=10))
@SOME
def test_lines_do_not_depend_on_where_the_chunks_are_cut(chunks: list[bytes]) -> None:
    assert cut(chunks, 8) == cut([b"".join(chunks)], 8)


def test_a_line_over_the_bound_is_cut_and_the_next_one_is_whole() -> None:
    assert cut([b"x" * 7, b"x" * 7, b"\nnext\n"], 10) == [Line(b"x" * 10, cut=True), Line(b"next")]
    assert cut([b"x" * 10 + b"\n"], 10) == [Line(b"x" * 10)]


def test_the_rest_of_a_stream_is_told_once() -> None:
    framing = LineFraming()
    assert list(framing.feed(b"a\nb")) == [Line(b"a")]
    assert list(framing.eof()) == [Unfinished(b"b")]
    assert list(framing.eof()) == []


# ------------------------------------------------------------------------------------------------------------ parsing


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b'{"jsonrpc":"2.0","id":1,"method":"ping"}', "request"),
        (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', "request"),
        (b'{"jsonrpc":"2.0","method":"x"}', "notification"),
        (b'{"jsonrpc":"2.0","id":1,"result":{}}', "result"),
        (b'{"id":1,"result":null}', "result"),
        (b'{"jsonrpc":"2.0","id":1,"error":{}}', "error"),
        (b'{"jsonrpc":"2.0","id":1,"error":{},"result":{}}', "error"),
        (b'[{"jsonrpc":"2.0","method":"x"}]', "batch"),
        (b"[]", "batch"),
        (b'  {"method":"x"}\t\r', "notification"),
    ],
)
def test_each_kind_of_message_is_told(raw: bytes, kind: str) -> None:
    message = parse(raw)
    assert (message.kind, message.problem) == (kind, "")
    assert message.is_response == (kind in ("result", "error"))


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"", "an empty line"),
        (b" \t", "an empty line"),
        (b"hello", "not JSON: expecting value at character 1"),
        (b'{"a":1', "not JSON: expecting ',' delimiter at character 7"),
        (b'{"method":"x"} {}', "not JSON: extra data at character 16"),
        (b'\xef\xbb\xbf{"method":"x"}', "not JSON: unexpected utf-8 bom"),
        (b'{"a":\x00}', "not JSON: expecting value at character 6"),
        (b'{"a":"\x00"}', "not JSON: invalid control character at character 7"),
        (b'{"a":NaN}', "not JSON: NaN is no JSON value"),
        (b'{"a":-Infinity}', "not JSON: -Infinity is no JSON value"),
        (b'{"a":"\xff"}', "not UTF-8: byte 0xff at offset 6"),
        (b'{"a":"\xed\xa0\x80"}', "not UTF-8: byte 0xed at offset 6"),
        (b"42", "a JSON number, where a JSON-RPC message is an object"),
        (b'"x"', "a JSON string, where a JSON-RPC message is an object"),
        (b"null", "a JSON null, where a JSON-RPC message is an object"),
        (b'{"id":1}', 'an object with none of "method", "result" and "error"'),
        (b'{"id":1,"method":5}', '"method" is a number, not a string'),
        (b'{"id":1,"method":null}', '"method" is null, not a string'),
        (b'{"id":1,"method":["x"]}', '"method" is an array, not a string'),
    ],
)
def test_what_is_no_message_says_why(raw: bytes, problem: str) -> None:
    message = parse(raw)
    assert message.kind == "invalid"
    assert message.problem.startswith(problem)
    assert message.raw == raw


def test_a_carriage_return_at_the_end_is_part_of_the_line_end() -> None:
    assert parse(b'{"method":"x"}\r').raw == b'{"method":"x"}'


def test_the_members_of_a_message_are_at_hand_whatever_their_type() -> None:
    message = parse(b'{"id":[1],"method":"m","params":"p"}')
    assert (message.id, message.method, message.params) == ([1], "m", "p")
    for raw in (b"[]", b"x", b"1", b'{"result":1}'):
        assert (parse(raw).id, parse(raw).method, parse(raw).params) == (MISSING, None, MISSING)
    assert not MISSING


def test_repeated_members_are_named_and_the_last_one_counts() -> None:
    message = parse(b'{"method":"a","params":{"x":1,"x":2,"x":3},"method":"b"}')
    assert message.duplicates == ("x", "x", "method")
    assert message.method == "b"


def test_the_items_of_a_batch_are_messages_of_their_own() -> None:
    message = parse(b'[{"method":"x"},{"id":1,"result":0},[],7]')
    assert [item.kind for item in message.items] == ["notification", "result", "invalid", "invalid"]
    assert parse(message.items[0].raw).kind == "notification"
    assert len(parse(b"[" + b"0," * 5000 + b"0]").items) == MAX_BATCH


def test_nesting_is_bounded_before_parsing_and_brackets_inside_strings_do_not_count() -> None:
    def nested(depth: int) -> bytes:
        return b'{"method":"x","params":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"

    assert parse(nested(MAX_DEPTH)).kind == "notification"
    deeper = parse(nested(MAX_DEPTH + 1))
    assert (deeper.kind, deeper.problem) == ("unread", f"nested deeper than the {MAX_DEPTH} levels that are read here")
    assert parse(b'{"method":"x","params":"' + b"[{" * 1000 + b'\\"[["}').kind == "notification"
    assert parse(b'{"method":"x","params":[' + b"[]," * 1000 + b"[]]}").kind == "notification"


HUGE = 10 * 1024 * 1024


@pytest.mark.parametrize(
    "raw",
    [
        b'"' * HUGE,
        b'\\"' * (HUGE // 2),
        b"[]" * 500 + b'"' + b'\\"' * (HUGE // 2),
        b"[]" * 500 + b"\\" * HUGE,
        b"[" * HUGE,
        b"]" * HUGE,
        b'{"a":' * (HUGE // 5),
        b"9" * HUGE,
        b"-" * HUGE,
        b" " * HUGE,
    ],
    ids=[
        "quotes",
        "escaped",
        "escapes-in-a-string",
        "backslashes",
        "arrays",
        "closing",
        "objects",
        "digits",
        "minus",
        "blanks",
    ],
)
def test_ten_megabytes_built_to_explode_are_read_to_the_end(raw: bytes) -> None:
    assert parse(raw).kind in ("invalid", "unread")


def test_a_number_too_long_to_read_is_infinite_and_does_no_harm() -> None:
    message = parse(b'{"id":' + b"9" * 10_000 + b',"result":-' + b"9" * 10_000 + b"}")
    assert message.id == math.inf
    assert message.value["result"] == -math.inf
    assert parse(b'{"id":1e999,"result":0}').id == math.inf
    assert parse(b'{"id":' + b"9" * 3000 + b',"result":0}').id == int("9" * 3000)


def test_a_lone_surrogate_is_read_and_written_escaped() -> None:
    message = parse(b'{"method":"\\ud800"}')
    assert message.method == "\ud800"
    assert encode({"method": "\ud800é"}) == b'{"method":"\\ud800\\u00e9"}'


@given(st.binary(max_size=60) | st.text('[]{}",:\\0123456789eE.-tfn \r\t', max_size=60).map(str.encode))
@SOME
def test_no_bytes_make_parsing_raise(raw: bytes) -> None:
    message = parse(raw)
    assert (message.kind == "invalid") == bool(message.problem)
    assert message.raw == raw.removesuffix(b"\r")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


@given(json_values)
@SOME
def test_what_is_encoded_is_read_back_as_it_was(value: Any) -> None:
    raw = encode({"method": "m", "params": value})
    assert b"\n" not in raw
    assert parse(raw).params == value
    assert json.loads(raw)["params"] == value


@pytest.mark.parametrize(
    ("sent", "received", "same"),
    [
        (1, 1, True),
        (1, 1.0, True),
        (0, -0.0, True),
        (1, "1", False),
        ("1", "1", True),
        ("a", "A", False),
        (1, True, False),
        (0, False, False),
        (True, True, True),
        (None, None, True),
        (0, None, False),
        ("", None, False),
        (1, MISSING, False),
        (1, [1], False),
        (2**53, float(2**53), True),
        (2**53 + 1, float(2**53), False),
    ],
)
def test_two_ids_are_the_same_only_as_json_values(sent: Any, received: Any, same: bool) -> None:
    assert same_id(sent, received) is same
    assert same_id(received, sent) is same


def test_types_have_their_json_names_with_an_article() -> None:
    named: dict[str, Any] = {
        "null": None,
        "a boolean": True,
        "a number": 1.5,
        "a string": "",
        "an array": [],
        "an object": {},
        "nothing": MISSING,
    }
    assert {a_json_type(value): value for value in named.values()} == named
