"""Products of the last two axes: with rows and without, broadcast in every position."""

import numpy as np
import pytest

from harness import assert_close
from lamina import _core
from test_expressions import ROWS, Recorded
from thread_proof import same_gradients_on_threads

# leading axes of a and of b
LEADS = [
    ((), ()),
    ((3,), (3,)),
    ((3,), ()),
    ((), (3,)),
    ((1,), (3,)),
    ((2, 3), (2, 1)),
    ((3, 1, 2), (4, 1)),
    ((2, 1, 3, 1), (2, 3, 4)),
]
KINDS = ["rows rows", "rows whole", "whole rows", "whole whole"]


def turned(size, transposed):
    return (*size[:-2], size[-1], size[-2]) if transposed else size


def recorded(kinds, a_lead, b_lead, sizes=(5, 4, 7), turn=(False, False), dtype="float64"):
    """Return a graph of one product, its value, and which of a and b has rows."""
    m, n, k = sizes
    shapes = [turned((*a_lead, m, k), turn[0]), turned((*b_lead, k, n), turn[1])]
    rows = [kind == "rows" for kind in kinds.split()]
    net = Recorded(
        [s for s, r in zip(shapes, rows, strict=True) if r],
        [s for s, r in zip(shapes, rows, strict=True) if not r],
        dtype,
    )
    tensors = [iter(net.x if r else net.w) for r in rows]
    if rows[0] == rows[1]:
        tensors[1] = tensors[0]
    y = net.graph.matmul(*(next(t) for t in tensors), *turn)
    return net, y, rows


def operands(net, rows, turn):
    """Return a and b in NumPy's form, with the axis of rows in front of all others."""
    whole, by_row = [p.array for p in net.values.values()], list(net.data)
    arrays = [(by_row if r else whole).pop(0) for r in rows]
    arrays = [a.swapaxes(-1, -2) if t else a for a, t in zip(arrays, turn, strict=True)]
    axes = max(a.ndim - r for a, r in zip(arrays, rows, strict=True))
    full = []
    for array, has_rows in zip(arrays, rows, strict=True):
        lead = array.shape[has_rows:]
        padded = (1,) * (axes - len(lead)) + lead
        full.append(array.reshape((array.shape[0] if has_rows else 1, *padded)))
    return [a.astype(float) for a in full]


@pytest.mark.parametrize("kinds", KINDS)
@pytest.mark.parametrize(("a_lead", "b_lead"), LEADS)
def test_leading_axes_broadcast_behind_the_rows(a_lead, b_lead, kinds):
    for turn in [(False, False), (True, False), (False, True), (True, True)]:
        net, y, rows = recorded(kinds, a_lead, b_lead, turn=turn)
        # so that the value is not a linear function of either
        net.build(net.graph.expression([("square", 0)], [y]))
        a, b = operands(net, rows, turn)
        want = (a @ b) ** 2
        assert net.graph.whole(y) == (not any(rows))
        assert tuple(y.shape) == want.shape[1:]
        np.testing.assert_allclose(net.output(), want if any(rows) else want[0], rtol=1e-12)
        net.check_gradients()


@pytest.mark.parametrize("kinds", KINDS)
@pytest.mark.parametrize("sizes", [(1, 1, 9), (1, 5, 3), (17, 1, 8), (16, 33, 1), (2, 3, 300)])
def test_odd_sizes(sizes, kinds):
    for turn in [(False, False), (True, True)]:
        net, y, rows = recorded(kinds, (2,), (3, 1), sizes, turn)
        net.build(y)
        want = np.matmul(*operands(net, rows, turn))
        np.testing.assert_allclose(
            net.output(), want if any(rows) else want[0], rtol=1e-11, atol=1e-12
        )
        net.check_gradients()


def check_in_numpy(net, rows, turn, count):
    """Compare ``count`` rows of the output, and gradients of operands without rows, to NumPy's."""
    net.run.gradients(None, 0, count)
    a, b = operands(net, rows, turn)
    a, b = a[: count if rows[0] else 1], b[: count if rows[1] else 1]
    got = net.run.output(0) if any(rows) else net.run.output(0)[None]
    assert_close(got, a @ b, a.shape[-1], np.abs(a) @ np.abs(b))
    slope = np.full(got.shape, 1 / got.size)
    back = {0: slope @ b.swapaxes(-1, -2), 1: a.swapaxes(-1, -2) @ slope}
    size = {0: slope @ np.abs(b).swapaxes(-1, -2), 1: np.abs(a).swapaxes(-1, -2) @ slope}
    whole = [place for place in (0, 1) if not rows[place]]
    for place, parameter in zip(whole, net.values.values(), strict=True):
        shape = (a, b)[place].shape
        axes = tuple(i for i, n in enumerate(back[place].shape) if shape[i] < n)
        want, scale = (np.sum(x[place], axes, keepdims=True)[0] for x in (back, size))
        if turn[place]:
            want, scale = want.swapaxes(-1, -2), scale.swapaxes(-1, -2)
        gradient = net.run.gradient_of(parameter)
        terms = back[place].size // want.size * slope.shape[-1 - place]
        assert_close(gradient, want.reshape(gradient.shape), terms, scale.reshape(gradient.shape))


@pytest.mark.parametrize("kinds", KINDS)
@pytest.mark.parametrize("count", [1, 3, ROWS])
def test_float32_and_fewer_rows(count, kinds):
    turn = (False, True)
    net, y, rows = recorded(kinds, (2, 3), (3,), (9, 6, 70), turn, "float32")
    net.build(y)
    check_in_numpy(net, rows, turn, count)


def test_one_matrix_for_all_is_one_product():
    for turn, operations in [(False, ["dense"]), (True, ["permute", "dense"])]:
        net, y, _ = recorded("rows whole", (2, 3), (), turn=(False, turn))
        net.build(y)
        assert net.graph.operations() == operations
    net, y, _ = recorded("rows whole", (2, 3), (), turn=(True, False))
    net.build(y)
    assert net.graph.operations() == ["matmul"]


def test_a_parameter_that_two_products_read_has_both_gradients():
    net = Recorded([(3, 4, 2), (5, 2)], [(3, 4, 5)])
    g, (x, z), (w,) = net.graph, net.x, net.w
    one, other = g.sum(g.matmul(w, x, True), [0, 1, 2]), g.sum(g.matmul(w, z), [0, 1, 2])
    net.build(g.expression([("multiply", 0, 1)], [one, other]))
    net.check_gradients()


def test_what_does_not_fit_is_refused():
    g = _core.Graph("float32")
    a, b, v = g.input((2, 3, 4)), g.input((5, 4, 2)), g.input((4,))
    ids, mask = g.input((2, 3), "", "int32"), g.constant(np.ones((4, 4), bool))
    for call, text in [
        (lambda: g.matmul(a, b), r"leading axes must broadcast; got inputs \(2, 3, 4\) and \(5, 4"),
        (lambda: g.matmul(a, a), r"axes that are summed must have one size; got inputs \(2, 3"),
        (lambda: g.matmul(a, v), r"needs at least 2 axes of each input; got \(2, 3, 4\) and"),
        (lambda: g.matmul(ids, a), "needs a floating-point tensor; got int32"),
        (lambda: g.matmul(a, mask), "needs a floating-point tensor; got bool"),
        (lambda: g.matmul(a, g.constant(np.ones((3, 2), np.float32))), "axes that are summed must"),
        (lambda: g.matmul(g.input((2, 1) * 4 + (3,)), g.input((1, 2) * 3 + (1, 3, 2))),
         "broadcast along more axes than the 6 that are supported"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match="^matmul: .*" + text):
            call()


# Attention's scores, one matrix for all rows on the left, and one for all of several axes.
LARGE = [
    ("rows rows", (4,), (4,), (64, 64, 32), (False, True), 64),
    ("whole rows", (), (), (33, 64, 60), (False, False), 300),
    ("whole rows", (8, 1), (1, 4), (16, 32, 30), (True, True), 40),
    ("rows whole", (3, 1), (2,), (50, 32, 20), (False, False), 200),
    ("rows rows", (1,), (5,), (1, 1, 300), (False, False), 400),
]


@pytest.mark.parametrize(("kinds", "a_lead", "b_lead", "sizes", "turn", "count"), LARGE)
def test_threads_change_no_bit(kinds, a_lead, b_lead, sizes, turn, count):
    net, y, _ = recorded(kinds, a_lead, b_lead, sizes, turn, "float32")
    net.data = [net.rng.normal(size=(count, *d.shape[1:])).astype("float32") for d in net.data]
    net.build(y, count)
    same_gradients_on_threads(net.run, count, len(net.data))
    for rows in (count, count - 1, 17):  # sums are cut into parts, of one length or not
        check_in_numpy(net, [kind == "rows" for kind in kinds.split()], turn, rows)
