"""Activations called on arrays, their names and settings."""

import math
import pydoc

import numpy as np
import pytest

from lamina import activations, ops

erf = np.vectorize(math.erf, otypes=[float])
sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
ORACLES = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "selu": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x)),
    "gelu": lambda x: x * (1 + erf(x / np.sqrt(2))) / 2,
    "silu": lambda x: x * sigmoid(x),
    "swish": lambda x: x * sigmoid(x),
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "softplus": lambda x: np.log1p(np.exp(x)),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "relu6": lambda x: np.clip(x, 0, 6),
    "hard_silu": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "hard_swish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "mish": lambda x: x * np.tanh(np.log1p(np.exp(x))),
    "exponential": np.exp,
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True),
    "log_softmax": lambda x: x - np.log(np.exp(x).sum(axis=-1, keepdims=True)),
}


@pytest.mark.parametrize("shape", [(5,), (3, 4), (2, 3, 4), (0, 3)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ORACLES)
def test_values(name, dtype, shape):
    x = np.random.default_rng(3).normal(0, 3, size=shape).astype(dtype)
    y = activations.get(name)(x)
    assert y.dtype == dtype
    assert y.shape == shape
    rtol = 2e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(y, ORACLES[name](x.astype("float64")), rtol=rtol, atol=rtol)


def test_settings():
    x = np.array([-2.0, 3.0])
    np.testing.assert_allclose(activations.LeakyReLU(negative_slope=0.5)(x), [-1, 3])
    np.testing.assert_allclose(activations.ReLU(negative_slope=0.1)(x), [-0.2, 3])
    np.testing.assert_allclose(activations.ELU(alpha=2.0)(x), [2 * np.expm1(-2), 3])
    assert activations.LeakyReLU(0.3).fusable == ("leaky_relu", 0.3)
    assert activations.softmax.fusable is None


def test_names():
    assert activations.get(None).name == "linear"
    assert activations.get("LeakyReLU").negative_slope == 0.2
    assert activations.get("ReLU").name == "relu"
    assert activations.get("HardSigmoid").name == "hard_sigmoid"
    assert activations.serialize(activations.relu) == "relu"
    copy = activations.get(activations.serialize(activations.ELU(alpha=0.5)))
    assert copy.alpha == 0.5


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: activations.get("rleu"), ValueError, "unknown .*'rleu'; did you mean 'relu'"),
        (lambda: activations.get(3), TypeError, "activation: needs a name"),
        (lambda: activations.LeakyReLU(negative_slope=-1), ValueError, "negative_slope"),
        (lambda: activations.ELU(alpha=0), ValueError, "alpha"),
        (lambda: activations.relu(["a"]), TypeError, "relu: x"),
        (lambda: activations.relu(1j), TypeError, "relu: x"),
        (lambda: activations.softmax(1.0), ValueError, "softmax: x must have a last axis"),
    ],
)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_functions_of_ops_show_their_own_help():
    ready = {name: getattr(activations, name) for name in activations.__all__}
    ready = {n: f for n, f in ready.items() if isinstance(f, activations.Function)}
    assert len(ready) > 10
    for name, function in ready.items():
        first = getattr(ops, name).__doc__.splitlines()[0]
        assert function.__doc__.splitlines()[0] == first
        assert first in pydoc.plain(pydoc.render_doc(function))
    assert "Functions passed to layers" in activations.Function.__doc__
    assert activations.Function(np.tanh).__doc__ == activations.Function.__doc__
