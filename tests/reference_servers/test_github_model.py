"""The GitHub in memory, without any protocol."""

import shutil
import subprocess
from datetime import timedelta

import pytest

from reference_servers.github.model import (
    Account,
    GitHubError,
    Repository,
    World,
    contents,
    issues,
    pulls,
    repositories,
    search,
    seed,
)
from reference_servers.github.model.git import REGULAR, SYMLINK, File, object_name, tree_name
from reference_servers.github.model.views import Views


@pytest.fixture
def world() -> World:
    return seed()


@pytest.fixture
def alice(world: World) -> Account:
    return account(world, "alice")


@pytest.fixture
def hello(world: World, alice: Account) -> Repository:
    return world.readable(alice, "alice", "hello-world")


def account(world: World, login: str) -> Account:
    found = world.account(login)
    assert found
    return found


def refused(status: int):
    return pytest.raises(GitHubError, match=f"^{status} ")


# ------------------------------------------------------------------------------------------------ the seed


def test_two_worlds_are_equal():
    views = [
        [
            Views(world).repository(repository) | repository.branches
            for repository in world.repositories(account(world, "alice"))
        ]
        for world in (seed(), seed())
    ]
    assert views[0] == views[1]


def test_the_seed_holds_what_is_promised(world, alice, hello):
    files = contents.snapshot(world, hello)
    assert set(files) == {
        ".github/workflows/ci.yml",
        "README.md",
        "docs/guide.md",
        "docs/ünïcode name.md",
        "empty.txt",
        "link",
        "logo.png",
        "src/app.py",
        "src/lib/util.py",
    }
    assert len(world.objects.blobs[files["logo.png"].blob]) == 68
    assert files["link"].mode == SYMLINK
    assert set(hello.branches) == {"main", "dev", "feature/login", "conflict"}
    assert len(list(world.objects.history(hello.branches["main"]))) == 12
    assert [number for number, issue in hello.issues.items() if issue.pull] == [7, 8, 9, 10, 11]

    big = world.readable(alice, "acme", "big")
    assert (len(big.issues), len(big.branches)) == (120, 45)
    assert len(list(world.objects.history(big.branches["main"]))) == 250
    assert world.readable(alice, "bob", "legacy").default_branch == "master"
    assert world.readable(alice, "carol", "hello-world").parent is hello
    assert not world.readable(alice, "acme", "empty").branches


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_objects_have_the_names_that_git_gives_them(tmp_path, world, hello):
    def git(*arguments: str, given: bytes = b"") -> str:
        command = ["git", "-C", str(tmp_path), *arguments]
        return subprocess.run(command, input=given, capture_output=True, check=True).stdout.decode().strip()

    git("init", "--quiet")
    tip = world.objects.commits[hello.branches["main"]]
    for path, file in world.objects.files(tip.sha).items():
        assert git("hash-object", "-w", "--stdin", given=world.objects.blobs[file.blob]) == file.blob
        git("update-index", "--add", "--cacheinfo", f"{file.mode},{file.blob},{path}")
    assert git("write-tree") == tip.tree
    (parent,) = tip.parents
    text = f"tree {tip.tree}\nparent {parent}\nauthor {tip.author}\ncommitter {tip.committer}\n\n{tip.message}"
    assert git("hash-object", "-t", "commit", "--literally", "--stdin", given=text.encode()) == tip.sha


def test_the_empty_blob_has_its_well_known_name():
    assert object_name("blob", b"") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    assert tree_name({}) == "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def test_a_tree_sorts_a_directory_as_if_its_name_ended_in_a_slash():
    blob = object_name("blob", b"")
    files = {"a.txt": File(REGULAR, blob), "a/b": File(REGULAR, blob), "a-b": File(REGULAR, blob)}
    assert tree_name(files) == tree_name(dict(reversed(files.items())))
    assert tree_name({"a/b": File(REGULAR, blob)}) != tree_name({"a": File(REGULAR, blob)})


def test_time_moves_a_second_a_write_and_only_then(world, alice, hello):
    before = world.now
    search.repositories(world, alice, "hello")
    assert world.now == before
    issues.create(world, alice, hello, "One")
    assert world.now == before + timedelta(seconds=1)


# ------------------------------------------------------------------------------------------------ who may what


def test_what_is_private_is_absent_for_others(world, alice):
    stranger = world.add_account(Account(99, "mallory", "User", "Mallory", "mallory@example.com"))
    assert world.readable(alice, "ACME", "Widgets").private
    with refused(404):
        world.readable(stranger, "acme", "widgets")
    assert "acme/widgets" not in [found.full_name for found in world.repositories(stranger)]


def test_only_writers_push_and_nobody_writes_to_an_archive(world, alice):
    with refused(404):
        world.writable(account(world, "carol"), "alice", "hello-world")
    with refused(403):
        world.writable(alice, "acme", "archived")
    assert world.writable(account(world, "bob"), "alice", "hello-world")


# ------------------------------------------------------------------------------------------------ files and branches


def put(
    world: World, actor: Account, repository: Repository, path: str, sha: str | None = None, branch: str = "main"
) -> None:
    contents.put_file(world, actor, repository, path, b"new", message="m", branch=branch, sha=sha)


def test_a_file_is_replaced_by_whoever_knows_what_it_holds(world, alice, hello):
    old = contents.snapshot(world, hello)["README.md"]
    tip = hello.branches["main"]
    with refused(422):
        put(world, alice, hello, "README.md")
    with refused(409):
        put(world, alice, hello, "README.md", sha="0" * 40)
    with refused(409):
        put(world, alice, hello, "absent.md", sha=old.blob)
    assert hello.branches["main"] == tip
    put(world, alice, hello, "README.md", sha=old.blob)
    new = contents.snapshot(world, hello)["README.md"]
    assert world.objects.blobs[new.blob] == b"new"
    assert world.objects.commits[hello.branches["main"]].parents == (tip,)


@pytest.mark.parametrize("path", ["", "/a", "a/", "a//b", "../a", "a/./b", ".git/config", "a\0b", "src", "README.md/a"])
def test_a_path_that_can_be_no_file_is_refused(world, alice, hello, path):
    with refused(422):
        put(world, alice, hello, path)


def test_a_file_needs_its_branch_except_in_an_empty_repository(world, alice, hello):
    with refused(404):
        put(world, alice, hello, "a.md", branch="nowhere")
    empty = world.readable(alice, "acme", "empty")
    put(world, alice, empty, "a.md")
    assert list(contents.snapshot(world, empty)) == ["a.md"]


def test_a_branch_starts_where_it_is_told_to(world, alice, hello):
    assert contents.create_branch(world, hello, "new") == hello.branches["main"]
    assert contents.create_branch(world, hello, "newer", "dev") == hello.branches["dev"]
    with refused(422):
        contents.create_branch(world, hello, "new")
    with refused(404):
        contents.create_branch(world, hello, "newest", "nowhere")
    with refused(409):
        contents.create_branch(world, world.readable(alice, "acme", "empty"), "new")


@pytest.mark.parametrize(
    "name", ["", "a b", "a..b", "/a", "a/", "a//b", ".a", "a.lock", "a~1", "a:b", "a\\b", "@", "a@{b", "a."]
)
def test_a_name_that_git_refuses_is_no_branch(world, hello, name):
    with refused(422):
        contents.create_branch(world, hello, name)


# ------------------------------------------------------------------------------------------------ repositories


def test_a_new_repository_is_empty_unless_it_is_told_to_begin(world, alice):
    assert not repositories.create(world, alice, "one").branches
    two = repositories.create(world, alice, "two", description="The second", auto_init=True)
    readme = contents.snapshot(world, two)["README.md"]
    assert world.objects.blobs[readme.blob] == b"# two\nThe second\n"


def test_a_repository_name_is_mended_or_refused(world, alice):
    assert repositories.create(world, alice, "my new: thing").name == "my-new-thing"
    for name in ("hello-world", "HELLO-WORLD", "", ".", "..", "x" * 101):
        with refused(422):
            repositories.create(world, alice, name)


def test_a_fork_is_made_once_and_keeps_its_origin(world, alice):
    legacy = world.readable(alice, "bob", "legacy")
    fork = repositories.fork(world, alice, legacy)
    assert (fork.full_name, fork.parent, fork.source, fork.branches) == (
        "alice/legacy",
        legacy,
        legacy,
        legacy.branches,
    )
    assert repositories.fork(world, alice, legacy) is fork
    assert repositories.fork(world, alice, legacy, "acme").full_name == "acme/legacy"


def test_a_fork_whose_name_is_taken_gets_a_number(world, alice):
    carols = world.readable(alice, "carol", "hello-world")
    assert repositories.fork(world, alice, carols).full_name == "alice/hello-world-1"


def test_some_forks_are_refused(world, alice, hello):
    for parent, organization, status in (
        (hello, None, 403),
        (hello, "nobody", 404),
        (hello, "bob", 404),
        (world.readable(alice, "acme", "empty"), None, 403),
    ):
        with refused(status):
            repositories.fork(world, alice, parent, organization)


# ------------------------------------------------------------------------------------------------ search


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("hello", ["alice/hello-world"]),
        ("HELLO fork:true", ["alice/hello-world", "carol/hello-world"]),
        ("hello fork:only", ["carol/hello-world"]),
        ('"first repository"', ["alice/hello-world"]),
        ("pagination in:name", []),
        ("pagination in:description", ["acme/big"]),
        ("org:acme is:public", ["acme/big", "acme/empty", "acme/archived"]),
        ("org:acme is:private", ["acme/widgets"]),
        ("org:acme -archived:true -big is:public", ["acme/empty"]),
        ("user:alice user:bob", ["alice/hello-world", "bob/legacy"]),
        ("repo:bob/legacy", ["bob/legacy"]),
        ("stars:>=5", ["alice/hello-world"]),
        ("stars:1..10", ["alice/hello-world"]),
        ("stars:many", []),
        ("user:bob created:2024-01-01", ["bob/legacy"]),
        ("user:bob created:<2024-01-01", []),
        ("user:bob pushed:2023-01-01..*", ["bob/legacy"]),
        ("user:bob created:2024-99-99", []),
        ("no:such qualifier", []),
    ],
)
def test_a_search_finds_what_its_terms_say(world, alice, query, names):
    assert [found.full_name for found in search.repositories(world, alice, query)] == names


@pytest.mark.parametrize("query", ["", "   ", "user:nobody", "repo:alice/nothing", "org:nobody hello"])
def test_a_search_for_nothing_or_for_the_unknown_is_refused(world, alice, query):
    with refused(422):
        search.repositories(world, alice, query)


def test_a_search_shows_no_more_than_its_first_thousand():
    assert search.page(list(range(50)), 2, 30) == list(range(30, 50))
    with refused(422):
        search.page([], 11, 100)


# ------------------------------------------------------------------------------------------ issues and pull requests


def test_an_issue_has_the_next_number_and_what_it_was_given(world, alice, hello):
    made = issues.create(world, alice, hello, "T", labels=["BUG", "brand new"], assignees=["Bob", "bob"], milestone=1)
    assert made.number == 12
    assert [label.name for label in made.labels] == ["bug", "brand new"]
    assert "brand new" in hello.labels


@pytest.mark.parametrize(
    "arguments",
    [{"title": " "}, {"assignees": ["nobody"]}, {"assignees": ["carol"]}, {"milestone": 9}, {"labels": ["new", ""]}],
)
def test_a_refused_issue_leaves_nothing_behind(world, alice, hello, arguments):
    before = (dict(hello.issues), dict(hello.labels), world.now)
    with refused(422):
        issues.create(world, alice, hello, **{"title": "T", **arguments})
    assert (hello.issues, hello.labels, world.now) == before


def test_who_may_only_read_sets_no_labels(world, hello):
    made = issues.create(world, account(world, "carol"), hello, "T", labels=["bug"], assignees=["nobody"], milestone=99)
    assert (made.labels, made.assignees, made.milestone) == ([], [], None)


def test_a_pull_request_comes_from_a_branch_or_from_a_fork(world, alice, hello):
    made = pulls.create(world, alice, hello, "T", head="dev", base="main")
    assert made.pull
    assert (made.number, made.pull.head_sha, made.pull.base_sha) == (12, hello.branches["dev"], hello.branches["main"])
    contents.create_branch(world, hello, "old", "conflict")
    theirs = pulls.create(world, account(world, "carol"), hello, "T", head="carol:main", base="old")
    assert theirs.pull
    assert theirs.pull.head_repository.full_name == "carol/hello-world"


@pytest.mark.parametrize(
    ("head", "base", "reason"),
    [
        ("nowhere", "main", "head invalid"),
        ("nobody:main", "main", "head invalid"),
        ("carol:main", "main", "head invalid"),  # alice may not push to it
        ("dev", "nowhere", "base invalid"),
        ("main", "main", "No commits between main and main"),
        ("feature/login", "main", "already exists for alice:feature/login"),
    ],
)
def test_a_pull_request_that_makes_no_sense_is_refused(world, alice, hello, head, base, reason):
    with pytest.raises(GitHubError, match=reason) as error:
        pulls.create(world, alice, hello, "T", head=head, base=base)
    assert error.value.status == 422
