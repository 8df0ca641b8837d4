"""Prescribed random numbers: the same for layers of Keras and of this library."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import lamina
from lamina import layers, ops
from lamina._tensors.given import given

DRAWS = 40
COLUMNS = {1: slice(0, 1), 2: slice(1, 3), 8: slice(3, 11)}  # by the number of draws for an image


def unit(draw: int, count: int) -> Any:
    """Return numbers that stand in for random numbers in [0, 1)."""
    return np.random.default_rng(draw).uniform(size=count).astype(np.float32)


def noise(axis: int, height: int, width: int) -> Any:
    """Return stand-ins for normal numbers: moves along an axis, the same for all images."""
    rng = np.random.default_rng(50 + axis)
    return (9 * rng.normal(size=(1, height, width))).astype(np.float32)


def given_draws(n: int) -> Any:
    """Return the draws of n images, for ``Given``."""
    return np.stack([
        np.concatenate([unit(draw, n * size).reshape(n, size) for size in COLUMNS], 1)
        for draw in range(DRAWS)
    ], 1)  # fmt: skip


@contextmanager
def drawn_by_keras(draws: Iterator[int] | None = None) -> Iterator[None]:
    """Make Keras on JAX draw these numbers, one after the other or those of ``draws``."""
    import jax
    from keras.src.backend.jax import random as theirs

    draws, moves = draws or iter(range(DRAWS)), iter((1, 0) * DRAWS)

    def uniform(
        shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Any = None
    ) -> Any:
        u = unit(next(draws), int(np.prod(shape)))
        return (minval + (maxval - minval) * u).reshape(shape)

    def randint(shape: Any, minval: int, maxval: int, dtype: Any = None, seed: Any = None) -> Any:
        return np.floor(uniform(shape, minval, maxval)).astype(int)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(theirs, "uniform", uniform)
        patch.setattr(theirs, "randint", randint)
        patch.setattr(theirs, "beta", lambda shape, *_, **__: uniform(shape))
        patch.setattr(theirs, "gamma", lambda shape, *_, **__: uniform(shape))
        patch.setattr(theirs, "shuffle", lambda x, **_: np.argsort(uniform(x.shape)))
        patch.setattr(
            jax.random, "normal",
            lambda _, shape, dtype: np.broadcast_to(noise(next(moves), *shape[1:]), shape),
        )  # fmt: skip
        yield


@contextmanager
def drawn_from(u: Any, draws: Iterator[int] | None = None) -> Iterator[None]:
    """Make layers draw these numbers; ``u`` are those for each image."""
    draws = draws or iter(range(DRAWS))

    def uniform(
        shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Any = None
    ) -> Any:
        draw = next(draws)
        if type(shape[0]) is int:  # for all images
            found = unit(draw, int(np.prod(shape))).reshape(shape)
            return minval + (maxval - minval) * found
        columns = COLUMNS[int(np.prod(shape[1:]))]
        return minval + (maxval - minval) * ops.reshape(u[:, draw, columns], (-1, *shape[1:]))

    def randint(shape: Any, minval: int, maxval: int, seed: Any = None) -> Any:
        return np.floor(uniform(shape, minval, maxval)).astype(int)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lamina.random, "uniform", uniform)
        patch.setattr(lamina.random, "randint", randint)
        patch.setattr(lamina.random, "beta", lambda shape, *_, **__: uniform(shape))
        patch.setattr(lamina.random, "gamma", lambda shape, *_, **__: uniform(shape))
        patch.setattr(
            lamina.random, "normal",
            lambda shape, **_: given(
                np.stack([noise(axis, *shape[1:3]) for axis in range(2)], -1)
            ),
        )  # fmt: skip
        yield


class Given(layers.Layer):
    """A layer in training that draws prescribed numbers: a column for each draw."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.layer = layer

    def call(self, x: Any, u: Any) -> Any:
        with drawn_from(u):
            return self.layer(x, training=True)
