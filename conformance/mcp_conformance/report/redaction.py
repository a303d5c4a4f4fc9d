"""The only door out for text that came from a server or a command line: secrets stay inside.

Redacted are the *values* that the user gave as secrets (``--mcp-env``, ``--mcp-header``) and those of environment
variables with secret-looking names, wherever they turn up, in plain, JSON-escaped, percent- and base64-encoded form.
Never a field because of its name: a server's own data isn't ours to hide, and judging needs the raw bytes, so this
happens at the exit and nowhere before.

A value may be a common word (``LOG_LEVEL=error``). So the tester's own words in a report, its verdicts and the names
of its members, are left alone: they can't give anything away, and without them the report can't be read.
"""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, quote_plus

_SECRET_NAME = re.compile(
    r"token|secret|passw|passphrase|api_?key|access_?key|private_?key|credential|\bauth\b|_auth$|_pat$", re.I
)
_SHORTEST = 4  # a shorter value would blot out half of every report
_SHORTEST_CUT = 6  # characters of a secret that was cut off by the end of an excerpt
_OWN_MEMBER = re.compile(r"[a-z][a-z_]{2,15}")
_OWN_VALUES = frozenset(
    [
        "area",
        "call",
        "case",
        "complete",
        "direction",
        "fingerprint",
        "harness",
        "id",
        "level",
        "link",
        "requirement",
        "revision",
        "revisions",
        "transport",
        "transports",
        "verdict",
        "versions",
    ]
)


class Redactor:
    """Replaces secrets in texts and JSON values. `secrets` maps a name to its value."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._forms: dict[str, str] = {}
        for name, value in secrets.items():
            if len(value) >= _SHORTEST:
                for form in _forms(value):
                    self._forms.setdefault(form, f"[redacted {name}]")
        # Longest first, or a secret that is part of another would leave the rest of it readable.
        ordered = sorted(self._forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(re.escape(form) for form in ordered)) if ordered else None

    @classmethod
    def for_run(cls, given: Mapping[str, str], environment: Mapping[str, str]) -> "Redactor":
        """What a run has to hide: all values given for the server, and what the environment calls a secret."""
        named = {name: value for name, value in environment.items() if looks_secret(name)}
        return cls({**named, **given})

    def text(self, text: str) -> str:
        """The text without secrets, also without the beginning of one at the end of an excerpt."""
        if self._pattern is None:
            return text
        whole = self._pattern.sub(lambda match: self._forms[match[0]], text)
        return "…".join(map(self._without_beginning, whole.split("…")))

    def _without_beginning(self, excerpt: str) -> str:
        for form, shown in self._forms.items():
            beginning = form[:_SHORTEST_CUT]
            start = excerpt.find(beginning, max(0, len(excerpt) - len(form)))
            while start >= 0:
                if len(excerpt) - start >= _SHORTEST_CUT and form.startswith(excerpt[start:]):
                    return excerpt[:start] + shown
                start = excerpt.find(beginning, start + 1)
        return excerpt

    def value(self, value: Any) -> Any:
        """A JSON value without secrets, in keys too, but for the tester's own words."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {
                key if _OWN_MEMBER.fullmatch(key) else self.text(key): inner
                if key in _OWN_VALUES
                else self.value(inner)
                for key, inner in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.value(inner) for inner in value]
        return value


def looks_secret(name: str) -> bool:
    """Whether the name of a variable or a parameter says that its value is a secret."""
    return _SECRET_NAME.search(name) is not None


def _forms(secret: str) -> set[str]:
    raw = secret.encode("utf-8", "surrogateescape" if _is_bytes(secret) else "surrogatepass")
    escaped = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    forms = {secret, *escaped, quote(raw, safe=""), quote(raw), quote_plus(raw)}
    for lead in range(3):
        # Inside a longer base64 text the same bytes look three ways, by where they begin; the characters at both ends
        # are shared.
        encoded = base64.b64encode(b"\0" * lead + raw).decode()
        middle = encoded[-(-lead * 8 // 6) :].rstrip("=")
        middle = middle[:-1] if (lead + len(raw)) % 3 else middle
        if len(middle) >= 8:
            forms |= {middle, middle.replace("+", "-").replace("/", "_")}
    return forms


def _is_bytes(text: str) -> bool:
    """Whether lone surrogates in it stand for bytes that weren't UTF-8, as in environment variables."""
    return all(0xDC80 <= ord(character) <= 0xDCFF for character in text if 0xD800 <= ord(character) <= 0xDFFF)
