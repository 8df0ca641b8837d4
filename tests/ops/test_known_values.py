"""Functions whose results have lengths that depend on values, unknown for recorded tensors."""

import numpy as np
import pytest

import lamina
from lamina import ops
from ops.running import Recorded, Rows

X = np.array([[3.0, 1.0, 2.0], [1.0, 0.0, 3.0], [3.0, 1.0, 2.0]])


def assert_same(got, want):
    got, want = (x if isinstance(x, tuple) else (x,) for x in (got, want))
    assert len(got) == len(want)
    for a, b in zip(got, want, strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.dtype == (np.int32 if b.dtype.kind == "i" else b.dtype)


def test_nonzero():
    assert_same(ops.nonzero(X - 1), np.nonzero(X - 1))
    assert_same(ops.where(X > 1), np.where(X > 1))
    assert_same(ops.nonzero([True, False, True]), np.nonzero([True, False, True]))


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_unique(axis):
    flags = {"return_index": True, "return_inverse": True, "return_counts": True}
    assert_same(ops.unique(X, axis=axis), np.unique(X, axis=axis))
    assert_same(ops.unique(X, axis=axis, **flags), np.unique(X, axis=axis, **flags))
    assert_same(ops.unique(X.astype(int), axis=axis), np.unique(X.astype(int), axis=axis))


def test_unique_of_a_size():
    values, counts = ops.unique([3, 1, 2, 1], size=5, fill_value=7, return_counts=True)
    assert (values.tolist(), counts.tolist()) == ([1, 2, 3, 7, 7], [2, 1, 1, 0, 0])
    assert ops.unique([3, 1, 2, 1], size=2).tolist() == [1, 2]
    assert ops.unique(X, axis=0, size=3).tolist() == [[1, 0, 3], [3, 1, 2], [0, 0, 0]]
    assert len(ops.unique([np.nan, np.nan])) == 2


@pytest.mark.parametrize("function", [ops.nonzero, ops.where, ops.unique, ops.bincount])
def test_values_of_tensors_are_not_known(function):
    words = rf"{function.__name__}: .*(depends on|is not known)"
    with pytest.raises((TypeError, ValueError), match=words):
        Recorded(function, (Rows(X.astype(np.int32)),), {})
    with pytest.raises((TypeError, ValueError), match=words):
        function(lamina.Input((3,), dtype="int32"))


def test_recorded_bincount_leaves_larger_elements_out():
    x = np.array([[0, 5, 5], [2, 9, 0]], np.int32)
    counts = Recorded(ops.bincount, (Rows(x),), {"minlength": 6}).run()
    assert counts.tolist() == [[1, 0, 0, 0, 0, 2], [1, 0, 1, 0, 0, 0]]
    assert ops.bincount(x).shape == (2, 10)


def test_distances_of_equal_vectors_have_no_gradient():
    recorded = Recorded(lambda x: ops.cdist(x, x), (Rows(X),), {}, rows=3, loss=True)
    _, (gradient,) = recorded.gradients()
    assert np.isfinite(gradient).all()


def test_histogram_counts_its_own_edges():
    x = np.random.default_rng(0).normal(size=5000).astype("float32")
    counts, edges = ops.histogram(np.concatenate([x, x[:7]]), 7)
    assert counts.sum() == 5007
    assert_same(counts, np.histogram(np.concatenate([x, x[:7]]), edges)[0])
