"""The only door out: no secret leaves in any of its forms, and a report stays one."""

import base64
import json
import os
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_conformance.report.redaction import Redactor
from mcp_conformance.wire import printable, short

SOME = settings(max_examples=100, deadline=None, derandomize=True, database=None)
SECRET = 'pa"ss/w\\örd +%&=?!'


def redact(text: str, **secrets: str) -> str:
    return Redactor(secrets or {"KEY": SECRET}).text(text)


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
    ],
)
def test_a_secret_is_hidden_in_each_form(form: str) -> None:
    assert redact(f"before {form} after") == "before [redacted KEY] after"


@pytest.mark.parametrize("before", ["", "u", "us", "usr", "user:"])
@pytest.mark.parametrize("after", ["", "x", "xy", "xyz"])
@pytest.mark.parametrize("secret", ["secret-number-1", "secret-number-12", "secret-number-123", "????>>>>~~~~"])
def test_a_secret_is_hidden_inside_base64_wherever_it_begins(before: str, after: str, secret: str) -> None:
    raw = (before + secret + after).encode()
    for encoded in (base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()):
        shown = redact(f"Basic {encoded}", KEY=secret)
        assert "[redacted KEY]" in shown
        rest = shown.replace("[redacted KEY]", "").removeprefix("Basic ")
        assert len(rest.rstrip("=")) <= len(base64.b64encode((before + after).encode())) + 4


def test_the_longer_of_two_secrets_wins_and_short_values_are_left() -> None:
    assert redact("abcdefgh abcdef", LONG="abcdefgh", SHORT="abcdef") == "[redacted LONG] [redacted SHORT]"
    assert redact("a on 1", A="on", B="1", C="") == "a on 1"
    assert Redactor({}).text("anything") == "anything"


def test_what_an_excerpt_cuts_off_does_not_betray_its_beginning() -> None:
    token = "ghp_0123456789abcdefghijABCDEFGHIJ"
    for text in (
        short({"token": token}, 30),
        printable(f"Authorization: Bearer {token}", 40),
        f"{token[:20]}…, …{token[:12]}",
    ):
        shown = redact(text, TOKEN=token)
        assert token[:7] not in shown
        assert "[redacted TOKEN]" in shown
    assert redact("ghp_ is how such a token begins", TOKEN=token) == "ghp_ is how such a token begins"


def test_values_are_redacted_at_any_depth_and_keys_too() -> None:
    redactor = Redactor({"KEY": "s3cr3t-value"})
    assert redactor.value({"x": ["a s3cr3t-value", {"s3cr3t-value here": None}], "n": 1.5, "t": ("s3cr3t-value",)}) == {
        "x": ["a [redacted KEY]", {"[redacted KEY] here": None}],
        "n": 1.5,
        "t": ["[redacted KEY]"],
    }


@pytest.mark.parametrize(
    "word", ["error", "pass", "fail", "tools", "MUST", "counts", "stdio", "2025-11-25", "server", "findings"]
)
def test_a_secret_that_is_a_common_word_leaves_the_report_readable(word: str) -> None:
    case = {
        "id": f"{word}.x",
        "verdict": word,
        "level": word,
        "transport": word,
        "revision": word,
        "reason": f"it said {word}",
    }
    run: dict[str, Any] = {"cases": [case], "counts": {word: 1}, "revisions": [word]}
    shown = Redactor({"LOG_LEVEL": word}).value(run)
    assert shown["cases"][0] == {**case, "reason": "it said [redacted LOG_LEVEL]"}
    assert {"cases", "counts", "revisions"} <= shown.keys()
    assert shown["revisions"] == [word]
    if word.islower() and word.isalpha():
        assert shown["counts"] == {word: 1}


def test_secrets_are_what_was_given_and_what_the_environment_names_so() -> None:
    environment = {
        "GITHUB_TOKEN": "env-token",
        "MY_API_KEY": "env-key",
        "PATH": "/usr/bin",
        "DB_PASSWORD": "env-pass",
        "AUTHOR": "somebody",
    }
    redactor = Redactor.for_run({"MODE": "given-value"}, environment)
    assert redactor.text("env-token env-key /usr/bin env-pass somebody given-value") == (
        "[redacted GITHUB_TOKEN] [redacted MY_API_KEY] /usr/bin [redacted DB_PASSWORD] somebody [redacted MODE]"
    )


@pytest.mark.parametrize("secret", [os.fsdecode(b"caf\xe9-secret"), "half \ud83d secret", "\ud800\udc80\udfff\ud800"])
def test_surrogates_in_a_secret_break_nothing(secret: str) -> None:
    assert redact(f"<{secret}>", KEY=secret) == "<[redacted KEY]>"


@given(st.text(min_size=4, max_size=40), st.text(max_size=20), st.text(max_size=20))
@SOME
def test_no_secret_survives_in_what_is_dumped(secret: str, before: str, after: str) -> None:
    if secret in "[redacted KEY]":
        return
    shown = Redactor({"KEY": secret}).value([before + secret + after])
    assert secret not in shown[0].replace("[redacted KEY]", "\0")
