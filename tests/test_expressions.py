"""Element-wise expressions on a graph: shapes, gradients, one operation of several."""

import numpy as np
import pytest

from graphs import parameters
from harness import assert_same_bits
from lamina import _core, kernels, runtime
from thread_proof import assert_on_threads

ROWS = 5


class Recorded:
    """A graph of rows and parameters whose loss is the mean of one value."""

    def __init__(self, rows, weights=(), dtype="float64", seed=0):
        self.rng = np.random.default_rng(seed)
        self.graph = _core.Graph(dtype)
        self.x = [self.graph.input(shape) for shape in rows]
        self.values, tensors = parameters(
            self.graph, self.rng, **{f"w{k}": shape for k, shape in enumerate(weights)}
        )
        self.w = list(tensors.values())
        self.data = [self.rng.normal(size=(ROWS, *shape)).astype(dtype) for shape in rows]

    def build(self, y, count=ROWS, **settings):
        self.graph.add_loss(y)
        self.graph.add_output(y)
        self.graph.build()
        self.run = _core.Execution(self.graph, count, True, input_gradients=True, **settings)
        self.run.bind(self.data)
        return self

    def output(self):
        self.run.test(None, 0, ROWS)
        return self.run.output(0).copy()

    def check_gradients(self):
        """Central differences in a random direction, for every input and parameter."""
        self.run.gradients(None, 0, ROWS)
        found = [self.run.input_gradient(k).copy() for k in range(len(self.x))]
        found += [self.run.gradient_of(p).copy() for p in self.values.values()]
        arrays = [*self.data, *(p.array for p in self.values.values())]
        for gradient, array in zip(found, arrays, strict=True):
            direction, h = self.rng.normal(size=array.shape), 1e-6
            middle = array.copy()
            array[...] = middle + h * direction
            above = self.run.test(None, 0, ROWS)
            array[...] = middle - h * direction
            below = self.run.test(None, 0, ROWS)
            array[...] = middle
            assert np.sum(gradient * direction) == pytest.approx(
                (above - below) / (2 * h), rel=1e-6, abs=1e-8
            )


# rows, parameters
SHAPES = [
    ([(4,), (4,)], [(4,)]),
    ([(2, 3), (3,)], [(3,), (2, 1), (1,)]),
    ([(2, 3), (2, 1)], [(2, 3)]),
    ([()], [(7,), ()]),
    ([(3, 1, 5), (4, 1), ()], [(3, 4, 5), (5,)]),
]
CHAIN = [("multiply", 0, 1), ("tanh",), ("add", None, 0.5), ("exp",), ("subtract", 1.0, None)]


def chain_of(count):
    """Return a chain over ``count`` inputs: their sum, then the steps of ``CHAIN``."""
    steps = [("multiply", 0, 1)] if count > 1 else [("square", 0)]
    for k in range(2, count):
        steps.append(("add", len(steps) + count - 1, k))
    for name, *operands in CHAIN[1:]:
        last = len(steps) + count - 1
        steps.append((name, *[last if v is None else v for v in operands or [None]]))
    return steps


@pytest.mark.parametrize(("rows", "weights"), SHAPES)
def test_rows_and_parameters_broadcast(rows, weights):
    net = Recorded(rows, weights)
    steps = chain_of(len(rows) + len(weights))
    y = net.graph.expression(steps, [*net.x, *net.w])
    net.build(y)
    whole = np.broadcast_shapes(*rows, *weights)
    assert tuple(y.shape) == whole
    # a row at a time, by hand
    for row, got in enumerate(net.output()):
        arrays = [d[row] for d in net.data] + [p.array for p in net.values.values()]
        total = arrays[0] * arrays[1]
        for array in arrays[2:]:
            total = total + array
        np.testing.assert_allclose(got, 1 - np.exp(np.tanh(total) + 0.5), rtol=1e-13)
    net.check_gradients()


def test_one_operation_of_several():
    net = Recorded([(3, 4), (4,)], [(4,)])
    g, (x, b), (w,) = net.graph, net.x, net.w
    product = g.expression([("multiply", 0, 1)], [x, w])
    left = g.expression([("exp", 0)], [product])
    right = g.expression([("add", 0, 1), ("sin", 2)], [product, b])
    mask = g.expression([("less", 0, 0.0)], [right])
    y = g.expression([("where", 0, 1, 2), ("add", 3, 1)], [mask, left, right])
    net.build(y)
    assert g.operations() == ["expression"]
    product = net.data[0] * net.values["w0"].array
    right = np.sin(product + net.data[1][:, None])
    want = np.where(right < 0, np.exp(product), right) + np.exp(product)
    np.testing.assert_allclose(net.output(), want, rtol=1e-13)
    net.check_gradients()


def test_what_others_read_or_what_would_be_done_twice_stays():
    net = Recorded([(3,), (4, 3)], [(3,)])
    g, (x, z), (w,) = net.graph, net.x, net.w
    # would be calculated for each of 4; w has two gradients
    small = g.expression([("multiply", 0, 1), ("exp", 2)], [x, w])
    wide = g.expression([("multiply", 0, 1), ("multiply", 3, 2)], [small, z, w])
    kept = g.expression([("sin", 0)], [wide])  # a separate output
    g.add_output(kept)
    net.build(g.expression([("cos", 0)], [kept]))
    assert g.operations() == ["expression"] * 3
    net.check_gradients()


def test_each_execution_gets_the_gradients_it_wants():
    net = Recorded([(3,)], [(3,), (3,)])
    net.build(net.graph.expression([("multiply", 0, 1), ("add", 3, 2)], [net.x[0], *net.w]))
    net.check_gradients()
    wanted = net.run.gradient_of(net.values["w0"]).copy()
    without = _core.Execution(net.graph, ROWS, True)
    without.bind(net.data)
    without.gradients(None, 0, ROWS)
    assert_same_bits([without.gradient_of(net.values["w0"])], [wanted], "without the input's")
    net.check_gradients()


def test_long_chains_stay_within_bounds():
    """More inputs than one operation accepts."""
    net = Recorded([(3,)] * 50)
    y = net.x[0]
    for x in net.x[1:]:
        y = net.graph.expression([("multiply", 0, 0.9), ("add", 2, 1)], [y, x])
    net.build(y)
    assert 1 < len(net.graph.operations()) < 5
    want = net.data[0]
    for d in net.data[1:]:
        want = want * 0.9 + d
    np.testing.assert_allclose(net.output(), want, rtol=1e-12)
    net.check_gradients()


def test_types():
    net = Recorded([(3,)])
    ids = net.graph.input((3,), dtype="int32")
    mask = net.graph.expression([("greater", 0, 0.0)], [net.x[0]])
    cut = net.graph.expression([("multiply", 0, 10.0)], [net.x[0]], dtype="int32")
    given = net.graph.expression([("where", 0, 1, 2)], [mask, ids, cut], dtype="float")
    net.data.append(np.arange(15, dtype="int32").reshape(5, 3))
    net.build(net.graph.expression([("add", 0, 1)], [given, net.x[0]]))
    x, numbers = net.data
    want = np.where(x > 0, numbers, np.trunc(x * 10)) + x
    np.testing.assert_allclose(net.output(), want, rtol=1e-14)
    net.run.gradients(None, 0, ROWS)
    np.testing.assert_allclose(net.run.input_gradient(0), np.full((5, 3), 1 / 15), rtol=1e-14)


def test_the_output_serves_backward_where_it_costs_more(isa):
    net = Recorded([(40,)], dtype="float32")
    y = net.graph.expression([("multiply", 0, 2.0), ("sigmoid", 1)], [net.x[0]])
    net.build(y)
    net.run.gradients(None, 0, ROWS)
    s = kernels.activation_forward(net.data[0] * 2, "sigmoid")
    np.testing.assert_allclose(net.run.input_gradient(0), s * (1 - s) * 2 / 200, rtol=2e-6)


def test_rows_fold():
    net = Recorded([(4, 3)], [(3,)])
    steps = net.graph.fold(net.x[0])
    y = net.graph.expression([("multiply", 0, 1), ("exp", 2)], [steps, net.w[0]])
    net.build(net.graph.unfold(y, 4))
    np.testing.assert_allclose(
        net.output(), np.exp(net.data[0] * net.values["w0"].array), rtol=1e-14
    )
    net.check_gradients()


@pytest.mark.parametrize(("row", "weights"), [((64,), (64,)), ((40, 30), (40, 1)), ((64,), ())])
def test_threads(row, weights, isa):
    rows = 262_144 // int(np.prod(row))
    net = Recorded([row, row], [weights], "float32")
    y = net.graph.expression(
        [("multiply", 0, 2), ("add", 3, 1), ("tanh", 4), ("sin", 5)], [*net.x, net.w[0]]
    )
    net.data = [net.rng.normal(size=(rows, *row)).astype("float32") for _ in range(2)]
    net.build(y, rows)
    found = []
    for count in (1, 2, 3, 4):
        runtime.set_num_threads(count)
        if count > 1:
            assert_on_threads(net.run, rows)
        net.run.gradients(None, 0, rows)
        found.append([net.run.output(0).copy(), net.run.gradient_of(net.values["w0"]).copy(),
                      net.run.input_gradient(1).copy()])  # fmt: skip
        assert_same_bits(found[-1], found[0], f"{count} threads")


def test_values_without_rows():
    """Parameters, constants and values of all rows: computed once a batch, broadcast over rows."""
    net = Recorded([(4, 3)], [(3,), (4, 1), (3,)])
    g, (x,), (a, b, c) = net.graph, net.x, net.w
    ten = g.constant(np.full((4, 3), 10.0))
    unit = g.expression([("multiply", 0, 1), ("tanh", 2), ("add", 3, 0)], [a, c])
    table = g.expression([("multiply", 0, 1), ("divide", 3, 2)], [unit, b, ten])
    assert g.whole(unit)
    assert g.whole(table)
    centre, spread = g.mean(x, [], True), g.mean(g.expression([("square", 0)], [x]), [0], True)
    scaled = g.expression(
        [("subtract", 0, 1), ("sqrt", 2), ("divide", 4, 5), ("multiply", 6, 3)],
        [x, centre, spread, table],
    )
    y = g.expression([("add", 0, 1), ("sin", 2)], [scaled, unit])
    g.add_loss(g.expression([("multiply", 0, 1)], [unit, a]))  # without rows, and read again
    net.build(y)

    def loss(x, a, b, c):
        unit = np.tanh(a * c) + a
        table = unit * b / 10
        scaled = (x - x.mean(0)) / np.sqrt((x**2).mean((0, 1))) * table
        return np.mean(np.sin(scaled + unit)) + np.mean(unit * a)

    values = [*net.data, *(p.array for p in net.values.values())]
    assert net.run.gradients(None, 0, ROWS) == pytest.approx(loss(*values), rel=1e-12)
    net.check_gradients()


def test_refused():
    net = Recorded([(3,), (4,)], [(3,)])
    g, other = net.graph, Recorded([(3,)])
    for call, words in [
        (lambda: g.expression([("add", 0, 1)], net.x, name="mine"),
         r"mine: shapes must broadcast: .* got \(3,\), \(4,\)"),
        (lambda: g.expression([("negative", 1.0)], []), "needs at least 1 input; got none"),
        (lambda: g.expression([("exp", 0)], other.x), "another graph"),
        (lambda: g.expression([("exp", 0)], [net.x[0]], dtype="int8"), "got 'int8'"),
        (lambda: g.expression([("exp", 1)], [net.x[0]]), "operand 1 is not the number"),
        (lambda: g.expression([("exp", 0)], [net.x[0]] * 40), "at most 32 inputs; got 40"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=words):
            call()
    assert g.operations() == []
