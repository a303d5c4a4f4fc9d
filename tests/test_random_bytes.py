"""Whatever bytes come: what reads them raises nothing foreign. ``tests/hostile/random_bytes.py`` reads a million."""

import random
from pathlib import Path

import pytest
from hostile import random_bytes
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_conformance.jsonrpc import LineFraming
from mcp_conformance.sse import EventStream

CHUNKS = st.lists(st.one_of(st.binary(max_size=60), st.sampled_from(random_bytes._PIECES)), max_size=15)


@settings(max_examples=300, deadline=None)
@given(CHUNKS)
def test_lines_are_the_same_wherever_the_stream_is_cut(chunks: list[bytes]) -> None:
    cut, whole = LineFraming(50), LineFraming(50)
    apart = [line for chunk in chunks for line in cut.feed(chunk)]
    assert apart == list(whole.feed(b"".join(chunks)))
    assert list(cut.eof()) == list(whole.eof())
    random_bytes.lines(b"".join(chunks))


@settings(max_examples=300, deadline=None)
@given(CHUNKS)
def test_events_are_the_same_wherever_the_stream_is_cut(chunks: list[bytes]) -> None:
    cut, whole = EventStream(50), EventStream(50)
    apart = [event for chunk in chunks for event in cut.feed(chunk)]
    assert apart == list(whole.feed(b"".join(chunks)))
    assert list(cut.eof()) == list(whole.eof())
    random_bytes.events(b"".join(chunks))


@pytest.mark.parametrize("name", sorted(random_bytes.SHARES))
def test_nothing_foreign_is_raised(name: str, tmp_path: Path) -> None:
    read = random_bytes.readers(tmp_path)[name]
    source = random.Random(name)
    for _ in range(5000 if name in ("lines", "events") else 500):
        read(random_bytes.made(source))
