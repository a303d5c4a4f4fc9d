"""What a server was found to be: revisions, capabilities, tools, and arguments that it accepts. Plain data; it travels
to xdist workers."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from mcp_conformance.jsonrpc import JSON
from mcp_conformance.revisions import era_of, probe

CallLevel = Literal["safe", "readonly", "all", "none"]
CALL_LEVELS: tuple[CallLevel, ...] = ("safe", "readonly", "all", "none")


@dataclass(slots=True)
class Tool:
    """A listed tool. `callable` with the `reason` why or why not; `arguments` that were accepted, once some were.
    `read_only` is what its annotations say, here or in a revision that has annotations."""

    name: str
    definition: dict[str, JSON]
    callable: bool
    reason: str
    read_only: bool = False
    called: bool = False
    arguments: dict[str, JSON] | None = None

    @property
    def mirrors_arguments(self) -> bool:
        """Whether an argument of it goes into an HTTP header too (2026-07-28, server/tools#x-mcp-header)."""
        return _has_key(self.definition.get("inputSchema"), "x-mcp-header")


def _has_key(value: JSON, key: str, depth: int = 40) -> bool:
    if depth == 0:
        return False
    if isinstance(value, dict):
        return key in value or any(_has_key(inner, key, depth - 1) for inner in value.values())
    return isinstance(value, list) and any(_has_key(inner, key, depth - 1) for inner in value)


NEEDS = {
    "subscriptions": "the server declares neither a listChanged nor resources.subscribe",
    "dual-era": "the server wasn't seen to speak revisions of both eras",
    "stateless-only": "the server wasn't seen to refuse all revisions with a handshake",
    "local": "the server is on another machine, where it may let pages of other sites in on purpose",
    "auth": "the server wasn't seen to demand an access token",
    "tools.x-mcp-header": "no tool has an argument with an x-mcp-header",
}
"""Needs that are no capability of that name, and why a server lacks one."""

_SUBSCRIBABLE = ("tools.listChanged", "prompts.listChanged", "resources.listChanged", "resources.subscribe")


@dataclass(slots=True)
class RevisionProfile:
    """The server in one revision. `values` is what cases can refer to with ``$profile``; `missing` says why a value
    isn't there."""

    revision: str
    server: dict[str, JSON]
    tools: list[Tool] = field(default_factory=list)
    values: dict[str, JSON] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    barrier_method: str = ""
    """The method of a request that the server is known to answer; left out: the one that its era has for that."""
    traits: list[str] = field(default_factory=list)
    """What discovery knows of the server beyond this revision, of `NEEDS`: ``dual-era``, ``stateless-only``,
    ``local``, ``auth``."""
    unanswered: list[str] = field(default_factory=list)
    """Methods that the survey got no answer to, with all patience: nobody needs to wait that long for them again."""

    def __post_init__(self) -> None:
        self.barrier_method = self.barrier_method or probe(self.revision)

    @property
    def capabilities(self) -> dict[str, JSON]:
        found = self.server.get("capabilities")
        return found if isinstance(found, dict) else {}

    def declares(self, need: str) -> bool:
        """Whether the server has declared a capability, given by its dotted name, or meets another need of `NEEDS`."""
        if need == "subscriptions":
            return era_of(self.revision) == "stateless" and any(map(self.declares, _SUBSCRIBABLE))
        if need == "tools.x-mcp-header":
            return any(tool.mirrors_arguments for tool in self.tools)
        if need in NEEDS:
            return need in self.traits
        here: JSON = self.capabilities
        for part in need.split("."):
            if not isinstance(here, dict) or part not in here or here[part] in (None, False):
                return False
            here = here[part]
        return True


@dataclass(slots=True)
class Profile:
    """The server as a whole.

    `offers` maps each version that was asked for to the version in the answer (None: no usable answer, see
    `failure`). `revisions` are those that can be judged here, oldest first; `start_seconds` is the time from the
    launch to the first answer.
    """

    transport: str
    label: str
    start_seconds: float
    offers: dict[str, str | None]
    revisions: dict[str, RevisionProfile]
    failure: str = ""
    info: dict[str, JSON] = field(default_factory=dict)
    """`serverInfo` as the first server that answered gave it, under that name."""
    heard: dict[str, str] = field(default_factory=dict)
    """What came for the first request in each version that was asked for, and when, in words."""
    server_seconds: float = 0.0
    """Seconds that the tester spent waiting for the server while it found all this out."""

    @property
    def newest_stateful(self) -> str | None:
        """The newest version with a handshake that the server has named itself."""
        named = [version for version in self.offers.values() if version and era_of(version) == "stateful"]
        return max(named, default=None)

    @property
    def server_info(self) -> dict[str, JSON]:
        """`serverInfo`; empty where there is none."""
        found = self.info.get("serverInfo")
        return found if isinstance(found, dict) else {}

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Profile":
        revisions = {
            name: RevisionProfile(**{**entry, "tools": [Tool(**tool) for tool in entry["tools"]]})
            for name, entry in data["revisions"].items()
        }
        return cls(**{**data, "revisions": revisions})


def may_call(tool: dict[str, JSON], level: CallLevel, hint: Literal["always", "never"] | None) -> tuple[bool, str]:
    """Whether a tool may be called at a call level, and why.

    A tool without annotations counts as destructive (schema: ToolAnnotations, the defaults of readOnlyHint and
    destructiveHint), and a server's hints about itself are only a claim: that is why nothing else is called unless
    the user says so.
    """
    execution = tool.get("execution")
    if isinstance(execution, dict) and execution.get("taskSupport") == "required":
        return False, "it can only be called as a task"
    if hint == "never":
        return False, "the hints file says never"
    if hint == "always":
        return True, "the hints file says so"
    annotations = tool.get("annotations")
    annotations = annotations if isinstance(annotations, dict) else {}
    if level == "none":
        return False, "--mcp-call=none"
    if level == "all":
        return True, "--mcp-call=all"
    if annotations.get("readOnlyHint") is True:
        return True, "annotated readOnlyHint: true"
    if level == "safe" and annotations.get("destructiveHint") is False:
        return True, "annotated destructiveHint: false"
    if level == "readonly":
        return False, "not annotated readOnlyHint: true"
    return False, "not annotated readOnlyHint: true or destructiveHint: false"
