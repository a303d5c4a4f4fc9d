"""Processes that don't end, hide, or end too soon."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from hostile import MAY_PASS, hostile
from hostile._right import Right

_SLEEP = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"]
_STUBBORN = [
    *_SLEEP[:-1],
    "import signal, time; [signal.signal(n, signal.SIG_IGN) for n in (15, 2, 1)]; time.sleep(600)",
]


@hostile("a child that keeps stdout, stderr and stdin open and outlives it", **MAY_PASS)
def grandchild_holds_the_pipes() -> None:
    subprocess.Popen(_SLEEP)
    Right().serve()


@hostile("a child in a session of its own", **MAY_PASS)
def child_in_its_own_session() -> None:
    subprocess.Popen(_STUBBORN, start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    Right().serve()


@hostile("a daemon: forked twice, in its own session, its pipes closed", **MAY_PASS)
def daemon() -> None:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in range(3):
                os.close(number)
            os.execv(_STUBBORN[0], _STUBBORN)
        os._exit(0)
    Right().serve()


@hostile("a child that starts another when it ends, and that one too", **MAY_PASS, quick=True)
def respawn() -> None:
    code = (
        "import subprocess, sys, signal, time\n"
        "def again(*_):\n"
        "    subprocess.Popen(sys.orig_argv, start_new_session=True)\n"
        "    sys.exit()\n"
        "signal.signal(15, again)\n"
        "time.sleep(600)\n"
    )
    subprocess.Popen([sys.executable, "-I", "-S", "-c", code], start_new_session=True, stdout=subprocess.DEVNULL)
    Right().serve()


@hostile("fifty children, each in its own session", **MAY_PASS)
def fifty_children() -> None:
    for _ in range(50):
        if os.fork() == 0:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(600)
    Right().serve()


@hostile("a daemon that has cleaned its environment too", may_linger=True, **MAY_PASS)
def daemon_without_a_mark() -> None:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in range(3):
                os.close(number)
            os.execve(_SLEEP[0], [*_SLEEP[:-1], "import time; time.sleep(60)"], {"HOSTILE_DAEMON": "1"})
        os._exit(0)
    Right().serve()


@hostile("ignores SIGTERM and the end of its input", **MAY_PASS)
def ignores_sigterm() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    Right().serve()
    time.sleep(600)


@hostile("writes on while it is being ended, and ignores SIGTERM", within=90, **MAY_PASS)
def writes_to_the_end() -> None:
    from hostile._right import write
    from hostile.floods import NOTE

    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Right().serve()
    while True:
        write(NOTE * 100)


@hostile("exits at the start", quick=True)
def dies_at_start() -> None:
    sys.exit("can't start: ::error::pwned")


@hostile("crashes at the start with SIGSEGV")
def crashes_at_start() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


class _Mortal(Right):
    """Exits after so many answers."""

    left = 1

    def send(self, message: Any) -> None:
        super().send(message)
        self.left -= 1
        if not self.left:
            sys.exit(3)


@hostile("exits after initialize")
def dies_after_initialize() -> None:
    _Mortal().serve()


@hostile("exits after 8 answers")
def dies_after_8_answers() -> None:
    _Mortal.left = 8
    _Mortal().serve()


@hostile("starts five times, then never again")
def starts_five_times() -> None:
    # Counts its starts in the folder that it runs in, which is fresh in each run.
    starts = Path(os.environ["HOSTILE_CONTACTS"]).with_name("starts")
    starts.mkdir(exist_ok=True)
    (starts / str(os.getpid())).touch()
    if len(list(starts.iterdir())) > 5:
        sys.exit("enough")
    Right().serve()


@hostile("starts five times, then is mute")
def mute_after_five_starts() -> None:
    starts = Path(os.environ["HOSTILE_CONTACTS"]).with_name("starts")
    starts.mkdir(exist_ok=True)
    (starts / str(os.getpid())).touch()
    if len(list(starts.iterdir())) > 5:
        time.sleep(600)
    Right().serve()
