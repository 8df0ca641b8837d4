"""Recorded models: values fixed by recording, values read each time; batches; trainable weights."""

import numpy as np
import pytest

import lamina
from keras_models import numbers
from lamina import layers, ops

X, Y = numbers(10, 3), numbers(10, 1, seed=6)
WIDE = numbers(10, 6, seed=8)
STEPS = numbers(10, 5, 3)
IMAGES = numbers(10, 8, 8, 3)
IDS = np.random.default_rng(7).integers(1, 7, (10, 5))
PAIRS = np.random.default_rng(8).integers(0, 6, (10, 2))


def test_a_model_without_layers_predicts():
    class Total(lamina.Model):
        def call(self, x):
            return 2.0 * ops.sum(x, axis=-1, keepdims=True)

    np.testing.assert_allclose(Total().predict(X), 2 * X.sum(1, keepdims=True), rtol=1e-6)


def test_weights_of_others_do_not_learn():
    other = layers.Dense(2)
    other.build((None, 1))
    before = other.get_weights()

    class Perceptual(lamina.losses.Loss):
        def call(self, y, prediction):
            return ops.mean((other(prediction) - other(y)) ** 2, axis=-1)

    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(1)])
    first = model.get_weights()
    model.compile("sgd", Perceptual())
    model.fit(X, Y, verbose=0)
    assert np.abs(model.get_weights()[0] - first[0]).max() > 0
    for then, now in zip(before, other.get_weights(), strict=True):
        np.testing.assert_array_equal(then, now)


def test_layers_that_are_replaced_or_added_count_from_the_next_call():
    class Net(lamina.Model):
        def __init__(self):
            super().__init__()
            self.blocks = [layers.Dense(3)]
            self.head = layers.Dense(1)

        def call(self, x):
            for block in self.blocks:
                x = block(x)
            return self.head(x)

    model = Net()
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    kept = model.blocks[0].get_weights()
    assert model.predict(X).shape == (10, 1)
    model.head = layers.Dense(6)
    assert model.predict(X).shape == (10, 6)
    model.blocks.append(layers.Dense(3))
    model.compile("sgd", "mse")
    np.testing.assert_array_equal(model.blocks[0].get_weights()[0], kept[0])
    model.fit(X, WIDE, verbose=0)
    assert model.count_params() == 12 + 12 + 24


def test_compile_sees_what_call_reads():
    class Scaled(lamina.Model):
        def __init__(self):
            super().__init__()
            self.scale = 1.0

        def call(self, x):
            return x * self.scale

    model = Scaled()
    np.testing.assert_array_equal(model.predict(X), X)
    model.scale = 2.0
    model.compile("sgd", "mse")
    np.testing.assert_array_equal(model.predict(X), 2 * X)


@pytest.mark.parametrize(
    "function",
    [lambda x: x - x[-1], lambda x: x - ops.max(x, axis=0), lambda x: x - ops.sum(x, axis=0)],
)
def test_predictions_that_depend_on_the_batch_are_made_by_32_rows(function):
    x = np.arange(70.0, dtype=np.float32)[:, None]

    def expected(rows):
        parts = [np.asarray(function(x[i : i + rows])) for i in range(0, 70, rows)]
        return np.concatenate(parts)

    model = lamina.Sequential([lamina.Input((1,)), layers.Lambda(function)])
    np.testing.assert_array_equal(model.predict_on_batch(x), expected(70))
    np.testing.assert_array_equal(model(x), expected(70))
    np.testing.assert_array_equal(model.predict(x), expected(32))
    np.testing.assert_array_equal(model.predict(x, batch_size=20), expected(20))
    assert model.predict(x[:0]).shape == (0, 1)


def test_a_layer_without_call_is_refused():
    class Forward(layers.Layer):
        def forward(self, x):
            return x * 100

    with pytest.raises(TypeError, match="forward: a user-defined layer must define call"):
        Forward()(X)
    with pytest.raises(TypeError, match="must define call"):
        lamina.Sequential([lamina.Input((3,)), Forward(), layers.Dense(1)]).predict(X)


class MaskedKernel(layers.Layer):
    """A kernel of which a mask keeps a part."""

    keeps = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], np.float32)
    assigns = True

    def build(self, shape):
        self.kernel = self.add_weight(shape=(3, 2), initializer="ones")

    def call(self, x):
        if not self.assigns:
            return ops.matmul(x, self.kernel * self.keeps)
        self.kernel.assign(self.kernel * self.keeps)
        return ops.matmul(x, self.kernel)


class MaskedInTheProduct(MaskedKernel):
    """The same without an assignment."""

    assigns = False


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_weights_that_are_assigned_learn(optimizer):
    histories = []
    for layer in (MaskedKernel(), MaskedInTheProduct()):
        model = lamina.Sequential([lamina.Input((3,)), layer])
        model.compile(optimizer, "mse")
        run = model.fit(X, WIDE[:, :2], epochs=4, batch_size=5, shuffle=False, verbose=0)
        histories.append(run.history["loss"])
        predicted = model.predict(X)
        kernel = model.get_weights()[0] * MaskedKernel.keeps
        np.testing.assert_allclose(predicted, X @ kernel, rtol=1e-5, atol=1e-6)
    assert histories[0][-1] < histories[0][0]
    np.testing.assert_allclose(histories[0], histories[1], rtol=1e-6)
