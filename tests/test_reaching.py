"""Ways to a server: what the options that name one mean together, what contradicts, what is hidden."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from mcp_conformance.option_values import OptionError, Raw
from mcp_conformance.reaching import Reach, command_line, read
from mcp_conformance.report.redaction import Redactor

SECRET = "hunter2-and-more"
URL = "http://127.0.0.1:3001/mcp"


def reach(environment: dict[str, str] | None = None, **values: Any) -> Reach:
    return read(Raw(values), {"TOKEN": SECRET, "HOST": "localhost", **(environment or {})})


def hidden(found: Reach, text: str) -> bool:
    return SECRET not in Redactor(found.secrets).text(text)


@pytest.mark.parametrize(
    ("values", "transport"),
    [
        ({"server": "srv"}, "stdio"),
        ({"server": "srv", "transport": "auto"}, "stdio"),
        ({"server": "srv", "transport": "stdio"}, "stdio"),
        ({"url": URL}, "auto"),
        ({"url": URL, "transport": "http"}, "http"),
        ({"url": URL, "transport": "sse"}, "sse"),
        ({"server": "srv", "url": URL, "transport": "sse"}, "sse"),
    ],
)
def test_a_command_is_stdio_and_a_url_is_found_out_unless_it_is_said(values: dict[str, Any], transport: str) -> None:
    assert reach(**values).transport == transport


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "name a server: --mcp-server=COMMAND, --mcp-url=URL or --mcp-config=FILE"),
        ({"config": "x", "server": "srv"}, "leave out --mcp-server, or --mcp-config"),
        ({"config": "x", "url": URL}, "leave out --mcp-url, or --mcp-config"),
        ({"config": "/no/such.json#a"}, "--mcp-config=/no/such.json#a: there is no file /no/such.json"),
        ({"url": "127.0.0.1/mcp"}, "--mcp-url: no URL to connect to: expected http://HOST"),
        ({"url": "ws://h/mcp"}, "--mcp-url: no URL to connect to: its scheme is ws, not http or https"),
        ({"url": "http://h:99999/"}, "its port is not between 1 and 65535"),
        ({"url": "http://${NOWHERE}/"}, "--mcp-url: the environment has no variable NOWHERE"),
        ({"url": "http://h:{port}/"}, "--mcp-url has {port}, but there is no --mcp-server to start"),
        ({"server": "srv", "url": "http://h:{port}/"}, "how would the server know the port?"),
        ({"server": "srv {port}"}, "--mcp-server has {port}: add --mcp-url=http://127.0.0.1:{port}/mcp"),
        ({"server": "srv", "env": ["P={port}"]}, "--mcp-env has {port}: add --mcp-url"),
        ({"server": "srv {port}", "url": URL}, "--mcp-server has {port}: add --mcp-url=http://127.0.0.1:{port}/mcp"),
        ({"url": URL, "transport": "ws"}, "--mcp-transport=ws: it is one of auto, stdio, http, sse"),
        ({"url": URL, "transport": "stdio"}, "--mcp-transport=stdio: a URL is reached over http or sse"),
        ({"server": "srv", "transport": "http"}, "--mcp-transport=http needs --mcp-url"),
        ({"server": "srv", "header": ["A: b"]}, "--mcp-header goes with HTTP requests: it needs --mcp-url"),
        ({"url": URL, "header": ["Name"]}, "--mcp-header=Name: write --mcp-header='NAME: VALUE'"),
        ({"url": URL, "header": ["a b: c"]}, "--mcp-header: write --mcp-header='NAME: VALUE'"),
        ({"url": URL, "header": ["A: x\ny"]}, "--mcp-header=A: its value has a character that no header can carry"),
        ({"url": URL, "header": ["A: ${NOWHERE}"]}, "--mcp-header=A: the environment has no variable NOWHERE"),
        ({"url": URL, "header": ["mcp-session-id: 7"]}, "the tester sets this header itself"),
        ({"url": URL, "header": ["Accept: */*"]}, "--mcp-header=Accept: the tester sets this header itself"),
        ({"url": URL, "ca": "/dev"}, "--mcp-ca=/dev: there is no file /dev"),
        ({"url": URL, "ca": __file__}, "--mcp-ca is for servers that are reached at an https URL"),
        ({"server": "srv", "ca": __file__}, "--mcp-ca is for servers that are reached at an https URL"),
        ({"url": URL, "env": ["A=b"]}, "--mcp-env is for a server that is started here: it needs --mcp-server"),
        ({"url": URL, "env_clear": True}, "--mcp-env-clear is for a server that is started here"),
        ({"url": URL, "cwd": "/"}, "--mcp-cwd is for a server that is started here"),
    ],
)
def test_what_contradicts_or_cannot_be_used_is_told_in_one_line(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(OptionError) as error:
        reach(**values)
    assert reason in str(error.value)
    assert "\n" not in str(error.value)


def test_errors_show_no_secret() -> None:
    for values in ({"url": "${TOKEN}"}, {"url": "http:/${TOKEN}"}, {"url": URL, "header": ["A: ${TOKEN}\x01"]}):
        with pytest.raises(OptionError) as error:
            reach(**values)
        assert SECRET not in str(error.value)


def test_headers_are_expanded_hidden_and_never_repeated() -> None:
    found = reach(url=URL, header=["Authorization: Bearer ${TOKEN}", "x-api-key:  plain-key ", "X-Api-Key: last-key"])
    assert dict(found.headers) == {"Authorization": f"Bearer {SECRET}", "X-Api-Key": "last-key"}
    assert found.words == (
        f"--mcp-url={URL}",
        "--mcp-header=Authorization: Bearer ${TOKEN}",
        "--mcp-header=X-Api-Key: ${X_API_KEY}",
    )
    assert command_line(found.words).endswith(" --mcp-header='X-Api-Key: ${X_API_KEY}'")
    assert hidden(found, f"it got {SECRET}")
    assert "last-key" not in Redactor(found.secrets).text("it got last-key")
    assert hidden(reach(url=URL, header=[f"Authorization: Bearer {SECRET}"]), f"token={SECRET}")


def test_user_information_becomes_a_header_and_is_hidden() -> None:
    found = reach(url="https://me:${TOKEN}@h/mcp")
    assert found.headers == (("Authorization", "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()),)
    assert found.shown_url == found.label == "https://h/mcp"
    assert found.words == ("--mcp-url=https://me:${TOKEN}@h/mcp",)
    assert hidden(found, f"{SECRET} {found.url}")
    assert found.headers[0][1] not in Redactor(found.secrets).text(f"Authorization: {found.headers[0][1]}")
    literal = reach(url=f"https://me:{SECRET}@h/mcp")
    assert literal.words == ("--mcp-url=https://me:${PASSWORD}@h/mcp",)
    assert hidden(literal, literal.url)
    assert reach(url="https://me:x@h/", header=["authorization: Other y"]).headers == (("authorization", "Other y"),)


def test_secrets_in_a_path_or_a_query_are_hidden_but_not_the_host() -> None:
    found = reach(url="http://${HOST}/s/${TOKEN}?toolset=all")
    assert found.url == f"http://localhost/s/{SECRET}?toolset=all"
    assert hidden(found, found.url)
    assert "http://localhost/s/" in Redactor(found.secrets).text(found.url)
    literal = reach(url=f"http://h/mcp?api_key={SECRET}&toolset=all")
    assert literal.words == ("--mcp-url=http://h/mcp?api_key=${API_KEY}&toolset=all",)
    assert hidden(literal, literal.shown_url)


def test_a_command_and_a_url_go_together_and_the_port_may_come_by_a_variable() -> None:
    found = reach(server="srv --port {port}", url="http://127.0.0.1:{port}/mcp", cwd="/")
    assert (found.command, found.url) == (("srv", "--port", "{port}"), "http://127.0.0.1:{port}/mcp")
    assert found.label == "srv --port {port} at http://127.0.0.1:{port}/mcp"
    assert found.words[:2] == ("--mcp-server=srv --port {port}", "--mcp-url=http://127.0.0.1:{port}/mcp")
    by_variable = reach(server="srv", url="http://127.0.0.1:{port}/", env=["PORT={port}"])
    assert by_variable.words[-1] == "--mcp-env=PORT={port}"
    assert by_variable.env == {"PORT": "{port}"}


def config(tmp_path: Path, **servers: Any) -> str:
    (path := tmp_path / "mcp.json").write_text(json.dumps({"mcpServers": servers}))
    return str(path)


def test_an_entry_of_a_hosts_file_is_a_way_like_others(tmp_path: Path) -> None:
    path = config(
        tmp_path,
        local={"command": "srv", "args": ["-v"], "env": {"KEY": SECRET}},
        remote={"type": "sse", "url": f"https://h/{SECRET}?k=${{TOKEN}}", "headers": {"X-Token": "${TOKEN}"}},
    )
    local = reach(config=f"{path}#local", env=["MORE=1"])
    assert (local.command, local.env, local.cwd) == (("srv", "-v"), {"KEY": SECRET, "MORE": "1"}, tmp_path)
    assert local.words == (f"--mcp-config={path}#local", "--mcp-env=MORE=${MORE}")
    assert hidden(local, SECRET)
    remote = reach(config=f"{path}#remote", header=["X-Other: ${TOKEN}"])
    assert (remote.transport, remote.config) == ("sse", f"{path}#remote")
    assert dict(remote.headers) == {"X-Token": SECRET, "X-Other": SECRET}
    assert hidden(remote, remote.url)
    assert remote.words == (f"--mcp-config={path}#remote", "--mcp-header=X-Other: ${TOKEN}")
    settled = reach(config=f"{path}#remote", transport="auto")
    assert (settled.transport, settled.words[-1]) == ("auto", "--mcp-transport=auto")


@pytest.mark.parametrize(
    ("entry", "values", "reason"),
    [
        ({"url": "mcp.example"}, {}, "mcpServers.it.url: no URL to connect to: expected http://HOST"),
        ({"url": "http://h:{port}"}, {}, "mcpServers.it.url: {port} is only for --mcp-server with --mcp-url"),
        ({"command": "srv", "args": ["{port}"]}, {}, "mcpServers.it.command: {port} is only for"),
        ({"url": URL, "headers": {"A b": "c"}}, {}, "mcpServers.it.headers.A b: that is no name of a header"),
        ({"url": URL, "headers": {"Host": "a\nb"}}, {}, "mcpServers.it.headers.Host: its value has a character"),
        ({"url": URL}, {"env": ["A=b"]}, "--mcp-env is for a server that is started here"),
        ({"command": "srv"}, {"header": ["A: b"]}, "--mcp-header goes with HTTP requests"),
        ({"command": "srv"}, {"transport": "sse"}, "--mcp-transport=sse needs --mcp-url"),
    ],
)
def test_a_wrong_entry_is_told_with_its_place(
    tmp_path: Path, entry: dict[str, Any], values: dict[str, Any], reason: str
) -> None:
    with pytest.raises(OptionError) as error:
        reach(config=config(tmp_path, it=entry), **values)
    assert reason in str(error.value)
