"""The compiled data says what the YAML files say: a machine reads one, people the other."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mcp_conformance import compiled, requirements
from mcp_conformance.cases import loader

FOLDER = Path(compiled.__file__).parent / "compiled"
NAMES = ("catalogue", "suites")
BUILDS: dict[str, tuple[Callable[[], list[Path]], Callable[[], Any]]] = {
    "catalogue": (requirements.sources, requirements.build),
    "suites": (loader.bundled_sources, loader.build_bundled),
}


@pytest.mark.parametrize("name", NAMES)
def test_the_compiled_files_are_fresh(name: str) -> None:
    sources, build = BUILDS[name]
    path = FOLDER / f"{name}.json"
    stale = f"{path.name} is older than its YAML files; write it anew: python -m mcp_conformance.compiled"
    assert path.is_file(), stale
    stored = json.loads(path.read_text(encoding="utf-8"))
    assert stored["hash"] == compiled.digest(sources()), stale
    assert stored["data"] == json.loads(json.dumps(build())), stale


@pytest.mark.parametrize("name", NAMES)
def test_a_fresh_compiled_file_is_read_and_a_stale_one_is_not(name: str, tmp_path: Path) -> None:
    sources, _ = BUILDS[name]
    marker = object()
    fresh = compiled.load(name, sources(), lambda: marker)
    assert fresh is not marker
    (changed := tmp_path / "changed.yaml").write_text("area: other\n")
    assert compiled.load(name, [*sources(), changed], lambda: marker) is marker


def test_everything_that_is_compiled_is_tested_here() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(NAMES) == set(BUILDS)
