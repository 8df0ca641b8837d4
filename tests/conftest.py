"""Fixtures for all tests: the instruction set and the number of threads, restored afterwards."""

import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import estimator_data
import golden
import lamina
from lamina import _core, backend, runtime

# Everything that can use threads does, even small work on a busy machine.
_core.runtime.share_evenly(True)

# The library that some tests compare with, if it is installed.
os.environ.setdefault("KERAS_BACKEND", "jax")

# A shell's background jobs ignore it, and tests of Ctrl-C would never end.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--golden``: whether peers are asked, and whether their answers are kept."""
    parser.addoption("--golden", choices=golden.MODES, default="read", help="see tests/golden.py")
    parser.addoption("--golden-sample", type=int, help="run so many of the tests that ask peers")


def pytest_configure(config: pytest.Config) -> None:
    """Store the mode."""
    golden.session.mode = config.getoption("--golden")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep a sample of the tests that ask a peer, if one is requested."""
    if config.getoption("--golden-sample") is not None:
        items[:] = golden.sample(items, config.getoption("--golden-sample"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Attribute questions to this test."""
    golden.session.begin(item)


@pytest.fixture(scope="module", autouse=True)
def forget_compilations() -> Iterator[None]:
    """Drop what JAX compiled for a module's tests: for all modules together it took 5 GB."""
    yield
    if "jax" in sys.modules:
        sys.modules["jax"].clear_caches()


@pytest.fixture(params=runtime.available_isas())
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run the test once with the kernels of each instruction set this CPU has."""
    before = runtime.isa()
    runtime.use_isa(request.param)
    yield request.param
    runtime.use_isa(before)


@pytest.fixture(autouse=True)
def count_names_anew() -> None:
    """Make the names of a test's layers independent of the tests before."""
    backend.clear_session()


@pytest.fixture(autouse=True)
def restore_threads() -> Iterator[None]:
    """Restore the number of threads after each test."""
    before = runtime.get_num_threads()
    yield
    runtime.set_num_threads(before)


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    """Close all figures after each test: matplotlib warns at the twenty-first."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture
def threads() -> Callable[[int], None]:
    """Set the number of threads: ``threads(2)``."""
    return runtime.set_num_threads


@pytest.fixture
def notebook() -> Callable[..., list[Any]]:
    """Run code cells in a fresh kernel: ``notebook(first, second)`` returns each one's outputs."""
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")

    def run(*cells: str) -> list[Any]:
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the client's warnings do not concern the tests
            nbclient.NotebookClient(book, timeout=60, kernel_name="python3").execute()
        return [cell.outputs for cell in book.cells]

    return run


# --- packages that may be missing

MISSING: list[str] = []


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Note a module of tests that was skipped because a package is missing."""
    note_missing(report)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note a test that was skipped because a package is missing."""
    note_missing(report)


def note_missing(report: pytest.CollectReport | pytest.TestReport) -> None:
    """Keep the reason why a test was skipped if a package was missing."""
    words = str(report.longrepr)
    if report.skipped and ("could not import" in words or "is not installed" in words):
        MISSING.append(f"{report.nodeid}: {report.longrepr[-1]}")  # type: ignore[index]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write golden files; fail if ``LAMINA_REQUIRE_PEERS`` is set and a peer was missing."""
    golden.session.close()
    if os.environ.get("LAMINA_REQUIRE_PEERS") and MISSING:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Report what was missing."""
    if os.environ.get("LAMINA_REQUIRE_PEERS") and MISSING:
        terminalreporter.section("skipped, though LAMINA_REQUIRE_PEERS is set")
        for line in MISSING:
            terminalreporter.write_line(line)


@pytest.fixture
def plt():
    """Return pyplot, without a window and with no figure left open."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    plt.close("all")
    yield plt
    plt.close("all")


# --- estimators of scikit-learn's protocol, and data for them


@pytest.fixture
def nets() -> ModuleType:
    """Return the module of the estimators."""
    pytest.importorskip("sklearn")
    return lamina.sklearn


@pytest.fixture
def iris() -> SimpleNamespace:
    """Return the flowers with their names, in random order."""
    return estimator_data.iris()


@pytest.fixture
def diabetes() -> SimpleNamespace:
    """Return patients, and the standardized target."""
    return estimator_data.diabetes()


@pytest.fixture
def flowers(nets: Any) -> Any:
    """Return a classifier of the flowers."""
    settings = {"epochs": 20, "learning_rate": 0.02, "random_state": 0}
    return nets.NeuralNetClassifier(estimator_data.network, **settings)


@pytest.fixture
def patients(nets: Any) -> Any:
    """Return a regressor for the patients."""
    settings = {"epochs": 20, "learning_rate": 0.01, "random_state": 0}
    return nets.NeuralNetRegressor(estimator_data.network, **settings)
