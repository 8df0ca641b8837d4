"""Permutations of axes that build() joins: fewer are left, and no value or gradient changes."""

import numpy as np
import pytest

import lamina
from keras_models import numbers
from lamina import layers, ops
from test_expressions import ROWS, Recorded

SIZES = (2, 3, 2, 1)  # equal sizes: values of one shape may be permuted differently
KINDS = ["permute"] * 4 + ["relu", "add", "add", "expression", "scale", "flip", "reshape"]
TWICE_LESS_HALF = [("multiply", 0, 2.0), ("subtract", 1, 0.5)]


def left(graph):
    """Return the number of permutations among a built graph's operations."""
    return sum(name == "permute" for name in graph.operations())


def drawn(seed):
    """Return a random graph, how many permutations it records, and some values in NumPy."""
    net, rng = Recorded([SIZES, SIZES, (1,)], seed=seed), np.random.default_rng(seed)
    graph, known, recorded = net.graph, list(zip(net.x[:2], net.data[:2], strict=True)), 0
    for _ in range(20):
        tensor, value = known[rng.integers(len(known))]
        axes = value.ndim - 1
        kind = rng.choice(KINDS)
        if kind == "permute":
            order = [int(axis) for axis in rng.permutation(axes)]
            tensor = graph.permute(tensor, order)
            value = value.transpose(0, *(1 + axis for axis in order))
            recorded += 1
        elif kind == "relu":
            tensor, value = graph.activation(tensor, "relu"), np.maximum(value, 0)
        elif kind == "expression":
            tensor, value = graph.expression(TWICE_LESS_HALF, [tensor]), 2 * value - 0.5
        elif kind == "scale":
            tensor = graph.expression([("multiply", 0, 1)], [tensor, net.x[2]])
            value = value * net.data[2].reshape(ROWS, *[1] * axes)
        elif kind == "reshape":
            shape = [int(size) for size in rng.permutation(value.shape[1:])]
            tensor, value = graph.reshape(tensor, shape), value.reshape(ROWS, *shape)
        elif kind == "flip":
            tensor, value = graph.flip(tensor, axes - 1), np.flip(value, -1)
        else:
            alike = [(t, v) for t, v in known if v.shape == value.shape]
            other, addend = alike[rng.integers(len(alike))]
            tensor, value = graph.add([tensor, other]), value + addend
        known.append((tensor, value))
    return net, recorded, [known[0], *(k for k in known[1:-1] if rng.random() < 0.3), known[-1]]


@pytest.mark.parametrize("seed", range(80))
def test_random_graphs_have_the_values_of_numpy_and_their_gradients(seed):
    net, recorded, known = drawn(seed)
    shape = list(known[-1][1].shape[1:])
    terms = [known[-1][0], *(net.graph.reshape(x, shape) for x in net.x[:2])]
    squares = net.graph.add([net.graph.expression([("square", 0)], [term]) for term in terms])
    last = net.graph.expression([("multiply", 0, 1)], [squares, net.x[2]])
    for tensor, _ in known[1:]:
        net.graph.add_output(tensor)
    net.build(last)
    assert left(net.graph) <= recorded
    net.output()
    for k, (_, wanted) in enumerate(known[1:]):
        np.testing.assert_array_equal(net.run.output(k), wanted)
    net.check_gradients()


def test_permutations_in_sequence_are_one():
    net = Recorded([(2, 3, 4)])
    y = net.graph.permute(net.graph.permute(net.x[0], [1, 2, 0]), [1, 0, 2])
    net.build(net.graph.expression([("square", 0)], [y]))
    assert net.graph.operations() == ["permute", "expression"]
    np.testing.assert_array_equal(net.output(), np.square(net.data[0]).transpose(0, 3, 2, 1))


def test_an_axis_of_length_1_moves_freely():
    net = Recorded([(1, 3, 4)])
    net.build(net.graph.expression([("square", 0)], [net.graph.permute(net.x[0], [1, 2, 0])]))
    assert net.graph.operations() == ["expression"]
    np.testing.assert_array_equal(net.output(), np.square(net.data[0]).transpose(0, 2, 3, 1))


def test_inputs_permuted_differently_are_not_added_in_memory():
    net = Recorded([(2, 2, 2), (2, 2, 2)])
    a, b = net.graph.permute(net.x[0], [1, 0, 2]), net.graph.permute(net.x[1], [0, 2, 1])
    y = net.graph.permute(net.graph.add([a, b]), [1, 0, 2])
    net.build(net.graph.expression([("square", 0)], [y]))
    first, second = net.data
    second = second.transpose(0, 1, 3, 2).transpose(0, 2, 1, 3)
    np.testing.assert_array_equal(net.output(), np.square(first + second))
    net.check_gradients()


@pytest.mark.parametrize("where", ["before", "behind"])
def test_a_permuted_value_that_is_read_itself_remains(where):
    net = Recorded([(2, 3)])
    moved = net.graph.permute(net.x[0], [1, 0])
    rectified = net.graph.activation(moved, "relu")
    net.graph.add_output(moved if where == "before" else rectified)
    y = net.graph.permute(rectified, [1, 0])
    net.build(net.graph.expression([("square", 0)], [y]))
    assert left(net.graph) == 1
    relu = np.maximum(net.data[0], 0)
    read = net.data[0] if where == "before" else relu
    np.testing.assert_array_equal(net.output(), read.transpose(0, 2, 1))
    np.testing.assert_array_equal(net.run.output(1), np.square(relu))
    net.check_gradients()


def test_expressions_between_and_after_permutations_are_one():
    net = Recorded([(2, 3)])
    y = net.graph.expression(TWICE_LESS_HALF, [net.graph.permute(net.x[0], [1, 0])])
    net.build(net.graph.expression([("square", 0)], [net.graph.permute(y, [1, 0])]))
    assert net.graph.operations() == ["expression"]
    np.testing.assert_array_equal(net.output(), np.square(2 * net.data[0] - 0.5))


@pytest.mark.parametrize("reader", ["output", "operation"])
def test_no_permutation_is_added(reader):
    net = Recorded([(2, 3, 4)])
    moved = net.graph.permute(net.x[0], [1, 0, 2])
    read = (
        (lambda tensor: tensor) if reader == "output" else lambda tensor: net.graph.flip(tensor, 1)
    )
    net.graph.add_output(read(moved))
    y = net.graph.activation(moved, "relu")
    net.graph.add_output(read(y))
    net.build(net.graph.expression([("square", 0)], [net.graph.permute(y, [0, 2, 1])]))
    assert left(net.graph) == 2


def test_no_permutation_is_added_before_readers_that_stay():
    net = Recorded([(2, 3), (3, 2)])
    (x, z), g = net.x, net.graph
    moved = g.permute(x, [1, 0])
    rectified = g.activation(moved, "relu")
    y = g.add([g.add([rectified, z]), g.multiply([moved, z])])
    net.build(g.expression([("square", 0)], [g.permute(y, [1, 0])]))
    assert left(g) == 2
    net.check_gradients()


def test_a_number_for_each_row_may_have_more_axes_than_the_permutation():
    net = Recorded([(2, 3), (1, 1, 1, 1)])
    moved = net.graph.reshape(net.graph.permute(net.x[0], [1, 0]), (1, 3, 1, 2))
    y = net.graph.expression([("multiply", 0, 1)], [moved, net.x[1]])
    y = net.graph.permute(net.graph.reshape(y, (3, 2)), [1, 0])
    net.build(net.graph.expression([("square", 0)], [y]))
    assert left(net.graph) == 0
    x, factor = net.data
    np.testing.assert_array_equal(net.output(), np.square(x * factor.reshape(ROWS, 1, 1)))
    net.check_gradients()


def network(first):
    """Return a network of convolutions, and a residual sum, with channels first or last."""
    kind, axis = ("channels_first", 1) if first else ("channels_last", -1)
    x = lamina.Input((4, 12, 12) if first else (12, 12, 4))
    y = layers.Conv2D(6, 3, padding="same", data_format=kind)(x)
    y = layers.BatchNormalization(axis=axis)(y)
    y = layers.Activation("relu")(y)
    z = layers.Conv2D(6, 3, padding="same", data_format=kind)(layers.Dropout(0.3)(y))
    z = layers.ReLU(6.0)(layers.Add()([layers.BatchNormalization(axis=axis)(z), y]))
    z = layers.MaxPooling2D(2, data_format=kind)(layers.GaussianNoise(0.1)(ops.tanh(z) * 2.0))
    z = layers.Conv2D(5, 3, data_format=kind, activation="elu")(z)
    z = layers.Dense(3)(layers.GlobalAveragePooling2D(data_format=kind)(z))
    model = lamina.Model(x, z, seed=3)
    model.compile("adam", "mean_squared_error")
    return model


def test_networks_with_channels_first_train_as_those_with_channels_last():
    x, y = numbers(32, 12, 12, 4), numbers(32, 3)
    moved = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
    last, first = network(first=False), network(first=True)
    for model, data in ((last, x), (first, moved)):
        model.fit(data, y, batch_size=16, epochs=3, verbose=0)
    for a, b in zip(first.get_weights(), last.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(first.predict(moved), last.predict(x))
    rows = lamina.profile(first, moved, y, batch_size=16, repeats=1).rows
    assert sum("permute" in row.operation for row in rows) == 1  # of the images; no gradient


@pytest.mark.parametrize("activation", ["sigmoid", "softmax"])
def test_an_activation_stays_with_its_loss(activation):
    loss = "binary_crossentropy" if activation == "sigmoid" else "categorical_crossentropy"
    model = lamina.Sequential(
        [lamina.Input((2, 3)), layers.Permute((2, 1)), layers.Activation(activation)]
    )
    model.compile("sgd", loss)
    x = np.array([[[500.0, -3.0, 1.0], [-500.0, 2.0, 4.0]]], "float32")
    y = np.array([[[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]], "float32")
    # The crossentropy of 0 instead of 1 is only finite if it is calculated from the logits.
    assert model.evaluate(x, y, verbose=0) > 150
