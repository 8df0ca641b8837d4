"""Codes of integers on arrays: unchanged, one-hot, multi-hot, or counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina._check import Array

MODES = ("int", "one_hot", "multi_hot", "count")


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

    A last axis of one element is dropped by one_hot; multi_hot and count combine the last axis.
    """
    if mode == "int":
        return indices.astype(np.int32)
    if mode == "one_hot":
        if indices.ndim > 1 and indices.shape[-1] == 1:
            indices = indices[..., 0]
        return np.asarray(indices[..., None] == np.arange(depth), dtype)
    lines = indices.reshape(-1, indices.shape[-1]) if indices.ndim else indices.reshape(1, 1)
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
