"""Options from the command line and from ini files mean what a reader of them would think."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from mcp_conformance.flags import FLAGS, SERVER
from mcp_conformance.options import OptionError, Options, Raw, parse
from mcp_conformance.revisions import JUDGED

from .runs import SMALL, Run, command, read, small

SECRET = "hunter2-and-more"


def options(environment: dict[str, str] | None = None, **values: Any) -> Options:
    return parse(Raw({"server": "srv", **values}), environment or {}, JUDGED)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("npx -y 'my server' --port=1", ("npx", "-y", "my server", "--port=1")),
        ('["npx", "-y", "my server"]', ("npx", "-y", "my server")),
        ("srv --token=${TOKEN}", ("srv", f"--token={SECRET}")),
        ('["srv", "${TOKEN} $HOME ${not-a-name}"]', ("srv", f"{SECRET} $HOME ${{not-a-name}}")),
        ("  srv  ", ("srv",)),
    ],
)
def test_a_command_is_words_or_a_json_array(text: str, words: tuple[str, ...]) -> None:
    assert options({"TOKEN": SECRET}, server=text).reach.command == words


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"server": "[1, 2]"}, "--mcp-server as JSON is an array of strings"),
        ({"server": "[]"}, "--mcp-server as JSON is an array of strings"),
        ({"server": '["srv"'}, "begins like a JSON array, but isn't one"),
        ({"server": "srv 'open"}, "can't be split into words: no closing quotation"),
        ({"server": "''"}, "--mcp-server needs a command"),
        ({"server": "srv ${NOWHERE}"}, "--mcp-server: the environment has no variable NOWHERE"),
        ({"env": ["NAME"]}, "write --mcp-env=NAME=VALUE"),
        ({"env": ["A=${NOWHERE}"]}, "--mcp-env=A: the environment has no variable NOWHERE"),
        ({"cwd": "/no/such/folder"}, "--mcp-cwd=/no/such/folder: there is no folder"),
        ({"revision": ["2024-13-01"]}, "not a revision that these suites judge"),
        ({"call": "some"}, "--mcp-call=some: it is one of safe, readonly, all, none"),
        ({"hints": "/no/such/file"}, "--mcp-hints=/no/such/file: there is no file"),
        ({"deadline": "soon"}, "--mcp-deadline=soon: a number of seconds is expected"),
        ({"start_deadline": "0"}, "--mcp-start-deadline=0: more than 0"),
        ({"deadline": "nan"}, "--mcp-deadline=nan: more than 0"),
        ({"json": "/no/such/folder/run.json"}, "there is no folder /no/such/folder"),
        ({"json": "/"}, "--mcp-json=/: that is a folder"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_line(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(OptionError) as error:
        options(**values)
    assert reason in str(error.value)
    assert "\n" not in str(error.value)


def test_lists_are_repeated_or_separated_by_commas() -> None:
    made = options(select=["ping, tools", "base"], revision=["2025-11-25,2025-06-18"], env=["A=1", "B=x=y", "A=2"])
    assert made.select == ("ping", "tools", "base")
    assert made.revisions == ("2025-06-18", "2025-11-25")
    assert made.reach.environment({"HOME": "/h"}) == {"HOME": "/h", "A": "2", "B": "x=y"}
    assert options(env=["A=1"], env_clear=True).reach.environment({"HOME": "/h"}) == {"A": "1"}


def test_the_line_that_reproduces_a_finding_holds_all_that_matters_and_no_secret(tmp_path: Path) -> None:
    hints = tmp_path / "hints.yaml"
    hints.touch()
    made = options(
        {"TOKEN": SECRET},
        server="srv --a 'b c'",
        env=["TOKEN=${TOKEN}", f"OTHER={SECRET}"],
        env_clear=True,
        cwd=str(tmp_path),
        call="all",
        hints=str(hints),
        deadline="3",
        start_deadline="90",
        strict=True,
    )
    line = made.command_line("ping.is-answered", "2025-06-18")
    assert line == (
        "pytest --mcp-server='srv --a '\"'\"'b c'\"'\"'' --mcp-env='TOKEN=${TOKEN}' "
        f"--mcp-env='OTHER=${{OTHER}}' --mcp-env-clear --mcp-cwd={tmp_path} --mcp-call=all --mcp-hints={hints} "
        "--mcp-start-deadline=90 --mcp-deadline=3 --mcp-select=ping.is-answered --mcp-revision=2025-06-18 --mcp-strict"
    )
    assert (
        parse(Raw({"server": "srv"}), {}, JUDGED, server_by_ini=True).command_line()
        == "pytest -o mcp_conformance_server=srv"
    )


def test_paths_are_relative_to_where_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "hints.yaml").touch()
    folders = dict.fromkeys(("server", "hints", "json", "select"), tmp_path / "home")
    made = parse(
        Raw({"server": "srv", "hints": "hints.yaml", "json": "${NAME}.json"}, folders), {"NAME": "run"}, JUDGED
    )
    assert made.hints == tmp_path / "home" / "hints.yaml"
    assert made.json == tmp_path / "home" / "run.json"
    assert made.reach.cwd == made.select_folder == tmp_path / "home"


# ---------------------------------------------------------------------------------------------------------- in pytest


def test_each_option_is_in_the_help_and_has_an_ini_key(run_outside: Run) -> None:
    text = run_outside("--help").stdout.str()
    for flag in (SERVER, *FLAGS):
        assert f"{flag.option}=" in text or f"{flag.option} " in text
        assert f"  {flag.dest} (" in text


INI_FORMS = {
    "pytest.ini": """\
[pytest]
mcp_conformance_server = {command}
mcp_conformance_env = GREETING=hello
    OTHER=1
mcp_conformance_env_clear = true
mcp_conformance_revision = 2025-06-18
mcp_conformance_select =
    ping.is-answered
    tools.call.is-answered
mcp_conformance_call = readonly
mcp_conformance_hints = hints.yaml
mcp_conformance_deadline = 7.5
mcp_conformance_strict = true
mcp_conformance_json = run.json
""",
    "pyproject.toml": """\
[tool.pytest.ini_options]
mcp_conformance_server = '{command}'
mcp_conformance_env = ["GREETING=hello", "OTHER=1"]
mcp_conformance_env_clear = true
mcp_conformance_revision = ["2025-06-18"]
mcp_conformance_select = ["ping.is-answered", "tools.call.is-answered"]
mcp_conformance_call = "readonly"
mcp_conformance_hints = "hints.yaml"
mcp_conformance_deadline = 7.5
mcp_conformance_strict = true
mcp_conformance_json = "run.json"
""",
}
if pytest.version_tuple >= (9,):
    INI_FORMS["native"] = INI_FORMS["pyproject.toml"].replace("[tool.pytest.ini_options]", "[tool.pytest]")


@pytest.mark.parametrize("form", INI_FORMS)
def test_every_form_of_ini_file_says_the_same(run: Run, pytester: pytest.Pytester, form: str) -> None:
    name = "pytest.ini" if form == "pytest.ini" else "pyproject.toml"
    (pytester.path / name).write_text(INI_FORMS[form].format(command=command()))
    (pytester.path / "hints.yaml").write_text("tools: {echo: {arguments: {text: hi}}}\n")
    below = pytester.mkdir("below")
    os.chdir(below)
    result = run()
    assert result.parseoutcomes()["passed"] == 2
    written = read(pytester.path)
    assert written["settings"] == {
        "call": "readonly",
        "strict": True,
        "deadline": 7.5,
        "start_deadline": 60.0,
        "budget": 600.0,
        "select": ["ping.is-answered", "tools.call.is-answered"],
        "revisions": ["2025-06-18"],
    }
    assert written["target"]["env"] == ["GREETING", "OTHER"]
    assert written["target"]["cwd"] == str(pytester.path)


def test_the_command_line_comes_before_the_ini_file(run: Run, pytester: pytest.Pytester) -> None:
    (pytester.path / "pytest.ini").write_text(INI_FORMS["pytest.ini"].format(command=command("mute")))
    (pytester.path / "hints.yaml").write_text("tools: {}\n")
    arguments = [
        "--mcp-select=target",
        "--mcp-call=none",
        "--mcp-json=other.json",
        "--mcp-env=OTHER=2",
        "--mcp-deadline=4",
    ]
    result = run(small(), *arguments)
    assert result.ret == 0
    written = read(pytester.path, "other.json")
    assert (written["settings"]["call"], written["settings"]["deadline"]) == ("none", 4)
    assert not (pytester.path / "run.json").exists()


@pytest.mark.parametrize(
    "line", ["mcp_conformance_deadline = soon", "mcp_conformance_strict = perhaps", "mcp_conformance_call = some"]
)
def test_a_bad_ini_value_is_a_usage_error(run: Run, pytester: pytest.Pytester, line: str) -> None:
    pytester.makeini(f"[pytest]\nmcp_conformance_server = {command()}\n{line}")
    result = run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.no_fnmatch_line("*Traceback*")
    assert line.rpartition(" ")[2] in result.stderr.str()


def test_a_server_named_in_the_ini_file_starts_in_the_files_folder(run: Run, pytester: pytest.Pytester) -> None:
    (pytester.path / "server.py").write_text(SMALL.read_text())
    pytester.makeini(f"[pytest]\nmcp_conformance_server = {sys.executable} -I -S server.py")
    os.chdir(pytester.mkdir("below"))
    result = run("mcp/target")
    assert result.ret == 0
    os.chdir(pytester.path)
    assert run("-o", f"mcp_conformance_server={command()}", "mcp/target").ret == 0


def test_cwd_and_environment_reach_the_server(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pytester.mkdir("there") / "server.py").write_text(SMALL.read_text())
    monkeypatch.setenv("HIDDEN", "kept-from-you")
    server = f"--mcp-server={sys.executable} -I -S server.py tells"
    arguments = ["--mcp-cwd=there", "--mcp-env=CANARY=${HIDDEN}", "--mcp-select=target"]
    result = run(server, *arguments)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*small [[]redacted CANARY[]] 1, 2025*"])
    assert "kept-from-you" not in result.stdout.str()


@pytest.mark.parametrize(
    ("arguments", "pattern"),
    [
        (
            ["--mcp-server=no-such-program"],
            "ERROR: mcp-conformance: can't start 'no-such-program': no such program in PATH*",
        ),
        (["--mcp-server=./nothing.py"], "ERROR: mcp-conformance: can't start './nothing.py': no such file*"),
        ([small(), "--mcp-hints=wrong.yaml"], "ERROR: mcp-conformance: *wrong.yaml:1: *"),
        ([small(), "--mcp-hints=binary.yaml"], "ERROR: mcp-conformance: *binary.yaml: not UTF-8*"),
        (
            [small(), "--mcp-json=nowhere/run.json"],
            "ERROR: mcp-conformance: --mcp-json=nowhere/run.json: there is no folder *nowhere",
        ),
        ([small(), "--mcp-select=pin"], 'ERROR: mcp-conformance: --mcp-select=pin: *did you mean "ping"[?]'),
        ([small(), "--mcp-select=nowhere.yaml"], "ERROR: mcp-conformance: *nowhere.yaml: can't be read: No such file*"),
        ([small(), "--mcp-select=empty/"], "ERROR: mcp-conformance: --mcp-select=empty/: there is no suite file *"),
        ([small(), "nowhere.mcp.yaml"], "ERROR: mcp-conformance: *nowhere.mcp.yaml: can't be read: No such file*"),
        (
            ["--mcp-json=run.json"],
            "ERROR: mcp-conformance: --mcp-json needs a server to test: add --mcp-server=COMMAND or --mcp-url=URL",
        ),
        (
            ["--mcp-select=ping"],
            "ERROR: mcp-conformance: --mcp-select needs a server to test: add --mcp-server=COMMAND or --mcp-url=URL",
        ),
    ],
)
@pytest.mark.parametrize("workers", [[], ["-n2"]], ids=["alone", "workers"])
def test_a_mistake_ends_with_one_clear_line_and_status_4(
    run: Run, pytester: pytest.Pytester, arguments: list[str], pattern: str, workers: list[str]
) -> None:
    (pytester.path / "wrong.yaml").write_text("tool: {}\n")
    (pytester.path / "binary.yaml").write_bytes(b"\xff\xfe")
    pytester.mkdir("empty")
    result = run(*arguments, *workers)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([pattern])
    assert len([line for line in result.errlines if line.strip()]) <= 2
    assert "Traceback" not in result.stderr.str() + result.stdout.str()
