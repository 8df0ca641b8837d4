"""JAX, two ways: a jitted step called from a Python loop, and the whole `fit` in one jit.

Adam is written out, as in the documentation of JAX, without a second library.  Parameters
and optimizer state are donated, so that updates happen in place.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from workloads import Workload
from workloads.jax_layers import LAYERS, Draw, Pass, network, network_init
from workloads.predicted_files import Files
from workloads.workload import kinds

# XLA's own generator: on a CPU the default (threefry) costs more than the small networks.
jax.config.update("jax_default_prng_impl", "unsafe_rbg")

Tree = Any
BETA_1, BETA_2, EPSILON, RATE = 0.9, 0.999, 1e-7, 1e-3
KINDS = LAYERS.keys()


def unfit(workload: Workload, variant: str) -> str | None:
    if variant == "loop" and any(kind in ("conv1d", "conv2d") for kind in kinds(workload.layers)):
        return "XLA runs convolutions within a loop on a CPU ten times slower"
    return None


def versions() -> dict[str, str]:
    return {"jax": jax.__version__}


def batch_loss(
    workload: Workload, weights: Tree, statistics: Tree, xs: Any, y: Any, key: Any
) -> Tree:
    """Return the loss, and the moving statistics after this batch."""
    this = Pass(key, statistics)
    prediction = network(weights, xs if len(xs) > 1 else xs[0], this, workload.to_logits)
    if workload.task == "classification":
        log_p = jax.nn.log_softmax(prediction)
        return -jnp.mean(jnp.take_along_axis(log_p, y[:, None], axis=1)), this.moved
    if workload.task == "binary":
        z = prediction
        return jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z)))), this.moved
    return jnp.mean((prediction - y) ** 2), this.moved


def train_step(workload: Workload, state: Tree, xs: Any, y: Any) -> Tree:
    weights, statistics, m, v, step, key = state
    step = step + 1
    loss_of = functools.partial(batch_loss, workload)
    gradient, statistics = jax.grad(loss_of, has_aux=True)(
        weights, statistics, xs, y, jax.random.fold_in(key, step)
    )
    m = jax.tree.map(lambda a, g: BETA_1 * a + (1 - BETA_1) * g, m, gradient)
    v = jax.tree.map(lambda a, g: BETA_2 * a + (1 - BETA_2) * g * g, v, gradient)
    rate = RATE * jnp.sqrt(1 - BETA_2**step) / (1 - BETA_1**step)
    weights = jax.tree.map(lambda w, a, b: w - rate * a / (jnp.sqrt(b) + EPSILON), weights, m, v)
    return weights, statistics, m, v, step, key


class Trainer:
    def __init__(self, workload: Workload, _threads: int, variant: str) -> None:
        self.note = "whole loop in one jit" if variant == "loop" else "jitted step"
        self.batch, self.per_epoch = workload.batch, workload.steps_per_epoch
        self.host_xs, self.host_y = workload.data()
        self.xs, self.y = tuple(map(jnp.asarray, self.host_xs)), jnp.asarray(self.host_y)
        draw = Draw(np.random.default_rng(0))
        weights, _ = network_init(draw, workload.shape, workload.layers)

        def zeros() -> Tree:
            return jax.tree.map(jnp.zeros_like, weights)

        key = jax.random.key(0)
        self.state = (weights, draw.statistics, zeros(), zeros(), jnp.int32(0), key)
        self.epoch = 0
        step = functools.partial(train_step, workload)
        loss = functools.partial(batch_loss, workload)
        self.full_loss = jax.jit(lambda w, s, xs, y: loss(w, s, xs, y, None)[0])
        self.step = jax.jit(step, donate_argnums=0)
        self.loop = jax.jit(functools.partial(self._loop, step), static_argnums=4, donate_argnums=0)
        self.fit = self.fit_loop if variant == "loop" else self.fit_steps

    def _shuffled(self, key: Any, xs: Any, y: Any) -> tuple[Any, Any]:
        """Permute the rows and cut them into batches."""
        order = jax.random.permutation(key, len(y)).reshape(self.per_epoch, self.batch)
        return tuple(x[order] for x in xs), y[order]

    def _loop(self, step: Any, state: Tree, key: Any, xs: Any, y: Any, epochs: int) -> Tree:
        def one_step(state: Tree, batch: Any) -> tuple[Tree, None]:
            return step(state, *batch), None

        def one_epoch(state: Tree, epoch_key: Any) -> tuple[Tree, None]:
            return jax.lax.scan(one_step, state, self._shuffled(epoch_key, xs, y))[0], None

        return jax.lax.scan(one_epoch, state, jax.random.split(key, epochs))[0]

    def fit_loop(self, epochs: int) -> None:
        self.epoch += 1
        key = jax.random.key(self.epoch)
        self.state = jax.block_until_ready(self.loop(self.state, key, self.xs, self.y, epochs))

    def fit_steps(self, epochs: int) -> None:
        state, step, batch = self.state, self.step, self.batch
        rows = len(self.y)
        rng = np.random.default_rng(self.epoch)
        for _ in range(epochs):
            self.epoch += 1
            order = rng.permutation(rows)
            # Slices of NumPy arrays: passing them is cheaper than cutting them on the device.
            xs, y = [x[order] for x in self.host_xs], self.host_y[order]
            for begin in range(0, rows, batch):
                end = begin + batch
                state = step(state, tuple(x[begin:end] for x in xs), y[begin:end])
        self.state = jax.block_until_ready(state)

    def loss(self) -> float:
        return float(self.full_loss(self.state[0], self.state[1], self.xs, self.y))


class Predictor:
    def __init__(self, workload: Workload, _threads: int, files: Files) -> None:
        drawn, _ = network_init(Draw(np.random.default_rng(0)), workload.shape, workload.layers)
        given = [jnp.asarray(array) for array in files.arrays("weights")]
        self.weights = jax.tree.unflatten(jax.tree.structure(drawn), given)
        means = [jnp.asarray(array) for array in files.arrays("statistics")]
        self.statistics = list(zip(means[::2], means[1::2], strict=True))

        @jax.jit
        def predict(weights: Tree, statistics: Tree, xs: Any) -> Any:
            x = xs if len(xs) > 1 else xs[0]
            return network(weights, x, Pass(None, statistics), workload.layers)

        self.predict = predict

    def prepare(self, xs: list[Any]) -> Callable[[], Any]:
        return lambda: np.asarray(self.predict(self.weights, self.statistics, xs))
