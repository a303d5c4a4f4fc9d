"""URLs taken apart as a client needs them: where to connect, what to ask for, and whether a redirect leaves."""

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import quote, urljoin

from mcp_conformance.transports.http1.errors import HttpError
from mcp_conformance.wire import printable

_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://"
    r"(?:(?P<userinfo>[^/?#]*)@)?"
    r"(?P<host>\[[^\]/?#]*\]|[^:/?#\[\]]*)(?::(?P<port>[0-9]*))?"
    r"(?P<target>(?:[/?][^#]*)?)(?:#.*)?"
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_UNSAFE = re.compile(r"[\x00-\x20\x7f]")
_ASCII = "".join(map(chr, range(0x21, 0x7F)))  # what a target may keep as it is


@dataclass(frozen=True, slots=True)
class Url:
    """An absolute ``http`` or ``https`` URL. Printed without its user information."""

    scheme: str
    host: str
    """In lower case, without brackets; names that aren't ASCII in their encoded form."""
    port: int
    target: str
    """Path and query as they stand, without the fragment; "/" for none. What isn't ASCII is percent-encoded."""
    original: str = field(repr=False, compare=False)
    """What was parsed, with everything in it."""
    userinfo: str | None = field(default=None, repr=False)
    """What stands before the "@", still encoded. It is never sent unless the caller makes a header of it."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises `HttpError` of kind ``invalid-request`` with the reason, without showing user information."""
        match = _URL.fullmatch(text)
        if match is None or _UNSAFE.search(text):
            raise _invalid(text, "expected http://HOST or https://HOST, with a port and a path if needed")
        scheme = match["scheme"].lower()
        if scheme not in _DEFAULT_PORTS:
            raise _invalid(text, f"its scheme is {printable(scheme)}, not http or https")
        port = int((match["port"] or "")[:6] or _DEFAULT_PORTS[scheme])
        if not 0 < port < 65536:
            raise _invalid(text, "its port is not between 1 and 65535")
        target = match["target"]
        if not target.startswith("/"):
            target = "/" + target
        return cls(scheme, _host(text, match["host"]), port, quote(target, safe=_ASCII), text, match["userinfo"])

    @property
    def is_tls(self) -> bool:
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """What a Host header says: the port only when it isn't the scheme's own."""
        return self._bracketed if self.port == _DEFAULT_PORTS[self.scheme] else self.host_and_port

    @property
    def host_and_port(self) -> str:
        """What CONNECT asks for: always with the port."""
        return f"{self._bracketed}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port: equal for two URLs exactly if one origin serves both."""
        return f"{self.scheme}://{self.authority}"

    @property
    def _bracketed(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    def __str__(self) -> str:
        return self.origin + self.target

    def resolve(self, reference: str) -> "Url":
        """The URL that a Location header with `reference` leads to from here. Raises `HttpError` if that is none."""
        if _UNSAFE.search(reference):
            raise _invalid(reference, "a space or a control character stands in it")
        try:
            joined = urljoin(str(self), reference)
        except ValueError as error:
            raise _invalid(reference, str(error)) from None
        return Url.parse(joined)

    def same_origin(self, other: "Url") -> bool:
        """Whether `other` may be followed without leaving this server."""
        return self.origin == other.origin


def _host(text: str, written: str) -> str:
    if written.startswith("["):
        address = written[1:-1].replace("%25", "%")  # before a zone
        try:
            ipaddress.IPv6Address(address)
        except ValueError:
            raise _invalid(text, "what stands in brackets is no IPv6 address") from None
        return address.lower()
    if not written:
        raise _invalid(text, "it names no host")
    try:
        return written.lower() if written.isascii() else written.encode("idna").decode()
    except UnicodeError:
        raise _invalid(text, "its host is no valid name") from None


def _invalid(text: str, reason: str) -> HttpError:
    shown = re.sub(r"//[^/?#]*@", "//", text)
    return HttpError("invalid-request", f'"{printable(shown)}" is no URL to connect to: {reason}')
