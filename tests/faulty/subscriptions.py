"""Subscriptions: what comes on them and under which id (basic/patterns/subscriptions)."""

# ruff: noqa: RUF012 - the class attributes here are constants, each of one fault

from reference_servers.engine import JSON, Connection, ProtocolError, Request, RequestId, metadata

from . import _features as features
from . import fault, variant

FIRST, SUBSET, WANTED, IDS = (
    f"subscriptions.{kind}"
    for kind in (
        "acknowledgment.comes-first", "acknowledgment.is-a-subset", "notifications.are-wanted",
        "ids.are-those-of-requests",
    )
)  # fmt: skip
NAMED = "base.notifications.subscription-id"


class Tells(features.Announces):
    """Right: tells each subscriber at once that the list of tools has changed, if that is wanted."""


variant("tells-subscribers-at-once")(Tells)


@fault("subscriptions-are-not-acknowledged", breaks="subscriptions.ack-first", cases=[FIRST])
class Unacknowledged(features.Speaks):
    declared = {"tools": {"listChanged": True}}

    async def acknowledge(self, subscription: RequestId, honoured: dict[str, JSON]) -> None: ...


@fault("subscriptions-are-refused", breaks="subscriptions.ack-first", cases=[FIRST])
class RefusesListening(features.Speaks):
    declared = {"tools": {"listChanged": True}}

    async def on_listen(self, request: Request) -> JSON:
        raise ProtocolError(-32601, "Method not found")


@fault("news-before-the-acknowledgment", breaks=["subscriptions.ack-first", "subscriptions.nothing-before-ack"],
       cases=[FIRST])  # fmt: skip
class NewsFirst(features.Announces):
    async def acknowledge(self, subscription: RequestId, honoured: dict[str, JSON]) -> None:
        if honoured:
            await self.say(self.listens)
        await Connection.acknowledge(self, subscription, honoured)


@fault("acknowledges-more-than-was-asked-for", breaks="subscriptions.ack-subset", cases=[SUBSET])
class AcknowledgesMore(features.MoreMethods):
    declared = {"tools": {"listChanged": True}}

    async def acknowledge(self, subscription: RequestId, honoured: dict[str, JSON]) -> None:
        await super().acknowledge(subscription, {**honoured, "toolsListChanged": True})


@fault("acknowledges-other-resources", breaks="subscriptions.ack-subset", cases=[SUBSET])
class AcknowledgesOthers(features.MoreMethods):
    declared = {"tools": {"listChanged": True}}

    async def acknowledge(self, subscription: RequestId, honoured: dict[str, JSON]) -> None:
        await super().acknowledge(subscription, {**honoured, "resourceSubscriptions": ["repo://conformance"]})


ACK = "schema.SubscriptionsAcknowledgedNotification"


@fault("acknowledges-without-a-filter", breaks=ACK, cases=["base.notifications-are-valid"])
class WithoutFilter(features.Announces):
    async def acknowledge(self, subscription: RequestId, honoured: dict[str, JSON]) -> None:
        await self.notify(
            "notifications/subscriptions/acknowledged", {"_meta": {metadata.SUBSCRIPTION_ID: subscription}}
        )


class Misnames(features.Announces):
    """Names its subscriptions in another way."""

    def rename(self, subscription: RequestId) -> JSON:
        return subscription

    async def deliver(self, message: dict[str, JSON]) -> None:
        params = message.get("params")
        if isinstance(params, dict) and metadata.SUBSCRIPTION_ID in params.get("_meta", {}):
            meta = dict(params["_meta"])
            renamed = self.rename(meta.pop(metadata.SUBSCRIPTION_ID))
            meta |= {} if renamed is None else {metadata.SUBSCRIPTION_ID: renamed}
            message = {**message, "params": {**params, "_meta": meta}}
        await super().deliver(message)


@fault("ids-of-subscriptions-as-text", cases=[IDS],
       breaks=["subscriptions.id-on-notifications", "subscriptions.ack-carries-id"])  # fmt: skip
class IdsAsText(Misnames):
    def rename(self, subscription: RequestId) -> JSON:
        return str(subscription)


@fault("subscriptions-without-ids", cases=[NAMED], several="each kind of message lacks it",
       breaks=["subscriptions.id-on-notifications", "subscriptions.ack-carries-id"])  # fmt: skip
class NoIds(Misnames):
    def rename(self, subscription: RequestId) -> JSON:
        return None


@fault("news-that-nobody-subscribed-to", breaks="subscriptions.only-requested-types", cases=[WANTED])
class TellsAll(features.Announces):
    about = ""


@fault("updates-of-resources-that-nobody-subscribed-to", breaks="subscriptions.only-requested-types", cases=[WANTED])
class UpdatesAll(features.Announces):
    declared = {"resources": {"subscribe": True}}
    about = "resourceSubscriptions"
    news = {"method": "notifications/resources/updated", "params": {"uri": "other://conformance"}}


END = "subscriptions.end.result-is-valid"


class Ends(features.Announces):
    """Right: ends each subscription at once."""

    async def on_listen(self, request: Request) -> JSON:
        await self.acknowledge(request.id, {})
        return await self.end_of_subscription(request.id)


variant("ends-subscriptions-at-once")(Ends)
variant("ends-subscriptions-with-a-cancellation-only")(features.Cancels)


@fault("ends-subscriptions-without-their-id", breaks="schema.SubscriptionsListenResult", cases=[END])
class EndsNameless(Ends):
    async def end_of_subscription(self, subscription: RequestId) -> JSON:
        return {}
