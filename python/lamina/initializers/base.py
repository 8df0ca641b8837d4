"""The base of initializers: checked shapes, the source of randomness, the fans."""

# ruff: noqa: ARG002 - a method that subclasses define names its arguments

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lamina import _check, _core
from lamina._calls import answering_calls
from lamina._settings import Configurable

if TYPE_CHECKING:
    from lamina.random import Stream


class Initializer(Configurable):
    """Base of all initializers; a subclass defines ``values``.

    A user-defined initializer overrides ``values(shape, dtype, rng)``, or, as in Keras,
    ``__call__(self, shape, dtype=None)``; a function with these two arguments can be used instead.
    """

    counts_in_dtype = False  # the values that they return are checked
    seed: int | None = None

    @answering_calls
    def __call__(
        self, shape: Sequence[int], dtype: str = "float32", rng: Stream | None = None
    ) -> NDArray[Any]:
        """Return initial values.

        Parameters
        ----------
        shape : sequence of int
            Shape of the weight array, in Keras's layout, inputs before outputs.
        dtype : {"float32", "float64"}, default "float32"
            Type of the values.
        rng : lamina.random.Stream, optional
            Source of random numbers.  An initializer with its own `seed` ignores it and returns the
            same values in every call.  If there is neither, the next seed from the sequence of
            ``lamina.set_random_seed`` is used.

        Returns
        -------
        ndarray of shape `shape`

        Raises
        ------
        ValueError
            If the shape or dtype is invalid, or a value is infinite in the dtype.
        """
        who = type(self).__name__
        sizes = _check.shape(who, "shape", shape, 0)
        dtype = _check.dtype(who, dtype)
        array = _check.cast(np.asarray(self.values(sizes, dtype, self._stream(rng))), dtype)
        if _core.kernels.find_nonfinite(array) >= 0:
            raise ValueError(f"{who}: the values must be finite in {dtype}; got {self!r}")
        return array

    def clone(self) -> Initializer:
        """Return another initializer with the same settings."""
        return type(self).from_config(self.get_config())

    def values(self, shape: tuple[int, ...], dtype: str, rng: Stream) -> NDArray[Any]:
        """Return the values; to be overridden by subclasses."""
        raise TypeError(f"{type(self).__name__}: a subclass of Initializer must define values()")

    def _stream(self, rng: Stream | None) -> Stream:
        from lamina.random import Stream, next_seed

        if self.seed is not None:
            return Stream(self.seed)
        return Stream(next_seed()) if rng is None else rng


class SeededInitializer(Initializer):
    """An initializer with a seed, to which subclasses may add settings."""

    def __init__(self, seed: int | None = None) -> None:
        self.seed = _optional_seed(type(self).__name__, seed)


def _optional_seed(who: str, seed: int | None) -> int | None:
    from lamina.random import seed_value

    return None if seed is None else seed_value(who, seed)


@answering_calls
def compute_fans(shape: Sequence[int]) -> tuple[int, int]:
    """Return (fan_in, fan_out), the inputs and outputs of one unit, as Keras counts them.

    For a matrix (inputs, outputs); for a kernel of a convolution (..., inputs, outputs), where the
    other axes multiply both; a single axis counts as both, and no axis as 1.

    Parameters
    ----------
    shape : sequence of int
        The shape of the weights.

    Returns
    -------
    tuple of (int, int)

    Raises
    ------
    TypeError
        If `shape` does not hold integers.
    ValueError
        If a size is negative.

    Examples
    --------
    >>> from lamina.initializers import compute_fans
    >>> compute_fans((3, 3, 16, 32))
    (144, 288)
    """
    sizes = _check.shape("compute_fans", "shape", shape, 0)
    if len(sizes) == 0:
        return 1, 1
    if len(sizes) == 1:
        return sizes[0], sizes[0]
    field = math.prod(sizes[:-2])
    return sizes[-2] * field, sizes[-1] * field
