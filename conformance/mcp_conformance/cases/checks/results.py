"""Passive checks of results against the schema of the revision: one check a type, all made alike."""

from mcp_conformance.cases.checks import Report, check
from mcp_conformance.cases.checks.protocol import OF_ALL_RESULTS, schema_cause
from mcp_conformance.exchanges import needs_input
from mcp_conformance.jsonrpc import MISSING
from mcp_conformance.messages import assess
from mcp_conformance.observation import Observation

# case, method, type of the result, capability that the method needs, what is said when there is nothing to judge
_RESULTS: tuple[tuple[str, str, str, tuple[str, ...], str], ...] = (
    ("lifecycle.initialize.result-is-valid", "initialize", "InitializeResult", (), "initialize had no result"),
    ("ping.result-is-valid", "ping", "EmptyResult", (), "ping had no result"),
    ("tools.list.result-is-valid", "tools/list", "ListToolsResult", ("tools",), "tools/list had no result"),
    ("tools.call.result-is-valid", "tools/call", "CallToolResult", ("tools",), "no tool call had a result"),
    (
        "resources.list.result-is-valid",
        "resources/list",
        "ListResourcesResult",
        ("resources",),
        "resources/list had no result",
    ),
    (
        "resources.templates.result-is-valid",
        "resources/templates/list",
        "ListResourceTemplatesResult",
        ("resources",),
        "resources/templates/list had no result",
    ),
    ("resources.read.result-is-valid", "resources/read", "ReadResourceResult", ("resources",), "no resource was read"),
    ("prompts.list.result-is-valid", "prompts/list", "ListPromptsResult", ("prompts",), "prompts/list had no result"),
    ("prompts.get.result-is-valid", "prompts/get", "GetPromptResult", ("prompts",), "no prompt was got"),
    ("discovery.result-is-valid", "server/discover", "DiscoverResult", (), "server/discover had no result"),
    (
        "subscriptions.end.result-is-valid",
        "subscriptions/listen",
        "SubscriptionsListenResult",
        ("subscriptions",),
        "the server ended no subscription by itself",
    ),
)


def _register(case: str, method: str, definition: str, needs: tuple[str, ...], idle: str) -> None:
    def results_are_valid(observation: Observation, report: Report) -> None:
        hints = {}
        for exchange in observation.answered(method):
            if exchange.result is MISSING or exchange.answer is None or exchange.answer.message is None:
                continue
            if needs_input(exchange):
                continue  # a result of another type
            report.saw()
            said = assess(exchange.answer.message.value, revision=observation.revision, sender="server", answers=method)
            for flaw in said.flaws:
                if flaw.layer == "schema" and flaw.at.startswith("/result") and flaw.at[7:] not in OF_ALL_RESULTS:
                    report.problem(
                        flaw.expected,
                        flaw.got,
                        at=flaw.at,
                        events=exchange.events,
                        cause=schema_cause(method, flaw),
                        remedy=flaw.remedy,
                    )
            hints.update({words: f"{method}: {words} (at {at})" for at, words in said.hints})
        for words in hints.values():
            report.note(words)

    results_are_valid.__doc__ = f"Every result of {method} is a valid {definition}."
    # All traffic is watched: a later page or another tool may be the one that breaks the rule.
    check(case, judges=[f"schema.{definition}"], needs=needs, everywhere=True, idle=idle)(results_are_valid)


for _row in _RESULTS:
    _register(*_row)
