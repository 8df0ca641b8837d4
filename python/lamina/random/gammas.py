"""Random numbers of the gamma and the beta distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina import ops
from lamina._calls import answering_calls
from lamina._check import numeric
from lamina._tensors.dataflow import drawing
from lamina._tensors.dispatch import at_once, on_tensors
from lamina._tensors.given import given
from lamina.random._numbers import floating, numbers, sizes_of
from lamina.random.seed_generator import SeedGenerator
from lamina.random.streams import mix, seed_value

TRIES = 10  # at least 19 of 20 are accepted: all ten are rejected once in 10^13 draws


@drawing
@answering_calls
def gamma(shape: Any, alpha: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Return gamma-distributed numbers with scale 1.

    No gradient flows to ``alpha``.

    Parameters
    ----------
    shape : tuple of int
        The first entry may be that of ``ops.shape`` for a tensor with rows.
    alpha : float, tensor or array_like
        The shape parameter, positive, which is the mean and the variance.  It broadcasts to
        `shape`.
    dtype : str, optional
        By default "float32".
    seed : int or SeedGenerator, optional
        An integer gives the same numbers in each call; a generator, or None, new ones.

    Returns
    -------
    tensor or ndarray of shape `shape`
        A tensor while a graph is recorded, otherwise an array.

    Raises
    ------
    ValueError
        If an entry of `alpha` is not positive, or a size or the seed is negative.
    TypeError
        If an argument is of the wrong type.

    Examples
    --------
    >>> from lamina import random
    >>> bool(abs(random.gamma((1000,), 3.0, seed=1).mean() - 3.0) < 0.2)
    True
    """
    drawn = ops.exp(_log_gamma("gamma", shape, alpha, "alpha", seed, 0))
    return floating("gamma", ops.stop_gradient(drawn), dtype)


@drawing
@answering_calls
def beta(shape: Any, alpha: Any, beta: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Return beta-distributed numbers, from 0 to 1.

    No gradient flows to ``alpha`` and ``beta``.

    Parameters
    ----------
    shape : tuple of int
        The first entry may be that of ``ops.shape`` for a tensor with rows.
    alpha, beta : float, tensor or array_like
        Positive; the mean is ``alpha / (alpha + beta)``.  They broadcast to `shape`.
    dtype : str, optional
        By default "float32".
    seed : int or SeedGenerator, optional
        An integer gives the same numbers in each call; a generator, or None, new ones.

    Returns
    -------
    tensor or ndarray of shape `shape`
        A tensor while a graph is recorded, otherwise an array.

    Raises
    ------
    ValueError
        If an entry of `alpha` or `beta` is not positive, or a size or the seed is negative.
    TypeError
        If an argument is of the wrong type.

    Examples
    --------
    >>> from lamina import random
    >>> bool(abs(random.beta((1000,), 1.0, 3.0, seed=1).mean() - 0.25) < 0.03)
    True
    """
    one = _log_gamma("beta", shape, alpha, "alpha", seed, 0)
    other = _log_gamma("beta", shape, beta, "beta", seed, 3)
    return floating("beta", ops.stop_gradient(ops.sigmoid(ops.subtract(one, other))), dtype)


def _log_gamma(who: str, shape: Any, alpha: Any, name: str, seed: Any, use: int) -> Any:
    """Return logarithms of gamma-distributed numbers (Marsaglia and Tsang, 2000).

    The first accepted of a fixed number of tries, so that the number of draws depends on no value.
    """
    if not on_tensors(alpha) and not np.all(numeric(who, name, alpha) > 0):
        raise ValueError(f"{who}: {name} must be positive; got {alpha!r}")
    sizes = sizes_of(who, shape)
    parts = [
        numbers(who, "normal", [*sizes, TRIES], 0.0, 1.0, _own(who, seed, use)),
        numbers(who, "uniform", [*sizes, TRIES], 0.0, 1.0, _own(who, seed, use + 1)),
        numbers(who, "uniform", sizes, 0.0, 1.0, _own(who, seed, use + 2)),
        alpha if on_tensors(alpha) else np.asarray(alpha, float),
    ]
    if on_tensors(parts):
        return _accepted(*parts)
    return at_once(lambda *arrays: _accepted(*(given(array) for array in arrays)), parts, {})


def _accepted(x: Any, u: Any, last: Any, alpha: Any) -> Any:
    """Return the logarithms of the first accepted tries."""
    small = ops.less(alpha, 1.0)
    d = ops.expand_dims(ops.subtract(ops.where(small, ops.add(alpha, 1.0), alpha), 1 / 3), -1)
    root = ops.add(ops.multiply(x, ops.rsqrt(ops.multiply(d, 9.0))), 1.0)
    log_v = ops.multiply(ops.log(ops.maximum(root, 1e-30)), 3.0)
    bound = ops.multiply(d, ops.add(ops.subtract(1.0, ops.exp(log_v)), log_v))
    bound = ops.add(bound, ops.multiply(ops.square(x), 0.5))
    accepted = ops.logical_and(ops.greater(root, 0.0), ops.less(ops.log(u), bound))
    first = ops.argmax(ops.cast(accepted, "float32"), -1, keepdims=True)
    drawn = ops.squeeze(ops.add(ops.log(d), ops.take_along_axis(log_v, first, -1)), -1)
    # Below 1: a draw for alpha + 1, times u ** (1 / alpha).
    return ops.add(drawn, ops.where(small, ops.divide(ops.log(last), alpha), 0.0))


def _own(who: str, seed: Any, use: int) -> Any:
    """Return the seed of one of a function's draws, which must differ from that of any other."""
    if seed is None or isinstance(seed, SeedGenerator):
        return seed
    return mix(seed_value(who, seed), use)
