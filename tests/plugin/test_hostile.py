"""What a server says never acts on a terminal or a build server, and a secret that it knows never comes out."""

import re
from pathlib import Path

import pytest

from mcp_conformance.harness import inert

from .runs import Run, full, read, small

CANARY = "c4nary/with+odd=chars & spaces"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, with ünïcode → and ::colons:: inside", "plain, with ünïcode → and ::colons:: inside"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("one\ntwo\rthree\u2028four\u202efive", "one\\ntwo\\rthree\\u2028four\\u202efive"),
        ("::error::pwned", "\\x3a:error::pwned"),
        ("   ::set-output name=x::y", "   \\x3a:set-output name=x::y"),
        ("text ##[error]pwned ##vso[task] ##teamcity[x] # [1] ## head", None),
        ("\ud800", "\\ud800"),
    ],
)
def test_text_is_made_inert(text: str, shown: str | None) -> None:
    made = inert(text)
    if shown is not None:
        assert made == shown
    assert not re.search(r"^\s*::|##\w*\[", made)
    assert inert(made) == made
    assert "# [1] ## head" in made or "##" not in text


@pytest.mark.parametrize(
    ("faults", "workers"),
    [
        ("hostile", []),
        ("hostile dies", []),
        ("hostile ping-fails", ["-n2"]),
        pytest.param("hostile", ["-n2"], marks=full),
        pytest.param("hostile dies", ["-n2"], marks=full),
    ],
)
def test_hostile_names_reach_no_output_raw(run_outside: Run, faults: str, workers: list[str]) -> None:
    result = run_outside(
        small(*faults.split()), "--mcp-select=tools,ping.is-answered", "-v", "-ra", "--color=no", *workers
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    output = result.stdout.str() + "\n" + result.stderr.str()
    assert "pwned" in output
    assert "\x1b" not in output
    assert "\r" not in output
    assert not re.search(r"^\s*::", output, re.M)
    assert not re.search(r"##\w*\[", output)
    assert not [line for line in output.splitlines() if line.startswith("pwned")]


@pytest.mark.parametrize(
    ("faults", "workers"),
    [
        ("tells", []),
        ("tells dies", []),
        ("tells ping-fails", ["-n2"]),
        pytest.param("tells", ["-n2"], marks=full),
        pytest.param("tells dies", ["-n2"], marks=full),
    ],
)
def test_a_secret_that_the_server_tells_comes_out_nowhere(
    run_outside: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, faults: str, workers: list[str]
) -> None:
    monkeypatch.setenv("FROM_OUTSIDE", CANARY)
    arguments = [
        "--mcp-env=CANARY=${FROM_OUTSIDE}",
        "--mcp-select=tools,ping",
        "--mcp-json=run.json",
        "--junitxml=junit.xml",
        "-vra",
    ]
    result = run_outside(small(*faults.split()), *arguments, *workers)
    text = result.stdout.str() + result.stderr.str()
    assert read(pytester.path)["target"]["env"] == ["CANARY"]
    for path in (path for path in pytester.path.rglob("*") if path.is_file() and path.suffix != ".pyc"):
        text += path.read_text(errors="replace")
    assert "[redacted CANARY]" in text
    assert not re.search("c4nary", text)
    assert not re.search("YzRuYXJ5", text)  # in base64
    if "ping-fails" in faults or "dies" in faults:
        assert "--mcp-env='CANARY=${FROM_OUTSIDE}'" in text


def test_a_secret_on_the_command_line_is_not_repeated(run: Run, pytester: pytest.Pytester) -> None:
    result = run(small("tells", "ping-fails"), f"--mcp-env=CANARY={CANARY}", "--mcp-select=ping")
    assert "c4nary" not in result.stdout.str() + result.stderr.str()
    result.stdout.fnmatch_lines(["   again * --mcp-env='CANARY=${CANARY}' *"])


def test_files_are_where_they_were_asked_for_and_nowhere_else(run: Run, pytester: pytest.Pytester) -> None:
    run(small(), "--mcp-select=ping", "--mcp-json=run.json", "-p", "no:cacheprovider")
    assert list(pytester.path.iterdir()) == [Path(pytester.path, "run.json")]
