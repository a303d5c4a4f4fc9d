"""Calls that end with a request for input (basic/patterns/mrtr)."""

from collections.abc import Callable
from dataclasses import replace

from reference_servers.engine import JSON, Call, Connection, ProtocolError, Request, Server, Tool, metadata
from reference_servers.engine.messages import INVALID_PARAMS
from reference_servers.engine.server import Ask
from reference_servers.github.server import github

from . import _features as features
from . import fault, variant
from ._spoiling import crash, results

FORM = {"type": "object", "properties": {"name": {"type": "string"}}}


async def _greet(call: Call) -> list[dict[str, JSON]]:
    answer = await call.ask("elicitation/create", {"mode": "form", "message": "Who?", "requestedSchema": FORM})
    return [{"type": "text", "text": f"Hello, {answer.get('content', {}).get('name', 'whoever you are')}."}]


async def _sample(call: Call) -> list[dict[str, JSON]]:
    message = {"role": "user", "content": {"type": "text", "text": "Hello"}}
    await call.ask("sampling/createMessage", {"messages": [message], "maxTokens": 5})
    return [{"type": "text", "text": "done"}]


async def _list_roots(call: Call) -> list[dict[str, JSON]]:
    await call.ask("roots/list", {})
    return [{"type": "text", "text": "done"}]


def with_tool(name: str, run: Callable[[Call], object]) -> Server:
    tool = Tool(name, features.ANYTHING, run, annotations=features.READ_ONLY)  # type: ignore[arg-type]
    return replace(github(), tools=(*github().tools, tool))


@variant("greets-by-name", era="stateless")
def asking() -> Server:
    return with_tool("greet", _greet)


@variant("samples-during-a-call", era="stateless")
def sampling() -> Server:
    return with_tool("sample", _sample)


def wanting_roots() -> Server:
    return with_tool("list_roots", _list_roots)


variant("wants-roots-during-a-call", era="stateless")(wanting_roots)
variant("greets-by-name-in-both-eras", era="dual")(asking)

# ---------------------------------------------------------------------------------------------------- what is asked for

VALID, KINDS, DECLARED = "mrtr.results.are-valid", "mrtr.requests.are-of-three-kinds", "mrtr.requests.are-declared"


def asked(change: Callable[[JSON], object]) -> type[Connection]:
    """Changes each result that asks for input."""

    def spoil(result: JSON) -> None:
        if result.get("resultType") == "input_required":
            change(result)

    return results("tools/call", spoil)


UNFED = {
    "tools.call.is-answered": "the call can't be ended",
    **{f"mrtr.{case}": "it asks too" for case in (
        "undeclared.is-not-asked-for", "responses.unexpected-are-ignored", "responses.malformed-are-refused",
        "state.unknown-does-no-harm", "round.may-be-abandoned",
    )},
}  # fmt: skip

fault("asks-for-input-as-a-list", breaks="schema.InputRequiredResult", cases=[VALID], may=UNFED, server=asking)(
    asked(lambda result: result.update(inputRequests=[*result["inputRequests"].values()]))
)
fault("asks-for-input-with-state-as-object", breaks="schema.InputRequiredResult", cases=[VALID], may=UNFED,
      server=asking)(
    asked(lambda result: result.update(requestState={"round": 1}))
)  # fmt: skip
fault("asks-for-input-of-a-fourth-kind", breaks="mrtr.input-request-kinds", cases=[KINDS], server=asking,
      may={**UNFED, VALID: "the schema knows three kinds too"})(
    asked(lambda result: result.update(inputRequests={"a": {"method": "tools/list", "params": {}}}))
)  # fmt: skip
fault("asks-for-input-and-does-not-say-for-what", breaks="mrtr.result-has-input-or-state", server=asking,
      cases=["base.results.input-required"], may=UNFED)(
    asked(lambda result: (result.pop("inputRequests"), result.pop("requestState")))
)  # fmt: skip


class AsksAnybody(Connection):
    """Doesn't look at what the client can do."""

    def round_questions(self, request: Request) -> Ask:
        request.params["_meta"][metadata.CLIENT_CAPABILITIES] = {"elicitation": {}, "sampling": {}, "roots": {}}
        return super().round_questions(request)


UNDECLARED = "mrtr.undeclared.is-not-asked-for"
NO_UNDECLARED = ("mrtr.no-undeclared-input-requests", "meta.capabilities-not-inferred")
fault("elicits-from-anybody", breaks=[*NO_UNDECLARED, "mrtr.no-undeclared-elicitation"], cases=[UNDECLARED],
      may={DECLARED: "it watches the same request"}, server=asking)(AsksAnybody)  # fmt: skip
fault("wants-roots-of-anybody", breaks=[*NO_UNDECLARED, "roots.server-check-capability"], cases=[UNDECLARED],
      may={DECLARED: "it watches the same request"}, server=wanting_roots)(AsksAnybody)  # fmt: skip


class Refuses(Connection):
    code, data = -32021, None

    def missing_capability(self, method: str) -> ProtocolError:
        return ProtocolError(self.code, "ask somebody else", self.data)


@fault("missing-capabilities-are-invalid-params", breaks="meta.missing-capability-error", cases=[UNDECLARED],
       server=asking)  # fmt: skip
class InvalidParams(Refuses):
    code = INVALID_PARAMS


@fault("missing-capabilities-are-not-named",
       breaks=["meta.missing-capability-error", "schema.MissingRequiredClientCapabilityError"],
       cases=[UNDECLARED], server=asking)  # fmt: skip
class Nameless(Refuses):
    pass


# ----------------------------------------------------------------------------------------------------- what is answered

ODD, SPOILT, STATE, LEFT = (
    f"mrtr.{kind}"
    for kind in (
        "responses.unexpected-are-ignored", "responses.malformed-are-refused", "state.unknown-does-no-harm",
        "round.may-be-abandoned",
    )
)  # fmt: skip


class Rounds(Connection):
    """Looks itself at what a client comes back with."""

    async def on_tools_call(self, request: Request) -> JSON:
        self.look(request)
        return await super().on_tools_call(request)

    def look(self, request: Request) -> None: ...


@fault("unexpected-input-is-refused", breaks="mrtr.ignore-unexpected-responses", cases=[ODD], server=asking)
class RefusesOdd(Rounds):
    def look(self, request: Request) -> None:
        if "conformance-unasked" in request.params.get("inputResponses", {}):
            raise ProtocolError(INVALID_PARAMS, "nobody asked for that")


@fault("missing-input-is-done-without", breaks="mrtr.re-request-missing-input", cases=[ODD], server=asking)
class DoesWithout(Connection):
    async def on_tools_call(self, request: Request) -> JSON:
        if "conformance-unasked" in request.params.get("inputResponses", {}):
            return {"content": [{"type": "text", "text": "Hello, nobody."}]}
        return await super().on_tools_call(request)


@fault("malformed-input-is-taken", breaks=["mrtr.validate-input-responses", "mrtr.malformed-responses-error"],
       cases=[SPOILT], server=asking)  # fmt: skip
class TakesAnything(Connection):
    async def on_tools_call(self, request: Request) -> JSON:
        if isinstance(request.params.get("inputResponses"), str):
            return {"content": [{"type": "text", "text": "Hello, you."}]}
        return await super().on_tools_call(request)


@fault("dies-of-state-that-is-not-its-own", breaks="mrtr.request-state-untrusted", cases=[STATE], server=asking)
class DiesOfState(Connection):
    async def on_request(self, request: Request) -> None:
        if str(request.params.get("requestState", "")).startswith("conformance."):
            crash("bad padding")
        await super().on_request(request)


@fault("one-abandoned-round-is-the-last", breaks="mrtr.no-assume-retry", cases=[LEFT], may=UNFED, server=asking,
       several="each of them is refused otherwise", undecided="the server waits for ever")  # fmt: skip
class Waits(Connection):
    """While a client owes it an answer, it starts no other round."""

    waits = False

    async def on_tools_call(self, request: Request) -> JSON:
        fresh = request.params.get("name") == "greet" and "inputResponses" not in request.params
        if fresh and self.waits:
            raise ProtocolError(-32603, "answer first")
        self.waits = fresh
        return await super().on_tools_call(request)
