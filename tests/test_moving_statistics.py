"""Moving statistics: they are updated only after a training step with a finite loss."""

from __future__ import annotations

import numpy as np
import pytest

import lamina
from harness import assert_same_bits
from lamina import Input, _core, ops
from lamina.layers import Add, BatchNormalization, Dense, Flatten, Masking, TimeDistributed

ROWS = 8
RNG = np.random.default_rng(0)
X = RNG.normal(2.0, 3.0, (ROWS, 4, 3)).astype("float32")


def row(**options):
    return [Input((3,)), BatchNormalization(**options), Dense(1)], X[:, 0]


def steps(**options):
    layer = TimeDistributed(BatchNormalization(**options))
    return [Input((4, 3)), layer, Flatten(), Dense(1)], X


def masked(**options):
    shown = np.where(RNG.random((ROWS, 4, 1)) < 0.5, X, 0.0).astype("float32")
    return [Input((4, 3)), Masking(), BatchNormalization(**options), Dense(1)], shown


def alone(**options):
    """No gradient passes: there is nothing to learn before it, nor in it."""
    layer = BatchNormalization(center=False, scale=False, **options)
    return [Input((3,)), layer, Dense(1)], X[:, 0]


def compiled(stack, optimizer=None, dtype="float32"):
    model = lamina.Sequential(stack, seed=1, dtype=dtype)
    model.compile(optimizer or lamina.optimizers.SGD(0.1), "mse")
    model.build()
    return model


class Descent(lamina.optimizers.Optimizer):
    """An update in NumPy, between two calls of the core."""

    def update_step(self, gradient, variable, learning_rate):
        self.assign_sub(variable, learning_rate * gradient)


def targets(x, model, value=0.0):
    return np.full(model.predict(x).shape, value)


def diverge(model, x):
    """Train on targets whose square is infinite; no statistic may change."""
    before = [np.array(w) for w in model.get_weights()]
    y = targets(x, model, 1e30 if model.dtype == "float32" else 1e300)
    with pytest.raises(lamina.TrainingDiverged, match="epoch 1"):
        model.fit(x, y, epochs=2, verbose=0)
    assert_same_bits(model.get_weights(), before, "fit")
    with pytest.raises(lamina.TrainingDiverged):
        model.train_on_batch(x, y)
    assert_same_bits(model.get_weights(), before, "train_on_batch")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("stack", [row, steps, masked, alone])
def test_a_diverged_step_leaves_every_array(stack, dtype):
    layers, x = stack()
    model = compiled(layers, dtype=dtype)
    diverge(model, x)
    model.train_on_batch(x, targets(x, model))
    diverge(model, x)


def test_an_update_in_numpy_leaves_them_too():
    layers, x = row()
    diverge(compiled(layers, Descent(0.1)), x)


@pytest.mark.parametrize("optimizer", [lambda: None, lambda: Descent(0.1)])
@pytest.mark.parametrize(("stack", "name"), [(row, "norm"), (steps, "time"), (alone, "norm")])
def test_an_infinite_variance_of_a_batch_is_refused(stack, name, optimizer):
    """Its outputs and the loss are finite: numbers over infinity are 0."""
    layers, x = stack()
    layers[1].name = name
    model = compiled(layers, optimizer())
    model.train_on_batch(x, targets(x, model))
    before = [np.array(w) for w in model.get_weights()]
    y = targets(x, model)
    for train in (
        lambda: model.fit(x * 1e25, y, verbose=0),
        lambda: model.train_on_batch(x * 1e25, y),
    ):
        with pytest.raises(lamina.TrainingDiverged, match=f"began in '{name}"):
            train()
        assert_same_bits(model.get_weights(), before, "an infinite variance")
    model.train_on_batch(x, y)
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_the_steps_before_a_diverged_one_count():
    """The second step diverges: the statistics of the first remain."""
    layers, x = row(momentum=0.5)
    model, y = compiled(layers), np.zeros((ROWS, 1))
    y[ROWS // 2 :] = 1e30
    with pytest.raises(lamina.TrainingDiverged, match="step 2"):
        model.fit(x, y, batch_size=ROWS // 2, shuffle=False, verbose=0)
    first = x[: ROWS // 2]
    mean, variance = model.layers[0].get_weights()[2:]
    np.testing.assert_allclose(mean, 0.5 * first.mean(0), rtol=1e-6)
    np.testing.assert_allclose(variance, 0.5 + 0.5 * first.var(0), rtol=1e-6)


def moved(moving, batches, keep):
    """The statistics after one batch and then the next, in the arithmetic of the layer."""
    for batch in batches:
        shown = batch.astype("float64")
        both = (shown.mean(0), shown.var(0))
        moving = [keep * m + (1.0 - keep) * s for m, s in zip(moving, both, strict=True)]
    return moving


def test_a_layer_without_gradients_moves():
    layers, x = alone(momentum=0.25)
    model = compiled(layers)
    model.layers[1].trainable = False
    model.compile("sgd", "mse")
    model.train_on_batch(x, np.zeros((ROWS, 1)))
    want = moved([np.zeros(3), np.ones(3)], [x], 0.25)
    np.testing.assert_allclose(model.layers[0].get_weights(), want, rtol=1e-5)


def twice(momentum=0.5):
    layer, a, b = BatchNormalization(momentum=momentum), Input((3,)), Input((3,))
    model = lamina.Model([a, b], Dense(1)(Add()([layer(a), layer(b)])))
    model.compile(lamina.optimizers.SGD(0.1), "mse")
    return model, layer


def test_both_uses_in_one_graph_move_them_in_order():
    model, layer = twice()
    first, second = X[:, 0], X[:, 1] * np.float32(2.0)
    diverge(model, [first, second])
    model.train_on_batch([first, second], np.zeros((ROWS, 1)))
    want = moved([np.zeros(3), np.ones(3)], [first, second], 0.5)
    np.testing.assert_allclose(layer.get_weights()[2:], want, rtol=1e-5)


def test_steps_of_time_move_them_in_order():
    layers, x = steps(momentum=0.5)
    model = compiled(layers)
    model.train_on_batch(x, np.zeros((ROWS, 1)))
    want = moved([np.zeros(3), np.ones(3)], [x[:, t] for t in range(4)], 0.5)
    np.testing.assert_allclose(model.layers[0].get_weights()[2:], want, rtol=1e-5)


def test_a_step_of_time_that_the_mask_hides_moves_nothing():
    layer = TimeDistributed(BatchNormalization(momentum=0.5))
    layer(X)
    shown = np.ones((ROWS, 4), bool)
    shown[:, 1] = shown[2:, 3] = False
    run = recorded(layer, shown)
    run.gradients(None, 0, ROWS, 3)
    seen = [X[shown[:, t], t] for t in (0, 2, 3)]
    want = moved([np.zeros(3), np.ones(3)], seen, 0.5)
    np.testing.assert_allclose(layer.get_weights()[2:], want, rtol=1e-5)


def recorded(layer, shown, target=0.0):
    graph = _core.Graph("float32")
    x, mask = graph.input((4, 3), "x"), graph.input((4,), "mask", "bool")
    y = layer.record(graph, x, mask=mask)
    graph.add_output(y)
    graph.add_loss(graph.loss("mean_squared_error", y, graph.input((4, 3), "target")))
    graph.build()
    run = _core.Execution(graph, ROWS, True, 1, True)
    run.bind([X, shown, np.full_like(X, target)])
    return run


@pytest.mark.parametrize("wrapped", [False, True])
def test_gradients_of_an_infinite_loss_and_the_search_for_it_move_nothing(wrapped):
    layer = BatchNormalization()
    layer = TimeDistributed(layer) if wrapped else layer
    layer(X)
    before = [np.array(w) for w in layer.get_weights()]
    run = recorded(layer, np.ones((ROWS, 4), bool), 1e30)
    assert not np.isfinite(run.gradients(None, 0, ROWS, 3))
    assert_same_bits(layer.get_weights(), before, "gradients")
    run.first_nonfinite(None, 0, ROWS, 4)
    run.test(None, 0, ROWS)
    assert_same_bits(layer.get_weights(), before, "forward passes alone")


def test_statistics_frozen_between_two_steps_stay():
    """The layer has no trainable weight that would reveal a change."""
    layers, x = alone()
    model, y = compiled(layers), np.zeros((ROWS, 1))
    model.train_on_batch(x, y)
    norm = model.layers[0]
    for frozen in (True, False):
        norm.trainable = not frozen
        before = norm.get_weights()
        model.train_on_batch(x, y)
        same = [bool((a == b).all()) for a, b in zip(norm.get_weights(), before, strict=True)]
        assert same == [frozen] * 2


def test_frozen_statistics_stay():
    layers, x = row(trainable=False)
    model = compiled(layers)
    before = [np.array(w) for w in model.get_weights()[:4]]
    model.train_on_batch(x, np.zeros((ROWS, 1)))
    diverge(model, x)
    assert_same_bits(model.layers[0].get_weights(), before, "frozen")


def test_values_without_rows_have_statistics_of_their_own():
    class Codes(lamina.layers.Layer):
        def __init__(self):
            super().__init__()
            self.norm = BatchNormalization(momentum=0.9)

        def build(self, input_shape):
            self.codes = self.add_weight(shape=(4, 3), initializer="glorot_uniform")

        def call(self, x):
            return x + ops.sum(self.norm(self.codes) ** 2, axis=0)

    layer = Codes()
    model = lamina.Sequential([lamina.Input((3,)), layer], seed=3)
    model.compile(lamina.optimizers.SGD(0.0), "mse")
    x = np.ones((6, 3), "float32")
    codes = layer.codes.numpy().astype("float64")
    mean, variance = codes.mean(0), codes.var(0)
    history = model.fit(x, x, batch_size=3, epochs=2, verbose=0).history
    batch = ((codes - mean) ** 2 / (variance + 1e-3)).sum(0)
    assert history["loss"][0] == pytest.approx(np.mean(batch**2), rel=1e-4)
    left = 0.9**4
    np.testing.assert_allclose(layer.norm.moving_mean, (1 - left) * mean, rtol=1e-4)
    moving = left + (1 - left) * variance
    np.testing.assert_allclose(layer.norm.moving_variance, moving, rtol=1e-4)
    scaled = (codes - (1 - left) * mean) ** 2 / (moving + 1e-3)
    np.testing.assert_allclose(model.predict(x), x + scaled.sum(0), rtol=1e-4)
    model.compile(lamina.optimizers.SGD(0.1), "mse")
    losses = model.fit(x, 2 * x, epochs=20, verbose=0).history["loss"]
    assert losses[-1] < losses[0]  # gamma learns
