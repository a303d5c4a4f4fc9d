"""A server that is launched to be reached over HTTP: it outlives its sessions, and all that it writes is kept."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from signal import SIGKILL, SIGTERM

import anyio

from mcp_conformance.transports import leftovers
from mcp_conformance.transports.guardian import Guardian
from mcp_conformance.transports.pipes import InputWriter, TailReader
from mcp_conformance.transports.process import Server, exit_words, start_server
from mcp_conformance.transports.stdio import Grace, default_grace


def launch(command: Sequence[str], *, env: Mapping[str, str], cwd: Path, guardian: Guardian) -> "LaunchedServer":
    """Launch a server (see `start_server`). Raises `CommandError`."""
    return LaunchedServer(start_server(command, env=env, cwd=cwd, guardian=guardian), default_grace(command))


class LaunchedServer:
    """A running server. Its stdin stays open, as in a terminal: some servers take its end for theirs."""

    def __init__(self, server: Server, grace: Grace) -> None:
        self._server = server
        self._grace = grace
        self._input = InputWriter(server.stdin)
        self._output = TailReader(server.stdout)
        self._errors = TailReader(server.stderr)
        self._closed: anyio.Event | None = None

    @property
    def pid(self) -> int:
        return self._server.pid

    async def wait(self, timeout: float) -> bool:
        """Whether it has exited, after at most `timeout` seconds."""
        return await self._server.wait(timeout)

    def exit_words(self) -> str:
        """How it exited, as "exited with status 3"; empty while it runs."""
        status = self._server.returncode()
        return "" if status is None else exit_words(status)

    def output(self) -> str:
        """The last whole lines of what it wrote: stdout, then stderr."""
        return self._output.text() + self._errors.text()

    async def aclose(self) -> None:
        """End it in bounded steps, the gentlest first. Safe to repeat; leaves nothing running, also when cancelled."""
        if self._closed is not None:
            await self._closed.wait()
            return
        self._closed = anyio.Event()
        try:
            await self._end(self._grace)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._end(self._grace.hurried)
            raise
        finally:
            self._input.close()
            self._server.kill_and_reap(self._grace.after_sigkill)
            for reader in (self._output, self._errors):
                reader.drain()
                reader.close()
            self._closed.set()

    async def _end(self, grace: Grace) -> None:
        self._server.send_signal(SIGTERM)
        if not await self._server.wait(grace.after_sigterm):
            self._server.send_signal(SIGKILL)
            await self._server.wait(grace.after_sigkill)
        if left := self._server.leftovers():
            leftovers.send_signal(left, SIGTERM)
            await self._server.wait_for_leftovers(grace.after_sigterm)
