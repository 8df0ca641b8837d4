"""Metadata of the package: extras, licences."""

import ast
import re
import sys
from importlib import metadata
from pathlib import Path

import pytest

import lamina

ROOT = Path(__file__).parents[1]
HERE = Path(lamina.__file__).parent
SOURCES = sorted(HERE.rglob("*.py"))
FOR_DEVELOPERS = {"test", "bench", "dev"}


@pytest.fixture
def project():
    if sys.version_info < (3, 11):
        pytest.skip("the standard library reads TOML from Python 3.11 on")
    import tomllib

    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_extras_have_something_behind_them(project):
    text = "\n".join(path.read_text() for path in SOURCES)
    extras = project["optional-dependencies"]
    for extra in extras.keys() - FOR_DEVELOPERS:
        for requirement in extras[extra]:
            package = re.match(r"[\w-]+", requirement)[0].replace("-", "_")
            package = {"pillow": "PIL", "scikit_learn": "sklearn"}.get(package, package)
            assert re.search(rf"^\s*(from|import) {package}\b", text, re.MULTILINE), extra
    told = set(re.findall(r"lamina\[(\w+)\]", text + (ROOT / "README.md").read_text()))
    assert told <= extras.keys()


def test_tests_are_read_without_peers():
    """A test that needs a missing peer is skipped: no file imports a peer at its top."""
    peers = {"torch", "keras", "jax", "sklearn", "pandas", "polars", "pyarrow", "onnxruntime"}
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                own = [alias.name for alias in node.names]
                names = [node.module or ""] if isinstance(node, ast.ImportFrom) else own
                assert not peers & {name.partition(".")[0] for name in names}, path.name


def test_licences_of_code_and_data(project):
    assert set(project["license"].split(" AND ")) == {"BSD-3-Clause", "CC-BY-SA-3.0"}
    texts = "".join((ROOT / name).read_text() for name in project["license-files"])
    folder = HERE / "datasets" / "data"
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix not in (".md", ".txt"):
            where = path.relative_to(folder)
            assert f"{where.parts[0]}/*" in texts or where.name in texts, where
    for name in project["license"].split(" AND "):
        assert name in texts or name == "BSD-3-Clause"


def test_licences_of_an_installed_package():
    if "site-packages" not in HERE.parts:
        pytest.skip("lamina is not installed")
    files = metadata.metadata("lamina").get_all("License-File")
    assert any(name.endswith("LICENSES.txt") for name in files)
    assert "LICENSE" in files
