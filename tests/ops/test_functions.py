"""Every function of ``lamina.ops``: against NumPy and Keras, recorded and at once, gradients."""

from operator import attrgetter

import numpy as np
import pytest
import scipy.special as sp

import golden
from lamina import ops
from lamina._tensors.arguments import flat, mapped
from lamina._tensors.recording import NeedsRows
from ops.cases import keras_ops
from ops.running import Recorded, Rows, Whole, marks, plain
from ops.table_arrangements import CASES as ARRANGEMENTS
from ops.table_elements import CASES as ELEMENTS
from ops.table_fourier import CASES as FOURIER
from ops.table_images import CASES as IMAGES
from ops.table_indices import CASES as INDICES
from ops.table_matrices import CASES as MATRICES
from ops.table_networks import CASES as NETWORKS

CASES = [*ELEMENTS, *ARRANGEMENTS, *INDICES, *NETWORKS, *IMAGES, *FOURIER, *MATRICES]
NEAR = {"float32": 2e-5, "float64": 1e-12}


def cases(wanted=lambda case: True):
    return pytest.mark.parametrize("case", [c for c in CASES if wanted(c)], ids=str)


def is_floats(value):
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def of_type(value, dtype):
    """Arguments with floats of another type."""
    return mapped(value, lambda v: v.astype(dtype) if is_floats(v) else None)


def assert_near(got, want, dtype, factor=1.0):
    got, want = flat(got), flat(want)
    assert len(got) == len(want)
    for a, b in zip(map(np.asarray, got), map(np.asarray, want), strict=True):
        assert a.shape == b.shape
        assert (a.dtype.kind == "f") == (b.dtype.kind == "f"), (a.dtype, b.dtype)
        assert (a.dtype == bool) == (b.dtype == bool), (a.dtype, b.dtype)
        if a.dtype.kind != "f":
            assert np.array_equal(a, b)
            continue
        finite = b[np.isfinite(b)]
        near = max(NEAR[dtype], *(NEAR[v.dtype.name] for v in (a, b)))
        scale = max(1.0, np.abs(finite).max(initial=0.0)) * near * factor
        np.testing.assert_allclose(a, b, 0, scale)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@cases(lambda case: case.oracle is not None)
def test_numpy(case, dtype):
    args = of_type(case.drawn(), dtype)
    got = attrgetter(case.name)(ops)(*args, **case.kwargs)
    with np.errstate(all="ignore"):
        want = case.oracle(*of_type(case.drawn(), "float64"), **case.kwargs)
    assert_near(got, want, dtype, case.tolerance)
    floating = [a for a in flat(args) if is_floats(a)]
    for array in flat(got):
        if is_floats(array) and floating:
            assert array.dtype == dtype


@cases(lambda case: case.keras)
def test_keras(case):
    args = of_type(case.drawn(), "float32")
    inputs = mapped(args, lambda v: np.nan_to_num(v, 0, 0, 0) if is_floats(v) else None)
    want = golden.ask(
        lambda: attrgetter(case.name)(keras_ops)(*args, **case.kwargs), inputs, case.kwargs
    )
    assert_near(attrgetter(case.name)(ops)(*args, **case.kwargs), want, "float32", case.tolerance)


def marked(case, rows):
    def mark(made, array):
        by_row = rows and made.rows and array.ndim > 0
        return Rows(array) if by_row else Whole(array)

    return case.drawn(mark)


@cases()
def test_recorded(case):
    """A recording returns the result of an immediate call: without rows, and with them."""
    function = attrgetter(case.name)(ops)
    want = function(*case.drawn(), **case.kwargs)
    args = marked(case, False)
    if marks(args):
        assert_near(Recorded(function, args, case.kwargs, case.whole).run(), want, "float64")
    args = marked(case, True)
    if case.rows is None or not any(isinstance(m, Rows) and len(m.array) for m in marks(args)):
        return
    count = next(len(m.array) for m in marks(args) if isinstance(m, Rows))
    if case.rows == "free":
        assert_near(Recorded(function, args, case.kwargs).run(), want, "float64")
    else:
        with pytest.raises(NeedsRows):
            Recorded(function, args, case.kwargs)
    assert_near(Recorded(function, args, case.kwargs, count).run(), want, "float64")


def has_gradient(case):
    drawn = marks(marked(case, False))
    return case.gradient and any(m.array.dtype.kind == "f" and m.array.size for m in drawn)


@cases(has_gradient)
def test_gradient(case):
    """Central differences in float64, to 1e-6."""
    function = attrgetter(case.name)(ops)
    for rows in (False, True) if case.rows is not None else (False,):
        args = marked(case, rows)
        by_row = [m for m in marks(args) if isinstance(m, Rows)]
        if rows and not by_row:
            continue
        known = case.whole
        if by_row:
            known = len(by_row[0].array) if case.rows == "known" else None
        recorded = Recorded(function, args, case.kwargs, known, loss=True)
        _, gradients = recorded.gradients()
        arrays = [m.array for m in marks(args) if m.array.dtype.kind == "f"]
        rng = np.random.default_rng(7)
        for array, gradient in zip(arrays, gradients, strict=True):
            direction = rng.normal(size=array.shape)
            want = difference(function, args, case, array, direction, recorded)
            got = float(np.sum(gradient * direction))
            assert abs(got - want) <= 1e-6 * max(1.0, abs(want)), (got, want)


def difference(function, args, case, array, direction, recorded, step=1e-5):
    """The derivative of the loss along a direction in one array, which is restored."""
    kept, losses = array.copy(), []
    for sign in (1, -1):
        array[...] = kept + sign * step * direction
        losses.append(recorded.loss_of(function(*plain(args), **case.kwargs)))
    array[...] = kept
    return (losses[0] - losses[1]) / (2 * step)


@pytest.mark.parametrize(("dtype", "last"), [("float32", 9.0), ("float64", 26.0)])
def test_erfc_is_accurate_where_it_vanishes(dtype, last):
    """The argument's rounding error is magnified by 2 x^2."""
    x = np.linspace(0.4, last, 999).astype(dtype)
    want = sp.erfc(x.astype("float64"))
    error = np.abs(ops.erfc(x) - want) / want / np.finfo(dtype).eps
    assert np.all(error < 8 + 2 * x**2)


@pytest.mark.parametrize("function", [ops.cbrt, lambda x: ops.fmod(x, [2.0, 2.0, 2.0, 2.0])])
def test_zero_keeps_its_sign(function):
    y = function(np.array([-0.0, 0.0, -8.0, 8.0], np.float32))
    assert np.signbit(y).tolist() == [True, False, True, False]


def test_the_gradient_of_fmod_is_one_at_zeros_of_either_sign():
    x = np.array([-3.0, -0.0, 0.0, 0.5, 5.0])
    recorded = Recorded(lambda x: ops.fmod(x, 2.0), (Whole(x),), {}, loss=True)
    _, (gradient,) = recorded.gradients()
    np.testing.assert_allclose(gradient, np.cos(1.0 + np.arange(5)))


def test_hypot_of_infinity_is_infinite():
    a = np.array([np.inf, -np.inf, np.inf, np.nan, 3.0], np.float32)
    b = np.array([np.inf, 1.0, np.nan, -np.inf, 4.0], np.float32)
    np.testing.assert_array_equal(ops.hypot(a, b), np.hypot(a, b))
