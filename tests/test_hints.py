"""The hints file, as it is read: one or several calls, and mistakes with their line."""

from pathlib import Path

import pytest

from mcp_conformance.hints import Hints, load_hints
from mcp_conformance.profile import may_call
from mcp_conformance.strict_yaml import DataError


def read(tmp_path: Path, text: str) -> Hints:
    (path := tmp_path / "mcp-conformance.yaml").write_text(text, encoding="utf-8")
    return load_hints(path)


def test_arguments_are_one_call_or_several_and_an_unknown_tool_has_no_hints(tmp_path: Path) -> None:
    hints = read(
        tmp_path, "tools:\n  one: {arguments: {a: 1}}\n  two: {arguments: [{}, {b: no}], deadline: 30, call: always}\n"
    )
    assert hints.tool("one").arguments == ({"a": 1},)
    assert hints.tool("two").arguments == ({}, {"b": "no"})
    assert (hints.tool("two").deadline, hints.tool("two").call) == (30, "always")
    assert hints.tool("three") == Hints().tool("x")


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("tools:\n  a:\n    argments: {}\n", ":3", 'unknown key "tools.a.argments"'),
        ("tools:\n  a:\n    call: sometimes\n", ":3", "tools.a.call"),
        ("tools:\n  a:\n    deadline: 0\n", ":3", "tools.a.deadline"),
        ("tool: {}\n", ":1", 'unknown key "tool"'),
        ("- a\n", ":1", ""),
    ],
)
def test_a_mistake_has_its_line(text: str, place: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path, text)
    assert f"mcp-conformance.yaml{place}: " in str(caught.value)
    assert reason in caught.value.reason


@pytest.mark.parametrize(
    ("annotations", "safe", "readonly"),
    [
        (None, False, False),
        ({}, False, False),
        ({"readOnlyHint": True}, True, True),
        ({"destructiveHint": False}, True, False),
        ({"readOnlyHint": "true"}, False, False),
        ({"readOnlyHint": False, "destructiveHint": True}, False, False),
        ("odd", False, False),
    ],
)
def test_a_tool_is_called_as_its_annotations_allow_and_hints_have_the_last_word(
    annotations: object, safe: bool, readonly: bool
) -> None:
    tool = {"name": "a", "annotations": annotations}
    assert may_call(tool, "safe", None)[0] == safe
    assert may_call(tool, "readonly", None)[0] == readonly
    assert may_call(tool, "all", None)[0]
    assert not may_call(tool, "none", None)[0]
    assert may_call(tool, "none", "always")[0]
    assert not may_call(tool, "all", "never")[0]
    assert not may_call({**tool, "execution": {"taskSupport": "required"}}, "all", "always")[0]
