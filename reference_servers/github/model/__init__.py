"""GitHub as a domain: accounts, repositories, git objects, issues, pull requests. It knows no protocol.

`World` holds the state; each module beside it holds the operations of one area, as functions of a world and of the
account that acts. A refused operation raises `GitHubError` with the status and the texts of the REST service, and
leaves the state as it was.
"""

from .entities import Account, Issue, Label, Milestone, PullRequest, Repository
from .errors import FieldError, GitHubError
from .seed import seed
from .world import World

__all__ = [
    "Account",
    "FieldError",
    "GitHubError",
    "Issue",
    "Label",
    "Milestone",
    "PullRequest",
    "Repository",
    "World",
    "seed",
]
