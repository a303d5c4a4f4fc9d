"""Pull requests."""

from . import issues
from .entities import Account, Issue, PullRequest, Repository
from .errors import FieldError, validation_failed
from .world import World, can_push


def create(
    world: World,
    actor: Account,
    repository: Repository,
    title: str,
    *,
    head: str,
    base: str,
    body: str | None = None,
    draft: bool = False,
    maintainer_can_modify: bool = True,
) -> Issue:
    """A new pull request that asks to merge `head`, a branch or ``owner:branch`` of a fork, into the branch `base`."""
    if not title.strip():
        raise validation_failed(FieldError("PullRequest", "missing_field", "title"))
    source, branch = _head(world, actor, repository, head)
    if base not in repository.branches:
        raise validation_failed(FieldError("PullRequest", "invalid", "base"))
    head_sha, base_sha = source.branches[branch], repository.branches[base]
    if not world.objects.ahead(head_sha, base_sha):
        raise _refused(f"No commits between {base} and {head}")
    for other in repository.issues.values():
        pull = other.pull
        if pull and other.state == "open" and (pull.head_repository, pull.head, pull.base) == (source, branch, base):
            raise _refused(f"A pull request already exists for {source.owner.login}:{branch}.")

    issue = issues.new(world, actor, repository, title, body)
    issue.pull = PullRequest(
        id=world.next_id("pull request"),
        head_repository=source,
        head=branch,
        head_sha=head_sha,
        base=base,
        base_sha=base_sha,
        draft=draft,
        maintainer_can_modify=maintainer_can_modify,
    )
    return issues.add(world, repository, issue)


def _head(world: World, actor: Account, repository: Repository, head: str) -> tuple[Repository, str]:
    """The repository and the branch that a head names. Whoever proposes a branch may push to its repository."""
    owner, colon, branch = head.rpartition(":")
    if not colon or owner.lower() == repository.owner.login.lower():
        source: Repository | None = repository
    else:
        network = (found for found in world.repositories(actor) if found.source is repository.source)
        source = next((found for found in network if found.owner.login.lower() == owner.lower()), None)
    if source is None or branch not in source.branches or not can_push(actor, source):
        raise validation_failed(FieldError("PullRequest", "invalid", "head"))
    return source, branch


def _refused(message: str) -> Exception:
    return validation_failed(FieldError("PullRequest", "custom", message=message))
