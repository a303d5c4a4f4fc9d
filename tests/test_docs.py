"""README and the documentation say what is so: commands run, examples are read, tables are complete."""

import json
import os
import re
import shlex
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator

from mcp_conformance.cases import loader, model
from mcp_conformance.cases.matching import _MATCHERS
from mcp_conformance.data import data_root
from mcp_conformance.flags import FLAGS, SERVER
from mcp_conformance.hints import load_hints
from mcp_conformance.requirements import catalogue, reading
from mcp_conformance.strict_yaml import DataError, load_text
from mcp_conformance.verdicts import Verdict

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]


@dataclass(frozen=True)
class Block:
    """A fenced block: `language` is what stands behind the fence, `line` where its text begins."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def file(self) -> str:
        """The file that the block is the content of, if its first line names one in a comment."""
        match = re.match(r"# (\S+\.\w+)\n", self.text)
        return match[1] if match else ""

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(page: Path) -> list[Block]:
    found = []
    language, start, lines = "", 0, list[str]()
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("```"):
            if start:
                found.append(Block(page, start, language, "".join(lines)))
                start = 0
            else:
                language, start, lines = line.removeprefix("```"), number + 1, []
        elif start:
            lines.append(line + "\n")
    assert not start, f"{page.name}: a block that begins at line {start} has no end"
    return found


BLOCKS = [block for page in PAGES for block in blocks(page)]


def of(language: str, page: str = "") -> list[Block]:
    return [block for block in BLOCKS if block.language == language and page in ("", block.page.name)]


def test_every_block_is_of_a_kind_that_is_tested_here() -> None:
    known = {"console", "yaml", "yaml broken", "text error", "text finding", "ini", "json", "python"}
    assert {block.language for block in BLOCKS} == known


# ------------------------------------------------------------------------------------------------------------- commands

COMMANDS = [
    (block, line.removeprefix("$ "))
    for block in of("console")
    for line in block.text.splitlines()
    if line.startswith("$ ")
]
SET_UP = re.compile(r"python3 -m venv ")

# Commands that aren't run here: how they begin, and why.
ELSEWHERE = {
    "python3 -m venv ": "run by .ci/run, as it stands in README",
    ".ci/run": "this test is part of it",
    "python -m mcp_conformance.compiled": "writes into the checkout; tests/test_compiled.py says when that is needed",
    "python tests/faulty --proofs": "writes into the checkout; tests/test_compiled.py says when that is needed",
}
AT_A_URL = re.compile(r"pytest --mcp-url=")
MY_SERVER = """#!{python}
from reference_servers.engine import serve
from reference_servers.github.server import github

raise SystemExit(serve(github))
"""
MY_HTTP_SERVER = """#!{python}
import os, runpy, sys

port = sys.argv[2] if len(sys.argv) > 2 else os.environ["PORT"]
sys.argv = ["small_http_server.py", port]
runpy.run_path("{small}/small_http_server.py")
"""
MY_CHATTY_SERVER = """#!{python}
from reference_servers.engine import Connection, serve
from reference_servers.github.server import github


class Chatty(Connection):
    async def at_start(self):
        await self.send(b"my-server is running")


raise SystemExit(serve(github, connection=Chatty))
"""


@pytest.fixture
def reader(tmp_path: Path) -> Path:
    """A reader's folder: the files of all examples, and in `bin` the commands `my-server` and `my-http-server`."""
    for block in BLOCKS:
        if block.file:
            (tmp_path / block.file).parent.mkdir(exist_ok=True)
            (tmp_path / block.file).write_text(block.text, encoding="utf-8")
    install(tmp_path, MY_SERVER)
    install(tmp_path, MY_HTTP_SERVER.replace("{small}", str(ROOT / "tests" / "plugin")), "my-http-server")
    (tmp_path / "mcp.json").write_text(of("json", "options.md")[0].text)
    return tmp_path


def install(folder: Path, server: str, name: str = "my-server") -> None:
    """Put a command into the folder's `bin`."""
    (path := folder / "bin" / name).parent.mkdir(exist_ok=True)
    path.write_text(server.format(python=sys.executable))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTEST_ADDOPTS": "-p no:cacheprovider", "COLUMNS": "200"}
    options: dict[str, Any] = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "timeout": 120}
    return subprocess.run(command, shell=True, cwd=folder, env=environment, check=False, **options)


@pytest.mark.parametrize(("block", "command"), COMMANDS, ids=[f"{block}-{command[:60]}" for block, command in COMMANDS])
def test_every_command_runs(block: Block, command: str, reader: Path) -> None:
    for start, reason in ELSEWHERE.items():
        if command.startswith(start):
            pytest.skip(reason)
    if AT_A_URL.match(command):
        pytest.skip("needs a server there; tests/plugin/test_http.py has some")
    if "npx " in command:
        pytest.skip("needs npm and its registry")
    done = shell(command, reader)
    assert done.returncode == 0, f"{block}: $ {command}\n{done.stdout}{done.stderr}"


def test_console_blocks_have_nothing_but_commands() -> None:
    for block in of("console"):
        assert [line for line in block.text.splitlines() if not line.startswith("$ ")] == [], str(block)


def test_the_gate_runs_the_two_set_up_commands_of_the_readme() -> None:
    found = [command for block, command in COMMANDS if SET_UP.match(command)]
    assert len(found) == 2
    assert "reference_servers.github" in found[0]
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    pattern = re.search(r"""sed -n 's/(\^.+?)/\\1/p' README\.md""", gate)
    assert pattern, "tests/test_docs.py doesn't see any more how .ci/run finds the commands"
    expression = re.compile(pattern[1].replace(r"\(", "(").replace(r"\)", ")"))
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert [match[1] for line in lines if (match := expression.match(line))] == found


def test_a_finding_looks_as_the_readme_shows_it(reader: Path) -> None:
    (shown,) = of("text finding", "README.md")
    install(reader, MY_CHATTY_SERVER)
    done = shell("pytest --mcp-server=my-server --mcp-select=stdio --mcp-select=ping", reader)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("1. FAIL"))
    end = next(index for index, line in enumerate(lines) if line.startswith("   again"))
    fresh = "\n".join(lines[start : end + 1]) + "\n"
    assert shown.text == fresh, f"{shown} isn't fresh; it is now:\n{fresh}"


STATUSES = {
    "--mcp-select=ping": 0,
    "--mcp-select=ping -k no_such_test": 5,
    "--mcp-select=prompts": 5,
    "--mcp-select=no-such-area": 4,
    "--mcp-server=no-such-command": 4,
    "--mcp-server=false": 1,
}


@pytest.mark.parametrize(("options", "status"), STATUSES.items(), ids=STATUSES)
def test_the_exit_status_is_as_the_table_says(options: str, status: int, reader: Path) -> None:
    text = (ROOT / "docs" / "options.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| ([0-5]) \|", text, re.MULTILINE)) == set("012345")
    assert shell(f"pytest --mcp-server=my-server {options}", reader).returncode == status


# ----------------------------------------------------------------------------------------------------------- references


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_links_to_files_of_the_repository_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_table_of_options_has_each_option_with_its_ini_key() -> None:
    text = (ROOT / "docs" / "options.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(--mcp-[a-z-]+)[^`]*` \| `(mcp_conformance_\w+)` \|", text, re.MULTILINE)
    assert dict(rows) == {flag.option: flag.dest for flag in (SERVER, *FLAGS)}


def test_every_option_that_is_named_exists() -> None:
    known = {flag.option for flag in (SERVER, *FLAGS)} | {"--mcp-x"}
    for page in PAGES:
        assert set(re.findall(r"--mcp-[a-z]+(?:-[a-z]+)*", page.read_text(encoding="utf-8"))) <= known, page.name


def test_ini_examples_use_keys_that_exist() -> None:
    known = {flag.dest for flag in (SERVER, *FLAGS)}
    for block in of("ini"):
        assert {line.partition("=")[0].strip() for line in block.text.splitlines() if "=" in line} <= known


def test_the_ini_example_works(reader: Path) -> None:
    (example,) = of("ini")
    (reader / "pytest.ini").write_text(example.text)
    assert shell("pytest -q tests -k 'the_list_names or greeting'", reader).returncode == 0


@pytest.mark.parametrize("page", ["options.md", "verdicts.md"])
def test_the_tables_of_verdicts_are_complete(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8").replace("not applicable", "not_applicable")
    assert {verdict.value for verdict in Verdict} <= set(re.findall(r"^\| (\w+) \|", text, re.MULTILINE))


# ----------------------------------------------------------------------------------------------------- the suite format

FORMAT = "suite-format.md"


def as_suite(text: str) -> str:
    """An example as a whole suite: it may be a case, or steps."""
    if not text.startswith("- "):
        return text
    if not text.startswith("- case:"):
        steps = "".join(f"    {line}\n" for line in text.splitlines())
        head = "- case: example.steps\n  judges: [ping.respond]\n  purpose: these steps can be taken\n  steps:\n"
        text = head + steps
    return "area: example\ncases:\n" + "".join(f"  {line}\n" for line in text.splitlines())


@pytest.mark.parametrize("block", of("yaml", FORMAT), ids=str)
def test_examples_of_suites_are_right(block: Block) -> None:
    document = load_text(as_suite(block.text), str(block))
    loader._rows(document)
    schema = json.loads((data_root("schemas") / "suite.schema.json").read_text(encoding="utf-8"))
    assert [error.message for error in Draft202012Validator(schema).iter_errors(document.data)] == []


def test_examples_of_suites_pass_on_a_right_server(reader: Path) -> None:
    cases = []
    for number, block in enumerate(of("yaml", FORMAT)):
        text = re.sub(r"^( *- case: \S+)", rf"\1.n{number}", as_suite(block.text), flags=re.MULTILINE)
        (path := reader / f"example{number}.mcp.yaml").write_text(text)
        cases.append(path.name)
    done = shell(f"pytest --mcp-server=my-server -rA --mcp-json=run.json {shlex.join(cases)}", reader)
    run = json.loads((reader / "run.json").read_text())
    assert done.returncode == 0, done.stdout
    assert run["counts"]["pass"] + run["counts"]["not_applicable"] == len(run["cases"])  # batches: in one revision
    passed = {case["id"] for case in run["cases"] if case["verdict"] == "pass"}
    without = {case["id"]: case["reason"] for case in run["cases"] if case["id"] not in passed}
    # The server has no slow tool and none that asks for input, and gives no occasion for what only such ones show.
    assert all(reason.startswith("no ") for reason in without.values()), without
    assert len(passed) > 5 * len(without)
    assert run["findings"] == []


def test_the_example_of_an_error_is_told_as_shown() -> None:
    (broken,), (shown,) = of("yaml broken", FORMAT), of("text error", FORMAT)
    with pytest.raises(DataError) as caught:
        loader._rows(load_text(broken.text, "greeting.mcp.yaml"))
    assert str(caught.value).startswith(shown.text.strip())


@pytest.mark.parametrize(
    "names",
    [
        set(model.STEPS),
        set(_MATCHERS),
        {"$profile", "$bound", "$repeat", "$nest", "$encoded"},
        set(get_args(model.Opening)),
    ],
    ids=["steps", "matchers", "values", "openings"],
)
def test_each_thing_of_the_format_is_explained_and_shown(names: set[str]) -> None:
    page = (ROOT / "docs" / FORMAT).read_text(encoding="utf-8")
    forms = ("`{}`", "`{{{}:", "## {}")
    assert [name for name in names if not any(form.format(name) in page for form in forms)] == []
    examples = "".join(block.text for block in of("yaml", FORMAT))
    shown = {name for name in names if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", examples)}
    if names & set(model.STEPS):
        assert shown == names


def test_the_entry_of_the_catalogue_that_is_shown_is_right(tmp_path: Path) -> None:
    (block,) = of("yaml", "catalogue.md")
    (path := tmp_path / "entry.yaml").write_text(block.text)
    ((name, row),) = reading.read_edition(path).items()
    known = catalogue().get("2025-11-25", name)
    assert known is not None
    assert row[:4] == [known.level, known.page, known.anchor, known.who]


@pytest.mark.parametrize("block", of("yaml", "hints.md"), ids=str)
def test_examples_of_hints_are_right(block: Block, tmp_path: Path) -> None:
    (path := tmp_path / "mcp-conformance.yaml").write_text(block.text)
    assert load_hints(path).tools
