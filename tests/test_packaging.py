"""What is built: a wheel with two packages and their data, and a source distribution that makes the same wheel."""

import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path
from typing import Any

import pytest

from mcp_conformance import __version__

ROOT = Path(__file__).resolve().parents[1]

WHY = "hatchling isn't installed; it is in the extra `test`"
wheel_builder = pytest.importorskip("hatchling.builders.wheel", reason=WHY)
sdist_builder = pytest.importorskip("hatchling.builders.sdist", reason=WHY)


def build_wheel(root: Path, into: Path) -> Path:
    return Path(next(wheel_builder.WheelBuilder(str(root)).build(directory=str(into), versions=["standard"])))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def text(wheel: Path, ending: str) -> str:
    """The one file of the wheel's metadata with that name."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(f".dist-info/{ending}"))
        return archive.read(name).decode()


def test_a_wheel_puts_two_packages_into_site_packages_and_nothing_else(names: set[str]) -> None:
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"mcp_conformance", "reference_servers", f"pytest_mcp_conformance-{__version__}.dist-info"}


@pytest.mark.parametrize("folder", ["suites", "schemas"])
def test_a_wheel_carries_the_data_that_lies_at_the_top_of_a_checkout(names: set[str], folder: str) -> None:
    here = {path.name for path in (ROOT / folder).iterdir() if path.is_file()}
    assert here
    assert {name.rpartition("/")[2] for name in names if name.startswith(f"mcp_conformance/{folder}/")} == here


@pytest.mark.parametrize("package", ["conformance/mcp_conformance", "reference_servers"])
def test_a_wheel_carries_every_file_of_the_packages(names: set[str], package: str) -> None:
    here = ROOT / package
    files = [path for path in here.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert {f"{here.name}/{path.relative_to(here).as_posix()}" for path in files} <= names


def test_a_wheel_carries_no_test_and_no_scratch_file(names: set[str]) -> None:
    assert [name for name in names if "test" in name.lower() and "pytest" not in name.lower()] == []
    assert [name for name in names if name.endswith((".pyc", ".orig", ".swp", "~"))] == []


def test_the_metadata_names_what_pip_and_pytest_look_for(wheel: Path) -> None:
    metadata = Parser().parsestr(text(wheel, "METADATA"))
    assert metadata["Name"] == "pytest-mcp-conformance"
    assert metadata["Version"] == __version__
    assert metadata["Requires-Python"] == ">=3.11"
    assert "Framework :: Pytest" in metadata.get_all("Classifier", [])
    entries = text(wheel, "entry_points.txt")
    assert "[pytest11]\nmcp_conformance = mcp_conformance\n" in entries
    assert "mcp-conformance = mcp_conformance.cli:main" in entries


def test_a_wheel_depends_on_no_sdk_and_pins_nothing(wheel: Path) -> None:
    listed = Parser().parsestr(text(wheel, "METADATA")).get_all("Requires-Dist", [])
    needed = [line for line in listed if "extra ==" not in line]
    assert needed
    assert not [line for line in needed if line.split(">")[0].strip() in ("mcp", "fastmcp") or "==" in line]


def test_a_source_distribution_builds_the_same_wheel(names: set[str], tmp_path: Path) -> None:
    made = Path(next(sdist_builder.SdistBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])))
    with tarfile.open(made) as archive:
        # Early releases of 3.11 have no filters; later ones warn where none is chosen.
        safely: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(tmp_path / "unpacked", **safely)
    (root,) = (tmp_path / "unpacked").iterdir()
    with zipfile.ZipFile(build_wheel(root, tmp_path / "again")) as archive:
        assert set(archive.namelist()) == names
    assert (root / "tests").is_dir()
    assert (root / "docs").is_dir()
