"""The stateless era: each request says what it needs, and nothing is remembered from one to the next.

Source: 2026-07-28 basic/index, basic/versioning, basic/patterns/subscriptions, server/discover.
"""

import anyio

from . import metadata, shapes
from .call import Ask
from .changes import Change
from .core import Handler
from .features import Features, member
from .messages import (
    INVALID_PARAMS,
    JSON,
    METHOD_NOT_FOUND,
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    UNSUPPORTED_PROTOCOL_VERSION,
    ProtocolError,
    Request,
    RequestId,
)
from .revisions import Revision

_LISTS = {"toolsListChanged": "tools", "promptsListChanged": "prompts", "resourcesListChanged": "resources"}
"""Members of a subscription's filter that are true or false, and the lists that they are about."""


class Stateless(Features):
    """Keeps nothing: whatever it knows stands in the request."""

    def route_stateless(self, request: Request) -> Handler | None:
        """What answers a request that says too little about itself, or asks for another version; None if it's fine."""
        if request.method == "initialize" and metadata.PROTOCOL_VERSION not in request.meta:
            return self.refuse_initialize
        if metadata.missing(request):
            return self.malformed_metadata
        if self.requested_revision(request) is None:
            return self.unsupported_version
        return self.refuse_initialize if request.method == "initialize" else None

    def requested_revision(self, request: Request) -> Revision | None:
        """The revision that a request names, if it is spoken here without a handshake."""
        named = request.meta.get(metadata.PROTOCOL_VERSION)
        return next((one for one in self.server.of_era("stateless") if one.name == named), None)

    def supported_versions(self) -> list[str]:
        """All versions that are spoken, newest first; those with a handshake as well, which it takes to get at them."""
        return [revision.name for revision in reversed(self.server.revisions)]

    # --------------------------------------------------------------------------------------------------- refusals

    async def malformed_metadata(self, request: Request) -> JSON:
        """Refuse a request without the members that every request has (basic/index#meta)."""
        raise ProtocolError(INVALID_PARAMS, metadata.missing(request) or "params._meta is malformed")

    async def unsupported_version(self, request: Request) -> JSON:
        """Refuse a version, and name those that are spoken (basic/versioning#protocol-version-negotiation)."""
        requested = request.meta[metadata.PROTOCOL_VERSION]
        data = {"supported": self.supported_versions(), "requested": requested}
        raise ProtocolError(UNSUPPORTED_PROTOCOL_VERSION, "Unsupported protocol version", data)

    async def refuse_initialize(self, request: Request) -> JSON:
        """Refuse the handshake of earlier revisions, and name the versions that are spoken.

        Source: basic/versioning#backward-compatibility-with-initialization-based-versions; the code is free.
        """
        supported = self.supported_versions()
        raise ProtocolError(
            INVALID_PARAMS if metadata.missing(request) else METHOD_NOT_FOUND,
            f"There is no initialize here: this server speaks {', '.join(supported)}, whose requests carry the version",
            {"supported": supported},
        )

    # ------------------------------------------------------------------------------------------------- the requests

    async def on_discover(self, request: Request) -> JSON:
        result: dict[str, JSON] = {
            "supportedVersions": self.supported_versions(),
            "capabilities": self.capabilities(),
        }
        if self.server.instructions:
            result["instructions"] = self.server.instructions
        return result

    def completed(self, request: Request, result: dict[str, JSON]) -> dict[str, JSON]:
        """A result with what every result has: its type, who gave it, and how long it may be kept.

        Source: basic/index#resulttype, basic/index#meta, server/utilities/caching#cacheable-results.
        """
        whole = {"resultType": "complete", **result}
        hints = self.server.caching.get(request.method) if whole["resultType"] == "complete" else None
        if hints:
            whole = {**whole, "ttlMs": hints.ttl, "cacheScope": hints.scope}
        meta = result.get("_meta", {})
        if isinstance(meta, dict):
            identity = shapes.known("implementation", self.server.identity(), self.speaking)
            whole = {**whole, "_meta": {metadata.SERVER_INFO: identity, **meta}}
        return whole

    # ----------------------------------------------------------------------------------------------- subscriptions

    async def on_listen(self, request: Request) -> JSON:
        """Acknowledge, and tell of changes until the client cancels, the news end, or the server does.

        Source: basic/patterns/subscriptions.
        """
        honoured = self.honoured(member(request.params, "notifications", dict))
        if self.server.changes and self.server.announces:
            with self.server.changes.listen() as news:
                await self.acknowledge(request.id, honoured)
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._cancel_at_closing, tasks.cancel_scope)
                    async for change in news:
                        await self.tell_subscriber(request.id, honoured, change)
                    tasks.cancel_scope.cancel()
        else:
            await self.acknowledge(request.id, honoured)
            await self.closing.wait()
        return await self.end_of_subscription(request.id)

    async def _cancel_at_closing(self, scope: anyio.CancelScope) -> None:
        await self.closing.wait()
        scope.cancel()

    def honoured(self, wanted: dict[str, JSON]) -> dict[str, JSON]:
        """The part of a subscription's filter that this server can do something for.

        ProtocolError for a filter with members of wrong types.
        """
        for name in _LISTS:
            if not isinstance(wanted.get(name, False), bool):
                raise ProtocolError(INVALID_PARAMS, f"params.notifications.{name} must be true or false")
        uris = wanted.get("resourceSubscriptions", [])
        if not isinstance(uris, list) or not all(isinstance(uri, str) for uri in uris):
            raise ProtocolError(INVALID_PARAMS, "params.notifications.resourceSubscriptions must be a list of URIs")
        honoured: dict[str, JSON] = {
            name: True for name, of in _LISTS.items() if wanted.get(name) and self.declares(f"{of}.listChanged")
        }
        if uris and self.declares("resources.subscribe"):
            honoured["resourceSubscriptions"] = uris
        return honoured

    async def acknowledge(self, subscription: RequestId, honoured: dict[str, JSON]) -> None:
        """The first message of a subscription."""
        await self.notify(
            "notifications/subscriptions/acknowledged",
            {"_meta": {metadata.SUBSCRIPTION_ID: subscription}, "notifications": honoured},
        )

    async def tell_subscriber(self, subscription: RequestId, honoured: dict[str, JSON], change: Change) -> None:
        """Tell of a change, if the subscription is about it."""
        meta = {metadata.SUBSCRIPTION_ID: subscription}
        if change.of == "resource":
            if change.uri in honoured.get("resourceSubscriptions", []):
                await self.notify("notifications/resources/updated", {"_meta": meta, "uri": change.uri})
        elif honoured.get(f"{change.of}ListChanged"):
            await self.notify(f"notifications/{change.of}/list_changed", {"_meta": meta})

    async def end_of_subscription(self, subscription: RequestId) -> JSON:
        """End a subscription that the client didn't: by a notification where all share one channel, and a result.

        Source: basic/patterns/cancellation, whose rule the schema limits to stdio, and
        basic/patterns/subscriptions#graceful-closure.
        """
        meta = {metadata.SUBSCRIPTION_ID: subscription}
        if self.one_channel:
            await self.notify("notifications/cancelled", {"_meta": meta, "requestId": subscription})
        return {"_meta": meta}

    # -------------------------------------------------------------------------------------- what the client is asked

    def round_questions(self, request: Request) -> Ask:
        """Asks the client between the rounds of a call. ProtocolError for answers or state that can't be used."""
        from .questions import Rounds, supports

        rounds = Rounds(request, self.server.secret)
        declared = metadata.capabilities(request)

        async def ask(method: str, params: dict[str, JSON], *, key: str | None = None) -> dict[str, JSON]:
            mode = params.get("mode", "form")
            if not supports(declared, method, self.speaking.name, mode):
                raise self.missing_url_mode() if mode == "url" else self.missing_capability(method)
            return await rounds.ask(method, params, key)

        return ask

    def missing_capability(self, method: str) -> ProtocolError:
        """The error when the client can't be asked what has to be asked (basic/index#meta)."""
        from .questions import REQUIRED

        name, _ = REQUIRED[method]
        required: dict[str, JSON] = {name: {"form": {}} if name == "elicitation" else {}}
        text = f"This needs a client with the capability {name}"
        return ProtocolError(MISSING_REQUIRED_CLIENT_CAPABILITY, text, {"requiredCapabilities": required})

    def missing_url_mode(self) -> ProtocolError:
        """The same error when the client has no user whom it could send to a URL."""
        text = "This needs a client that has its user visit URLs"
        required: dict[str, JSON] = {"elicitation": {"url": {}}}
        return ProtocolError(MISSING_REQUIRED_CLIENT_CAPABILITY, text, {"requiredCapabilities": required})
