"""GaussianNoise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _check
from lamina._tensors.given import record
from lamina.layers.regularization.noise import Noise
from lamina.random import seed_value

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["GaussianNoise"]


class GaussianNoise(Noise):
    """In training, add normal noise: ``y = x + stddev * normal``.

    Parameters
    ----------
    stddev : float
        At least 0.
    seed : int, optional
        As in ``Dropout``.
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.GaussianNoise(0.4)([[1.0, 2.0]])        # inference: the identity
    array([[1., 2.]], dtype=float32)
    """

    changeable = ("stddev", "seed")
    positionwise = True

    def __init__(
        self, stddev: float, seed: int | None = None, **base: Unpack[DimArguments]
    ) -> None:
        super().__init__(**base)
        self.stddev = _check.number("GaussianNoise", "stddev", stddev, 0.0)
        self.seed = None if seed is None else seed_value("GaussianNoise", seed)

    def _with_noise(self, x: Any, stream: int, always: bool) -> Any:
        return record("noise", x, "gaussian", self.stddev, stream, always)
