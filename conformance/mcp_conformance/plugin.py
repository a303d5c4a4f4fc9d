"""The pytest plugin: hooks and fixtures, and nothing else. Nothing heavy is imported until there is a target."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mcp_conformance.harness import Harness
    from mcp_conformance.portal import BlockingSession
    from mcp_conformance.profile import Profile

_HARNESS: pytest.StashKey[Harness] = pytest.StashKey()
_OWNS_SERVER: pytest.StashKey[bool] = pytest.StashKey()

SUFFIX = ".mcp.yaml"

# dest, kind, metavar, help. An ini key `mcp_conformance_<dest>` goes with each; --mcp-server itself is registered late, see below.
_OPTIONS: tuple[tuple[str, str, str, str], ...] = (
    ("env", "list", "NAME=VALUE", "a variable for the server's environment; the value is redacted in all output (repeatable)"),
    ("env_clear", "flag", "", "give the server only what --mcp-env says, not the caller's environment"),
    ("cwd", "text", "DIR", "the folder in which the server is started"),
    ("revision", "list", "DATE", "judge only this revision of the protocol (repeatable; default: all that the server speaks)"),
    ("select", "list", "WHAT", "run only this area, case id, suite file or folder of suite files (repeatable)"),
    ("call", "text", "LEVEL", "which tools may be called: safe (default), readonly, all, none"),
    ("hints", "text", "FILE", "what you know of your server: good arguments, tools never to call"),
    ("start_deadline", "text", "SECONDS", "how long the server may take to its first message (default 60)"),
    ("deadline", "text", "SECONDS", "how long it may take to answer a request (default 10)"),
    ("strict", "flag", "", "fail also where only a SHOULD is broken"),
    ("json", "text", "FILE", "write the run as JSON"),
)
_SERVER_HELP = "the command that starts the server under test: words as in a shell, or a JSON array"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("mcp-conformance", "MCP conformance")
    parser.addini("mcp_conformance_server", f"{_SERVER_HELP} (--mcp-server)", default=None)
    for name, kind, metavar, text in _OPTIONS:
        option = f"--mcp-{name.replace('_', '-')}"
        dest = f"mcp_conformance_{name}"
        if kind == "flag":
            group.addoption(option, dest=dest, action="store_true", default=None, help=text)
            parser.addini(dest, f"{text} ({option})", type="bool", default=False)
        else:
            action = "append" if kind == "list" else "store"
            group.addoption(option, dest=dest, action=action, metavar=metavar, default=None, help=text)
            parser.addini(dest, f"{text} ({option})", type="linelist" if kind == "list" else "string", default=None)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser) -> Generator[None, Any, Any]:
    """--mcp-server belongs to other plugins too. It is registered when all others, conftests included, have had their turn."""
    result = yield
    try:
        _, unknown = parser.parse_known_and_unknown_args(["--mcp-server=x"])
        free = "--mcp-server=x" in unknown
    except (Exception, SystemExit):
        free = False  # it exists and doesn't like our value
    if free:
        group = parser.getgroup("mcp-conformance", "MCP conformance")
        group.addoption("--mcp-server", dest="mcp_conformance_server", metavar="CMD", default=None, help=_SERVER_HELP)
    early_config.stash[_OWNS_SERVER] = free
    return result


def _raw_options(config: pytest.Config) -> tuple[dict[str, Any], bool, bool]:
    """Raw values by name; whether the target is from the command line; whether --mcp-server is somebody else's."""
    raw: dict[str, Any] = {}
    ours = False
    for name, kind, _, _ in _OPTIONS:
        given = config.getoption(f"mcp_conformance_{name}", None)
        ours = ours or given is not None
        configured = config.getini(f"mcp_conformance_{name}") or None
        ours = ours or configured is not None
        raw[name] = configured if given is None else [*(configured or ()), *given] if kind == "list" and name == "env" else given
    owned = config.stash.get(_OWNS_SERVER, False)
    if owned:
        given = config.getoption("mcp_conformance_server", None)
    else:
        given = config.getoption("--mcp-server", None) if ours else None
        given = given[-1] if isinstance(given, list | tuple) and given else given
        given = given if isinstance(given, str) else None
    raw["server"] = given or config.getini("mcp_conformance_server") or None
    return raw, bool(given), not owned


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "mcp(area): a conformance case of that area; set by pytest-mcp-conformance")
    raw, from_command_line, shared = _raw_options(config)
    if not raw["server"]:
        if config.getoption("mcp_conformance_select", None) or config.getoption("mcp_conformance_json", None):
            raise pytest.UsageError("mcp-conformance: there is no server to test; add --mcp-server=COMMAND")
        return
    if config.getoption("help", False) or config.getoption("version", 0):
        return
    from mcp_conformance.options import OptionError, parse
    from mcp_conformance.harness import Harness
    from mcp_conformance.revisions import JUDGED

    try:
        options = parse(raw, os.environ, JUDGED, from_command_line=from_command_line, server_by_ini=shared)
        harness = Harness(options, getattr(config, "workerinput", {}).get("mcp_conformance"))
    except OptionError as error:
        raise pytest.UsageError(f"mcp-conformance: {error}") from None
    config.stash[_HARNESS] = harness
    if harness.worker is None:
        config.pluginmanager.register(Reporter(config, harness), "mcp-conformance-reporter")
    _choose_paths(config, harness)


def _choose_paths(config: pytest.Config, harness: Harness) -> None:
    """A target on the command line without paths means: our suites only. Ids of ours given as paths are a selection."""
    by_path = config.args_source is pytest.Config.ArgsSource.ARGS
    ids = [argument for argument in config.args if by_path and argument.startswith("mcp/") and not Path(argument.split("::")[0]).exists()]
    config.args[:] = [argument for argument in config.args if argument not in ids]
    if harness.worker is None:
        harness.select_ids(ids)
        harness.bundled_wanted = bool(harness.options.select or ids) or not by_path
    if harness.options.from_command_line and not by_path:
        config.args[:] = []
    elif ids and not config.args:
        config.args_source = pytest.Config.ArgsSource.ARGS


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """The controller finds out what the server is, once, before collection; workers are told."""
    harness = session.config.stash.get(_HARNESS, None)
    if harness is None:
        return
    from mcp_conformance.strict_yaml import DataError
    from mcp_conformance.transports.process import CommandError

    try:
        harness.load_suites([argument for argument in session.config.args if argument.endswith(SUFFIX)])
        if harness.worker is None and session.config.getoption("verbose") >= 0:
            print(f"mcp-conformance: starting {harness.label}", flush=True)
        harness.start(survey=not session.config.option.collectonly)
    except (CommandError, DataError, OSError) as error:
        harness.stop()
        raise pytest.UsageError(f"mcp-conformance: {harness.redactor.text(str(error))}") from None
    except BaseException:
        harness.stop()
        raise


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """xdist: what was found travels to the worker."""
    if (harness := node.config.stash.get(_HARNESS, None)) is not None:
        node.workerinput["mcp_conformance"] = harness.for_worker()


def pytest_report_header(config: pytest.Config) -> list[str]:
    harness = config.stash.get(_HARNESS, None)
    return harness.header() if harness is not None else []


# ------------------------------------------------------------------------------------------------------------- collection


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if isinstance(collector, pytest.Session) and report.passed:
        harness = collector.config.stash.get(_HARNESS, None)
        if harness is not None and harness.bundled_wanted:
            report.result = [*report.result, *(Area.of(collector, area) for area in harness.areas())]
    return report


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.name.endswith(SUFFIX) and parent.config.stash.get(_HARNESS, None) is not None:
        return SuiteFile.from_parent(parent, path=file_path)
    return None


class Area(pytest.Collector):
    """The bundled cases of one area. Its id doesn't depend on where the package is installed."""

    @classmethod
    def of(cls, session: pytest.Session, area: str) -> Area:
        made: Area = cls.from_parent(session, name=area, nodeid=f"mcp/{area}")
        return made

    def collect(self) -> Iterator[CaseItem]:
        harness = self.config.stash[_HARNESS]
        for case, revision in harness.cases(self.name):
            yield CaseItem.from_parent(self, name=harness.item_name(case, revision), case=case, revision=revision)


class SuiteFile(pytest.File):
    """A suite in a user's repository."""

    def collect(self) -> Iterator[CaseItem]:
        from mcp_conformance.strict_yaml import DataError

        harness = self.config.stash[_HARNESS]
        try:
            cases = harness.cases_in_file(self.path)
        except DataError as error:
            raise self.CollectError(str(error)) from None
        for case, revision in cases:
            yield CaseItem.from_parent(self, name=harness.item_name(case.id, revision), case=case.id, revision=revision)


class Nonconformance(Exception):
    """Carries an outcome out of `CaseItem.runtest`."""


class CaseItem(pytest.Item):
    """One case in one revision."""

    def __init__(self, *, case: str, revision: str, **rest: Any) -> None:
        super().__init__(**rest)
        self.case, self.revision = case, revision
        area = case.partition(".")[0]
        self.add_marker(pytest.mark.mcp(area))
        self.extra_keyword_matches.update((area, case, revision))
        self.outcome: dict[str, Any] | None = None

    def runtest(self) -> None:
        harness = self.config.stash[_HARNESS]
        self.outcome = outcome = harness.judge(self.case, self.revision)
        self.user_properties.extend(harness.properties(outcome))
        match harness.pytest_outcome(outcome):
            case "failed":
                raise Nonconformance
            case "skipped":
                pytest.skip(outcome["reason"])

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, Nonconformance) and self.outcome is not None:
            return self.config.stash[_HARNESS].explain(self.outcome)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        path, line = self.config.stash[_HARNESS].place(self.case)
        return path, line - 1, f"{self.case} ({self.revision})"


# ---------------------------------------------------------------------------------------------------------------- reports


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if isinstance(item, CaseItem) and call.when == "call":
        harness = item.config.stash[_HARNESS]
        if item.outcome is None and call.excinfo is not None:
            item.outcome = harness.harness_error(item.case, item.revision, call.excinfo.value)
        report.mcp_conformance = item.outcome
        if report.skipped and item.outcome is not None:
            path, line = harness.place(item.case)
            report.longrepr = (str(path), line, item.outcome["reason"])
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    outcome = getattr(report, "mcp_conformance", None)
    if outcome is None or report.when != "call":
        return None
    match outcome["verdict"]:
        case "warning" if report.passed:
            return "warning", "W", ("WARNING", {"yellow": True})
        case "inconclusive":
            return "inconclusive", "I", ("INCONCLUSIVE", {"yellow": True})
        case "error":
            return "error", "E", ("ERROR", {"red": True})
    return None


class _Pointer:
    """Stands in for a failure's text on the terminal, where the summary shows each finding once; everywhere else it is the text."""

    def __init__(self, text: str, short: str) -> None:
        self._text, self._short = text, short

    def __str__(self) -> str:
        return self._text

    def toterminal(self, out: Any) -> None:
        out.line(self._short)


class Reporter:
    """The controller's side: takes in outcomes as reports arrive, and tells of them at the end."""

    def __init__(self, config: pytest.Config, harness: Harness) -> None:
        self._config, self._harness = config, harness

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        outcome = getattr(report, "mcp_conformance", None)
        if outcome is None:
            return
        text, short = self._harness.file(outcome)
        if report.failed and outcome["findings"]:
            report.longrepr = _Pointer(text, short)  # type: ignore[assignment]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        self._harness.finish(complete=not session.shouldstop and not session.shouldfail and exitstatus in (0, 1, 5))
        changed = self._harness.exit_status(int(exitstatus))
        if changed != exitstatus:
            session.exitstatus = changed

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        markup: dict[str, dict[str, bool]] = {
            "plain": {}, "good": {"green": True}, "bad": {"red": True, "bold": True}, "warn": {"yellow": True},
            "dim": {"light": True}, "strong": {"bold": True},
        }  # fmt: skip
        lines = list(self._harness.summary())
        if lines:
            terminalreporter.section("MCP conformance")
        for style, text in lines:
            terminalreporter.write_line(text, **markup[style])


def pytest_unconfigure(config: pytest.Config) -> None:
    if (harness := config.stash.get(_HARNESS, None)) is not None:
        harness.stop()


# --------------------------------------------------------------------------------------------- fixtures for users' own tests


def _target(request: pytest.FixtureRequest) -> Harness:
    harness = request.config.stash.get(_HARNESS, None)
    if harness is None:
        pytest.skip("there is no MCP server to test: give --mcp-server=COMMAND or the ini key mcp_conformance_server")
    return harness


@pytest.fixture(scope="session")
def mcp_profile(request: pytest.FixtureRequest) -> Profile:
    """What the server under test was found to be: revisions, capabilities, tools with arguments that it accepts."""
    return _target(request).found()


@pytest.fixture
def mcp_session(request: pytest.FixtureRequest) -> Iterator[BlockingSession]:
    """A new, initialized session with the server under test, in the newest revision that it speaks."""
    with _target(request).session() as session:
        yield session
