"""Git's objects in memory, under the names that git itself gives them: the SHA-1 of kind, length and content."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha1

REGULAR = "100644"
SYMLINK = "120000"
DIRECTORY = "40000"


@dataclass(frozen=True, slots=True)
class File:
    """A file in a snapshot: its mode and the name of its blob."""

    mode: str
    blob: str


Snapshot = Mapping[str, File]
"""All files of one state of a repository, by path."""


@dataclass(frozen=True, slots=True)
class Signature:
    name: str
    email: str
    date: datetime

    def __str__(self) -> str:
        return f"{self.name} <{self.email}> {int(self.date.timestamp())} +0000"


@dataclass(frozen=True, slots=True)
class Commit:
    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str


class ObjectStore:
    """Blobs, trees and commits of all repositories together; a fork shares those of its parent."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.snapshots: dict[str, Snapshot] = {}
        """The files below each tree that is the root of a commit."""
        self.commits: dict[str, Commit] = {}

    def add_blob(self, data: bytes) -> str:
        sha = object_name("blob", data)
        self.blobs[sha] = data
        return sha

    def add_tree(self, files: Snapshot) -> str:
        sha = tree_name(files)
        self.snapshots[sha] = dict(files)
        return sha

    def add_commit(
        self, files: Snapshot, message: str, parents: tuple[str, ...], author: Signature, committer: Signature
    ) -> Commit:
        tree = self.add_tree(files)
        header = [
            f"tree {tree}",
            *(f"parent {parent}" for parent in parents),
            f"author {author}",
            f"committer {committer}",
        ]
        data = "\n".join([*header, "", message]).encode()
        commit = Commit(object_name("commit", data), tree, parents, author, committer, message)
        self.commits[commit.sha] = commit
        return commit

    def files(self, commit: str) -> Snapshot:
        return self.snapshots[self.commits[commit].tree]

    def history(self, commit: str) -> Iterator[Commit]:
        """A commit and all its ancestors, each once, children first along each line."""
        waiting, seen = [commit], {commit}
        while waiting:
            found = self.commits[waiting.pop()]
            yield found
            for parent in found.parents:
                if parent not in seen:
                    seen.add(parent)
                    waiting.append(parent)

    def ahead(self, head: str, base: str) -> list[Commit]:
        """The commits that head has and base hasn't."""
        known = {commit.sha for commit in self.history(base)}
        return [commit for commit in self.history(head) if commit.sha not in known]


def object_name(kind: str, data: bytes) -> str:
    return sha1(f"{kind} {len(data)}\0".encode() + data, usedforsecurity=False).hexdigest()


def tree_name(files: Snapshot) -> str:
    """The name of the tree of a snapshot, its subtrees included."""
    entries: dict[str, File] = {}
    below: dict[str, dict[str, File]] = {}
    for path, file in files.items():
        name, slash, rest = path.partition("/")
        if slash:
            below.setdefault(name, {})[rest] = file
        else:
            entries[name] = file
    for name, subtree in below.items():
        entries[name] = File(DIRECTORY, tree_name(subtree))
    # Git sorts a directory as if its name ended in a slash.
    ordered = sorted(entries.items(), key=lambda item: (item[0] + "/" * (item[1].mode == DIRECTORY)).encode())
    return object_name(
        "tree", b"".join(f"{file.mode} {name}\0".encode() + bytes.fromhex(file.blob) for name, file in ordered)
    )
