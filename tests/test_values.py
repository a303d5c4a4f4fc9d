"""References and matchers of suites: what they stand for, what they match, and what a wrong one says."""

from typing import Any

import pytest

from mcp_conformance.cases.matching import describe, matches, mismatch
from mcp_conformance.cases.model import Outcome
from mcp_conformance.cases.values import BadReference, Unavailable, Values, pointed
from mcp_conformance.jsonrpc import MISSING, encode, parse

PROFILE = {"revision": "2025-11-25", "tool": {"name": "add", "arguments": {"a/b": [1, 2]}}}


@pytest.fixture
def values() -> Values:
    made = Values(PROFILE, {"cursor": "tools/list has only one page"})
    made.bound["kept"] = {"x": 1}
    return made


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ({"$profile": "/tool/name"}, "add"),
        ({"$profile": "/tool/arguments/a~1b/1"}, 2),
        ({"a": [{"$bound": "kept"}]}, {"a": [{"x": 1}]}),
        ({"$repeat": {"text": "ab", "times": 3}}, "ababab"),
        ({"$nest": {"depth": 3}}, [[[]]]),
        ({"$nest": {"depth": 2, "of": "objects"}}, {"a": {}}),
        ({"$profile": "/tool/name", "more": 1}, {"$profile": "/tool/name", "more": 1}),
        (("a", None), ["a", None]),
    ],
)
def test_references_are_replaced_at_any_depth(value: Any, resolved: Any, values: Values) -> None:
    assert values.resolve(value) == resolved


def test_what_the_server_gives_no_occasion_for_says_why(values: Values) -> None:
    with pytest.raises(Unavailable, match="only one page"):
        values.resolve({"$profile": "/cursor"})


@pytest.mark.parametrize(
    "value",
    [
        {"$profile": "/nothing"},
        {"$profile": "/tool/nothing"},
        {"$profile": "tool"},
        {"$profile": 7},
        {"$bound": "unknown"},
        {"$bound": ["kept"]},
        {"$repeat": {"text": "a"}},
        {"$repeat": {"text": "a", "times": 10**12}},
        {"$nest": {"depth": 0}},
        {"$nest": {"depth": 501}},
        {"$nest": []},
    ],
)
def test_a_reference_that_can_never_be_resolved_is_the_suites_fault(value: Any, values: Values) -> None:
    with pytest.raises(BadReference):
        values.resolve(value)


@pytest.mark.parametrize(("pointer", "found"), [("", {"a": [{"b~": 1}]}), ("/a/0/b~0", 1)])
def test_a_pointer_leads_to_a_place(pointer: str, found: Any) -> None:
    assert pointed({"a": [{"b~": 1}]}, pointer) == found


@pytest.mark.parametrize("pointer", ["/a/1", "/a/-", "/a/00", "/a/²", "/a/" + "9" * 5000, "/b", "/a/0/b~/c"])
def test_a_pointer_to_nothing_raises_a_key_error(pointer: str) -> None:
    with pytest.raises(KeyError):
        pointed({"a": [{"b~": 1}]}, pointer)


@pytest.mark.parametrize(
    ("matcher", "found", "result"),
    [
        (1, 1, True),
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        ("a", "a", True),
        (None, None, True),
        (None, MISSING, False),
        ({"a": 1}, {"a": 1}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"equals": {"not": 1}}, {"not": 1}, True),
        ({"not": 1}, 2, True),
        ({"not": 1}, 1, False),
        ({"not": 1}, MISSING, False),
        ({"not": {"type": "string"}}, 1, True),
        ({"one-of": [1, "a"]}, "a", True),
        ({"one-of": []}, "a", False),
        ({"type": "integer"}, 2.0, True),
        ({"type": "integer"}, 2.5, False),
        ({"type": "integer"}, True, False),
        ({"type": "integer"}, float("inf"), False),
        ({"type": "number"}, 2.5, True),
        ({"type": "null"}, None, True),
        ({"type": "object"}, MISSING, False),
        ({"matches": "^a"}, "abc", True),
        ({"matches": "^a"}, 5, False),
        ({"absent": True}, MISSING, True),
        ({"absent": True}, None, False),
        ({"absent": False}, None, True),
        ({"has": "b"}, ["a", "b"], True),
        ({"has": {"matches": "^b"}}, ["a", "bc"], True),
        ({"has": "b"}, "b", False),
        ({"has": "b"}, MISSING, False),
        ({"mentions": "2026-07-28"}, {"data": {"supported": ["2026-07-28"]}}, True),
        ({"mentions": "2026-07-28"}, {"message": "2025-11-25"}, False),
        ({"mentions": "a"}, MISSING, False),
        ({"truthy": False}, MISSING, True),
        ({"truthy": True}, [0], True),
    ],
)
def test_matchers_match(matcher: Any, found: Any, result: bool) -> None:
    assert matches(matcher, found) is result


@pytest.mark.parametrize("matcher", [{"matches": "("}, {"one-of": 5}])
def test_a_matcher_that_can_not_match_is_the_suites_fault(matcher: Any) -> None:
    with pytest.raises(BadReference):
        matches(matcher, "text")


def answer(**members: Any) -> Any:
    return parse(encode({"jsonrpc": "2.0", "id": 1, **members}))


RESULT = answer(result={"isError": False, "content": []})
ERROR = answer(error={"code": -32601, "message": "no"})


@pytest.mark.parametrize(
    ("outcome", "message", "observed"),
    [
        (Outcome(result=True), RESULT, None),
        (Outcome(result=True), ERROR, 'error -32601 "no"'),
        (Outcome(result=True), None, "no answer"),
        (Outcome(error=True), ERROR, None),
        (Outcome(error=-32601), ERROR, None),
        (Outcome(error=[-1, -32601]), ERROR, None),
        (Outcome(error=-32602), ERROR, 'error -32601 "no"'),
        (Outcome(error=True), RESULT, 'a result: {"isError": false, "content": []}'),
        (Outcome(error=-1), answer(error="broken"), 'error "broken"'),
        (Outcome(silence=True), None, None),
        (Outcome(silence=True), RESULT, 'a result: {"isError": false, "content": []}'),
        (Outcome(result="CallToolResult"), RESULT, None),
        (Outcome(result="CallToolResult"), answer(result={"content": 5}), "5"),
        (Outcome(result=True, where={"/result/isError": False}), RESULT, None),
        (Outcome(result=True, where={"/result/isError": True}), RESULT, "false"),
        (Outcome(result=True, where={"/result/none": {"absent": True}}), RESULT, None),
        (Outcome(result=True, where={"/id": {"$profile": "/revision"}}), RESULT, "1"),
    ],
)
def test_an_answer_is_the_outcome_or_it_is_said_what_came(
    outcome: Outcome, message: Any, observed: str | None, values: Values
) -> None:
    missed = mismatch(outcome, message, "tools/call", "2025-11-25", values)
    assert (missed.observed if missed else None) == observed


def test_outcomes_are_told_in_words(values: Values) -> None:
    assert describe(Outcome(error=[-1, -2]), values) == "error -1 or -2"
    assert describe(Outcome(result="EmptyResult"), values) == "a valid EmptyResult"
    assert describe(Outcome(result=True, where={"/id": {"not": {"$bound": "kept"}}}), values)
    assert describe(Outcome(silence=True), values) == "no answer"
