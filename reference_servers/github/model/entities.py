"""The things that GitHub keeps. Times are UTC; each `id` is unique among things of its kind."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal


@dataclass(eq=False)
class Account:
    """A user or an organisation; both own repositories and share one space of logins.

    `members` are an organisation's.
    """

    id: int
    login: str
    kind: Literal["User", "Organization"]
    name: str
    email: str
    members: frozenset[str] = frozenset()


@dataclass(eq=False)
class Label:
    id: int
    name: str
    color: str = "ededed"
    description: str | None = None


@dataclass(eq=False)
class Milestone:
    id: int
    number: int
    title: str
    state: Literal["open", "closed"] = "open"


@dataclass(eq=False)
class PullRequest:
    """What makes an issue a pull request. `head_sha` and `base_sha` stay where they were when it was closed."""

    id: int
    head_repository: "Repository"
    head: str
    head_sha: str
    base: str
    base_sha: str
    draft: bool = False
    maintainer_can_modify: bool = True
    merged_at: datetime | None = None
    merge_commit: str | None = None


@dataclass(eq=False)
class Issue:
    """An issue, or a pull request, which is an issue with a `pull`: they share the numbers of their repository."""

    id: int
    number: int
    title: str
    body: str | None
    user: Account
    created_at: datetime
    updated_at: datetime
    labels: list[Label] = field(default_factory=list)
    assignees: list[Account] = field(default_factory=list)
    milestone: Milestone | None = None
    state: Literal["open", "closed"] = "open"
    state_reason: Literal["completed", "not_planned"] | None = None
    closed_at: datetime | None = None
    locked: bool = False
    pull: PullRequest | None = None


@dataclass(eq=False)
class Repository:
    """A repository.

    `branches` maps a name to the sha of its commit; `writers` are logins that may push without owning it.
    """

    id: int
    owner: Account
    name: str
    description: str | None
    private: bool
    created_at: datetime
    updated_at: datetime
    pushed_at: datetime
    default_branch: str = "main"
    archived: bool = False
    stars: int = 0
    parent: "Repository | None" = None
    branches: dict[str, str] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    milestones: dict[int, Milestone] = field(default_factory=dict)
    writers: frozenset[str] = frozenset()

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"

    @property
    def source(self) -> "Repository":
        """The root of the network of forks."""
        return self.parent.source if self.parent else self
