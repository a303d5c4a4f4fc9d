"""A whole run, from options to report: what the pytest plugin and the command line drive. Knows neither of them."""

import contextlib
import difflib
import json
import os
import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mcp_conformance.budget import ENDING, Budget
from mcp_conformance.cases import loader, model
from mcp_conformance.cases.loader import LoadedCase, bundled
from mcp_conformance.cases.runner import CannotOpen
from mcp_conformance.engine import ANSWERS, Engine, Settings
from mcp_conformance.hints import Hints, load_hints
from mcp_conformance.options import OptionError, Options
from mcp_conformance.portal import BlockingSession, Door
from mcp_conformance.profile import Profile
from mcp_conformance.report import run as run_model
from mcp_conformance.report import terminal
from mcp_conformance.report.redaction import Redactor
from mcp_conformance.revisions import JUDGED
from mcp_conformance.strict_yaml import DataError
from mcp_conformance.target import PORT, HttpTarget, StdioTarget, Target
from mcp_conformance.transports.guardian import Guardian
from mcp_conformance.verdicts import Outcome, Verdict
from mcp_conformance.wire import escape

SUFFIX = ".mcp.yaml"
"""How the name of a user's suite file ends."""

_REASON_LIMIT = 500

# Build servers act on lines that begin with "::" (after blanks) and on "##[" or "##word[" anywhere.
_WORKFLOW_COMMAND = re.compile(r"^(\s*):(?=:)|#(?=#\w*\[)")


class Unusable(Exception):
    """There is no session to be had with the server under test; the message says why."""


class Harness:
    """One run against one target.

    `handed_over` is what an xdist controller tells its workers (`for_worker`), None in the controller. In this order:
    `prepare`, `start`, then cases or sessions, `finish` and `stop`.
    """

    def __init__(self, options: Options, handed_over: str | None = None) -> None:
        self.options = options
        self.worker: dict[str, Any] | None = json.loads(handed_over) if handed_over is not None else None
        self.redactor = Redactor.for_run(options.reach.secrets, os.environ)
        self.label = escape(self.redactor.text(options.reach.label))
        self.bundled_wanted = bool(self.worker and self.worker["bundled"])
        self._ids: list[str] = list(self.worker["ids"]) if self.worker else []
        self._started = time.monotonic()
        self.hints = Hints()
        self._extra: dict[str, LoadedCase] = {}
        self._files: dict[Path, list[LoadedCase]] = {}
        self._chosen: set[str] | None = None
        self._outcomes: dict[tuple[str, str], Outcome] = {}
        self._filed: dict[str, str] = {}
        self._run: dict[str, Any] | None = None
        self._unwritten = ""
        self.budget = Budget()
        self._stack = contextlib.ExitStack()
        self._door: Door | None = None

    # ---------------------------------------------------------------------------------------------------------- start

    def select_ids(self, ids: Iterable[str]) -> None:
        """Run only the items with these ids, or below them (``mcp/tools``)."""
        self._ids.extend(ids)

    def prepare(self, files: Iterable[Path]) -> None:
        """Read all files that were asked for: a mistake is told before a server is started.

        Raises `DataError` and `OptionError`.
        """
        if self.options.hints:
            self.hints = load_hints(self.options.hints)
        for file in files:
            self._file(file)
        chosen: set[str] = set()
        for wanted in self.options.select:
            chosen |= self._selected(wanted)
        self._chosen = chosen if self.options.select else None
        for wanted in self._ids:
            area = wanted.removeprefix("mcp/").partition("::")[0]
            known = {case.area for case in bundled()} | {case.area for case in self._extra.values()} | {"target"}
            if area not in known:
                raise OptionError(f"not found: {wanted} (the areas are {', '.join(sorted(known))})")

    def _selected(self, wanted: str) -> set[str]:
        """The ids that an entry of --mcp-select means. A folder with the name of an area is written with a slash."""
        found = {case.id for case in bundled() if wanted in (case.area, case.id)}
        if found or wanted in ("target", ANSWERS):
            return found or {ANSWERS}
        path = self.options.select_folder / Path(wanted).expanduser()
        if path.is_dir():
            files = sorted(path.rglob(f"*{SUFFIX}")) or sorted(path.rglob("*.yaml"))
            if not files:
                raise OptionError(f"--mcp-select={wanted}: there is no suite file (*{SUFFIX}) in {path}")
            return {case.id for file in files for case in self._file(file)}
        if path.is_file() or path.suffix in (".yaml", ".yml"):
            return {case.id for case in self._file(path)}
        areas = sorted({case.area for case in bundled()})
        close = difflib.get_close_matches(wanted, [*areas, *(case.id for case in bundled())], n=1)
        hint = f'did you mean "{close[0]}"?' if close else f"areas are {', '.join(areas)}"
        raise OptionError(f"--mcp-select={wanted}: no such area, case, suite file or folder; {hint}")

    def _file(self, path: Path) -> list[LoadedCase]:
        path = path.absolute()
        if path not in self._files:
            self._files[path] = loader.load_suite(path)
            known = {case.id: case for case in bundled()}
            for case in self._files[path]:
                other = self._extra.get(case.id) or known.get(case.id)
                if other is not None and Path(other.source).resolve() != path.resolve():
                    raise DataError(
                        case.source,
                        case.line,
                        f"case {case.id} stands also at {other.source}:{other.line}; ids are unique",
                    )
                if other is None:
                    self._extra[case.id] = case
        return self._files[path]

    def start(self, *, survey: bool = True) -> None:
        """Open the door to the event loop; in the controller, find out what the server is.

        Raises `CommandError`, and `OptionError` for an id that this server has nothing for. Without `survey`, no tool
        is called.
        """
        guardian = self._stack.enter_context(Guardian())
        target = self._target(guardian)
        self.budget = Budget(self.options.budget, self.worker["left"] if self.worker else None)
        settings = Settings(
            self.options.call,
            self.hints,
            self.options.start_deadline,
            self.options.deadline,
            self.options.revisions,
            self.budget,
        )
        engine = Engine(target, settings, self._reproduce)
        self._door = self._stack.enter_context(Door(engine))
        if self.worker is not None:
            engine.adopt(
                Profile.from_json(self.worker["profile"]),
                map(Outcome.from_json, self.worker["surveyed"]),
                self.worker["lost"],
            )
            return

        async def discover() -> Profile:
            return await engine.discover(survey=survey)

        self._door.call(discover)
        if self.found().revisions:
            there = [f"mcp/{area}::{self.item_name(*one)}" for area in self.areas() for one in self.cases(area)]
            for wanted in self._ids:
                if not any(_is_below(name, wanted) for name in there):
                    raise OptionError(
                        f"not found: {wanted} (this server has no such case; --collect-only -q lists all)"
                    )

    def _target(self, guardian: Guardian) -> Target:
        reach = self.options.reach
        env = reach.environment(os.environ)
        cwd = reach.cwd or Path.cwd()
        if not reach.url:
            return StdioTarget(command=reach.command, guardian=guardian, env=env, cwd=cwd, label=self.label)
        # A port of its own can be had by one server only: workers speak to the controller's.
        is_shared = self.worker is not None and PORT not in reach.url
        return HttpTarget(
            reach.url,
            headers=reach.headers,
            transport=reach.transport,
            label=self.label,
            ca=reach.ca,
            start_deadline=self.options.start_deadline,
            command=() if is_shared else reach.command,
            guardian=guardian,
            env=env,
            cwd=cwd,
        )

    def hurry(self) -> None:
        """From now on, servers are ended at once, by signals."""
        if self._door is not None:
            self._door.hurried = True

    def stop(self) -> None:
        """End every server. Safe to repeat."""
        profile = self.engine.profile if self._door is not None else None
        if profile is not None and (profile.failure or self.engine.stopped):
            self.hurry()  # nothing is learned from how a server that doesn't speak takes its end
        self._door = None
        self._stack.close()

    def _reproduce(self, case: str, revision: str) -> str:
        return self.options.command_line(self._case_selector(case), revision)

    def _case_selector(self, case: str) -> str:
        if case in self._extra:
            return os.path.relpath(self._extra[case].source)
        return case

    @property
    def engine(self) -> Engine:
        assert self._door is not None, "start comes first"
        return self._door.engine

    def found(self) -> Profile:
        """The profile."""
        assert self.engine.profile is not None, "start comes first"
        return self.engine.profile

    @contextlib.contextmanager
    def session(self) -> Iterator[BlockingSession]:
        """A new, initialized session in the newest revision that the server speaks. Raises `Unusable`."""
        assert self._door is not None, "start comes first"
        revisions = list(self.found().revisions)
        if not revisions:
            raise Unusable(self.redactor.text(self.found().failure) or "it speaks no revision that is known here")
        try:
            session = self._door.call(self.engine.open, revisions[-1], model.SessionOptions(open="fresh"))
        except CannotOpen as error:
            raise Unusable(self.redactor.text(str(error))) from None
        try:
            yield BlockingSession(self._door, session)
        finally:
            self._door.call(self.engine.close, session)

    # ---------------------------------------------------------------------------------------------------------- cases

    def for_worker(self) -> str:
        """What an xdist worker has to know, as JSON text: servers' strings may hold what xdist's own format can't."""
        surveyed = [outcome.to_json() for outcome in self.engine.surveyed.values()]
        made = {
            "profile": self.found().to_json(),
            "surveyed": surveyed,
            "bundled": self.bundled_wanted,
            "ids": self._ids,
            "left": self.budget.left,
            "lost": self.engine.hope.lost,
        }
        return json.dumps(made)

    def areas(self) -> list[str]:
        """The areas with anything to run, in order."""
        found = ["target", *dict.fromkeys(case.area for case in bundled())]
        found += [area for area in dict.fromkeys(case.area for case in self._extra.values()) if area not in found]
        return [area for area in found if any(True for _ in self.cases(area))]

    def cases(self, area: str) -> Iterator[tuple[str, str]]:
        """The ids and revisions of what is to run in an area."""
        if area == "target":
            if self._is_chosen(ANSWERS) and self._is_asked_for(ANSWERS, self._target_revision()):
                yield ANSWERS, self._target_revision()
            return
        chosen = self.options.select and self._chosen
        pool = [*bundled(), *(case for case in self._extra.values() if chosen)]
        for case in pool:
            if case.area == area and self._is_chosen(case.id):
                for revision in self._revisions(case):
                    if self._is_asked_for(case.id, revision):
                        yield case.id, revision

    def cases_in_file(self, path: Path) -> list[tuple[LoadedCase, str]]:
        """The cases of a user's suite file, each with the revisions that it runs in. Raises `DataError`."""
        return [(case, revision) for case in self._file(path.absolute()) for revision in self._revisions(case)]

    def _revisions(self, case: LoadedCase) -> Iterator[str]:
        for revision in self.found().revisions:
            if case.runs_on(revision, self.engine.target.transport):
                yield revision

    def _target_revision(self) -> str:
        return next(iter(self.found().offers))

    def _is_chosen(self, case: str) -> bool:
        # A dead server is told of whatever was selected: nothing else could be.
        return self._chosen is None or case in self._chosen or (case == ANSWERS and not self.found().revisions)

    def _is_asked_for(self, case: str, revision: str) -> bool:
        if not self._ids or (case == ANSWERS and not self.found().revisions):
            return True
        area = "target" if case == ANSWERS else self._case(case).area
        name = f"mcp/{area}::{self.item_name(case, revision)}"
        return any(_is_below(name, wanted) for wanted in self._ids)

    def item_name(self, case: str, revision: str) -> str:
        """The last part of an item's id."""
        if case == ANSWERS:
            return "answers"
        return f"{case}[{revision}-{self.engine.target.transport}]"

    def _case(self, case: str) -> LoadedCase:
        if case in self._extra:
            return self._extra[case]
        return next(one for one in bundled() if one.id == case)

    def place(self, case: str) -> tuple[Path, int]:
        """File and line (from 1) where a case is written."""
        found = self._case("lifecycle.initialize.is-answered" if case == ANSWERS else case)
        return Path(found.source), found.line

    def judge(self, case: str, revision: str) -> dict[str, Any]:
        """The outcome of a case as redacted JSON."""
        assert self._door is not None, "start comes first"
        if case == ANSWERS:
            outcome = self.engine.answers()
        else:
            outcome = self._door.call(self.engine.run, self._case(case), revision)
        return self._redacted(outcome)

    def _redacted(self, outcome: Outcome) -> dict[str, Any]:
        made: dict[str, Any] = self.redactor.value(outcome.to_json())
        made["reason"] = inert(made["reason"])[:_REASON_LIMIT]
        return made

    def harness_error(self, case: str, revision: str, error: BaseException) -> dict[str, Any]:
        """The outcome of a case in which we failed ourselves."""
        area = "target" if case == ANSWERS else self._case(case).area
        reason = f"{type(error).__name__}: {error}"
        return self._redacted(Outcome(case, area, revision, self.engine.target.transport, Verdict.ERROR, reason))

    # -------------------------------------------------------------------------------------------------------- results

    def pytest_outcome(self, outcome: dict[str, Any]) -> str:
        """``passed``, ``failed`` or ``skipped``: what a verdict is to pytest."""
        match outcome["verdict"]:
            case "fail":
                return "failed"
            case "warning":
                return "failed" if self.options.strict else "passed"
            case "inconclusive" | "not_applicable":
                return "skipped"
        return "passed"

    def properties(self, outcome: dict[str, Any]) -> list[tuple[str, str]]:
        """An outcome as flat properties, legible in JUnit."""
        flat = [("mcp_verdict", outcome["verdict"]), ("mcp_reason", outcome["reason"])]
        flat += [
            ("mcp_requirement", f"{row['requirement']} {row['level']} {row['verdict']}")
            for row in outcome["judgements"]
        ]
        flat += [("mcp_finding", finding["fingerprint"]) for finding in outcome["findings"]]
        return flat

    def explain(self, outcome: dict[str, Any]) -> str:
        """An outcome's findings in full, as text."""
        lines = [inert(text) for finding in outcome["findings"] for _, text in terminal.explain(finding)]
        return "\n".join(lines) or outcome["reason"]

    def file(self, outcome: dict[str, Any]) -> tuple[str, str]:
        """Take in an outcome; give its text in full, and in short for a place where findings are told elsewhere.

        Of a cause that is known already, both only name where it was first seen.
        """
        self._outcomes[outcome["case"], outcome["revision"]] = Outcome.from_json(outcome)
        name = f"mcp/{outcome['area']}::{self.item_name(outcome['case'], outcome['revision'])}"
        fresh = [finding for finding in outcome["findings"] if finding["fingerprint"] not in self._filed]
        known = [
            self._filed[finding["fingerprint"]]
            for finding in outcome["findings"]
            if finding["fingerprint"] in self._filed
        ]
        for finding in fresh:
            self._filed[finding["fingerprint"]] = name
        if not fresh:
            text = f"same cause as {', '.join(dict.fromkeys(known))}" if known else outcome["reason"]
            return text, text
        short = [
            inert(f"{finding['level']} {finding['requirement']}: observed {finding['observed']}") for finding in fresh
        ]
        return self.explain({**outcome, "findings": fresh}), "\n".join(
            [*short, "told in full under MCP conformance, below"]
        )

    def finish(self, *, complete: bool) -> None:
        """Build the run from what was filed, and write it where it was asked for."""
        if self._door is None or self.engine.profile is None or not (self._outcomes or self.bundled_wanted):
            return
        profile = self.found()
        # In the order of the suites: under xdist they arrive in any, and the same run has to give the same report.
        order = {case.id: index for index, case in enumerate([*bundled(), *self._extra.values()], 1)}
        outcomes = sorted(self._outcomes.values(), key=lambda outcome: (order.get(outcome.case, 0), outcome.revision))
        if not profile.revisions and profile.failure:
            outcomes += self._never_ran(profile)
        self._run = self.redactor.value(
            run_model.build(
                target=self.options.reach.describe(),
                profile=profile,
                outcomes=outcomes,
                settings={
                    "call": self.options.call,
                    "strict": self.options.strict,
                    "deadline": self.options.deadline,
                    "start_deadline": self.options.start_deadline,
                    "budget": self.options.budget,
                    "select": list(self.options.select),
                    "revisions": list(self.options.revisions),
                },
                versions={"suites": _digest("suites"), "catalogue": _digest("catalogue")},
                seconds=time.monotonic() - self._started,
                complete=complete,
            )
        )
        if self.options.json:
            try:
                run_model.write(self.options.json, self._run)
            except OSError as error:
                self._unwritten = f"The run could not be written to {self.options.json}: {error.strerror or error}"

    def _never_ran(self, profile: Profile) -> Iterator[Outcome]:
        """What would have run against a server that answers: inconclusive in the report, not hundreds of red items."""
        for case in bundled():
            for revision in self.options.revisions or JUDGED:
                if case.runs_on(revision, profile.transport) and (self._chosen is None or case.id in self._chosen):
                    yield Outcome(
                        case.id,
                        case.area,
                        revision,
                        profile.transport,
                        Verdict.INCONCLUSIVE,
                        self.engine.stopped or "there is no server that answers",
                    )

    def summary(self) -> Iterator[terminal.Line]:
        """The lines of the terminal's summary."""
        if self._run is None:
            return
        if self._run["cases"]:
            for style, text in terminal.summary(self._run):
                yield style, inert(text)
        if self._unwritten:
            yield "bad", self._unwritten
        elif self.options.json:
            yield "dim", f"The run is in {self.options.json}"

    def exit_status(self, status: int) -> int:
        """The exit status that the session ends with.

        1 when something that applies couldn't be judged or the report couldn't be written, 5 when nothing applied.
        """
        verdicts = {outcome.verdict for outcome in self._outcomes.values()}
        if status in (0, 5) and (Verdict.INCONCLUSIVE in verdicts or self._unwritten):
            return 1
        if status == 0 and verdicts == {Verdict.NOT_APPLICABLE}:
            return 5
        return status

    def starting(self) -> str:
        """What is said before anything is started: what, and how long all may take."""
        verb = "starting" if self.options.reach.command else "connecting to"
        bound = f"at most {self.options.budget:g} s (--mcp-budget), then {ENDING:g} s to end and report"
        return f"mcp-conformance: {verb} {self.label}; {bound}"

    def header(self) -> list[str]:
        """What pytest says at the top."""
        if self._door is None or self.engine.profile is None:
            return []
        profile = self.found()
        if not profile.revisions:
            spoken = ", ".join(sorted({version for version in profile.offers.values() if version}))
            wanted = ", ".join(self.options.revisions)
            instead = f"not {wanted}" if wanted else "which isn't judged here"
            why = inert(self.redactor.text(profile.failure or f"speaks {spoken}, {instead}"))
            return [f"mcp-conformance: {self.label}: {why}"]
        info = profile.server_info
        name = inert(
            self.redactor.text(f"{info.get('name', 'a server without a name')} {info.get('version', '')}".strip())
        )
        tools = next(reversed(profile.revisions.values())).tools
        callable_tools = sum(tool.callable for tool in tools)
        return [
            f"mcp-conformance: {name}, {', '.join(profile.revisions)} over {profile.transport}; "
            f"{callable_tools} of {len(tools)} tools may be called (--mcp-call={self.options.call})"
        ]


def inert(text: str) -> str:
    """One line of text that neither a terminal nor a build server acts on, whoever wrote it."""
    return _WORKFLOW_COMMAND.sub(
        lambda match: (match[1] or "") + ("\\x3a" if match[0].endswith(":") else "\\x23"), escape(text)
    )


def _is_below(name: str, wanted: str) -> bool:
    """Whether an item's id is, or lies below, the id that was asked for."""
    return name == wanted or name.startswith((f"{wanted}::", f"{wanted}["))


def _digest(name: str) -> str:
    """A short hash that names the version of the bundled suites or of the catalogue."""
    from mcp_conformance import compiled, requirements

    sources = loader.bundled_sources() if name == "suites" else requirements.sources()
    return compiled.digest(sources)[:12]
