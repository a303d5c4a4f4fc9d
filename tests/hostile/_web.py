"""A small right server over Streamable HTTP on bare sockets, for the hostile ones to spoil byte by byte."""

import contextlib
import json
import socket
import threading
import time
from typing import Any

from hostile._right import REVISION, Right


class Web:
    """Takes connections, one thread each. Override `respond`, or what it is made of."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.right = Right()
        self.listener = socket.create_server(("127.0.0.1", port), backlog=100)

    def serve(self) -> None:
        while True:
            peer, _ = self.listener.accept()
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with peer, contextlib.suppress(OSError):
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.talk(peer)

    def talk(self, peer: socket.socket) -> None:
        """One connection."""
        reader = peer.makefile("rb")
        while line := reader.readline():
            method, path, _ = line.decode("latin-1").split()
            headers: dict[str, str] = {}
            while (field := reader.readline().strip()) != b"":
                name, _, value = field.decode("latin-1").partition(":")
                headers[name.lower()] = value.strip()
            body = reader.read(int(headers.get("content-length", 0)))
            if not self.respond(peer, method, path, headers, body):
                return

    def respond(self, peer: socket.socket, method: str, path: str, headers: dict[str, str], body: bytes) -> bool:
        """Answer one request; whether the connection stays open."""
        if "origin" in headers or headers.get("mcp-protocol-version", REVISION) != REVISION:
            peer.sendall(self.head(403 if "origin" in headers else 400, b""))
            return True
        if method != "POST":
            peer.sendall(self.head(405, b""))
            return True
        said = self.right.reply(body)
        if said is None:
            peer.sendall(self.head(202, b""))
            return True
        return self.answer(peer, said)

    def answer(self, peer: socket.socket, said: dict[str, Any]) -> bool:
        """Answer one message; whether the connection stays open."""
        data = json.dumps(said).encode()
        peer.sendall(self.head(400 if said.get("id") is None else 200, data) + data)
        return True

    def head(self, status: int, body: bytes, *more: bytes, kind: bytes = b"application/json") -> bytes:
        length = b"Content-Length: %d" % len(body)
        lines = [b"HTTP/1.1 %d Status" % status, b"Content-Type: " + kind, length, *more]
        return b"\r\n".join(lines) + b"\r\n\r\n"


STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


def event(message: Any) -> bytes:
    return b"data: " + json.dumps(message).encode() + b"\n\n"


def for_ever(peer: socket.socket, data: bytes, pause: float = 0.0) -> None:
    """Send the same until the other side has had enough."""
    while True:
        peer.sendall(data)
        if pause:
            time.sleep(pause)


def hang() -> None:
    while True:
        time.sleep(600)
