"""How things look in GitHub's answers: JSON objects with the member names of its REST service."""

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias, overload
from urllib.parse import quote

from .entities import Account, Issue, Label, Milestone, Repository
from .git import Commit, Signature
from .world import World

Object: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Views:
    """Makes the objects of one world. `api` and `web` are the bases of the URLs in them."""

    world: World
    api: str = "https://api.github.com"
    web: str = "https://github.com"

    # ------------------------------------------------------------------------------------------------ accounts

    def user(self, account: Account) -> Object:
        return {
            "login": account.login,
            "id": account.id,
            "node_id": node_id("U", account.id),
            "avatar_url": f"{self.web}/{account.login}.png",
            "url": f"{self.api}/users/{account.login}",
            "html_url": f"{self.web}/{account.login}",
            "type": account.kind,
        }

    # ------------------------------------------------------------------------------------------------ repositories

    def repository(self, repository: Repository) -> Object:
        host, name = self.web.partition("://")[2], repository.full_name
        return {
            "id": repository.id,
            "node_id": node_id("R", repository.id),
            "name": repository.name,
            "full_name": name,
            "private": repository.private,
            "owner": self.user(repository.owner),
            "html_url": f"{self.web}/{name}",
            "description": repository.description,
            "fork": repository.parent is not None,
            "url": self._url(repository),
            "created_at": stamp(repository.created_at),
            "updated_at": stamp(repository.updated_at),
            "pushed_at": stamp(repository.pushed_at),
            "git_url": f"git://{host}/{name}.git",
            "ssh_url": f"git@{host}:{name}.git",
            "clone_url": f"{self.web}/{name}.git",
            "stargazers_count": repository.stars,
            "archived": repository.archived,
            "default_branch": repository.default_branch,
        }

    def fork(self, repository: Repository) -> Object:
        """A fork with the repository that it comes from, and the root of its network."""
        assert repository.parent
        return self.repository(repository) | {
            "parent": self.repository(repository.parent),
            "source": self.repository(repository.source),
        }

    def ref(self, repository: Repository, branch: str) -> Object:
        sha = repository.branches[branch]
        return {
            "ref": f"refs/heads/{branch}",
            "node_id": node_id("REF", f"{repository.id}:{branch}"),
            "url": f"{self._url(repository)}/git/refs/heads/{quote(branch)}",
            "object": {"sha": sha, "type": "commit", "url": self._git(repository, "commits", sha)},
        }

    def file(self, repository: Repository, branch: str, path: str) -> Object:
        """A file without its content."""
        sha = self.world.objects.files(repository.branches[branch])[path].blob
        url = f"{self._url(repository)}/contents/{quote(path)}?ref={quote(branch, safe='')}"
        html = f"{self.web}/{repository.full_name}/blob/{quote(branch)}/{quote(path)}"
        git = self._git(repository, "blobs", sha)
        return {
            "name": path.rpartition("/")[2],
            "path": path,
            "sha": sha,
            "size": len(self.world.objects.blobs[sha]),
            "url": url,
            "html_url": html,
            "git_url": git,
            "download_url": f"{self.web}/{repository.full_name}/raw/{quote(branch)}/{quote(path)}",
            "type": "file",
            "_links": {"self": url, "git": git, "html": html},
        }

    def commit(self, repository: Repository, commit: Commit) -> Object:
        return {
            "sha": commit.sha,
            "node_id": node_id("C", commit.sha),
            "url": self._git(repository, "commits", commit.sha),
            "html_url": f"{self.web}/{repository.full_name}/commit/{commit.sha}",
            "author": signature(commit.author),
            "committer": signature(commit.committer),
            "message": commit.message,
            "tree": {"sha": commit.tree, "url": self._git(repository, "trees", commit.tree)},
            "parents": [
                {
                    "sha": parent,
                    "url": self._git(repository, "commits", parent),
                    "html_url": f"{self.web}/{repository.full_name}/commit/{parent}",
                }
                for parent in commit.parents
            ],
        }

    # ------------------------------------------------------------------------------------------------ issues

    def issue(self, repository: Repository, issue: Issue) -> Object:
        kind = "pull" if issue.pull else "issues"
        return {
            "id": issue.id,
            "node_id": node_id("I", issue.id),
            "number": issue.number,
            "url": f"{self._url(repository)}/issues/{issue.number}",
            "repository_url": self._url(repository),
            "html_url": f"{self.web}/{repository.full_name}/{kind}/{issue.number}",
            "title": issue.title,
            "body": issue.body,
            "user": self.user(issue.user),
            "labels": [self.label(repository, label) for label in issue.labels],
            "assignee": self.user(issue.assignees[0]) if issue.assignees else None,
            "assignees": [self.user(account) for account in issue.assignees],
            "milestone": self.milestone(repository, issue.milestone) if issue.milestone else None,
            "state": issue.state,
            "state_reason": issue.state_reason,
            "locked": issue.locked,
            "comments": 0,
            "created_at": stamp(issue.created_at),
            "updated_at": stamp(issue.updated_at),
            "closed_at": stamp(issue.closed_at),
        }

    def label(self, repository: Repository, label: Label) -> Object:
        return {
            "id": label.id,
            "node_id": node_id("LA", label.id),
            "url": f"{self._url(repository)}/labels/{quote(label.name)}",
            "name": label.name,
            "color": label.color,
            "default": False,
            "description": label.description,
        }

    def milestone(self, repository: Repository, milestone: Milestone) -> Object:
        return {
            "id": milestone.id,
            "node_id": node_id("MI", milestone.id),
            "number": milestone.number,
            "url": f"{self._url(repository)}/milestones/{milestone.number}",
            "title": milestone.title,
            "state": milestone.state,
        }

    def pull_request(self, repository: Repository, issue: Issue) -> Object:
        pull = issue.pull
        assert pull
        html = f"{self.web}/{repository.full_name}/pull/{issue.number}"
        return {
            "id": pull.id,
            "node_id": node_id("PR", pull.id),
            "number": issue.number,
            "url": f"{self._url(repository)}/pulls/{issue.number}",
            "html_url": html,
            "diff_url": f"{html}.diff",
            "patch_url": f"{html}.patch",
            "issue_url": f"{self._url(repository)}/issues/{issue.number}",
            "title": issue.title,
            "body": issue.body,
            "user": self.user(issue.user),
            "state": issue.state,
            "locked": issue.locked,
            "draft": pull.draft,
            "maintainer_can_modify": pull.maintainer_can_modify,
            "created_at": stamp(issue.created_at),
            "updated_at": stamp(issue.updated_at),
            "closed_at": stamp(issue.closed_at),
            "merged_at": stamp(pull.merged_at),
            "merge_commit_sha": pull.merge_commit,
            "labels": [self.label(repository, label) for label in issue.labels],
            "assignee": self.user(issue.assignees[0]) if issue.assignees else None,
            "assignees": [self.user(account) for account in issue.assignees],
            "requested_reviewers": [],
            "head": self._end(pull.head_repository, pull.head, pull.head_sha),
            "base": self._end(repository, pull.base, pull.base_sha),
        }

    def _end(self, repository: Repository, branch: str, sha: str) -> Object:
        return {
            "label": f"{repository.owner.login}:{branch}",
            "ref": branch,
            "sha": sha,
            "user": self.user(repository.owner),
            "repo": self.repository(repository),
        }

    def _url(self, repository: Repository) -> str:
        return f"{self.api}/repos/{repository.full_name}"

    def _git(self, repository: Repository, kind: str, sha: str) -> str:
        return f"{self._url(repository)}/git/{kind}/{sha}"


def node_id(kind: str, key: int | str) -> str:
    return b64encode(f"{kind}:{key}".encode()).decode("ascii")


def signature(signature: Signature) -> Object:
    return {"name": signature.name, "email": signature.email, "date": stamp(signature.date)}


@overload
def stamp(moment: datetime) -> str: ...
@overload
def stamp(moment: None) -> None: ...
def stamp(moment: datetime | None) -> str | None:
    """A time as GitHub writes it, in UTC to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
