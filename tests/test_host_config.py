"""Files in which hosts keep their servers: read as hosts read them, mistakes told with file and place."""

import json
from pathlib import Path
from typing import Any

import pytest

from mcp_conformance.host_config import Entry, read_entry, split_name
from mcp_conformance.option_values import OptionError

ENVIRONMENT = {"TOKEN": "s3cr3t", "WHERE": "example.com"}


def entry(tmp_path: Path, data: Any, name: str = "") -> Entry:
    path = tmp_path / "mcp.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return read_entry(path, name, ENVIRONMENT)


def one(tmp_path: Path, **members: Any) -> Entry:
    return entry(tmp_path, {"mcpServers": {"it": members}})


def test_a_command_is_read_with_all_that_belongs_to_it(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    found = one(
        tmp_path,
        command="npx",
        args=["-y", "srv", "${env:WHERE}", 3000],
        env={"T": "${TOKEN}", "L": "${NOWHERE:-debug}", "PORT": 3000},
        cwd="there",
        disabled=False,
        alwaysAllow=["x"],
    )
    assert found.command == ("npx", "-y", "srv", "example.com", "3000")
    assert found.env == {"T": "s3cr3t", "L": "debug", "PORT": "3000"}
    assert (found.cwd, found.folder) == (tmp_path / "there", tmp_path)
    assert (found.url, found.transport) == ("", "")


@pytest.mark.parametrize(
    ("member", "said", "transport"),
    [("type", "http", "http"), ("type", "streamable-http", "http"), ("transport", "sse", "sse"), ("x", "y", "")],
)
def test_a_url_is_read_with_its_headers_and_transport(tmp_path: Path, member: str, said: str, transport: str) -> None:
    found = one(tmp_path, url="https://${WHERE}/mcp?key=${TOKEN}", headers={"A": "Bearer ${TOKEN}"}, **{member: said})
    assert found.url == "https://example.com/mcp?key=s3cr3t"
    assert found.headers == (("A", "Bearer s3cr3t"),)
    assert found.transport == transport
    assert found.used == ENVIRONMENT
    assert found.command == ()


def test_servers_of_both_names_are_found_and_the_only_one_needs_no_name(tmp_path: Path) -> None:
    data = {"servers": {"b": {"command": "b"}}, "mcpServers": {"a": {"command": "a"}}, "inputs": []}
    assert entry(tmp_path, data, "a").command == ("a",)
    assert entry(tmp_path, data, "b").command == ("b",)
    assert entry(tmp_path, {"servers": {"b": {"command": "b"}}}).place.endswith("mcp.json: servers.b")


def test_comments_and_trailing_commas_are_no_mistake_and_strings_stay_as_they_are(tmp_path: Path) -> None:
    text = """\ufeff// mine
    {"servers": {"it": {
        "command": "a//b", /* a
        comment */ "args": ["/*x*/", ",]", "\\"//",],
    }, }}"""
    assert entry(tmp_path, text).command == ("a//b", "/*x*/", ",]", '"//')


def test_the_folder_of_an_editor_lies_in_the_one_that_is_meant(tmp_path: Path) -> None:
    (tmp_path / ".vscode").mkdir()
    data = {"servers": {"it": {"command": "${workspaceFolder}/srv", "args": ["${userHome}"]}}}
    found = entry(tmp_path / ".vscode", data)
    assert found.folder == tmp_path
    assert found.command == (f"{tmp_path}/srv", str(Path.home()))


def test_a_name_stands_behind_the_last_hash(tmp_path: Path) -> None:
    assert split_name("mcp.json#it", tmp_path) == (tmp_path / "mcp.json", "it")
    assert split_name("mcp.json", tmp_path) == (tmp_path / "mcp.json", "")
    (tmp_path / "c#.json").touch()
    assert split_name("c#.json", tmp_path) == (tmp_path / "c#.json", "")
    assert split_name("c#.json#it", tmp_path) == (tmp_path / "c#.json", "it")


SERVERS = {"mcpServers": {"github": {"command": "a"}, "jira": {"command": "b"}}}


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        ('{"mcpServers": {\n  "a": oops}}', "", "mcp.json:2:8: not JSON: expecting value"),
        ("[]", "", 'mcp.json: expected an object with "mcpServers" or "servers"'),
        ("{}", "", 'mcp.json: expected an object with "mcpServers" or "servers"'),
        ("[" * 100_000, "", "mcp.json: nested too deeply"),
        ({"mcpServers": []}, "", "mcp.json: mcpServers: expected an object with one member a server, not an array"),
        ({"mcpServers": {}}, "", "mcp.json: it names no server"),
        (SERVERS, "", "mcp.json names 2 servers; say which: "),
        (SERVERS, "githb", 'mcp.json names no server "githb"; did you mean "github"?'),
        (SERVERS, "xyz", 'mcp.json names no server "xyz"; there are: '),
        ({"servers": {"a": 1}}, "", "mcp.json: servers.a: expected an object, not a number"),
    ],
)
def test_a_wrong_file_or_name_is_told(tmp_path: Path, data: Any, name: str, reason: str) -> None:
    with pytest.raises(OptionError) as error:
        entry(tmp_path, data, name)
    assert reason in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({}, ": it has neither a command nor a url"),
        ({"command": "a", "url": "http://b"}, ": it has both a command and a url"),
        ({"command": ["a"]}, ".command: expected a string, not an array"),
        ({"command": "a", "args": "b"}, ".args: expected an array of strings, not a string"),
        ({"command": "a", "args": ["b", None]}, ".args[1]: expected a string, not null"),
        ({"command": "a", "env": ["b"]}, ".env: expected an object of strings, not an array"),
        ({"command": "a", "env": {"B": True}}, ".env.B: expected a string, not a boolean"),
        ({"command": "a", "env": {"B": "${NOWHERE}"}}, ".env.B: the environment has no variable NOWHERE"),
        ({"command": "a", "args": ["${input:token}"]}, ".args[0]: the host would ask for ${input:token}"),
        ({"command": "a", "cwd": "nowhere"}, ".cwd: there is no folder "),
        ({"command": "a", "type": "sse"}, ".type: it says sse, but a command is spoken to over stdio"),
        ({"url": "http://a", "type": "stdio"}, ".type: it says stdio, but a url is reached over http or sse"),
        ({"url": "http://a", "transport": "ws"}, '.transport: "ws" is no transport known here'),
        ({"url": "http://a", "transport": ["ws"]}, '.transport: ["ws"] is no transport known here'),
        ({"url": "http://a", "headers": {"A": {}}}, ".headers.A: expected a string, not an object"),
    ],
)
def test_a_wrong_entry_is_told_with_its_place(tmp_path: Path, members: dict[str, Any], reason: str) -> None:
    with pytest.raises(OptionError) as error:
        one(tmp_path, **members)
    assert f"mcp.json: mcpServers.it{reason}" in str(error.value)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "mcp.json").write_bytes(b"\xff\xfe{")
    with pytest.raises(OptionError, match=r"mcp\.json: not UTF-8"):
        read_entry(tmp_path / "mcp.json", "", {})
    with pytest.raises(OptionError, match=r"can't be read: Is a directory"):
        read_entry(tmp_path, "", {})
