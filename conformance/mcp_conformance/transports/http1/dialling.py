"""From a URL to an open connection: name, address, proxy, TLS. A step that fails says which it was, and what helps."""

import errno
import os
import socket
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path

import anyio
from anyio.abc import ByteStream
from anyio.streams.tls import TLSStream

from mcp_conformance.transports.http1.answers import AnswerReader
from mcp_conformance.transports.http1.connection import Connection, Route
from mcp_conformance.transports.http1.errors import HttpError, Kind, tls_words
from mcp_conformance.transports.http1.proxies import tunnel_request
from mcp_conformance.transports.http1.tcp import NotConnected, TcpStream, connect_tcp
from mcp_conformance.transports.http1.urls import Url

# Of OpenSSL's verification results, those that another CA certificate would not mend.
_EXPIRY_CODES = (9, 10)
_NAME_CODES = (62, 64)
_NOT_TLS = (
    "WRONG_VERSION_NUMBER",
    "UNKNOWN_PROTOCOL",
    "HTTP_REQUEST",
    "RECORD_LAYER_FAILURE",
    "PACKET_LENGTH_TOO_LONG",
)


def tls_context(ca: Path | None) -> ssl.SSLContext:
    """Trusts what the system trusts, and the certificates in the file `ca`. Raises `HttpError` if it can't be read."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    if ca is not None:
        try:
            context.load_verify_locations(cafile=ca)
        except ssl.SSLError:
            raise HttpError("tls", f"{ca} holds no CA certificate: a file in PEM format is expected") from None
        except OSError as error:
            raise HttpError("tls", f"the CA certificate can't be read: {ca}: {error.strerror}") from None
    return context


async def dial(route: Route, url: Url, context: Callable[[], ssl.SSLContext], deadline: float) -> Connection:
    """An open connection by `route` to the host of `url`, ready for a request, within `deadline` seconds.

    `context` is called only if TLS is needed. Raises `HttpError`; whatever was opened is closed then.
    """
    dialling = _Dialling(route, url, context)
    with anyio.move_on_after(deadline):
        try:
            return await dialling.run()
        except BaseException as error:
            if dialling.tcp is not None:
                dialling.tcp.abort()
            if isinstance(error, HttpError) and dialling.at_proxy:
                raise HttpError("proxy", f"{route.where} was not reached: {error}", error.received) from None
            raise
    kind: Kind = "proxy" if dialling.at_proxy else "timeout"
    raise HttpError(kind, f"no connection to {route.where} within {deadline:g} seconds; waited for {dialling.step}")


class _Dialling:
    """One attempt. `tcp` is what has been opened, `step` what is waited for."""

    def __init__(self, route: Route, url: Url, context: Callable[[], ssl.SSLContext]) -> None:
        self._route = route
        self._url = url
        self._context = context
        self.tcp: TcpStream | None = None
        self.step = ""
        self.at_proxy = route.proxy is not None
        """It is still the proxy that matters, and the server isn't to be blamed."""

    async def run(self) -> Connection:
        proxy = self._route.proxy
        self.tcp = await self._connect(proxy or self._url)
        stream: ByteStream = self.tcp
        if proxy is not None:
            if proxy.is_tls:
                stream = await self._handshake(stream, proxy)
            if self._route.tunnel:
                await self._open_tunnel(stream, proxy)
                self.at_proxy = False
        if self._url.is_tls:
            stream = await self._handshake(stream, self._url)
        return Connection(self._route, stream, self.tcp)

    async def _connect(self, url: Url) -> TcpStream:
        self.step = f"{url.host_and_port} to be found and to answer"
        try:
            return await connect_tcp(url.host, url.port)
        except socket.gaierror as error:
            raise _unknown_host(url, error) from None
        except UnicodeError:
            raise HttpError("dns", f"{url.origin}: {url.host} is no valid host name") from None
        except NotConnected as error:
            raise _not_connected(url, error.causes) from None

    async def _open_tunnel(self, stream: ByteStream, proxy: Url) -> None:
        self.step = f"the proxy's answer to CONNECT {self._url.host_and_port}"
        reader = AnswerReader(f"the proxy {proxy.origin}", "CONNECT")
        try:
            await stream.send(tunnel_request(proxy, self._url))
            while (head := reader.head()) is None:
                reader.feed(await stream.receive())
        except anyio.EndOfStream:
            raise reader.broken_off("closed the connection") from None
        except anyio.BrokenResourceError:
            raise reader.broken_off("reset the connection") from None
        if not 200 <= head.status < 300:
            hint = "; set user name and password in the proxy's URL" if head.status == 407 else ""
            raise HttpError(
                "proxy", f"the proxy {proxy.origin} refused a tunnel: {head.status} {head.reason}{hint}", head.raw
            )
        if reader.leftover:
            raise HttpError("proxy", f"the proxy {proxy.origin} sent bytes before the tunnel's use", reader.leftover)

    async def _handshake(self, stream: ByteStream, url: Url) -> ByteStream:
        self.step = f"the TLS handshake with {url.host_and_port}"
        context = self._context()
        try:
            # Not the strict mode: most servers end TLS by closing the connection, and HTTP says where a body ends.
            return await TLSStream.wrap(
                stream, server_side=False, hostname=url.host, ssl_context=context, standard_compatible=False
            )
        except ssl.SSLCertVerificationError as error:
            raise _untrusted(url, error) from None
        except ssl.SSLError as error:
            hint = ""
            if error.reason in _NOT_TLS:
                hint = "; does it speak plain HTTP? Then its URL begins with http:"
            raise HttpError("tls", f"{url.origin}: no TLS connection: {tls_words(error)}{hint}") from None
        except ValueError as error:  # a host that can't be asked for by name
            raise HttpError("tls", f"{url.origin}: no TLS connection: {error}") from None
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            raise HttpError(
                "tls", f"{url.origin} closed the connection during the TLS handshake; does it speak TLS on this port?"
            ) from None


def _untrusted(url: Url, error: ssl.SSLCertVerificationError) -> HttpError:
    if error.verify_code in _NAME_CODES:
        advice = "use the name that the certificate is for"
    elif error.verify_code in _EXPIRY_CODES:
        advice = "the server needs a new one, or this machine's clock is wrong"
    else:
        advice = "if it was signed by a CA of your own, give its CA certificate (--mcp-ca=FILE)"
    return HttpError("tls", f"{url.origin}: the server's certificate is refused: {error.verify_message}; {advice}")


def _unknown_host(url: Url, error: socket.gaierror) -> HttpError:
    if error.errno == socket.EAI_AGAIN:
        return HttpError("dns", f"{url.origin}: the name {url.host} can't be looked up at present: {error.strerror}")
    return HttpError("dns", f"{url.origin}: no host of the name {url.host} was found: {error.strerror}")


def _not_connected(url: Url, causes: Sequence[OSError]) -> HttpError:
    if all(cause.errno == errno.ECONNREFUSED for cause in causes):
        return HttpError("refused", f"{url.origin}: nothing listens on port {url.port} of {url.host}")
    reasons = dict.fromkeys(os.strerror(cause.errno) if cause.errno else str(cause) for cause in causes)
    return HttpError("unreachable", f"{url.origin} can't be reached: {'; '.join(reasons)}")
