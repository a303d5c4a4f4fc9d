"""What of the everything server shows over HTTP alone, and that it starts as a process."""

import json
import subprocess
import sys

import pytest
from http_client import client
from processes import BOUND, environment, over_http

from reference_servers.engine import STATELESS
from reference_servers.engine.http.headers import annotated
from reference_servers.everything import everything

pytestmark = pytest.mark.anyio

COMMAND = [sys.executable, "-m", "reference_servers.everything"]
RECONNECTION = {"name": "test_reconnection"}


async def test_a_call_lets_its_connection_go_and_its_answer_is_there_for_who_comes_back():
    async with client(everything()) as http:
        await http.initialize()
        response = await http.request("tools/call", RECONNECTION, request_id=7)
        first, *rest = await response.events()
        assert first.data == ""
        assert [event.retry for event in rest] == [100]

        resumed = await (await http.get({"Last-Event-ID": first.id})).events()
        assert resumed[-1].message["id"] == 7
        assert "result" in resumed[-1].message


async def test_a_connection_that_is_let_go_may_be_come_back_to_more_than_once():
    async with client(everything()) as http:
        await http.initialize()
        first = (await (await http.request("tools/call", RECONNECTION)).events())[0]
        for _ in range(2):
            assert "result" in (await (await http.get({"Last-Event-ID": first.id})).events())[-1].message


@pytest.mark.parametrize("revision", ["2025-03-26", "2025-06-18"])
async def test_where_clients_know_of_no_polling_the_connection_stays(revision):
    async with client(everything()) as http:
        await http.initialize(revision)
        response = await http.request("tools/call", RECONNECTION)
        assert "result" in (await response.events())[-1].message


async def test_a_json_answer_waits_for_its_call():
    async with client(everything(), answers="json") as http:
        await http.initialize()
        assert "result" in await (await http.request("tools/call", RECONNECTION)).json()


async def test_without_a_session_the_connection_stays_since_closing_would_cancel():
    async with client(everything(), revisions=STATELESS) as http:
        assert "result" in await (await http.ask("tools/call", RECONNECTION)).answer()


async def test_prompts_are_named_in_a_header():
    async with client(everything(), revisions=STATELESS) as http:
        params = {"name": "test_simple_prompt"}
        assert (await http.ask("prompts/get", params)).status == 200
        refused = await http.ask("prompts/get", params, {"Mcp-Name": "test_prompt_with_image"})
        assert refused.status == 400
        assert (await refused.json())["error"]["code"] == -32020


async def test_arguments_of_each_type_are_repeated_in_headers():
    tool = next(tool for tool in everything().tools if tool.name == "test_header_arguments")
    assert [suffix for suffix, _ in annotated(tool.input_schema)] == ["Region", "Count", "Urgent"]
    params = {"name": tool.name, "arguments": {"region": "north", "count": 3, "urgent": True}}
    repeated = {"Mcp-Param-Region": "north", "Mcp-Param-Count": "3", "Mcp-Param-Urgent": "true"}
    async with client(everything(), revisions=STATELESS) as http:
        assert (await http.ask("tools/call", params, repeated)).status == 200
        assert (await http.ask("tools/call", params, repeated | {"Mcp-Param-Count": "4"})).status == 400


@pytest.mark.parametrize(("asked", "spoken"), [("2024-11-05", "2025-11-25"), ("2025-03-26", "2025-03-26")])
async def test_without_sessions_it_speaks_only_what_a_later_request_tells(asked, spoken):
    async with client(everything(), sessions=False) as http:
        assert (await http.initialize(asked))["result"]["protocolVersion"] == spoken


def test_it_is_a_program_on_standard_input_and_output():
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    done = subprocess.run(
        COMMAND, input=json.dumps(ping).encode(), capture_output=True, timeout=BOUND, env=environment(), check=True
    )
    assert json.loads(done.stdout) == {"jsonrpc": "2.0", "id": 1, "result": {}}


def test_it_is_a_program_that_serves_http():
    with over_http(*COMMAND, "--transport=http") as (_, url):
        assert url.endswith("/mcp")
