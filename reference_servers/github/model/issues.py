"""Issues."""

from collections.abc import Sequence

from .entities import Account, Issue, Label, Repository
from .errors import FieldError, validation_failed
from .world import World, can_push


def create(
    world: World,
    actor: Account,
    repository: Repository,
    title: str,
    *,
    body: str | None = None,
    labels: Sequence[str] = (),
    assignees: Sequence[str] = (),
    milestone: int | None = None,
) -> Issue:
    """A new issue. Labels that don't exist are made; what only a pusher may set is dropped when another sets it."""
    if not title.strip():
        raise validation_failed(FieldError("Issue", "missing_field", "title"))
    if any(not name.strip() for name in labels):
        raise validation_failed(FieldError("Label", "missing_field", "name"))
    issue = new(world, actor, repository, title, body)
    if can_push(actor, repository):
        issue.assignees = [_assignee(world, repository, login) for login in dict.fromkeys(assignees)]
        if milestone is not None:
            if milestone not in repository.milestones:
                raise validation_failed(FieldError("Issue", "invalid", "milestone"))
            issue.milestone = repository.milestones[milestone]
        issue.labels = [_label(world, repository, name) for name in dict.fromkeys(labels)]
    return add(world, repository, issue)


def new(world: World, actor: Account, repository: Repository, title: str, body: str | None) -> Issue:
    """An issue with the repository's next number, which isn't there before it is added."""
    number = max(repository.issues, default=0) + 1
    return Issue(0, number, title, body, actor, world.now, world.now)


def add(world: World, repository: Repository, issue: Issue) -> Issue:
    issue.id = world.next_id("issue")
    issue.created_at = issue.updated_at = world.tick()
    repository.issues[issue.number] = issue
    return issue


def _assignee(world: World, repository: Repository, login: str) -> Account:
    account = world.account(login)
    if account is None or account.kind != "User" or not can_push(account, repository):
        raise validation_failed(FieldError("Issue", "invalid", "assignees"))
    return account


def _label(world: World, repository: Repository, name: str) -> Label:
    """A label by its name, whose case doesn't matter."""
    for label in repository.labels.values():
        if label.name.lower() == name.lower():
            return label
    return repository.labels.setdefault(name, Label(world.next_id("label"), name))
