"""Regularizers."""

import numpy as np
import pytest

from lamina import regularizers


def test_penalties():
    w = np.array([[1.0, -2.0], [0.5, 0.0]], dtype="float32")
    assert regularizers.L1(0.1)(w) == pytest.approx(0.35)
    assert regularizers.L2(0.1)(w) == pytest.approx(0.525)
    assert regularizers.L1L2(0.1, 0.2)(w) == pytest.approx(0.35 + 1.05)


@pytest.mark.parametrize(
    ("name", "l1", "l2"),
    [
        ("l1", 0.01, 0.0),
        ("L1", 0.01, 0.0),
        ("l2", 0.0, 0.01),
        ("l1_l2", 0.01, 0.01),
        ("L1L2", 0.01, 0.01),
        (regularizers.L1L2(0.2, 0.3), 0.2, 0.3),
        ({"class_name": "L2", "config": {"l2": 0.4}}, 0.0, 0.4),
    ],
)
def test_names(name, l1, l2):
    regularizer = regularizers.get(name)
    assert (regularizer.l1, regularizer.l2) == (l1, l2)
    copy = regularizers.get(regularizers.serialize(regularizer))
    assert (copy.l1, copy.l2) == (l1, l2)


def test_none_stays_none():
    assert regularizers.get(None) is None


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: regularizers.get("l3"), ValueError, "unknown .*'l3'.*did you mean"),
        (lambda: regularizers.get(0.1), TypeError, "got 0.1"),
        (lambda: regularizers.L1(-1.0), ValueError, "L1: l1 .*got -1.0"),
        (lambda: regularizers.L2(float("nan")), ValueError, "L2: l2 .*got nan"),
        (lambda: regularizers.L1L2(l2="1"), TypeError, "L1L2: l2 must be a number; got '1'"),
    ],
)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()
