"""Sums and maxima by id: with rows and without, ids outside, ties, bits."""

import numpy as np
import pytest

from lamina import _core
from moved import Moved, check, refused
from thread_proof import same_on_threads

RNG = np.random.default_rng(9)


def summed(x, ids, segments):
    y = np.zeros((segments, *x.shape[ids.ndim :]), x.dtype)
    inside = (ids >= 0) & (ids < segments)
    np.add.at(y, ids[inside], x[inside])
    return y


def largest(x, ids, segments):
    y = np.full((segments, *x.shape[ids.ndim :]), -np.inf, x.dtype)
    inside = (ids >= 0) & (ids < segments)
    np.maximum.at(y, ids[inside], x[inside])
    return y


def recorded(name, segments):
    return lambda g, x, ids: getattr(g, name)(x, ids, segments)


CASES = [((9,), 1, 4), ((5, 3), 1, 7), ((40, 2, 17), 1, 5), ((1, 1), 1, 1), ((6, 4, 3), 2, 5)]


@pytest.mark.parametrize("dtype", ["float64", "float32", "int32"])
def test_sums_are_numpys(dtype):
    for shape, axes, segments in CASES:
        x = RNG.integers(-9, 9, shape).astype(dtype)
        ids = RNG.integers(-1, segments + 1, shape[:axes]).astype("int32")
        oracle = lambda x, ids, s=segments: summed(x, ids, s)  # noqa: E731
        check(recorded("segment_sum", segments), oracle, whole=[x, ids])
        check(recorded("segment_sum", segments), oracle, rows=[x, ids])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_largest_are_numpys(dtype):
    for shape, axes, segments in CASES:
        x = RNG.permutation(np.arange(np.prod(shape))).reshape(shape).astype(dtype)
        ids = np.arange(np.prod(shape[:axes])).reshape(shape[:axes]).astype("int32") % segments
        oracle = lambda x, ids, s=segments: largest(x, ids, s)  # noqa: E731
        for given in ({"whole": [x, ids % segments]}, {"rows": [x, ids % segments]}):
            net = Moved(recorded("segment_max", segments), **given)
            np.testing.assert_array_equal(net.values()[0], oracle(x, ids))
            if shape[0] >= segments:  # each id occurs
                check(recorded("segment_max", segments), oracle, **given)


def test_ids_outside_are_left_out_and_empty_segments_have_their_values():
    x = np.array([1.0, 5.0, 2.0, 7.0, 3.0])
    ids = np.array([2, 0, 2, -1, 4], "int32")
    for given in ({"whole": [x, ids]}, {"rows": [x, ids]}):
        net = Moved(recorded("segment_sum", 4), **given)
        np.testing.assert_array_equal(net.values()[0], [5, 0, 3, 0])
        wanted = np.array([net.weight[2], net.weight[0], net.weight[2], 0, 0]) / 4
        np.testing.assert_allclose(net.gradients()[0], wanted, rtol=1e-15)
        net = Moved(recorded("segment_max", 4), **given)
        np.testing.assert_array_equal(net.values()[0], [5, -np.inf, 2, -np.inf])
    ids = np.array([2**31 - 1, -(2**31), 4, -1, 0], "int32")
    assert Moved(recorded("segment_sum", 4), whole=[x, ids]).values()[0].tolist() == [3, 0, 0, 0]


def test_equal_largest_share_the_gradient_and_nan_is_handed_on():
    x = np.array([3.0, 3.0, 1.0, 2.0, 2.0, 2.0, 9.0])
    ids = np.array([0, 0, 0, 1, 1, 2, 5], "int32")
    for given in ({"whole": [x, ids]}, {"rows": [x, ids]}):
        net = Moved(recorded("segment_max", 3), **given)
        a, b, c = net.weight / 3
        np.testing.assert_allclose(net.gradients()[0], [a / 2, a / 2, 0, b / 2, b / 2, c, 0])
    x[2] = np.nan
    net = Moved(recorded("segment_max", 3), whole=[x, ids])
    np.testing.assert_array_equal(net.values()[0], [np.nan, 2, 2])


def test_a_batch_of_fewer_rows_and_nothing():
    x, ids = RNG.normal(size=(6, 2)), np.array([0, 1, 0, 1, 1, 0], "int32")
    net = Moved(recorded("segment_sum", 2), rows=[x, ids])
    net.run.test(None, 0, 3)
    np.testing.assert_allclose(net.run.output(0), summed(x[:3], ids[:3], 2), rtol=1e-14)
    none = np.zeros((0, 2)), np.zeros(0, "int32")
    check(recorded("segment_sum", 3), lambda x, ids: np.zeros((3, 2)), whole=none)
    check(recorded("segment_sum", 0), lambda x, ids: np.zeros((0, 2)), whole=[x, ids])
    check(recorded("segment_max", 3), lambda x, ids: np.full((3, 2), -np.inf), whole=none)


def test_what_has_no_segments_is_refused():
    graph = _core.Graph("float32")
    x, ids = graph.input((3, 4)), graph.input((), dtype="int32")
    fixed = graph.constant(np.zeros(3, "int32"))
    wide = graph.constant(np.zeros((4, 3), "int32"))
    table = graph.constant(np.zeros((3, 4), "float32"))
    for call, text in [
        (lambda: graph.segment_sum(x, x, 3), "segment_sum: ids must be int32; got float32"),
        (lambda: graph.segment_max(x, fixed, 3), "segment_max: all inputs need an axis of rows"),
        (lambda: graph.segment_sum(table, wide, 3), "segment_sum: ids must have the first axes of"),
        (lambda: graph.segment_sum(x, ids, -1), "segment_sum: segments must be at least 0; got -1"),
        (lambda: graph.segment_max(wide, fixed, 2), "segment_max: needs floating-point numbers; "),
        (lambda: graph.segment_sum(graph.fold(x), ids, 2), "segment_sum: needs a tensor that is"),
    ]:
        assert refused(call).startswith(text)


def test_bits_do_not_depend_on_threads():
    ids = RNG.integers(0, 300, 40000).astype("int32")
    nets = []
    for cols in (1, 5, 40):
        x = RNG.normal(size=(40000, cols)).astype("float32")
        for name in ("segment_sum", "segment_max"):
            nets.append(Moved(recorded(name, 300), rows=[x, ids]))
            nets.append(Moved(recorded(name, 300), whole=[x, ids]))
    same_on_threads(*[net.all for net in nets], what="segments", counts=(2, 3, 4))
