"""Which proxy the environment names for a URL, and how it is spoken to.

As other programs do it: ``http_proxy``, ``https_proxy``, ``all_proxy`` and ``no_proxy``, each also in capitals. Servers
on this machine are never reached through a proxy: what it calls localhost is another machine.
"""

import base64
import ipaddress
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from mcp_conformance.transports.http1.errors import HttpError
from mcp_conformance.transports.http1.messages import Pairs
from mcp_conformance.transports.http1.urls import Url


def choose_proxy(url: Url, environment: Mapping[str, str]) -> Url | None:
    """The proxy for `url`, or None. Raises `HttpError` of kind ``proxy`` if what is set is no URL of a proxy."""
    for name in (f"{url.scheme}_proxy", "all_proxy"):
        for spelling in (name, name.upper()):
            if value := environment.get(spelling, "").strip():
                if _on_this_machine(url.host) or bypasses_proxy(url, _first(environment, "no_proxy")):
                    return None
                return _parse(value, spelling)
    return None


def authorization(proxy: Url) -> Pairs:
    """The header with the credentials that stand in the proxy's URL, if any (RFC 7617)."""
    if not proxy.userinfo:
        return ()
    name, _, password = proxy.userinfo.partition(":")
    credentials = unquote_to_bytes(name) + b":" + unquote_to_bytes(password)
    return (("Proxy-Authorization", f"Basic {base64.b64encode(credentials).decode()}"),)


def tunnel_request(proxy: Url, url: Url) -> bytes:
    """What asks `proxy` for a tunnel to the host of `url`."""
    lines = [f"CONNECT {url.host_and_port} HTTP/1.1", f"Host: {url.host_and_port}"]
    lines += [f"{name}: {value}" for name, value in authorization(proxy)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def bypasses_proxy(url: Url, no_proxy: str) -> bool:
    """Whether a list as in ``no_proxy`` names the host of `url`: "*", names (with all names below them), addresses,
    networks as 10.0.0.0/8; each but a network with a port if only that is meant."""
    return any(_names(entry.strip().lower(), url) for entry in no_proxy.split(","))


def _names(entry: str, url: Url) -> bool:
    if entry in ("", "*"):
        return entry == "*"
    address = _address(url.host)
    if "/" in entry:
        try:
            return address is not None and address in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    host, port = entry, ""
    if entry.startswith("["):
        host, _, port = entry[1:].partition("]")
        port = port.removeprefix(":")
    elif entry.count(":") == 1:
        host, _, port = entry.partition(":")
    if port and port != str(url.port):
        return False
    if address is not None:
        return _address(host) == address
    host = host.removeprefix("*").removeprefix(".")
    return host != "" and (url.host == host or url.host.endswith(f".{host}"))


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _on_this_machine(host: str) -> bool:
    address = _address(host)
    return address.is_loopback if address else host == "localhost" or host.endswith(".localhost")


def _first(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name) or environment.get(name.upper(), "")


def _parse(value: str, variable: str) -> Url:
    try:
        return Url.parse(value if "://" in value else f"http://{value}")
    except HttpError as error:
        raise HttpError("proxy", f"the proxy in {variable} can't be used: {error}") from None
