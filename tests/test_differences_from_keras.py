"""The page on differences from Keras: every row of its table has an example that runs."""

import re
from pathlib import Path

import pytest

import lamina

PAGE = Path(__file__).parents[1] / "docs" / "keras.md"
TEXT = PAGE.read_text()
ROWS = re.findall(r"^\| (?!what |---)(.+?) \|", TEXT, re.MULTILINE)
START, *EXAMPLES = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def test_every_row_has_its_example():
    assert [example.splitlines()[0].removeprefix("# ") for example in EXAMPLES] == ROWS
    assert all(line.count("|") == 5 for line in TEXT.splitlines() if line.startswith("|"))


@pytest.mark.parametrize("row", ROWS)
def test_examples_of_differences(row):
    lamina.set_random_seed(0)
    scope = {}
    exec(START, scope)
    for title, example in zip(ROWS, EXAMPLES, strict=True):  # some continue others
        if title == row or title in NEEDED.get(row, ()):
            exec(example, scope)


NEEDED = {
    "names of metrics": ["the third argument of compile"],
    "floats into an embedding": ["names of outputs"],
}
