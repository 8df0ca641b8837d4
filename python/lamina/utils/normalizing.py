"""Vectors scaled to a norm of 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina._calls import answering_calls
from lamina._check import MAX_ELEMENTS, integer, numeric
from lamina._tensors import dispatch
from lamina._tensors.dataflow import mappable


@mappable
@answering_calls
def normalize(x: Any, axis: int = -1, order: int = 2) -> Any:
    """Return x divided by its norm along an axis; zero vectors are left unchanged.

    Parameters
    ----------
    x : array_like or tensor
    axis : int, default -1
    order : int, default 2
        Order of the norm.

    Examples
    --------
    >>> from lamina import utils
    >>> utils.normalize([[3.0, 4.0], [0.0, 0.0]])
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    if dispatch.on_tensors(x):
        from lamina import ops

        return ops.normalize(x, axis, order)
    array = numeric("normalize", "x", x)
    if not -array.ndim <= integer("normalize", "axis", axis, -MAX_ELEMENTS) < array.ndim:
        raise ValueError(
            f"normalize: axis must be one of x, which has shape {array.shape}; got {axis}"
        )
    norms = np.linalg.norm(array, order, axis, keepdims=True)
    return array / np.where(norms == 0, 1, norms)
