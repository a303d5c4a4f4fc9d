"""The GitHub reference server, asked as a client asks."""

import base64
import json
from typing import Any

import pytest
from dialogue import Dialogue, dialogue
from jsonschema import Draft202012Validator

from reference_servers.github import github

pytestmark = pytest.mark.anyio

SEVEN = {
    "create_repository",
    "create_or_update_file",
    "search_repositories",
    "create_issue",
    "create_pull_request",
    "fork_repository",
    "create_branch",
}
README = "repo://alice/hello-world/contents/README.md"


async def tools(talk: Dialogue) -> dict[str, Any]:
    return {tool["name"]: tool for tool in (await talk.result("tools/list"))["tools"]}


def example(tool: dict[str, Any], *, whole: bool) -> dict[str, Any]:
    """The arguments that a tool's schema suggests: all that have an example, or only those that it requires."""
    schema = tool["inputSchema"]
    return {
        name: argument["examples"][0]
        for name, argument in schema["properties"].items()
        if "examples" in argument and (whole or name in schema["required"])
    }


async def test_each_tool_is_described_and_closed():
    async with dialogue(github()) as talk:
        listed = await tools(talk)
        assert set(listed) == SEVEN
        for tool in listed.values():
            Draft202012Validator.check_schema(tool["inputSchema"])
            Draft202012Validator.check_schema(tool["outputSchema"])
            assert tool["inputSchema"]["additionalProperties"] is False
            assert set(tool["inputSchema"]["required"]) <= set(tool["inputSchema"]["properties"])
            assert all(argument["description"] for argument in tool["inputSchema"]["properties"].values())
            assert tool["title"]
            assert tool["description"]


async def test_the_hints_are_honest():
    async with dialogue(github()) as talk:
        hints = {name: tool["annotations"] for name, tool in (await tools(talk)).items()}
        assert [name for name, hint in hints.items() if hint["readOnlyHint"]] == ["search_repositories"]
        assert [name for name, hint in hints.items() if hint.get("destructiveHint")] == ["create_or_update_file"]
        assert [name for name, hint in hints.items() if hint.get("idempotentHint")] == ["fork_repository"]
        assert not any(hint["openWorldHint"] for hint in hints.values())


@pytest.mark.parametrize("whole", [False, True], ids=["required", "all"])
@pytest.mark.parametrize("name", sorted(SEVEN))
async def test_the_examples_of_a_schema_make_a_good_call_whose_result_fits(name, whole):
    async with dialogue(github()) as talk:
        tool = (await tools(talk))[name]
        result = await talk.call(name, **example(tool, whole=whole))
        assert not result.get("isError"), result
        Draft202012Validator(tool["outputSchema"]).validate(result["structuredContent"])
        assert json.loads(result["content"][0]["text"]) == result["structuredContent"]


@pytest.mark.parametrize("name", sorted(SEVEN))
async def test_an_argument_that_is_missing_or_unknown_is_refused(name):
    async with dialogue(github()) as talk:
        good = example((await tools(talk))[name], whole=False)
        assert (await talk.call(name, **good, unheard_of=1))["isError"] is True
        assert (await talk.call(name))["isError"] is True
        good[next(iter(good))] = {}
        assert (await talk.call(name, **good))["isError"] is True


@pytest.mark.parametrize(
    ("name", "arguments", "text"),
    [
        (
            "create_repository",
            {"name": "hello-world"},
            "422 Repository creation failed. (name already exists on this account)",
        ),
        ("search_repositories", {"query": "user:nobody"}, "422 Validation Failed"),
        ("search_repositories", {"query": "a", "page": 11, "perPage": 100}, "422 Only the first 1000"),
        ("create_branch", {"owner": "alice", "repo": "hello-world", "branch": "dev"}, "422 Reference already exists"),
        ("create_branch", {"owner": "alice", "repo": "nothing", "branch": "dev"}, "404 Not Found"),
        (
            "create_issue",
            {"owner": "acme", "repo": "archived", "title": "T"},
            "403 Repository was archived so is read-only.",
        ),
        ("fork_repository", {"owner": "nobody", "repo": "nothing"}, "404 Not Found"),
        (
            "create_or_update_file",
            {
                "owner": "alice",
                "repo": "hello-world",
                "path": "README.md",
                "content": "",
                "message": "m",
                "branch": "main",
                "sha": "0" * 40,
            },
            "409 README.md does not match",
        ),
        (
            "create_pull_request",
            {"owner": "alice", "repo": "hello-world", "title": "T", "head": "main", "base": "main"},
            "422 Validation Failed (No commits between main and main)",
        ),
    ],
)
@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25"])
async def test_what_github_refuses_is_a_result_that_says_why(name, arguments, text, revision):
    async with dialogue(github(), revision=revision) as talk:
        result = await talk.call(name, **arguments)
        assert result["isError"] is True
        assert text in result["content"][0]["text"]
        assert "structuredContent" not in result


async def test_what_was_created_is_refused_the_second_time():
    async with dialogue(github()) as talk:
        assert not (await talk.call("create_repository", name="twice")).get("isError")
        assert (await talk.call("create_repository", name="twice"))["isError"] is True


async def test_a_file_is_overwritten_without_its_blob_being_named():
    async with dialogue(github()) as talk:
        place = {"owner": "alice", "repo": "hello-world", "path": "README.md", "branch": "main"}
        result = await talk.call("create_or_update_file", **place, content="# Ü\n", message="m")
        assert result["structuredContent"]["content"]["size"] == 5
        assert (await talk.result("resources/read", uri=README))["contents"][0]["text"] == "# Ü\n"


async def test_sessions_share_no_world():
    async with dialogue(github()) as one, dialogue(github()) as other:
        await one.call("create_repository", name="mine")
        assert not (await other.call("create_repository", name="mine")).get("isError")


# ------------------------------------------------------------------------------------------------ resources


async def listed(talk: Dialogue) -> list[dict[str, Any]]:
    page = await talk.result("resources/list")
    found: list[dict[str, Any]] = page["resources"]
    while "nextCursor" in page:
        page = await talk.result("resources/list", cursor=page["nextCursor"])
        found += page["resources"]
    return found


async def test_each_listed_file_can_be_read_and_is_as_it_was_announced():
    async with dialogue(github()) as talk:
        resources = await listed(talk)
        assert len({resource["uri"] for resource in resources}) == len(resources) > 30
        for resource in resources:
            (contents,) = (await talk.result("resources/read", uri=resource["uri"]))["contents"]
            data = (
                contents["text"].encode() if "text" in contents else base64.b64decode(contents["blob"], validate=True)
            )
            assert (contents["uri"], contents["mimeType"]) == (resource["uri"], resource["mimeType"])
            assert len(data) == resource["size"]


async def test_private_files_are_not_listed_but_read_by_a_member():
    async with dialogue(github()) as talk:
        assert not [resource for resource in await listed(talk) if "widgets" in resource["uri"]]
        assert (await talk.result("resources/read", uri="repo://acme/widgets/contents/widgets.py"))["contents"]


async def test_the_list_stays_in_place_while_it_grows():
    async with dialogue(github()) as talk:
        first = await talk.result("resources/list")
        place = {"owner": "alice", "repo": "hello-world", "path": "A.md", "branch": "main"}
        await talk.call("create_or_update_file", **place, content="a", message="m")
        second = await talk.result("resources/list", cursor=first["nextCursor"])
        seen = [resource["uri"] for resource in first["resources"] + second["resources"]]
        assert len(seen) == len(set(seen))


@pytest.mark.parametrize(
    ("uri", "kind", "start"),
    [
        (README, "text/markdown", "# "),
        ("repo://alice/hello-world/contents/docs/%C3%BCn%C3%AFcode%20name.md", "text/markdown", "# Ünïcode"),
        ("repo://alice/hello-world/refs/heads/dev/contents/src/app.py", "text/x-python", "from"),
        ("repo://alice/hello-world/refs/heads/feature%2Flogin/contents/src/login.py", "text/x-python", "def login"),
        ("repo://bob/legacy/contents/README.md", "text/markdown", "# legacy"),
        ("repo://alice/hello-world/contents/empty.txt", "text/plain", ""),
    ],
)
async def test_a_file_is_read_by_its_uri(uri, kind, start):
    async with dialogue(github()) as talk:
        (contents,) = (await talk.result("resources/read", uri=uri))["contents"]
        assert (contents["uri"], contents["mimeType"]) == (uri, kind)
        assert contents["text"].startswith(start)


async def test_a_picture_is_a_blob():
    async with dialogue(github()) as talk:
        uri = "repo://alice/hello-world/contents/logo.png"
        (contents,) = (await talk.result("resources/read", uri=uri))["contents"]
        assert contents["mimeType"] == "image/png"
        assert base64.b64decode(contents["blob"]).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "README.md",
        "file:///etc/passwd",
        "repo://alice/hello-world",
        "repo://alice/hello-world/contents",
        "repo://alice/hello-world/contents/",
        "repo://alice/hello-world/contents/src",
        "repo://alice/hello-world/contents/src/../README.md",
        "repo://alice/hello-world/contents/src%2Fapp.py",
        "repo://alice/hello-world/contents/%ZZ",
        "repo://alice/hello-world/contents/%FF",
        "repo://alice/hello-world/contents/README.md?x",
        "repo://alice/hello-world/contents/README.md\n",
        "repo://alice/hello-world/refs/heads/nowhere/contents/README.md",
        "repo://alice/hello-world/refs/heads/feature/login/contents/src/login.py",
        "repo://acme/empty/contents/README.md",
        "repo://nobody/nothing/contents/README.md",
    ],
)
async def test_any_other_uri_is_not_found(uri):
    async with dialogue(github()) as talk:
        error = await talk.error("resources/read", uri=uri)
        assert (error["code"], error["data"]["uri"]) == (-32002, uri)


async def test_the_templates_name_a_file_with_and_without_its_branch():
    async with dialogue(github()) as talk:
        templates = (await talk.result("resources/templates/list"))["resourceTemplates"]
        assert [template["uriTemplate"] for template in templates] == [
            "repo://{owner}/{repo}/contents{/path*}",
            "repo://{owner}/{repo}/refs/heads/{branch}/contents{/path*}",
        ]
