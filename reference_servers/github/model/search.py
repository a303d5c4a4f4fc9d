"""The search language: free text and qualifiers, each of which a minus sign turns round."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from .entities import Account, Repository
from .errors import FieldError, GitHubError, validation_failed
from .world import World

REACHABLE = 1000
"""Results of one search that can be paged to."""

_WORD = re.compile(r'(?P<minus>-?)(?:(?P<name>[a-z]+):)?(?:"(?P<quoted>[^"]*)"|(?P<plain>\S+))')
_RANGE = re.compile(r"(?P<low>[^.]+|\*)\.\.(?P<high>[^.]+|\*)|(?P<sign>>=|<=|>|<|)(?P<value>.+)")

T = TypeVar("T")
Comparable = TypeVar("Comparable", int, datetime)


@dataclass(frozen=True, slots=True)
class Term:
    """One condition. `name` is None for free text."""

    name: str | None
    value: str
    negated: bool


def parse(query: str, known: Mapping[str, object]) -> list[Term]:
    """The terms of a query. A qualifier that isn't known is free text, as on GitHub."""
    terms = []
    for word in _WORD.finditer(query):
        name, value = word["name"], word["plain"] if word["quoted"] is None else word["quoted"]
        if name is not None and name not in known:
            name, value = None, f"{name}:{value}"
        terms.append(Term(name, value, bool(word["minus"])))
    return terms


def page(found: list[T], number: int, size: int) -> list[T]:
    """One page of results, counted from 1; GitHubError beyond the results that can be reached."""
    if number * size > REACHABLE:
        raise GitHubError(422, f"Only the first {REACHABLE} search results are available")
    return found[(number - 1) * size : number * size]


def repositories(world: World, actor: Account, query: str) -> list[Repository]:
    """The repositories that an account can see and that match, oldest first. Forks are left out unless asked for."""
    terms = parse(query, _REPOSITORY)
    if not terms:
        raise validation_failed(FieldError("Search", "missing", "q"))
    for term in terms:
        if term.name in ("user", "org", "repo") and not term.negated and not _exists(world, actor, term):
            message = "The listed users and repositories cannot be searched: they don't exist, or you may not see them."
            raise validation_failed(FieldError("Search", "invalid", "q", message))
    if not any(term.name == "fork" for term in terms):
        terms.append(Term("fork", "false", negated=False))

    places = {place for term in terms if term.name == "in" for place in term.value.split(",")} or {
        "name",
        "description",
    }
    owners = [term for term in terms if term.name in ("user", "org", "repo") and not term.negated]
    rest = [term for term in terms if term.name != "in" and term not in owners]
    return [
        repository
        for repository in world.repositories(actor)
        if (not owners or any(_matches(repository, term, places) for term in owners))
        and all(_matches(repository, term, places) != term.negated for term in rest)
    ]


def _matches(repository: Repository, term: Term, places: set[str]) -> bool:
    if term.name is not None:
        return _REPOSITORY[term.name](repository, term.value)
    texts = {"name": repository.full_name, "description": repository.description or ""}
    return any(term.value.lower() in text.lower() for place, text in texts.items() if place in places)


def _exists(world: World, actor: Account, term: Term) -> bool:
    if term.name == "repo":
        return any(repository.full_name.lower() == term.value.lower() for repository in world.repositories(actor))
    return world.account(term.value) is not None


def _owned(repository: Repository, value: str) -> bool:
    return repository.owner.login.lower() == value.lower()


def _is(repository: Repository, value: str) -> bool:
    states = {"public": not repository.private, "private": repository.private, "archived": repository.archived}
    return states.get(value.lower(), False)


def _fork(repository: Repository, value: str) -> bool:
    return value.lower() == "true" or (repository.parent is not None) == (value.lower() == "only")


_REPOSITORY: Mapping[str, Callable[[Repository, str], bool]] = {
    "in": lambda repository, value: True,
    "user": _owned,
    "org": _owned,
    "repo": lambda repository, value: repository.full_name.lower() == value.lower(),
    "is": _is,
    "fork": _fork,
    "archived": lambda repository, value: repository.archived == (value.lower() == "true"),
    "stars": lambda repository, value: within(repository.stars, value, int),
    "created": lambda repository, value: _dated(repository.created_at, value),
    "pushed": lambda repository, value: _dated(repository.pushed_at, value),
}


def within(number: Comparable, value: str, read: Callable[[str], Comparable]) -> bool:
    """Whether a number or a time fits ``n``, ``>=n``, ``a..b`` and the like; what can't be read is fitted by none."""
    match = _RANGE.fullmatch(value)
    if match is None:
        return False
    try:
        if match["value"] is None:
            low, high = match["low"], match["high"]
            return (low == "*" or read(low) <= number) and (high == "*" or number <= read(high))
        bound = read(match["value"])
    except ValueError:
        return False
    outcomes = {
        "": number == bound,
        ">": number > bound,
        "<": number < bound,
        ">=": number >= bound,
        "<=": number <= bound,
    }
    return outcomes[match["sign"]]


def _dated(moment: datetime, value: str) -> bool:
    """A bare day stands for its whole length; everything else is compared as a moment."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        try:
            day = _moment(value)
        except ValueError:
            return False
        return day <= moment < day + timedelta(days=1)
    return within(moment, value, _moment)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
