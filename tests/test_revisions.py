"""The revisions, in their order, and what may be one."""

import subprocess
import sys

import pytest

from mcp_conformance import schemas
from mcp_conformance.data import data_root
from mcp_conformance.methods import methods
from mcp_conformance.requirements import catalogue
from mcp_conformance.revisions import JUDGED, REVISIONS, has_batches, may_batch, may_be_published


def test_revisions_stand_in_the_order_of_their_dates_and_only_the_newest_era_is_stateless() -> None:
    dates = [revision.date for revision in REVISIONS]
    assert dates == sorted(dates)
    assert [revision.date for revision in REVISIONS if revision.era == "stateless"] == ["2026-07-28"]
    assert list(JUDGED) == dates


def test_only_one_revision_has_batches_and_after_it_no_array_can_be_right() -> None:
    assert [revision.date for revision in REVISIONS if has_batches(revision.date)] == ["2025-03-26"]
    assert [revision.date for revision in REVISIONS if may_batch(revision.date)] == ["2024-11-05", "2025-03-26"]


def test_every_revision_has_a_schema_a_table_of_methods_and_requirements() -> None:
    for revision in REVISIONS:
        assert "Tool" in schemas.definitions(revision.date)
        assert methods(revision.date)
        assert catalogue().get(revision.date, "jsonrpc.conform") is not None


@pytest.mark.parametrize("version", ["2024-10-07", "2025-06-18", "2026-07-28", "2027-01-31", "DRAFT-2027-v1"])
def test_what_was_or_will_be_published_may_be_a_version(version: str) -> None:
    assert may_be_published(version)


@pytest.mark.parametrize("version", ["1999-01-01", "2025-06-19", "2027-13-01", "2027-01-32", "2027-1-1", "1.0", ""])
def test_what_was_never_published_is_no_version(version: str) -> None:
    assert not may_be_published(version)


def test_missing_data_is_named_in_the_error() -> None:
    with pytest.raises(FileNotFoundError, match='the bundled data "nothing-like-this" is missing'):
        data_root("nothing-like-this")


def test_importing_the_revisions_loads_no_validator() -> None:
    script = "import sys, mcp_conformance.revisions; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=60)
    assert not {"pydantic", "jsonschema", "jsonschema_rs"} & set(run.stdout.split())
