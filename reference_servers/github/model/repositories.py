"""Making repositories, from nothing or from others."""

import re

from .contents import commit
from .entities import Account, Repository
from .errors import FieldError, GitHubError, not_found
from .git import REGULAR, File
from .world import World, owns

LONGEST_NAME = 100


def create(
    world: World,
    actor: Account,
    name: str,
    *,
    owner: Account | None = None,
    description: str | None = None,
    private: bool = False,
    auto_init: bool = False,
    default_branch: str = "main",
) -> Repository:
    """A new repository, of the actor unless another owner is named.

    Characters that a name can't hold become hyphens.
    """
    owner = owner or actor
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", name)
    if problem := _name_problem(world, owner, name):
        raise GitHubError(422, "Repository creation failed.", FieldError("Repository", "custom", "name", problem))
    repository = _add(world, owner, name, description, private=private, default_branch=default_branch)
    if auto_init:
        text = f"# {name}\n" + (f"{description}\n" if description else "")
        readme = File(REGULAR, world.objects.add_blob(text.encode()))
        commit(world, actor, repository, default_branch, {"README.md": readme}, "Initial commit")
    return repository


def fork(world: World, actor: Account, parent: Repository, organization: str | None = None) -> Repository:
    """A copy that remembers its parent. Forking again gives the fork that is there; a taken name gets a number."""
    owner = actor
    if organization is not None:
        found = world.account(organization)
        if found is None or found.kind != "Organization":
            raise not_found()
        if not owns(actor, found):
            raise GitHubError(403, f"You must be a member of {found.login} to fork into it.")
        owner = found
    if not parent.branches:
        raise GitHubError(
            403, "The repository exists, but it contains no Git content. Empty repositories cannot be forked."
        )
    if owner is parent.owner:
        raise GitHubError(403, f"{parent.full_name} belongs to {owner.login} already and can't be forked there.")
    for repository in world.repositories(actor):
        if repository.owner is owner and repository.parent is parent:
            return repository

    name, number = parent.name, 0
    while world.find(owner.login, name):
        number += 1
        name = f"{parent.name}-{number}"
    copy = _add(
        world,
        owner,
        name,
        parent.description,
        private=parent.private,
        default_branch=parent.default_branch,
        parent=parent,
    )
    copy.branches = dict(parent.branches)
    copy.pushed_at = parent.pushed_at
    return copy


def _add(
    world: World,
    owner: Account,
    name: str,
    description: str | None,
    *,
    private: bool,
    default_branch: str,
    parent: Repository | None = None,
) -> Repository:
    now = world.tick()
    return world.add_repository(
        Repository(
            id=world.next_id("repository"),
            owner=owner,
            name=name,
            description=description,
            private=private,
            created_at=now,
            updated_at=now,
            pushed_at=now,
            default_branch=default_branch,
            parent=parent,
        )
    )


def _name_problem(world: World, owner: Account, name: str) -> str | None:
    if not name.strip("."):
        return "name is reserved or empty"
    if len(name) > LONGEST_NAME:
        return f"name is too long (maximum is {LONGEST_NAME} characters)"
    if world.find(owner.login, name):
        return "name already exists on this account"
    return None
