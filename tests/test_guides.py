"""README and pages of docs/: their examples run, in order."""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
NEEDED = {
    "data": (),
    "distribute": (),
    "formulas": ("formulaic",),
    "inference": ("matplotlib", "sklearn"),
    "intervals": (),
    "many": (),
    "models": (),
    "nnet": ("formulaic", "matplotlib"),
    "pytorch": ("torch",),
    "running": (),
    "saving": (),
    "sklearn": ("sklearn",),
    "training": (),
}


@pytest.mark.parametrize("page", NEEDED)
def test_examples_of_guides(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in NEEDED[page]:
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    run_examples_of(DOCS / f"{page}.md")


def test_examples_of_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run_examples_of(ROOT / "README.md")


def run_examples_of(page: Path) -> None:
    examples = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    assert examples
    scope: dict[str, object] = {}
    try:
        for example in examples:
            exec(re.sub(r"epochs=\d+", "epochs=1", example), scope)
    finally:
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close("all")
