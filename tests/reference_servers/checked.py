"""A client that checks all that it hears against the schema of the revision in which it is said."""

import json
from functools import cache
from pathlib import Path

from jsonschema import Draft202012Validator

from reference_servers.engine import REVISIONS

SCHEMAS = Path(__file__).parents[2] / "schemas"
RESULTS = {
    "initialize": "InitializeResult",
    "server/discover": "DiscoverResult",
    "tools/list": "ListToolsResult",
    "tools/call": "CallToolResult",
    "resources/list": "ListResourcesResult",
    "resources/templates/list": "ListResourceTemplatesResult",
    "resources/read": "ReadResourceResult",
    "resources/subscribe": "EmptyResult",
    "logging/setLevel": "EmptyResult",
    "ping": "EmptyResult",
    "prompts/list": "ListPromptsResult",
    "prompts/get": "GetPromptResult",
    "completion/complete": "CompleteResult",
    "resources/unsubscribe": "EmptyResult",
    "subscriptions/listen": "SubscriptionsListenResult",
}
NOTIFICATIONS = {
    "notifications/progress": "ProgressNotification",
    "notifications/message": "LoggingMessageNotification",
    "notifications/cancelled": "CancelledNotification",
    "notifications/elicitation/complete": "ElicitationCompleteNotification",
    "notifications/prompts/list_changed": "PromptListChangedNotification",
    "notifications/tools/list_changed": "ToolListChangedNotification",
    "notifications/resources/list_changed": "ResourceListChangedNotification",
    "notifications/resources/updated": "ResourceUpdatedNotification",
    "notifications/subscriptions/acknowledged": "SubscriptionsAcknowledgedNotification",
}
REQUESTS = {
    "sampling/createMessage": "CreateMessageRequest",
    "elicitation/create": "ElicitRequest",
    "roots/list": "ListRootsRequest",
}
ERRORS = {-32020: "HeaderMismatchError", -32021: "MissingRequiredClientCapabilityError",
          -32022: "UnsupportedProtocolVersionError", -32042: "URLElicitationRequiredError"}  # fmt: skip
NAMES = [revision.name for revision in REVISIONS]


@cache
def validator(revision, name):
    document = json.loads((SCHEMAS / f"{revision}.json").read_text(encoding="utf-8"))
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": document["$defs"]})


class Checked:
    """Sends a request, and checks all that comes until its answer is there."""

    def __init__(self, talk, revision):
        self.talk, self.revision = talk, revision
        self.asked = {}

    def check(self, name, value):
        problems = [
            f"{error.json_path}: {error.message}" for error in validator(self.revision, name).iter_errors(value)
        ]
        assert not problems, (name, problems, value)

    async def send(self, method, **params):
        number = await self.talk.request(method, params)
        self.asked[number] = method
        return number

    async def receive(self):
        message = await self.talk.receive()
        if "method" in message and "id" in message:
            self.check(REQUESTS[message["method"]], message)
        elif "method" in message:
            self.check(NOTIFICATIONS[message["method"]], message)
        elif "error" in message:
            self.check("JSONRPCErrorResponse" if self.revision >= "2025-11-25" else "JSONRPCError", message)
            if name := ERRORS.get(message["error"]["code"]):
                self.check(name, message)
        elif message["result"].get("resultType") == "input_required":
            self.check("InputRequiredResult", message["result"])
        else:
            self.check(RESULTS[self.asked[message["id"]]], message["result"])
        return message

    async def __call__(self, method, **params):
        number = await self.send(method, **params)
        while (message := await self.receive()).get("id") != number:
            pass
        return message
