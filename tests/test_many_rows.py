"""Dense layers on many rows: the gradients of activation and bias are calculated together."""

import numpy as np
import pytest

import lamina
from harness import assert_same_bits
from lamina import layers
from thread_proof import same_on_threads

RNG = np.random.default_rng(12)
ROWS = 2_600  # five chunks of 512 and a part of one
X, Y = RNG.standard_normal((ROWS, 6)), RNG.standard_normal((ROWS, 1))


def trained(units, activation, dtype, apart=False):
    """Return the weights after two steps; `apart`: the activation is an operation of its own."""
    first = [layers.Dense(units, activation)]
    if apart:
        first = [layers.Dense(units), layers.Rescaling(1.0), layers.Activation(activation)]
    model = lamina.Sequential([lamina.Input((6,)), *first, layers.Dense(1)], dtype=dtype)
    start = np.random.default_rng(3)
    model.set_weights([start.uniform(-0.5, 0.5, w.shape) for w in model.get_weights()])
    model.compile(lamina.optimizers.SGD(0.1), "mse")
    model.fit(X, Y, batch_size=ROWS, epochs=2, shuffle=False, verbose=0)
    return tuple(model.get_weights())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("units", "activation"), [(16, "tanh"), (32, "sigmoid"), (5, "relu"), (43, "elu"), (1, "tanh")]
)
def test_the_gradient_is_that_of_separate_steps(units, activation, dtype):
    together, apart = (trained(units, activation, dtype, way) for way in (False, True))
    assert_same_bits(together, apart, f"{units} units, {activation}")


def test_bits_do_not_depend_on_threads():
    same_on_threads(lambda: trained(48, "tanh", "float32"))
