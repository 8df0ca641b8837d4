"""Random integers, truth values and classes."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from lamina import _check, ops
from lamina._calls import answering_calls
from lamina._tensors.dataflow import drawing
from lamina._tensors.dispatch import operation
from lamina._tensors.given import given
from lamina.ops._types import array_type
from lamina.random._numbers import floating, numbers, single, sizes_of, typed


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
        single("randint", "minval", minval, whole),
        single("randint", "maxval", maxval, whole),
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
    trials = single("binomial", "counts", int(counts) if whole else counts, operator.index)
    if trials < 0:
        raise ValueError(f"binomial: counts must be an integer from 0 on; got {counts!r}")
    sizes = sizes_of("binomial", shape)
    x = numbers("binomial", "uniform", [*sizes, trials], 0.0, 1.0, seed)
    p = probabilities if isinstance(probabilities, float) else ops.expand_dims(probabilities, -1)
    return floating("binomial", ops.sum(ops.cast(ops.less(x, p), "float32"), -1), dtype)


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
