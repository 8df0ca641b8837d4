"""Keras's functions for random numbers, on arrays and while a graph is recorded.

With a number as seed they return the same numbers in each call.  Without a seed, or with a
``SeedGenerator``, they return new numbers in each call, and, if recorded in a graph, in each step.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lamina import _check, ops
from lamina._calls import answering_calls
from lamina._check import numeric
from lamina._tensors.dataflow import drawing
from lamina._tensors.dispatch import at_once, on_tensors, operation
from lamina._tensors.given import all_rows, current, given, record
from lamina._tensors.recording import Recording, RowCount
from lamina._tensors.rehearsal import rehearsing
from lamina.ops._types import array_type
from lamina.random.seed_generator import SeedGenerator
from lamina.random.streams import Stream, mix, next_seed, seed_value


def _numbers(who: str, kind: str, shape: Any, low: float, high: float, seed: Any) -> Any:
    """Return an array, or a tensor of the recording."""
    now = Recording.current()
    sizes = _sizes(who, shape)
    if seed is not None and not isinstance(seed, SeedGenerator):
        stream = Stream(seed_value(who, seed))
    elif now is None or now.once:
        if seed is None:
            stream = Stream(0 if rehearsing() else next_seed())
        else:
            stream = Stream(mix(seed.seed, seed.next()))
    else:
        each = bool(sizes) and (isinstance(sizes[0], RowCount) or sizes[0] is None)
        row = _counted(who, sizes[each:], shape)
        return record("random", kind, row, _stream(seed), float(low), float(high), each)
    drawn = getattr(stream, kind)(_counted(who, sizes, shape))
    return np.asarray(low + (high - low if kind == "uniform" else high) * drawn)


def _sizes(who: str, shape: Any) -> list[Any]:
    """Return the sizes that a shape holds, or the one that it is."""
    if isinstance(shape, (str, Mapping)):
        raise TypeError(f"{who}: shape must be a tuple of integers; got {shape!r}")
    try:
        return list(shape)
    except TypeError:  # one size
        return [shape]


def _counted(who: str, sizes: list[Any], shape: Any) -> list[int]:
    try:
        found = [operator.index(size) for size in sizes]
    except TypeError:
        raise TypeError(f"{who}: shape must be a tuple of integers; got {shape!r:.80}") from None
    if any(size < 0 for size in found):
        raise ValueError(f"{who}: shape must hold sizes from 0 on; got {shape!r:.80}")
    return found


def _single(who: str, name: str, value: Any, kind: Callable[[Any], Any]) -> Any:
    """Return an argument as one number of a kind."""
    try:
        return kind(value)
    except (TypeError, ValueError):
        rule = "an integer" if kind is operator.index else "a number"
        raise TypeError(f"{who}: {name} must be {rule}; got {value!r:.80}") from None


def _stream(seed: Any) -> int:
    """Return the number of an engine's stream, for the place of the draw and the generator."""
    place = current().next_stream()
    return place if seed is None else mix(seed.seed, place) & 0xFFFF_FFFF


def _typed(who: str, x: Any, dtype: Any) -> Any:
    kind = array_type(who, dtype)
    return x.astype(kind) if isinstance(x, np.ndarray) else ops.cast(x, kind)


@drawing
@answering_calls
def normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Return normal numbers.

    Parameters
    ----------
    shape : tuple of int
        The first entry may be that of ``ops.shape`` for a tensor with rows.
    mean, stddev : float, default 0.0 and 1.0
    dtype : str, optional
        By default "float32".
    seed : int or SeedGenerator, optional

    Examples
    --------
    >>> from lamina import random
    >>> random.normal((2, 3), seed=1).shape
    (2, 3)
    """
    return _moved("normal", shape, mean, stddev, dtype, seed)


@drawing
@answering_calls
def truncated_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Return normal numbers within two standard deviations; those outside are redrawn."""
    return _moved("truncated_normal", shape, mean, stddev, dtype, seed)


def _moved(kind: str, shape: Any, mean: Any, stddev: Any, dtype: Any, seed: Any) -> Any:
    if all(isinstance(v, (int, float)) for v in (mean, stddev)):
        return _typed(kind, _numbers(kind, kind, shape, mean, stddev, seed), dtype)
    standard = _typed(kind, _numbers(kind, kind, shape, 0.0, 1.0, seed), dtype)
    return ops.add(ops.multiply(standard, stddev), mean)


@drawing
@answering_calls
def uniform(
    shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Return numbers uniform in [minval, maxval).

    Examples
    --------
    >>> from lamina import random
    >>> bool(random.uniform((4,), 2.0, 3.0, seed=1).min() >= 2.0)
    True
    """
    low, high = (
        _single("uniform", "minval", minval, float),
        _single("uniform", "maxval", maxval, float),
    )
    x = _numbers("uniform", "uniform", shape, low, high, seed)
    y = _typed("uniform", x, dtype)
    if isinstance(y, np.ndarray) and y.size:  # rounding must not reach the upper bound
        y = np.minimum(y, np.nextafter(y.dtype.type(high), y.dtype.type(low)))
    return y


@drawing
@answering_calls
def randint(shape: Any, minval: int, maxval: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Return integers uniform in [minval, maxval)."""
    whole = operator.index
    low, high = (
        _single("randint", "minval", minval, whole),
        _single("randint", "maxval", maxval, whole),
    )
    if high <= low:
        raise ValueError(f"randint: maxval must be above minval; got {minval} and {maxval}")
    if array_type("randint", dtype) != "int32":
        raise ValueError(f"randint: dtype must be an integer type; got {dtype!r}")
    x = _numbers("randint", "uniform", shape, 0.0, 1.0, seed)
    steps = ops.minimum(ops.floor(ops.multiply(x, float(high - low))), float(high - low - 1))
    return ops.add(ops.cast(steps, "int32"), low)


@drawing
@answering_calls
def bernoulli(shape: Any, p: Any = 0.5, dtype: Any = None, seed: Any = None) -> Any:
    """Return 1 with probability p, else 0."""
    x = _numbers("bernoulli", "uniform", shape, 0.0, 1.0, seed)
    return _typed("bernoulli", ops.cast(ops.less(x, p), "float32"), dtype)


@drawing
@answering_calls
def binomial(
    shape: Any, counts: int, probabilities: Any, dtype: Any = None, seed: Any = None
) -> Any:
    """Return how many of ``counts`` trials succeed, each with the given probability."""
    whole = isinstance(counts, (float, np.floating)) and counts % 1 == 0
    trials = _single("binomial", "counts", int(counts) if whole else counts, operator.index)
    sizes = _sizes("binomial", shape)
    x = _numbers("binomial", "uniform", [*sizes, trials], 0.0, 1.0, seed)
    p = probabilities if isinstance(probabilities, float) else ops.expand_dims(probabilities, -1)
    return _typed("binomial", ops.sum(ops.cast(ops.less(x, p), "float32"), -1), dtype)


@drawing
@operation
def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Return classes drawn from log-probabilities, of shape (n, num_samples).

    Parameters
    ----------
    logits : tensor or array_like, shape (n, classes)
    num_samples : int
        Number of draws for each row.
    dtype : str, default "int32"
    seed : int or SeedGenerator, optional
    """
    x = ops.cast(given(logits), "float32")
    if x.ndim != 2:
        raise ValueError(f"categorical: logits must have 2 axes; got {x!r}")
    shape = (ops.shape(x)[0], _check.integer("categorical", "num_samples", num_samples), x.shape[1])
    u = given(_numbers("categorical", "uniform", shape, 0.0, 1.0, seed))
    # The largest of the logits plus Gumbel noise (Gumbel, 1954).
    noise = ops.negative(ops.log(ops.negative(ops.log(u))))
    return ops.cast(ops.argmax(ops.add(ops.expand_dims(x, 1), noise), -1), dtype)


@drawing
@operation
def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Any:
    """Set elements to 0 at random, and scale the rest by 1 / (1 - rate); also in inference.

    Parameters
    ----------
    inputs : tensor or array_like
    rate : float
        Share of zeros, in [0, 1].
    noise_shape : tuple of int or None, optional
        Axes of size 1 share their zeros; None means the size of the input.
    seed : int or SeedGenerator, optional
    """
    x = given(inputs)
    rate = _check.number("dropout", "rate", rate, 0.0, 1.0)
    if rate in (0, 1):
        return x if rate == 0 else ops.zeros_like(x)
    sizes = ops.shape(x)
    if noise_shape is not None:
        sizes = tuple(s if n is None else n for s, n in zip(sizes, noise_shape, strict=True))
    u = given(_numbers("dropout", "uniform", sizes, 0.0, 1.0, seed))
    return ops.where(ops.less(u, rate), 0.0, ops.divide(x, 1.0 - rate))


@drawing
@operation
def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Any:
    """Return the entries along an axis in random order, which is the same for all other axes.

    Parameters
    ----------
    x : tensor or array_like
    axis : int, default 0
    seed : int or SeedGenerator, optional
    """
    x = given(x)
    if not -x.ndim <= _check.integer("shuffle", "axis", axis, -_check.MAX_ELEMENTS) < x.ndim:
        raise ValueError(f"shuffle: axis must be one of x, which has {x.ndim}; got {axis}")
    x = all_rows(x) if axis in (0, -x.ndim) else x
    keys = _numbers("shuffle", "uniform", (x.shape[axis],), 0.0, 1.0, seed)
    return ops.take(x, ops.argsort(given(keys)), axis)


# --- gamma and beta

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
        ``shape``.
    dtype : str, optional
        By default "float32".
    seed : int or SeedGenerator, optional

    Examples
    --------
    >>> from lamina import random
    >>> bool(abs(random.gamma((1000,), 3.0, seed=1).mean() - 3.0) < 0.2)
    True
    """
    drawn = ops.exp(_log_gamma("gamma", shape, alpha, "alpha", seed, 0))
    return _typed("gamma", ops.stop_gradient(drawn), dtype)


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
        Positive; the mean is ``alpha / (alpha + beta)``.  They broadcast to ``shape``.
    dtype : str, optional
        By default "float32".
    seed : int or SeedGenerator, optional

    Examples
    --------
    >>> from lamina import random
    >>> bool(abs(random.beta((1000,), 1.0, 3.0, seed=1).mean() - 0.25) < 0.03)
    True
    """
    one = _log_gamma("beta", shape, alpha, "alpha", seed, 0)
    other = _log_gamma("beta", shape, beta, "beta", seed, 3)
    return _typed("beta", ops.stop_gradient(ops.sigmoid(ops.subtract(one, other))), dtype)


def _log_gamma(who: str, shape: Any, alpha: Any, name: str, seed: Any, use: int) -> Any:
    """Return logarithms of gamma-distributed numbers (Marsaglia and Tsang, 2000).

    The first accepted of a fixed number of tries, so that the number of draws depends on no value.
    """
    if not on_tensors(alpha) and not np.all(numeric(who, name, alpha) > 0):
        raise ValueError(f"{who}: {name} must be positive; got {alpha!r}")
    sizes = _sizes(who, shape)
    parts = [
        _numbers(who, "normal", [*sizes, TRIES], 0.0, 1.0, _own(who, seed, use)),
        _numbers(who, "uniform", [*sizes, TRIES], 0.0, 1.0, _own(who, seed, use + 1)),
        _numbers(who, "uniform", sizes, 0.0, 1.0, _own(who, seed, use + 2)),
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
