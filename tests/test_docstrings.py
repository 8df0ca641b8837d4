"""Every example in every public docstring runs and prints what it says."""

import doctest
import importlib
import inspect
import pkgutil

import pytest

import lamina

# A command line runs on import; type-checking modules may need packages that are not installed.
SKIPPED = ("lamina.__main__", "lamina._typing")
NEEDED = {"lamina.plot": "matplotlib", "lamina.data.tables": "pyarrow",
          "lamina.data.pictures": "PIL", "lamina.data.directories": "PIL",
          "lamina.nnet.formulas.frame": "formulaic",
          "lamina.nnet.multinomial.fitting": "formulaic", "lamina.baselines.compare": "sklearn",
          "lamina.models.statistics": "sklearn"}  # fmt: skip
NEEDED |= {  # all but complexity_path
    f"lamina.model_selection.{name}": "sklearn"
    for name in (
        "cross", "estimators", "evaluation", "fitted", "networks", "results", "scikit", "scorers",
        "search", "searched", "splits", "subjects",
    )
}  # fmt: skip
ROOMS_NEEDED = {"lamina.sklearn.": "sklearn", "lamina.wrappers.": "sklearn"}
MODULES = sorted(
    info.name
    for info in pkgutil.walk_packages(lamina.__path__, "lamina.")
    if info.name not in SKIPPED and "._core" not in info.name
)


def test_every_room_is_walked():
    assert {"lamina.layers.core.dense", "lamina.models.model", "lamina.callbacks.history"} <= set(
        MODULES
    )


@pytest.mark.parametrize("name", ["lamina", *MODULES])
def test_examples(name):
    needed = [package for room, package in ROOMS_NEEDED.items() if name.startswith(room)]
    if name in NEEDED:
        needed.append(NEEDED[name])
    for package in needed:
        pytest.importorskip(package)
    module = importlib.import_module(name)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for example in doctest.DocTestFinder().find(module):
        lamina.backend.clear_session()  # each docstring starts afresh
        runner.run(example)
    assert runner.summarize().failed == 0


def lacks(function, section):
    return f"\n{section}\n{'-' * len(section)}\n" not in inspect.getdoc(function)


def test_every_operation_has_an_example_and_describes_its_parameters():
    functions = {name: getattr(lamina.ops, name) for name in lamina.ops.__all__}
    functions = {name: f for name, f in functions.items() if not inspect.ismodule(f)}
    assert len(functions) > 300
    assert [name for name, f in functions.items() if lacks(f, "Examples")] == []
    several = [name for name, f in functions.items() if len(inspect.signature(f).parameters) > 1]
    assert [name for name in several if lacks(functions[name], "Parameters")] == []


@pytest.mark.parametrize("room", ["losses", "metrics", "random"])
def test_every_function_describes_its_parameters_and_result(room):
    module = importlib.import_module(f"lamina.{room}")
    names = [n for n in module.__all__ if inspect.isfunction(getattr(module, n))]
    names = [n for n in names if n not in ("deserialize", "get", "resolve", "serialize")]
    for section in ("Parameters", "Returns", "Raises", "Examples"):
        without = [n for n in names if lacks(getattr(module, n), section)]
        assert [n for n in without if (n, section) != ("set_random_seed", "Returns")] == []
