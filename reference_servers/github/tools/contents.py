"""Tools for branches and the files on them."""

from reference_servers.github.model import contents
from reference_servers.github.session import Session

from . import shapes
from .operation import ADDS, OVERWRITES, OWNER, REPO, Arguments, Operation


def create_or_update_file(session: Session, arguments: Arguments) -> dict[str, object]:
    """The blob that is replaced may be left out, as in GitHub's own server: then it is whatever is there."""
    world, path, branch = session.world, arguments["path"], arguments["branch"]
    repository = world.writable(session.actor, arguments["owner"], arguments["repo"])
    sha = arguments.get("sha")
    if sha is None and repository.branches and (present := contents.snapshot(world, repository, branch).get(path)):
        sha = present.blob
    made = contents.put_file(
        world,
        session.actor,
        repository,
        path,
        arguments["content"].encode(),
        message=arguments["message"],
        branch=branch,
        sha=sha,
    )
    return {
        "content": session.views.file(repository, branch, path),
        "commit": session.views.commit(repository, made),
    }


def create_branch(session: Session, arguments: Arguments) -> dict[str, object]:
    repository = session.world.writable(session.actor, arguments["owner"], arguments["repo"])
    contents.create_branch(session.world, repository, arguments["branch"], arguments.get("from_branch"))
    return session.views.ref(repository, arguments["branch"])


OPERATIONS = (
    Operation(
        name="create_or_update_file",
        title="Create or update a file",
        description="Write one file on a branch, in a commit of its own. A file that is there already is replaced.",
        arguments={
            "owner": OWNER,
            "repo": REPO,
            "path": {
                "type": "string",
                "minLength": 1,
                "description": "Path of the file from the top of the repository",
                "examples": ["docs/notes.md"],
            },
            "content": {
                "type": "string",
                "description": "The whole new content, as plain text",
                "examples": ["# Notes\n\nWritten by a tool.\n"],
            },
            "message": {"type": "string", "minLength": 1, "description": "Commit message", "examples": ["Add notes"]},
            "branch": {"type": "string", "description": "Branch to commit to", "examples": ["main"]},
            "sha": {
                "type": "string",
                "pattern": "^[0-9a-f]{40}$",
                "description": "Blob that the new content replaces; the call fails if the file holds another by now",
            },
        },
        required=("owner", "repo", "path", "content", "message", "branch"),
        result=shapes.record(content=shapes.shape("file"), commit=shapes.shape("commit")),
        annotations=OVERWRITES,
        run=create_or_update_file,
    ),
    Operation(
        name="create_branch",
        title="Create a branch",
        description="Start a new branch at the tip of another one.",
        arguments={
            "owner": OWNER,
            "repo": REPO,
            "branch": {
                "type": "string",
                "minLength": 1,
                "description": "Name of the new branch",
                "examples": ["feature/notes"],
            },
            "from_branch": {
                "type": "string",
                "description": "Branch to start from; the repository's default branch if left out",
                "examples": ["main"],
            },
        },
        required=("owner", "repo", "branch"),
        result=shapes.REF,
        annotations=ADDS,
        run=create_branch,
    ),
)
