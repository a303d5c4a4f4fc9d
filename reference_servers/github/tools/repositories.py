"""Tools that find and make repositories."""

from reference_servers.github.model import repositories, search
from reference_servers.github.session import Session

from . import shapes
from .operation import ADDS, ADDS_ONCE, READS, Arguments, Operation


def search_repositories(session: Session, arguments: Arguments) -> dict[str, object]:
    found = search.repositories(session.world, session.actor, arguments["query"])
    page = search.page(found, int(arguments.get("page", 1)), int(arguments.get("perPage", 30)))
    return {
        "total_count": len(found),
        "incomplete_results": False,
        "items": [session.views.repository(repository) for repository in page],
    }


def create_repository(session: Session, arguments: Arguments) -> dict[str, object]:
    made = repositories.create(
        session.world,
        session.actor,
        arguments["name"],
        description=arguments.get("description"),
        private=arguments.get("private", False),
        auto_init=arguments.get("autoInit", False),
    )
    return session.views.repository(made)


def fork_repository(session: Session, arguments: Arguments) -> dict[str, object]:
    parent = session.world.readable(session.actor, arguments["owner"], arguments["repo"])
    made = repositories.fork(session.world, session.actor, parent, arguments.get("organization"))
    return session.views.fork(made)


OPERATIONS = (
    Operation(
        name="search_repositories",
        title="Search repositories",
        description=(
            "Find repositories by free text in name and description, and by the qualifiers "
            "archived, created, fork, in, is, org, pushed, repo, stars and user. Forks are left out unless asked for."
        ),
        arguments={
            "query": {
                "type": "string",
                "minLength": 1,
                "description": "What to look for, in GitHub's search language",
                "examples": ["hello", "user:alice", "org:acme is:public"],
            },
            "page": {"type": "integer", "minimum": 1, "default": 1, "description": "Page of the results, from 1"},
            "perPage": {
                "type": "integer",
                "minimum": 1,
                "maximum": 100,
                "default": 30,
                "description": "Results on one page",
            },
        },
        required=("query",),
        result=shapes.record(
            total_count=shapes.INTEGER,
            incomplete_results=shapes.BOOLEAN,
            items=shapes.some(shapes.shape("repository")),
        ),
        annotations=READS,
        run=search_repositories,
    ),
    Operation(
        name="create_repository",
        title="Create a repository",
        description="Make a new repository in your own account.",
        arguments={
            "name": {
                "type": "string",
                "minLength": 1,
                "maxLength": 100,
                "description": "Name of the new repository",
                "examples": ["my-project"],
            },
            "description": {
                "type": "string",
                "description": "What the repository is for",
                "examples": ["A place to try things"],
            },
            "private": {"type": "boolean", "default": False, "description": "Whether only you can see it"},
            "autoInit": {"type": "boolean", "default": False, "description": "Whether to start it with a README.md"},
        },
        required=("name",),
        result=shapes.REPOSITORY,
        annotations=ADDS,
        run=create_repository,
    ),
    Operation(
        name="fork_repository",
        title="Fork a repository",
        description="Copy a repository into your account or an organisation. A fork that is there already is returned.",
        arguments={
            "owner": {
                "type": "string",
                "description": "Login of the user or organisation that owns the repository",
                "examples": ["bob"],
            },
            "repo": {"type": "string", "description": "Name of the repository", "examples": ["legacy"]},
            "organization": {
                "type": "string",
                "description": "Organisation to fork into; your own account if left out",
                "examples": ["acme"],
            },
        },
        required=("owner", "repo"),
        result=shapes.FORK,
        annotations=ADDS_ONCE,
        run=fork_repository,
    ),
)
