"""The layers of the JAX peer: for each kind, the drawing of its weights and its computation."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from workloads import Layer

Tree = Any
Shape = Any  # of a row, channels last; of several inputs, a tuple of those
SHORT = 8  # time steps up to which a scan is unrolled: faster there, slower beyond
MOMENTUM = 0.9  # of moving means and variances


@dataclass
class Draw:
    """The generator of the layers' weights; moving statistics are collected separately."""

    rng: np.random.Generator
    statistics: list[Tree] = field(default_factory=list)

    def glorot(self, *shape: int) -> Any:
        """Draw a kernel (..., inputs, outputs) as Keras does; the first axes are a window's."""
        limit = np.sqrt(6.0 / (math.prod(shape[:-2]) * (shape[-2] + shape[-1])))
        return jnp.asarray(self.rng.uniform(-limit, limit, shape).astype(np.float32))

    def orthogonal(self, units: int, columns: int) -> Any:
        """Draw a recurrent kernel whose rows are orthonormal, as Keras does."""
        rows = np.linalg.qr(self.rng.standard_normal((columns, units)))[0].T
        return jnp.asarray(rows.astype(np.float32))


@dataclass
class Pass:
    """One pass through the network: the key of its dropout (None: a prediction), statistics."""

    key: Any
    statistics: list[Tree]
    moved: list[Tree] = field(default_factory=list)
    masks: int = 0

    def next_key(self) -> Any:
        self.masks += 1
        return jax.random.fold_in(self.key, self.masks)


def activated(z: Any, activation: str) -> Any:
    known = {
        "relu": jax.nn.relu,
        "tanh": jnp.tanh,
        "sigmoid": jax.nn.sigmoid,
        "softmax": jax.nn.softmax,
    }
    return known.get(activation, lambda z: z)(z)


def dense_init(draw: Draw, shape: Shape, units: int, _activation: str) -> Tree:
    return (draw.glorot(shape[-1], units), jnp.zeros(units, jnp.float32)), (units,)


def dense(weights: Tree, x: Any, _pass: Pass, _units: int, activation: str) -> Any:
    return activated(x @ weights[0] + weights[1], activation)


def dropout(_weights: Tree, x: Any, this: Pass, rate: float) -> Any:
    if this.key is None:
        return x
    return jnp.where(jax.random.bernoulli(this.next_key(), 1 - rate, x.shape), x / (1 - rate), 0)


def conv_init(
    draw: Draw, shape: Shape, filters: int, size: int, padding: str, _activation: str
) -> Tree:
    lost = 0 if padding == "same" else size - 1
    places = tuple(length - lost for length in shape[:-1])
    kernel = draw.glorot(*(size,) * len(places), shape[-1], filters)
    return (kernel, jnp.zeros(filters, jnp.float32)), (*places, filters)


def conv(
    weights: Tree, x: Any, _pass: Pass, _filters: int, _size: int, padding: str, activation: str
) -> Any:
    axes = ("NHWC", "HWIO", "NHWC") if x.ndim == 4 else ("NWC", "WIO", "NWC")
    ones = (1,) * (x.ndim - 2)
    z = jax.lax.conv_general_dilated(x, weights[0], ones, padding.upper(), dimension_numbers=axes)
    return activated(z + weights[1], activation)


def depthwise_init(draw: Draw, shape: Shape, size: int, padding: str) -> Tree:
    height, width, channels = shape
    lost = 0 if padding == "same" else size - 1
    weights = (draw.glorot(size, size, channels, 1), jnp.zeros(channels, jnp.float32))
    return weights, (height - lost, width - lost, channels)


def depthwise(weights: Tree, x: Any, _pass: Pass, size: int, padding: str) -> Any:
    """Sum shifted images: XLA's grouped convolution is many times slower on a CPU."""
    kernel = weights[0][..., 0]
    if padding == "same":
        before = (size - 1) // 2
        x = jnp.pad(x, ((0, 0), *((before, size - 1 - before),) * 2, (0, 0)))
    height, width = x.shape[1] - size + 1, x.shape[2] - size + 1
    shifted = (
        x[:, i : i + height, j : j + width] * kernel[i, j] for i in range(size) for j in range(size)
    )
    return sum(shifted, weights[1])


def max_pool2d_init(_draw: Draw, shape: Shape, size: int) -> Tree:
    return (), (shape[0] // size, shape[1] // size, shape[2])


def max_pool2d(_weights: Tree, x: Any, _pass: Pass, size: int) -> Any:
    # A maximum over axes: the gradient of reduce_window costs several times as much on a CPU.
    n, h, w, c = x.shape
    windows = x[:, : h // size * size, : w // size * size]
    return windows.reshape(n, h // size, size, w // size, size, c).max(axis=(2, 4))


def batch_norm_init(draw: Draw, shape: Shape) -> Tree:
    def pair(first: float, second: float) -> Tree:  # separate arrays, as they are donated
        return jnp.full(shape[-1], first, jnp.float32), jnp.full(shape[-1], second, jnp.float32)

    draw.statistics.append(pair(0, 1))
    return pair(1, 0), shape


def batch_norm(weights: Tree, x: Any, this: Pass) -> Any:
    mean, variance = old = this.statistics[len(this.moved)]
    if this.key is not None:
        axes = tuple(range(x.ndim - 1))
        mean = x.mean(axes)
        variance = (x * x).mean(axes) - mean * mean
        new = jax.lax.stop_gradient((mean, variance))
        old = jax.tree.map(lambda a, b: MOMENTUM * a + (1 - MOMENTUM) * b, old, new)
    this.moved.append(old)
    scale = weights[0] * jax.lax.rsqrt(variance + 1e-3)
    return x * scale + (weights[1] - mean * scale)


def recurrent_init(
    draw: Draw, shape: Shape, units: int, gates: int, bias: np.ndarray[Any, Any]
) -> Tree:
    """Draw (kernel, recurrent kernel, bias)."""
    kernels = draw.glorot(shape[1], gates * units), draw.orthogonal(units, gates * units)
    return (*kernels, jnp.asarray(bias.astype(np.float32))), (units,)


def simple_rnn_init(draw: Draw, shape: Shape, units: int, _activation: str) -> Tree:
    return recurrent_init(draw, shape, units, 1, np.zeros(units))


def lstm_init(draw: Draw, shape: Shape, units: int) -> Tree:
    bias = np.repeat([0.0, 1.0, 0.0, 0.0], units)  # forget little at first
    return recurrent_init(draw, shape, units, 4, bias)


def gru_init(draw: Draw, shape: Shape, units: int) -> Tree:
    return recurrent_init(draw, shape, units, 3, np.zeros((2, 3 * units)))


def recurrence(z: Any, recurrent_kernel: Any, states: int, advance: Any) -> Any:
    """Run `advance(states, z, product)` over time, z the inputs' share; give the last state."""
    z_tng = jnp.swapaxes(z, 0, 1)
    zero = jnp.zeros((len(z), len(recurrent_kernel)), z.dtype)

    def step(old: Any, z: Any) -> tuple[Any, None]:
        return advance(old, z, old[0] @ recurrent_kernel), None

    return jax.lax.scan(step, (zero,) * states, z_tng, unroll=len(z_tng) <= SHORT)[0][0]


def simple_rnn(weights: Tree, x: Any, _pass: Pass, _units: int, activation: str) -> Any:
    kernel, recurrent_kernel, bias = weights
    return recurrence(
        x @ kernel + bias, recurrent_kernel, 1, lambda _, z, u: (activated(z + u, activation),)
    )


def lstm(weights: Tree, x: Any, _pass: Pass, _units: int) -> Any:
    kernel, recurrent_kernel, bias = weights

    def advance(old: Any, z: Any, u: Any) -> Any:
        i, f, c, o = jnp.split(z + u, 4, axis=1)
        cell = jax.nn.sigmoid(f) * old[1] + jax.nn.sigmoid(i) * jnp.tanh(c)
        return jax.nn.sigmoid(o) * jnp.tanh(cell), cell

    return recurrence(x @ kernel + bias, recurrent_kernel, 2, advance)


def gru(weights: Tree, x: Any, _pass: Pass, _units: int) -> Any:
    """Return the GRU of Keras and cuDNN: the reset gate acts on the product with the state."""
    kernel, recurrent_kernel, bias = weights

    def advance(old: Any, z: Any, u: Any) -> Any:
        update_z, reset_z, new_z = jnp.split(z, 3, axis=1)
        update_h, reset_h, new_h = jnp.split(u + bias[1], 3, axis=1)
        update, reset = jax.nn.sigmoid(update_z + update_h), jax.nn.sigmoid(reset_z + reset_h)
        new = jnp.tanh(new_z + reset * new_h)
        return (new + update * (old[0] - new),)

    return recurrence(x @ kernel + bias[0], recurrent_kernel, 1, advance)


def bidirectional_lstm_init(draw: Draw, shape: Shape, units: int) -> Tree:
    return (lstm_init(draw, shape, units)[0], lstm_init(draw, shape, units)[0]), (2 * units,)


def bidirectional_lstm(weights: Tree, x: Any, this: Pass, units: int) -> Any:
    ahead, back = lstm(weights[0], x, this, units), lstm(weights[1], x[:, ::-1], this, units)
    return jnp.concatenate((ahead, back), axis=1)


def embedding_init(draw: Draw, shape: Shape, words: int, size: int) -> Tree:
    table = draw.rng.uniform(-0.05, 0.05, (words, size)).astype(np.float32)
    return jnp.asarray(table), (*shape, size)


def network_init(draw: Draw, shape: Shape, layers: tuple[Layer, ...]) -> Tree:
    weights = []
    for kind, *settings in layers:
        drawn, shape = LAYERS[kind][0](draw, shape, *settings)
        weights.append(drawn)
    return weights, shape


def network(weights: Tree, x: Any, this: Pass, layers: tuple[Layer, ...]) -> Any:
    for own, (kind, *settings) in zip(weights, layers, strict=True):
        x = LAYERS[kind][1](own, x, this, *settings)
    return x


def residual(weights: Tree, x: Any, this: Pass, layers: tuple[Layer, ...]) -> Any:
    return x + network(weights, x, this, layers)


def concatenate_init(draw: Draw, shapes: Shape, *branches: tuple[Layer, ...]) -> Tree:
    built = [network_init(draw, *each) for each in zip(shapes, branches, strict=True)]
    return [weights for weights, _ in built], (sum(shape[-1] for _, shape in built),)


def concatenate(weights: Tree, xs: Any, this: Pass, *branches: tuple[Layer, ...]) -> Any:
    parts = (network(w, x, this, each) for w, x, each in zip(weights, xs, branches, strict=True))
    return jnp.concatenate(tuple(parts), axis=-1)


def no_weights(_draw: Draw, shape: Shape, *_settings: Any) -> Tree:
    return (), shape


LAYERS: dict[str, Any] = {
    "dense": (dense_init, dense),
    "dropout": (no_weights, dropout),
    "activation": (no_weights, lambda _, x, _pass, name: activated(x, name)),
    "batch_norm": (batch_norm_init, batch_norm),
    "conv1d": (conv_init, conv),
    "conv2d": (conv_init, conv),
    "depthwise_conv2d": (depthwise_init, depthwise),
    "max_pool2d": (max_pool2d_init, max_pool2d),
    "global_average_pool1d": (
        lambda _, shape: ((), shape[-1:]),
        lambda _, x, _pass: x.mean(1),
    ),
    "global_average_pool2d": (
        lambda _, shape: ((), shape[-1:]),
        lambda _, x, _pass: x.mean((1, 2)),
    ),
    "flatten": (
        lambda _, shape: ((), (math.prod(shape),)),
        lambda _, x, _pass: x.reshape(len(x), -1),
    ),
    "simple_rnn": (simple_rnn_init, simple_rnn),
    "lstm": (lstm_init, lstm),
    "gru": (gru_init, gru),
    "bidirectional_lstm": (bidirectional_lstm_init, bidirectional_lstm),
    "embedding": (embedding_init, lambda table, x, *_: table[x]),
    "residual": (network_init, residual),
    "concatenate": (concatenate_init, concatenate),
}
