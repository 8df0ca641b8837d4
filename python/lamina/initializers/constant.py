"""Initializers without randomness."""

# ruff: noqa: ARG002 - a method that subclasses define names its arguments

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lamina._check import cast, number, quiet
from lamina.initializers.base import Initializer

if TYPE_CHECKING:
    from lamina.random import Stream


class Zeros(Initializer):
    """All values 0.

    Examples
    --------
    >>> from lamina import initializers
    >>> initializers.Zeros()((2,))
    array([0., 0.], dtype=float32)
    """

    def values(self, shape: tuple[int, ...], dtype: str, rng: Stream) -> NDArray[Any]:
        """Return zeros."""
        return np.zeros(shape, dtype)


class Ones(Initializer):
    """All values 1."""

    def values(self, shape: tuple[int, ...], dtype: str, rng: Stream) -> NDArray[Any]:
        """Return ones."""
        return np.ones(shape, dtype)


class Constant(Initializer):
    """All values equal to `value`.

    Parameters
    ----------
    value : float, default 0.0
        The value, finite.
    """

    def __init__(self, value: float = 0.0) -> None:
        self.value = number("Constant", "value", value)

    def values(self, shape: tuple[int, ...], dtype: str, rng: Stream) -> NDArray[Any]:
        """Return an array filled with the value."""
        return np.full(shape, cast(np.asarray(self.value), dtype), dtype)


class Identity(Initializer):
    """`gain` on the diagonal of a matrix, 0 elsewhere; the matrix need not be square.

    Parameters
    ----------
    gain : float, default 1.0
        Value of the diagonal.
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = number("Identity", "gain", gain)

    @quiet
    def values(self, shape: tuple[int, ...], dtype: str, rng: Stream) -> NDArray[Any]:
        """Return the matrix.

        Raises
        ------
        ValueError
            If the shape has not two axes.
        """
        if len(shape) != 2:
            raise ValueError(f"Identity: shape must have 2 axes; got {shape}")
        return self.gain * np.eye(*shape, dtype=dtype)
