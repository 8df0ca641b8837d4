"""Keras's ``backend``: what programs ask of it, where there is one backend and no session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina._answers import answering
from lamina._calls import answering_calls
from lamina._names import reset_names

__all__ = [
    "backend", "clear_session", "epsilon", "floatx", "image_data_format", "is_float_dtype",
    "is_int_dtype", "is_keras_tensor", "standardize_dtype",
]  # fmt: skip


def backend() -> str:
    """Return the name of the backend, "lamina"."""
    return "lamina"


@answering_calls
def clear_session(free_memory: bool = True) -> None:  # noqa: ARG001
    """Let the names of layers and models be counted anew.

    There is no other global state: models are freed with their last reference.
    """
    reset_names()


def epsilon() -> float:
    """Return 1e-7, which Keras's functions add so as not to divide by 0."""
    return 1e-7


def floatx() -> str:
    """Return the precision of models that are told none, "float32"."""
    return "float32"


def image_data_format() -> str:
    """Return how images lie, "channels_last"."""
    return "channels_last"


@answering_calls
def standardize_dtype(dtype: Any) -> str:
    """Return the name of a type."""
    return "float32" if dtype is None else np.dtype(dtype).name


@answering_calls
def is_float_dtype(dtype: Any) -> bool:
    """Return whether a type is one of floating-point numbers."""
    return bool(np.dtype(dtype).kind == "f")


@answering_calls
def is_int_dtype(dtype: Any) -> bool:
    """Return whether a type is one of integers."""
    return np.dtype(dtype).kind in "iu"


@answering_calls
def is_keras_tensor(x: Any) -> bool:
    """Return whether a value is a symbolic tensor, as ``Input`` returns."""
    from lamina.layers import SymbolicTensor

    return bool(isinstance(x, SymbolicTensor))


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)
