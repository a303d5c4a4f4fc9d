"""YAML read as JSON: nothing turns into something else, nothing is overwritten, and every mistake has a line."""

from pathlib import Path
from typing import Any

import pytest

from mcp_conformance.strict_yaml import DataError, load_file, load_text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2025-06-18", "2025-06-18"),
        ("2025-06-18T10:00:00Z", "2025-06-18T10:00:00Z"),
        ("no", "no"),
        ("on", "on"),
        ("True", "True"),
        ("~", "~"),
        ("NULL", "NULL"),
        ("true", True),
        ("null", None),
        ("", None),
        ("12", 12),
        ("-0.5", -0.5),
        ("1e3", 1000.0),
        ("017", "017"),
        ("0o17", "0o17"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        (".5", ".5"),
        ("+1", "+1"),
        (".inf", ".inf"),
        ("1:30", "1:30"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("9" * 500, "9" * 500),
    ],
)
def test_a_scalar_is_what_json_would_make_of_it_and_else_a_string(text: str, value: Any) -> None:
    found = load_text(f"key: {text}\n", "f.yaml").data["key"]
    assert found == value
    assert type(found) is type(value)


def test_a_block_is_a_string_and_a_byte_order_mark_no_part_of_a_key() -> None:
    assert load_text("\ufeffa: |\n  12\n", "f").data == {"a": "12\n"}


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("", "f:1", "the file is empty"),
        ("# only a comment\n", "f:1", "the file is empty"),
        ("a: 1\nb: 2\na: 3\n", "f:3", 'the key "a" stands here twice'),
        ("a:\n  x: 1\n  y: 2\n  x: 3\n", "f:4", 'the key "x" stands here twice'),
        ("a: &one [1]\nb: *one\n", "f:1", "aliases"),
        ("a:\n\tb: 1\n", "f:2", "not YAML: found character"),
        ("a: [1\nb: 2\n", "f:2", "not YAML"),
        ("a: 1\n---\nb: 2\n", "f:2", "not YAML: but found another document"),
        ("? [1]\n: 2\n", "f:1", "a key is a string"),
        ("a: *nowhere\n", "f:1", "not YAML: found undefined alias"),
        ("a: \x00\n", "f", "not YAML"),
        ("[" * 70 + "]" * 70, "f:1", "nested deeper than 60 levels"),
        ("[" * 50_000, "f:1", "not YAML"),
        ("- " * 5_000 + "a", "f:1", "not YAML"),
    ],
)
def test_what_is_refused_has_its_place_and_its_reason(text: str, place: str, reason: str) -> None:
    with pytest.raises(DataError) as caught:
        load_text(text, "f")
    assert str(caught.value).startswith(f"{place}: ")
    assert reason in caught.value.reason


def test_every_value_has_the_line_on_which_its_key_stands_and_others_that_of_what_is_around_them() -> None:
    document = load_text("a: 1\nb:\n  - x\n  - c: 2\n    d:\n      3\n", "f")
    assert document.line(("a",)) == 1
    assert document.line(("b", 1)) == 4
    assert document.line(("b", 1, "d")) == 5
    assert document.line(("b", 1, "nothing", 7)) == 4
    assert document.line(("z",)) == 1


def test_a_file_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    (broken := tmp_path / "broken.yaml").write_bytes(b"a: \xff\n")
    with pytest.raises(DataError, match=r"broken\.yaml: not UTF-8: .* at byte 3"):
        load_file(broken)
    with pytest.raises(DataError, match=r"missing\.yaml: can't be read: No such file"):
        load_file(tmp_path / "missing.yaml")
