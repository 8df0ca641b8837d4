"""An average pooling and the ReLU that it alone reads: one spreads the gradient of both."""

from __future__ import annotations

import numpy as np
import pytest

import lamina
from harness import assert_same_bits
from lamina import layers

# The shape of a row, the layers that end in a ReLU, the pool
CASES = {
    "signal, whole": (
        (70, 5),
        [layers.Conv1D(17, 5, padding="same", activation="relu")],
        layers.GlobalAveragePooling1D(),
    ),
    "signal, overlapping": (
        (23, 4),
        [layers.Conv1D(19, 3, activation="relu")],
        layers.AveragePooling1D(4, 2, padding="same"),
    ),
    "image, whole": (
        (7, 6, 3),
        [layers.Conv2D(21, 3, activation="relu")],
        layers.GlobalAveragePooling2D(),
    ),
    "cells of no window": (
        (9, 8, 3),
        [layers.Conv2D(6, 3, padding="same", activation="relu")],
        layers.AveragePooling2D(2, 3),
    ),
    "not rectified": (
        (7, 6, 3),
        [layers.Conv2D(21, 3)],
        layers.AveragePooling2D(2),
    ),
    "normalised": (
        (6, 6, 2),
        [layers.Conv2D(18, 3), layers.BatchNormalization(), layers.ReLU()],
        layers.AveragePooling2D(2),
    ),
}


def start(model: lamina.Model) -> None:
    """Set weights that depend only on their shapes, and compile."""
    rng = np.random.default_rng(1)
    model.set_weights([0.5 * np.abs(rng.standard_normal(w.shape)) for w in model.get_weights()])
    model.compile(lamina.optimizers.SGD(0.01), "mse")


def network(case: str, dtype: str, apart: bool = False) -> lamina.Sequential:
    """Build it; `apart`: with a layer in between that changes nothing."""
    shape, rectified, pool = CASES[case]
    copies = [type(layer).from_config(layer.get_config()) for layer in [*rectified, pool]]
    if apart:
        copies.insert(-1, layers.Rescaling(1.0))
    stack = [lamina.Input(shape), *copies, layers.Flatten(), layers.Dense(2)]
    model = lamina.Sequential(stack, dtype=dtype)
    start(model)
    return model


def trained(case: str, dtype: str, apart: bool, batch: int) -> list[np.ndarray]:
    """The weights after two epochs."""
    model = network(case, dtype, apart)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((21, *CASES[case][0])), rng.standard_normal((21, 2))
    model.fit(x, y, batch_size=batch, epochs=2, shuffle=False, verbose=0)
    return model.get_weights()


# Many rows are pooled image by image while each is near, few after the convolution.
@pytest.mark.parametrize("case", sorted(CASES))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch", [7, 21])
def test_it_changes_no_bit(case: str, dtype: str, batch: int) -> None:
    assert_same_bits(trained(case, dtype, False, batch), trained(case, dtype, True, batch), case)


@pytest.mark.parametrize("case", sorted(CASES.keys() - {"normalised"}))
def test_a_convolution_takes_the_pool_over(case: str) -> None:
    graph = network(case, "float32").objective(False).graph
    pools = [kind for kind in graph.operations() if "average_pool2d" in kind]
    assert len(pools) == 1
    assert pools[0] != "average_pool2d"


def test_outputs_of_a_bounded_activation_stay_for_its_derivative() -> None:
    layer = layers.Conv1D(5, 3, activation="tanh")
    model = lamina.Sequential([lamina.Input((9, 2)), layer, layers.GlobalAveragePooling1D()])
    model.compile("sgd", "mse")
    assert model.objective(False).graph.operations()[:2] == ["conv2d+tanh", "average_pool2d"]


def test_others_who_read_the_rectified_values_get_their_gradient_too() -> None:
    def gradients(apart: bool) -> list[np.ndarray]:
        x = lamina.Input((12, 3))
        z = layers.Conv1D(8, 3, activation="relu")(x)
        mean = layers.GlobalAveragePooling1D()(layers.Rescaling(1.0)(z) if apart else z)
        both = layers.Add()([mean, layers.GlobalMaxPooling1D()(z)])
        model = lamina.Model(x, layers.Dense(1)(both))
        start(model)
        rows = np.random.default_rng(0).standard_normal((9, 12, 3))
        model.train_on_batch(rows, rows[:, 0, 0])
        return model.get_weights()

    for a, b in zip(gradients(False), gradients(True), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
