"""AlphaDropout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _check
from lamina._tensors.given import record
from lamina.layers.regularization.noise import Noise
from lamina.random import seed_value

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["AlphaDropout"]


class AlphaDropout(Noise):
    """In training, set inputs to SELU's lower limit so that mean and variance are preserved.

    For networks of ``selu`` units.  Klambauer et al. 2017, https://arxiv.org/abs/1706.02515.

    Parameters
    ----------
    rate : float
        In [0, 1): the probability that an input is dropped.
    noise_shape : None
        Each element is drawn independently; other shapes are rejected.
    seed : int, optional
        As in ``Dropout``.
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.AlphaDropout(0.4)([[1.0, 2.0]])        # inference: the identity
    array([[1., 2.]], dtype=float32)
    """

    changeable = ("rate", "seed")
    positionwise = True

    def __init__(
        self,
        rate: float,
        noise_shape: None = None,
        seed: int | None = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        self.rate = _check.number("AlphaDropout", "rate", rate, 0.0, 1.0, high_open=True)
        if noise_shape is not None:
            raise ValueError(f"AlphaDropout: noise_shape must be None; got {noise_shape!r}")
        self.noise_shape = None
        self.seed = None if seed is None else seed_value("AlphaDropout", seed)

    def _with_noise(self, x: Any, stream: int, always: bool) -> Any:
        return record("noise", x, "alpha_dropout", self.rate, stream, always)
