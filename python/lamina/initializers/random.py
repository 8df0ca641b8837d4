"""Initializers that draw from a fixed distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from lamina._check import number
from lamina.initializers.base import SeededInitializer

if TYPE_CHECKING:
    from lamina.random import Stream


class RandomUniform(SeededInitializer):
    """Uniform values in ``[minval, maxval)``.

    Parameters
    ----------
    minval, maxval : float, default -0.05 and 0.05
        Bounds; `minval` must not exceed `maxval`.
    seed : int, optional
        If given, every call returns the same values.

    Examples
    --------
    >>> from lamina import initializers
    >>> bool(abs(initializers.RandomUniform(seed=1)((100,))).max() <= 0.05)
    True
    """

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None
    ) -> None:
        super().__init__(seed)
        self.minval = number("RandomUniform", "minval", minval)
        self.maxval = number("RandomUniform", "maxval", maxval)
        if self.minval > self.maxval:
            raise ValueError(
                f"RandomUniform: minval must not exceed maxval; got {minval!r} and {maxval!r}"
            )

    def values(self, shape: tuple[int, ...], dtype: str, rng: Stream) -> NDArray[Any]:
        """Return the draws."""
        return rng.uniform(shape, self.minval, self.maxval, dtype=dtype)


class RandomNormal(SeededInitializer):
    """Normal values.

    Parameters
    ----------
    mean : float, default 0.0
        Mean.
    stddev : float, default 0.05
        Standard deviation, at least 0.
    seed : int, optional
        Makes every call return the same values.

    Examples
    --------
    >>> from lamina import initializers
    >>> w = initializers.RandomNormal(seed=1)((100, 100))
    >>> w.shape, bool(abs(w.mean()) < 0.01)
    ((100, 100), True)
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        who = type(self).__name__
        self.mean = number(who, "mean", mean)
        self.stddev = number(who, "stddev", stddev, low=0.0)

    def values(self, shape: tuple[int, ...], dtype: str, rng: Stream) -> NDArray[Any]:
        """Return the draws."""
        return rng.normal(shape, self.mean, self.stddev, dtype=dtype)


class TruncatedNormal(RandomNormal):
    """Normal values, redrawn until they lie within two `stddev` of `mean`.

    As in Keras, `stddev` is that of the normal distribution before truncation; the standard
    deviation of the values is 0.8796 of it.

    Parameters
    ----------
    mean : float, default 0.0
        Mean.
    stddev : float, default 0.05
        Standard deviation before truncation, at least 0.
    seed : int, optional
        Makes every call return the same values.

    Examples
    --------
    >>> from lamina import initializers
    >>> w = initializers.TruncatedNormal(seed=1)((100, 100))
    >>> w.shape, bool(abs(w.mean()) < 0.01)
    ((100, 100), True)
    """

    def values(self, shape: tuple[int, ...], dtype: str, rng: Stream) -> NDArray[Any]:
        """Return the draws."""
        return rng.truncated_normal(shape, self.mean, self.stddev, dtype=dtype)
