"""``python tests/hostile/random_bytes.py [COUNT]``: random byte strings, a million by default, through all that reads
bytes: framings, messages, suites, runs and hints. Prints the rate of each, and how the time grows with the length.

The exit status is 1 if anything raised what it doesn't document, or took clearly more than linear time.
"""

import contextlib
import json
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
sys.path[:1] = [str(_ROOT / "conformance"), str(_ROOT)]

from mcp_conformance.cases.loader import load_suite  # noqa: E402
from mcp_conformance.hints import load_hints  # noqa: E402
from mcp_conformance.jsonrpc import LineFraming, parse  # noqa: E402
from mcp_conformance.report.redaction import Redactor  # noqa: E402
from mcp_conformance.sse import EventStream  # noqa: E402
from mcp_conformance.strict_yaml import DataError  # noqa: E402
from mcp_conformance.wire import escape, printable  # noqa: E402

Read = Callable[[bytes], object]

_PIECES = [
    b'{"jsonrpc":"2.0","id":1,', b'"result":{}}', b'"method":"ping"}', b"[", b"]", b"{", b"}", b'"', b"\\", b"\\ud800",
    b"\n", b"\r\n", b"\r", b"\0", b"\xff", b"\xc3", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"data: ", b"event: ", b"id: ",
    b"retry: 1\n", b": ", b"\n\n", b"1e999", b"-0", b"123456789" * 9, b"null", b"true", b",", b":", b" ", b"area: x\n",
    b"cases:\n", b"- case: a.b\n", b"  judges: [ping.respond]\n", b"  purpose: a ping is answered\n", b"  steps:\n",
    b"  - request: ping\n", b"  - expect: {result: true}\n", b"tools:\n", b"  x: {call: never}\n", b"&a ", b"*a",
    b"!!int ", b"<<: ", b"|\n", b">-\n", b"? ", b"--- ", b"%YAML 1.1\n", b"\t", b"'", b"#", b"0x1f",
]  # fmt: skip


def made(source: random.Random, most: int = 12) -> bytes:
    """A random string: pure noise, or pieces of what is expected, mixed."""
    if source.random() < 0.2:
        return source.randbytes(source.randrange(200))
    return b"".join(source.choices(_PIECES, k=source.randrange(1, most)))


def lines(data: bytes) -> None:
    framing = LineFraming(1000)
    half = len(data) // 2
    for line in [*framing.feed(data[:half]), *framing.feed(data[half:]), *framing.eof()]:
        message = parse(line.data)
        _ = message.id, message.method, message.params, message.is_response
        printable(message.raw)


def events(data: bytes) -> None:
    stream = EventStream(1000)
    half = len(data) // 2
    for event in [*stream.feed(data[:half]), *stream.feed(data[half:]), *stream.eof()]:
        parse(event.data)


def output(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    escape(Redactor({"SECRET": "s3cret/value"}).text(text)).encode()


def files(folder: Path) -> dict[str, Read]:
    """What reads files, as functions of their bytes."""
    path = folder / "file.yaml"

    def through(load: Callable[[Path], object]) -> Read:
        def read(data: bytes) -> None:
            path.write_bytes(data)
            with contextlib.suppress(DataError):
                load(path)

        return read

    def run(data: bytes) -> None:
        with contextlib.suppress(ValueError, RecursionError):
            json.loads(data)

    return {"suite": through(load_suite), "hints": through(load_hints), "run": run}


SHARES = {"lines": 0.45, "events": 0.25, "output": 0.1, "run": 0.1, "suite": 0.05, "hints": 0.05}
"""How the strings are shared out: what reads from servers gets most."""


def readers(folder: Path) -> dict[str, Read]:
    return {"lines": lines, "events": events, "output": output, **files(folder)}


def growth(read: Read, piece: bytes, size: int = 100_000) -> float:
    """How many times longer a string of four times the length takes; 4 is linear."""

    def best(data: bytes) -> float:
        taken = []
        for _ in range(3):
            started = time.process_time()
            read(data)
            taken.append(time.process_time() - started)
        return max(min(taken), 1e-4)

    return best(piece * (4 * size // len(piece))) / best(piece * (size // len(piece)))


def main(arguments: list[str]) -> int:
    count = int(arguments[0]) if arguments else 1_000_000
    source = random.Random(arguments[1] if len(arguments) > 1 else 1)
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, read in readers(Path(folder)).items():
            number = int(count * SHARES[name])
            started = time.perf_counter()
            for _ in range(number):
                data = made(source)
                try:
                    read(data)
                except Exception:
                    failed += 1
                    print(f"{name}: {data!r}")
                    traceback.print_exc()
                    if failed > 10:
                        return 1
            seconds = time.perf_counter() - started
            print(f"{name:<8}{number:>9} strings, {number / seconds:>9.0f} a second", flush=True)
        for name in ("lines", "events", "output"):
            worst = max((growth(readers(Path(folder))[name], piece), piece) for piece in _PIECES)
            print(f"{name:<8}four times the length takes at most {worst[0]:.1f} times as long ({worst[1][:20]!r})")
            failed += worst[0] > 10
    return min(failed, 1)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
