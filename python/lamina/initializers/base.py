"""What every initializer shares: checked shapes, the source of randomness, the fans."""

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
    """Base of all initializers; a subclass fills in ``values``.

    A user's own initializer overrides ``values(shape, dtype, rng)``, or, as in Keras,
    ``__call__(self, shape, dtype=None)``; a function of these two may be given in its place.
    """

    counts_in_dtype = False  # the values that they give are checked
    seed: int | None = None

    @answering_calls
    def __call__(
        self, shape: Sequence[int], dtype: str = "float32", rng: Stream | None = None
    ) -> NDArray[Any]:
        """Return initial values.

        Parameters
        ----------
        shape : sequence of int
            Shape of the weight array; layouts are Keras's, inputs before outputs.
        dtype : {"float32", "float64"}, default "float32"
            Type of the values.
        rng : lamina.random.Stream, optional
            Source of random numbers.  An initializer with a `seed` of its own ignores it and
            returns the same values at every call.  Without either, the next seed of
            ``lamina.set_random_seed``'s sequence is used.

        Returns
        -------
        ndarray of shape `shape`

        Raises
        ------
        ValueError
            If the shape or dtype is not usable, or a value infinite in the dtype.
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
        """Return the values; what a subclass overrides."""
        raise TypeError(f"{type(self).__name__}: a subclass of Initializer must define values()")

    def _stream(self, rng: Stream | None) -> Stream:
        from lamina.random import Stream, next_seed

        if self.seed is not None:
            return Stream(self.seed)
        return Stream(next_seed()) if rng is None else rng


class SeededInitializer(Initializer):
    """An initializer whose only setting is its seed, or that adds settings to it."""

    def __init__(self, seed: int | None = None) -> None:
        self.seed = _optional_seed(type(self).__name__, seed)


def _optional_seed(who: str, seed: int | None) -> int | None:
    from lamina.random import seed_value

    return None if seed is None else seed_value(who, seed)


@answering_calls
def compute_fans(shape: Sequence[int]) -> tuple[int, int]:
    """Return (fan_in, fan_out), the inputs and outputs of one unit, as Keras counts them.

    A matrix is (inputs, outputs); a convolution's kernel is (..., inputs, outputs) and the axes
    in front multiply both; one axis counts as both.

    Examples
    --------
    >>> from lamina.initializers import compute_fans
    >>> compute_fans((3, 3, 16, 32))
    (144, 288)
    """
    if len(shape) == 0:
        return 1, 1
    if len(shape) == 1:
        return int(shape[0]), int(shape[0])
    field = math.prod(int(n) for n in shape[:-2])
    return int(shape[-2]) * field, int(shape[-1]) * field
