"""Checks of arguments: numbers, shapes and arrays are converted to the model's dtype or refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import lamina
from lamina import _check

DTYPES = ["float16", "float32", "float64", "int8", "uint64", "bool", ">f4", ">i8"]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(DTYPES), st.tuples(*[st.integers(1, 5)] * 2), st.data())
def test_any_numeric_layout_is_read_right(dtype, shape, data):
    kind = np.dtype(dtype)
    elements = None
    if kind.kind == "f":
        elements = {"allow_nan": False, "min_value": -100, "max_value": 100}
    elif kind.itemsize == 8:
        elements = {"min_value": 0 if kind.kind == "u" else -(2**53), "max_value": 2**53}
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
        with pytest.raises(TypeError, match=r"who: s(\[1\])? must be a (tuple|positive) .*; got "):
            _check.shape("who", "s", bad)


def test_masks_and_digits_are_not_dropped_in_silence():
    with pytest.raises(TypeError, match="x is a masked array"):
        _check.floats("who", "x", np.ma.masked_less([1.0, 2.0], 1.5), "float32")
    if np.dtype(np.longdouble).itemsize > 8:
        with pytest.raises(TypeError, match=f"at most float64; got {np.dtype(np.longdouble)}"):
            _check.floats("who", "x", np.ones(2, np.longdouble), "float64")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["int64", "uint64", ">i8"])
def test_integers_are_rounded_to_the_nearest(dtype, kind):
    ends = np.iinfo(kind)
    given = np.array([ends.min, 2**24 + 1, 2**53 + 1, 2**62 + 2**37, ends.max], kind)
    got = _check.floats("who", "x", given, dtype)
    digits = np.finfo(dtype).nmant + 1
    for value, rounded in zip(given.astype(object), got.astype(object), strict=True):
        assert abs(int(rounded) - value) * 2**digits <= abs(value)


@pytest.mark.parametrize("given", [[[True], [False]], np.array([[1.0], [0.0]]), [[1], [0]],
                                   np.array([[1, 9], [0, 9]], ">i2")[:, :1]])  # fmt: skip
def test_truths_are_bools_or_ones_and_zeros(given):
    array = _check.truths("who", "mask", given)
    assert array.dtype == bool
    assert array.flags.c_contiguous
    assert array.tolist() == [[True], [False]]


@pytest.mark.parametrize(
    ("given", "error", "text"),
    [
        ([[1, 0], [0, 2]], ValueError, r"mask must .* or 1 and 0; got 2 in row 1, position 1"),
        ([1.0, np.nan], ValueError, "got nan in row 1"),
        ([0.5], ValueError, r"got 0\.5 in row 0"),
        (["yes"], TypeError, "who: mask must hold numbers"),
        (np.ma.masked_less([1, 2], 2), TypeError, "mask is a masked array"),
        (None, TypeError, "mask is None"),
    ],
)
def test_what_is_no_truth_is_refused(given, error, text):
    with pytest.raises(error, match=text):
        _check.truths("who", "mask", given)


def test_rules_are_told_without_numbers_that_mean_nothing():
    for bad in ([1], "1"):
        with pytest.raises(TypeError, match=r"^BatchNormalization: axis must be an integer"):
            lamina.layers.BatchNormalization(axis=bad)
    with pytest.raises(ValueError, match=r"^LeakyReLU: negative_slope must be finite and >= 0"):
        lamina.layers.LeakyReLU(-1)


def test_unknown_activations_are_told_all_names_that_are_known():
    message = r"^unknown activation 'cellu'; did you mean 'celu'\? Known: celu, elu, exponential, "
    with pytest.raises(ValueError, match=message) as caught:
        lamina.activations.get("cellu")
    assert "Function" not in str(caught.value)
    with pytest.raises(ValueError, match="unknown activation 'Function'"):
        lamina.activations.get("Function")
    for name in ("celu", "hard_tanh", "relu", "HardSilu"):
        assert lamina.activations.get(name)([1.0]) > 0
