"""The stdio link: a server launched as a child process, spoken to over its stdin and stdout."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

import anyio

from mcp_conformance.transports import Ending, LinkClosed, Stage, leftovers
from mcp_conformance.transports.guardian import Guardian
from mcp_conformance.transports.pipes import InputWriter, OutputReader, TailReader
from mcp_conformance.transports.process import Server, exit_words, start_server


@dataclass(frozen=True, slots=True)
class Grace:
    """How long each step of the end of a server may take, in seconds."""

    after_eof: float = 5.0
    """To exit by itself once its input is closed. The specification names no number."""
    after_sigterm: float = 2.0
    after_sigkill: float = 2.0
    settle: float = 1.0
    """For the children of a root process that has exited, to follow it, before they are called survivors."""
    silence: float = 1.0
    """Without a byte after the exit of the root process, until its stream counts as ended, whoever else holds it."""

    @property
    def hurried(self) -> "Grace":
        """For a cancelled close: SIGTERM now; but not SIGKILL now, or a container would outlive its client."""
        return replace(self, after_eof=0, after_sigterm=self.after_sigterm / 2, settle=0)


# A dying process closes its pipes a little before its exit can be seen; so many seconds are plenty.
_DYING = 0.25
# A container's client passes end of input and signals on, and the container runtime takes its time.
_CONTAINER_GRACE = Grace(after_eof=10.0, after_sigterm=10.0)


def default_grace(command: Sequence[str]) -> Grace:
    """Longer for `docker run` and `podman run`."""
    in_container = bool(command) and PurePath(command[0]).name in {"docker", "podman"} and "run" in command[1:]
    return _CONTAINER_GRACE if in_container else Grace()


async def open_stdio(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: str | os.PathLike[str],
    guardian: Guardian,
    grace: Grace | None = None,
    terminal: bool = False,
) -> "StdioLink":
    """Launch a server (see `start_server`) and return the link to it. Raises `CommandError`."""
    server = start_server(command, env=env, cwd=cwd, guardian=guardian, terminal=terminal)
    return StdioLink(server, grace or default_grace(command))


class StdioLink:
    """A `Link` to a child process."""

    transport = "stdio"

    def __init__(self, server: Server, grace: Grace) -> None:
        self._server = server
        self._grace = grace
        self._loop = asyncio.get_running_loop()
        self._input = InputWriter(server.stdin)
        self._output = OutputReader(server.stdout)
        self._errors = TailReader(server.stderr)
        self._stage: Stage = "already-exited"  # the last step that was taken while the root process ran
        self._input_closed_at: float | None = None
        self._exit: Ending | None = None  # as it was before we ended survivors
        self._ending: Ending | None = None
        self._closed: anyio.Event | None = None
        server.on_exit(self._when_exited)

    @property
    def pid(self) -> int:
        """Of the root process; also the number of its process group."""
        return self._server.pid

    async def send(self, data: bytes) -> None:
        if self._closed is not None:
            raise LinkClosed("the link is closed")
        if self._server.has_exited():
            raise LinkClosed(self._why_closed())
        try:
            await self._input.send(data)
        except BrokenPipeError:
            await self._server.wait(_DYING)  # for the better reason
            raise LinkClosed(self._why_closed()) from None

    async def send_eof(self) -> None:
        if self._output.ended and self._input_closed_at is None:
            await self._server.wait(_DYING)  # else we would claim an end that was its own
        if self._input_closed_at is None:
            self._input_closed_at = self._loop.time()
            self._take_step("end-of-input")
            self._input.close()

    async def receive(self) -> bytes:
        return await self._output.receive()

    async def wait_exit(self, timeout: float) -> Ending | None:
        self._output.widen()
        try:
            exited = await self._server.wait(timeout)
        finally:
            if self._closed is None:
                self._output.narrow()
        return await self._describe_exit(self._grace.settle) if exited else None

    async def aclose(self) -> Ending:
        if self._closed is None:
            self._closed = anyio.Event()
            try:
                self._ending = await self._end(self._grace)
            except BaseException:
                with anyio.CancelScope(shield=True):
                    self._ending = await self._end(self._grace.hurried)
                raise
            finally:
                # Also the last resort, without await, should the shielded steps fail.
                self._free()
                self._closed.set()
        else:
            await self._closed.wait()
        assert self._ending is not None, "set by _end or _free"
        return self._ending

    def stderr_tail(self) -> str:
        return self._errors.text()

    def returncode(self) -> int | None:
        return self._server.returncode()

    async def _end(self, grace: Grace) -> Ending:
        """The steps that the specification names for a client: close the input, wait, SIGTERM, wait, SIGKILL."""
        self._output.drop_excess()
        await self.send_eof()
        assert self._input_closed_at is not None
        patience = self._input_closed_at + grace.after_eof - self._loop.time()
        if await self._server.wait(max(0.0, patience)):
            ending = await self._describe_exit(grace.settle)
        else:
            self._take_step("sigterm")
            self._server.send_signal(signal.SIGTERM)
            if not await self._server.wait(grace.after_sigterm):
                self._take_step("sigkill")
                self._server.send_signal(signal.SIGKILL)
                await self._server.wait(grace.after_sigkill)
            ending = self._make_ending()
        if left := self._server.leftovers():
            leftovers.send_signal(left, signal.SIGTERM)
            await self._server.wait_for_leftovers(grace.after_sigterm)
        return ending

    def _free(self) -> None:
        self._input.close()
        self._take_step("sigkill")
        self._server.kill_and_reap(self._grace.after_sigkill)
        self._output.drain()
        self._output.close()
        self._errors.drain()
        self._errors.close()
        if self._ending is None:
            self._ending = self._make_ending()

    async def _describe_exit(self, settle: float) -> Ending:
        """What the root process left when it exited by itself; looked at once, before anything is ended."""
        if self._exit is None:
            left = await self._server.wait_for_leftovers(settle)
            own: list[str] = []
            detached: list[str] = []
            for pid, command in left:
                (own if self._in_own_session(pid) else detached).append(f"{pid} {command}")
            held = self._output.held_open()
            self._exit = replace(
                self._make_ending(), survivors=tuple(own), detached=tuple(detached), stdout_open=held
            )  # fmt: skip
        return self._exit

    def _in_own_session(self, pid: int) -> bool:
        try:
            return os.getsid(pid) == self._server.pid
        except OSError:  # gone meanwhile
            return False

    def _take_step(self, stage: Stage) -> None:
        if not self._server.has_exited():
            self._stage = stage

    def _make_ending(self) -> Ending:
        seconds = 0.0
        if self._input_closed_at is not None and self._stage != "already-exited":
            seconds = (self._server.exited_at or self._loop.time()) - self._input_closed_at
        return Ending(self._stage, self._server.returncode(), seconds)

    def _when_exited(self) -> None:
        self._output.end_after_silence(self._grace.silence)
        self._input.server_gone()

    def _why_closed(self) -> str:
        status = self._server.returncode()
        if status is None:
            return "the server has closed its input, but still runs"
        return f"the server {exit_words(status)}"
