"""What differs between the protocol revisions that a server speaks, as data."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Revision:
    """One dated revision, with the rules in which it differs from its neighbours.

    - `null_id`: an error about input whose id couldn't be read carries ``"id": null``, as JSON-RPC 2.0 has it; else it
      has no id. The schema of 2025-11-25 makes the id optional and never null. The one of 2025-06-18 asks for a string
      or a number, which nobody can give: there the JSON-RPC rule, to which basic/index#messages refers, is the only one
      that can be followed.
    - `invalid_arguments_are_results`: arguments that break a tool's inputSchema give a result with isError instead of a
      JSON-RPC error. Both pages (server/tools#error-handling) have the two lists; input validation moved from the one
      to the other.
    """

    name: str
    null_id: bool
    invalid_arguments_are_results: bool


REVISIONS = (
    Revision("2025-06-18", null_id=True, invalid_arguments_are_results=False),
    Revision("2025-11-25", null_id=False, invalid_arguments_are_results=True),
)
"""What a server speaks unless it is told otherwise, oldest first."""
