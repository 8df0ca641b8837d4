"""Elements by index: values, gradients, indices outside, bits."""

import numpy as np
import pytest

from lamina import _core
from moved import Moved, check, refused
from thread_proof import same_on_threads

RNG = np.random.default_rng(6)
OUTSIDE = {"float64": np.nan, "float32": np.nan, "int32": 0, "bool": False}


def taken(x, indices, axis):
    """Along ``axis``, with the fill if an index is outside; gradients are those of the others."""
    size = x.shape[axis]
    fill = np.full((*x.shape[:axis], 1, *x.shape[axis + 1 :]), OUTSIDE[str(x.dtype)], x.dtype)
    at = np.where(indices < 0, indices + size, indices)
    at = np.where((at < 0) | (at >= size), size, at)
    return np.take(np.concatenate([x, fill], axis), at, axis)


def taken_along(x, indices, axis):
    size = x.shape[axis]
    fill = np.full((*x.shape[:axis], 1, *x.shape[axis + 1 :]), OUTSIDE[str(x.dtype)], x.dtype)
    at = np.where(indices < 0, indices + size, indices)
    at = np.where((at < 0) | (at >= size), size, at)
    return np.take_along_axis(np.concatenate([x, fill], axis), at, axis)


def indices(shape, size, outside=0):
    found = RNG.integers(-size, size, shape) if size else np.full(shape, 3)
    found = found.astype("int32")
    if outside and found.size:
        found.flat[RNG.integers(0, found.size, outside)] = [size, -size - 1, 2**31 - 1][:outside]
    return found


def values(shape, dtype):
    return np.asarray(RNG.integers(-9, 9, shape)).astype(dtype)


@pytest.mark.parametrize("outside", [0, 3])
@pytest.mark.parametrize("dtype", OUTSIDE)
def test_take_is_numpys(dtype, outside):
    for shape, chosen in [((4, 3, 5), (6,)), ((3, 1, 7), (2, 5)), ((2, 4, 3), ()),
                          ((5, 2, 1), (4,)), ((3, 33, 17), (70,))]:  # fmt: skip
        x = values(shape, dtype)
        for axis in range(3):
            at = indices(chosen, shape[axis], outside)
            build = lambda g, x, at, axis=axis: g.take(x, at, axis)  # noqa: E731
            oracle = lambda x, at, axis=axis: taken(x, at, axis)  # noqa: E731
            if outside:  # NaN has no slope
                y, *_ = Moved(build, whole=[x, at]).values()
                np.testing.assert_array_equal(y, oracle(x, at))
                assert y.dtype == x.dtype
            else:
                check(build, oracle, whole=[x, at])
            if axis > 0 and not outside:
                check(
                    lambda g, x, at, axis=axis: g.take(x, at, axis - 1),
                    oracle, rows=[x], whole=[at],
                )  # fmt: skip
        at = indices((6, *chosen), shape[0])
        check(
            lambda g, at, x: g.take(x, at, 0), lambda at, x: taken(x, at, 0), rows=[at], whole=[x]
        )


@pytest.mark.parametrize("dtype", OUTSIDE)
def test_take_along_axis_is_numpys(dtype):
    for shape in [(4, 3, 5), (3, 1, 7), (2, 19, 1), (5, 2, 40)]:
        x = values(shape, dtype)
        for axis in range(3):
            for count in (1, shape[axis] + 2):
                chosen = (*shape[:axis], count, *shape[axis + 1 :])
                at = indices(chosen, shape[axis])
                oracle = lambda x, at, axis=axis: taken_along(x, at, axis)  # noqa: E731
                check(
                    lambda g, x, at, axis=axis: g.take_along_axis(x, at, axis),
                    oracle, whole=[x, at],
                )  # fmt: skip
                if axis > 0:
                    check(
                        lambda g, x, at, axis=axis: g.take_along_axis(x, at, axis - 1),
                        oracle, rows=[x, at],
                    )  # fmt: skip
        at = indices(shape, shape[2], 3)
        y, *_ = Moved(lambda g, x, at: g.take_along_axis(x, at, 1), rows=[x, at]).values()
        np.testing.assert_array_equal(y, taken_along(x, at, 2))


def test_indices_outside_have_no_gradient():
    x = RNG.normal(size=(3, 4))
    at = np.array([1, 3, -4, 7, 2**31 - 1, -(2**31)], "int32")
    net = Moved(lambda g, x, at: g.take(x, at, 0), whole=[x, at])
    (found,) = net.gradients()
    wanted = np.zeros((3, 4))
    wanted[1] = net.weight[0] / net.weight.size
    np.testing.assert_allclose(found, wanted, rtol=1e-15)


def test_axes_of_no_elements():
    none = np.zeros((0, 3))
    for x, at in [(none, np.zeros((0,), "int32")), (none, np.array([0, -1], "int32")),
                  (np.ones((2, 3)), np.zeros((0, 2), "int32"))]:  # fmt: skip
        (y, *_) = Moved(lambda g, x, at: g.take(x, at, 0), whole=[x, at]).values()
        np.testing.assert_array_equal(y, taken(x, at, 0))
        along = np.zeros((len(at), 3), "int32")
        (y, *_) = Moved(lambda g, x, at: g.take_along_axis(x, at, 0), whole=[x, along]).values()
        np.testing.assert_array_equal(y, taken_along(x, along, 0))


def test_a_table_read_twice_has_both_gradients():
    table, ids = RNG.normal(size=(7, 3)), indices((5, 2), 7)
    check(
        lambda g, ids, w: g.expression(
            [("multiply", 0, 1), ("add", 3, 2)],
            [g.take(w, ids, 0), g.take(w, g.expression([("negative", 0)], [ids], "int32"), 0),
             g.take(w, g.constant(np.array([1, 6], "int32")), 0)],
        ),
        lambda ids, w: w[ids] * w[-ids] + w[[1, 6]],
        rows=[ids % 7], whole=[table],
    )  # fmt: skip


def test_what_cannot_be_taken_is_refused():
    graph = _core.Graph("float32")
    x, at = graph.input((3, 4), "x"), graph.input((3,), "at", "int32")
    table = graph.constant(np.zeros((3, 4), "float32"))
    fixed = graph.constant(np.zeros((2,), "int32"))
    wide = graph.constant(np.zeros((2, 3), "int32"))
    for call, text in [
        (lambda: graph.take(x, at, 0), "take: x and the indices both have rows"),
        (lambda: graph.take(table, at, 1), "take: indices with rows are taken along axis 0"),
        (lambda: graph.take(x, x, 0), "take: indices must be int32; got float32"),
        (lambda: graph.take(x, fixed, 2), "take: axis must be in [0, 2) for inputs (3, 4); got 2"),
        (lambda: graph.take_along_axis(x, at, 0), "take_along_axis: indices must have the axes of"),
        (lambda: graph.take_along_axis(table, wide, 0), "take_along_axis: indices must have the"),
        (lambda: graph.take_along_axis(x, wide, 0), "take_along_axis: all inputs need an axis of"),
        (lambda: graph.take_along_axis(x, x, 0), "take_along_axis: indices must be int32; got fl"),
    ]:
        assert refused(call).startswith(text)


def test_indices_that_change_in_between_read_nothing_else():
    ids, table = np.zeros((400, 50), "int32"), RNG.normal(size=(3, 8)).astype("float32")
    net = Moved(lambda g, ids, w: g.take(w, ids, 0), rows=[ids], whole=[table])
    for wrong in (2**31 - 1, -(2**31), 3, -4):
        ids[...] = wrong
        assert np.isnan(net.values()[0]).all()
        assert not net.gradients()[0].any()


def test_bits_do_not_depend_on_threads():
    ids = indices((2000, 20), 5000)
    nets = []
    for cols in (1, 7, 40):  # threads share positions, then columns
        table = RNG.normal(size=(5000, cols)).astype("float32")
        nets.append(Moved(lambda g, ids, w: g.take(w, ids, 0), rows=[ids], whole=[table]))
        nets.append(Moved(lambda g, w, ids: g.take(w, ids, 0), whole=[table, ids]))
    x = RNG.normal(size=(300, 40, 50)).astype("float32")
    at = indices((300, 60, 50), 40)
    nets.append(Moved(lambda g, x, at: g.take_along_axis(x, at, 0), rows=[x, at]))
    nets.append(Moved(lambda g, x, at: g.take(x, at, 1), rows=[x], whole=[indices(90, 50)]))
    same_on_threads(*[net.all for net in nets], what="take", counts=(2, 3, 4))
