"""The files of repositories as resources: ``repo://`` with the owner, the repository, perhaps a branch, and a path."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import quote, unquote

from reference_servers.engine import BlobContents, Change, Changes, Resource, ResourceTemplate, TextContents

from .model import GitHubError
from .model.contents import snapshot
from .session import Session

TYPES = {
    ".md": "text/markdown",
    ".png": "image/png",
    ".py": "text/x-python",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}
"""MIME types by the end of a name; any other file is plain text if it is text at all."""

_URI = re.compile(
    r"repo://(?P<owner>[^/?#]+)/(?P<repo>[^/?#]+)(?:/refs/heads/(?P<branch>[^/?#]+))?/contents(?P<path>(?:/[^/?#]+)+)"
)
_WRONG_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")


class RepositoryFiles:
    """What one account sees.

    The files of public repositories are listed; private ones can be read by whoever may see them.
    """

    templates: Sequence[ResourceTemplate] = (
        ResourceTemplate(
            "repo://{owner}/{repo}/contents{/path*}",
            name="repository_content",
            title="File in a repository",
            description="A file at the tip of the default branch. Each part of the path is percent-encoded.",
        ),
        ResourceTemplate(
            "repo://{owner}/{repo}/refs/heads/{branch}/contents{/path*}",
            name="repository_content_branch",
            title="File on a branch",
            description="A file at the tip of a branch. A slash in the branch's name is percent-encoded.",
        ),
    )

    def __init__(self, session: Session) -> None:
        self._session = session

    @contextmanager
    def announcing(self, changes: Changes) -> Iterator[None]:
        """Announce what has changed at the end of the block, if anybody listens."""
        if not changes.heard:
            yield
            return
        files, listed = self._files(), {resource.uri for resource in self.list()}
        yield
        now = self._files()
        changes.announce(*(Change("resource", uri) for uri in files.keys() | now if files.get(uri) != now.get(uri)))
        if listed != {resource.uri for resource in self.list()}:
            changes.announce(Change("resources"))

    def _files(self) -> dict[str, str]:
        """The blob behind each URI that can be read, in the form in which this server writes URIs."""
        world = self._session.world
        found: dict[str, str] = {}
        for repository in world.repositories(self._session.actor):
            bases = {f"refs/heads/{quote(branch, safe='')}/": branch for branch in repository.branches} | {"": None}
            for base, branch in bases.items():
                for path, file in snapshot(world, repository, branch).items():
                    found[f"repo://{repository.full_name}/{base}contents/{quote(path)}"] = file.blob
        return found

    def list(self) -> Sequence[Resource]:
        world = self._session.world
        return [
            Resource(
                uri=f"repo://{repository.full_name}/contents/{quote(path)}",
                name=path.rpartition("/")[2],
                title=f"{repository.full_name}: {path}",
                mime_type=mime_type(path, world.objects.blobs[file.blob]),
                size=len(world.objects.blobs[file.blob]),
            )
            for repository in world.repositories(self._session.actor)
            if not repository.private
            for path, file in sorted(snapshot(world, repository).items())
        ]

    async def read(self, uri: str) -> Sequence[TextContents | BlobContents] | None:
        match = _URI.fullmatch(uri)
        if match is None:
            return None
        try:
            owner, name = _decode(match["owner"]), _decode(match["repo"])
            branch = _decode(match["branch"]) if match["branch"] else None
            path = "/".join(_decode(part, inside="/") for part in match["path"].split("/")[1:])
        except ValueError:
            return None
        data = self._data(owner, name, branch, path)
        if data is None:
            return None
        kind = mime_type(path, data)
        if is_text(data):
            return [TextContents(uri, data.decode(), kind)]
        return [BlobContents(uri, data, kind)]

    def _data(self, owner: str, name: str, branch: str | None, path: str) -> bytes | None:
        world = self._session.world
        try:
            repository = world.readable(self._session.actor, owner, name)
            file = snapshot(world, repository, branch).get(path)
        except GitHubError:
            return None
        return world.objects.blobs[file.blob] if file else None


def mime_type(path: str, data: bytes) -> str:
    name = path.rpartition("/")[2]
    suffix = name[name.rfind(".") :].lower() if "." in name else ""
    return TYPES.get(suffix) or ("text/plain" if is_text(data) else "application/octet-stream")


def is_text(data: bytes) -> bool:
    try:
        return "\0" not in data.decode()
    except UnicodeDecodeError:
        return False


def _decode(part: str, inside: str = "") -> str:
    """A part of a URI without its escapes;

    ValueError when one is broken or hides a character that may not be inside.
    """
    if _WRONG_ESCAPE.search(part):
        raise ValueError("broken escape")
    text = unquote(part, errors="strict")
    if inside and inside in text:
        raise ValueError(f"{inside} inside a part")
    return text
