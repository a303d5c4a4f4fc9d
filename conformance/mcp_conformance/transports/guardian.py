"""The guardian: a small process that outlives the test run, to end the servers that the run could not end itself.

It holds the read end of a pipe whose write end only we hold. Whatever ends us, SIGKILL included, closes the pipe; the
guardian then ends each registered process group, and on Linux each process with this run's mark in its environment.
"""

import contextlib
import itertools
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from mcp_conformance.transports import leftovers

# More than the guardian needs to end what was left: SIGTERM, its grace, SIGKILL.
_PATIENCE = 5.0


class Guardian:
    """Watches over the servers of one run. A context manager; safe to use from any thread."""

    def __init__(self) -> None:
        self._token = secrets.token_hex(8)
        self._numbers = itertools.count(1)
        self._write: int | None = None
        self._helper: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        read, write = os.pipe()  # not inheritable: no server gets the write end
        # Blocked signals stay blocked in the child, from its first instruction; ignoring them there would come late.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
        try:
            self._helper = subprocess.Popen(
                [sys.executable, "-I", "-S", str(Path(leftovers.__file__).resolve()), self._token, str(os.getpid())],
                stdin=read,
                # Not ours: whoever reads the output of the test run would wait for the guardian, too.
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
            )
        except BaseException:
            os.close(write)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            os.close(read)
        self._write = write
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        helper, write = self._helper, self._write
        self._helper = self._write = None
        if write is not None:
            os.close(write)
        if helper is not None:
            # At once when all is released; else when the last server is gone.
            try:
                helper.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                helper.returncode = 0  # it outlives us on purpose, which is no reason for a ResourceWarning

    @property
    def pid(self) -> int:
        """The process id of the guardian process."""
        return self._check_running().pid

    def new_mark(self) -> str:
        """A value for the variable `leftovers.MARK` of one server's environment, different for each."""
        self._check_running()
        return f"{self._token}.{next(self._numbers)}"

    def register(self, group: int) -> None:
        """From now on, this process group is ended when we end."""
        self._check_running()
        self._tell(f"+{group}\n")

    def release(self, group: int) -> None:
        """This group is empty. Call it before its leader is reaped: from then on the number may mean another group."""
        self._tell(f"-{group}\n")

    def _check_running(self) -> subprocess.Popen[bytes]:
        if self._helper is None:
            raise RuntimeError("the guardian isn't running: use it as a context manager")
        return self._helper

    def _tell(self, line: str) -> None:
        # A guardian that somebody killed is no reason to fail: links end their servers themselves while we live.
        if self._write is not None:
            with contextlib.suppress(BrokenPipeError):
                os.write(self._write, line.encode())
