"""The world that every server starts with. Its git objects are real ones, so their names can be checked with git."""

from . import issues, pulls, repositories
from .contents import commit, create_branch, put_file, snapshot
from .entities import Account, Issue, Label, Milestone, Repository
from .git import REGULAR, SYMLINK, File
from .world import World

LOGO = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c020000000b49444154"
    "78da6364600000000600023081d02f0000000049454e44ae426082"
)
"""A picture of one pixel, 68 bytes."""

CI = """\
name: CI
on:
  push:
    branches: [main]
  pull_request:
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: python -m pytest
"""

UTIL = """\
def greet(name: str) -> str:
    return f"Hello, {name}!"
"""

APP = """\
from lib.util import greet

print(greet("world"))
"""


def seed() -> World:
    """A new world, equal to every other one."""
    world = World()
    alice = world.add_account(Account(world.next_id("account"), "alice", "User", "Alice Arnold", "alice@example.com"))
    bob = world.add_account(Account(world.next_id("account"), "bob", "User", "Bob Brown", "bob@example.com"))
    carol = world.add_account(Account(world.next_id("account"), "carol", "User", "Carol Clark", "carol@example.com"))
    acme = world.add_account(
        Account(
            world.next_id("account"),
            "acme",
            "Organization",
            "Acme Corporation",
            "hello@acme.example",
            members=frozenset({"alice", "bob", "carol"}),
        )
    )
    hello = _hello_world(world, alice, bob)
    _widgets(world, alice, acme)
    _big(world, alice, acme)
    _legacy(world, bob)
    repositories.create(world, alice, "empty", owner=acme, description="Nothing in it yet")
    archived = repositories.create(
        world, alice, "archived", owner=acme, description="No longer kept up", auto_init=True
    )
    archived.archived = True
    fork = repositories.fork(world, carol, hello)
    put_file(world, carol, fork, "docs/faq.md", b"# Questions\n", message="Start a list of questions", branch="main")
    _discussions(world, alice, bob, carol, hello)
    return world


def _hello_world(world: World, alice: Account, bob: Account) -> Repository:
    """Eleven commits on main, and three branches beside it with one each: two can be merged, one conflicts."""
    hello = repositories.create(world, alice, "hello-world", description="My first repository on GitHub!")
    hello.stars = 5
    hello.writers = frozenset({"bob"})
    for path, data, message in (
        ("README.md", b"# hello-world\n", "Initial commit"),
        ("src/app.py", APP.encode(), "Say hello"),
        ("src/lib/util.py", UTIL.encode(), "Greet by name"),
        ("docs/guide.md", b"# Guide\n\nRun `python src/app.py`.\n", "Explain how to run it"),
        (
            "docs/ünïcode name.md",
            "# Ünïcode\n\nNames and text beyond ASCII: ✓\n".encode(),
            "Document names beyond ASCII",
        ),
        (".github/workflows/ci.yml", CI.encode(), "Run the tests on every push"),
        ("logo.png", LOGO, "Add a logo"),
        ("empty.txt", b"", "Add an empty file"),
    ):
        put_file(world, alice, hello, path, data, message=message, branch="main")
    link = File(SYMLINK, world.objects.add_blob(b"README.md"))
    commit(world, alice, hello, "main", {**snapshot(world, hello), "link": link}, "Link to the read-me")

    _edit(world, alice, hello, "src/lib/util.py", UTIL.replace("Hello,", "Hello"), "Drop the comma", "main")

    create_branch(world, hello, "dev")
    create_branch(world, hello, "feature/login")
    create_branch(world, hello, "conflict")
    _edit(world, bob, hello, "src/app.py", APP.replace("world", "developers"), "Greet developers", "dev")
    _edit(world, bob, hello, "src/login.py", "def login() -> None: ...\n", "Begin a login", "feature/login")
    _edit(world, bob, hello, "README.md", "# hello, conflict\n", "Change the title", "conflict")
    _edit(world, alice, hello, "README.md", "# Hello, World\n", "Write the title out", "main")
    return hello


def _widgets(world: World, alice: Account, acme: Account) -> None:
    widgets = repositories.create(world, alice, "widgets", owner=acme, description="Internal widgets", private=True)
    _edit(world, alice, widgets, "README.md", "# widgets\n", "Initial commit", "main")
    _edit(world, alice, widgets, "widgets.py", "WIDGETS = 3\n", "Count the widgets", "main")


def _big(world: World, alice: Account, acme: Account) -> None:
    """What needs pages: 250 commits, 45 branches, 120 issues, and 12 files."""
    big = repositories.create(world, alice, "big", owner=acme, description="A repository that needs pagination")
    files: dict[str, File] = {}
    for number in range(250):
        path = f"data/part-{number % 12:02}.txt"
        files = {**files, path: File(REGULAR, world.objects.add_blob(f"Version {number // 12 + 1}\n".encode()))}
        commit(world, alice, big, "main", files, f"Change {number + 1}")
    for number in range(1, 45):
        create_branch(world, big, f"branch-{number:02}")
    for number in range(1, 121):
        issues.create(world, alice, big, f"Issue {number}", body="One of many.")


def _legacy(world: World, bob: Account) -> None:
    legacy = repositories.create(world, bob, "legacy", description="From before main", default_branch="master")
    legacy.writers = frozenset({"alice"})
    _edit(world, bob, legacy, "README.md", "# legacy\n", "Initial commit", "master")


def _discussions(world: World, alice: Account, bob: Account, carol: Account, hello: Repository) -> None:
    """Labels, milestones, issues 1 to 6 and pull requests 7 to 11 of hello-world."""
    for name, color in (
        ("bug", "d73a4a"),
        ("enhancement", "a2eeef"),
        ("question", "d876e3"),
        ("good first issue", "7057ff"),
    ):
        hello.labels[name] = Label(world.next_id("label"), name, color)
    hello.milestones[1] = Milestone(world.next_id("milestone"), 1, "v2.0")
    hello.milestones[2] = Milestone(world.next_id("milestone"), 2, "v1.0", "closed")

    issues.create(
        world, bob, hello, "Greeting has no comma", body="`Hello world` needs a comma.", labels=["bug"], milestone=1
    )
    _close(world, issues.create(world, carol, hello, "Add a guide", body="How do I run this?"), "completed")
    _close(world, issues.create(world, carol, hello, "Rewrite in another language"), "not_planned")
    issues.create(world, bob, hello, "Is this kept up?", labels=["question"]).locked = True
    issues.create(world, carol, hello, "Greet with more joy 🎉", body="👋 🌍 everywhere, please. 😀")
    issues.create(
        world, alice, hello, "Translate the greeting", labels=["enhancement", "good first issue"], assignees=["bob"]
    )

    pulls.create(world, bob, hello, "Add a login", head="feature/login", base="main", body="Fixes nothing yet.")
    pulls.create(world, bob, hello, "Change the title", head="conflict", base="main")
    pulls.create(world, carol, hello, "Start a list of questions", head="carol:main", base="main", draft=True)
    create_branch(world, hello, "fix-typo")
    tip = _edit(
        world, bob, hello, "docs/guide.md", "# Guide\n\nRun `python -m src.app`.\n", "Fix the command", "fix-typo"
    )
    merged = pulls.create(world, bob, hello, "Fix the command", head="fix-typo", base="main")
    _close(world, merged, None)
    assert merged.pull
    merged.pull.merged_at, merged.pull.merge_commit = merged.closed_at, tip
    hello.branches["main"] = hello.branches.pop("fix-typo")
    create_branch(world, hello, "experiment")
    _edit(world, bob, hello, "experiment.txt", "Not this way.\n", "Try something", "experiment")
    _close(world, pulls.create(world, bob, hello, "Try something", head="experiment", base="main"), None)
    del hello.branches["experiment"]


def _edit(world: World, actor: Account, repository: Repository, path: str, text: str, message: str, branch: str) -> str:
    """Write a file whether or not it is there; returns the commit."""
    present = snapshot(world, repository, branch).get(path) if branch in repository.branches else None
    sha = present.blob if present else None
    return put_file(world, actor, repository, path, text.encode(), message=message, branch=branch, sha=sha).sha


def _close(world: World, issue: Issue, reason: str | None) -> None:
    issue.state = "closed"
    issue.state_reason = reason  # type: ignore[assignment]
    issue.closed_at = issue.updated_at = world.tick()
