"""Resources and prompts (server/resources, server/prompts)."""

from reference_servers.engine import JSON, Connection, Request

from . import _features as features
from . import fault
from ._spoiling import result_of, results

fault("one-resource-without-uri", breaks="schema.ListResourcesResult", cases=["resources.list.result-is-valid"])(
    results("resources/list", lambda result: result["resources"][-1].pop("uri"))
)
fault(
    "spoilt-resource-on-the-last-page", breaks="schema.ListResourcesResult", cases=["resources.list.result-is-valid"]
)(results("resources/list", lambda result: "nextCursor" in result or result["resources"][-1].update(name=None)))
fault("resources-null", breaks="schema.ListResourcesResult", cases=["resources.list.result-is-valid"])(
    result_of("resources/list", {"resources": None})
)
fault("resource-size-as-text", breaks="schema.ListResourcesResult", cases=["resources.list.result-is-valid"])(
    results("resources/list", lambda result: result["resources"][0].update(size="12 kB"))
)
fault(
    "template-without-name", breaks="schema.ListResourceTemplatesResult", cases=["resources.templates.result-is-valid"]
)(results("resources/templates/list", lambda result: result["resourceTemplates"][1].pop("name")))
fault("template-with-uri", breaks="schema.ListResourceTemplatesResult", cases=["resources.templates.result-is-valid"])(
    results("resources/templates/list",
            lambda result: result["resourceTemplates"][0].update(uri=result["resourceTemplates"][0].pop("uriTemplate")))
)  # fmt: skip
fault("templates-under-another-name", breaks="schema.ListResourceTemplatesResult",
      cases=["resources.templates.result-is-valid"])(
    results("resources/templates/list", lambda result: result.update(templates=result.pop("resourceTemplates")))
)  # fmt: skip
READ = "resources.read.result-is-valid"
fault("contents-as-object", breaks="schema.ReadResourceResult", cases=[READ])(
    results("resources/read", lambda result: result.update(contents=result["contents"][0]))
)
fault("contents-without-text-or-blob", breaks="schema.ReadResourceResult", cases=[READ])(
    results(
        "resources/read",
        lambda result: (result["contents"][0].pop("text", None), result["contents"][0].pop("blob", None)),
    )
)
fault("contents-without-uri", breaks="schema.ReadResourceResult", cases=[READ])(
    results("resources/read", lambda result: result["contents"][0].pop("uri"))
)
fault("contents-as-text", breaks="schema.ReadResourceResult", cases=[READ])(
    results("resources/read", lambda result: result.update(contents=["# Hello"]))
)
fault("content-in-place-of-contents", breaks="schema.ReadResourceResult", cases=[READ])(
    results("resources/read", lambda result: result.update(content=result.pop("contents")))
)


PROMPTS, PROMPT = "prompts.list.result-is-valid", "prompts.get.result-is-valid"


def prompts(prompt: JSON) -> type[Connection]:
    async def on_prompts_list(self: features.Prompts, request: Request) -> JSON:
        return {"prompts": [{"name": "greeting"}, prompt]}

    return type("ListsPrompts", (features.Prompts,), {"on_prompts_list": on_prompts_list})


def prompt(result: JSON) -> type[Connection]:
    async def on_prompts_get(self: features.Prompts, request: Request) -> JSON:
        return result

    return type("GetsPrompts", (features.Prompts,), {"on_prompts_get": on_prompts_get})


TEXT = {"type": "text", "text": "Say hello."}
fault("prompt-without-name", breaks="schema.ListPromptsResult", cases=[PROMPTS])(prompts({"title": "Review"}))
fault("prompt-with-arguments-as-object", breaks="schema.ListPromptsResult", cases=[PROMPTS])(
    prompts({"name": "review", "arguments": {"code": "string"}})
)
fault("prompt-with-required-as-text", breaks="schema.ListPromptsResult", cases=[PROMPTS])(
    prompts({"name": "review", "arguments": [{"name": "code", "required": "true"}]})
)
fault("prompt-is-text", breaks="schema.ListPromptsResult", cases=[PROMPTS])(prompts("review"))
fault("prompt-message-of-the-system", breaks="schema.GetPromptResult", cases=[PROMPT])(
    prompt({"messages": [{"role": "system", "content": TEXT}]})
)
fault("prompt-message-with-several-blocks", breaks="schema.GetPromptResult", cases=[PROMPT])(
    prompt({"messages": [{"role": "user", "content": [TEXT]}]})
)
fault("prompt-message-as-text", breaks="schema.GetPromptResult", cases=[PROMPT])(
    prompt({"messages": [{"role": "user", "content": "Say hello."}]})
)
fault("prompt-without-messages", breaks="schema.GetPromptResult", cases=[PROMPT])(prompt({"prompt": "Say hello."}))
