"""The pytest plugin: hooks and fixtures, and nothing else. Nothing heavy is imported until there is a target."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from mcp_conformance.flags import FLAGS, SERVER, TARGET, WAY

if TYPE_CHECKING:
    from mcp_conformance.harness import Harness
    from mcp_conformance.options import Raw
    from mcp_conformance.portal import BlockingSession
    from mcp_conformance.profile import Profile

_HARNESS: pytest.StashKey[Harness] = pytest.StashKey()
# Whose --mcp-server is: "ours", "theirs", or "free", when it wasn't used and so not registered.
_OWNER: pytest.StashKey[str] = pytest.StashKey()


# ------------------------------------------------------------------------------------------------------------ options


def pytest_addoption(parser: pytest.Parser) -> None:
    # Native numbers in a TOML file came with pytest 9; before, its "string" takes what a file says.
    number = "float" if pytest.version_tuple >= (9,) else "string"
    types = {"flag": "bool", "list": "linelist", "text": "string", "seconds": number}
    group = parser.getgroup("mcp-conformance", "MCP conformance")
    parser.addini(SERVER.dest, f"{SERVER.help} (--mcp-server)", default=None)
    for flag in FLAGS:
        default = False if flag.kind == "flag" else None
        parser.addini(flag.dest, f"{flag.help} ({flag.option})", type=types[flag.kind], default=default)  # type: ignore[arg-type]
        if flag.kind == "flag":
            group.addoption(flag.option, dest=flag.dest, action="store_true", default=None, help=flag.help)
        else:
            action = "append" if flag.kind == "list" else "store"
            group.addoption(
                flag.option, dest=flag.dest, action=action, metavar=flag.metavar, default=None, help=flag.help
            )


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> Generator[None, Any, Any]:
    """--mcp-server belongs to other plugins too: it is registered when all others, conftests included, had their turn.

    And only for those who use it: a conftest further down, loaded much later, may want to register it as well.
    """
    result = yield
    used = any(word.startswith("--mcp-server") or word in ("-h", "--help") for word in args)
    if used or _ini(early_config, SERVER.dest):
        try:
            _, unknown = parser.parse_known_and_unknown_args(["--mcp-server=x"])
            free = "--mcp-server=x" in unknown
        except (Exception, SystemExit):
            free = False  # it exists and doesn't like our value
        early_config.stash[_OWNER] = ("ours" if used else "free") if free else "theirs"
        if used and free:
            group = parser.getgroup("mcp-conformance", "MCP conformance")
            group.addoption("--mcp-server", dest=SERVER.dest, metavar=SERVER.metavar, default=None, help=SERVER.help)
    return result


def _ini(config: pytest.Config, name: str) -> Any:
    try:
        return config.getini(name) or None
    except (TypeError, ValueError) as error:
        raise pytest.UsageError(f"mcp-conformance: {name}: {error}") from None


def _typed_server(config: pytest.Config) -> str | None:
    """The command after --mcp-server. One that others own is meant for us only if something of ours is given, too."""
    owner = config.stash.get(_OWNER, "free")
    given = config.getoption(SERVER.dest, None) if owner == "ours" else None
    if owner == "theirs" and any(
        config.getoption(flag.dest, None) is not None or _ini(config, flag.dest) for flag in FLAGS
    ):
        given = config.getoption("--mcp-server", None)
        given = given[-1] if isinstance(given, list | tuple) and given else given
    return given if isinstance(given, str) and given else None


def _raw(config: pytest.Config, server: str | None) -> Raw:
    """Values as they were given; what is typed, after -o too, is relative to where it is typed.

    A server that is named on the command line takes the place of the ini file's with all that belongs to it: its
    headers are for nobody else.
    """
    from mcp_conformance.options import Raw

    home = config.inipath.parent if config.inipath else config.invocation_params.dir
    typed = {flag.name for flag in (SERVER, *FLAGS) if flag.name in TARGET and _is_typed(config, flag.dest, server)}
    left_out = WAY if typed else ()
    if typed and "server" not in typed:
        left_out = (*left_out, "env", "env_clear", "cwd")
    values: dict[str, Any] = {}
    folders: dict[str, Path] = {}
    for flag in (SERVER, *FLAGS):
        given = server if flag is SERVER else config.getoption(flag.dest, None)
        overridden = _is_overridden(config, flag.dest)
        configured = _ini(config, flag.dest) if overridden or flag.name not in left_out else None
        if flag.name in ("env", "header"):
            values[flag.name] = [*(configured or ()), *(given or ())]
            continue
        values[flag.name] = configured if given is None else given
        if given is None and not overridden:
            folders[flag.name] = home
    return Raw(values, folders)


def _is_typed(config: pytest.Config, name: str, server: str | None) -> bool:
    """Whether a target stands on the command line."""
    given = server if name == SERVER.dest else config.getoption(name, None)
    return bool(given) or _is_overridden(config, name)


def _is_overridden(config: pytest.Config, name: str) -> bool:
    return any(entry.partition("=")[0] == name for entry in config.getoption("override_ini", None) or ())


_NEEDING = ("select", "json", "header", "transport", "ca")  # given without a server, a server was forgotten


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "mcp(area): a conformance case of that area; set by pytest-mcp-conformance")
    if config.getoption("help", False) or config.getoption("version", 0):
        return
    server = _typed_server(config)
    targets = [flag.dest for flag in (SERVER, *FLAGS) if flag.name in TARGET]
    alone = any(_is_typed(config, name, server) for name in targets)
    if not alone and not any(_ini(config, name) for name in targets):
        for flag in FLAGS:
            if flag.name in _NEEDING and config.getoption(flag.dest, None):
                raise pytest.UsageError(
                    f"mcp-conformance: {flag.option} needs a server to test: add --mcp-server=COMMAND or --mcp-url=URL"
                )
        return
    from mcp_conformance.harness import Harness
    from mcp_conformance.options import OptionError, parse
    from mcp_conformance.revisions import JUDGED

    try:
        options = parse(
            _raw(config, server), os.environ, JUDGED, server_by_ini=config.stash.get(_OWNER, "") == "theirs"
        )
    except OptionError as error:
        raise pytest.UsageError(f"mcp-conformance: {error}") from None
    harness = config.stash[_HARNESS] = Harness(options, getattr(config, "workerinput", {}).get("mcp_conformance"))
    config.pluginmanager.register(Impatience(harness), "mcp-conformance-impatience")
    if harness.worker is None:
        config.pluginmanager.register(Reporter(config, harness), "mcp-conformance-reporter")
    _choose_paths(config, harness, alone=alone)


def _choose_paths(config: pytest.Config, harness: Harness, *, alone: bool) -> None:
    """What is collected.

    Explicit paths are all, and our ids among them are a selection. Without paths, a target or a selection on the
    command line means our suites only, and a target in the ini file our suites as well.
    """
    selected = bool(config.getoption("--mcp-select", None))
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        harness.bundled_wanted = True
        if alone or selected:
            config.args[:] = []
        return
    ids = [
        argument
        for argument in config.args
        if argument.startswith("mcp/") and not Path(argument.partition("::")[0]).exists()
    ]
    config.args[:] = [argument for argument in config.args if argument not in ids]
    harness.bundled_wanted = bool(ids) or selected
    if harness.worker is None:
        harness.select_ids(ids)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """The controller finds out what the server is, once, before collection; workers are told."""
    config = session.config
    harness = config.stash.get(_HARNESS, None)
    if harness is None:
        return
    from mcp_conformance.harness import SUFFIX
    from mcp_conformance.options import OptionError
    from mcp_conformance.strict_yaml import DataError
    from mcp_conformance.transports.process import CommandError

    files = [
        config.invocation_params.dir / path
        for path in (argument.partition("::")[0] for argument in config.args)
        if path.endswith(SUFFIX)
    ]
    try:
        harness.prepare(files)
        terminal = config.pluginmanager.getplugin("terminalreporter")
        if terminal is not None and harness.worker is None and config.getoption("verbose") >= 0:
            terminal.write_line(harness.starting(), flush=True)
        harness.start(survey=not _only_looks(config))
    except (CommandError, DataError, OptionError) as error:
        harness.hurry()
        harness.stop()
        raise pytest.UsageError(f"mcp-conformance: {harness.redactor.text(str(error))}") from None
    except BaseException:
        harness.hurry()
        harness.stop()
        raise


def _only_looks(config: pytest.Config) -> bool:
    """Nothing will run: finding out which revisions the server speaks is enough."""
    return any(
        config.getoption(name, False) for name in ("collectonly", "showfixtures", "show_fixtures_per_test", "setuponly")
    )


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """xdist: what was found travels to the worker."""
    if (harness := node.config.stash.get(_HARNESS, None)) is not None:
        node.workerinput["mcp_conformance"] = harness.for_worker()


def pytest_report_header(config: pytest.Config) -> list[str]:
    harness = config.stash.get(_HARNESS, None)
    return harness.header() if harness is not None else []


# --------------------------------------------------------------------------------------------------------- collection


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if isinstance(collector, pytest.Session) and report.passed:
        harness = collector.config.stash.get(_HARNESS, None)
        if harness is not None and harness.bundled_wanted:
            report.result = [*report.result, *(Area.of(collector, area) for area in harness.areas())]
    return report


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.name.endswith(".mcp.yaml") and parent.config.stash.get(_HARNESS, None) is not None:
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
            yield CaseItem.of(self, harness.item_name(case, revision), case, revision)


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
            yield CaseItem.of(self, harness.item_name(case.id, revision), case.id, revision)


class Nonconformance(Exception):
    """Carries an outcome out of `CaseItem.runtest`."""


class CaseItem(pytest.Item):
    """One case in one revision."""

    @classmethod
    def of(cls, parent: pytest.Collector, name: str, case: str, revision: str) -> CaseItem:
        # The id in full: from a name alone, pytest 9.2 makes one that its --lf doesn't find again.
        nodeid = f"{parent.nodeid}::{name}"
        made: CaseItem = cls.from_parent(parent, name=name, nodeid=nodeid, case=case, revision=revision)
        return made

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
        match harness.pytest_outcome(outcome):
            case "failed":
                raise Nonconformance
            case "skipped":
                pytest.skip(outcome["reason"])

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, Nonconformance) and self.outcome is not None:
            return self.config.stash[_HARNESS].explain(self.outcome)
        excinfo.traceback = excinfo.traceback.cut(path=__file__)  # without pytest's own part
        shown = super().repr_failure(excinfo, style)
        text = str(shown)
        redacted = self.config.stash[_HARNESS].redactor.text(text)
        return shown if redacted == text else redacted

    def reportinfo(self) -> tuple[Path, int | None, str]:
        path, line = self.config.stash[_HARNESS].place(self.case)
        return path, line - 1, f"{self.case} ({self.revision})"


# ------------------------------------------------------------------------------------------------------------ reports


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if not isinstance(item, CaseItem) or call.when != "call":
        return report
    harness = item.config.stash[_HARNESS]
    if item.outcome is None and call.excinfo is not None:
        item.outcome = harness.harness_error(item.case, item.revision, call.excinfo.value)
    if item.outcome is not None:
        # Text, since xdist can't carry every string that JSON can.
        report.mcp_conformance = json.dumps(item.outcome)  # type: ignore[attr-defined]
        item.user_properties[:] = harness.properties(item.outcome)  # JUnit takes them from the item's teardown
        report.user_properties.extend(item.user_properties)
        if report.skipped:
            path, line = harness.place(item.case)
            report.longrepr = (str(path), line, item.outcome["reason"])
    item.outcome = None  # a plugin may run the item again
    return report


def _outcome(report: pytest.TestReport | pytest.CollectReport) -> dict[str, Any] | None:
    """The outcome that a report carries."""
    text = getattr(report, "mcp_conformance", None)
    found: dict[str, Any] | None = json.loads(text) if text is not None else None
    return found


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    outcome = _outcome(report)
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


class _Crash(NamedTuple):
    """What pytest puts behind the name of a failed test in its short summary."""

    message: str


class _Pointer:
    """A failure's text; but a pointer on the terminal, where the summary shows each finding once."""

    def __init__(self, text: str, short: str) -> None:
        self._text, self._short = text, short
        self.reprcrash = _Crash(short.partition("\n")[0])

    def __str__(self) -> str:
        return self._text

    def toterminal(self, out: Any) -> None:
        out.line(self._short)


class Impatience:
    """Whoever pressed Ctrl-C isn't to wait for the good manners of servers."""

    def __init__(self, harness: Harness) -> None:
        self._harness = harness

    def pytest_keyboard_interrupt(self) -> None:
        self._harness.hurry()


class Reporter:
    """The controller's side: takes in outcomes as reports arrive, and tells of them at the end."""

    def __init__(self, config: pytest.Config, harness: Harness) -> None:
        self._config, self._harness = config, harness

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        outcome = _outcome(report)
        if outcome is None:
            return
        text, short = self._harness.file(outcome)
        if report.failed and outcome["findings"]:
            report.longrepr = _Pointer(text, short)  # type: ignore[assignment]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if _only_looks(self._config):
            return
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
            terminalreporter.write_sep("=", "MCP conformance")
        for style, text in lines:
            terminalreporter.write_line(text, **markup[style])


def pytest_unconfigure(config: pytest.Config) -> None:
    if (harness := config.stash.get(_HARNESS, None)) is not None:
        harness.stop()


# -------------------------------------------------------------------------------------- fixtures for users' own tests


def _target(request: pytest.FixtureRequest) -> Harness:
    harness = request.config.stash.get(_HARNESS, None)
    if harness is None:
        pytest.skip("there is no MCP server to test: give --mcp-server=COMMAND, --mcp-url=URL, or an ini key")
    return harness


@pytest.fixture(scope="session")
def mcp_profile(request: pytest.FixtureRequest) -> Profile:
    """What the server under test was found to be: revisions, capabilities, tools with arguments that it accepts."""
    return _target(request).found()


@pytest.fixture
def mcp_session(request: pytest.FixtureRequest) -> Iterator[BlockingSession]:
    """A new, initialized session with the server under test, in the newest revision that it speaks."""
    harness = _target(request)
    from mcp_conformance.harness import Unusable

    with contextlib.ExitStack() as stack:
        try:
            session = stack.enter_context(harness.session())
        except Unusable as error:
            pytest.fail(f"the MCP server can't be used: {error}", pytrace=False)
        yield session
