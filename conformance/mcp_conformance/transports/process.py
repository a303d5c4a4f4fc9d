"""Launch a server as a child process in its own session, watch it, signal it, and find what it leaves behind."""

import asyncio
import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import anyio

from mcp_conformance.transports import leftovers
from mcp_conformance.transports.guardian import Guardian
from mcp_conformance.transports.leftovers import Leftover

_INTERVAL = 0.02  # seconds between two looks at what the kernel has no event for


class CommandError(Exception):
    """The server can't be launched as it was asked for. The message is for the user: what is wrong, and what to do."""


class Server:
    """A running server and our ends of its pipes. `start_server` makes one.

    Its root process leads a session and a process group of its own: Ctrl-C in the terminal doesn't reach it before us,
    and one signal reaches its children too. It is reaped last: the number of the group stays ours until all are gone.
    """

    def __init__(
        self, popen: subprocess.Popen[bytes], mark: str, guardian: Guardian, pipes: tuple[int, int, int]
    ) -> None:
        self.stdin, self.stdout, self.stderr = pipes
        self.exited_at: float | None = None
        """Time of the loop's clock at which the exit was seen."""
        self._popen = popen
        self._guardian = guardian
        self._entry = f"{leftovers.MARK}={mark}\0".encode()
        self._status: int | None = None
        self._exited = anyio.Event()
        self._on_exit: Callable[[], None] = lambda: None
        self._loop = asyncio.get_running_loop()
        self._watch: int | None = None
        self._start_watching()

    @property
    def pid(self) -> int:
        """Of the root process; also the number of its session and group."""
        return self._popen.pid

    def on_exit(self, callback: Callable[[], None]) -> None:
        """Call this once when the root process has exited; at once if it has."""
        self._on_exit = callback
        if self.exited_at is not None:
            callback()

    def returncode(self) -> int | None:
        self.has_exited()
        return self._status

    def has_exited(self) -> bool:
        """Look, without waiting and without reaping."""
        if self.exited_at is None:
            self._status = _peek(self._popen)
            if self._status is not None:
                self.exited_at = self._loop.time()
                self._stop_watching()
                self._exited.set()
                self._on_exit()
        return self.exited_at is not None

    async def wait(self, timeout: float) -> bool:
        """Whether the root process has exited, after at most so many seconds."""
        if not self.has_exited():
            with anyio.move_on_after(timeout):
                await self._exited.wait()
        return self.has_exited()

    def send_signal(self, number: signal.Signals) -> None:
        """Signal the whole group, unless its leader has exited: then see `leftovers`."""
        if not self.has_exited():
            try:
                os.killpg(self.pid, number)
            except (ProcessLookupError, PermissionError):
                return  # gone just now, or runs as another user by now, and isn't ours to signal

    def leftovers(self) -> list[Leftover]:
        """Living descendants, as far as they can be found: see `leftovers.find`."""
        return leftovers.find({self.pid}, self._entry, besides=self.pid)

    async def wait_for_leftovers(self, timeout: float) -> list[Leftover]:
        """Give the rest of the server so many seconds to end; return what has not."""
        deadline = self._loop.time() + timeout
        while (left := self.leftovers()) and self._loop.time() < deadline:  # noqa: ASYNC110 (no event tells of it)
            await anyio.sleep(_INTERVAL)
        return left

    def kill_and_reap(self, timeout: float) -> bool:
        """Leave nothing running, now, blocking at most about `timeout` seconds. Whether that succeeded.

        After an orderly end this only reaps.
        """
        deadline = time.monotonic() + timeout
        self.send_signal(signal.SIGKILL)
        while not self.has_exited() and time.monotonic() < deadline:
            time.sleep(_INTERVAL / 4)
        while (left := self.leftovers()) and time.monotonic() < deadline:
            leftovers.send_signal(left, signal.SIGKILL)
            time.sleep(_INTERVAL / 4)
        self._stop_watching()
        if left or not self.has_exited():
            return False  # stays registered: perhaps the guardian fares better
        self._guardian.release(self.pid)
        self._popen.wait()
        return True

    def _start_watching(self) -> None:
        if sys.platform == "linux":
            try:
                self._watch = os.pidfd_open(self.pid)
            except OSError:  # an old kernel, or a container that forbids it
                pass
            else:
                self._loop.add_reader(self._watch, self.has_exited)
                return
        threading.Thread(target=self._watch_in_thread, name=f"waits for process {self.pid}", daemon=True).start()

    def _stop_watching(self) -> None:
        if self._watch is not None:
            self._loop.remove_reader(self._watch)
            os.close(self._watch)
            self._watch = None

    def _watch_in_thread(self) -> None:
        _block_until_exit(self.pid)
        try:
            self._loop.call_soon_threadsafe(self._look_until_exited)
        except RuntimeError:
            return  # the loop is closed: nobody waits any longer

    def _look_until_exited(self) -> None:
        # macOS tells of an exit a moment before there is a status to fetch.
        if not self.has_exited():
            self._loop.call_later(_INTERVAL, self._look_until_exited)


def start_server(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: str | os.PathLike[str],
    guardian: Guardian,
    terminal: bool = False,
) -> Server:
    """Launch `command` in `cwd` with exactly the environment `env`, plus the mark by which its descendants are found.

    With `terminal`, on pseudo-terminals in place of pipes: stdin and stdout are one, raw and without echo, so that the
    bytes are the server's own; stderr is another, which says nothing of stdout. Neither controls the server: what it
    would write to /dev/tty is no output of these.

    Needs a running asyncio event loop. The caller owns the three pipe ends. Raises `CommandError`.
    """
    asyncio.get_running_loop()  # fail before there is a process
    argv = list(command)
    mark = guardian.new_mark()
    environment = {**env, leftovers.MARK: mark}
    _check(argv, environment, Path(cwd))
    theirs: list[int] = []
    ours: list[int] = []
    try:
        if terminal:
            _open_terminals(theirs, ours)
        else:
            for index in range(3):
                read, write = os.pipe()
                theirs.append(read if index == 0 else write)
                ours.append(write if index == 0 else read)
        popen = subprocess.Popen(
            argv, stdin=theirs[0], stdout=theirs[1], stderr=theirs[2], env=environment, cwd=cwd, start_new_session=True
        )
    except BaseException as error:
        for descriptor in ours:
            os.close(descriptor)
        if isinstance(error, OSError | ValueError):
            raise CommandError(_explain(error, argv, environment, Path(cwd))) from error
        raise
    finally:
        for descriptor in set(theirs):
            os.close(descriptor)
    # At once: should we be killed before this line, the mark still tells the guardian, on Linux.
    guardian.register(popen.pid)
    return Server(popen, mark, guardian, (ours[0], ours[1], ours[2]))


def _open_terminals(theirs: list[int], ours: list[int]) -> None:
    """Appends the server's ends of stdin, stdout and stderr, and ours."""
    for copies in (2, 1):
        ours_here, theirs_here = os.openpty()
        theirs += [theirs_here] * copies
        ours += [ours_here] if copies == 1 else [os.dup(ours_here), ours_here]
        tty.setraw(theirs_here)  # before the server starts: a line discipline would echo, and change newlines


def exit_words(status: int) -> str:
    """How a process ended, by its status: "exited with status 3"."""
    if status >= 0:
        return f"exited with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"


def _peek(popen: subprocess.Popen[bytes]) -> int | None:
    """The exit status if there is one; on Linux without reaping, so that the number of the group stays taken."""
    if sys.platform == "linux" and popen.returncode is None:
        try:
            result = os.waitid(os.P_PID, popen.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
        except ChildProcessError:  # somebody in this process has reaped it; popen knows how to cope
            return popen.poll()
        if result is None:
            return None
        return result.si_status if result.si_code == os.CLD_EXITED else -result.si_status
    return popen.poll()


def _block_until_exit(pid: int) -> None:
    if sys.platform == "linux":
        try:
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        except ChildProcessError:
            return
    elif sys.platform != "win32":
        import select

        queue = select.kqueue()
        exit_of_pid = select.kevent(pid, select.KQ_FILTER_PROC, select.KQ_EV_ADD, select.KQ_NOTE_EXIT)
        try:
            queue.control([exit_of_pid], 1, None)
        except ProcessLookupError:  # it has exited already
            return
        finally:
            queue.close()


def _check(argv: list[str], env: Mapping[str, str], cwd: Path) -> None:
    """Find what is wrong before the attempt: afterwards all that is left is an error number."""
    if sys.platform == "win32":
        raise CommandError("servers can be launched on Linux and macOS only\n  start it yourself and give its URL")
    if not argv or not argv[0]:
        raise CommandError("the server's command is empty\n  give a program and its arguments")
    if not cwd.is_dir():
        problem = "isn't a directory" if cwd.exists() else "doesn't exist"
        raise CommandError(f"can't start {argv[0]!r}: its working directory {str(cwd)!r} {problem}")
    program = _program(argv[0], env, cwd)
    if program is None:
        directories = os.pathsep.join(os.get_exec_path(dict(env)))
        hint = "check the spelling, or give the path of the program"
        if (cwd / argv[0]).is_file():
            hint = f"a file of that name lies in {str(cwd)!r}: did you mean {'./' + argv[0]!r}?"
        raise CommandError(f"can't start {argv[0]!r}: no such program in PATH ({directories})\n  {hint}")
    if not program.exists():
        where = "" if Path(argv[0]).is_absolute() else f" (a path relative to {str(cwd)!r})"
        raise CommandError(f"can't start {argv[0]!r}: no such file{where}")
    if program.is_dir():
        raise CommandError(f"can't start {argv[0]!r}: it's a directory, not a program")
    if not os.access(program, os.X_OK):
        interpreter = {".py": "python ", ".js": "node ", ".mjs": "node ", ".sh": "sh "}.get(program.suffix, "")
        hint = f"name its interpreter: {interpreter}{argv[0]}" if interpreter else "name its interpreter first"
        raise CommandError(f"can't start {argv[0]!r}: the file isn't executable\n  chmod +x it, or {hint}")


def _program(name: str, env: Mapping[str, str], cwd: Path) -> Path | None:
    """The file that will be executed; None if a bare name is in no directory of PATH."""
    if os.sep in name:
        return cwd / name
    found = shutil.which(name, path=os.pathsep.join(os.get_exec_path(dict(env))))
    return None if found is None else Path(found)


def _explain(error: OSError | ValueError, argv: list[str], env: Mapping[str, str], cwd: Path) -> str:
    program = _program(argv[0], env, cwd)
    start = f"can't start {argv[0]!r}"
    if isinstance(error, ValueError):  # raised by subprocess itself
        return f"{start}: {error} in the command, its environment or its working directory"
    if error.errno == errno.ENOENT and program is not None and program.is_file():
        with program.open("rb") as file:
            first = file.readline(256)
        if first.startswith(b"#!"):
            interpreter = first[2:].decode(errors="backslashreplace").strip()
            return f"{start}: the first line of {str(program)!r} names an interpreter that isn't there: {interpreter!r}"
    if error.errno == errno.ENOEXEC:
        return (
            f"{start}: {str(program)!r} isn't a program for this system, nor a script with an interpreter\n"
            "  a script's first line is #! and the path of its interpreter; else name the interpreter in the command"
        )
    if error.errno == errno.E2BIG:
        return f"{start}: its arguments and environment are too long for this system"
    return f"{start}: {error.strerror or error}"
