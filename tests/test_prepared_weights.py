"""Predictions keep the transformed weights of convolutions until the weights change."""

import numpy as np
import pytest

import lamina
from harness import assert_same_bits
from lamina import _core, layers, runtime

# Convolutions by Winograd's algorithm, of several panels, by groups; followed by a normalisation.
CASES = {
    "winograd": lambda: [layers.Conv2D(24, 3, padding="same")],
    "panels": lambda: [layers.Conv2D(70, 2, strides=2)],
    "groups": lambda: [layers.Conv2D(16, 3, groups=4)],
    "signal": lambda: [layers.Reshape((144, 16)), layers.Conv1D(70, 4)],
    "normalised": lambda: [layers.Conv2D(20, 3), layers.BatchNormalization(), layers.ReLU()],
    "panel, normalised": lambda: [layers.Conv2D(16, 2), layers.BatchNormalization()],
    "pooled": lambda: [layers.Conv2D(32, 3), layers.BatchNormalization(), layers.MaxPooling2D()],
}  # fmt: skip
X = np.random.default_rng(0).normal(size=(9, 12, 12, 16))


def model_of(case, dtype, weights=None):
    model = lamina.Sequential([layers.Input(X.shape[1:]), *CASES[case]()], dtype=dtype)
    rng = np.random.default_rng(1)
    model.set_weights(
        weights or [rng.uniform(0.5, 2.0, w.shape).astype(dtype) for w in model.get_weights()]
    )
    return model


def assert_as_anew(model, case, dtype, what):
    """Check few rows, pooled after the convolution, and many, pooled image by image."""
    x = X.astype(dtype)
    fresh = model_of(case, dtype, model.get_weights())
    for rows in (1, 9):
        assert_same_bits(
            [model.predict(x[:rows])], [fresh.predict(x[:rows])], f"{what}, {rows} rows"
        )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES)
def test_every_change_of_any_weight_is_seen(case, dtype):
    model = model_of(case, dtype)
    before = model.predict(X[:1].astype(dtype))
    for weight in model.weights:
        np.asarray(weight).reshape(-1)[-1] += 0.25
        assert_as_anew(model, case, dtype, f"the last of {weight.path}")
        after = model.predict(X[:1].astype(dtype))
        assert (after != before).any(), weight.path
        weight.assign(weight.numpy() * 1.5)
        assert_as_anew(model, case, dtype, f"{weight.path} assigned")
        before = model.predict(X[:1].astype(dtype))


@pytest.mark.parametrize("case", ["winograd", "normalised"])
def test_training_between_predictions_is_seen(case):
    model = model_of(case, "float32")
    model.compile("sgd", "mse")
    x = X.astype("float32")
    y = np.zeros_like(model.predict(x))
    for _ in range(2):
        model.fit(x, y, epochs=1, verbose=0)
        assert_as_anew(model, case, "float32", "a fit")


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0])
def test_weights_that_cannot_be_folded_come_and_go(bad):
    """A factor that is not finite, or 0: the normalisation runs after the convolution."""
    model = model_of("normalised", "float32")
    gamma = model.layers[1].gamma
    good = gamma.numpy()
    for value in (bad, *good[:1]):
        np.asarray(gamma)[0] = value
        assert_as_anew(model, "normalised", "float32", f"gamma {value}")


@pytest.mark.parametrize("case", CASES)
def test_what_is_kept_is_of_one_instruction_set(case):
    model, before = model_of(case, "float32"), runtime.isa()
    x = X[:1].astype("float32")
    try:
        for name in [*runtime.available_isas(), *reversed(runtime.available_isas())]:
            runtime.use_isa(name)
            assert_same_bits([model.predict(x)], [model_of(case, "float32").predict(x)], name)
    finally:
        runtime.use_isa(before)


def test_what_is_kept_counts_as_memory():
    """For 64 x 64 filters of 9 cells, 36 numbers each: 0.6 MB, only in executions for inference."""
    layer = layers.Conv2D(64, 3)
    layer(np.zeros((1, 9, 9, 64), "float32"))
    graph = _core.Graph("float32")
    y = layer.record(graph, graph.input((9, 9, 64), "x"))
    graph.add_loss(graph.loss("mean_squared_error", y, graph.input((7, 7, 64), "target")))
    graph.build()
    for training in (False, True):
        execution = _core.Execution(graph, 2, training)
        kept = execution.held_bytes - execution.arena_bytes
        assert (kept > 64 * 64 * 36 * 4) == (not training)
