"""Every example in every public docstring runs and prints what it says."""

import doctest
import importlib
import pkgutil

import pytest

import lamina

# A command line runs on import; the words for type checkers may need what is not installed.
SKIPPED = ("lamina.__main__", "lamina._typing")
NEEDED = {"lamina.plot": "matplotlib", "lamina.data.tables": "pyarrow",
          "lamina.nnet.formulas.frame": "formulaic"}  # fmt: skip
MODULES = sorted(
    info.name
    for info in pkgutil.walk_packages(lamina.__path__, "lamina.")
    if info.name not in SKIPPED and "._core" not in info.name
)


def test_every_room_is_walked():
    assert {"lamina.layers.dense", "lamina.models.model", "lamina.callbacks.history"} <= set(
        MODULES
    )


@pytest.mark.parametrize("name", ["lamina", *MODULES])
def test_examples(name):
    if name in NEEDED:
        pytest.importorskip(NEEDED[name])
    module = importlib.import_module(name)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for example in doctest.DocTestFinder().find(module):
        lamina.backend.clear_session()  # each is read by itself
        runner.run(example)
    assert runner.summarize().failed == 0
