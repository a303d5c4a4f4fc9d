"""Passive checks of subscriptions: what comes on them, in which order, and under which id (2026-07-28
basic/patterns/subscriptions)."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from mcp_conformance.cases.checks import Report, check
from mcp_conformance.client import SUBSCRIPTION_KEY
from mcp_conformance.exchanges import Exchange
from mcp_conformance.jsonrpc import JSON, MISSING, Message, same_id
from mcp_conformance.observation import Observation
from mcp_conformance.transcript import Event
from mcp_conformance.wire import short

ACKNOWLEDGED = "notifications/subscriptions/acknowledged"
_NEEDS = ("subscriptions",)
_IDLE = "there was no subscription"
_KINDS = {
    "notifications/tools/list_changed": "toolsListChanged",
    "notifications/prompts/list_changed": "promptsListChanged",
    "notifications/resources/list_changed": "resourcesListChanged",
}
_UPDATED = "notifications/resources/updated"


def subscription_of(message: Message) -> JSON:
    """The id of the subscription that a notification names; MISSING when it names none."""
    params = message.params if message.kind == "notification" else None
    meta = params.get("_meta") if isinstance(params, dict) else None
    return meta.get(SUBSCRIPTION_KEY, MISSING) if isinstance(meta, dict) else MISSING


@dataclass(slots=True)
class _Stream:
    """A subscription, and the notifications that name it, in order."""

    request: Exchange
    told: list[tuple[Event, Message]] = field(default_factory=list)

    @property
    def filter(self) -> dict[str, JSON]:
        params = self.request.params
        found = params.get("notifications") if isinstance(params, dict) else None
        return found if isinstance(found, dict) else {}


def _streams(observation: Observation) -> list[_Stream]:
    listens = [one for one in observation.exchanges if one.method == "subscriptions/listen"]
    found = [_Stream(one) for one in listens]
    for event, message in observation.received():
        named = subscription_of(message)
        for stream in found:
            if named is not MISSING and same_id(stream.request.id, named):
                stream.told.append((event, message))
    return found


@check(
    "subscriptions.acknowledgment.comes-first",
    judges=["subscriptions.ack-first", "subscriptions.nothing-before-ack"],
    needs=_NEEDS,
    everywhere=True,
    era="stateless",
    idle=_IDLE,
)
def acknowledgment_comes_first(observation: Observation, report: Report) -> None:
    """The first message of a subscription acknowledges it."""
    for stream in _streams(observation):
        if stream.told:
            _look_at_first(stream, report)
            continue
        if _is_misnamed(observation, stream.request):
            continue  # an acknowledgment came under another id: the next check's matter
        report.saw()
        request = stream.request
        if request.error is not MISSING:
            observed = f"error {short(request.error)}"
        elif request.answer is not None:
            observed = "a result, and no notification before it"
        else:
            observed = "nothing"
        report.problem(
            ACKNOWLEDGED,
            observed,
            at="subscriptions/listen",
            events=request.events,
            cause="subscription-unacknowledged",
        )


def _look_at_first(stream: _Stream, report: Report) -> None:
    event, first = stream.told[0]
    for name in ("subscriptions.ack-first", "subscriptions.nothing-before-ack"):
        report.saw(name)
        if first.method != ACKNOWLEDGED:
            report.problem(
                f"{ACKNOWLEDGED} before anything else",
                f"{first.method} first",
                at="/method",
                events=(stream.request.sent.number, event.number),
                requirement=name,
                cause="subscription-order",
            )


def _is_misnamed(observation: Observation, request: Exchange) -> bool:
    later = ((event, message) for event, message in observation.received() if event.number > request.sent.number)
    known = [one.id for one in observation.exchanges if one.method == "subscriptions/listen"]
    return any(
        message.method == ACKNOWLEDGED and not any(same_id(one, subscription_of(message)) for one in known)
        for _, message in later
    )


@check(
    "subscriptions.ids.are-those-of-requests",
    judges=["subscriptions.id-on-notifications", "subscriptions.ack-carries-id"],
    needs=_NEEDS,
    everywhere=True,
    era="stateless",
    idle=_IDLE,
)
def ids_are_those_of_requests(observation: Observation, report: Report) -> None:
    """What comes on a subscription names it by the id of its request, same type and value."""
    listens = [one for one in observation.exchanges if one.method == "subscriptions/listen"]
    for event, message in observation.received():
        named = subscription_of(message)
        if named is MISSING or not listens:
            continue  # a missing name is judged by base.notifications.subscription-id
        names = ["subscriptions.id-on-notifications"]
        names += ["subscriptions.ack-carries-id"] if message.method == ACKNOWLEDGED else []
        for name in names:
            report.saw(name)
            if not any(same_id(one.id, named) for one in listens):
                report.problem(
                    "the id of a subscriptions/listen request: " + ", ".join(short(one.id) for one in listens),
                    short(named),
                    at=f"/params/_meta/{SUBSCRIPTION_KEY.replace('/', '~1')}",
                    events=(event.number,),
                    requirement=name,
                    cause="subscription-id",
                )


@check(
    "subscriptions.acknowledgment.is-a-subset",
    judges=["subscriptions.ack-subset"],
    needs=_NEEDS,
    everywhere=True,
    era="stateless",
    idle="no subscription was acknowledged",
)
def acknowledgment_is_a_subset(observation: Observation, report: Report) -> None:
    """An acknowledgment names only what was asked for."""
    for stream in _streams(observation):
        for event, message in stream.told:
            params = message.params
            agreed = params.get("notifications") if isinstance(params, dict) else None
            if message.method != ACKNOWLEDGED or not isinstance(agreed, dict):
                continue
            report.saw()
            for name, value in agreed.items():
                wanted = stream.filter.get(name)
                surplus = _surplus(value, wanted)
                if surplus is not MISSING:
                    report.problem(
                        f"{short(wanted)}, as was asked for, or less"
                        if name in stream.filter
                        else "nothing that was not asked for",
                        short(surplus),
                        at=f"/params/notifications/{name}",
                        events=(stream.request.sent.number, event.number),
                        cause="subscription-surplus",
                    )
                elif value and name in _FLAGS and not _declares(observation, _FLAGS[name]):
                    report.note(f"a subscription to {name} is acknowledged, which the server doesn't declare")


_FLAGS = {
    "toolsListChanged": "tools",
    "promptsListChanged": "prompts",
    "resourcesListChanged": "resources",
}


def _declares(observation: Observation, capability: str) -> bool:
    found = (observation.server_capabilities or {}).get(capability)
    return isinstance(found, dict) and found.get("listChanged") is True


def _surplus(agreed: JSON, wanted: JSON) -> JSON:
    """What was agreed to beyond what was asked for; MISSING if nothing."""
    if agreed is True and wanted is not True:
        return True
    if isinstance(agreed, list):
        more = [one for one in agreed if not isinstance(wanted, list) or one not in wanted]
        return more[0] if more else MISSING
    return MISSING


@check(
    "subscriptions.notifications.are-wanted",
    judges=["subscriptions.only-requested-types"],
    needs=_NEEDS,
    everywhere=True,
    era="stateless",
    idle=_IDLE,
)
def notifications_are_wanted(observation: Observation, report: Report) -> None:
    """On a subscription comes only what was asked for."""
    for stream in _streams(observation):
        if stream.told:
            report.saw()
        for event, message in stream.told:
            if (unwanted := _unwanted(message, stream.filter)) is not None:
                report.problem(
                    f"only what this subscription asks for: {short(stream.filter)}",
                    unwanted,
                    at="/method",
                    events=(stream.request.sent.number, event.number),
                    cause=f"subscription-unwanted:{message.method}",
                )


def _unwanted(message: Message, wanted: dict[str, JSON]) -> str | None:
    if message.method in _KINDS:
        return None if wanted.get(_KINDS[message.method]) is True else message.method
    if message.method == _UPDATED:
        uri = message.params.get("uri") if isinstance(message.params, dict) else None
        uris = wanted.get("resourceSubscriptions")
        if not isinstance(uris, list) or not uris:
            return _UPDATED
        # An update may name a part of what was subscribed to (schema: ResourceUpdatedNotification).
        if (
            isinstance(uri, str)
            and ":" in uri
            and not any(isinstance(one, str) and uri.startswith(one) for one in uris)
        ):
            return f"{_UPDATED} for {short(uri)}"
    return None


def _on_a_stream(observation: Observation, method: str) -> Iterator[tuple[Event, Message, bool]]:
    """All notifications of a method, and whether each came on a subscription."""
    listens = {one.sent.number for one in observation.exchanges if one.method == "subscriptions/listen"}
    for event, message in observation.received():
        if message.kind == "notification" and message.method == method:
            carried = event.http is not None and event.http.reply_to in listens
            yield event, message, carried or subscription_of(message) is not MISSING


def _stay_off(observation: Observation, report: Report, method: str) -> None:
    for event, _, on_a_stream in _on_a_stream(observation, method):
        report.saw()
        if on_a_stream:
            report.problem(
                f"{method} on the stream of the request that it belongs to",
                "one of a subscription",
                at="/params/_meta",
                events=(event.number,),
                cause=f"on-subscription:{method}",
            )


@check("logging.messages.not-on-subscriptions", judges=["logging.not-on-listen-stream"], everywhere=True,
       era="stateless", idle="the server sent no log messages")  # fmt: skip
def log_messages_stay_off(observation: Observation, report: Report) -> None:
    """Log messages don't come on subscriptions."""
    _stay_off(observation, report, "notifications/message")


@check("progress.not-on-subscriptions", judges=["progress.not-on-listen-stream"], everywhere=True, era="stateless",
       idle="the server reported no progress")  # fmt: skip
def progress_stays_off(observation: Observation, report: Report) -> None:
    """Progress isn't reported on subscriptions."""
    _stay_off(observation, report, "notifications/progress")
