"""What differs between the protocol revisions that a server speaks, as data."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Era: TypeAlias = Literal["stateful", "stateless"]
"""Whether a handshake settles version and capabilities once, or each request carries them (from 2026-07-28 on)."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One dated revision, with the rules in which it differs from its neighbours.

    - `null_id`: an error about input whose id couldn't be read carries ``"id": null``, as JSON-RPC 2.0 has it; else it
      has no id. From 2025-11-25 on the schema makes the id optional and never null. Before, it asks for a string or a
      number, which nobody can give: there the JSON-RPC rule, to which the text refers, is the only one that can be
      followed.
    - `invalid_arguments_are_results`: arguments that break a tool's inputSchema give a result with isError instead of a
      JSON-RPC error. All pages (server/tools#error-handling) have the two lists; input validation moved from the one
      to the other.
    - `resource_not_found`: the code of that error (server/resources#error-handling).
    - `batches`: JSON-RPC batches have to be accepted (2025-03-26 basic/index#batching).
    - `version_header`: HTTP requests after the handshake name the version (basic/transports#protocol-version-header).
    - `polling`: an event stream opens with an event that has an id and no data, and the server may close the connection
      before the stream has ended (2025-11-25 basic/transports#sending-messages-to-the-server).
    """

    name: str
    era: Era = "stateful"
    null_id: bool = True
    invalid_arguments_are_results: bool = False
    resource_not_found: int = -32002
    batches: bool = False
    version_header: bool = True
    polling: bool = False


STATEFUL = (
    Revision("2024-11-05", version_header=False),
    Revision("2025-03-26", version_header=False, batches=True),
    Revision("2025-06-18"),
    Revision("2025-11-25", null_id=False, invalid_arguments_are_results=True, polling=True),
)
"""The revisions with a handshake, oldest first."""

STATELESS = (
    Revision(
        "2026-07-28",
        era="stateless",
        null_id=False,
        invalid_arguments_are_results=True,
        resource_not_found=-32602,
    ),
)
"""The revisions without, oldest first."""

REVISIONS = (*STATEFUL, *STATELESS)
"""All of them, oldest first."""
