"""The same over HTTP: heads, bodies and streams that aren't what they should be."""

import gzip
import itertools
import json
import socket
import sys
import threading
import time
from typing import Any

from hostile import MAY_PASS, hostile, right
from hostile._right import contacted
from hostile._web import STREAM, Web, event, for_ever, hang

NOTE = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "more"}}


def _listen(how: str) -> int:
    """A listener that nobody has any business with; its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def listen() -> None:
        while True:
            peer, _ = listener.accept()
            contacted(how)
            peer.close()

    threading.Thread(target=listen, daemon=True).start()
    port: int = listener.getsockname()[1]
    return port


class _Spoilt(Web):
    """Right until `initialize` is answered, then spoilt: `spoil` stands for the answer to all else."""

    def spoil(self, peer: socket.socket, said: dict[str, Any]) -> bool:
        raise NotImplementedError

    def answer(self, peer: socket.socket, said: dict[str, Any]) -> bool:
        if "protocolVersion" in said.get("result", {}):
            return super().answer(peer, said)
        return self.spoil(peer, said)


@hostile("takes connections and says nothing", transport="http")
def http_silence(port: int) -> None:
    class Server(Web):
        def talk(self, peer: socket.socket) -> None:
            hang()

    Server(port).serve()


@hostile("closes each connection at once", transport="http")
def http_closes(port: int) -> None:
    class Server(Web):
        def talk(self, peer: socket.socket) -> None:
            return

    Server(port).serve()


@hostile("resets each connection", transport="http")
def http_resets(port: int) -> None:
    class Server(Web):
        def talk(self, peer: socket.socket) -> None:
            peer.recv(10)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    Server(port).serve()


@hostile("takes no connection, though it listens: its queue is full", transport="http")
def http_full_queue(port: int) -> None:
    listener = socket.create_server(("127.0.0.1", port), backlog=0)
    peers = []
    for _ in range(3):
        peer = socket.socket()
        peer.setblocking(False)
        peer.connect_ex(listener.getsockname())
        peers.append(peer)
    hang()


@hostile("answers in a protocol of its own", transport="http")
def http_garbage(port: int) -> None:
    class Server(Web):
        def talk(self, peer: socket.socket) -> None:
            peer.sendall(b"\x1b[31m220 hello\r\n" * 100)
            peer.recv(65536)

    Server(port).serve()


@hostile("a head without end", transport="http")
def http_endless_head(port: int) -> None:
    class Server(Web):
        def talk(self, peer: socket.socket) -> None:
            peer.sendall(b"HTTP/1.1 200 OK\r\n")
            for_ever(peer, b"X-More: and more\r\n" * 100)

    Server(port).serve()


@hostile("a head of one line without end", transport="http")
def http_endless_header(port: int) -> None:
    class Server(Web):
        def talk(self, peer: socket.socket) -> None:
            peer.sendall(b"HTTP/1.1 200 OK\r\nX-More: ")
            for_ever(peer, b"x" * 65536)

    Server(port).serve()


@hostile("a head a byte every fifth of a second", transport="http")
def http_dripping_head(port: int) -> None:
    class Server(Web):
        def talk(self, peer: socket.socket) -> None:
            peer.sendall(b"HTTP/1.1 200 OK\r\nX-More: ")
            for_ever(peer, b"x", 0.2)

    Server(port).serve()


@hostile("100 Continue without end", transport="http")
def http_continue_for_ever(port: int) -> None:
    class Server(Web):
        def talk(self, peer: socket.socket) -> None:
            for_ever(peer, b"HTTP/1.1 100 Continue\r\n\r\n")

    Server(port).serve()


@hostile("a JSON body without end, after initialize", transport="http")
def http_endless_body(port: int) -> None:
    class Server(_Spoilt):
        def spoil(self, peer: socket.socket, said: dict[str, Any]) -> bool:
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
            for_ever(peer, b" " * 65536)
            return False

    Server(port).serve()


@hostile("a JSON body of one byte every fifth of a second", transport="http")
def http_dripping_body(port: int) -> None:
    class Server(_Spoilt):
        def spoil(self, peer: socket.socket, said: dict[str, Any]) -> bool:
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
            for_ever(peer, b" ", 0.2)
            return False

    Server(port).serve()


@hostile("chunks without end, of one byte each", transport="http")
def http_endless_chunks(port: int) -> None:
    class Server(_Spoilt):
        def spoil(self, peer: socket.socket, said: dict[str, Any]) -> bool:
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
            for_ever(peer, b"1;ext=" + b"e" * 100 + b"\r\n \r\n")
            return False

    Server(port).serve()


@hostile("a chunk that says it has 2^70 bytes", transport="http")
def http_huge_chunk(port: int) -> None:
    class Server(_Spoilt):
        def spoil(self, peer: socket.socket, said: dict[str, Any]) -> bool:
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
            peer.sendall(b"400000000000000000\r\n{}\r\n")
            return False

    Server(port).serve()


@hostile("Content-Length is less than the body has", transport="http")
def http_length_too_short(port: int) -> None:
    class Server(_Spoilt):
        def spoil(self, peer: socket.socket, said: dict[str, Any]) -> bool:
            data = json.dumps(said).encode()
            peer.sendall(self.head(200, data[:-7]) + data)
            return True

    Server(port).serve()


@hostile("Content-Length is more than the body has, and the connection stays open", transport="http")
def http_length_too_long(port: int) -> None:
    class Server(_Spoilt):
        def spoil(self, peer: socket.socket, said: dict[str, Any]) -> bool:
            data = json.dumps(said).encode()
            peer.sendall(self.head(200, data + b"more") + data)
            return True

    Server(port).serve()


@hostile("Content-Length of 10^30, twice, negative", transport="http")
def http_absurd_lengths(port: int) -> None:
    class Server(_Spoilt):
        lengths = (b"1" + b"0" * 30, b"-5", b"7\r\nContent-Length: 8", b"0x10", b"9" * 5000)
        number = 0

        def spoil(self, peer: socket.socket, said: dict[str, Any]) -> bool:
            self.number += 1
            length = self.lengths[self.number % len(self.lengths)]
            peer.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + length + b"\r\n\r\n{}"
            )
            return False

    Server(port).serve()


@hostile("a gzip bomb that nobody asked for: 100 MB in 100 kB", transport="http")
def http_gzip_bomb(port: int) -> None:
    bomb = gzip.compress(b'{"jsonrpc":"2.0","id":1,"result":{"x":"' + b"x" * 100_000_000, 9)

    class Server(_Spoilt):
        def spoil(self, peer: socket.socket, said: dict[str, Any]) -> bool:
            peer.sendall(self.head(200, bomb, b"Content-Encoding: gzip") + bomb)
            return True

    Server(port).serve()


@hostile("header injection: bare CR, NUL, escapes and folded lines in names and values", transport="http")
def http_header_injection(port: int) -> None:
    odd = [
        b"Mcp-Session-Id: a\rSet-Cookie: x",
        b"X-\x1b[31m: red",
        b"X: \0",
        b"X: a\r\n folded",
        b"\xff: \xfe",
        b": none",
    ]

    class Server(Web):
        number = 0

        def answer(self, peer: socket.socket, said: dict[str, Any]) -> bool:
            self.number += 1
            data = json.dumps(said).encode()
            more = [] if "protocolVersion" in said.get("result", {}) else [odd[self.number % len(odd)]]
            peer.sendall(self.head(200, data, b"Mcp-Session-Id: s", *more) + data)
            return True

    Server(port).serve()


@hostile("a session id with spaces, escapes and 60 kB", transport="http", **MAY_PASS)
def http_odd_session_ids(port: int) -> None:
    ids = [b"a b\tc", b"\x1b[31mred", b"x" * 60_000, b"", b"\xe4\xf6", b"::error::pwned"]

    class Server(Web):
        number = 0

        def answer(self, peer: socket.socket, said: dict[str, Any]) -> bool:
            self.number += 1
            data = json.dumps(said).encode()
            peer.sendall(self.head(200, data, b"Mcp-Session-Id: " + ids[self.number % len(ids)]) + data)
            return True

    Server(port).serve()


@hostile("redirects everything to another origin", transport="http", quick=True)
def http_redirects_elsewhere(port: int) -> None:
    other = _listen("redirect")

    class Server(Web):
        number = 0

        def respond(self, peer: socket.socket, method: str, path: str, headers: dict[str, str], body: bytes) -> bool:
            self.number += 1
            status = (301, 302, 303, 307, 308)[self.number % 5]
            to = b"Location: http://127.0.0.1:%d/mcp" % other
            peer.sendall(self.head(status, b"", to))
            return True

    Server(port).serve()


@hostile("redirects everything after initialize to another origin", transport="http")
def http_redirects_later(port: int) -> None:
    other = _listen("redirect")

    class Server(_Spoilt):
        def spoil(self, peer: socket.socket, said: dict[str, Any]) -> bool:
            peer.sendall(self.head(307, b"", b"Location: http://localhost:%d/mcp" % other))
            return True

    Server(port).serve()


@hostile("redirects to itself without end", transport="http")
def http_redirects_in_circles(port: int) -> None:
    class Server(Web):
        def respond(self, peer: socket.socket, method: str, path: str, headers: dict[str, str], body: bytes) -> bool:
            peer.sendall(self.head(307, b"", b"Location: " + path.encode() + b"x"))
            return True

    Server(port).serve()


@hostile("locations that are no URLs", transport="http")
def http_odd_locations(port: int) -> None:
    odd = [
        b"file:///etc/passwd",
        b"http://[::1",
        b"//",
        b"javascript:1",
        b"http://\xff/",
        b"http://a:99999999/",
        b"gopher://x",
    ]

    class Server(_Spoilt):
        number = 0

        def spoil(self, peer: socket.socket, said: dict[str, Any]) -> bool:
            self.number += 1
            peer.sendall(self.head(307, b"", b"Location: " + odd[self.number % len(odd)]))
            return True

    Server(port).serve()


@hostile("status 401 to everything", transport="http")
def http_401(port: int) -> None:
    class Server(Web):
        def respond(self, peer: socket.socket, method: str, path: str, headers: dict[str, str], body: bytes) -> bool:
            given = headers.get("authorization", "none").encode()
            more = b'WWW-Authenticate: Bearer resource_metadata="http://127.0.0.1:%d/", given="%s"' % (other, given)
            peer.sendall(self.head(401, b"", more))
            return True

    other = _listen("metadata")
    Server(port).serve()


@hostile("status 500 with a page of HTML to everything after initialize", transport="http")
def http_500(port: int) -> None:
    class Server(_Spoilt):
        def spoil(self, peer: socket.socket, said: dict[str, Any]) -> bool:
            page = b"<html><script>pwned</script>\x1b[31m::error::pwned" * 100
            peer.sendall(self.head(500, page, kind=b"text/html") + page)
            return True

    Server(port).serve()


@hostile("comments without end in an event stream", transport="http", quick=True)
def http_comment_flood(port: int) -> None:
    class Server(_Spoilt):
        def spoil(self, peer: socket.socket, said: dict[str, Any]) -> bool:
            peer.sendall(STREAM)
            for_ever(peer, b": nothing\n" * 5000)
            return False

    Server(port).serve()


@hostile("events without end in an event stream, and never the answer", transport="http")
def http_event_flood(port: int) -> None:
    class Server(_Spoilt):
        def spoil(self, peer: socket.socket, said: dict[str, Any]) -> bool:
            peer.sendall(STREAM)
            for_ever(peer, event(NOTE) * 500)
            return False

    Server(port).serve()


@hostile("a data line without end in an event stream", transport="http")
def http_endless_event(port: int) -> None:
    class Server(_Spoilt):
        def spoil(self, peer: socket.socket, said: dict[str, Any]) -> bool:
            peer.sendall(STREAM + b"data: ")
            for_ever(peer, b"x" * 65536)
            return False

    Server(port).serve()


@hostile("an event of data lines without end", transport="http")
def http_endless_data_lines(port: int) -> None:
    class Server(_Spoilt):
        def spoil(self, peer: socket.socket, said: dict[str, Any]) -> bool:
            peer.sendall(STREAM)
            for_ever(peer, b"data:\n" * 10_000)
            return False

    Server(port).serve()


@hostile("an event stream that says nothing and stays open", transport="http")
def http_silent_stream(port: int) -> None:
    class Server(_Spoilt):
        def spoil(self, peer: socket.socket, said: dict[str, Any]) -> bool:
            peer.sendall(STREAM)
            hang()
            return False

    Server(port).serve()


@hostile("an event stream that closes at once, with an id and retry: 0, again and again", transport="http")
def http_reconnection_storm(port: int) -> None:
    class Server(_Spoilt):
        def respond(self, peer: socket.socket, method: str, path: str, headers: dict[str, str], body: bytes) -> bool:
            if method == "GET":
                peer.sendall(STREAM + b"id: 1\nretry: 0\ndata:\n\n")
                return False
            return super().respond(peer, method, path, headers, body)

        def spoil(self, peer: socket.socket, said: dict[str, Any]) -> bool:
            peer.sendall(STREAM + b"id: 1\nretry: 0\ndata:\n\n")
            return False

    Server(port).serve()


@hostile("an event stream that asks for a reconnection in 30 000 years", transport="http")
def http_late_reconnection(port: int) -> None:
    class Server(_Spoilt):
        def spoil(self, peer: socket.socket, said: dict[str, Any]) -> bool:
            peer.sendall(STREAM + b"id: 1\nretry: 999999999999999\ndata:\n\n")
            return False

    Server(port).serve()


@hostile("log notifications without end on the GET stream", transport="http", **MAY_PASS)
def http_get_flood(port: int) -> None:
    class Server(Web):
        def respond(self, peer: socket.socket, method: str, path: str, headers: dict[str, str], body: bytes) -> bool:
            if method == "GET":
                peer.sendall(STREAM)
                for_ever(peer, event(NOTE) * 500)
            return super().respond(peer, method, path, headers, body)

    Server(port).serve()


@hostile("exits after initialize", transport="http")
def http_dies_after_initialize(port: int) -> None:
    import os

    class Server(_Spoilt):
        def spoil(self, peer: socket.socket, said: dict[str, Any]) -> bool:
            os._exit(3)

    Server(port).serve()


@hostile("never listens", transport="http")
def http_never_listens(port: int) -> None:
    hang()


@hostile("floods its stdout and stderr while it serves", transport="http", **MAY_PASS)
def http_floods_its_output(port: int) -> None:
    def flood() -> None:
        while True:
            sys.stdout.write("o" * 65536)
            sys.stderr.write("e" * 65536)

    threading.Thread(target=flood, daemon=True).start()
    Web(port).serve()


@hostile("HTTP+SSE: an endpoint on another origin", transport="sse")
def sse_endpoint_elsewhere(port: int) -> None:
    other = _listen("endpoint")

    class Server(Web):
        def respond(self, peer: socket.socket, method: str, path: str, headers: dict[str, str], body: bytes) -> bool:
            peer.sendall(STREAM + b"event: endpoint\ndata: http://127.0.0.1:%d/messages\n\n" % other)
            hang()
            return False

    Server(port).serve()


@hostile("HTTP+SSE: endpoints without end", transport="sse")
def sse_endpoints_without_end(port: int) -> None:
    class Server(Web):
        def respond(self, peer: socket.socket, method: str, path: str, headers: dict[str, str], body: bytes) -> bool:
            if method == "POST":
                peer.sendall(self.head(202, b""))
                return True
            peer.sendall(STREAM)
            for_ever(peer, b"event: endpoint\ndata: /messages\n\n" * 100)
            return False

    Server(port).serve()


@right("event streams with CR LF, comments, ids and split data lines", transport="http", quick=True)
def http_odd_streams(port: int) -> None:
    numbers = itertools.count()

    class Server(Web):
        def answer(self, peer: socket.socket, said: dict[str, Any]) -> bool:
            if said.get("id") is None:
                return super().answer(peer, said)
            text, number = json.dumps(said, indent=1), next(numbers)
            peer.sendall(
                STREAM + b"\xef\xbb\xbf: hello\r\n\r\nid: %d.0\r\ndata:\r\n\r\nid: %d.1\r\n" % (number, number)
            )
            for line in text.splitlines():
                peer.sendall(b"data: " + line.encode() + b"\r\n")
                time.sleep(0)
            peer.sendall(b"\r\n")
            return False

    Server(port).serve()


@right("keeps each connection for one request, answers in small chunks", transport="http")
def http_small_chunks(port: int) -> None:
    class Server(Web):
        def answer(self, peer: socket.socket, said: dict[str, Any]) -> bool:
            if said.get("id") is None:
                return super().answer(peer, said)
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nConnection: close\r\n"
            peer.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
            data = json.dumps(said).encode()
            for start in range(0, len(data), 10):
                part = data[start : start + 10]
                peer.sendall(b"%x;why=not\r\n%s\r\n" % (len(part), part))
            peer.sendall(b"0\r\nX-Trailer: yes\r\n\r\n")
            return False

    Server(port).serve()
