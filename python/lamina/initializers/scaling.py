"""Initializers whose variance depends on the numbers of inputs and outputs of a unit."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lamina._check import number
from lamina.initializers.base import SeededInitializer, compute_fans

if TYPE_CHECKING:
    from lamina.random import Stream

# Standard deviation of a standard normal truncated to [-2, 2].
_TRUNCATED_STDDEV = 0.87962566103423978

_MODES = ("fan_in", "fan_out", "fan_avg")
_DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")


def _draw(
    shape: tuple[int, ...], dtype: str, rng: Stream, *, scale: float, mode: str, distribution: str
) -> NDArray[Any]:
    fan_in, fan_out = compute_fans(shape)
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    variance = scale / max(1.0, fan)
    if distribution == "uniform":
        limit = math.sqrt(3.0 * variance)
        return rng.uniform(shape, -limit, limit, dtype=dtype)
    if distribution == "untruncated_normal":
        return rng.normal(shape, 0.0, math.sqrt(variance), dtype=dtype)
    return rng.truncated_normal(shape, 0.0, math.sqrt(variance) / _TRUNCATED_STDDEV, dtype=dtype)


class VarianceScaling(SeededInitializer):
    """Values with mean 0 and variance ``scale / n``, where n depends on `mode`.

    Parameters
    ----------
    scale : float, default 1.0
        Numerator of the variance, above 0.
    mode : {"fan_in", "fan_out", "fan_avg"}, default "fan_in"
        Count inputs, outputs, or their mean.
    distribution : {"truncated_normal", "untruncated_normal", "uniform"}
        Default "truncated_normal", truncated at two standard deviations and rescaled so that the
        variance is correct after truncation; "normal" is another name for it.
    seed : int, optional
        If given, every call returns the same values.

    Raises
    ------
    ValueError
        If a setting is outside its range.

    Examples
    --------
    >>> from lamina import initializers
    >>> he = initializers.VarianceScaling(scale=2.0, seed=1)
    >>> he((50, 10)).shape
    (50, 10)
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
    ) -> None:
        super().__init__(seed)
        who = type(self).__name__
        self.scale = number(who, "scale", scale, low=0.0, low_open=True)
        if mode not in _MODES:
            raise ValueError(f"{who}: mode must be one of {', '.join(_MODES)}; got {mode!r}")
        distribution = "truncated_normal" if distribution == "normal" else distribution
        if distribution not in _DISTRIBUTIONS:
            raise ValueError(
                f"{who}: distribution must be one of {', '.join(_DISTRIBUTIONS)}; "
                f"got {distribution!r}"
            )
        self.mode = mode
        self.distribution = distribution

    def values(self, shape: tuple[int, ...], dtype: str, rng: Stream) -> NDArray[Any]:
        """Return the draws."""
        return _draw(
            shape, dtype, rng, scale=self.scale, mode=self.mode, distribution=self.distribution
        )


class GlorotUniform(SeededInitializer):
    """Uniform in ``[-l, l]``, ``l = sqrt(6 / (fan_in + fan_out))``; Keras's default.

    Glorot and Bengio 2010, also called Xavier.

    Parameters
    ----------
    seed : int, optional
        Makes every call return the same values.

    Examples
    --------
    >>> from lamina import initializers
    >>> w = initializers.GlorotUniform(seed=1)((100, 100))
    >>> w.shape, bool(abs(w.mean()) < 0.01)
    ((100, 100), True)
    """

    def values(self, shape: tuple[int, ...], dtype: str, rng: Stream) -> NDArray[Any]:
        """Return the draws."""
        return _draw(shape, dtype, rng, scale=1.0, mode="fan_avg", distribution="uniform")


class GlorotNormal(SeededInitializer):
    """Truncated normal with variance ``2 / (fan_in + fan_out)``.

    Parameters
    ----------
    seed : int, optional
        Makes every call return the same values.

    Examples
    --------
    >>> from lamina import initializers
    >>> w = initializers.GlorotNormal(seed=1)((100, 100))
    >>> w.shape, bool(abs(w.mean()) < 0.01)
    ((100, 100), True)
    """

    def values(self, shape: tuple[int, ...], dtype: str, rng: Stream) -> NDArray[Any]:
        """Return the draws."""
        return _draw(shape, dtype, rng, scale=1.0, mode="fan_avg", distribution="truncated_normal")


class HeUniform(SeededInitializer):
    """Uniform in ``[-l, l]``, ``l = sqrt(6 / fan_in)``; for ReLU (He et al. 2015).

    Parameters
    ----------
    seed : int, optional
        Makes every call return the same values.

    Examples
    --------
    >>> from lamina import initializers
    >>> w = initializers.HeUniform(seed=1)((100, 100))
    >>> w.shape, bool(abs(w.mean()) < 0.01)
    ((100, 100), True)
    """

    def values(self, shape: tuple[int, ...], dtype: str, rng: Stream) -> NDArray[Any]:
        """Return the draws."""
        return _draw(shape, dtype, rng, scale=2.0, mode="fan_in", distribution="uniform")


class HeNormal(SeededInitializer):
    """Truncated normal with variance ``2 / fan_in``; for ReLU (He et al. 2015).

    Parameters
    ----------
    seed : int, optional
        Makes every call return the same values.

    Examples
    --------
    >>> from lamina import initializers
    >>> w = initializers.HeNormal(seed=1)((100, 100))
    >>> w.shape, bool(abs(w.mean()) < 0.01)
    ((100, 100), True)
    """

    def values(self, shape: tuple[int, ...], dtype: str, rng: Stream) -> NDArray[Any]:
        """Return the draws."""
        return _draw(shape, dtype, rng, scale=2.0, mode="fan_in", distribution="truncated_normal")


class LecunUniform(SeededInitializer):
    """Uniform in ``[-l, l]``, ``l = sqrt(3 / fan_in)`` (LeCun et al. 1998).

    Parameters
    ----------
    seed : int, optional
        Makes every call return the same values.

    Examples
    --------
    >>> from lamina import initializers
    >>> w = initializers.LecunUniform(seed=1)((100, 100))
    >>> w.shape, bool(abs(w.mean()) < 0.01)
    ((100, 100), True)
    """

    def values(self, shape: tuple[int, ...], dtype: str, rng: Stream) -> NDArray[Any]:
        """Return the draws."""
        return _draw(shape, dtype, rng, scale=1.0, mode="fan_in", distribution="uniform")


class LecunNormal(SeededInitializer):
    """Truncated normal with variance ``1 / fan_in``; for SELU.

    Parameters
    ----------
    seed : int, optional
        Makes every call return the same values.

    Examples
    --------
    >>> from lamina import initializers
    >>> w = initializers.LecunNormal(seed=1)((100, 100))
    >>> w.shape, bool(abs(w.mean()) < 0.01)
    ((100, 100), True)
    """

    def values(self, shape: tuple[int, ...], dtype: str, rng: Stream) -> NDArray[Any]:
        """Return the draws."""
        return _draw(shape, dtype, rng, scale=1.0, mode="fan_in", distribution="truncated_normal")


def by_axes(
    initializer: Callable[..., Any] | None, inputs: Sequence[int], outputs: Sequence[int]
) -> Callable[..., Any] | None:
    """Return an initializer of weights with several axes, given those of inputs and of outputs.

    If its variance depends on their numbers, it draws a matrix whose elements are then put in
    place; other initializers do not depend on the axes.
    """
    if not isinstance(initializer, _SCALING) or (len(inputs), len(outputs)) == (1, 1):
        return initializer
    order = [*inputs, *outputs]

    def draw(shape: tuple[int, ...], dtype: str, rng: Stream) -> NDArray[Any]:
        sizes = [shape[axis] for axis in order]
        matrix = math.prod(shape[axis] for axis in inputs), math.prod(shape[a] for a in outputs)
        values = initializer(matrix, dtype=dtype, rng=rng).reshape(sizes)
        return np.ascontiguousarray(values.transpose([order.index(i) for i in range(len(order))]))

    return draw


_SCALING = (
    VarianceScaling, GlorotUniform, GlorotNormal, HeUniform, HeNormal, LecunUniform, LecunNormal,
)  # fmt: skip
