"""Prompts: messages for a model that a user chooses (server/prompts)."""

from . import shapes
from .call import ToolError
from .features import Features, member
from .messages import INTERNAL_ERROR, INVALID_PARAMS, JSON, ProtocolError, Request
from .server import Prompt


class Prompts(Features):
    """Answers requests for prompts."""

    async def on_prompts_list(self, request: Request) -> JSON:
        return self.page(request, "prompts", self.server.prompts, lambda prompt: prompt.name, "prompt")

    async def on_prompts_get(self, request: Request) -> JSON:
        name = member(request.params, "name", str)
        arguments = member(request.params, "arguments", dict, default={})
        prompt = next((prompt for prompt in self.server.prompts if prompt.name == name), None)
        if prompt is None:
            raise self.unknown_prompt(name)
        if problem := _problem(prompt, arguments):
            raise self.invalid_prompt_arguments(prompt, problem)
        try:
            messages = await prompt.run(self.call(request, arguments))
        except ToolError as error:
            raise ProtocolError(INTERNAL_ERROR, str(error)) from error
        result: dict[str, JSON] = {"messages": [shapes.prompt_message(one, self.speaking) for one in messages]}
        return {"description": prompt.description, **result} if prompt.description else result

    def unknown_prompt(self, name: str) -> ProtocolError:
        """The error for a prompt that doesn't exist (server/prompts#error-handling)."""
        return ProtocolError(INVALID_PARAMS, f"Unknown prompt: {name}")

    def invalid_prompt_arguments(self, prompt: Prompt, problem: str) -> ProtocolError:
        """The error for arguments that are missing or no strings (server/prompts#error-handling)."""
        return ProtocolError(INVALID_PARAMS, f"Invalid arguments for prompt {prompt.name}: {problem}")


def _problem(prompt: Prompt, arguments: dict[str, JSON]) -> str | None:
    """What is wrong with arguments; None if nothing is. Those that the prompt doesn't know are ignored."""
    for name, value in arguments.items():
        if not isinstance(value, str):
            return f"{name} must be a string"
    missing = [argument.name for argument in prompt.arguments if argument.required and argument.name not in arguments]
    return f"{', '.join(missing)} missing" if missing else None
