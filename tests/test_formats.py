"""The published schemas of our own formats say what the code does: suites, hints and runs."""

import copy
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from mcp_conformance.cases import loader, model
from mcp_conformance.data import data_root
from mcp_conformance.hints import Hints, ToolHints, load_hints
from mcp_conformance.profile import CALL_LEVELS
from mcp_conformance.strict_yaml import DataError, load_file, load_text
from mcp_conformance.verdicts import Verdict

FORMATS = ("suite", "run", "hints")


def schema(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((data_root("schemas") / f"{name}.schema.json").read_text(encoding="utf-8"))
    return document


def complaints(name: str, value: Any) -> list[str]:
    """What a schema has against a value; empty when it is valid."""
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema(name)).iter_errors(value)]


@pytest.mark.parametrize("name", FORMATS)
def test_the_schemas_are_schemas_and_explain_themselves(name: str) -> None:
    document = schema(name)
    Draft202012Validator.check_schema(document)
    assert document["$id"] == f"urn:mcp-conformance:schema:{name}"
    assert document["description"]


# --------------------------------------------------------------------------------------------------------------- suites

SUITES = loader.bundled_sources()


@pytest.mark.parametrize("path", SUITES, ids=[path.stem for path in SUITES])
def test_every_bundled_suite_is_valid(path: Path) -> None:
    assert complaints("suite", load_file(path).data) == []


def suite(steps: str, more: str = "") -> str:
    """A suite with one case, whose steps are a YAML flow sequence."""
    return f"""
area: ping
cases:
  - case: ping.example
    judges: [ping.respond]
    purpose: a ping is answered
    steps: {steps}
{more}"""


GOOD = {
    "request and result": suite("[{request: ping}, {expect: {result: true}}]"),
    "ids of both types": suite("[{request: ping, id: 7}, {request: ping, id: seven}]"),
    "params with references": suite("[{request: tools/call, params: {name: {$profile: /tool/name}, arguments: {}}}]"),
    "a type of result": suite("[{request: ping}, {expect: {result: EmptyResult}}]"),
    "one error code": suite("[{request: x}, {expect: {error: -32601}}]"),
    "several error codes": suite("[{request: x}, {expect: {error: [-32600, -32601]}}]"),
    "a place": suite("[{request: x}, {expect: {error: true, where: {/error/code: {type: integer}}}}]"),
    "silence": suite("[{notify: x, as: note}, {expect: {of: note, silence: true}}]"),
    "any of several": suite("[{request: x}, {expect: {any-of: [{error: true}, {result: true, note: odd}]}}]"),
    "raw text": suite("[{raw: {text: '{'}, newline: false}, {barrier: {}}]"),
    "generated text": suite("[{raw: {text: {$repeat: {text: a, times: 100}}}}, {barrier: {}}]"),
    "raw base64": suite("[{raw: {base64: 'AAECAw=='}}, {barrier: {judges: [ping.respond]}}]"),
    "bind": suite("[{request: ping, as: one}, {bind: {all: /result}, of: one}]"),
    "restart and quiet": suite("[{restart: true}, {quiet: true}]"),
    "expect-nothing": suite("[{expect-nothing: {kinds: [request], besides: [ping], judges: [ping.respond]}}]"),
    "shutdown": suite("[{end-input: true}, {expect-exit: {leftovers: false}}]"),
    "a message is awaited": suite("[{await: {request: ping}, as: one}, {bind: {id: /id}, of: one}]"),
    "an occasion is awaited": suite("[{await: {notification: true, within: 1, otherwise: nothing ever comes}}]"),
    "an answer is awaited": suite(
        "[{request: ping, as: one}, {await: {answer: one, within: {$profile: /slow/patience}, where: {/id: 1}}}]"
    ),
    "under way": suite("[{request: ping, as: one}, {under-way: {of: one, within: 2, otherwise: it has ended}}]"),
    "nothing of a kind since": suite(
        "[{request: ping}, {barrier: {}, as: read}, {expect-nothing: {methods: [a/b], since: read}}]"
    ),
    "silence after a while": suite(
        "[{request: ping}, {expect: {within: 2, any-of: [{silence: true}, {error: true}]}}]"
    ),
    "never answered": suite("[{request: ping}]", "    session: {open: fresh, answers: never}"),
    "another session": suite("[{request: ping, in: b}]", "    sessions: {b: {open: unopened, capabilities: {}}}"),
    "an opening": suite("[{request: ping}]", "    session: fresh"),
    "an opening with capabilities": suite("[{request: ping}]", "    session: {capabilities: {roots: {}}}"),
    "where it runs": suite(
        "[{request: ping}]", "    needs: [tools]\n    revisions: [2025-06-18]\n    transports: [stdio]"
    ),
}

BROKEN = {
    "no cases": "area: ping\ncases: []",
    "no area": suite("[{request: ping}]").replace("area: ping", ""),
    "an area with a capital": suite("[{request: ping}]").replace("area: ping", "area: Ping"),
    "an unknown key in the suite": suite("[{request: ping}]") + "title: x",
    "an id without area": suite("[{request: ping}]").replace("ping.example", "example"),
    "no judges": suite("[{request: ping}]").replace("[ping.respond]", "[]"),
    "judges that aren't a list": suite("[{request: ping}]").replace("[ping.respond]", "ping.respond"),
    "a purpose too short": suite("[{request: ping}]").replace("a ping is answered", "ping"),
    "an unknown key in the case": suite("[{request: ping}]", "    level: MUST"),
    "an unknown opening": suite("[{request: ping}]", "    session: new"),
    "no steps": suite("[]"),
    "an unknown step": suite("[{expects: {result: true}}]"),
    "two steps in one": suite("[{request: ping, expect: {result: true}}]"),
    "a step that is text": suite("[ping]"),
    "an unknown key in a step": suite("[{request: ping, wait: 5}]"),
    "an id that isn't an id": suite("[{request: ping, id: 1.5}]"),
    "params that aren't an object": suite("[{request: ping, params: [1]}]"),
    "no outcome": suite("[{request: ping}, {expect: {}}]"),
    "two outcomes": suite("[{request: ping}, {expect: {result: true, error: true}}]"),
    "an outcome beside any-of": suite("[{request: ping}, {expect: {result: true, any-of: [{error: true}]}}]"),
    "a false result": suite("[{request: ping}, {expect: {result: false}}]"),
    "no error codes": suite("[{request: ping}, {expect: {error: []}}]"),
    "a place in silence": suite("[{request: ping}, {expect: {silence: true, where: {/id: 1}}}]"),
    "a place that is no pointer": suite("[{request: ping}, {expect: {result: true, where: {id: 1}}}]"),
    "raw of two kinds": suite("[{raw: {text: a, base64: YQ==}}]"),
    "raw that isn't base64": suite("[{raw: {base64: 'a b'}}]"),
    "a label that is no name": suite("[{request: ping, as: 1st}]"),
    "an unknown kind of message": suite("[{expect-nothing: {kinds: [response]}}]"),
    "quiet for a while": suite("[{quiet: 3}]"),
    "nothing is awaited": suite("[{await: {}}]"),
    "two things are awaited": suite("[{await: {request: ping, notification: a/b}}]"),
    "an occasion that judges": suite(
        "[{await: {request: ping, otherwise: nothing ever comes, judges: [ping.respond]}}]"
    ),
    "awaited too long": suite("[{await: {request: ping, within: 61}}]"),
    "under way without a reason": suite("[{request: ping, as: one}, {under-way: {of: one}}]"),
    "a result after a while": suite("[{request: ping}, {expect: {within: 2, result: true}}]"),
    "never answered among others": suite("[{request: ping}]", "    session: {open: shared, answers: never}"),
    "a barrier without braces": suite("[{barrier: true}]"),
}


def read_suite(text: str) -> str:
    """What the loader has against a suite, as a sentence; empty when it takes it."""
    try:
        loader._rows(load_text(text, "example.yaml"))
    except DataError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_the_loader_and_the_schema_take_a_right_suite(text: str) -> None:
    assert read_suite(text) == ""
    assert complaints("suite", load_text(text, "example.yaml").data) == []


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_the_loader_and_the_schema_refuse_a_wrong_suite(text: str) -> None:
    assert read_suite(text).startswith("example.yaml:")
    assert complaints("suite", load_text(text, "example.yaml").data)


REFUSED_BY_TYPE = {
    "an error code that is text": suite("[{request: ping}, {expect: {error: '-32601'}}]"),
    "a number for true": suite("[{request: ping}, {expect: {result: 1}}]"),
    "an id that is true": suite("[{request: ping, id: true}]"),
    "text for false": suite("[{raw: {text: a}, newline: 'no'}]"),
    "raw text that is a number": suite("[{raw: {text: 5}}]"),
    "nothing for params": suite("[{request: ping, params: null}]"),
    "a member by its name in Python": suite("[{request: ping, label: one}]"),
    "an id under the wrong key": suite("[{request: ping}]").replace("case:", "id:"),
    "a note beside any-of": suite("[{request: ping}, {expect: {any-of: [{result: true}], note: odd}}]"),
    "an empty any-of": suite("[{request: ping}, {expect: {result: true, any-of: []}}]"),
}


@pytest.mark.parametrize("text", REFUSED_BY_TYPE.values(), ids=REFUSED_BY_TYPE)
def test_the_loader_is_as_strict_as_the_schema(text: str) -> None:
    assert complaints("suite", load_text(text, "example.yaml").data)
    assert read_suite(text).startswith("example.yaml:")


DEFINITIONS: list[tuple[str, type[BaseModel]]] = [
    ("case", model.Case),
    ("sessionOptions", model.SessionOptions),
    ("outcome", model.Outcome),
    *model.STEPS.items(),
]


@pytest.mark.parametrize(("name", "kind"), DEFINITIONS, ids=[name for name, _ in DEFINITIONS])
def test_the_suite_schema_names_the_members_that_the_model_has(name: str, kind: type[BaseModel]) -> None:
    described = schema("suite")["$defs"][name]["properties"]
    assert set(described) == {field.alias or name for name, field in kind.model_fields.items()}


def test_the_suite_schema_names_the_members_of_an_expectation() -> None:
    described = schema("suite")["$defs"]["expect"]["properties"]["expect"]["properties"]
    assert set(described) == {field.alias or name for name, field in model.Expectation.model_fields.items()}


def test_the_suite_schema_has_every_step_and_every_opening() -> None:
    definitions = schema("suite")["$defs"]
    assert {branch["$ref"].rpartition("/")[2] for branch in definitions["step"]["oneOf"]} == set(model.STEPS)
    assert set(definitions["opening"]["enum"]) == set(get_args(model.Opening))


# ---------------------------------------------------------------------------------------------------------------- hints

GOOD_HINTS = {
    "nothing": "{}",
    "one call": "tools: {search: {arguments: {query: x}}}",
    "several calls": "tools: {search: {arguments: [{query: x}, {query: y, page: 2}]}}",
    "permissions": "tools: {search: {call: always}, delete: {call: never}}",
    "a deadline": "tools: {search: {deadline: 30}}",
    "a slow tool": "tools: {search: {slow: true}}",
    "times of the server's own": "{ping-interval: 5, request-timeout: 0.5}",
}

BROKEN_HINTS = {
    "a list": "[search]",
    "an unknown key": "tool: {}",
    "an unknown key of a tool": "tools: {search: {args: {}}}",
    "arguments that are text": "tools: {search: {arguments: query}}",
    "an unknown permission": "tools: {search: {call: sometimes}}",
    "a deadline of nothing": "tools: {search: {deadline: 0}}",
    "slow by how much": "tools: {search: {slow: 5}}",
    "a timeout beyond the bound": "request-timeout: 61",
    "an interval of nothing": "ping-interval: 0",
    "a tool without hints": "tools: {search: true}",
}


@pytest.mark.parametrize("text", GOOD_HINTS.values(), ids=GOOD_HINTS)
def test_the_loader_and_the_schema_take_right_hints(text: str, tmp_path: Path) -> None:
    (path := tmp_path / "mcp-conformance.yaml").write_text(text)
    assert load_hints(path) is not None
    assert complaints("hints", load_file(path).data) == []


@pytest.mark.parametrize("text", BROKEN_HINTS.values(), ids=BROKEN_HINTS)
def test_the_loader_and_the_schema_refuse_wrong_hints(text: str, tmp_path: Path) -> None:
    (path := tmp_path / "mcp-conformance.yaml").write_text(text)
    with pytest.raises(DataError):
        load_hints(path)
    assert complaints("hints", load_file(path).data)


def test_the_hints_schema_names_the_members_that_the_model_has() -> None:
    document = schema("hints")
    assert set(document["properties"]) == {field.alias or name for name, field in Hints.model_fields.items()}
    assert set(document["$defs"]["tool"]["properties"]) == set(ToolHints.model_fields)


# ----------------------------------------------------------------------------------------------------------------- runs

BANNER = """
from reference_servers.engine import Connection, serve
from reference_servers.github.server import github

class Banner(Connection):
    async def at_start(self):
        await self.send(b"Welcome!")

raise SystemExit(serve(github, connection=Banner))
"""


def run(server: list[str], folder: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """The exit status and the written run of the plugin against a server."""
    options = (f"--mcp-server={json.dumps(server)}", "--mcp-json=run.json", "-q", *options)
    command = [sys.executable, "-m", "pytest", *options]
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
    return done.returncode, json.loads((folder / "run.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def green(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    status, made = run([sys.executable, "-m", "reference_servers.github"], tmp_path_factory.mktemp("green"))
    assert status == 0
    return made


@pytest.fixture(scope="module")
def red(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("red")
    (folder / "banner.py").write_text(BANNER)
    status, made = run([sys.executable, "banner.py"], folder, "--mcp-select=stdio", "--mcp-select=ping")
    assert status == 1
    return made


def test_a_run_is_valid_and_its_counts_add_up(green: dict[str, Any]) -> None:
    assert complaints("run", green) == []
    assert sum(green["counts"].values()) == len(green["cases"])
    assert green["counts"]["pass"] > 0
    assert green["findings"] == []


def test_a_run_with_findings_is_valid_and_cases_refer_to_them(red: dict[str, Any]) -> None:
    assert complaints("run", red) == []
    assert [finding["requirement"] for finding in red["findings"]] == ["stdio.stdout-only-mcp"]
    named = {name for case in red["cases"] for name in case["findings"]}
    assert named == {finding["fingerprint"] for finding in red["findings"]}


def test_a_run_of_a_server_that_is_dead_is_valid(tmp_path: Path) -> None:
    status, made = run([shutil.which("false") or "/bin/false"], tmp_path)
    assert status == 1
    assert complaints("run", made) == []
    assert made["counts"]["pass"] == 0


def members(value: Any, described: dict[str, Any], root: dict[str, Any], place: str) -> Iterator[tuple[str, bool]]:
    """Each member of a value, by its place, and whether the schema describes it."""
    while "$ref" in described:
        target = root["$defs"][described["$ref"].rpartition("/")[2]]
        described = {**target, **{key: inner for key, inner in described.items() if key != "$ref"}}
    yield place, bool(described.get("description"))
    if isinstance(value, dict) and "properties" in described:
        for name, inner in value.items():
            yield from members(inner, described["properties"].get(name, {}), root, f"{place}/{name}")
    for index, item in enumerate(value if isinstance(value, list) else []):
        inner = described.get("items", {})
        yield from members(item, {"description": described.get("description"), **inner}, root, f"{place}/{index}")


def test_every_member_of_a_run_is_described(green: dict[str, Any], red: dict[str, Any]) -> None:
    document = schema("run")
    for made in (green, red):
        assert [place for place, described in members(made, document, document, "") if not described] == []


def test_the_run_schema_refuses_what_a_run_can_not_be(red: dict[str, Any]) -> None:
    def broken(change: Any) -> list[str]:
        made = copy.deepcopy(red)
        change(made)
        return complaints("run", made)

    assert broken(lambda made: made.pop("counts"))
    assert broken(lambda made: made.update(format=2))
    assert broken(lambda made: made["counts"].update(passed=3))
    assert broken(lambda made: made["cases"][0].update(verdict="passed"))
    assert broken(lambda made: made["findings"][0].update(fingerprint="x"))
    assert broken(lambda made: made["findings"][0].update(occurrences=[]))
    assert broken(lambda made: made["settings"].update(call="some"))


def test_the_run_schema_has_every_verdict_and_every_call_level() -> None:
    document = schema("run")
    verdicts = {verdict.value for verdict in Verdict}
    assert set(document["properties"]["counts"]["properties"]) == verdicts
    assert set(document["$defs"]["verdict"]["enum"]) == verdicts
    assert set(document["properties"]["settings"]["properties"]["call"]["enum"]) == set(CALL_LEVELS)
