"""What stands between the tester and a server at a URL: what is told of it, and that nothing passes because of it."""

import shutil
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from transports.certificates import Authority

from .runs import Run, read, verdicts
from .test_http import running

PING = "--mcp-select=ping"
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="the program openssl makes the certificates")


@contextmanager
def listener(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port on which each connection is served by a function, in a thread of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    threading.Thread(target=run, args=(connection,), daemon=True).start()

        def run(connection: socket.socket) -> None:
            with suppress(OSError), connection:
                serve(connection)

        threading.Thread(target=accept, daemon=True).start()
        yield listening.getsockname()[1]
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)


def page(status: str, body: str) -> Callable[[socket.socket], None]:
    """A web server that is no MCP server."""

    def serve(connection: socket.socket) -> None:
        while connection.recv(65536):
            head = f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall((head + body).encode())

    return serve


def relay(origin: str, *, tls: ssl.SSLContext | None = None, known_as: bytes = b"") -> Callable[[socket.socket], None]:
    """Hands each connection on to a server: behind TLS, or as a proxy that knows it under another name."""
    host, _, port = origin.removeprefix("http://").partition(":")

    def pipe(source: socket.socket, target: socket.socket, change: bytes = b"") -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data.replace(b" http://" + change, b" ") if change else data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def serve(connection: socket.socket) -> None:
        near = tls.wrap_socket(connection, server_side=True) if tls is not None else connection
        with near, socket.create_connection((host, int(port))) as far:
            back = threading.Thread(target=pipe, args=(far, near), daemon=True)
            back.start()
            pipe(near, far, known_as)
            back.join(5)

    return serve


def nothing_passed(run: Run, pytester: pytest.Pytester, url: str, *more: str) -> str:
    """Runs everything there; the text of the run, in which nothing has passed."""
    result = run(f"--mcp-url={url}", "--mcp-json=run.json", "--mcp-start-deadline=2", "--mcp-deadline=2", *more)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert read(pytester.path)["counts"]["pass"] == 0
    return result.stdout.str()


@pytest.mark.parametrize("transport", ["auto", "http", "sse"])
def test_a_closed_port(run: Run, pytester: pytest.Pytester, transport: str) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        text = nothing_passed(run, pytester, f"http://127.0.0.1:{port}/mcp", f"--mcp-transport={transport}")
    assert f"nothing listens on port {port}" in text


@pytest.mark.parametrize("transport", ["http", "sse"])
def test_a_port_that_takes_connections_and_says_nothing(run: Run, pytester: pytest.Pytester, transport: str) -> None:
    def silent(connection: socket.socket) -> None:
        while connection.recv(65536):
            pass

    with listener(silent) as port:
        text = nothing_passed(run, pytester, f"http://127.0.0.1:{port}/mcp", f"--mcp-transport={transport}")
    assert "within 2 s (--mcp-start-deadline)" in text


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("200 OK", "HTTP status 200, and the response ended without an answer"),
        ("404 Not Found", "HTTP status 404: there is nothing for MCP at this path of the URL"),
        ("405 Method Not Allowed", "HTTP status 405: there is nothing for MCP at this path of the URL"),
        ("500 Internal Server Error", "HTTP status 500"),
    ],
)
def test_a_page_that_is_no_mcp(run: Run, pytester: pytest.Pytester, status: str, told: str) -> None:
    with listener(page(status, "<html><h1>Welcome to nginx!</h1></html>")) as port:
        text = nothing_passed(run, pytester, f"http://127.0.0.1:{port}/mcp")
    assert told in text
    assert "Welcome to nginx!" in text


def test_a_page_where_an_event_stream_was_wanted(run: Run, pytester: pytest.Pytester) -> None:
    with listener(page("200 OK", "<html><h1>Welcome</h1></html>")) as port:
        text = nothing_passed(run, pytester, f"http://127.0.0.1:{port}/sse", "--mcp-transport=sse")
    assert "the server answered GET with HTTP status 200, text/html, not with an event stream" in text


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "429 Too Many Requests"])
def test_who_is_not_let_in_has_seen_nothing(run: Run, pytester: pytest.Pytester, status: str) -> None:
    error = '{"jsonrpc": "2.0", "id": 1, "error": {"code": -32001, "message": "no"}}'
    with listener(page(status, error)) as port:
        text = nothing_passed(run, pytester, f"http://127.0.0.1:{port}/mcp")
    assert f"HTTP status {status[:3]}" in text
    assert set(verdicts(read(pytester.path)).values()) == {"inconclusive"}


@needs_openssl
def test_a_certificate_of_ones_own_is_refused_unless_its_ca_is_given(
    run: Run, pytester: pytest.Pytester, tmp_path: Path
) -> None:
    authority = Authority.make(tmp_path)
    with running() as origin, listener(relay(origin, tls=authority.server("IP:127.0.0.1"))) as port:
        url = f"https://127.0.0.1:{port}/mcp"
        text = nothing_passed(run, pytester, url)
        assert "certificate" in text
        assert "--mcp-ca" in text
        trusted = run(f"--mcp-url={url}", PING, f"--mcp-ca={authority.certificate}")
    assert trusted.ret == 0
    trusted.stdout.fnmatch_lines(["*12 passed*"])


def test_a_proxy_that_the_environment_names_is_used(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running() as origin, listener(relay(origin, known_as=b"mcp.test")) as port:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
        result = run("--mcp-url=http://mcp.test/mcp", "--mcp-json=run.json", "--mcp-revision=2025-11-25")
    assert result.ret == 0
    reasons = {case["id"]: case["reason"] for case in read(pytester.path)["cases"]}
    assert "on another machine" in reasons["security.origin.foreign-is-refused"]


def test_a_proxy_that_is_not_there_is_told(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{probe.getsockname()[1]}")
        text = nothing_passed(run, pytester, "http://mcp.test/mcp")
    assert "proxy" in text
