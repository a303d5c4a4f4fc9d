"""Log messages and the level that is set for them (server/utilities/logging)."""

# ruff: noqa: RUF012 - the class attributes here are constants, each of one fault

from dataclasses import replace

from reference_servers.engine import JSON, Call, Connection, ProtocolError, Request, Server, Tool
from reference_servers.engine.server import Log

from . import fault, since, variant
from ._spoiling import Message, Rewriting, answers, results
from ._workshop import READ_ONLY, workshop

DECLARED, FIELDS, DATA, LOGGERS, KEPT, RATE, SECRETS, PERSONAL = (
    f"logging.{kind}"
    for kind in (
        "capability.is-declared",
        "messages.fields-are-valid",
        "messages.say-something",
        "loggers.keep-their-names",
        "level.is-kept",
        "rate.is-limited",
        "messages.hold-no-secrets",
        "messages.hold-no-personal-data",
    )
)
TAKEN, UNKNOWN, MISTYPED, RAISED = (
    f"logging.level.{kind}"
    for kind in ("all-are-taken", "unknown-is-refused", "mistyped-is-refused", "raised-silences-the-rest")
)
NEGOTIATED = "lifecycle.capabilities.only-negotiated"
VALID = "base.notifications-are-valid"


@fault("logs-during-calls-without-the-capability",
       breaks=["logging.declare-capability", "lifecycle.negotiated-capabilities-only"],
       cases=[DECLARED, NEGOTIATED], server=workshop)  # fmt: skip
class Undeclared(Connection):
    def capabilities(self) -> dict[str, JSON]:
        return {name: value for name, value in super().capabilities().items() if name != "logging"}


class Logging(Connection):
    """Logs something else in place of what its tools log."""

    def spoil(self, params: Message, request: Request) -> list[Message]:
        return [params]

    def log(self, request: Request) -> Log:
        async def log(level: str, data: JSON, logger: str | None = None) -> None:
            params = {"level": level, "data": data} | ({} if logger is None else {"logger": logger})
            if self.is_wanted(level, request):
                for spoilt in self.spoil(params, request):
                    await self.notify("notifications/message", spoilt)

        return log

    def is_wanted(self, level: str, request: Request) -> bool:
        levels = ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")
        lowest = self.log_level(request)
        return lowest is not None and levels.index(level) >= levels.index(lowest)


@fault("logs-whatever-the-level", breaks="logging.level-respected", cases=[RAISED],
       may={KEPT: "seen too where tools say that they may be called twice"}, server=workshop)  # fmt: skip
class WhateverLevel(Logging):
    def is_wanted(self, level: str, request: Request) -> bool:
        return True


# Before 2025-03-26 there are no annotations, and the survey calls no tool a second time.
@fault("keeps-to-the-level-set-first", breaks="logging.level-respected", cases=[KEPT, RAISED], server=workshop,
       revisions=since("2025-03-26"))  # fmt: skip
class FirstLevel(Connection):
    """The level is one for all sessions, and whatever is set later has no effect."""

    async def on_set_level(self, request: Request) -> JSON:
        result = await super().on_set_level(request)
        self._log_level = "debug"
        return result


@fault("knows-only-half-of-the-levels", breaks="logging.level-respected", cases=[TAKEN],
       may={RAISED: "it sets one of those that are refused"}, server=workshop)  # fmt: skip
class HalfOfTheLevels(Connection):
    async def on_set_level(self, request: Request) -> JSON:
        if request.params.get("level") in ("notice", "critical", "alert", "emergency"):
            raise ProtocolError(-32602, "no such level")
        return await super().on_set_level(request)


OBJECTS = "base.results.are-objects"
NOT_AN_OBJECT = ("schema.JSONRPCResponse", "schema.JSONRPCResultResponse", "schema.EmptyResult")

fault("set-level-has-a-null-result", breaks=NOT_AN_OBJECT, cases=[OBJECTS, TAKEN], server=workshop, era="stateful")(
    answers("logging/setLevel", lambda m: m.update(result=None) if "result" in m else None)
)
fault("set-level-has-a-result-of-text", breaks=NOT_AN_OBJECT, cases=[OBJECTS, TAKEN], server=workshop, era="stateful")(
    answers("logging/setLevel", lambda m: m.update(result="ok") if "result" in m else None)
)
fault("set-level-has-metadata-of-text", breaks="schema.EmptyResult", cases=[TAKEN], server=workshop)(
    results("logging/setLevel", lambda result: result.update(_meta="none"))
)


@fault("takes-any-level", breaks="logging.invalid-level-error", cases=[UNKNOWN], may={MISTYPED: "it takes it too"},
       server=workshop)  # fmt: skip
class TakesAnyLevel(Connection):
    async def on_set_level(self, request: Request) -> JSON:
        try:
            return await super().on_set_level(request)
        except ProtocolError:
            return {}


@fault("an-unknown-level-is-an-internal-error", breaks="logging.invalid-level-error", cases=[UNKNOWN],
       may={MISTYPED: "it is refused alike"}, server=workshop)  # fmt: skip
class InternalError(Connection):
    async def on_set_level(self, request: Request) -> JSON:
        try:
            return await super().on_set_level(request)
        except ProtocolError as error:
            raise ProtocolError(-32603, error.message) from error


@fault("levels-as-numbers", breaks="logging.invalid-level-error", cases=[MISTYPED], server=workshop)
class NumbersAsLevels(Connection):
    async def on_set_level(self, request: Request) -> JSON:
        if isinstance(request.params.get("level"), int):
            return {}
        return await super().on_set_level(request)


class SpoiltLog(Logging):
    changes: Message = {}
    without: tuple[str, ...] = ()

    def spoil(self, params: Message, request: Request) -> list[Message]:
        return [{name: value for name, value in (params | self.changes).items() if name not in self.without}]


SCHEMA = ("logging.validate-fields", "schema.LoggingMessageNotification")
NO_LEVEL = "a level that there isn't is no level to compare"


def spoilt(name: str, breaks: tuple[str, ...] | str, cases: list[str], *without: str, **changes: JSON) -> None:
    made = type("Spoilt", (SpoiltLog,), {"changes": changes, "without": without})
    fault(name, breaks=breaks, cases=cases, server=workshop)(made)


spoilt("logs-at-a-level-that-there-is-not", SCHEMA, [FIELDS, VALID], level="trace")
spoilt("logs-at-a-level-in-capitals", SCHEMA, [FIELDS, VALID], level="INFO")
spoilt("logs-at-a-level-as-a-number", SCHEMA, [FIELDS, VALID], level=3)
spoilt("logs-text-in-place-of-data", SCHEMA, [FIELDS, VALID], "data", message="said")
spoilt("logger-is-an-object", SCHEMA, [FIELDS, VALID], logger={"name": "workshop"})
spoilt("logs-nothing-as-text", "logging.context-in-data", [DATA], data="")
spoilt("logs-nothing-as-an-object", "logging.context-in-data", [DATA], data={})
spoilt("logs-null", "logging.context-in-data", [DATA], data=None)


@fault("spells-its-logger-in-two-ways", breaks="logging.consistent-logger", cases=[LOGGERS], server=workshop)
class TwoSpellings(Logging):
    def spoil(self, params: Message, request: Request) -> list[Message]:
        return [params, params | {"logger": "Work-Shop"}]


@fault("a-new-logger-for-each-message", breaks="logging.consistent-logger", cases=[LOGGERS], server=workshop)
class NewLoggers(Logging):
    count = 0

    def spoil(self, params: Message, request: Request) -> list[Message]:
        self.count += 10
        return [params | {"logger": f"workshop-{self.count + part}"} for part in range(10)]


@fault("floods-with-log-messages", breaks="logging.rate-limit", cases=[RATE], server=workshop)
class Floods(Logging):
    def spoil(self, params: Message, request: Request) -> list[Message]:
        return [params] * 150


class TellsArguments(Rewriting):
    """Logs each call of a tool with one of its arguments."""

    argument = ""

    async def on_tools_call(self, request: Request) -> JSON:
        given = request.params.get("arguments", {})
        if self.argument in given:
            data = {"text": "tool is called", "arguments": {"given": [given[self.argument]]}}
            await self.log(request)("debug", data)
        return await super().on_tools_call(request)


@fault("logs-passwords", breaks="logging.no-secrets", cases=[SECRETS], server=workshop)
class LogsPasswords(TellsArguments):
    argument = "password"


@fault("logs-e-mail-addresses", breaks="logging.no-personal-data", cases=[PERSONAL], server=workshop)
class LogsAddresses(TellsArguments):
    argument = "email"


@variant("logs-what-is-no-secret", server=workshop)
class LogsUsers(TellsArguments):
    argument = "user"


@variant("logs-in-words-and-numbers")
def wordy() -> Server:
    async def talk(call: Call) -> list[dict[str, JSON]]:
        for data in ("a word", 0, False, ["a", "list"], {"retries": 0}):
            await call.log("notice", data, "talk.deep")
        await call.log("emergency", "the house is on fire")
        return [{"type": "text", "text": "told"}]

    offered = workshop()
    return replace(offered, tools=(*offered.tools, Tool("talk", {"type": "object"}, talk, annotations=READ_ONLY)))
