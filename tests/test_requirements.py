"""The catalogue: levels and links as they stand in each text, and mistakes in its files told with their line."""

import os
import re
import urllib.parse
from collections import Counter
from pathlib import Path

import pytest

from mcp_conformance.cases import loader
from mcp_conformance.cases.runner import UNANSWERED
from mcp_conformance.requirements import (
    EDITIONS,
    Catalogue,
    catalogue,
    interpretation,
    interpretations,
    reading,
    sources,
    stimuli,
)
from mcp_conformance.revisions import JUDGED
from mcp_conformance.strict_yaml import DataError, load_file

SPECIFICATION = os.environ.get("MCP_SPECIFICATION")
STATEFUL = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
ENTRY = """
  - id: ping.respond
    page: basic/utilities/ping
    anchor: behavior
    level: MUST
    who: both
    transports: any
    needs: []
    observable: "yes"
    how: "Ping; a result comes."
    summary: "A ping is answered."
"""


def read(tmp_path: Path, text: str) -> dict[str, list[object]]:
    (path := tmp_path / "2025-11-25.yaml").write_text(text)
    return reading.read_edition(path)


@pytest.mark.parametrize("edition", EDITIONS)
def test_every_requirement_has_a_stimulus_and_a_link(edition: str) -> None:
    entries = list(catalogue().entries(edition))
    assert len(entries) > 80
    assert set(stimuli(edition)) == {found.id for found in entries}
    for found in entries:
        assert found.is_must == found.level.startswith("MUST")
        assert found.binds_servers == (found.who in ("server", "both"))
        assert found.binds_clients == (found.who in ("client", "both"))
        assert re.fullmatch(r"https://[a-z.]+/[\w./-]+(#[\w%.-]+)?", found.link), found.link
        own = f"/specification/{edition}" if edition[0] == "2" else "modelcontextprotocol.io/"
        assert own in found.link or f"/schema/{edition}/" in found.link


def test_a_requirement_of_an_extension_holds_in_the_revision_that_it_extends() -> None:
    found = catalogue().get("ext-tasks", "tasks.get-result-type")
    assert found is not None
    assert (found.edition, found.revision) == ("ext-tasks", "2026-07-28")
    assert found.link.startswith("https://modelcontextprotocol.io/seps/2663-tasks-extension#")
    assert catalogue().get("2026-07-28", "tasks.get-result-type") is None


def test_a_revision_without_a_page_for_its_schema_links_to_the_schema_itself() -> None:
    found = catalogue().get("2024-11-05", "schema.CallToolResult")
    assert found is not None
    assert found.link.endswith("/schema/2024-11-05/schema.ts")


def test_what_is_unknown_is_none_and_a_revision_only_has_its_own() -> None:
    known = catalogue()
    assert known.get("2025-11-25", "no.such-thing") is None
    assert known.get("1999-01-01", "ping.respond") is None
    assert known.editions("no.such-thing") == ()
    assert known.editions("ping.respond") == STATEFUL
    assert known.get("2025-11-25", "ping.respond") is known.get("2025-11-25", "ping.respond")


def test_the_page_index_is_no_part_of_a_link() -> None:
    def row(page: str, anchor: str) -> list[object]:
        return ["MUST", page, anchor, "server", "any", [], "yes", "x"]

    made = Catalogue(
        {"2025-11-25": {"a": row("index", ""), "b": row("basic/index", "top"), "c": row("server/tools", "")}}
    )
    links = [found.link.partition("specification/")[2] for name in "abc" if (found := made.get("2025-11-25", name))]
    assert links == ["2025-11-25", "2025-11-25/basic#top", "2025-11-25/server/tools"]


def test_everything_that_is_judged_stands_in_the_catalogue() -> None:
    loader.check_ids(loader.bundled())
    # A problem whose requirement a revision lacks would be lost: this one comes from anywhere.
    assert set(catalogue().editions(UNANSWERED)) >= set(STATEFUL)


# ------------------------------------------------------------------------------------------------------ interpretations


def test_an_interpretation_is_found_where_it_holds_and_nowhere_else() -> None:
    found = interpretation("2025-11-25", "cancellation.request-id-present")
    assert found is not None
    assert "optional" in found.tension
    assert interpretation("2026-07-28", "cancellation.request-id-present") is None
    assert interpretation("2025-11-25", "ping.respond") is None


def test_every_interpretation_says_what_pulls_and_how_it_is_read() -> None:
    for one in interpretations():
        assert len(one.tension) > 20
        assert len(one.reading) > 10
        assert not (one.tension + one.reading).endswith(".")


@pytest.mark.parametrize("revision", JUDGED)
def test_what_is_judged_on_wording_that_leaves_room_has_an_interpretation(revision: str) -> None:
    file = load_file(Path(reading.__file__).with_name(f"{revision}.yaml"))
    judged = {found.id for case in loader.bundled() for found in case.requirements(revision)}
    leaves_room = {name for name, how in stimuli(revision).items() if "Correct servers differ here" in how}
    unread = judged & {*leaves_room, *file.data["unkeyworded"]}
    assert {name for name in unread if not interpretation(revision, name)} == set(), "say what is accepted"


def test_no_two_interpretations_are_of_one_requirement_in_one_text() -> None:
    seen = Counter(
        (edition, name)
        for one in interpretations()
        for edition in one.editions or EDITIONS
        for name in one.ids
        if catalogue().get(edition, name)
    )
    assert not [key for key, times in seen.items() if times > 1]


# --------------------------------------------------------------------------------------------------- mistakes in a file


def test_a_right_file_is_read(tmp_path: Path) -> None:
    rows = read(tmp_path, f'revision: "2025-11-25"\nrequirements:{ENTRY}')
    assert rows["ping.respond"][0] == "MUST"


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("level: MUST", "level: must", 6, "ping.respond: \"level\" is MUST, MUST NOT, SHOULD, SHOULD NOT, MAY, not"),
        ("who: both", "who: everybody", 7, "\"who\" is server, client, both, host"),
        ("    needs: []\n", "", 3, '"needs" is missing'),
        ("needs: []", "needs: tools", 9, '"needs" is a list of capabilities'),
        ("needs: []", "needs: [Tools!]", 9, '"needs" is a list of capabilities'),
        ('observable: "yes"', "observable: true", 10, '"observable" is yes, conditional, no, not True'),
        ("summary:", "sumary: x\n    summary:", 12, 'unknown field "sumary"'),
        ("id: ping.respond", "id: respond", 3, "an id is an area, a dot, and a name"),
        ('"A ping is answered."', '""', 12, '"summary" is empty'),
        ('"A ping is answered."', "word " * 26, 12, "at most 25 words"),
        ("requirements:", "requirments: []\nrequirements:", 2, 'unknown key "requirments"'),
        ("requirements:", "x:", 1, 'a list "requirements"'),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(old: str, new: str, line: int, reason: str, tmp_path: Path) -> None:
    text = f'revision: "2025-11-25"\nrequirements:{ENTRY}'
    assert old in text
    with pytest.raises(DataError) as caught:
        read(tmp_path, text.replace(old, new, 1))
    assert reason in caught.value.reason
    assert caught.value.line == line


def test_an_id_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"ping\.respond stands also at line 3; ids are unique") as caught:
        read(tmp_path, f'revision: "2025-11-25"\nrequirements:{ENTRY}{ENTRY}')
    assert caught.value.line == 14


# -------------------------------------------------------------------------------------- beside the specification itself


def plain(words: str) -> str:
    """An anchor without the special characters that the site keeps percent-encoded."""
    return re.sub(r"[^a-z0-9-]", "", urllib.parse.unquote(words).lower().replace(" ", "-"))


def headings(text: str) -> set[str]:
    """Anchors of a page's headings; one that is repeated gets -2, -3, …"""
    seen: Counter[str] = Counter()
    found, fenced = set(), False
    for line in text.splitlines():
        fenced ^= line.lstrip().startswith("```")
        match = re.match(r"#+ +(.*)", line)
        if match and not fenced:
            slug = plain(re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", re.sub(r"[`*_]", "", match[1]).lower()).strip())
            seen[slug] += 1
            found.add(slug if seen[slug] == 1 else f"{slug}-{seen[slug]}")
    return found


@pytest.mark.skipif(not SPECIFICATION, reason="MCP_SPECIFICATION names no export of the specification's repository")
@pytest.mark.parametrize("edition", [edition for edition in EDITIONS if edition[0] == "2"])
def test_pages_and_anchors_are_in_the_specification(edition: str) -> None:
    assert SPECIFICATION is not None
    pages = Path(SPECIFICATION) / "docs" / "specification" / edition
    known = {page: headings((pages / f"{page}.mdx").read_text(encoding="utf-8")) for page in _pages(edition)}
    wrong = [
        f"{found.id}: {found.page}#{found.anchor}"
        for found in catalogue().entries(edition)
        if found.page != "schema" and found.anchor and plain(found.anchor) not in known[found.page]
    ]
    assert not wrong


def _pages(edition: str) -> set[str]:
    return {found.page for found in catalogue().entries(edition)} - {"schema"}


def test_the_sources_are_the_files_beside_the_module() -> None:
    assert {path.name for path in sources()} == {path.name for path in sources()[0].parent.glob("*.yaml")}
