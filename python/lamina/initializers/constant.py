"""Initializers without randomness."""

# ruff: noqa: ARG002 - a method that subclasses define names its arguments

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lamina._check import cast, number, numeric, quiet
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
    """All values 1.

    Examples
    --------
    >>> from lamina import initializers
    >>> initializers.Ones()((2,))
    array([1., 1.], dtype=float32)
    """

    def values(self, shape: tuple[int, ...], dtype: str, rng: Stream) -> NDArray[Any]:
        """Return ones."""
        return np.ones(shape, dtype)


class Constant(Initializer):
    """All values equal to `value`, or those of an array.

    Parameters
    ----------
    value : float or array_like, default 0.0
        Finite; an array must have the weight's shape, or broadcast to it.

    Examples
    --------
    >>> from lamina import initializers
    >>> initializers.Constant([1.0, 2.0])((2, 2))
    array([[1., 2.],
           [1., 2.]], dtype=float32)
    """

    def __init__(self, value: Any = 0.0) -> None:
        if np.ndim(value):
            self.value: Any = np.array(numeric("Constant", "value", value), dtype=np.float64)
        else:
            self.value = number("Constant", "value", value)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's argument as a plain value."""
        value = self.value
        return {"value": value.tolist() if isinstance(value, np.ndarray) else value}

    def values(self, shape: tuple[int, ...], dtype: str, rng: Stream) -> NDArray[Any]:
        """Return an array filled with the value, or the array.

        Raises
        ------
        ValueError
            If an array does not broadcast to the shape.
        """
        value = np.asarray(self.value)
        try:
            return cast(np.broadcast_to(value, shape), dtype)
        except ValueError:
            raise ValueError(
                f"Constant: value has shape {value.shape}, which does not broadcast to {shape}"
            ) from None


class Identity(Initializer):
    """`gain` on the diagonal of a matrix, 0 elsewhere; the matrix need not be square.

    Parameters
    ----------
    gain : float, default 1.0
        Value of the diagonal.

    Examples
    --------
    >>> from lamina import initializers
    >>> initializers.Identity(gain=2.0)((2, 2))
    array([[2., 0.],
           [0., 2.]], dtype=float32)
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = number("Identity", "gain", gain)

    @quiet
    def values(self, shape: tuple[int, ...], dtype: str, rng: Stream) -> NDArray[Any]:
        """Return the matrix.

        Raises
        ------
        ValueError
            If the shape does not have two axes.
        """
        if len(shape) != 2:
            raise ValueError(f"Identity: shape must have 2 axes; got {shape}")
        return self.gain * np.eye(*shape, dtype=dtype)
