"""A dense layer of one unit takes over the derivative of the ReLU that it alone reads."""

from __future__ import annotations

import numpy as np
import pytest

import lamina
from harness import assert_same_bits
from lamina import layers

# The shape of a row and what ends in a ReLU, in front of the unit.
CASES = {
    **{f"{units} units": ((5,), [layers.Dense(units, "relu")]) for units in (1, 4, 7, 8, 16, 45)},
    "steps": ((6, 3), [layers.Dense(8, "relu")]),
    "images": ((5, 4, 2), [layers.Conv2D(19, 3, activation="relu")]),
    "normalised": ((5,), [layers.Dense(20), layers.BatchNormalization(), layers.ReLU()]),
}


def start(model: lamina.Model) -> None:
    """Give it weights that follow from their shapes alone, and a way to learn."""
    rng = np.random.default_rng(1)
    model.set_weights([0.5 * rng.standard_normal(w.shape) + 0.1 for w in model.get_weights()])
    model.compile(lamina.optimizers.SGD(0.01), "mse")


def trained(case: str, dtype: str, apart: bool) -> list[np.ndarray]:
    """The weights after two epochs; `apart`: with a layer in between that changes nothing."""
    shape, rectified = CASES[case]
    copies = [type(layer).from_config(layer.get_config()) for layer in rectified]
    between = [layers.Rescaling(1.0)] if apart else []
    stack = [lamina.Input(shape), *copies, *between, layers.Dense(1), layers.Flatten()]
    model = lamina.Sequential(stack, dtype=dtype)
    start(model)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((47, *shape))
    y = rng.standard_normal((47, *model.output_shape[1:]))
    model.fit(x, y, batch_size=40, epochs=2, shuffle=False, verbose=0)
    return model.get_weights()


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_changes_no_bit(case: str, dtype: str) -> None:
    assert_same_bits(trained(case, dtype, False), trained(case, dtype, True), case)


def test_the_derivative_is_not_taken_twice_where_others_read_the_values_too() -> None:
    def weights(apart: bool) -> list[np.ndarray]:
        x = lamina.Input((3,))
        z = layers.Dense(8, "relu")(x)
        one = layers.Dense(1)(layers.Rescaling(1.0)(z) if apart else z)
        model = lamina.Model(x, layers.Concatenate()([one, z]))
        start(model)
        rows = np.random.default_rng(0).standard_normal((20, 3))
        model.train_on_batch(rows, np.zeros((20, 9)))
        return model.get_weights()

    for a, b in zip(weights(False), weights(True), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
