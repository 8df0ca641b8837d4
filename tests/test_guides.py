"""The pages of docs/ on other libraries: their examples run, one after the other."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
NEEDED = {"pytorch": "torch", "sklearn": "sklearn"}


@pytest.mark.parametrize("page", NEEDED)
def test_examples_of_guides(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(NEEDED[page])
    monkeypatch.chdir(tmp_path)
    scope: dict[str, object] = {}
    examples = re.findall(r"```python\n(.*?)```", (DOCS / f"{page}.md").read_text(), re.DOTALL)
    assert examples
    for example in examples:
        exec(example, scope)
