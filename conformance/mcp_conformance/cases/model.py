"""The case format: what one case of a suite file may say. Its description for readers is ``docs/suite-format.md``.

Data only: no conditions, no expressions, no computed loops. What needs those is a check in Python
(`mcp_conformance.cases.checks`).
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

CaseId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(\.[a-z0-9]+(-[a-z0-9]+)*)+$")]
Area = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]
Pointer = Annotated[str, StringConstraints(pattern=r"^(/([^~/]|~[01])*)*$")]
Opening = Literal["shared", "rough", "fresh", "unopened"]
ErrorCode = int | Annotated[list[int], Field(min_length=1)]
Method = str | dict[Literal["$profile", "$bound"], str]
Seconds = Annotated[float, Field(gt=0, le=60)] | dict[Literal["$profile"], str]


def _true(value: bool) -> bool:
    if not value:
        raise ValueError("only true can be said here; leave it out otherwise")
    return value


Yes = Annotated[bool, AfterValidator(_true)]


class _Strict(BaseModel):
    """Read from JSON (`model_validate_json`), so that the types are JSON's and nothing is converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Outcome(_Strict):
    """One thing that may come back. Exactly one of `result`, `error` and `silence` is given.

    `result`: true for any result, or the name of the type that it has to be valid against. `error`: true for any
    error, or the code (or codes) that it has to have. `silence`: nothing comes back before the answer to a later
    request. `where`: what stands at places of the answer, by JSON Pointer into the whole message. `note`: this
    outcome is legal but unusual; it is shown and changes no verdict. `words`: how to say what is expected, where the
    matchers alone would be hard to read.
    """

    result: Yes | str | None = None
    error: Yes | ErrorCode | None = None
    silence: Yes | None = None
    where: dict[Pointer, Any] = {}
    note: str = ""
    words: str = ""

    @model_validator(mode="after")
    def _one_kind(self) -> "Outcome":
        if sum(kind is not None for kind in (self.result, self.error, self.silence)) != 1:
            raise ValueError('an outcome says exactly one of "result", "error" and "silence"')
        if self.silence and self.where:
            raise ValueError('"silence" has no places for "where" to look at')
        return self


class Step(_Strict):
    """Common to all steps: `in` names the session it happens in ("main" when it isn't said)."""

    keyword: ClassVar[str]
    session: Name = Field("main", alias="in")


class Request(Step):
    """Sends a request and goes on at once; a later `expect` looks at the answer."""

    keyword = "request"
    request: Method
    params: dict[str, Any] | None = None
    id: int | str | None = None
    label: Name | None = Field(None, alias="as")


class Notify(Step):
    """Sends a notification."""

    keyword = "notify"
    notify: Method
    params: dict[str, Any] | None = None
    label: Name | None = Field(None, alias="as")


class Text(_Strict):
    text: str | dict[str, Any]


class Base64(_Strict):
    base64: Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$")]


class Raw(Step):
    """Sends bytes as they are, and a newline after them unless `newline` is false."""

    keyword = "raw"
    raw: Text | Base64
    newline: bool = True
    label: Name | None = Field(None, alias="as")


class Expectation(Outcome):
    """What has to come back for the step named by `of` (the latest that was sent, if it isn't said): one outcome, or
    any of several."""

    of: Name | None = None
    judges: tuple[str, ...] = ()
    cause: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")] | None = None
    """A name for the root cause, where several cases fail for one reason: they are then one finding."""
    any_of: Annotated[tuple[Outcome, ...], Field(min_length=1)] = Field((), alias="any-of")
    within: Seconds | None = None
    """Where silence is among the outcomes: how long an answer is looked out for, before the barriers."""

    @model_validator(mode="after")
    def _one_kind(self) -> "Expectation":
        if self.any_of:
            if set(Outcome.model_fields) & self.model_fields_set:
                raise ValueError('"any-of" stands alone: move the outcome beside it into the list')
        else:
            super()._one_kind()  # type: ignore[operator]  # pydantic wraps the validator
        if self.within is not None and not any(outcome.silence for outcome in self.outcomes):
            raise ValueError('"within" belongs to silence: other answers are awaited until the deadline')
        return self

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        return self.any_of or (self,)


class Expect(Step):
    keyword = "expect"
    expect: Expectation


class Barrier(_Strict):
    judges: tuple[str, ...] = ()


class BarrierStep(Step):
    """Sends a request that the server is known to answer and waits for the answer: all that was sent before has then
    been read."""

    keyword = "barrier"
    barrier: Barrier
    label: Name | None = Field(None, alias="as")


class Awaited(_Strict):
    """A message of the server's: a `request` or a `notification` of its own with that method (true: of any), or the
    `answer` to what the step of that name has sent, with what `where` says of it. `within`: how long to wait for it;
    else until the deadline. `otherwise`: without it the case isn't applicable, for this reason; else it breaks what the
    step judges."""

    request: Yes | str | None = None
    notification: Yes | str | None = None
    answer: Name | None = None
    where: dict[Pointer, Any] = {}
    within: Seconds | None = None
    otherwise: Annotated[str, StringConstraints(min_length=10)] | None = None
    judges: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_kind(self) -> "Awaited":
        if sum(kind is not None for kind in (self.request, self.notification, self.answer)) != 1:
            raise ValueError('one of "request", "notification" and "answer" is awaited')
        if self.otherwise is not None and self.judges:
            raise ValueError('what is only an occasion ("otherwise") judges nothing')
        return self

    @property
    def method(self) -> str | bool:
        """The method, or true for any."""
        return self.request or self.notification or True


class Await(Step):
    """Waits until the server has sent a message, if it hasn't since the case began."""

    keyword = "await"
    awaited: Awaited = Field(alias="await")
    label: Name | None = Field(None, alias="as")


class Pending(_Strict):
    """The request `of` that name; `otherwise` is the reason why the case isn't applicable when it was answered, or is
    `within` that time."""

    of: Name
    within: Seconds | None = None
    otherwise: Annotated[str, StringConstraints(min_length=10)]


class UnderWay(Step):
    """Goes on only while a request has no answer."""

    keyword = "under-way"
    under_way: Pending = Field(alias="under-way")


class Bind(Step):
    """Keeps values of the answer to `of` (the latest, if it isn't said) under names, for ``$bound``."""

    keyword = "bind"
    bind: dict[Name, Pointer]
    of: Name | None = None


class Restart(Step):
    """Ends the session's server and starts it anew, opened in the same way."""

    keyword = "restart"
    restart: Yes


class Quiet(Step):
    """Waits about as long as the server took to start, or until it says something."""

    keyword = "quiet"
    quiet: Yes


class Nothing(_Strict):
    """`kinds` of messages that must not have come since the case began, or since the step of a name: all `methods`, or
    only these, `besides` some."""

    kinds: tuple[Literal["request", "notification", "result", "error"], ...] = (
        "request",
        "notification",
        "result",
        "error",
    )
    methods: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()
    since: Name | None = None
    judges: tuple[str, ...] = ()


class ExpectNothing(Step):
    """The server has sent no message of certain kinds since the case began."""

    keyword = "expect-nothing"
    expect_nothing: Nothing = Field(alias="expect-nothing")


class EndInput(Step):
    """Closes the server's input, as a client does to shut down (stdio only)."""

    keyword = "end-input"
    end_input: Yes = Field(alias="end-input")


class ExitExpectation(_Strict):
    judges: tuple[str, ...] = ()
    leftovers: bool = True
    """False: nothing that the server started may be left either."""


class ExpectExit(Step):
    """The server ends by itself within the grace."""

    keyword = "expect-exit"
    expect_exit: ExitExpectation = Field(alias="expect-exit")


STEPS: dict[str, type[Step]] = {
    kind.keyword: kind
    for kind in (
        Request,
        Notify,
        Raw,
        Expect,
        BarrierStep,
        Await,
        UnderWay,
        Bind,
        Restart,
        Quiet,
        ExpectNothing,
        EndInput,
        ExpectExit,
    )
}


class SessionOptions(_Strict):
    """How a named session is opened. ``shared`` is used by many cases, all of which send what a right client sends;
    ``rough`` by those that don't. ``fresh`` is a new server for this case alone, and ``unopened`` one that has not
    been initialized. `capabilities` are what the tester declares; left out: everything that it can do. `answers` says
    whether it answers the server's own requests; a session in which it never does is for one case alone."""

    open: Opening = "fresh"
    capabilities: dict[str, Any] | None = None
    answers: Literal["at-once", "never"] = "at-once"

    @model_validator(mode="after")
    def _alone(self) -> "SessionOptions":
        if self.answers == "never" and self.open in ("shared", "rough"):
            raise ValueError('a session that "never" answers is "fresh" or "unopened"')
        return self


class Case(_Strict):
    """One test purpose. `purpose` is a sentence that is true of a right server."""

    id: CaseId = Field(alias="case")
    judges: Annotated[tuple[str, ...], Field(min_length=1)]
    purpose: Annotated[str, StringConstraints(min_length=10, max_length=200)]
    needs: tuple[str, ...] = ()
    revisions: tuple[str, ...] = ()
    transports: tuple[str, ...] = ()
    session: Opening | SessionOptions = "shared"
    sessions: dict[Name, SessionOptions] = {}
    steps: Annotated[tuple[Any, ...], Field(min_length=1)]

    @property
    def needs_a_pipe(self) -> bool:
        """Whether a step is about the server's process or the stream of its input, which HTTP doesn't have."""
        return any(
            isinstance(step, EndInput | ExpectExit) or (isinstance(step, Raw) and not step.newline)
            for step in self.steps
        )

    def opening(self, name: str) -> SessionOptions:
        """How the session of that name is opened."""
        if name in self.sessions:
            return self.sessions[name]
        own = self.session
        return own if isinstance(own, SessionOptions) else SessionOptions(open=own)


class Suite(_Strict):
    """A file of cases of one area."""

    area: Area
    cases: Annotated[tuple[Any, ...], Field(min_length=1)]
