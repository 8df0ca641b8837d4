"""scikit-learn's own tests of its multilayer perceptrons, run on lamina's.

``python tests/sklearn_own_tests.py [arguments of pytest]`` puts lamina's ``MLPClassifier`` and
``MLPRegressor`` in place of scikit-learn's in ``sklearn.neural_network.tests.test_mlp`` and runs
that module.  It exits with 1 if a test fails that is not in ``KNOWN``, or if one of these passes.
"""

from __future__ import annotations

import sys
from typing import Any

MODULE = "sklearn.neural_network.tests.test_mlp"

# Tests that fail, and why.
KNOWN = {
    "test_gradient": "calls a private method, _loss_grad_lbfgs, for the loss and its gradient; "
    "tests/test_sklearn_mlp.py checks the gradient by differences",
}


class Exchange:
    """A pytest plugin that exchanges the classes and counts results."""

    def __init__(self) -> None:
        self.passed: list[str] = []
        self.failed: list[str] = []

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Put lamina's classes in place, in the module and in its parametrizations."""
        import sklearn.neural_network as theirs

        import lamina.sklearn as ours

        pairs = {getattr(theirs, n): getattr(ours, n) for n in ("MLPClassifier", "MLPRegressor")}
        for item in items:
            for name in ("MLPClassifier", "MLPRegressor"):
                setattr(item.module, name, getattr(ours, name))
            spec = getattr(item, "callspec", None)
            for name, value in spec.params.items() if spec else ():
                if isinstance(value, type) and value in pairs:
                    spec.params[name] = pairs[value]

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note a result."""
        name = report.nodeid.rpartition("::")[2]
        if report.failed:
            self.failed.append(name)
        elif report.when == "call" and report.passed:
            self.passed.append(name)


def main(arguments: list[str]) -> int:
    """Run the tests; returns the exit status."""
    import pytest

    plugin = Exchange()
    pytest.main(
        ["--pyargs", MODULE, "-q", "-p", "no:cacheprovider", "-c", "/dev/null", *arguments],
        plugins=[plugin],
    )
    total = len(plugin.passed) + len(plugin.failed)
    print(f"{len(plugin.passed)} of {total} tests pass ({len(plugin.passed) / max(total, 1):.1%})")
    for name in plugin.failed:
        print(f"  {name}: {KNOWN.get(name, 'NOT EXPECTED')}")
    unexpected = set(plugin.failed) - set(KNOWN)
    return int(bool(unexpected or set(KNOWN) & set(plugin.passed)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
