"""Normalization, which adapts to data: by column, by axis, in blocks."""

import numpy as np
import pytest

from lamina.layers import Normalization

RNG = np.random.default_rng(3)


def test_normalization_standardises_by_column():
    x = RNG.normal(5, 3, size=(500, 4))
    layer = Normalization(dtype="float64")
    layer.adapt(x)
    y = layer(x)
    np.testing.assert_allclose(layer.mean, x.mean(0))
    np.testing.assert_allclose(layer.variance, x.var(0))
    np.testing.assert_allclose(y, (x - x.mean(0)) / x.std(0), atol=1e-12)
    back = Normalization(mean=layer.mean, variance=layer.variance, invert=True, dtype="float64")
    np.testing.assert_allclose(back(y), x, atol=1e-12)


def test_normalization_has_no_cancellation_and_merges_blocks(monkeypatch):
    x = RNG.normal(1e8, 1, size=(1000, 2))
    monkeypatch.setattr("lamina.layers.preprocessing._statistics.BLOCK", 64)
    layer = Normalization()
    layer.adapt(x)
    np.testing.assert_allclose(layer.variance, x.var(0), rtol=1e-7)  # E[x^2] - m^2 is off by 1
    x[700, 1] = np.nan
    with pytest.raises(ValueError, match="got nan at row 700, column 1"):
        layer.adapt(x)


def test_normalization_divides_constant_columns_by_one():
    layer = Normalization(dtype="float64")
    layer.adapt(np.full((7, 1), 0.1))
    np.testing.assert_array_equal(layer([[0.1], [1.1]]), [[0.0], [1.0]])


def test_normalization_axis_none_and_vectors():
    x = RNG.normal(size=(9, 4, 2))
    layer = Normalization(axis=None, dtype="float64")
    layer.adapt(x)
    np.testing.assert_allclose(layer(x), (x - x.mean()) / x.std(), atol=1e-12)
    column = Normalization()
    column.adapt([1.0, 3.0])
    assert column.mean.tolist() == [2.0]


def test_normalization_adapts_after_building_and_refuses_other_columns():
    layer = Normalization(dtype="float64")
    np.testing.assert_array_equal(layer([[3.0, 4.0]]), [[3.0, 4.0]])
    layer.adapt([[1.0, 0.0], [3.0, 8.0]])
    np.testing.assert_array_equal(layer([[3.0, 4.0]]), [[1.0, 0.0]])
    mean = layer.mean.copy()
    with pytest.raises(ValueError, match="has statistics of 3 columns"):
        layer.adapt(np.ones((4, 3)))
    with pytest.raises(ValueError, match="at least one row"):
        layer.adapt(np.ones((0, 2)))
    np.testing.assert_array_equal(layer.mean, mean)
    layer.set_weights([[0.0, 0.0], [4.0, 4.0], 10])
    np.testing.assert_array_equal(layer([[2.0, 4.0]]), [[1.0, 2.0]])
    assert [w.tolist() for w in layer.get_weights()] == [[0, 0], [4, 4], 0]
    assert [w.dtype.name for w in layer.get_weights()] == ["float64", "float64", "int32"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"axis": 1.5}, "axis must be an integer"),
        ({"mean": 1.0}, "both mean and variance"),
        ({"mean": [1.0], "variance": [-1.0]}, "variance must be >= 0"),
        ({"mean": [1.0], "variance": [1.0, 2.0]}, "same shape"),
    ],
)
def test_normalization_refusals(arguments, text):
    with pytest.raises((TypeError, ValueError), match=text):
        Normalization(**arguments)
