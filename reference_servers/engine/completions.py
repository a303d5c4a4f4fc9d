"""Suggestions for the arguments of prompts and the variables of resource templates (server/utilities/completion)."""

import re
from collections.abc import Mapping

from .features import Features, member
from .messages import INVALID_PARAMS, JSON, ProtocolError, Request
from .server import Completer

MOST = 100
"""Suggestions in one answer, as the page limits them."""


_EXPRESSION = re.compile(r"\{[+#./;?&]?([^{}]*)\}")


def variables(uri_template: str) -> list[str]:
    """The names of a URI template's variables (RFC 6570)."""
    lists = [expression.split(",") for expression in _EXPRESSION.findall(uri_template)]
    return [variable.partition(":")[0].rstrip("*") for names in lists for variable in names]


class Completions(Features):
    """Answers requests for completion.

    2024-11-05 has no capability to declare this with, but has the request.
    """

    async def on_complete(self, request: Request) -> JSON:
        reference = member(request.params, "ref", dict)
        argument = member(request.params, "argument", dict)
        context = member(request.params, "context", dict, default={})
        name = member(argument, "name", str, of="params.argument")
        typed = member(argument, "value", str, of="params.argument")
        settled = member(context, "arguments", dict, default={}, of="params.context")
        if not all(isinstance(value, str) for value in settled.values()):
            raise ProtocolError(INVALID_PARAMS, "params.context.arguments must be an object of strings")

        completers = self._completers(reference)
        if name not in completers:
            raise ProtocolError(INVALID_PARAMS, f"Nothing to complete: there is no argument {name}")
        complete = completers[name]
        return self.completion(list(complete(typed, settled)) if complete else [])

    def completion(self, values: list[str]) -> JSON:
        """An answer with as many suggestions as fit, and how many there are."""
        return {"completion": {"values": values[:MOST], "total": len(values), "hasMore": len(values) > MOST}}

    def _completers(self, reference: dict[str, JSON]) -> Mapping[str, Completer | None]:
        """What completes the arguments that a reference leads to, by name. ProtocolError if it leads nowhere."""
        match reference.get("type"):
            case "ref/prompt":
                name = member(reference, "name", str, of="params.ref")
                for prompt in self.server.prompts:
                    if prompt.name == name:
                        return {argument.name: argument.complete for argument in prompt.arguments}
                raise ProtocolError(INVALID_PARAMS, f"Unknown prompt: {name}")
            case "ref/resource":
                uri = member(reference, "uri", str, of="params.ref")
                for template in self.server.resources.templates if self.server.resources else ():
                    if template.uri_template == uri:
                        return {name: template.completers.get(name) for name in variables(uri)}
                raise ProtocolError(INVALID_PARAMS, f"Unknown resource template: {uri}")
        raise ProtocolError(INVALID_PARAMS, "params.ref.type must be ref/prompt or ref/resource")
