"""Codes of integers on arrays: unchanged, one-hot, multi-hot, or counts."""

from __future__ import annotations

from math import prod
from typing import Any, ClassVar

import numpy as np

from lamina import _policies, ops
from lamina._check import Array
from lamina.layers.base.shapes import Spec
from lamina.layers.layer import Layer

MODES = ("int", "one_hot", "multi_hot", "count")
INTEGERS = ("int32", "int64")


class Coding(Layer):
    """A layer that returns integers or codes of them; with an integer ``dtype``, codes are int32.

    As in Keras, where int64 is the default of some of these layers, and int32 is computed.
    """

    # Types that Keras accepts and that have no effect.
    _idle_dtypes: ClassVar[tuple[str, ...]] = ()
    _integers: str | None = None  # an integer type that was asked for
    output_mode: str

    def __init__(self, **base: Any) -> None:
        named = base.pop("dtype", None)
        if named is not None:
            also = (*INTEGERS, *self._idle_dtypes)
            named = _policies.named(type(self).__name__, named, also)
        integers = named if named in INTEGERS else None
        kept = None if integers or named in self._idle_dtypes else named
        super().__init__(dtype=kept, **base)
        self._integers = integers

    @property
    def _code_dtype(self) -> str:
        return "int32" if self._integers else self.dtype

    def _code_spec(self, row_shape: tuple[Any, ...], mode: str, depth: int) -> Spec:
        kind = "int32" if mode == "int" or self._integers else "float"
        return Spec(coded_shape(row_shape, mode, depth), kind)

    def _codes_of(self, x: Any, mode: str, depth: int, weights: Any = None) -> Any:
        """Return a tensor of integers encoded as by ``coded``; weights multiply counts."""
        kind = "int32" if self._integers else None
        if mode == "one_hot":
            single = x.ndim > 1 and x.shape[-1] == 1
            return ops.one_hot(ops.squeeze(x, -1) if single else x, depth, dtype=kind)
        codes = ops.one_hot(x, depth, dtype=kind)
        if mode == "multi_hot":
            return ops.max(codes, axis=-2)
        if weights is not None:
            codes = codes * ops.expand_dims(ops.cast(weights, codes.dtype), -1)
        return ops.sum(codes, axis=-2)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as plain values."""
        config = super().get_config()
        return {**config, "dtype": self._integers} if self._integers else config


def check_mode(who: str, mode: Any, modes: tuple[str, ...] = MODES) -> str:
    """Return the name of the output mode; "binary" and "tf-idf" are old Keras names."""
    known = {"binary": "multi_hot", "tf-idf": "tf_idf"}.get(mode, mode)
    if known not in modes:
        shown = ", ".join(map(repr, modes))
        raise ValueError(f"{who}: output_mode must be one of {shown}; got {mode!r}")
    return str(known)


def check_dense(who: str, sparse: object) -> bool:
    """Return False; outputs are dense."""
    if sparse is not False:
        raise ValueError(f"{who}: sparse must be False: outputs are dense; got {sparse!r}")
    return False


def coded(indices: Array, mode: str, depth: int, dtype: str) -> Array:
    """Return integers encoded according to a mode; those outside [0, depth) are ignored.

    A last axis of one element is dropped by one_hot; multi_hot and count combine the last axis,
    which may be empty.
    """
    if mode == "int":
        return indices.astype(np.int32)
    if mode == "one_hot":
        if indices.ndim > 1 and indices.shape[-1] == 1:
            indices = indices[..., 0]
        return np.asarray(indices[..., None] == np.arange(depth), dtype)
    last = indices.shape[-1] if indices.ndim else 1
    lines = indices.reshape(prod(indices.shape[:-1]), last)
    inside = (lines >= 0) & (lines < depth)
    row = np.broadcast_to(np.arange(len(lines))[:, None], lines.shape)[inside]
    counts = np.zeros((len(lines), depth), dtype)
    if mode == "count":
        np.add.at(counts, (row, lines[inside]), 1)
    else:
        counts[row, lines[inside]] = 1
    return counts.reshape(*indices.shape[:-1], depth)


def coded_shape(row_shape: tuple[Any, ...], mode: str, depth: int) -> tuple[Any, ...]:
    """Return the row shape of the result of ``coded``, for that of a row of integers."""
    if mode == "int":
        return row_shape
    if mode == "one_hot" and (not row_shape or row_shape[-1] != 1):
        return (*row_shape, depth)
    return (*row_shape[:-1], depth)
