"""The dated revisions of the protocol. Data and look-up only, no I/O."""

import re
from dataclasses import dataclass
from typing import Literal

Era = Literal["stateful", "stateless"]


@dataclass(frozen=True)
class Revision:
    """A dated version of the protocol, as it stands in `protocolVersion`."""

    date: str
    era: Era


REVISIONS = (
    Revision("2024-11-05", "stateful"),
    Revision("2025-03-26", "stateful"),
    Revision("2025-06-18", "stateful"),
    Revision("2025-11-25", "stateful"),
    Revision("2026-07-28", "stateless"),
)
"""Every revision, oldest first."""


def era_of(version: str) -> Era:
    """The era of a version: of one that isn't known here, that of its neighbours by date."""
    return next((one.era for one in reversed(REVISIONS) if version >= one.date), "stateful")


def probe(version: str) -> str:
    """The method of the request that tells whether a server is there, without any other effect."""
    return "ping" if era_of(version) == "stateful" else "server/discover"


def has_annotations(version: str) -> bool:
    """Whether a tool can say of itself that it only reads, or destroys nothing (server/tools, from 2025-03-26 on)."""
    return version >= "2025-03-26"


def has_batches(version: str) -> bool:
    """Whether arrays of messages are part of the protocol, and have to be taken (2025-03-26 basic/index#batching)."""
    return version == "2025-03-26"


def may_batch(version: str) -> bool:
    """Whether an array of messages can be right: the text before 2025-03-26 says nothing of batches, and from
    2025-06-18 on every message is a single object."""
    return version < "2025-06-18"


STATEFUL = tuple(revision.date for revision in REVISIONS if revision.era == "stateful")
"""The revisions with a handshake, oldest first."""


JUDGED = tuple(revision.date for revision in REVISIONS)
"""The revisions that have suites here, oldest first."""

JUDGED_TRANSPORTS = ("stdio", "http", "sse")
"""The transports over which servers are judged here."""

_NEVER_JUDGED = ("2024-10-07",)  # published before the specification was, and still spoken


def may_be_published(version: str) -> bool:
    """Whether a version can be one of the protocol: a published one, a draft, or one later than those that are known
    here."""
    known = {revision.date for revision in REVISIONS} | set(_NEVER_JUDGED)
    later = re.fullmatch(r"20\d\d-(0\d|1[0-2])-([0-2]\d|3[01])", version) is not None and version > REVISIONS[-1].date
    return version in known or later or version.startswith("DRAFT")
