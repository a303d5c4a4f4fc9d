"""The small server over HTTP, in the standard library alone: `small_http_server.py PORT FAULT...`.

Streamable HTTP at /mcp; with ``sse`` among the faults HTTP+SSE at /sse instead. Right by default.
"""

import json
import os
import queue
import sys
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))  # it is run with -I
import small_server
from small_server import FAULTS

STREAMS: dict[str, "queue.Queue[Any]"] = {}
SESSIONS: set[str] = set()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: Any) -> None:
        pass

    def respond(self, status: int, value: Any = None, **headers: str) -> None:
        body = b"" if value is None else value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name.replace("_", "-"), text)
        if body:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def is_foreign(self) -> bool:
        """Whether a page of another site asks; then it is refused."""
        origin = self.headers.get("Origin")
        foreign = origin is not None and origin not in ("http://127.0.0.1", "http://localhost")
        if foreign:
            self.respond(403)
        return foreign

    def do_GET(self) -> None:
        if self.is_foreign():
            return None
        if "sse" not in FAULTS or self.path != "/sse":
            return self.respond(405 if self.path == "/mcp" else 404)
        name = str(len(STREAMS))
        stream = STREAMS[name] = queue.Queue()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(f"event: endpoint\ndata: /messages?id={name}\n\n".encode())
        try:
            while True:
                self.wfile.write(f"data: {json.dumps(stream.get())}\n\n".encode())
        except OSError:
            pass
        return None

    def do_DELETE(self) -> None:
        if self.is_foreign():
            return
        SESSIONS.discard(self.headers.get("Mcp-Session-Id", ""))
        self.respond(200)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            message = json.loads(body)
        except ValueError:
            message = None
        method = message.get("method") if isinstance(message, dict) else None
        if self.is_foreign():
            return None
        if "wants-token" in FAULTS and self.headers.get("Authorization") != f"Bearer {os.environ['CANARY']}":
            return self.respond(401, WWW_Authenticate="Bearer")
        if "limited" in FAULTS and method == "ping":
            return self.respond(429, Retry_After="60")
        if "garbage" in FAULTS and method == "ping":
            return self.respond(200, b"no ping today")
        if "sse" in FAULTS:
            return self.old(body)
        if self.path != "/mcp":
            return self.respond(404)
        return self.streamable(body, message, method)

    def old(self, body: bytes) -> None:
        stream = STREAMS.get(self.path.partition("/messages?id=")[2])
        if stream is None:
            return self.respond(404)
        said = small_server.reply(body)
        self.respond(202)
        if said is not None:
            stream.put(said)
        return None

    def streamable(self, body: bytes, message: Any, method: str | None) -> None:
        session = self.headers.get("Mcp-Session-Id")
        if method == "initialize":
            session = f"session-{uuid.uuid4()}"
            SESSIONS.add(session)
        elif session is None:
            return self.respond(400)
        elif session not in SESSIONS:
            return self.respond(404)
        elif self.headers.get("MCP-Protocol-Version", "2025-06-18") not in ("2025-06-18", "2025-11-25"):
            return self.respond(400)
        said = small_server.reply(body)
        refusal = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "unknown notification"}}
        if isinstance(message, dict) and "method" in message and "id" not in message and "conformance" in str(method):
            if "refuses-notifications" in FAULTS:
                return self.respond(400, refusal)
            if "answers-notifications" in FAULTS:
                return self.respond(200, refusal)
        if said is None:
            return self.respond(202)
        if method == "initialize" and "tells-token" in FAULTS:
            said["result"]["serverInfo"]["name"] = f"small {self.headers.get('Authorization')} {self.path}"
        return self.respond(400 if said.get("id") is None else 200, said, Mcp_Session_Id=session)


def main() -> None:
    if folder := os.environ.get("PIDS"):
        Path(folder, str(os.getpid())).touch()
    print("starting up", flush=True)
    if "dies" in FAULTS:
        sys.exit("the port is cursed")
    if "late" in FAULTS:
        time.sleep(1)
    port = os.environ["PORT"] if sys.argv[1] == "-" else sys.argv[1]
    server = ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
    server.daemon_threads = True
    print(f"listening on http://127.0.0.1:{server.server_address[1]}", file=sys.stderr, flush=True)
    server.serve_forever()


main()
