"""Tools for issues and pull requests."""

from reference_servers.github.model import issues, pulls
from reference_servers.github.session import Session

from . import shapes
from .operation import ADDS, OWNER, REPO, Arguments, Operation


def create_issue(session: Session, arguments: Arguments) -> dict[str, object]:
    repository = session.world.unarchived(session.actor, arguments["owner"], arguments["repo"])
    milestone = arguments.get("milestone")
    made = issues.create(
        session.world,
        session.actor,
        repository,
        arguments["title"],
        body=arguments.get("body"),
        labels=arguments.get("labels", ()),
        assignees=arguments.get("assignees", ()),
        milestone=None if milestone is None else int(milestone),
    )
    return session.views.issue(repository, made)


def create_pull_request(session: Session, arguments: Arguments) -> dict[str, object]:
    repository = session.world.unarchived(session.actor, arguments["owner"], arguments["repo"])
    made = pulls.create(
        session.world,
        session.actor,
        repository,
        arguments["title"],
        head=arguments["head"],
        base=arguments["base"],
        body=arguments.get("body"),
        draft=arguments.get("draft", False),
        maintainer_can_modify=arguments.get("maintainer_can_modify", True),
    )
    return session.views.pull_request(repository, made)


OPERATIONS = (
    Operation(
        name="create_issue",
        title="Create an issue",
        description="Open a new issue in a repository. Labels that don't exist yet are made.",
        arguments={
            "owner": OWNER,
            "repo": REPO,
            "title": {
                "type": "string",
                "minLength": 1,
                "description": "Title of the issue",
                "examples": ["The greeting is too quiet"],
            },
            "body": {
                "type": "string",
                "description": "What it is about, in Markdown",
                "examples": ["It could do with an exclamation mark."],
            },
            "assignees": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Logins of those who shall see to it",
                "examples": [["bob"]],
            },
            "milestone": {"type": "integer", "minimum": 1, "description": "Number of a milestone", "examples": [1]},
            "labels": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Names of labels",
                "examples": [["enhancement"]],
            },
        },
        required=("owner", "repo", "title"),
        result=shapes.ISSUE,
        annotations=ADDS,
        run=create_issue,
    ),
    Operation(
        name="create_pull_request",
        title="Create a pull request",
        description="Propose to merge one branch into another.",
        arguments={
            "owner": OWNER,
            "repo": REPO,
            "title": {
                "type": "string",
                "minLength": 1,
                "description": "Title of the pull request",
                "examples": ["Greet developers"],
            },
            "head": {
                "type": "string",
                "description": "Branch with the changes; of a fork as owner:branch",
                "examples": ["dev"],
            },
            "base": {"type": "string", "description": "Branch to merge into", "examples": ["main"]},
            "body": {
                "type": "string",
                "description": "What it changes and why, in Markdown",
                "examples": ["Developers deserve a greeting of their own."],
            },
            "draft": {"type": "boolean", "default": False, "description": "Whether it isn't ready for review yet"},
            "maintainer_can_modify": {
                "type": "boolean",
                "default": True,
                "description": "Whether maintainers of the base may push to the head",
            },
        },
        required=("owner", "repo", "title", "head", "base"),
        result=shapes.PULL_REQUEST,
        annotations=ADDS,
        run=create_pull_request,
    ),
)
