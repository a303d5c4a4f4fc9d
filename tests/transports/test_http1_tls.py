"""The HTTP client over TLS, and through proxies."""

import base64
import contextlib
import shutil
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from mcp_conformance.transports.http1 import Client, HttpError, Request, Url, usual_headers

from .certificates import Authority
from .http_requests import BOUND, get
from .http_requests import fails as request_fails
from .http_servers import Peer, Server, answer, patient, saying, serve

pytestmark = pytest.mark.anyio

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="the program openssl makes the certificates")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def tls(authority: Authority) -> ssl.SSLContext:
    return authority.server("DNS:localhost,DNS:mcp.test,IP:127.0.0.1")


async def ask(client: Client, url: Url) -> bytes:
    with anyio.fail_after(BOUND):
        return await (await client.send(get(url))).read(1_000_000)


async def fails(client: Client, url: Url) -> HttpError:
    return await request_fails(client, get(url))


# ---------------------------------------------------------------------------------------------------------------- TLS


@needs_openssl
async def test_a_server_is_trusted_by_the_ca_that_is_given_and_its_connection_kept(
    authority: Authority, tls: ssl.SSLContext
) -> None:
    async with serve(patient, tls=tls) as server, Client(ca=authority.certificate) as client:
        assert [await ask(client, server.url(host=host)) for host in ("127.0.0.1", "localhost", "localhost")] == [
            b"connection 1",
            b"connection 2",
            b"connection 2",
        ]


@needs_openssl
async def test_the_server_is_asked_for_by_name(authority: Authority, tls: ssl.SSLContext) -> None:
    names: list[str | None] = []
    tls.sni_callback = lambda _, name, __: names.append(name)
    async with serve(patient, tls=tls) as server, Client(ca=authority.certificate) as client:
        await ask(client, server.url(host="localhost"))
    tls.sni_callback = None
    assert names == ["localhost"]


@needs_openssl
async def test_a_certificate_of_an_unknown_ca_is_refused_with_advice(tls: ssl.SSLContext) -> None:
    async with serve(patient, tls=tls) as server, Client() as client:
        error = await fails(client, server.url())
    assert error.kind == "tls"
    assert server.url().origin in str(error)
    assert "give its CA certificate" in str(error)


@needs_openssl
@pytest.mark.parametrize(
    ("names", "days", "words"),
    [("DNS:other.test", 2, "use the name that the certificate is for"), ("IP:127.0.0.1", -1, "needs a new one")],
    ids=["other name", "expired"],
)
async def test_a_certificate_that_no_ca_would_mend_is_refused_with_other_advice(
    authority: Authority, names: str, days: int, words: str
) -> None:
    context = authority.server(names, days)
    async with serve(patient, tls=context) as server, Client(ca=authority.certificate) as client:
        error = await fails(client, server.url())
    assert error.kind == "tls"
    assert words in str(error)
    assert "CA certificate" not in str(error)


async def test_a_ca_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no certificate")
    async with serve(patient) as server:
        url = Url.parse(f"https://127.0.0.1:{server.port}/")
        for path, words in (wrong, "holds no CA certificate"), (tmp_path / "absent.pem", "can't be read"):
            async with Client(ca=path) as client:
                error = await fails(client, url)
            assert error.kind == "tls"
            assert words in str(error)
            assert path.name in str(error)


async def test_https_to_a_server_that_speaks_plain_http_is_told() -> None:
    async def plain(peer: Peer) -> None:
        await peer.stream.receive()
        await peer.send(answer(b"", status="400 Bad Request"))

    async with serve(plain) as server, Client() as client:
        error = await fails(client, Url.parse(f"https://127.0.0.1:{server.port}/"))
    assert error.kind == "tls"
    assert "does it speak plain HTTP? Then its URL begins with http:" in str(error)


async def test_a_server_that_hangs_up_on_tls_is_told() -> None:
    async def rude(peer: Peer) -> None:
        await peer.stream.receive()

    async with serve(rude) as server, Client() as client:
        error = await fails(client, Url.parse(f"https://127.0.0.1:{server.port}/"))
    assert error.kind == "tls"
    assert "closed the connection during the TLS handshake" in str(error)


async def test_a_tls_handshake_that_never_ends_meets_the_deadline_and_is_closed() -> None:
    async def silent(peer: Peer) -> None:
        await peer.wait_closed()

    async with serve(silent) as server, Client(connect_deadline=0.1) as client:
        error = await fails(client, Url.parse(f"https://127.0.0.1:{server.port}/"))
        assert error.kind == "timeout"
        assert f"waited for the TLS handshake with 127.0.0.1:{server.port}" in str(error)
        with anyio.fail_after(BOUND):
            await server.wait_closed()


@needs_openssl
async def test_http_to_a_server_that_speaks_tls_is_told(tls: ssl.SSLContext) -> None:
    async with serve(patient, tls=tls) as server, Client() as client:
        error = await fails(client, Url.parse(f"http://127.0.0.1:{server.port}/"))
    assert error.kind in ("malformed", "closed")  # an alert, from most
    assert error.kind == "closed" or "the URL should probably begin with https:" in str(error)


@needs_openssl
async def test_a_body_that_breaks_off_under_tls_is_incomplete(authority: Authority, tls: ssl.SSLContext) -> None:
    said = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"
    async with serve(saying(said), tls=tls) as server, Client(ca=authority.certificate) as client:
        error = await fails(client, server.url())
    assert error.kind == "incomplete"


@needs_openssl
async def test_a_server_that_wants_a_certificate_of_the_client_says_so(authority: Authority) -> None:
    context = authority.server("IP:127.0.0.1")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.certificate)

    def refuse(listener: socket.socket) -> None:  # by a blocking socket: the others don't send the alert
        raw = listener.accept()[0]
        with raw.dup() as kept:  # open until the client has read the alert: closing with its request unread resets
            kept.settimeout(BOUND)
            with pytest.raises(ssl.SSLError):
                context.wrap_socket(raw, server_side=True)
            with contextlib.suppress(ConnectionError):
                while kept.recv(65536):
                    pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(BOUND)
        async with anyio.create_task_group() as group, Client(ca=authority.certificate) as client:
            group.start_soon(anyio.to_thread.run_sync, refuse, listener)
            error = await fails(client, Url.parse(f"https://127.0.0.1:{listener.getsockname()[1]}/"))
    assert error.kind == "closed"
    assert "broke the TLS connection (tlsv13 alert certificate required) without an answer" in str(error)


@needs_openssl
async def test_a_big_body_goes_through_tls(authority: Authority, tls: ssl.SSLContext) -> None:
    big = bytes(range(256)) * 8000

    async def echo(peer: Peer) -> None:
        await peer.send(answer((await peer.read_request()).partition(b"\r\n\r\n")[2]))

    async with serve(echo, tls=tls) as server, Client(ca=authority.certificate) as client:
        url = server.url()
        with anyio.fail_after(BOUND):
            response = await client.send(Request("POST", url, usual_headers(url, big), big))
            assert await response.read(len(big)) == big


# ------------------------------------------------------------------------------------------------------------ proxies


@dataclass
class Proxy:
    """A small proxy that takes every host for one server."""

    server: Server
    heads: list[bytes] = field(default_factory=list)
    refusal: bytes = b""

    async def handle(self, peer: Peer) -> None:
        head = await peer.read_until(b"\r\n\r\n")
        self.heads.append(head)
        if self.refusal:
            await peer.send(self.refusal)
            return
        async with await anyio.connect_tcp(self.server.host, self.server.port) as onward:
            if head.startswith(b"CONNECT "):
                await peer.send(b"HTTP/1.1 200 Here you are\r\n\r\n")
            else:
                await onward.send(head)
            async with anyio.create_task_group() as group:

                async def back() -> None:
                    async for data in onward:
                        await peer.send(data)
                    group.cancel_scope.cancel()

                group.start_soon(back)
                async for data in peer.stream:
                    await onward.send(data)
                group.cancel_scope.cancel()


@asynccontextmanager
async def proxied(
    server: Server, refusal: bytes = b"", tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[Proxy, dict[str, str]]]:
    """A proxy before `server`, and the environment that names it."""
    proxy = Proxy(server, refusal=refusal)
    async with serve(proxy.handle, tls=tls) as front:
        named = f"{front.scheme}://me:p%40ss@127.0.0.1:{front.port}"
        yield proxy, {"HTTP_PROXY": named, "HTTPS_PROXY": named}


CREDENTIALS = b"Proxy-Authorization: Basic " + base64.b64encode(b"me:p@ss")


async def test_a_proxy_is_asked_for_the_whole_url_of_plain_http() -> None:
    seen: list[bytes] = []

    async def handler(peer: Peer) -> None:
        while True:
            seen.append(await peer.read_request())
            await peer.send(answer(b"connection %d" % peer.number))

    async with (
        serve(handler) as server,
        proxied(server) as (proxy, environment),
        Client(environment=environment) as client,
    ):
        assert await ask(client, Url.parse("http://mcp.test/a?b")) == b"connection 1"
        assert await ask(client, Url.parse("http://mcp.test/c")) == b"connection 1"
    assert seen[0] == b"GET http://mcp.test/a?b HTTP/1.1\r\nHost: mcp.test\r\n" + CREDENTIALS + b"\r\n\r\n"
    assert len(proxy.heads) == 1


@needs_openssl
async def test_a_proxy_is_asked_for_a_tunnel_to_https(authority: Authority, tls: ssl.SSLContext) -> None:
    seen: list[bytes] = []

    async def handler(peer: Peer) -> None:
        seen.append(await peer.read_request())
        await peer.send(answer(b"secretly"))

    async with (
        serve(handler, tls=tls) as server,
        proxied(server) as (proxy, environment),
        Client(ca=authority.certificate, environment=environment) as client,
    ):
        assert await ask(client, Url.parse("https://mcp.test/a?b")) == b"secretly"
    assert proxy.heads == [b"CONNECT mcp.test:443 HTTP/1.1\r\nHost: mcp.test:443\r\n" + CREDENTIALS + b"\r\n\r\n"]
    assert seen == [b"GET /a?b HTTP/1.1\r\nHost: mcp.test\r\n\r\n"]


@needs_openssl
async def test_a_proxy_may_itself_be_reached_by_tls(authority: Authority, tls: ssl.SSLContext) -> None:
    async with (
        serve(patient, tls=tls) as server,
        proxied(server, tls=tls) as (proxy, environment),
        Client(ca=authority.certificate, environment=environment) as client,
    ):
        assert [await ask(client, Url.parse("https://mcp.test/")) for _ in range(2)] == [b"connection 1"] * 2
    async with (
        serve(patient) as server,
        proxied(server, tls=tls) as (proxy, environment),
        Client(ca=authority.certificate, environment=environment) as client,
    ):
        assert await ask(client, Url.parse("http://mcp.test/")) == b"connection 1"
    assert proxy.heads[0].startswith(b"GET http://mcp.test/ ")


async def test_a_proxy_that_is_silent_is_blamed_itself() -> None:
    async with serve(Peer.wait_closed) as silent:
        environment = {"HTTPS_PROXY": silent.url().origin}
        async with Client(environment=environment, connect_deadline=0.1) as client:
            error = await fails(client, Url.parse("https://mcp.test/"))
    assert error.kind == "proxy"
    assert "waited for the proxy's answer to CONNECT mcp.test:443" in str(error)


async def test_raw_bytes_go_through_a_tunnel_so_that_no_proxy_reads_them() -> None:
    async with (
        serve(saying(answer(b"raw"))) as server,
        proxied(server) as (proxy, environment),
        Client(environment=environment) as client,
    ):
        with anyio.fail_after(BOUND):
            response = await client.send_raw(Url.parse("http://mcp.test/"), b"GET / HTTP/1.1\r\nBad\r\n\r\n")
            assert await response.read(100) == b"raw"
    assert proxy.heads[0].startswith(b"CONNECT mcp.test:80 ")


async def test_servers_on_this_machine_are_reached_without_the_proxy() -> None:
    async with (
        serve(patient) as server,
        proxied(server) as (proxy, environment),
        Client(environment=environment) as client,
    ):
        assert await ask(client, server.url()) == b"connection 1"
    assert proxy.heads == []


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (answer(b"", status="407 Who Are You"), "refused a tunnel: 407 Who Are You; set user name and password"),
        (answer(b"", status="403 No"), "refused a tunnel: 403 No"),
        (b"HTTP/1.1 200 OK\r\n\r\nsurplus", "sent bytes before"),
        (b"SSH-2.0", "answers with what is no HTTP/1.1"),
        (b"HTTP/1.1 200", "closed the connection before the head"),
    ],
)
async def test_a_proxy_that_fails_is_blamed_itself(refusal: bytes, words: str) -> None:
    async with (
        serve(patient) as server,
        proxied(server, refusal) as (_, environment),
        Client(environment=environment) as client,
    ):
        error = await fails(client, Url.parse("https://mcp.test/"))
    assert error.kind == "proxy"
    assert words in str(error)
    assert str(error).startswith("https://mcp.test (through the proxy http://127.0.0.1:")
    assert "p%40ss" not in str(error)


async def test_a_proxy_that_is_not_there_is_blamed_itself() -> None:
    async with serve(patient) as gone:
        environment = {"HTTP_PROXY": gone.url().origin}
    async with Client(environment=environment) as client:
        error = await fails(client, Url.parse("http://mcp.test/"))
    assert error.kind == "proxy"
    assert f"nothing listens on port {gone.port} of 127.0.0.1" in str(error)
