"""All state in one place, with the rules that every operation shares: names, visibility, permission, time."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from .entities import Account, Repository
from .errors import GitHubError, not_found
from .git import ObjectStore, Signature

START = datetime(2024, 1, 1, tzinfo=UTC)


class World:
    """One GitHub. Two worlds that went through the same operations are equal: there is no other clock and no chance."""

    def __init__(self) -> None:
        self.now = START
        self.objects = ObjectStore()
        self._accounts: dict[str, Account] = {}
        self._repositories: dict[str, Repository] = {}
        self._ids: Counter[str] = Counter()

    # ------------------------------------------------------------------------------------------------ time and ids

    def tick(self) -> datetime:
        """The time of a write: one second after the one before."""
        self.now += timedelta(seconds=1)
        return self.now

    def next_id(self, kind: str) -> int:
        self._ids[kind] += 1
        return self._ids[kind]

    # ------------------------------------------------------------------------------------------------ accounts

    def add_account(self, account: Account) -> Account:
        self._accounts[account.login.lower()] = account
        return account

    def account(self, login: str) -> Account | None:
        return self._accounts.get(login.lower())

    def sign(self, account: Account) -> Signature:
        """The account's name under a commit made now."""
        return Signature(account.name, account.email, self.now)

    # ------------------------------------------------------------------------------------------------ repositories

    def add_repository(self, repository: Repository) -> Repository:
        self._repositories[repository.full_name.lower()] = repository
        return repository

    def find(self, owner: str, name: str) -> Repository | None:
        return self._repositories.get(f"{owner}/{name}".lower())

    def repositories(self, actor: Account) -> list[Repository]:
        """Those that an account can see, oldest first."""
        return [repository for repository in self._repositories.values() if can_read(actor, repository)]

    def readable(self, actor: Account, owner: str, name: str) -> Repository:
        """A repository to read from."""
        repository = self.find(owner, name)
        if repository is None or not can_read(actor, repository):
            raise not_found()
        return repository

    def writable(self, actor: Account, owner: str, name: str) -> Repository:
        """A repository to push to. GitHub answers 404, not 403, to whoever may only read."""
        repository = self.unarchived(actor, owner, name)
        if not can_push(actor, repository):
            raise not_found()
        return repository

    def unarchived(self, actor: Account, owner: str, name: str) -> Repository:
        """A repository to discuss in, which takes no more than reading it."""
        repository = self.readable(actor, owner, name)
        if repository.archived:
            raise GitHubError(403, "Repository was archived so is read-only.")
        return repository


def can_read(actor: Account, repository: Repository) -> bool:
    return not repository.private or can_push(actor, repository)


def can_push(actor: Account, repository: Repository) -> bool:
    return owns(actor, repository.owner) or actor.login in repository.writers


def owns(actor: Account, account: Account) -> bool:
    """Whether an account is one's own, or an organisation that one belongs to."""
    return actor is account or actor.login in account.members
