"""The edge: numbers, shapes and arrays in; the model's dtype or a message out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lamina import _check

DTYPES = ["float16", "float32", "float64", "longdouble", "int8", "uint64", "bool", ">f4", ">i8"]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(DTYPES), st.tuples(*[st.integers(1, 5)] * 2), st.data())
def test_any_numeric_layout_is_read_right(dtype, shape, data):
    kind = np.dtype(dtype)
    elements = {"allow_nan": False, "allow_infinity": False} if kind.kind == "f" else None
    if kind.kind == "f":
        elements |= {"min_value": -100, "max_value": 100}
    if kind == np.longdouble:
        source = data.draw(arrays("float64", shape, elements=elements)).astype(kind)
    else:
        source = data.draw(arrays(kind, shape, elements=elements))
    for view in (
        source,
        source.T,
        source[::-1],
        source[:, ::2],
        np.broadcast_to(source[:1], shape),
    ):
        got = _check.floats("who", "x", view, "float64")
        assert got.flags.c_contiguous
        assert got.dtype == np.float64
        np.testing.assert_array_equal(got, view.astype("float64"))


def test_right_arrays_are_not_copied():
    x = np.ones((3, 2), "float32")
    assert np.shares_memory(_check.floats("who", "x", x, "float32"), x)


def test_nonfinite_is_placed():
    x = np.ones((4, 3, 2))
    x[2, 1, 0] = -np.inf
    with pytest.raises(ValueError, match="who: x must be finite; got -inf at row 2, column 1, 0"):
        _check.floats("who", "x", x, "float32")
    assert _check.floats("who", "x", x, "float32", finite=False).dtype == np.float32


@pytest.mark.parametrize("value", [True, 1.0, "1", None, np.float64(1), [1]])
def test_integer_type(value):
    with pytest.raises(TypeError, match="who: n must be a positive integer; got"):
        _check.integer("who", "n", value)


def test_integer_and_number_bounds():
    assert _check.integer("who", "n", np.int8(3)) == 3
    with pytest.raises(ValueError, match="an integer >= 0; got -1"):
        _check.integer("who", "n", -1, 0)
    assert _check.number("who", "p", np.float32(0.5)) == 0.5
    for value in (0.0, np.nan, np.inf, -1):
        with pytest.raises(ValueError, match=r"p must be in \(0, 1\]"):
            _check.number("who", "p", value, 0.0, 1.0, low_open=True)
    with pytest.raises(ValueError, match="the finite numbers"):
        _check.number("who", "p", np.nan)


def test_shapes():
    assert _check.shape("who", "s", 3) == (3,)
    assert _check.shape("who", "s", np.array([2, 3])) == (2, 3)
    with pytest.raises(ValueError, match="more than memory can address"):
        _check.shape("who", "s", (2**31, 2**31, 2**31))
    for bad in ("12", 2.5, (1, 2.0)):
        with pytest.raises(TypeError):
            _check.shape("who", "s", bad)
