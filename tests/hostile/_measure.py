"""Runs the tester against one hostile server, and watches it from outside."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from . import Hostile

MEMORY = 400  # megabytes that the tester may take, its servers not counted
ENDING = 20.0  # seconds beyond the budget that ending and reporting may take
_ROOT = Path(__file__).resolve().parents[2]
_SERVE = Path(__file__).with_name("serve.py")
_CANARY = "c4nary"
_INTERVAL = 0.05


@dataclass
class Measured:
    """What a run came to."""

    server: Hostile
    seconds: float
    megabytes: float
    """The most that the tester's own processes held at a time."""
    status: int | None
    left: list[str]
    """Processes of the servers that still ran after the run."""
    contacts: list[str]
    """Listeners that somebody connected to."""
    output: str
    run: dict[str, Any] | None
    wrong: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """The answer in one line, as the terminal has it."""
        lines = re.findall(r"^(?:Not conformant|Conformant|No answer).*$", self.output, re.M)
        return lines[-1] if lines else "none"

    @property
    def findings(self) -> list[str]:
        return [finding["requirement"] for finding in self.run["findings"]] if self.run else []


def measure(server: Hostile, folder: Path | None = None) -> Measured:
    """Run, watch and judge. Kills what is left in the end."""
    with tempfile.TemporaryDirectory() as made:
        return _measure(server, folder or Path(made))


def _measure(server: Hostile, folder: Path) -> Measured:
    contacts = folder / "contacts"
    contacts.mkdir()
    files = folder / "run"
    files.mkdir()
    mark = f"hostile-{os.getpid()}-{time.monotonic_ns()}"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
        "PYTHONPATH": os.pathsep.join([str(_ROOT / "conformance"), str(_ROOT)]),
        "HOSTILE_CONTACTS": str(contacts),
        "HOSTILE_MARK": mark,
    }
    words = [sys.executable, "-I", "-S", str(_SERVE), server.name]
    way = [f"--mcp-server={json.dumps(words)}"]
    if server.transport != "stdio":
        words.append("{port}")
        path = "sse" if server.transport == "sse" else "mcp"
        way = [f"--mcp-server={json.dumps(words)}", f"--mcp-url=http://127.0.0.1:{{port}}/{path}"]
        way += [f"--mcp-transport={server.transport}"]
    options = ["--mcp-json=run.json", "--junitxml=junit.xml", "-rA", "--color=no", *way, *server.options]
    plugins = ["-p", "no:cacheprovider", "-p", "no:hypothesispytest", *_plugin()]
    started = time.monotonic()
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *plugins, *options],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=files,
        )
        watch = _Watch(process.pid)
        try:
            status: int | None = process.wait(server.within + ENDING + 20)
        except subprocess.TimeoutExpired:
            status = None
            process.send_signal(signal.SIGKILL)
            process.wait()
        finally:
            seconds = time.monotonic() - started
            watch.stop()
    left = _ended(mark)
    text = (folder / "output").read_bytes().decode(errors="backslashreplace")
    run = json.loads((files / "run.json").read_text()) if (files / "run.json").exists() else None
    made = Measured(
        server, seconds, watch.most / 2**20, status, left, [one.name for one in contacts.iterdir()], text, run
    )
    made.wrong = list(_judge(made, files))
    return made


def _judge(made: Measured, files: Path) -> Any:
    server = made.server
    if made.status is None:
        yield "it didn't end"
    elif made.status not in server.statuses:
        yield f"exit status {made.status}"
    if not re.search(server.says, made.output):
        yield f"doesn't say {server.says}"
    if re.search(r"Traceback|INTERNALERROR|^E  .*Error:|Unclosed|ResourceWarning|never awaited", made.output, re.M):
        yield "a traceback or a warning of ours"
    if made.run is None:
        yield "no report"
    elif made.run["counts"]["error"]:
        reasons = {case["reason"] for case in made.run["cases"] if case["verdict"] == "error"}
        yield f"an error of ours: {reasons}"
    if made.seconds > server.within + ENDING:
        yield f"took {made.seconds:.0f} s, beyond {server.within:g} s"
    if made.megabytes > MEMORY:
        yield f"took {made.megabytes:.0f} MB"
    if made.left and not server.may_linger:
        yield f"left {len(made.left)} processes: {made.left[0]}"
    if made.contacts:
        yield f"connected to {made.contacts}"
    if re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u202e]", made.output):
        yield "raw control characters in the output"
    if re.search(r"^\s*::|##\w*\[", made.output, re.M):
        yield "a workflow command in the output"
    written = [path.read_text(errors="replace") for path in files.rglob("*") if path.is_file()]
    if any(_CANARY in text or "YzRuYXJ5" in text for text in (made.output, *written)):
        yield "a secret in the output"
    try:
        xml.etree.ElementTree.parse(files / "junit.xml")
    except (OSError, xml.etree.ElementTree.ParseError) as error:
        yield f"junit.xml: {error}"
    if server.is_right and made.findings:
        yield f"accused: {made.findings}"


def _plugin() -> list[str]:
    from importlib.metadata import entry_points

    return [] if entry_points(group="pytest11", name="mcp_conformance") else ["-p", "mcp_conformance.plugin"]


class _Watch:
    """Samples the memory of a process and its descendants, but for the servers, which are marked by their command."""

    def __init__(self, pid: int) -> None:
        self.most = 0
        self._process = psutil.Process(pid)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        # Servers lead sessions of their own, and so do their descendants; only pytest and its workers share ours.
        session = os.getsid(self._process.pid)
        while not self._done.wait(_INTERVAL):
            total = 0
            try:
                for one in (self._process, *self._process.children(recursive=True)):
                    try:
                        if os.getsid(one.pid) == session:
                            total += one.memory_info().rss
                    except (psutil.Error, ProcessLookupError):
                        continue
            except psutil.Error:
                continue
            self.most = max(self.most, total)


def _ended(mark: str) -> list[str]:
    """Processes with this mark in their environment, which are killed; by then all should be gone."""
    left = []
    for _ in range(20):
        found = []
        for process in psutil.process_iter():
            try:
                environment = process.environ()
                if environment.get("HOSTILE_MARK") == mark and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        if not found:
            break
        for process in found:
            try:
                left.append(f"{process.pid} {' '.join(process.cmdline())[:100]}")
                process.kill()
            except psutil.Error:
                continue
        time.sleep(_INTERVAL)
    return left
