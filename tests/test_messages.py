"""One function judges messages rightly: on messages by hand, and on every small change of right ones.

The corpus lies in `messages/`: its files say how they are to be read. ``MCP_FULL=1`` makes half as many small changes
again.
"""

import os
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema
import pytest

from mcp_conformance import schemas
from mcp_conformance.messages import Assessment, Flaw, assess
from mcp_conformance.methods import Side, methods
from mcp_conformance.places import places as typed_places
from mcp_conformance.requirements import Requirement, catalogue
from mcp_conformance.violations import Path, pointer
from tests.messages import corpus
from tests.messages.corpus import DATES, Sample, base_samples, entries, find, places, put, removed, revisions_of

BASES = pytest.mark.parametrize("sample", base_samples(), ids=lambda sample: sample.id)
OTHER: dict[Side, Side] = {"client": "server", "server": "client"}


def requirement(revision: str, name: str) -> Requirement | None:
    """The requirement as it stands in the revision, or in the extension of it."""
    editions = (revision, *(("ext-tasks",) if revision == DATES[-1] else ()))
    return next((found for edition in editions if (found := catalogue().get(edition, name))), None)


def is_must(revision: str, flaw: Flaw) -> bool:
    found = requirement(revision, flaw.requirement)
    assert found is not None, f"{flaw.requirement} is not in the catalogue of {revision}"
    return found.is_must


def by_name(file: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("entry", entries(file), ids=lambda entry: entry["name"].replace(" ", "-"))


def samples(entry: dict[str, Any]) -> list[Sample]:
    return [corpus.sample(entry, revision) for revision in revisions_of(entry)]


# The messages that all else is made of


@BASES
def test_a_right_message_is_called_right_and_by_its_type(sample: Sample) -> None:
    assert sample.type is not None
    assert sample.judged() == Assessment(sample.type)


def test_there_is_a_right_message_of_every_method_for_each_side_that_sends_it() -> None:
    found = {(sample.revision, sample.sender, sample.answers, sample.type) for sample in base_samples()}
    for revision in DATES:
        for method in methods(revision):
            sides: list[Side] = ["client", "server"] if method.sender == "both" else [method.sender]
            for side in sides if method.kind != "input" else ():
                assert (revision, side, None, method.message) in found
                for made in (method.result, method.augmented, *method.by_result_type.values()):
                    assert made is None or (revision, OTHER[side], method.name, made) in found


def test_the_right_messages_set_every_member_of_every_type_that_they_hold() -> None:
    known: dict[tuple[str, str], set[str]] = {}
    used: dict[tuple[str, str], set[str]] = {}
    for sample in base_samples():
        for document, definition, value in parts(sample, sample.message):
            for place in typed_places(document, definition, value):
                if isinstance(place.value, dict) and place.types:
                    key = sample.revision, place.types[-1]
                    known.setdefault(key, set()).update(place.members)
                    used.setdefault(key, set()).update(place.value)
    lacking = {key: names - used[key] for key, names in known.items() if names - used[key]}
    assert lacking == {}


# Bad ones


@by_name("bad.yaml")
def test_what_is_wrong_is_told_once_at_its_place_with_what_to_do(entry: dict[str, Any]) -> None:
    wanted = entry["requirement"]
    for sample in samples(entry):
        (flaw,) = sample.judged().flaws
        standing = [
            name for name in ([wanted] if isinstance(wanted, str) else wanted) if requirement(sample.revision, name)
        ]
        assert (flaw.at, flaw.requirement) == (place_of(entry), standing[0]), sample.id
        assert [words for words in entry["remedy"] if words not in flaw.remedy] == [], f"{sample.id}: {flaw.remedy}"
        assert flaw.expected, sample.id
        assert flaw.got, sample.id
        assert is_must(sample.revision, flaw) is not entry.get("advice", False), sample.id
        if "hints" in entry:
            assert [at for at, _ in sample.judged().hints] == entry["hints"]


def place_of(entry: dict[str, Any]) -> str:
    """Where the flaw of a bad message is."""
    if "at" in entry:
        return str(entry["at"])
    remove: str | list[str] = entry.get("remove", [])
    changed = [*entry.get("set", {}), *([remove] if isinstance(remove, str) else remove)]
    assert len(changed) == 1, f"{entry['name']}: say at which of {changed} the flaw is"
    return str(changed[0])


# Legal ones


@by_name("legal.yaml")
def test_the_unusual_is_legal(entry: dict[str, Any]) -> None:
    for sample in samples(entry):
        judged = sample.judged()
        assert [flaw for flaw in judged.flaws if is_must(sample.revision, flaw)] == [], sample.id
        assert [flaw.requirement for flaw in judged.flaws] == entry.get("advice", []), sample.id
        assert [at for at, _ in judged.hints] == entry.get("hints", []), sample.id


@by_name("legal.yaml")
def test_the_unusual_is_illegal_where_a_revision_says_so(entry: dict[str, Any]) -> None:
    refusing = entry.get("invalid-in", [])
    assert not set(refusing) & set(revisions_of(entry))
    for revision in refusing:
        sample = corpus.sample(entry, revision)
        assert any(is_must(revision, flaw) for flaw in sample.judged().flaws), sample.id


# Hints


@by_name("hints.yaml")
def test_a_misspelling_is_remarked_on_and_what_is_merely_unknown_is_not(entry: dict[str, Any]) -> None:
    for sample in samples(entry):
        judged = sample.judged()
        expected = entry.get("hints", {})
        assert judged.flaws == (), sample.id
        assert dict(judged.hints).keys() == expected.keys(), sample.id
        for at, words in judged.hints:
            assert expected[at] in words


def test_a_member_that_is_told_to_be_missing_is_no_hint_as_well() -> None:
    message = {"jsonrpc": "2.0", "id": 1, "result": {"tools": [{"name": "a", "input_schema": {}, "descripton": "b"}]}}
    judged = assess(message, revision="2025-06-18", sender="server", answers="tools/list")
    assert [flaw.at for flaw in judged.flaws] == ["/result/tools/0/inputSchema"]
    assert judged.hints == (("/result/tools/0/descripton", '"descripton" is unknown here; is "description" meant?'),)


# What the corpus has to hold


@pytest.mark.parametrize(("file", "least"), [("bad.yaml", 240), ("legal.yaml", 175), ("hints.yaml", 55)])
def test_the_corpus_is_large_and_its_entries_are_told_apart(file: str, least: int) -> None:
    names = [entry["name"] for entry in entries(file)]
    assert len(names) >= least
    assert len(names) == len(set(names))


def test_every_kind_of_message_has_bad_ones_in_every_revision() -> None:
    spoilt = {(revision, entry.get("base")) for entry in entries("bad.yaml") for revision in revisions_of(entry)}
    types = {(sample.revision, sample.type) for sample in base_samples() if (sample.revision, sample.name) in spoilt}
    from_servers = {(sample.revision, sample.type) for sample in base_samples() if sample.sender == "server"}
    assert from_servers - types == set()


# Every small change of a right message
#
# Each place of each right message gets a value of another JSON type, and each member is left out. What jsonschema then
# refuses has to be told as one flaw at the changed place.

FULL = bool(os.environ.get("MCP_FULL"))
WRONG: dict[type, list[Any]] = {
    dict: [None, [], "x"],
    list: [None, {}, "x"],
    str: [None, 5, ["x"]],
    bool: [None, "true", 1],
    int: [None, "5", {}],
    float: [None, "0.5", {}],
    type(None): [True, "x", []],
}

# Where another place says more: (member, what is made of it) to that place, counted from what holds it, and a reason.
ELSEWHERE: dict[tuple[str, str], tuple[str, str]] = {
    ("text", "left out"): ("", "text or blob could be meant"),
    ("blob", "left out"): ("", "text or blob could be meant"),
    ("mode", "left out"): ("/requestedSchema", "without a mode it is a form"),
    ("roots", "left out"): ("", "what is answered can't be told any more"),
    ("action", "left out"): ("", "what is answered can't be told any more"),
    ("result", "left out"): ("", "result or error could be meant"),
    ("error", "left out"): ("", "result or error could be meant"),
    ("content", "{}"): ("/content/type", "an object can be right there, if it is a content block"),
}
UNPAIRED = "sampling.messages.tool-results"  # what spoils a tool use leaves its result alone as well


def parts(sample: Sample, message: Any) -> list[tuple[str, str, Any]]:
    """What a message has to fit: the document, the definition, and the part of the message that it is about."""
    names = schemas.definitions(sample.revision)
    document, _, definition = (sample.type or "").rpartition("/")
    own = document or sample.revision, definition
    if "method" in sample.message:
        envelope = "JSONRPCRequest" if "id" in sample.message else "JSONRPCNotification"
        return [(sample.revision, envelope, message), (*own, message)]
    if "error" in sample.message:
        return [(*own, message)]
    envelope = "JSONRPCResultResponse" if "JSONRPCResultResponse" in names else "JSONRPCResponse"
    found = [(sample.revision, envelope, message)]
    return [*found, (*own, message["result"])] if "result" in message else found


@cache
def second_opinion(document: str, definition: str) -> Any:
    return jsonschema.Draft202012Validator({**schemas.bundle(document), "$ref": f"#/$defs/{definition}"})


def mutants(message: Any) -> Iterator[tuple[Path, str, Any]]:
    """(the changed place, what was made of it, the changed message)"""
    for at in places(message):
        if not at:
            continue
        for wrong in WRONG[type(find(message, at))][: 3 if FULL else 2]:
            yield at, repr(wrong), put(message, at, wrong)
        if isinstance(at[-1], str):
            yield at, "left out", removed(message, at)


def test_there_are_many_small_changes_that_are_wrong() -> None:
    wrong = [
        not all(schemas.is_valid(*part) for part in parts(sample, message))
        for sample in base_samples()
        for _, _, message in mutants(sample.message)
    ]
    assert len(wrong) > 9_000
    assert sum(wrong) > 7_000


@BASES
def test_a_small_change_of_a_right_message_is_one_flaw_at_its_place(sample: Sample) -> None:
    refused = 0
    for at, change, message in mutants(sample.message):
        name = f"{pointer(at)}: {change}"
        judged = sample.judged(message)
        wrong = not all(
            second_opinion(document, kind).is_valid(value) for document, kind, value in parts(sample, message)
        )
        if lenient(sample, at, change):
            continue
        if not wrong:
            # The text may forbid what the schema allows, there or around it.
            assert all(flaw.layer == "text" for flaw in judged.flaws), name
            assert all(related(flaw.at, pointer(at)) for flaw in judged.flaws), name
            continue
        refused += 1
        (flaw,) = [flaw for flaw in judged.flaws if flaw.rule != UNPAIRED]
        where = pointer(at)
        if flaw.at != where:
            beside, _reason = ELSEWHERE[str(at[-1]), change]
            assert flaw.at == pointer(at[:-1]) + beside, name
        assert flaw.expected, name
        assert flaw.got, name
        assert flaw.remedy, name
        assert judged.hints == (), name
        assert is_must(sample.revision, flaw), name
    assert refused >= 3


@pytest.mark.parametrize(("member", "change"), ELSEWHERE)
def test_where_another_place_says_more_it_is_told_somewhere(member: str, change: str) -> None:
    beside, _reason = ELSEWHERE[member, change]
    assert any(
        [flaw.at for flaw in sample.judged(message).flaws] == [pointer(at[:-1]) + beside]
        for sample in base_samples()
        for at, made, message in mutants(sample.message)
        if (at[-1], made) == (member, change) and not lenient(sample, at, made)
    )


def lenient(sample: Sample, at: Path, change: str) -> bool:
    """Changes that are judged by other tests."""
    null_id = at == ("id",) and change == "None" and "error" in sample.message  # as JSON-RPC has it
    unaugmented = at == ("result", "task") and change == "left out"  # a receiver may answer as if it wasn't asked
    return null_id or unaugmented


def related(one: str, other: str) -> bool:
    return one == other or one.startswith(other + "/") or other.startswith(one + "/")


# The two validators


def everything() -> Iterator[Sample]:
    for file in ("bad.yaml", "legal.yaml", "hints.yaml"):
        yield from corpus.samples(file)


@pytest.mark.parametrize("revision", DATES)
def test_the_validators_agree_on_every_message_of_the_corpus(revision: str) -> None:
    count = 0
    for sample in everything():
        if sample.revision != revision:
            continue
        for document, definition, value in [(revision, "JSONRPCMessage", sample.message), *typed_parts(sample)]:
            count += 1
            verdict = schemas.is_valid(document, definition, value)
            assert verdict is second_opinion(document, definition).is_valid(value), (sample.id, definition)
    assert count > 200


@pytest.mark.parametrize("revision", DATES)
def test_the_validators_agree_on_small_changes(revision: str) -> None:
    for sample in base_samples():
        for index, (at, change, message) in enumerate(mutants(sample.message) if sample.revision == revision else ()):
            for document, definition, value in parts(sample, message) if index % 7 == 0 else ():
                verdict = schemas.is_valid(document, definition, value)
                assert verdict is second_opinion(document, definition).is_valid(value), (sample.id, at, change)


def typed_parts(sample: Sample) -> list[tuple[str, str, Any]]:
    whole = (
        isinstance(sample.message, dict) and sample.type is not None and sample.message.keys() & {"result", "method"}
    )
    return parts(sample, sample.message) if whole else []


# Whatever a server sends


def nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


JUNK: list[Any] = [
    None,
    True,
    0,
    "ready",
    float("nan"),
    [],
    {},
    [None, [], "x"],
    {"method": None},
    {"error": None},
    {"error": {"code": True}},
    {"error": {"code": 10**400}, "id": "\ud800"},
    {"result": None, "error": None},
    {"id": nested(500)},
    {"\ud800": 1, "params": nested(500)},
    {"jsonrpc": 2, "method": "\udfff", "id": float("inf")},
    {"jsonrpc": "2.0", "id": 1, "result": nested(100_000)},
    {"jsonrpc": "2.0", "id": 1, "result": {"tools": [{"name": "a"}] * 2_000, "resultType": {"\ud800": 1}}},
]


@pytest.mark.parametrize("revision", DATES)
@pytest.mark.parametrize("junk", range(len(JUNK)))
def test_junk_is_judged_and_in_words_that_can_be_printed(junk: int, revision: str) -> None:
    judged = assess(JUNK[junk], revision=revision, sender="server", answers="tools/list")
    assert judged.flaws
    assert all((flaw.got + flaw.remedy + flaw.expected).isprintable() for flaw in judged.flaws)


def test_a_revision_that_is_not_known_is_an_error() -> None:
    with pytest.raises(LookupError, match="2019-01-01"):
        assess({"jsonrpc": "2.0", "method": "x"}, revision="2019-01-01", sender="server")
