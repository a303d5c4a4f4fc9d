"""Branches, and the files on them."""

import re

from .entities import Account, Repository
from .errors import GitHubError, not_found
from .git import REGULAR, Commit, File, Snapshot
from .world import World


def snapshot(world: World, repository: Repository, branch: str | None = None) -> Snapshot:
    """The files at the tip of a branch, the default one if None; none at all in an empty repository."""
    name = branch or repository.default_branch
    if name in repository.branches:
        return world.objects.files(repository.branches[name])
    if branch is None:
        return {}
    raise GitHubError(404, f"Branch {branch} not found")


def put_file(
    world: World,
    actor: Account,
    repository: Repository,
    path: str,
    data: bytes,
    *,
    message: str,
    branch: str,
    sha: str | None = None,
) -> Commit:
    """Create a file, or replace the one whose blob is `sha`, in one commit.

    The first commit of an empty repository makes its branch.
    """
    _check_path(path)
    before = snapshot(world, repository, branch) if repository.branches else {}
    present = before.get(path)
    if present is None and any(other.startswith(f"{path}/") or path.startswith(f"{other}/") for other in before):
        raise GitHubError(422, f"{path} can't be a file: it, or what leads to it, is something else")
    if present and sha is None:
        raise GitHubError(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if sha is not None and (present is None or present.blob != sha):
        raise GitHubError(409, f"{path} does not match {sha}")

    file = File(present.mode if present else REGULAR, world.objects.add_blob(data))
    return commit(world, actor, repository, branch, {**before, path: file}, message)


def commit(world: World, actor: Account, repository: Repository, branch: str, files: Snapshot, message: str) -> Commit:
    """Put a new state of all files on a branch."""
    repository.updated_at = repository.pushed_at = world.tick()
    parents = (repository.branches[branch],) if branch in repository.branches else ()
    signature = world.sign(actor)
    made = world.objects.add_commit(files, message, parents, signature, signature)
    repository.branches[branch] = made.sha
    return made


def create_branch(world: World, repository: Repository, name: str, source: str | None = None) -> str:
    """A new branch at the tip of another, the default one if None; returns the sha that it points to."""
    if not repository.branches:
        raise GitHubError(409, "Git Repository is empty.")
    sha = repository.branches.get(source or repository.default_branch)
    if sha is None:
        raise not_found()
    if not is_branch_name(name):
        raise GitHubError(422, f"refs/heads/{name} is not a valid ref name.")
    if name in repository.branches:
        raise GitHubError(422, "Reference already exists")
    repository.updated_at = repository.pushed_at = world.tick()
    repository.branches[name] = sha
    return sha


def is_branch_name(name: str) -> bool:
    """Whether git takes a name (git-check-ref-format)."""
    return not re.search(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/$|^/|\.$|^@$", name) and all(
        part and not part.startswith(".") and not part.endswith(".lock") for part in name.split("/")
    )


def _check_path(path: str) -> None:
    if "\0" in path or any(part in ("", ".", "..") or part.lower() == ".git" for part in path.split("/")):
        raise GitHubError(422, "path contains a malformed path component")
