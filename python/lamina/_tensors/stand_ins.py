"""Dummy arrays for TensorFlow's symbolic tensors.

They are used to find a function's output types and shapes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

# Of axes of unknown length, in the two calls.  Kernels and poolings fit in, these with any strides
# up to 64 give two lengths, and both are halved without a rest five times, as in U-Nets.
SIZES = (32, 64)
# TensorFlow's operations that make lengths of others.
ARITHMETIC = frozenset(
    {
        "StridedSlice", "GatherV2", "Pack", "Cast", "Identity", "Add", "AddV2", "Sub", "Mul",
        "FloorDiv", "FloorMod", "Maximum", "Minimum", "Prod",
    }
)  # fmt: skip


def stand_ins(tf: Any, tensors: Sequence[Any], which: int) -> list[Any]:
    """Return arrays of the tensors' types and known lengths, for the call 0 or 1."""
    return [_stand_in(tf, tensor, which) for tensor in tensors]


def _stand_in(tf: Any, tensor: Any, which: int) -> Any:
    """Return an array that differs between the calls in as much as may depend on values.

    Integers are 0, then 0 and 1, which most functions take as categories; texts have different
    numbers of words; lengths are those of axes of unknown length; matrices that may have to be
    positive definite are.  All numbers are whole, as floats may be categories, too.
    """
    sizes = tuple(SIZES[which] if size is None else size for size in tensor.shape)
    if tensor.dtype == tf.string:
        return np.full(sizes, ("a a", "a a a")[which], object)
    kind = tensor.dtype.as_numpy_dtype
    if tensor.dtype.is_integer and _is_length(tensor):
        return np.full(sizes, SIZES[which], kind)
    if len(sizes) > 1 and sizes[-1] == sizes[-2] and not tensor.dtype.is_integer:
        n = sizes[-1]
        matrix = np.diag(np.arange(1, n + 1)) + 1 if which else np.eye(n)
        return np.broadcast_to(matrix, sizes).astype(kind)
    count = int(np.prod(sizes))
    return (which * (np.arange(1, count + 1) % 2)).reshape(sizes).astype(kind)


def _is_length(tensor: Any) -> bool:
    """Return whether TensorFlow computes the tensor from lengths of axes."""
    if tensor.op.type in ("Shape", "Size"):
        return True
    return tensor.op.type in ARITHMETIC and any(map(_is_length, tensor.op.inputs))
