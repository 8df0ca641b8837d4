"""GaussianDropout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _check
from lamina._tensors.given import record
from lamina.layers.regularization.noise import Noise
from lamina.random import seed_value

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["GaussianDropout"]


class GaussianDropout(Noise):
    """In training, multiply by normal noise of mean 1 with the variance of dropout.

    ``y = x * (1 + sqrt(rate / (1 - rate)) * normal)``.  Srivastava et al. 2014, section 10,
    https://jmlr.org/papers/v15/srivastava14a.html.

    Parameters
    ----------
    rate : float
        In [0, 1).
    seed : int, optional
        As in ``Dropout``.
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.GaussianDropout(0.4)([[1.0, 2.0]])        # inference: the identity
    array([[1., 2.]], dtype=float32)
    """

    changeable = ("rate", "seed")
    positionwise = True

    def __init__(self, rate: float, seed: int | None = None, **base: Unpack[DimArguments]) -> None:
        super().__init__(**base)
        self.rate = _check.number("GaussianDropout", "rate", rate, 0.0, 1.0, high_open=True)
        self.seed = None if seed is None else seed_value("GaussianDropout", seed)

    def _with_noise(self, x: Any, stream: int, always: bool) -> Any:
        return record("noise", x, "gaussian_dropout", self.rate, stream, always)
