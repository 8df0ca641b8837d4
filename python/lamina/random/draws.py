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
from lamina._tensors.dataflow import drawing
from lamina._tensors.dispatch import operation
from lamina._tensors.given import all_rows, current, given, record
from lamina._tensors.recording import Recording, RowCount
from lamina._tensors.rehearsal import rehearsing
from lamina.ops._types import array_type
from lamina.random.seed_generator import SeedGenerator
from lamina.random.streams import Stream, mix, next_seed, seed_value


def numbers(who: str, kind: str, shape: Any, low: float, high: float, seed: Any) -> Any:
    """Return an array, or a tensor of the recording."""
    now = Recording.current()
    sizes = sizes_of(who, shape)
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


def sizes_of(who: str, shape: Any) -> list[Any]:
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


def typed(who: str, x: Any, dtype: Any) -> Any:
    """Return the numbers in the dtype that was asked for, by default float32."""
    kind = array_type(who, dtype)
    return x.astype(kind) if isinstance(x, np.ndarray) else ops.cast(x, kind)


@drawing
@answering_calls
def normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Return normal numbers, ``mean + stddev * z`` with z standard normal.

    Parameters
    ----------
    shape : tuple of int
        The first entry may be that of ``ops.shape`` for a tensor with rows.
    mean, stddev : float, tensor or array_like, default 0.0 and 1.0
        They broadcast to `shape`.
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
        If a size or the seed is negative.
    TypeError
        If an argument is of the wrong type.

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
    """Return normal numbers within two standard deviations of the mean; those outside are redrawn.

    Their own standard deviation is ``0.88 * stddev``.

    Parameters
    ----------
    shape : tuple of int
        The first entry may be that of ``ops.shape`` for a tensor with rows.
    mean, stddev : float, tensor or array_like, default 0.0 and 1.0
        Of the normal distribution that is truncated.  They broadcast to `shape`.
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
        If a size or the seed is negative.
    TypeError
        If an argument is of the wrong type.

    Examples
    --------
    >>> from lamina import random
    >>> x = random.truncated_normal((1000,), mean=5.0, stddev=2.0, seed=1)
    >>> bool(x.min() >= 1.0 and x.max() <= 9.0)
    True
    """
    return _moved("truncated_normal", shape, mean, stddev, dtype, seed)


def _moved(kind: str, shape: Any, mean: Any, stddev: Any, dtype: Any, seed: Any) -> Any:
    if all(isinstance(v, (int, float)) for v in (mean, stddev)):
        return typed(kind, numbers(kind, kind, shape, mean, stddev, seed), dtype)
    standard = typed(kind, numbers(kind, kind, shape, 0.0, 1.0, seed), dtype)
    return ops.add(ops.multiply(standard, stddev), mean)


@drawing
@answering_calls
def uniform(
    shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Return numbers uniform in [minval, maxval).

    Parameters
    ----------
    shape : tuple of int
        The first entry may be that of ``ops.shape`` for a tensor with rows.
    minval, maxval : float, default 0.0 and 1.0
        The bounds; `maxval` itself is not drawn.
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
        If a size or the seed is negative.
    TypeError
        If an argument is of the wrong type.

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
    x = numbers("uniform", "uniform", shape, low, high, seed)
    y = typed("uniform", x, dtype)
    if isinstance(y, np.ndarray) and y.size:  # rounding must not reach the upper bound
        y = np.minimum(y, np.nextafter(y.dtype.type(high), y.dtype.type(low)))
    return y


@drawing
@answering_calls
def randint(shape: Any, minval: int, maxval: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Return integers uniform in [minval, maxval).

    Parameters
    ----------
    shape : tuple of int
        The first entry may be that of ``ops.shape`` for a tensor with rows.
    minval, maxval : int
        The smallest integer, and the one after the largest.
    dtype : str, default "int32"
        An integer type; the result is int32 for any of them.
    seed : int or SeedGenerator, optional
        An integer gives the same numbers in each call; a generator, or None, new ones.

    Returns
    -------
    tensor or ndarray of shape `shape`
        A tensor while a graph is recorded, otherwise an array.

    Raises
    ------
    ValueError
        If `maxval` is not above `minval`, `dtype` is not an integer type, or a size or the seed is
        negative.
    TypeError
        If `minval` or `maxval` is not an integer, or another argument is of the wrong type.

    Examples
    --------
    >>> from lamina import random
    >>> random.randint((5,), 1, 7, seed=1)
    array([6, 5, 2, 5, 2], dtype=int32)
    """
    whole = operator.index
    low, high = (
        _single("randint", "minval", minval, whole),
        _single("randint", "maxval", maxval, whole),
    )
    if high <= low:
        raise ValueError(f"randint: maxval must be above minval; got {minval} and {maxval}")
    if array_type("randint", dtype) != "int32":
        raise ValueError(f"randint: dtype must be an integer type; got {dtype!r}")
    x = numbers("randint", "uniform", shape, 0.0, 1.0, seed)
    steps = ops.minimum(ops.floor(ops.multiply(x, float(high - low))), float(high - low - 1))
    return ops.add(ops.cast(steps, "int32"), low)


@drawing
@answering_calls
def bernoulli(shape: Any, p: Any = 0.5, dtype: Any = None, seed: Any = None) -> Any:
    """Return 1 with probability p, otherwise 0.

    Parameters
    ----------
    shape : tuple of int
        The first entry may be that of ``ops.shape`` for a tensor with rows.
    p : float, tensor or array_like, default 0.5
        The probability of 1, in [0, 1]; not checked.  It broadcasts to `shape`.
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
        If a size or the seed is negative.
    TypeError
        If an argument is of the wrong type.

    Examples
    --------
    >>> from lamina import random
    >>> random.bernoulli((5,), 0.3, seed=1)
    array([0., 0., 1., 0., 1.], dtype=float32)
    """
    x = numbers("bernoulli", "uniform", shape, 0.0, 1.0, seed)
    return typed("bernoulli", ops.cast(ops.less(x, p), "float32"), dtype)


@drawing
@answering_calls
def binomial(
    shape: Any, counts: int, probabilities: Any, dtype: Any = None, seed: Any = None
) -> Any:
    """Return binomial numbers: how many of ``counts`` trials succeed.

    Each trial is drawn, so that time and memory grow with ``counts``.

    Parameters
    ----------
    shape : tuple of int
        The first entry may be that of ``ops.shape`` for a tensor with rows.
    counts : int
        The number of trials, the same for all elements.
    probabilities : float, tensor or array_like
        The probability of success, in [0, 1]; not checked.  It broadcasts to `shape`.
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
        If `counts`, a size or the seed is negative.
    TypeError
        If `counts` is not an integer, or another argument is of the wrong type.

    Examples
    --------
    >>> from lamina import random
    >>> random.binomial((5,), counts=10, probabilities=0.3, seed=1)
    array([4., 2., 4., 3., 8.], dtype=float32)
    """
    whole = isinstance(counts, (float, np.floating)) and counts % 1 == 0
    trials = _single("binomial", "counts", int(counts) if whole else counts, operator.index)
    sizes = sizes_of("binomial", shape)
    x = numbers("binomial", "uniform", [*sizes, trials], 0.0, 1.0, seed)
    p = probabilities if isinstance(probabilities, float) else ops.expand_dims(probabilities, -1)
    return typed("binomial", ops.sum(ops.cast(ops.less(x, p), "float32"), -1), dtype)


@drawing
@operation
def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Return classes drawn with probabilities ``softmax(logits)``.

    Parameters
    ----------
    logits : tensor or array_like, shape (n, classes)
        Logarithms of the probabilities, up to a constant for each row.
    num_samples : int
        Number of draws for each row.
    dtype : str, default "int32"
    seed : int or SeedGenerator, optional
        An integer gives the same numbers in each call; a generator, or None, new ones.

    Returns
    -------
    tensor or ndarray of shape (n, num_samples)
        Classes, from 0 to ``classes - 1``.

    Raises
    ------
    ValueError
        If `logits` does not have 2 axes, or `num_samples` is not positive, or the seed is negative.
    TypeError
        If an argument is of the wrong type.

    Examples
    --------
    >>> from lamina import random
    >>> random.categorical([[0.0, 1.0]], 5, seed=1)
    array([[0, 1, 1, 1, 0]], dtype=int32)
    """
    x = ops.cast(given(logits), "float32")
    if x.ndim != 2:
        raise ValueError(f"categorical: logits must have 2 axes; got {x!r}")
    shape = (ops.shape(x)[0], _check.integer("categorical", "num_samples", num_samples), x.shape[1])
    u = given(numbers("categorical", "uniform", shape, 0.0, 1.0, seed))
    # The largest of the logits plus Gumbel noise (Gumbel, 1954).
    noise = ops.negative(ops.log(ops.negative(ops.log(u))))
    return ops.cast(ops.argmax(ops.add(ops.expand_dims(x, 1), noise), -1), dtype)


@drawing
@operation
def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Any:
    """Set elements to 0 at random, and scale the rest by ``1 / (1 - rate)``; also in inference.

    Parameters
    ----------
    inputs : tensor or array_like
    rate : float
        Share of zeros, in [0, 1].
    noise_shape : tuple of int or None, optional
        Axes of size 1 share their zeros; None means the size of the input.
    seed : int or SeedGenerator, optional
        An integer gives the same numbers in each call; a generator, or None, new ones.

    Returns
    -------
    tensor or ndarray
        Of the shape of `inputs`.

    Raises
    ------
    ValueError
        If `rate` is not in [0, 1], or `noise_shape` does not fit, or the seed is negative.
    TypeError
        If an argument is of the wrong type.

    Examples
    --------
    >>> from lamina import random
    >>> random.dropout([[0.0, 1.0, 2.0, 3.0]], 0.5, seed=1)
    array([[0., 2., 0., 6.]], dtype=float32)
    """
    x = given(inputs)
    rate = _check.number("dropout", "rate", rate, 0.0, 1.0)
    if rate in (0, 1):
        return x if rate == 0 else ops.zeros_like(x)
    sizes = ops.shape(x)
    if noise_shape is not None:
        sizes = tuple(s if n is None else n for s, n in zip(sizes, noise_shape, strict=True))
    u = given(numbers("dropout", "uniform", sizes, 0.0, 1.0, seed))
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
        An integer gives the same numbers in each call; a generator, or None, new ones.

    Returns
    -------
    tensor or ndarray
        Of the shape of `x`.

    Raises
    ------
    ValueError
        If `x` does not have the axis, or the seed is negative.
    TypeError
        If an argument is of the wrong type.

    Examples
    --------
    >>> from lamina import random
    >>> random.shuffle([1, 2, 3, 4], seed=1)
    array([3, 2, 4, 1], dtype=int32)
    """
    x = given(x)
    if not -x.ndim <= _check.integer("shuffle", "axis", axis, -_check.MAX_ELEMENTS) < x.ndim:
        raise ValueError(f"shuffle: axis must be one of x, which has {x.ndim}; got {axis}")
    x = all_rows(x) if axis in (0, -x.ndim) else x
    keys = numbers("shuffle", "uniform", (x.shape[axis],), 0.0, 1.0, seed)
    return ops.take(x, ops.argsort(given(keys)), axis)
