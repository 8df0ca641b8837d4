"""Operators of ONNX against the tests of the package onnx; ``ONNX_FULL=1`` runs all of them."""

import os
import warnings

import pytest

onnx = pytest.importorskip("onnx")

import onnx_nodes  # noqa: E402

FULL = "ONNX_FULL" in os.environ


@pytest.fixture(scope="module")
def cases():
    known = onnx_nodes.table()
    if onnx.__version__ != known["onnx"]:
        words = (
            f"tests/onnx_nodes.json is of onnx {known['onnx']}, and {onnx.__version__} is "
            f"installed; python tests/onnx_nodes.py writes it anew"
        )
        if os.environ.get("LAMINA_REQUIRE_PEERS"):
            pytest.fail(words)
        pytest.skip(words)
    return onnx_nodes.cases(FULL)


def operators(case):
    return tuple(sorted({node.op_type for node in onnx_nodes.model_of(case).graph.node}))


def test_the_table_says_which_tests_fail_and_why(cases):
    """Every set of operators once, all tests on request: those not in the table pass."""
    known = onnx_nodes.table()
    failing = {name: why for why, names in known["failing"].items() for name in names}
    assert len(cases) == known["tests"] or not FULL
    assert len(failing) == known["tests"] - known["passing"]
    wrong, run = {}, 0
    for name, case in sample(cases, failing):
        run += 1
        why = onnx_nodes.outcome(case)
        if why != failing.get(name):
            wrong[name] = why
    assert wrong == {}
    assert run > (1800 if FULL else 250)


def sample(cases, failing):
    """Yield the tests, by default one for each set of operators and reason of failure."""
    seen = set()
    for name, case in cases.items():
        kind = (operators(case), failing.get(name))
        if FULL or kind not in seen:
            seen.add(kind)
            yield name, case


def test_models_of_them_predict_the_same(cases):
    """For tests whose inputs have the same number of rows."""
    known = onnx_nodes.table()
    failing = {name for names in known["failing"].values() for name in names}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        count = sum(
            onnx_nodes.check_model(case) for name, case in sample(cases, {}) if name not in failing
        )
    assert count > (750 if FULL else 100)
