"""Every feature of the protocol, each in its plainest form, with the names that the official conformance suite expects.

`catalogue` is what the server lists and what of it can change, `resources` and `prompts` are what they say, `tools` has
a module for each thing that a tool can do. `server` puts it together.
"""

from .server import everything

__all__ = ["everything"]
