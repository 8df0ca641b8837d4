"""JAX, two ways: a jitted step called from a Python loop, and the whole `fit` in one jit.

Adam is written out, as the documentation of JAX does it without a second library.  Parameters
and optimizer state are donated, so that updates happen in place.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from workloads import Workload

# XLA's own generator: on a CPU the default (threefry) costs more than the small networks.
jax.config.update("jax_default_prng_impl", "unsafe_rbg")

Tree = Any
Shape = tuple[int, ...]  # of a row, channels last
SHORT = 8  # time steps up to which a scan is unrolled: faster there, slower beyond
BETA_1, BETA_2, EPSILON, RATE = 0.9, 0.999, 1e-7, 1e-3


def glorot(rng: np.random.Generator, *shape: int) -> Any:
    """Draw a kernel (..., inputs, outputs) as Keras does; the axes before are a window's."""
    limit = np.sqrt(6.0 / (math.prod(shape[:-2]) * (shape[-2] + shape[-1])))
    return jnp.asarray(rng.uniform(-limit, limit, shape).astype(np.float32))


def orthogonal(rng: np.random.Generator, units: int, columns: int) -> Any:
    """Draw a recurrent kernel whose rows are orthonormal, as Keras does."""
    return jnp.asarray(np.linalg.qr(rng.standard_normal((columns, units)))[0].T.astype(np.float32))


def activated(z: Any, activation: str) -> Any:
    # A softmax at the end belongs to the loss.
    return {"relu": jax.nn.relu, "tanh": jnp.tanh}.get(activation, lambda z: z)(z)


def dense_init(rng: np.random.Generator, shape: Shape, units: int, _activation: str) -> Tree:
    return (glorot(rng, shape[-1], units), jnp.zeros(units, jnp.float32)), (units,)


def dense(weights: Tree, x: Any, _key: Any, _units: int, activation: str) -> Any:
    return activated(x @ weights[0] + weights[1], activation)


def dropout(_weights: Tree, x: Any, key: Any, rate: float) -> Any:
    if key is None:
        return x
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0)


def conv2d_init(
    rng: np.random.Generator, shape: Shape, filters: int, size: int, padding: str, _activation: str
) -> Tree:
    height, width, channels = shape
    lost = 0 if padding == "same" else size - 1
    weights = (glorot(rng, size, size, channels, filters), jnp.zeros(filters, jnp.float32))
    return weights, (height - lost, width - lost, filters)


def conv2d(
    weights: Tree, x: Any, _key: Any, _filters: int, _size: int, padding: str, activation: str
) -> Any:
    axes = ("NHWC", "HWIO", "NHWC")
    z = jax.lax.conv_general_dilated(x, weights[0], (1, 1), padding.upper(), dimension_numbers=axes)
    return activated(z + weights[1], activation)


def max_pool2d_init(_rng: np.random.Generator, shape: Shape, size: int) -> Tree:
    return (), (shape[0] // size, shape[1] // size, shape[2])


def max_pool2d(_weights: Tree, x: Any, _key: Any, size: int) -> Any:
    # A maximum over axes: the gradient of reduce_window costs several times as much on a CPU.
    n, h, w, c = x.shape
    windows = x[:, : h // size * size, : w // size * size]
    return windows.reshape(n, h // size, size, w // size, size, c).max(axis=(2, 4))


def recurrent_init(rng: np.random.Generator, shape: Shape, units: int, gates: int) -> Tree:
    """Draw (kernel, recurrent kernel, bias)."""
    bias = np.zeros(gates * units, np.float32)
    if gates == 4:
        bias[units : 2 * units] = 1.0  # forget little at first
    kernels = glorot(rng, shape[1], gates * units), orthogonal(rng, units, gates * units)
    return (*kernels, jnp.asarray(bias)), (units,)


def recurrence(weights: Tree, x: Any, states: int, advance: Any) -> Any:
    """Run `advance(states, z)` over time, z the inputs' share; give the last of the first state."""
    kernel, recurrent_kernel, bias = weights
    z_tng = jnp.swapaxes(x @ kernel + bias, 0, 1)
    zero = jnp.zeros((len(x), len(recurrent_kernel)), x.dtype)

    def step(old: Any, z: Any) -> tuple[Any, None]:
        return advance(old, z + old[0] @ recurrent_kernel), None

    return jax.lax.scan(step, (zero,) * states, z_tng, unroll=len(z_tng) <= SHORT)[0][0]


def simple_rnn(weights: Tree, x: Any, _key: Any, _units: int, activation: str) -> Any:
    return recurrence(weights, x, 1, lambda _, z: (activated(z, activation),))


def lstm(weights: Tree, x: Any, _key: Any, _units: int) -> Any:
    def advance(old: Any, z: Any) -> Any:
        i, f, c, o = jnp.split(z, 4, axis=1)
        cell = jax.nn.sigmoid(f) * old[1] + jax.nn.sigmoid(i) * jnp.tanh(c)
        return jax.nn.sigmoid(o) * jnp.tanh(cell), cell

    return recurrence(weights, x, 2, advance)


LAYERS: dict[str, Any] = {
    "dense": (dense_init, dense),
    "dropout": (lambda _rng, shape, _rate: ((), shape), dropout),
    "conv2d": (conv2d_init, conv2d),
    "max_pool2d": (max_pool2d_init, max_pool2d),
    "flatten": (
        lambda _rng, shape: ((), (math.prod(shape),)),
        lambda _weights, x, _key: x.reshape(len(x), -1),
    ),
    "simple_rnn": (
        lambda rng, shape, units, _activation: recurrent_init(rng, shape, units, 1),
        simple_rnn,
    ),
    "lstm": (lambda rng, shape, units: recurrent_init(rng, shape, units, 4), lstm),
}
KINDS = LAYERS.keys()
# (variant, kind): why it is not measured.
LEFT_OUT = {("loop", "conv2d"): "XLA runs convolutions within a loop on a CPU ten times slower"}


def versions() -> dict[str, str]:
    return {"jax": jax.__version__}


def forward(layers: Any, weights: Tree, x: Any, key: Any) -> Any:
    for index, (kind, *settings) in enumerate(layers):
        layer_key = None if key is None else jax.random.fold_in(key, index)
        x = LAYERS[kind][1](weights[index], x, layer_key, *settings)
    return x


def batch_loss(layers: Any, task: str, weights: Tree, x: Any, y: Any, key: Any) -> Any:
    prediction = forward(layers, weights, x, key)
    if task == "regression":
        return jnp.mean((prediction - y) ** 2)
    log_p = jax.nn.log_softmax(prediction)
    return -jnp.mean(jnp.take_along_axis(log_p, y[:, None], axis=1))


def train_step(layers: Any, task: str, state: Tree, x: Any, y: Any) -> Tree:
    weights, m, v, step, key = state
    step = step + 1
    loss_of = functools.partial(batch_loss, layers, task)
    gradient = jax.grad(loss_of)(weights, x, y, jax.random.fold_in(key, step))
    m = jax.tree.map(lambda a, g: BETA_1 * a + (1 - BETA_1) * g, m, gradient)
    v = jax.tree.map(lambda a, g: BETA_2 * a + (1 - BETA_2) * g * g, v, gradient)
    rate = RATE * jnp.sqrt(1 - BETA_2**step) / (1 - BETA_1**step)
    weights = jax.tree.map(lambda w, a, b: w - rate * a / (jnp.sqrt(b) + EPSILON), weights, m, v)
    return weights, m, v, step, key


class Trainer:
    def __init__(self, workload: Workload, _threads: int, variant: str) -> None:
        self.note = "whole loop in one jit" if variant == "loop" else "jitted step"
        self.batch, self.per_epoch = workload.batch, workload.steps_per_epoch
        self.host_x, self.host_y = workload.data()
        self.x, self.y = jnp.asarray(self.host_x), jnp.asarray(self.host_y)
        rng = np.random.default_rng(0)
        weights, shape = [], workload.input_shape
        for kind, *settings in workload.layers:
            built, shape = LAYERS[str(kind)][0](rng, shape, *settings)
            weights.append(built)

        def zeros() -> Tree:
            return jax.tree.map(jnp.zeros_like, weights)

        self.state = (weights, zeros(), zeros(), jnp.int32(0), jax.random.key(0))
        self.epoch = 0
        step = functools.partial(train_step, workload.layers, workload.task)
        loss = functools.partial(batch_loss, workload.layers, workload.task)
        self.full_loss = jax.jit(lambda weights, x, y: loss(weights, x, y, None))
        self.step = jax.jit(step, donate_argnums=0)
        self.loop = jax.jit(functools.partial(self._loop, step), static_argnums=4, donate_argnums=0)
        self.fit = self.fit_loop if variant == "loop" else self.fit_steps

    def _shuffled(self, key: Any, x: Any, y: Any) -> tuple[Any, Any]:
        """Permute the rows and cut them into batches."""
        order = jax.random.permutation(key, len(x)).reshape(self.per_epoch, self.batch)
        return x[order], y[order]

    def _loop(self, step: Any, state: Tree, key: Any, x: Any, y: Any, epochs: int) -> Tree:
        def one_step(state: Tree, batch: Any) -> tuple[Tree, None]:
            return step(state, *batch), None

        def one_epoch(state: Tree, epoch_key: Any) -> tuple[Tree, None]:
            return jax.lax.scan(one_step, state, self._shuffled(epoch_key, x, y))[0], None

        return jax.lax.scan(one_epoch, state, jax.random.split(key, epochs))[0]

    def fit_loop(self, epochs: int) -> None:
        self.epoch += 1
        key = jax.random.key(self.epoch)
        self.state = jax.block_until_ready(self.loop(self.state, key, self.x, self.y, epochs))

    def fit_steps(self, epochs: int) -> None:
        state, step, batch = self.state, self.step, self.batch
        rows = len(self.x)
        rng = np.random.default_rng(self.epoch)
        for _ in range(epochs):
            self.epoch += 1
            order = rng.permutation(rows)
            # Slices of NumPy arrays: cheaper to hand over than to cut on the device.
            x, y = self.host_x[order], self.host_y[order]
            for begin in range(0, rows, batch):
                state = step(state, x[begin : begin + batch], y[begin : begin + batch])
        self.state = jax.block_until_ready(state)

    def loss(self) -> float:
        return float(self.full_loss(self.state[0], self.x, self.y))
