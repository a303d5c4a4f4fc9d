"""Keys and values of `_meta`, and the identifiers of extensions, which are made like its keys (basic/index#meta,
basic/versioning#extension-negotiation)."""

import re
from collections.abc import Iterator

from mcp_conformance.text_rules import trace_context
from mcp_conformance.text_rules.model import Looked, Odd, Remark, Rule, Said, Spot, Wrong
from mcp_conformance.wire import short

_META = frozenset(
    {"meta", "requestMeta", "MetaObject", "RequestMetaObject", "ResultMetaObject", "NotificationMetaObject"}
)
_OWN = ("modelcontextprotocol", "mcp")
_OFFICIAL = ["io", "modelcontextprotocol"]
_KNOWN = frozenset(
    f"io.modelcontextprotocol/{name}"
    for name in (
        "related-task", "model-immediate-response", "protocolVersion", "clientInfo", "clientCapabilities", "logLevel",
        "subscriptionId", "serverInfo",
    )
)  # fmt: skip
_SECOND_LABEL_COUNTS = "2025-11-25"  # the first revision in which a prefix is read from its second label
_TOP_LEVEL = frozenset(
    {"com", "org", "net", "io", "dev", "app", "ai", "edu", "gov", "info", "biz", "cloud", "tech", "co", "me"}
)


def _keys(spot: Spot) -> Iterator[str]:
    if isinstance(spot.value, dict):
        yield from spot.value


def _prefix_of(key: str) -> str | None:
    """What stands before the slash of a key; None if there is no slash. Of several slashes, the first one counts."""
    prefix, slash, _ = key.partition("/")
    return prefix if slash else None


def _is_label(text: str) -> bool:
    # "Letter" is said without naming an alphabet, unlike in the rule on names: any letter is one.
    inside = text[1:].replace("-", "")
    return text[:1].isalpha() and text[-1:].isalnum() and (not inside or inside.isalnum())


def _prefix_flaw(prefix: str) -> tuple[bool, str]:
    """What is wrong with a prefix: whether it is no series of labels at all, and the reason; ("" if nothing is)."""
    labels = prefix.split(".")
    if not prefix:
        return True, "an empty prefix before the slash"
    if "" in labels:
        return True, "an empty label in the prefix"
    wrong = next((label for label in labels if not _is_label(label)), None)
    return False, "" if wrong is None else f"the label {short(wrong)} in the prefix"


def _prefixes(spot: Spot) -> Iterator[Said]:
    series, label = spot.standing("meta.prefix-format"), spot.standing("meta.label-format")
    for key in _keys(spot):
        if series is None or label is None or (prefix := _prefix_of(key)) is None:
            continue
        yield Looked(series)
        yield Looked(label)
        shapeless, wrong = _prefix_flaw(prefix)
        if wrong:
            yield Wrong(
                series if shapeless else label,
                "a key whose prefix is made of labels with dots between them, each a letter and then letters, digits "
                "and hyphens",
                f"{short(key)}: {wrong}",
                "begin the key with a domain of yours in reverse order and a slash, such as com.example/",
                (key,),
            )


def _names(spot: Spot) -> Iterator[Said]:
    requirement = spot.standing("meta.name-format")
    for key in _keys(spot):
        if requirement is None:
            return
        yield Looked(requirement)
        # Of several slashes, the page doesn't say which one ends the prefix: one reading that is right will do.
        name = key.partition("/")[2] if "/" in key else key
        if not _is_name(name) and not _is_name(key.rpartition("/")[2]):
            yield Wrong(
                requirement,
                "a key whose name begins and ends with one of a-z, A-Z and 0-9",
                short(key),
                "begin and end the name of the key with a letter or a digit",
                (key,),
            )
        elif re.search(r"[^A-Za-z0-9._-]", name):
            # What a name "may" hold is listed, and nothing else is forbidden.
            yield Odd(f"the key {short(key)} holds more than letters, digits, hyphens, underscores and dots", (key,))


def _is_name(text: str) -> bool:
    return not text or ((text[0] + text[-1]).isascii() and (text[0] + text[-1]).isalnum())


def _reserved(spot: Spot) -> Iterator[Said]:
    requirement = spot.standing("meta.reserved-prefix")
    for key in _keys(spot):
        prefix = _prefix_of(key)
        if requirement is None or prefix is None or _prefix_flaw(prefix)[1]:
            continue
        yield Looked(requirement)
        labels = prefix.split(".")
        if labels[:2] == _OFFICIAL:
            # The protocol's own keys and those of its official extensions, of which there may be more than are known
            # here, and of other revisions.
            if key not in _KNOWN:
                yield Odd(f"the key {short(key)} is none that is known here, and its prefix is MCP's own", (key,))
        elif _is_reserved(labels, spot.document):
            yield Wrong(
                requirement,
                "a prefix that isn't reserved for MCP",
                short(key),
                "take a prefix of your own, such as com.example/",
                (key,),
            )


def _is_reserved(labels: list[str], document: str) -> bool:
    if document >= _SECOND_LABEL_COUNTS:  # the documents of extensions belong to later revisions
        return len(labels) > 1 and labels[1] in _OWN
    return any(label in _OWN for label in labels[:-1])


def _order_hints(spot: Spot) -> Iterator[Said]:
    """A SHOULD; but which end of a name is the top can't be told for certain."""
    if spot.standing("meta.reverse-dns"):
        for key in _keys(spot):
            labels = (_prefix_of(key) or "").lower().split(".")
            if len(labels) > 1 and labels[-1] in _TOP_LEVEL and labels[0] not in _TOP_LEVEL and len(labels[0]) != 2:
                turned = ".".join(reversed(labels))
                yield Odd(f"the prefix of {short(key)} looks like a domain: in reverse order it is {turned}/", (key,))


def _trace_context(spot: Spot) -> Iterator[Said]:
    formats = {
        "traceparent": ("meta.trace-context-format", trace_context.not_a_traceparent, "W3C Trace Context"),
        "tracestate": ("meta.trace-context-format", trace_context.not_a_tracestate, "W3C Trace Context"),
        "baggage": ("meta.baggage-format", trace_context.not_a_baggage, "W3C Baggage"),
    }
    for key in _keys(spot):
        if key not in formats:
            continue
        name, grammar, source = formats[key]
        if (requirement := spot.standing(name)) is None:
            continue
        value = spot.value[key]
        yield Looked(requirement)
        if wrong := grammar(value) if isinstance(value, str) else "isn't a string":
            yield Wrong(
                requirement,
                f"a {key} as {source} writes it",
                f"{short(value)}, which {wrong}",
                f"pass {key} on as it came, or write it as {source} says",
                (key,),
            )


def _extensions(spot: Spot) -> Iterator[Said]:
    requirement = spot.standing("versioning.extension-id-format")
    extensions = spot.value.get("extensions") if isinstance(spot.value, dict) else None
    if requirement is None or not isinstance(extensions, dict):
        return
    for key in extensions:
        yield Looked(requirement)
        prefix = _prefix_of(key)
        name = key.partition("/")[2]
        wrong = "no prefix" if prefix is None else _prefix_flaw(prefix)[1]
        if not wrong and not _is_name(name):
            wrong = "a name that doesn't begin and end with a letter or a digit"
        if wrong:
            yield Wrong(
                requirement,
                "an identifier made of a prefix of labels, a slash and a name",
                f"{short(key)}: {wrong}",
                "begin the identifier with a domain of yours in reverse order and a slash, such as com.example/",
                ("extensions", key),
            )


_NO_METADATA = "the server sent no metadata"

RULES = (
    Rule(
        "base.metadata.prefixes",
        "The prefixes of metadata keys are labels with dots between them, before a slash.",
        ("meta.prefix-format", "meta.label-format"),
        _META,
        _prefixes,
        "the server sent no metadata whose key has a prefix",
        cause="key",
    ),
    Rule(
        "base.metadata.names",
        "The names of metadata keys begin and end with a letter or a digit.",
        ("meta.name-format",),
        _META,
        _names,
        _NO_METADATA,
        cause="key",
    ),
    Rule(
        "base.metadata.reserved-prefixes",
        "No metadata of the server's own takes a prefix that is reserved for MCP.",
        ("meta.reserved-prefix",),
        _META,
        _reserved,
        "the server sent no metadata whose key has a prefix",
        cause="key",
    ),
    Rule(
        "base.metadata.trace-context",
        "Trace context and baggage in metadata are written as the W3C says.",
        ("meta.trace-context-format", "meta.baggage-format"),
        _META,
        _trace_context,
        "the server sent no trace context",
    ),
    Rule(
        "base.extensions.identifiers",
        "The extensions that the server declares have identifiers with a prefix.",
        ("versioning.extension-id-format",),
        frozenset({"ServerCapabilities"}),
        _extensions,
        "the server declares no extensions",
    ),
)

REMARKS = (Remark(_META, _order_hints),)
