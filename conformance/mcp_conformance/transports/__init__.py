"""Bytes in, bytes out: the links between the tester and a server under test.

This file holds the types alone, so that importing it is cheap. `stdio` launches a server, `memory` joins two ends in
one process.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

__all__ = ["CHUNK", "Ending", "Link", "LinkClosed", "Stage"]

CHUNK = 65536
"""The most bytes that one `Link.receive` returns."""

Stage = Literal["already-exited", "end-of-input", "sigterm", "sigkill", "in-memory", "left-running"]
"""The gentlest step after which the peer was gone; `in-memory` where there is no process to end,
`left-running` where the server has other sessions, and only this one was ended."""


class LinkClosed(Exception):
    """The peer takes no more bytes. The message is the reason, a clause to print: "the server exited with status 3"."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a server ended: the evidence for what the specification asks of a stdio server's shutdown."""

    stage: Stage
    returncode: int | None
    """Exit status of the root process, negative for a signal; None without one, or if even SIGKILL had no effect."""
    seconds: float
    """From closing the server's input to the exit of its root process; 0 if it had exited before."""
    survivors: tuple[str, ...] = ()
    """What still ran in the server's own session after its root process had exited by itself, as "pid command", before
    we ended it. A moment is granted first, so that children that end together with their parent don't count.
    """
    detached: tuple[str, ...] = ()
    """The same for processes that had called setsid; they are found by their environment mark, on Linux alone."""
    stdout_open: bool = False
    """Somebody still held the server's stdout open after the root process had exited by itself."""


class Link(Protocol):
    """Moves bytes. Knows processes and sockets, nothing of JSON-RPC.

    One task may send while another receives. No call but `aclose` and `wait_exit` has a time limit: the caller sets it.
    """

    @property
    def transport(self) -> str:
        """The name of the transport in reports and node ids: "stdio", "memory"."""

    async def send(self, data: bytes) -> None:
        """Hand all of `data` to the peer; sends of several tasks don't interleave.

        Raises `LinkClosed` if the peer takes no more, after `send_eof`, and after a send that was cancelled half-way:
        whatever followed would be glued to half a message, and the peer be blamed for it.
        """

    async def send_eof(self) -> None:
        """Close the peer's input; the peer can still send. Safe to repeat. A send in progress raises `LinkClosed`."""

    async def receive(self) -> bytes:
        """The next bytes, at most `CHUNK`; b"" at the end of the stream, and again after it. Cancelling loses none.

        The stream also ends, after a short silence, when the root process has exited while another holds its stdout.
        Bytes that arrived before or during `aclose` can be received after it, up to a bound.
        """

    async def wait_exit(self, timeout: float) -> Ending | None:
        """Wait at most `timeout` seconds for the peer to end by itself, and tell how; None if it still runs.

        Takes a moment more if it has left children, for them to follow. Ends nothing: survivors are named and left
        running until `aclose`. Use it after `send_eof` to judge a shutdown.
        """

    async def aclose(self) -> Ending:
        """End the peer in bounded steps, the gentlest first. Safe to repeat, and returns the same `Ending` each time.

        Leaves nothing running, also when cancelled (then it goes to the harsh steps at once) or when it raises.
        """

    def stderr_tail(self) -> str:
        """The last whole lines that the peer wrote to stderr, at most 64 KiB; what isn't UTF-8 is shown as \\xNN."""

    def returncode(self) -> int | None:
        """The exit status of the root process, negative for a signal; None while it runs, or without a process.

        A dying process closes its stdout a moment before it has a status: after b"", use `wait_exit` to learn it.
        """
