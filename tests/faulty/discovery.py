"""What a server of the stateless era says of itself, and the versions that it takes (server/discover,
basic/versioning)."""

# ruff: noqa: RUF012 - the class attributes here are constants, each of one fault

from collections.abc import Callable
from dataclasses import replace

from reference_servers.engine import JSON, STATEFUL, Connection, ProtocolError, Request, Server, metadata
from reference_servers.engine.connection import Handler
from reference_servers.github.server import github

from . import fault, variant
from ._spoiling import answers, results, silent

DISCOVERS, VALID = "discovery.discover.is-implemented", "discovery.result-is-valid"
IMPLEMENTED, SCHEMA = "discover.implemented", "schema.DiscoverResult"


def discovered(change: Callable[[JSON], object]) -> type[Connection]:
    return results("server/discover", change)


fault("discover-is-refused", breaks=IMPLEMENTED, cases=["target.answers"])(
    answers("server/discover", lambda m: (m.pop("result", 0), m.update(error={"code": -32601, "message": "no method"})))
)
fault("discover-is-never-answered", breaks=IMPLEMENTED, cases=["target.answers"])(
    silent(lambda request: request.method == "server/discover")
)
fault(
    "discover-has-no-versions",
    breaks=SCHEMA,
    cases=[VALID],
    may={DISCOVERS: "there are none to look at"},
    undecided="there are no versions to look at",
)(discovered(lambda result: result.pop("supportedVersions")))
fault("discover-leaves-out-the-version-that-it-serves", breaks=IMPLEMENTED, cases=[DISCOVERS])(
    discovered(lambda result: result.update(supportedVersions=["2025-11-25"]))
)
fault("discover-has-one-version-as-text", breaks=SCHEMA, cases=[VALID], may={DISCOVERS: "there is no list to look at"},
      undecided="where the versions are no list, that isn't looked into")(
    discovered(lambda result: result.update(supportedVersions="2026-07-28"))
)  # fmt: skip
fault("discover-has-capabilities-as-list", breaks=SCHEMA, cases=[VALID])(
    discovered(lambda result: result.update(capabilities=["tools"]))
)
fault("discover-without-capabilities", breaks=SCHEMA, cases=[VALID])(
    discovered(lambda result: result.pop("capabilities"))
)
fault("discover-with-tools-capability-true", breaks=SCHEMA, cases=[VALID])(
    discovered(lambda result: result["capabilities"].update(tools=True))
)
fault("discover-with-instructions-null", breaks=SCHEMA, cases=[VALID])(
    discovered(lambda result: result.update(instructions=None))
)
fault("discover-with-a-nameless-server", breaks=SCHEMA, cases=[VALID])(
    discovered(lambda result: result["_meta"][metadata.SERVER_INFO].pop("name"))
)

IDENTITY = "base.results.server-info"
fault("no-server-info-in-discover", breaks=["meta.server-info", "discover.server-info"], cases=[IDENTITY])(
    discovered(lambda result: result["_meta"].pop(metadata.SERVER_INFO))
)
fault("no-server-info-in-calls", breaks="meta.server-info", cases=[IDENTITY])(
    results("tools/call", lambda result: result.pop("_meta"))
)
fault("extension-without-a-prefix", breaks="versioning.extension-id-format", cases=["base.extensions.identifiers"])(
    discovered(lambda result: result["capabilities"].update(extensions={"tasks": {}}))
)

# ------------------------------------------------------------------------------------------------------------ versions

UNKNOWN, FUTURE = "discovery.version.unknown-is-refused", "discovery.version.future-is-refused"
REFUSES = "versioning.unsupported-version-error"
LATER = {"stateless.requests.are-for-themselves": "it asks for an unknown version too"}
NAMELESS = "the code is right, and what it demands isn't there"


class Versions(Connection):
    """Decides itself what it says to a version that it doesn't speak."""

    code: int = -32022
    data: JSON = None

    async def unsupported_version(self, request: Request) -> JSON:
        requested = request.meta[metadata.PROTOCOL_VERSION]
        data = {"supported": self.supported_versions(), "requested": requested} if self.data is None else self.data
        raise ProtocolError(self.code, "Unsupported protocol version", data)


@fault("any-version-is-served", breaks=[REFUSES], cases=[UNKNOWN, FUTURE], may=LATER)
class ServesAny(Connection):
    def route_stateless(self, request: Request) -> Handler | None:
        if isinstance(request.meta.get(metadata.PROTOCOL_VERSION), str):
            request.meta[metadata.PROTOCOL_VERSION] = "2026-07-28"
        return super().route_stateless(request)


@fault("versions-of-the-future-are-served", breaks=REFUSES, cases=[FUTURE])
class ServesTheFuture(Connection):
    def route_stateless(self, request: Request) -> Handler | None:
        if request.meta.get(metadata.PROTOCOL_VERSION, "") > "2026-07-28":
            request.meta[metadata.PROTOCOL_VERSION] = "2026-07-28"
        return super().route_stateless(request)


@fault("unknown-versions-are-invalid-params", breaks=REFUSES, cases=[UNKNOWN, FUTURE])
class InvalidVersions(Versions):
    code = -32602


@fault("unknown-versions-have-the-code-of-drafts", breaks=REFUSES, cases=[UNKNOWN, FUTURE])
class DraftVersions(Versions):
    code = -32004


DETAILS = "base.errors.details-are-valid"
UNSUPPORTED = "schema.UnsupportedProtocolVersionError"


@fault("unknown-versions-are-refused-without-details", breaks=UNSUPPORTED, cases=[DETAILS],
       may={**LATER, UNKNOWN: NAMELESS, FUTURE: NAMELESS}, undecided="there are no details to look at")  # fmt: skip
class WithoutVersions(Versions):
    data = {}


@fault("unknown-versions-are-refused-with-versions-as-text", breaks=UNSUPPORTED, cases=[DETAILS],
       may={**LATER, UNKNOWN: NAMELESS, FUTURE: NAMELESS}, undecided="the details are spoilt")  # fmt: skip
class VersionsAsText(Versions):
    data = {"supported": "2026-07-28", "requested": "1900-01-01"}


@fault("unknown-versions-are-refused-with-another-version", breaks=REFUSES, cases=[UNKNOWN],
       may={FUTURE: "the same details"})  # fmt: skip
class OtherVersions(Versions):
    data = {"supported": ["2025-11-25"], "requested": "2999-12-31"}


@fault("initialize-is-refused-without-a-hint", breaks="versioning.modern-only-names-versions",
       cases=["discovery.version.initialize-names-versions"])  # fmt: skip
class NoHint(Connection):
    async def refuse_initialize(self, request: Request) -> JSON:
        raise ProtocolError(-32601, "Method not found: initialize")


@variant("names-its-versions-in-words", era="stateless")
class InWords(Connection):
    async def refuse_initialize(self, request: Request) -> JSON:
        raise ProtocolError(-32601, "use 2026-07-28")


# ---------------------------------------------------------------------------------------------------------- both eras


@fault("modern-requests-get-results-of-the-other-era", breaks=["base.result-type-present"], era="dual", both=True,
       cases=["base.results.have-a-type"], may={
           "stateless.dual.modern-requests-are-stateless": "the same result, in a session of its own",
           "discovery.result-is-valid": "it lacks more of what the era has",
           "caching.hints.are-given": "it lacks more of what the era has",
           IDENTITY: "it lacks more of what the era has",
       }, several="a result of the other era lacks several things")  # fmt: skip
class LegacyResults(Connection):
    def complete(self, request: Request, result: JSON) -> JSON:
        return result if request.method == "tools/list" else super().complete(request, result)


@fault("modern-requests-wait-for-a-handshake", breaks="versioning.modern-request-stateless", era="dual", both=True,
       cases=["stateless.dual.modern-requests-are-stateless"])  # fmt: skip
class WaitsForHandshake(Connection):
    """Serves nothing to a client that has neither shaken hands nor asked who it is."""

    introduced = False

    def route(self, request: Request) -> Handler:
        self.introduced = self.introduced or request.method in ("initialize", "server/discover")
        return super().route(request) if self.introduced else self.too_early

    async def too_early(self, request: Request) -> JSON:
        raise ProtocolError(-32600, "initialize first")


@variant("both-eras", era="dual")
def both_eras() -> Server:
    return github()


@variant("both-eras-in-one-revision-each", era="dual")
def newest_of_both() -> Server:
    return replace(github(), revisions=STATEFUL[-1:])
