"""The compiled data says what the YAML files say: a machine reads one, people the other."""

import json
from pathlib import Path

import pytest
from faulty import _proofs

from mcp_conformance import compiled, coverage

FOLDER = Path(compiled.__file__).parent / "compiled"
FILES = compiled.files()


@pytest.mark.parametrize("name", FILES)
def test_the_compiled_files_are_fresh(name: str) -> None:
    sources, build = FILES[name]
    path = FOLDER / f"{name}.json"
    stale = f"{path.name} is older than its YAML files; write it anew: python -m mcp_conformance.compiled"
    assert path.is_file(), stale
    stored = json.loads(path.read_text(encoding="utf-8"))
    assert stored["hash"] == compiled.digest(sources), stale
    assert stored["data"] == json.loads(json.dumps(build())), stale


@pytest.mark.parametrize("name", FILES)
def test_a_fresh_compiled_file_is_read_and_a_stale_one_is_not(name: str, tmp_path: Path) -> None:
    sources, _ = FILES[name]
    marker = object()
    fresh = compiled.load(name, sources, lambda: marker)
    assert fresh is not marker
    (changed := tmp_path / "changed.yaml").write_text("area: other\n")
    assert compiled.load(name, [*sources, changed], lambda: marker) is marker


def test_the_proofs_are_what_the_faulty_servers_claim() -> None:
    stored = json.loads(_proofs.PATH.read_text(encoding="utf-8"))
    assert stored == _proofs.proofs(), "write them anew: python tests/faulty --proofs"


def test_the_page_on_coverage_is_current() -> None:
    assert _proofs.PAGE.read_text(encoding="utf-8") == coverage.page(), "write it anew: python tests/faulty --proofs"


def test_everything_that_is_compiled_is_tested_here() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == {*FILES, "proofs"}
