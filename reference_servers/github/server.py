"""The GitHub reference server, put together."""

from reference_servers.engine import Changes, Server

from .model import seed
from .resources import RepositoryFiles
from .session import Session
from .tools import OPERATIONS

VERSION = "0.1.0"

INSTRUCTIONS = """\
A GitHub in memory, with the same few repositories at every start; nothing that you do here leaves this process. You are
the user
alice. Try the repository alice/hello-world, or search for org:acme."""


def github() -> Server:
    """A server with a world of its own, in which the client acts as alice.

    What changes in its files is announced to clients if `announces` is set.
    """
    session = Session(seed, "alice")
    files, changes = RepositoryFiles(session), Changes()
    return Server(
        name="reference-github",
        version=VERSION,
        title="GitHub reference server",
        instructions=" ".join(INSTRUCTIONS.split()),
        tools=tuple(operation.bind(session, lambda: files.announcing(changes)) for operation in OPERATIONS),
        resources=files,
        page_size=10,
        changes=changes,
    )
