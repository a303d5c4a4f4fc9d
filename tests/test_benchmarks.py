"""The benchmarks run, and measure what they say."""

from itertools import islice

from tests.benchmarks import validators


def test_every_way_to_judge_a_message_is_measured_on_every_message() -> None:
    lines = list(validators.table(least=0))
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in islice(lines, 2, None)]
    found = {(name, judge) for name, judge, _, _ in cells}
    assert found == {(message.name, judge) for message in validators.messages() for judge in validators.judges(message)}
    assert len(found) == 6


def test_what_is_measured_is_valid_and_large_enough_to_tell() -> None:
    beginning, listing = validators.messages()
    assert all(judge() for message in (beginning, listing) for judge in validators.judges(message).values())
    assert len(listing.result["tools"]) == 20
