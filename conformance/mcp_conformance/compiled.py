"""Data files that travel compiled: YAML for people, JSON for the machine, and a hash that says whether the two agree.

Reading YAML costs a hundred times what JSON costs, at each start. So `compiled/NAME.json` holds what `build` made of
the YAML files, with the hash of their bytes. When the hash doesn't fit (a developer has changed a file), the YAML is
read. A test keeps the compiled files fresh; ``python -m mcp_conformance.compiled`` writes them.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "compiled"


def load(name: str, sources: Sequence[Path], build: Callable[[], Any]) -> Any:
    """The data built from `sources`: from the compiled file while it is fresh, else by `build`."""
    try:
        stored = json.loads((_FOLDER / f"{name}.json").read_bytes())
    except (OSError, ValueError):
        return build()
    return stored["data"] if stored.get("hash") == digest(sources) else build()


def digest(sources: Sequence[Path]) -> str:
    """A hash over the names and bytes of files."""
    total = hashlib.sha256()
    for path in sorted(sources):
        total.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def write(name: str, sources: Sequence[Path], data: Any) -> None:
    """Compile `data`, made of `sources`, into the package."""
    _FOLDER.mkdir(exist_ok=True)
    text = json.dumps({"hash": digest(sources), "data": data}, ensure_ascii=False, separators=(",", ":"))
    (_FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def files() -> dict[str, tuple[list[Path], Callable[[], Any]]]:
    """Everything that is compiled: its name, its sources, and what builds it."""
    from mcp_conformance.cases import loader
    from mcp_conformance.requirements import EDITIONS, reading

    folder = Path(reading.__file__).parent
    made: dict[str, tuple[list[Path], Callable[[], Any]]] = {
        "suites": (loader.bundled_sources(), loader.build_bundled),
        "interpretations": (
            [folder / "interpretations.yaml"],
            lambda: reading.read_interpretations(folder / "interpretations.yaml"),
        ),
    }
    for edition in EDITIONS:
        path = folder / f"{edition}.yaml"
        made[f"catalogue-{edition}"] = ([path], partial(reading.read_edition, path))
        made[f"stimuli-{edition}"] = ([path], partial(reading.read_stimuli, path))
    return made


def main() -> None:
    """Write all compiled files anew."""
    for name, (sources, build) in files().items():
        write(name, sources, build())


if __name__ == "__main__":
    main()
