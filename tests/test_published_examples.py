"""Our schemas against the specification's own examples, and against the schema that the tasks extension publishes.

None of these files is ours to carry. Tests that miss one are skipped and say what would bring it:
MCP_PUBLISHED_SCHEMAS names a directory with `<revision>/schema.json`, `2026-07-28/examples/<type>/*.json` and
`ext-tasks/schema.json` (the extension's schema/draft/schema.json); MCP_SPECIFICATION an export of the specification's
repository, with `docs/specification/<revision>/**/*.mdx`.
"""

import copy
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from mcp_conformance import schemas
from mcp_conformance.methods import Method, methods
from mcp_conformance.revisions import REVISIONS

ROOT = Path(__file__).resolve().parents[1]
PUBLISHED = Path(os.environ.get("MCP_PUBLISHED_SCHEMAS") or ROOT.parent / "shared" / "spec" / "schema")
NEWEST = "2026-07-28"

# A value that only we accept or only they, and what has to change in the published schema for the verdicts to agree


@dataclass(frozen=True)
class Difference:
    """A difference that we intend: `value`, of the type `definition`, is judged otherwise by the published schema.

    With `becomes` at the JSON Pointer `at` below its `$defs` (if given), the published schema judges as ours does.
    """

    definition: str
    value: Any
    reason: str
    at: str = ""
    becomes: Any = None


CORE_DIFFERENCES = (
    Difference(
        "JSONValue",
        None,
        "schema.ts, which the specification calls the source, has null and any number; the rendering lost both",
        "/JSONValue/anyOf/2/type",
        ["string", "number", "boolean", "null"],
    ),
    Difference(
        "ElicitResult",
        {"action": "accept", "content": {"weight": 4.5}},
        "a form may have fields of type number; the type in schema.ts is number, its rendering says integer",
        "/ElicitResult/properties/content/additionalProperties/anyOf/1/type",
        ["string", "number", "boolean"],
    ),
)

TASK: dict[str, Any] = {
    "taskId": "t",
    "statusMessage": "soon",
    "createdAt": "2026-07-28T00:00:00Z",
    "lastUpdatedAt": "2026-07-28T00:00:00Z",
    "ttlMs": None,
    "pollIntervalMs": 5,
}
REQUEST_META = {
    "io.modelcontextprotocol/protocolVersion": NEWEST,
    "io.modelcontextprotocol/clientCapabilities": {"extensions": {"io.modelcontextprotocol/tasks": {}}},
}
LARGE = 2**53

EXTENSION_DIFFERENCES = (
    Difference(
        "Task",
        {**TASK, "status": "working", "ttlMs": LARGE},
        "the bounds are those of its generator's integers; neither SEP-2663 nor schema.ts has any (see `unbounded`)",
    ),
    Difference(
        "TasksExtensionCapability",
        {"later": True},
        "SEP-2663 defines no settings yet, but forbids none, and types are open to additions everywhere else",
        "/TasksExtensionCapability/additionalProperties",
        True,
    ),
    *(
        Difference(
            f"{verb.capitalize()}TaskRequest",
            {"jsonrpc": "2.0", "id": 1, "method": f"tasks/{verb}", "params": {"taskId": "t", "inputResponses": {}}},
            "the core revision wants `_meta` in every request, and the extension does not except its own",
            f"/{verb.capitalize()}TaskRequest/allOf/1/properties/params/$ref",
            "#/$defs/RequestParams",
        )
        for verb in ("get", "update", "cancel")
    ),
)

# Where SEP-2663 (Final) and the draft schema of the extension differ: (definition, value, our verdict, reason)
SEP_OR_DRAFT = (
    (
        "FailedTask",
        {**TASK, "status": "failed", "error": {}},
        False,
        "the SEP's interface allows any object, its text wants the JSON-RPC error, as the draft schema does",
    ),
    (
        "TaskStatusNotificationParams",
        {**TASK, "status": "completed"},
        False,
        "the SEP's interface names Task, its text a complete DetailedTask, as the draft schema does",
    ),
    (
        "TasksExtensionCapability",
        {"later": True},
        True,
        "the draft schema allows no member at all, the SEP does not say so",
    ),
)

MORE_OF_STATUS: dict[str, dict[str, Any]] = {
    "working": {},
    "input_required": {"inputRequests": {"r": {"method": "roots/list"}}},
    "completed": {"result": {"content": [None]}},
    "failed": {"error": {"code": -32603, "message": "no", "data": None}},
    "cancelled": {},
}
DETAILED = [{**TASK, "status": status, **more} for status, more in MORE_OF_STATUS.items()]
COMPLETE = {"resultType": "complete", "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "s", "version": "1"}}}


def task_request(verb: str, **more: Any) -> dict[str, Any]:
    return {
        "jsonrpc": "2.0",
        "id": 1,
        "method": f"tasks/{verb}",
        "params": {"taskId": "t", "_meta": REQUEST_META, **more},
    }


GOOD: dict[str, list[Any]] = {
    "CancelTaskRequest": [task_request("cancel")],
    "CancelTaskResult": [COMPLETE],
    "CancelledTask": DETAILED[4:],
    "CompletedTask": DETAILED[2:3],
    "CreateTaskResult": [{**TASK, "status": status, "resultType": "task", "_meta": {}} for status in MORE_OF_STATUS],
    "DetailedTask": DETAILED,
    "FailedTask": DETAILED[3:4],
    "GetTaskRequest": [task_request("get")],
    "GetTaskResult": [{**COMPLETE, **task} for task in DETAILED],
    "InputRequiredTask": DETAILED[1:2],
    "Task": [{**TASK, "status": "working"}],
    "TaskStatus": list(MORE_OF_STATUS),
    "TaskStatusNotification": [
        {"jsonrpc": "2.0", "method": "notifications/tasks", "params": task} for task in DETAILED
    ],
    "TaskStatusNotificationParams": [
        {**task, "_meta": {"io.modelcontextprotocol/subscriptionId": 1}} for task in DETAILED
    ],
    "TaskSubscriptionAcknowledgedNotifications": [{"taskIds": ["t"]}],
    "TaskSubscriptionNotifications": [{"taskIds": ["t"]}],
    "TasksExtensionCapability": [{}],
    "UpdateTaskRequest": [
        task_request("update", inputResponses={"r": {"roots": [{"uri": "file:///"}]}}),
        task_request("update", inputResponses={"e": {"action": "accept", "content": {"weight": 1}}}),
    ],
    "UpdateTaskResult": [COMPLETE],
    "WorkingTask": DETAILED[:1],
}


@cache
def published(name: str) -> dict[str, Any]:
    path = PUBLISHED / name / "schema.json"
    if not path.is_file():
        pytest.skip(f"the published schema of {name} is not here; set MCP_PUBLISHED_SCHEMAS to compare with it")
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


@cache
def draft_of_tasks() -> dict[str, Any]:
    """The extension's schema, completed by the core types that it leaves out."""
    document = published("ext-tasks")
    return {**document, "$defs": {**published(NEWEST)["$defs"], **document["$defs"]}}


def corrected(document: dict[str, Any], differences: tuple[Difference, ...]) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    for difference in differences:
        *way, last = [int(step) if step.isdigit() else step for step in difference.at.split("/")[1:]] or [""]
        target = changed["$defs"]
        for step in way:
            target = target[step]
        if last:
            target[last] = difference.becomes
    return changed


def unbounded(schema: Any) -> Any:
    """A copy of a schema without the bounds that JavaScript's integers have."""
    if isinstance(schema, dict):
        return {key: unbounded(value) for key, value in schema.items() if value not in (LARGE - 1, 1 - LARGE)}
    return [unbounded(value) for value in schema] if isinstance(schema, list) else schema


@cache
def corrected_core() -> dict[str, Any]:
    return corrected(published(NEWEST), CORE_DIFFERENCES)


@cache
def corrected_tasks() -> dict[str, Any]:
    return corrected(unbounded(draft_of_tasks()), (*CORE_DIFFERENCES, *EXTENSION_DIFFERENCES))


def judge(document: dict[str, Any], definition: str) -> Any:
    return jsonschema_rs.Draft202012Validator({**document, "$ref": f"#/$defs/{definition}"}, validate_formats=False)


PROBES: tuple[Any, ...] = (None, True, 0, -1, 0.5, 101, "x", [], ["x"], [None], {}, {"x": 1})


def near_misses(value: Any) -> Iterator[Any]:
    """`value` with one thing changed, at any depth: something else in a place, a member less, a member more."""
    yield from PROBES
    if isinstance(value, dict):
        yield {**value, "x-more": None}
        for name, member in value.items():
            yield {key: kept for key, kept in value.items() if key != name}
            for changed in near_misses(member):
                yield {**value, name: changed}
    elif isinstance(value, list):
        yield value * 101
        for index, item in enumerate(value):
            for changed in near_misses(item):
                yield [*value[:index], changed, *value[index + 1 :]]


def disagreements(name: str, document: dict[str, Any], definition: str, good: Any) -> list[str]:
    """The near misses of `good` that we judge unlike `document`. At least one of them has to be refused."""
    theirs = judge(document, definition)
    found, refused = [], 0
    for value in near_misses(good):
        verdict = theirs.is_valid(value)
        refused += not verdict
        if schemas.is_valid(name, definition, value) != verdict:
            found.append(f"{definition}: published says {verdict} of {json.dumps(value)}")
    assert refused, f"{definition}: no near miss of {good} was refused"
    return found


# The example files of 2026-07-28

EXAMPLES = sorted((PUBLISHED / NEWEST / "examples").glob("*/*.json"))


@pytest.mark.skipif(not EXAMPLES, reason=f"no examples of {NEWEST} are here; set MCP_PUBLISHED_SCHEMAS to have them")
@pytest.mark.parametrize("path", EXAMPLES or [Path()], ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_published_example_is_accepted_and_its_near_misses_are_judged_as_published(path: Path) -> None:
    definition, example = path.parent.name, json.loads(path.read_text(encoding="utf-8"))
    assert schemas.validate(NEWEST, definition, example) == []
    assert disagreements(NEWEST, corrected_core(), definition, example) == []


@pytest.mark.parametrize("difference", CORE_DIFFERENCES, ids=lambda difference: difference.definition)
def test_each_intended_difference_from_the_core_schema_is_one(difference: Difference) -> None:
    before, after = published(NEWEST), corrected_core()
    ours = schemas.is_valid(NEWEST, difference.definition, difference.value)
    assert judge(before, difference.definition).is_valid(difference.value) is not ours
    assert judge(after, difference.definition).is_valid(difference.value) is ours


# The tasks extension


@pytest.mark.parametrize("definition", GOOD)
def test_an_example_of_the_extension_is_accepted(definition: str) -> None:
    for value in GOOD[definition]:
        assert schemas.validate("ext-tasks", definition, value) == []


def test_the_extension_defines_the_types_that_its_draft_schema_adds() -> None:
    assert GOOD.keys() == schemas.definitions("ext-tasks")
    assert published("ext-tasks")["$defs"].keys() - published(NEWEST)["$defs"].keys() == GOOD.keys()


@pytest.mark.parametrize("definition", GOOD)
def test_near_misses_of_the_extension_are_judged_as_in_its_draft_schema(definition: str) -> None:
    for value in GOOD[definition]:
        assert disagreements("ext-tasks", corrected_tasks(), definition, value) == []


@pytest.mark.parametrize("difference", EXTENSION_DIFFERENCES, ids=lambda difference: difference.definition)
def test_each_intended_difference_from_the_draft_schema_is_one(difference: Difference) -> None:
    before, after = draft_of_tasks(), corrected_tasks()
    ours = schemas.is_valid("ext-tasks", difference.definition, difference.value)
    assert judge(before, difference.definition).is_valid(difference.value) is not ours
    assert judge(after, difference.definition).is_valid(difference.value) is ours


@pytest.mark.parametrize(("definition", "value", "verdict", "reason"), SEP_OR_DRAFT)
def test_where_the_text_of_the_extension_and_its_draft_schema_differ_the_text_counts(
    definition: str, value: Any, verdict: bool, reason: str
) -> None:
    assert schemas.is_valid("ext-tasks", definition, value) is verdict, reason


# The pages of the specification

SPECIFICATION = os.environ.get("MCP_SPECIFICATION")
PAGES = pytest.mark.skipif(SPECIFICATION is None, reason="the pages are not here; set MCP_SPECIFICATION to check them")
FENCED = re.compile(r"^[ \t]*(?P<fence>`{3,})json\b[^\n]*\n(?P<body>.*?)^[ \t]*(?P=fence)[ \t]*$", re.M | re.S)
COMMENT = re.compile(r'(?m)(^|\s)//[^\n"]*$')
ERRORS = {
    ("2025-11-25", -32042): "URLElicitationRequiredError",
    (NEWEST, -32020): "HeaderMismatchError",
    (NEWEST, -32021): "MissingRequiredClientCapabilityError",
    (NEWEST, -32022): "UnsupportedProtocolVersionError",
}

# Members by which the answer to an input request is known: it has no envelope
ANSWERS = {"action", "model", "roots"}

# Examples that break the schema of their own revision: (revision, page, type, place): reason
SHORTENED = "the page leaves out the metadata that every request carries"
KNOWN_BROKEN = {
    **{
        (NEWEST, "basic/index", "CallToolRequest", f"/params/_meta/io.modelcontextprotocol~1{key}"): SHORTENED
        for key in ("clientCapabilities", "protocolVersion")
    },
    (NEWEST, "server/prompts", "GetPromptRequest", "/params/_meta"): SHORTENED,
    (NEWEST, "server/prompts", "ListPromptsRequest", "/params/_meta"): SHORTENED,
    (NEWEST, "server/resources", "ListResourceTemplatesRequest", "/params/_meta"): SHORTENED,
    (NEWEST, "server/resources", "ListResourcesRequest", "/params/_meta"): SHORTENED,
    (NEWEST, "server/resources", "ReadResourceRequest", "/params/_meta"): SHORTENED,
    (NEWEST, "server/tools", "CallToolRequest", "/params/_meta"): SHORTENED,
    (NEWEST, "server/tools", "ListToolsRequest", "/params/_meta"): SHORTENED,
    (NEWEST, "server/utilities/completion", "CompleteRequest", "/params/_meta"): SHORTENED,
    (NEWEST, "server/utilities/pagination", "ListResourcesRequest", "/params/_meta"): SHORTENED,
}


@dataclass(frozen=True)
class Example:
    """A message on a page, and what it answers there: the request before it with its id, or else just before it."""

    revision: str
    page: str
    number: int
    value: Any
    request: dict[str, Any] | None

    @property
    def id(self) -> str:
        return f"{self.revision}/{self.page}:{self.number}"


def parsed(text: str) -> Any:
    """The JSON value, or None if `text` is no JSON even without comments."""
    try:
        return json.loads(COMMENT.sub("", text))
    except ValueError:
        return None


def examples_of(revision: str, page: str, text: str) -> Iterator[Example]:
    requests: dict[Any, dict[str, Any]] = {}
    last: dict[str, Any] | None = None
    for number, block in enumerate(FENCED.finditer(text), start=1):
        value = parsed(block["body"])
        if isinstance(value, dict) and value.keys() & {"jsonrpc", "method", *ANSWERS}:
            yield Example(revision, page, number, value, requests.get(value.get("id"), last))
            if "method" in value and ("id" in value or "jsonrpc" not in value):
                last = requests[value.get("id")] = value
        elif value is None and '"jsonrpc"' in block["body"]:
            yield Example(revision, page, number, None, None)


@cache
def all_examples() -> tuple[Example, ...]:
    if SPECIFICATION is None:
        return ()
    return tuple(
        example
        for revision in REVISIONS
        if (folder := Path(SPECIFICATION) / "docs" / "specification" / revision.date).is_dir()
        for path in sorted(folder.rglob("*.mdx"))
        for example in examples_of(
            revision.date,
            path.relative_to(folder).with_suffix("").as_posix(),
            path.read_text(encoding="utf-8"),
        )
    )


def method_of(revision: str, message: dict[str, Any]) -> Method | None:
    return next((method for method in methods(revision) if method.name == message["method"]), None)


def type_of_result(revision: str, request: dict[str, Any], result: dict[str, Any]) -> str | None:
    method = method_of(revision, request)
    if method is None:
        return None
    if method.augmented and "task" in request.get("params", {}):
        return method.augmented
    return method.by_result_type.get(str(result.get("resultType")), method.result)


def types_of(example: Example) -> Iterator[tuple[str, Any]]:
    """The types that a message and its parts have to be of, as far as the page lets one know."""
    message, revision = example.value, example.revision
    names = schemas.definitions(revision)
    if message is None:
        return
    if "method" in message:
        if "jsonrpc" in message:
            yield ("JSONRPCRequest" if "id" in message else "JSONRPCNotification"), message
        if (method := method_of(revision, message)) is not None:
            yield method.message, message
    elif "error" in message:
        general = "JSONRPCErrorResponse" if "JSONRPCErrorResponse" in names else "JSONRPCError"
        yield ERRORS.get((revision, message["error"].get("code")), general), message
    else:
        if "jsonrpc" in message:
            yield ("JSONRPCResultResponse" if "JSONRPCResultResponse" in names else "JSONRPCResponse"), message
        result = message.get("result", message)
        if example.request is not None and (name := type_of_result(revision, example.request, result)):
            yield name, result


def violations_of(example: Example) -> set[tuple[str, str, str, str]]:
    return {
        (example.revision, example.page, name, violation.at)
        for name, value in types_of(example)
        for violation in validate(example.revision, name, value)
    }


def validate(revision: str, name: str, value: Any) -> list[schemas.Violation]:
    file, _, definition = name.rpartition("/")
    return schemas.validate(file or revision, definition, value)


@PAGES
@pytest.mark.parametrize("example", all_examples() or [Example("", "", 0, None, None)], ids=lambda example: example.id)
def test_a_message_on_a_page_fits_the_schema_of_its_revision(example: Example) -> None:
    assert violations_of(example) - KNOWN_BROKEN.keys() == set()
    if example.value is None:
        pytest.skip("a message with omissions, which is no JSON")
    names = [name for name, _ in types_of(example)]
    if "error" not in example.value and all(name.startswith("JSONRPC") for name in names):
        pytest.skip("only its envelope is judged: a method of no revision, or a result without a request on its page")


@PAGES
def test_the_pages_have_examples_and_are_broken_where_we_say_so() -> None:
    assert {example.revision for example in all_examples()} == {revision.date for revision in REVISIONS}
    found = {violation for example in all_examples() for violation in violations_of(example)}
    assert found == KNOWN_BROKEN.keys()
