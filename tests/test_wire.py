"""Text made of what a server sent: printable, bounded, and telling."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_conformance.jsonrpc import MISSING
from mcp_conformance.wire import escape, excerpt, printable, short

SOME = settings(max_examples=150, deadline=None, derandomize=True, database=None)


@given(st.binary(max_size=2000) | st.text(st.characters(exclude_categories=[]), max_size=400), st.integers(10, 200))
@SOME
def test_whatever_was_sent_is_one_printable_line_of_bounded_length(data: bytes | str, limit: int) -> None:
    shown = printable(data, limit)
    assert shown.isprintable()
    assert len(shown) <= limit
    assert escape(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a b", "a b"),
        ("\n\r\t", "\\n\\r\\t"),
        ("\x1b[0m", "\\x1b[0m"),
        ("\x9b", "\\x9b"),
        ("\u202e", "\\u202e"),
        ("\ud800", "\\ud800"),
        ("\U000e0001", "\\U000e0001"),
        ("caf\u00e9 \u4f60", "caf\u00e9 \u4f60"),
    ],
)
def test_what_a_terminal_could_act_on_is_escaped(text: str, shown: str) -> None:
    assert escape(text) == shown


def test_a_value_is_shown_in_few_characters() -> None:
    assert short(MISSING) == "nothing"
    assert short(None) == "null"
    assert short({"a": "é"}) == '{"a": "é"}'
    assert len(short("x" * 10_000_000)) == 80
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    assert short(deep) == "a value that is nested too deep to show"
    assert excerpt({"a": deep, "b": 1}, "/b")
    while deep:  # or the interpreter takes it apart in one deep fall
        (deep,) = deep


def test_an_excerpt_shows_the_place_whole_and_the_rest_in_outline() -> None:
    value = {
        "id": 1,
        "result": {
            "tools": [{"name": "a"}, {"name": "the place", "inputSchema": {"type": "object"}}, {}],
            "next": "x" * 99,
        },
    }
    shown = excerpt(value, "/result/tools/1/name")
    assert '"name":"the place"' in shown
    assert '"inputSchema":{…}' in shown
    assert "…1 more, " in shown
    assert "x" * 60 not in shown


@pytest.mark.parametrize(
    "pointer",
    ["/result/nothing", "/result/tools/99", "/result/tools/²", "/result/tools/" + "9" * 5000, "/a~1b/~0", "/x/y/z"],
)
def test_a_place_that_is_not_there_breaks_nothing(pointer: str) -> None:
    assert excerpt({"result": {"tools": [1, 2]}, "a/b": {"~": 5}}, pointer).startswith('{"result":')


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=9,
    )
)
@SOME
def test_an_excerpt_without_a_place_of_a_small_value_is_the_value(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if len(text) <= 300 and text.isprintable():
        assert excerpt(value, "") == text
