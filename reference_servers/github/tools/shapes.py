"""JSON Schemas of the objects in results. Each member that is named here is always there; GitHub may add others."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]

STRING = {"type": "string"}
INTEGER = {"type": "integer"}
BOOLEAN = {"type": "boolean"}
TIME = {"type": "string", "format": "date-time"}
URL = {"type": "string", "format": "uri"}
SHA = {"type": "string", "pattern": "^[0-9a-f]{40}$"}


def record(**members: Schema) -> Schema:
    return {"type": "object", "properties": members, "required": list(members)}


def some(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def nullable(schema: Schema) -> Schema:
    if "type" in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def shape(name: str) -> Schema:
    """A reference to one of `SHAPES`."""
    return {"$ref": f"#/$defs/{name}"}


USER = record(login=STRING, id=INTEGER, node_id=STRING, avatar_url=URL, url=URL, html_url=URL, type=STRING)
REPOSITORY = record(
    id=INTEGER,
    node_id=STRING,
    name=STRING,
    full_name=STRING,
    private=BOOLEAN,
    owner=shape("user"),
    html_url=URL,
    description=nullable(STRING),
    fork=BOOLEAN,
    url=URL,
    created_at=TIME,
    updated_at=TIME,
    pushed_at=TIME,
    git_url=STRING,
    ssh_url=STRING,
    clone_url=URL,
    stargazers_count=INTEGER,
    archived=BOOLEAN,
    default_branch=STRING,
)
FORK = {**REPOSITORY, **record(**REPOSITORY["properties"], parent=shape("repository"), source=shape("repository"))}
FILE = record(
    name=STRING,
    path=STRING,
    sha=SHA,
    size=INTEGER,
    url=URL,
    html_url=URL,
    git_url=URL,
    download_url=URL,
    type={"const": "file"},
    _links=record(self=URL, git=URL, html=URL),
)
SIGNATURE = record(name=STRING, email=STRING, date=TIME)
COMMIT = record(
    sha=SHA,
    node_id=STRING,
    url=URL,
    html_url=URL,
    author=shape("signature"),
    committer=shape("signature"),
    message=STRING,
    tree=record(sha=SHA, url=URL),
    parents=some(record(sha=SHA, url=URL, html_url=URL)),
)
REF = record(ref=STRING, node_id=STRING, url=URL, object=record(sha=SHA, type=STRING, url=URL))
LABEL = record(
    id=INTEGER, node_id=STRING, url=URL, name=STRING, color=STRING, default=BOOLEAN, description=nullable(STRING)
)
MILESTONE = record(id=INTEGER, node_id=STRING, number=INTEGER, url=URL, title=STRING, state=STRING)
ISSUE = record(
    id=INTEGER,
    node_id=STRING,
    number=INTEGER,
    url=URL,
    repository_url=URL,
    html_url=URL,
    title=STRING,
    body=nullable(STRING),
    user=shape("user"),
    labels=some(shape("label")),
    assignee=nullable(shape("user")),
    assignees=some(shape("user")),
    milestone=nullable(shape("milestone")),
    state={"enum": ["open", "closed"]},
    state_reason=nullable(STRING),
    locked=BOOLEAN,
    comments=INTEGER,
    created_at=TIME,
    updated_at=TIME,
    closed_at=nullable(TIME),
)
END = record(label=STRING, ref=STRING, sha=SHA, user=shape("user"), repo=shape("repository"))
PULL_REQUEST = record(
    id=INTEGER,
    node_id=STRING,
    number=INTEGER,
    url=URL,
    html_url=URL,
    diff_url=URL,
    patch_url=URL,
    issue_url=URL,
    title=STRING,
    body=nullable(STRING),
    user=shape("user"),
    state={"enum": ["open", "closed"]},
    locked=BOOLEAN,
    draft=BOOLEAN,
    maintainer_can_modify=BOOLEAN,
    created_at=TIME,
    updated_at=TIME,
    closed_at=nullable(TIME),
    merged_at=nullable(TIME),
    merge_commit_sha=nullable(SHA),
    labels=some(shape("label")),
    assignee=nullable(shape("user")),
    assignees=some(shape("user")),
    requested_reviewers=some(shape("user")),
    head=shape("end"),
    base=shape("end"),
)

SHAPES: Mapping[str, Schema] = {
    "user": USER,
    "repository": REPOSITORY,
    "signature": SIGNATURE,
    "commit": COMMIT,
    "file": FILE,
    "label": LABEL,
    "milestone": MILESTONE,
    "end": END,
}


def output(schema: Schema) -> Schema:
    """A schema that stands alone: with the definitions that it refers to, directly or through others."""
    found: dict[str, Schema] = {}
    waiting = list(_references(schema))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = SHAPES[name]
            waiting.extend(_references(SHAPES[name]))
    return {**schema, "$defs": dict(sorted(found.items()))} if found else schema


def _references(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(target := value.get("$ref"), str):
            yield target.removeprefix("#/$defs/")
        for member in value.values():
            yield from _references(member)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)
