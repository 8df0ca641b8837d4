"""Element-wise crossentropies of targets and predictions."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina._tensors.dispatch import operation
from lamina._tensors.given import given
from lamina._tensors.tensor import Tensor
from lamina.ops._axes import axis_of, shown
from lamina.ops._elements import converted, floats
from lamina.ops.activations import softplus
from lamina.ops.arithmetic import add, divide, multiply, negative, subtract
from lamina.ops.bounds import clip
from lamina.ops.comparisons import equal, where
from lamina.ops.exponentials import log
from lamina.ops.reductions import sum as sum_of
from lamina.ops.shaping import expand_dims, squeeze
from lamina.ops.simplex import log_softmax

__all__ = ["binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"]

# Probabilities are kept this far from 0 and 1, as in Keras.
EPSILON = 1e-7


@operation
def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """Return ``-t log(p) - (1 - t) log(1 - p)`` for each element.

    Parameters
    ----------
    target, output : tensor or array_like
        Of the same shape.
    from_logits : bool, default False
        Whether ``output`` is that before the sigmoid.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.binary_crossentropy([1.0, 0.0], [0.5, 0.5])
    array([0.6931472, 0.6931472], dtype=float32)
    """
    t, x = floats(target), floats(output)
    _check_shapes("binary_crossentropy", t, x, t.shape == x.shape)
    if from_logits:
        return subtract(softplus(x), multiply(t, x))
    p = clip(x, EPSILON, 1.0 - EPSILON)
    right = multiply(t, log(p))
    wrong = multiply(subtract(1.0, t), log(subtract(1.0, p)))
    return negative(add(right, wrong))


def _check_shapes(who: str, target: Tensor, output: Tensor, fit: bool) -> None:
    if not fit:
        raise ValueError(
            f"{who}: target and output do not fit; got shapes {shown(target)} and {shown(output)}"
        )


@operation
def categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """Return ``-sum(t log(p))`` over the classes.

    Parameters
    ----------
    target, output : tensor or array_like
        Of the same shape; outputs are scaled to sum 1.
    from_logits : bool, default False
        Whether ``output`` is that before the softmax.
    axis : int, default -1
        The axis of the classes.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.categorical_crossentropy([[0.0, 1.0], [1.0, 0.0]], [[1.0, 3.0], [0.5, 0.5]]).round(4)
    array([0.2877, 0.6931], dtype=float32)
    >>> ops.categorical_crossentropy([[0.0, 1.0]], [[0.0, 0.0]], from_logits=True).round(4)
    array([0.6931], dtype=float32)
    """
    t, x = floats(target), floats(output)
    _check_shapes("categorical_crossentropy", t, x, t.shape == x.shape and x.ndim > 0)
    logs = _log_probabilities("categorical_crossentropy", x, from_logits, axis)
    return negative(sum_of(multiply(t, logs), axis))


def _log_probabilities(who: str, x: Tensor, from_logits: bool, axis: int) -> Any:
    axis_of(who, axis, x.ndim)
    if from_logits:
        return log_softmax(x, axis)
    return log(clip(divide(x, sum_of(x, axis, keepdims=True)), EPSILON, 1.0 - EPSILON))


@operation
def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """Return ``-log(p)`` of the class of each label; 0 for labels that are not classes.

    Parameters
    ----------
    target : tensor or array_like of int
        With the output's shape without its last axis, or with size 1 there.
    output : tensor or array_like
        Scaled to sum 1.
    from_logits : bool, default False
        Whether ``output`` is that before the softmax.
    axis : int, default -1
        The axis of the classes.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.sparse_categorical_crossentropy([1, 0], [[0.25, 0.75], [0.5, 0.5]]).round(4)
    array([0.2877, 0.6931], dtype=float32)
    >>> ops.sparse_categorical_crossentropy([1], [[0.0, 0.0]], from_logits=True).round(4)
    array([0.6931], dtype=float32)
    """
    who = "sparse_categorical_crossentropy"
    t, x = converted(given(target), "int32"), floats(output)
    if t.ndim == x.ndim and t.ndim and t.shape[-1] == 1:
        t = squeeze(t, -1)
    place = axis_of(who, axis, x.ndim)
    _check_shapes(who, t, x, t.shape == (*x.shape[:place], *x.shape[place + 1 :]))
    logs = _log_probabilities(who, x, from_logits, axis)
    classes = np.arange(x.shape[place], dtype=np.int32)
    here = equal(expand_dims(t, place), classes.reshape([-1, *[1] * (x.ndim - 1 - place)]))
    return negative(sum_of(where(here, logs, 0.0), place))
