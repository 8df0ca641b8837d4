"""Regularizers."""

import copy

import numpy as np
import pytest

import lamina
from lamina import layers, regularizers


def test_penalties():
    w = np.array([[1.0, -2.0], [0.5, 0.0]], dtype="float32")
    assert regularizers.L1(0.1)(w) == pytest.approx(0.35)
    assert regularizers.L2(0.1)(w) == pytest.approx(0.525)
    assert regularizers.L1L2(0.1, 0.2)(w) == pytest.approx(0.35 + 1.05)


@pytest.mark.parametrize(
    ("name", "l1", "l2"),
    [
        ("l1", 0.01, 0.0),
        ("L1", 0.01, 0.0),
        ("l2", 0.0, 0.01),
        ("l1_l2", 0.01, 0.01),
        ("L1L2", 0.01, 0.01),
        (regularizers.L1L2(0.2, 0.3), 0.2, 0.3),
        ({"class_name": "L2", "config": {"l2": 0.4}}, 0.0, 0.4),
    ],
)
def test_names(name, l1, l2):
    regularizer = regularizers.get(name)
    assert (regularizer.l1, regularizer.l2) == (l1, l2)
    again = regularizers.get(regularizers.serialize(regularizer))
    assert (again.l1, again.l2) == (l1, l2)


def test_none_stays_none():
    assert regularizers.get(None) is None


class Mix(layers.Layer):
    """A user-defined layer, with two penalised weights and one without a penalty."""

    def __init__(self, matrix_regularizer=None, **base):
        super().__init__(**base)
        self.matrix_regularizer = regularizers.get(matrix_regularizer)

    def build(self, input_shape):
        n = input_shape[-1]
        regularizer = self.matrix_regularizer
        self.matrix = self.add_weight("matrix", (n, n), "ones", regularizer=regularizer)
        self.free = self.add_weight("free", (n,), "ones")
        self.fixed = self.add_weight("fixed", (n,), "ones", trainable=False, regularizer="l2")

    def record(self, graph, x):
        bias = graph.parameter(self.free)
        return graph.dense(x, graph.parameter(self.matrix), bias, name=self.name)


def _descended(layer, x, y):
    """Return the loss of a step of gradient descent, and the weights after it."""
    model = lamina.Sequential([lamina.Input(x.shape[1:]), layer], dtype="float64")
    model.compile(lamina.optimizers.SGD(0.1), "mse")
    return model.train_on_batch(x, y), model.get_weights(), model


def test_a_layer_of_one_s_own_has_penalties():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(8, 3)), rng.normal(size=(8, 3))
    loss, plain, _ = _descended(Mix(), x, y)
    penalty = regularizers.L1L2(0.02, 0.3)
    more, bent, model = _descended(Mix(penalty), x, y)
    ones = np.ones((3, 3))
    assert more == pytest.approx(loss + penalty(ones), rel=1e-12)
    np.testing.assert_allclose(bent[0], plain[0] - 0.1 * (0.02 + 2 * 0.3 * ones), rtol=1e-12)
    np.testing.assert_array_equal(bent[1], plain[1])
    np.testing.assert_array_equal(bent[2], np.ones(3))
    again = layers.deserialize(layers.serialize(model.layers[-1]), {"Mix": Mix})
    again(x)
    assert [(p.name, l1, l2) for p, l1, l2 in again.penalties()] == [("mix_1/matrix", 0.02, 0.3)]


class Holding(layers.Layer):
    """A user-defined wrapper."""

    def __init__(self, layer, **base):
        super().__init__(**base)
        self.layer = layer

    def layers_within(self):
        return (self.layer,)

    def compute_output_shape(self, input_shape):
        return self.layer.compute_output_shape(input_shape)

    def record(self, graph, x):
        return self.layer.record(graph, x)


def test_a_wrapper_has_the_penalties_of_what_it_holds():
    inner = layers.Dense(2, kernel_regularizer="l2")
    inner(np.ones((1, 3)))
    assert Holding(inner).penalties() == inner.penalties()
    assert [l2 for _, _, l2 in inner.penalties()] == [0.01]


def test_a_weight_without_a_loss_learns_from_its_penalty():
    x = lamina.Input((3,))
    head = layers.Dense(2, kernel_regularizer=regularizers.L2(0.3), kernel_initializer="ones")
    model = lamina.Model(x, [layers.Dense(1)(x), head(x)], dtype="float64")
    model.compile(lamina.optimizers.SGD(0.5), ["mse", None])
    for step in (1, 2):  # w - 0.5 * 2 * 0.3 * w; a gradient that was not reset would grow
        model.train_on_batch(np.ones((4, 3)), [np.ones((4, 1)), None])
        np.testing.assert_allclose(head.get_weights()[0], np.full((3, 2), 0.7**step), rtol=1e-12)
    np.testing.assert_array_equal(head.get_weights()[1], np.zeros(2))


def test_copies_keep_their_penalties():
    layer = Mix("l2", dtype="float64")
    layer(np.ones((1, 2)))
    (parameter, l1, l2), *rest = copy.deepcopy(layer).penalties()
    assert (l1, l2, rest) == (0.0, 0.01, [])
    assert parameter is not layer.matrix


def test_a_penalty_ends_and_begins_with_trainable():
    layer = layers.Dense(2, kernel_regularizer="l2", bias_regularizer="l1")
    x, y = np.ones((4, 3)), np.zeros((4, 2))
    model = lamina.Sequential([lamina.Input((3,)), layer, layers.Dense(2)])
    model.compile("sgd", "mse")
    full = model.evaluate(x, y, verbose=0)
    paid = layer.kernel_regularizer(layer.kernel)
    layer.trainable = False
    assert layer.penalties() == []
    assert model.evaluate(x, y, verbose=0) == pytest.approx(full - paid, rel=1e-5)
    layer.trainable = True
    assert model.evaluate(x, y, verbose=0) == full


def test_every_layer_s_penalties_come_in_the_order_of_its_weights():
    for make, names in (
        (lambda: layers.Dense(2, kernel_regularizer="l2", bias_regularizer="l2"), "kernel bias"),
        (lambda: layers.PReLU(alpha_regularizer="l2"), "alpha"),
        (
            lambda: layers.BatchNormalization(beta_regularizer="l2", gamma_regularizer="l2"),
            "gamma beta",
        ),
        (lambda: layers.BatchNormalization(center=False, beta_regularizer="l2"), ""),
    ):
        layer = make()
        layer(np.ones((2, 3)))
        assert [p.name.split("/")[1] for p, _, _ in layer.penalties()] == names.split()


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: regularizers.get("l3"), ValueError, "unknown .*'l3'.*did you mean"),
        (lambda: regularizers.get(0.1), TypeError, "got 0.1"),
        (lambda: regularizers.L1(-1.0), ValueError, "L1: l1 .*got -1.0"),
        (lambda: regularizers.L2(float("nan")), ValueError, "L2: l2 .*got nan"),
        (lambda: regularizers.L1L2(l2="1"), TypeError, "L1L2: l2 must be a number; got '1'"),
        (lambda: Mix("l3")(np.ones((1, 2))), ValueError, "unknown regularizer 'l3'"),
    ],
)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_an_epoch_weighs_the_penalties_of_its_batches_by_their_rows():
    rng = np.random.default_rng(9)
    x, y = rng.normal(size=(10, 3)).astype("float32"), rng.normal(size=10).astype("float32")

    def model():
        penalised = layers.Dense(1, kernel_regularizer=regularizers.L2(0.5))
        made = lamina.Sequential([layers.Input((3,)), penalised], seed=1)
        made.compile(lamina.optimizers.SGD(0.3), "mse")
        return made

    loss = model().fit(x, y, batch_size=8, shuffle=False, verbose=0).history["loss"][0]
    other = model()
    first, last = other.train_on_batch(x[:8], y[:8]), other.train_on_batch(x[8:], y[8:])
    np.testing.assert_allclose(loss, (8 * np.float64(first) + 2 * np.float64(last)) / 10, 1e-6)
