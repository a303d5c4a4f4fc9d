"""HTTP servers as processes: options, signals, ports."""

import signal
import subprocess

import pytest
from http_client import Client
from processes import BOUND, GITHUB, environment, over_http

pytestmark = pytest.mark.anyio


def run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*GITHUB, *options], capture_output=True, text=True, timeout=BOUND, env=environment(), check=False
    )


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
@pytest.mark.parametrize("transport", ["http", "sse"])
async def test_a_signal_ends_the_server_with_its_streams(transport, number, status):
    with over_http(*GITHUB, f"--transport={transport}") as (process, url):
        client = Client(url)
        if transport == "http":
            await client.initialize()
        listening = await client.get()
        assert listening.status == 200
        process.send_signal(number)
        events = await listening.events()
        assert [event.type for event in events] == (["endpoint"] if transport == "sse" else [])
        assert process.wait(BOUND) == status
        assert process.stdout.read() == process.stderr.read() == b""
        await client.aclose()


@pytest.mark.parametrize(
    ("options", "version"),
    [
        ([], "2025-11-25"),
        (["--era=stateful"], "2025-11-25"),
        (["--revision=2024-11-05", "--revision=2025-03-26"], "2025-03-26"),
        (["--era=dual", "--revision=2026-07-28", "--revision=2025-06-18"], "2025-06-18"),
        (["--answers=json", "--sessions=off"], "2025-11-25"),
    ],
)
async def test_options_say_what_is_spoken_and_how(options, version):
    with over_http(*GITHUB, "--transport=http", "--port=0", *options) as (_, url):
        client = Client(url)
        answer = await client.initialize("1900-01-01")
        assert answer["result"]["protocolVersion"] == version
        assert (client.session is None) == ("--sessions=off" in options)
        response = await client.request("ping")
        kind = "application/json" if "--answers=json" in options else "text/event-stream"
        assert response.headers["content-type"] == kind
        await client.aclose()


async def test_the_stateless_era_is_an_option_and_so_are_changes():
    with over_http(*GITHUB, "--transport=http", "--era=stateless", "--changes=on", "--answers=json") as (_, url):
        client = Client(url)
        result = (await (await client.ask("server/discover")).json())["result"]
        assert result["supportedVersions"] == ["2026-07-28"]
        assert result["capabilities"]["resources"] == {"subscribe": True, "listChanged": True}
        await client.aclose()


async def test_a_port_that_is_taken_is_named():
    with over_http(*GITHUB, "--transport=http") as (_, url):
        port = url.rpartition(":")[2].partition("/")[0]
        done = run("--transport=http", f"--port={port}")
        assert done.returncode == 1
        assert f"cannot listen on port {port}" in done.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--revision=1900-01-01"], "1900-01-01 is none of 2024-11-05"),
        (["--era=stateless", "--revision=2025-11-25"], "2025-11-25 is none of 2026-07-28"),
        (["--transport=sse", "--era=stateless"], "sse belongs to the revisions with a handshake"),
        (["--answers=xml"], "--answers"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, words):
    done = run("--transport=http", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr


@pytest.mark.parametrize(("era", "versions"), [("stateless", 1), ("dual", 5)])
def test_on_standard_input_the_era_is_an_option_too(era, versions):
    meta = (
        '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",'
        '"io.modelcontextprotocol/clientCapabilities":{}}'
    )
    request = f'{{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{{{meta}}}}}\n'
    done = subprocess.run(
        [*GITHUB, f"--era={era}"],
        input=request,
        capture_output=True,
        text=True,
        timeout=BOUND,
        env=environment(),
        check=False,
    )
    assert done.returncode == 0
    assert done.stdout.count("\n") == 1
    assert done.stdout.count("-") >= versions
    assert '"resultType":"complete"' in done.stdout
