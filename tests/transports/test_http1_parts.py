"""The parts of the HTTP client that need no socket: URLs, requests, answers, and the choice of a proxy."""

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mcp_conformance.transports.http1 import Headers, HttpError, Request, Url, usual_headers
from mcp_conformance.transports.http1.answers import MAX_INTERIM, AnswerReader
from mcp_conformance.transports.http1.proxies import authorization, bypasses_proxy, choose_proxy

SOME = settings(max_examples=200, deadline=None, derandomize=True, database=None)

# --------------------------------------------------------------------------------------------------------------- URLs


@pytest.mark.parametrize(
    ("text", "host", "port", "target", "authority"),
    [
        ("http://example.test", "example.test", 80, "/", "example.test"),
        ("HTTPS://Example.Test:443/MCP?a=B#c", "example.test", 443, "/MCP?a=B", "example.test"),
        ("http://example.test:8080?x", "example.test", 8080, "/?x", "example.test:8080"),
        ("http://[::1]:3000/mcp", "::1", 3000, "/mcp", "[::1]:3000"),
        ("http://[FE80::1%25eth0]/", "fe80::1%eth0", 80, "/", "[fe80::1%eth0]"),
        ("http://user:p@ss@example.test/", "example.test", 80, "/", "example.test"),
        ("http://example.test:/a//b/../%2f", "example.test", 80, "/a//b/../%2f", "example.test"),
        ("http://bücher.test/ü", "xn--bcher-kva.test", 80, "/%C3%BC", "xn--bcher-kva.test"),
    ],
)
def test_a_url_is_taken_apart(text: str, host: str, port: int, target: str, authority: str) -> None:
    url = Url.parse(text)
    assert (url.host, url.port, url.target, url.authority, url.original) == (host, port, target, authority, text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("example.test/mcp", "expected http://HOST"),
        ("ftp://example.test", "its scheme is ftp, not http or https"),
        ("http:///mcp", "it names no host"),
        ("http://example.test:0/", "its port is not between 1 and 65535"),
        ("http://example.test:65536/", "its port is not between 1 and 65535"),
        ("http://example.test:" + "9" * 5000, "its port is not between 1 and 65535"),
        ("http://example.test/a b", "expected http://HOST"),
        ("http://example.test/\r\nHost: x", "expected http://HOST"),
        ("http://[1::2::3]/", "no IPv6 address"),
        ("http://ü" + "x" * 100 + "/", "no valid name"),
    ],
)
def test_what_is_no_url_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(HttpError, match=reason) as caught:
        Url.parse(text)
    assert caught.value.kind == "invalid-request"
    assert len(str(caught.value)) < 400


def test_credentials_in_a_url_are_never_shown() -> None:
    url = Url.parse("http://me:secret@example.test/")
    with pytest.raises(HttpError) as caught:
        Url.parse("http://me:secret@example.test:0/")
    for shown in (str(url), repr(url), str(caught.value)):
        assert "secret" not in shown
    assert url.userinfo == "me:secret"


@pytest.mark.parametrize(
    ("location", "target", "stays"),
    [
        ("/other", "http://example.test:8080/other", True),
        ("other?x", "http://example.test:8080/a/other?x", True),
        ("HTTP://EXAMPLE.test:8080/x", "http://example.test:8080/x", True),
        ("//example.test/x", "http://example.test/x", False),
        ("https://example.test:8080/x", "https://example.test:8080/x", False),
        ("http://example.test.evil.test:8080/", "http://example.test.evil.test:8080/", False),
        ("http://example.test:8080@evil.test/", "http://evil.test/", False),
    ],
)
def test_a_redirect_is_followed_in_mind_and_told_whether_it_leaves(location: str, target: str, stays: bool) -> None:
    url = Url.parse("http://example.test:8080/a/mcp")
    there = url.resolve(location)
    assert (str(there), url.same_origin(there)) == (target, stays)


@pytest.mark.parametrize("location", ["file:///etc/passwd", "http://[x/", "/a\r\nb", "javascript:alert(1)"])
def test_a_redirect_to_nowhere_is_an_error(location: str) -> None:
    with pytest.raises(HttpError):
        Url.parse("http://example.test/").resolve(location)


# ----------------------------------------------------------------------------------------------------------- requests

URL = Url.parse("http://example.test:8080/mcp?x=1")


def test_a_request_is_written_exactly_as_it_says() -> None:
    request = Request("post", URL, (("aCCept", "a"), ("Accept", ""), ("accept", " b ")), b"{}", version="1.0")
    assert request.encode() == b"post /mcp?x=1 HTTP/1.0\r\naCCept: a\r\nAccept: \r\naccept:  b \r\n\r\n{}"
    assert Request("OPTIONS", URL, target="*").encode() == b"OPTIONS * HTTP/1.1\r\n\r\n"
    assert Request("GET", URL, (("X", "caf\xe9"),)).encode() == b"GET /mcp?x=1 HTTP/1.1\r\nX: caf\xe9\r\n\r\n"


def test_a_proxy_gets_the_whole_url_and_its_own_headers() -> None:
    written = Request("GET", URL, (("Host", "h"),)).encode(absolute=True, more=(("Proxy-X", "1"),))
    assert written == b"GET http://example.test:8080/mcp?x=1 HTTP/1.1\r\nHost: h\r\nProxy-X: 1\r\n\r\n"


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (Request("GET /", URL), 'the method "GET /" holds'),
        (Request("GET", URL, target="/ HTTP/1.1\r\nX: y"), "the target"),
        (Request("GET", URL, (("X", "a\r\nY: b"),)), r'the header "X": "a\\r\\nY: b" holds a line end or a NUL'),
        (Request("GET", URL, (("X\0", ""),)), "holds a line end or a NUL"),
        (Request("GET", URL, (("X", "€"),)), '"€" in its head is no single byte'),
    ],
)
def test_what_would_be_another_request_is_refused(request_: Request, reason: str) -> None:
    with pytest.raises(HttpError, match=reason) as caught:
        request_.encode()
    assert caught.value.kind == "invalid-request"
    assert "raw bytes" in str(caught.value)


@pytest.mark.parametrize(
    ("headers", "body", "framed"),
    [
        (usual_headers(URL), None, True),
        (usual_headers(URL, b"{}"), b"{}", True),
        ((), b"{}", False),
        ((("Content-Length", "3"),), b"{}", False),
        ((("content-length", "2"), ("Content-Length", "2")), b"{}", False),
        ((("Content-Length", "0"),), None, True),
        ((("Transfer-Encoding", "chunked"),), b"0\r\n\r\n", False),
        ((("Upgrade", "x"),), None, False),
    ],
)
def test_only_a_request_that_says_where_it_ends_leaves_a_connection_to_use_again(headers, body, framed: bool) -> None:
    assert Request("POST", URL, headers, body).is_well_framed is framed


def test_headers_are_found_whatever_their_case() -> None:
    headers = Headers((("Mcp-Session-Id", "1"), ("x", "2"), ("mcp-session-ID", "3")))
    assert headers.get("MCP-SESSION-ID") == "1"
    assert headers.get_all("mcp-session-id") == ["1", "3"]
    assert headers.get("y") is None


# ------------------------------------------------------------------------------------------------------------ answers


def read(*chunks: bytes, method: str = "GET", max_head: int = 1000) -> tuple[object, ...]:
    """What an answer comes to: its head, body and leftover, or the kind and words of the error."""
    reader = AnswerReader("http://s", method, max_head)  # type: ignore[arg-type]
    left = [chunk for chunk in chunks if chunk] + [b""]
    body = b""
    try:
        while (head := reader.head()) is None:
            reader.feed(left.pop(0))
        while (piece := reader.body()) != b"":
            if piece is None:
                reader.feed(left.pop(0))
            else:
                body += piece
    except HttpError as error:
        return (error.kind, str(error))
    return (head.status, head.raw, head.interim, body, reader.leftover, reader.trailers, reader.keeps_alive)


OK = b"HTTP/1.1 200 OK\r\n"
ANSWERS = [
    OK + b"Content-Length: 5\r\n\r\nhello",
    OK + b"Content-Length: 0\r\n\r\n",
    OK + b"Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: 1\r\n\r\n",
    OK + b"\r\nuntil it closes",
    OK + b"Content-Length: 9\r\n\r\nhello",
    OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1.1 204 \r\n\r\n",
    b"HTTP/1.1 404\r\nContent-Length: 1\r\n\r\nx",
    b"HTTP/1.1 200 OK\nContent-Length: 1\n\nx",
    b"HTTP/1.0 200 OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-",
    b"SSH-2.0-OpenSSH_9.6\r\n",
    b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
]


@pytest.mark.parametrize("stream", ANSWERS)
def test_an_answer_is_the_same_whole_and_byte_by_byte(stream: bytes) -> None:
    whole = read(stream)
    by_bytes = read(*(bytes([byte]) for byte in stream))
    assert by_bytes == whole or by_bytes[0] == whole[0] == "malformed"  # told at the first wrong byte


def test_the_head_is_kept_byte_for_byte() -> None:
    head = b"HTTP/1.1 200  Fine \r\nX-A:  1 \r\nx-a:2\r\nContent-Length: 1\r\n\r\n"
    assert read(head + b"x")[1] == head
    assert read(b"HTTP/1.1 103 E\r\nA: b\r\n\r\n" + head + b"x")[1:3] == (head, (b"HTTP/1.1 103 E\r\nA: b\r\n\r\n",))


@pytest.mark.parametrize(
    ("stream", "body", "leftover", "keeps_alive"),
    [
        (ANSWERS[0], b"hello", b"", True),
        (ANSWERS[0] + b"more", b"hello", b"more", False),
        (ANSWERS[1], b"", b"", True),
        (ANSWERS[2], b"abcde", b"", True),
        (ANSWERS[3], b"until it closes", b"", False),
        (OK + b"Connection: close\r\nContent-Length: 1\r\n\r\nx", b"x", b"", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", b"x", b"", False),
        (b"HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n", b"", b"", True),
        (b"HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n", b"", b"", True),
    ],
)
def test_a_body_ends_where_the_head_says(stream: bytes, body: bytes, leftover: bytes, keeps_alive: bool) -> None:
    found = read(stream)
    assert (found[3], found[4], found[6]) == (body, leftover, keeps_alive)


def test_the_answer_to_head_has_no_body() -> None:
    assert read(OK + b"Content-Length: 5\r\n\r\n", method="HEAD")[3:5] == (b"", b"")


def test_trailers_are_kept() -> None:
    assert read(ANSWERS[2])[5] == (("T", "1"),)


@pytest.mark.parametrize(
    ("stream", "kind", "words"),
    [
        (b"", "closed", "http://s closed the connection without an answer"),
        (ANSWERS[11], "incomplete", "http://s closed the connection before the head of its answer was complete"),
        (b"HTTP/1.1 100 C\r\n\r\n", "incomplete", "before the head of its answer was complete"),
        (ANSWERS[4], "incomplete", "after 5 bytes, where Content-Length says 9"),
        (ANSWERS[5], "incomplete", "after 3 bytes, and its last chunk has not come"),
        (ANSWERS[6], "malformed", "after 0 bytes of the body: illegal chunk header"),
        (ANSWERS[12], "malformed", 'answers with what is no HTTP/1.1: "SSH-2.0-OpenSSH_9.6\\r\\n"'),
        (b"\x15\x03\x03\x00\x02\x02\x32", "malformed", "the URL should probably begin with https:"),
        (ANSWERS[13], "malformed", "in the head: illegal header line"),
        (b"HTTP/2 200\r\n\r\n", "malformed", "illegal status line"),
        (OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx", "malformed", "conflicting Content-Length headers"),
        (OK + b"Transfer-Encoding: gzip\r\n\r\nx", "malformed", "Only Transfer-Encoding: chunked is supported"),
        (b"HTTP/1.1 101 Switch\r\n\r\n", "malformed", "in the head"),
        (OK + b"X: " + b"x" * 2000, "too-large", "sends a head of more than 1000 bytes"),
        (OK + b"X: " + b"x" * 2000 + b"\r\n\r\n", "too-large", "sends a head of more than 1000 bytes"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * 2000, "too-large", "the body's chunk line or trailers"),
        (b"HTTP/1.1 103 E\r\n\r\n" * (MAX_INTERIM + 1), "too-large", "heads of status 1xx"),
    ],
)
def test_a_bad_answer_is_told_in_words(stream: bytes, kind: str, words: str) -> None:
    found = read(stream)
    assert found[0] == kind
    assert words in str(found[1])


@given(st.binary(max_size=100) | st.binary(max_size=100).map(OK.__add__), st.lists(st.integers(0, 120), max_size=4))
@example(OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nleft", [40])
@SOME
def test_random_bytes_give_an_answer_or_an_error_wherever_they_are_cut(stream: bytes, places: list[int]) -> None:
    edges = [0, *sorted(min(place, len(stream)) for place in places), len(stream)]
    pieces = [stream[start:end] for start, end in pairwise(edges)]
    found = read(*pieces)
    whole = read(stream)
    assert found[:4] == whole[:4] or found[0] == whole[0]  # what had come is quoted in the words


# ------------------------------------------------------------------------------------------------------------ proxies


@pytest.mark.parametrize(
    ("url", "environment", "proxy"),
    [
        ("http://a.test/", {}, None),
        ("http://a.test/", {"HTTP_PROXY": "http://p.test:3128"}, "http://p.test:3128"),
        ("http://a.test/", {"HTTPS_PROXY": "http://p.test:3128"}, None),
        ("https://a.test/", {"HTTPS_PROXY": "p.test:3128"}, "http://p.test:3128"),
        ("https://a.test/", {"ALL_PROXY": "https://p.test"}, "https://p.test"),
        ("http://a.test/", {"http_proxy": "http://one.test", "HTTP_PROXY": "http://two.test"}, "http://one.test"),
        ("http://a.test/", {"HTTP_PROXY": ""}, None),
        ("http://a.test/", {"HTTP_PROXY": "http://p.test", "NO_PROXY": "a.test"}, None),
        ("http://localhost:3000/", {"HTTP_PROXY": "http://p.test"}, None),
        ("http://127.0.0.1:3000/", {"HTTP_PROXY": "http://p.test"}, None),
        ("http://[::1]:3000/", {"HTTP_PROXY": "http://p.test"}, None),
    ],
)
def test_the_environment_names_the_proxy(url: str, environment: dict[str, str], proxy: str | None) -> None:
    found = choose_proxy(Url.parse(url), environment)
    assert (found.origin if found else None) == proxy


@pytest.mark.parametrize(
    ("no_proxy", "host", "bypassed"),
    [
        ("*", "a.test", True),
        ("", "a.test", False),
        ("b.test, a.test", "a.test", True),
        ("A.Test", "x.a.test", True),
        (".a.test", "x.a.test", True),
        ("*.a.test", "x.a.test", True),
        ("a.test", "xa.test", False),
        ("a.test:80", "a.test", True),
        ("a.test:81", "a.test", False),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.0.0.0/8", "a.test", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("1.2.3", "10.1.2.3", False),
        ("fd00::1", "[fd00:0::1]", True),
        ("[fd00::1]:80", "[fd00::1]", True),
        ("fd00::/16", "[fd00::1]", True),
        ("nonsense/x", "10.1.2.3", False),
    ],
)
def test_the_environment_names_exceptions(no_proxy: str, host: str, bypassed: bool) -> None:
    assert bypasses_proxy(Url.parse(f"http://{host}/"), no_proxy) is bypassed


def test_a_proxy_that_is_no_url_is_named_by_its_variable() -> None:
    with pytest.raises(HttpError, match=r"the proxy in HTTP_PROXY can't be used: .*socks5") as caught:
        choose_proxy(Url.parse("http://a.test"), {"HTTP_PROXY": "socks5://me:secret@p.test"})
    assert caught.value.kind == "proxy"
    assert "secret" not in str(caught.value)


def test_credentials_for_a_proxy_are_decoded() -> None:
    assert authorization(Url.parse("http://me:p%40ss%3A@p.test")) == (("Proxy-Authorization", "Basic bWU6cEBzczo="),)
    assert authorization(Url.parse("http://p.test")) == ()
