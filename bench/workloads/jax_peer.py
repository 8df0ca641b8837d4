"""JAX, two ways: a jitted step called from a Python loop, and the whole `fit` in one jit.

Adam is written out, as the documentation of JAX does it without a second library.  Parameters
and optimizer state are donated, so that updates happen in place.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from workloads import Workload

# XLA's own generator: on a CPU the default (threefry) costs more than the small networks.
jax.config.update("jax_default_prng_impl", "unsafe_rbg")

Tree = Any
BETA_1, BETA_2, EPSILON, RATE = 0.9, 0.999, 1e-7, 1e-3


def dense_init(rng: np.random.Generator, width: int, units: int, _activation: str) -> Tree:
    limit = np.sqrt(6.0 / (width + units))
    kernel = rng.uniform(-limit, limit, (width, units)).astype(np.float32)
    return (jnp.asarray(kernel), jnp.zeros(units, jnp.float32)), units


def dense(weights: Tree, x: Any, _key: Any, _units: int, activation: str) -> Any:
    z = x @ weights[0] + weights[1]
    return jax.nn.relu(z) if activation == "relu" else z  # a softmax belongs to the loss


def dropout(_weights: Tree, x: Any, key: Any, rate: float) -> Any:
    if key is None:
        return x
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0)


LAYERS = {
    "dense": (dense_init, dense),
    "dropout": (lambda _rng, width, _rate: ((), width), dropout),
}
KINDS = LAYERS.keys()


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
        weights, width = [], workload.input_shape[-1]
        for kind, *settings in workload.layers:
            built, width = LAYERS[str(kind)][0](rng, width, *settings)
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
