"""The server with everything, put together."""

from reference_servers.engine import JSON, REVISIONS, Server

from . import prompts, tools
from .catalogue import Catalogue
from .resources import Shelf
from .samples import ICONS

VERSION = "0.1.0"

INSTRUCTIONS = """\
One specimen of everything that a server can offer. Tools are named after what they show: test_simple_text answers
with text, test_elicitation asks the user, test_trigger_tool_change changes the list of tools. Each list has several
pages."""

UNKNOWN_FEATURES: dict[str, JSON] = {"org.example/specimen": {}}
"""What is declared of features that the protocol doesn't know: one that does nothing."""

PAGE = 5
"""Few enough for each list to have a second page."""


def everything() -> Server:
    """A server of both eras with one of each; what changes in it is announced."""
    catalogue = Catalogue()
    shelf = Shelf(catalogue)
    catalogue.tools.extend(tools.tools(catalogue))
    catalogue.prompts.extend(prompts.prompts())
    return Server(
        name="reference-everything",
        version=VERSION,
        title="Everything reference server",
        description="Every feature of the protocol, for clients and test suites to meet.",
        instructions=" ".join(INSTRUCTIONS.split()),
        website_url="https://modelcontextprotocol.io",
        icons=ICONS,
        tools=catalogue.tools,
        prompts=catalogue.prompts,
        resources=shelf,
        page_size=PAGE,
        revisions=REVISIONS,
        logging=True,
        changes=catalogue.changes,
        announces=True,
        extensions=UNKNOWN_FEATURES,
        experimental=UNKNOWN_FEATURES,
    )
