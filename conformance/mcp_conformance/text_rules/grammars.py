"""Grammars of values that the protocol borrows: base64, URIs, URI templates, MIME types, times.

Each function takes a text and says in a few words why it isn't what its name says; an empty string means that nothing
is wrong. A server chooses these texts, of any length: every expression here takes linear time.
"""

import binascii
import datetime
import ipaddress
import re

# base64, RFC 4648

_STANDARD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_URL_SAFE = _STANDARD[:-2] + b"-_"
_LINE_ENDS = b"\r\n"


def not_base64(text: str) -> str:
    """Why nobody could decode `text` as base64.

    The pages say "base64-encoded" and no more, and of RFC 4648's variants the schema's format `byte` only suggests the
    first. So the alphabet for URLs, missing padding and the line ends of MIME pass here, and `odd_base64` tells of
    them.
    """
    if text[:5].lower() == "data:":
        return "a data: URL, not base64 alone"
    data = _compact(text)
    if data is None:
        strange = next(character for character in text if not character.isascii())
        return f"holds {strange!a}, which isn't of the alphabet"
    body = data.rstrip(b"=")
    padding = len(data) - len(body)
    if strange_bytes := body.translate(None, _STANDARD + b"-_"):
        return (
            "holds = in the middle"
            if strange_bytes[:1] == b"="
            else f"holds {chr(strange_bytes[0])!a}, which isn't of the alphabet"
        )
    if body.translate(None, _STANDARD) and body.translate(None, _URL_SAFE):
        return "mixes the standard alphabet with the one for URLs"
    if len(body) % 4 == 1:
        return f"has {len(body)} characters, which no bytes encode to"
    if padding and (padding > 2 or (len(body) + padding) % 4):
        return f"is padded with {padding} = where {-len(body) % 4} are due"
    return ""


def odd_base64(text: str) -> str:
    """What a strict decoder of standard base64 would refuse in a `text` that `not_base64` lets pass."""
    data = _compact(text)
    if data is None:
        return ""
    if len(data) != len(text):
        return "has line ends"
    if data.rstrip(b"=").translate(None, _STANDARD):
        return "uses the alphabet for URLs (- and _)"
    if len(data) % 4:
        return "has no padding"
    if data and binascii.b2a_base64(binascii.a2b_base64(data[-4:]), newline=False) != data[-4:]:
        return "ends in bits that aren't zero"
    return ""


def _compact(text: str) -> bytes | None:
    """The text without line ends; None if it isn't ASCII."""
    return text.encode("ascii").translate(None, _LINE_ENDS) if text.isascii() else None


# URI, RFC 3986

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_PARTS = re.compile(r"([^:/?#]*):(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_NO_ESCAPE = r"|%(?![0-9A-Fa-f]{2})"
_PLAIN = r"\-A-Za-z0-9._~!$&'()*+,;="  # what any part may hold, escapes aside
_ILLEGAL = {
    "user": re.compile(rf"[^%{_PLAIN}:]{_NO_ESCAPE}"),
    "host": re.compile(rf"[^%{_PLAIN}]{_NO_ESCAPE}"),
    "path": re.compile(rf"[^%{_PLAIN}:@/]{_NO_ESCAPE}"),
    "query": re.compile(rf"[^%{_PLAIN}:@/?]{_NO_ESCAPE}"),
    "fragment": re.compile(rf"[^%{_PLAIN}:@/?]{_NO_ESCAPE}"),
}
_FUTURE_ADDRESS = re.compile(rf"v[0-9A-Fa-f]+\.[{_PLAIN}:]+")


def not_a_uri(text: str) -> str:
    """Why `text` is no URI: RFC 3986, section 3, which asks for a scheme. Section 4.1 calls all else a reference."""
    parts = _PARTS.fullmatch(text)
    if parts is None:
        return "has no scheme"
    scheme, authority, path, query, fragment = parts.groups()
    if not scheme:
        return "has no scheme before its colon"
    if wrong := not_a_scheme(scheme):
        return f"has a scheme that is none: {wrong}"
    if authority is not None and (wrong := _not_an_authority(authority)):
        return wrong
    for name, part in (("path", path), ("query", query), ("fragment", fragment)):
        if part and (found := _ILLEGAL[name].search(part)):
            return f"holds {_named(found[0])} in its {name}"
    return ""


def not_a_url(text: str) -> str:
    """Why `text` is no URL that a browser could be sent to: a URI, with a host if it is one of the web."""
    if wrong := not_a_uri(text):
        return wrong
    scheme, _, rest = text.partition(":")
    if scheme.lower() not in ("http", "https"):
        return ""
    authority = re.split(r"[/?#]", rest[2:], maxsplit=1)[0] if rest.startswith("//") else ""
    host = re.sub(r":\d*$", "", authority.rpartition("@")[2])
    return "" if host else "names no host"


def scheme_of(text: str) -> str:
    """What stands where the scheme of a URI or of a template would: up to a colon that nothing else comes before."""
    found = re.match(r"([^:/?#{}]*):", text)
    return found[1].lower() if found else ""


def not_a_scheme(text: str) -> str:
    """Why `text` is no scheme of a URI."""
    return "" if _SCHEME.fullmatch(text) else f"{text[:40]!a} isn't a letter and then letters, digits, +, - and ."


def _not_an_authority(authority: str) -> str:
    user, _, server = authority.rpartition("@")
    if found := _ILLEGAL["user"].search(user):
        return f"holds {_named(found[0])} before its host"
    if server.startswith("["):
        address, closed, port = server[1:].partition("]")
        if not closed or not _is_address(address):
            return f"has {server[:60]!a} for a host, and in brackets only an IP address can stand"
        if port and not port.startswith(":"):
            return f"has {port[:40]!a} after its address"
        port = port[1:]
    else:
        host, _, port = server.partition(":")
        if found := _ILLEGAL["host"].search(host):
            return f"holds {_named(found[0])} in its host"
    return "" if not port or (port.isascii() and port.isdecimal()) else f"has {port[:40]!a} for a port"


def _is_address(text: str) -> bool:
    bare, _, _ = text.partition("%25")  # a zone, RFC 6874
    try:
        ipaddress.IPv6Address(bare)
    except ValueError:
        return _FUTURE_ADDRESS.fullmatch(text) is not None
    return True


def _named(character: str) -> str:
    names = {" ": "a space", "%": "% without two hexadecimal digits", "\\": "a backslash", "\n": "a line end"}
    return names.get(character, ascii(character))


# URI template, RFC 6570

# The apostrophe is missing from the literals of section 2.1, though it is legal in URIs: let it pass.
_NO_LITERAL = re.compile(rf"[\x00-\x20\"<>\\^`|{{}}\x7f-\x9f\ud800-\udfff]{_NO_ESCAPE}")
_VARIABLE = re.compile(
    r"(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})+(?:\.(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})+)*(?:\*|:[1-9][0-9]{0,3})?"
)
_RESERVED_OPERATORS = "=,!@|"
_OPERATORS = frozenset("+#./;?&" + _RESERVED_OPERATORS)


def not_a_uri_template(text: str) -> str:
    """Why `text` is no URI template: RFC 6570, section 2, all four levels."""
    position = 0
    while True:
        start = text.find("{", position)
        if found := _NO_LITERAL.search(text, position, start if start >= 0 else len(text)):
            return f"holds {_named(found[0])}" + (", which opens nothing" if found[0] == "}" else "")
        if start < 0:
            return ""
        end = text.find("}", start)
        if end < 0:
            return f"has an expression that is never closed: {text[start : start + 40]!a}"
        expression = text[start + 1 : end]
        operator = expression[:1] in _OPERATORS
        for variable in expression[1 if operator else 0 :].split(","):
            if not _VARIABLE.fullmatch(variable):
                return f"has the expression {{{expression[:40]}}}, in which {variable[:40]!a} is no variable"
        position = end + 1


def odd_uri_template(text: str) -> str:
    """What no processor expands in a `text` that `not_a_uri_template` lets pass."""
    found = re.search(rf"\{{[{_RESERVED_OPERATORS}]", text)
    return f"uses {found[0][1]!a}, which RFC 6570 keeps for later" if found else ""


# MIME type, RFC 6838

_RESTRICTED_NAME = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
_MEDIA_TYPE = re.compile(rf"{_RESTRICTED_NAME}/{_RESTRICTED_NAME}(?=[ \t;]|\Z)")
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_QUOTED = r'"(?:[\t !#-\[\]-~\x80-\U0010ffff]|\\[\t -~\x80-\U0010ffff])*+"'
_PARAMETERS = re.compile(rf"(?:[ \t]*+;[ \t]*+(?:{_TOKEN}=(?:{_TOKEN}|{_QUOTED}))?+)*+[ \t]*+")


def not_a_mime_type(text: str) -> str:
    """Why `text` is no MIME type: type and subtype by RFC 6838, section 4.2, parameters by RFC 9110, section 5.6.6."""
    name = _MEDIA_TYPE.match(text)
    if name is None:
        return "has no /" if "/" not in text else "isn't a type, a / and a subtype"
    rest = text[name.end() :]
    end = _PARAMETERS.match(rest)
    wrong = rest[end.end() if end else 0 :]
    return f"goes on with {wrong[:40]!a}, which is no parameter" if wrong else ""


# times, ISO 8601

_DATE = (
    r"(?P<year>\d{4})(?:-?(?:(?P<month>\d\d)(?:-?(?P<day>\d\d))?|(?P<ordinal>\d{3})"
    r"|W(?P<week>\d\d)(?:-?(?P<weekday>[1-7]))?))?"
)
_CLOCK = r"(?P<hour>\d\d)(?::?(?P<minute>\d\d)(?::?(?P<second>\d\d))?)?(?:[.,]\d{1,100})?"
_ZONE = r"(?P<zone>[Zz]|[+-]\d\d(?::?\d\d)?)"
_ISO_8601 = re.compile(rf"{_DATE}(?:[Tt ]{_CLOCK}{_ZONE}?)?", re.ASCII)
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,100})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)


def not_a_time(text: str) -> str:
    """Why `text` is no date, or date and time, of ISO 8601."""
    found = _ISO_8601.fullmatch(text[:200])
    if found is None or len(text) > 200:
        return "isn't of the form 2025-01-31T15:00:00Z"
    part = {name: int(value) for name, value in found.groupdict().items() if value is not None and name != "zone"}
    try:
        if "ordinal" in part:
            last = 366 if part["year"] % 4 == 0 and (part["year"] % 100 or part["year"] % 400 == 0) else 365
            if not 1 <= part["ordinal"] <= last:
                return "names no day of that year"
        elif "week" in part:
            datetime.date.fromisocalendar(max(part["year"], 1), part["week"], part.get("weekday", 1))
        else:
            # Year 0 exists there, and is a leap year.
            datetime.date(part["year"] or 4, part.get("month", 1), part.get("day", 1))
    except ValueError:
        return "names no day of the calendar"
    hour, minute, second = part.get("hour", 0), part.get("minute", 0), part.get("second", 0)
    if hour > 24 or minute > 59 or second > 60 or (hour == 24 and (minute or second)):
        return "names no time of day"
    zone = re.sub(r"\D", "", found["zone"] or "")
    return "names no offset from UTC" if int(zone[:2] or 0) > 23 or int(zone[2:] or 0) > 59 else ""


def odd_time(text: str) -> str:
    """In what a `text` that `not_a_time` lets pass differs from the one form of RFC 3339, section 5.6."""
    if _RFC_3339.fullmatch(text) and text[11:13] != "24":
        return "has a space in place of the T" if text[10] == " " else ""
    if re.search(r"[T ].*[+-]\d|[Zz]$", text) is None:
        return "has no offset from UTC" if re.search(r"[Tt ]", text) else "has no time of day"
    return "isn't written as RFC 3339 does"
