"""AlphaDropout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina import _check, _core
from lamina._tensors import Recording
from lamina.layers._stream import stream_of
from lamina.layers.layer import Layer
from lamina.random import seed_value

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack


class AlphaDropout(Layer):
    """In training, set inputs to SELU's lower limit so that mean and variance stay as they are.

    For networks of ``selu`` units.  Klambauer et al. 2017, https://arxiv.org/abs/1706.02515.

    Parameters
    ----------
    rate : float
        In [0, 1): the probability of an input to be dropped.
    noise_shape : None
        Every element draws for itself; other shapes are refused.
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

    supports_masking = True
    changeable = ("rate", "seed")

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

    def record(self, graph: _core.Graph, x: _core.Tensor) -> _core.Tensor:
        """Record the noise; at rate 0 there is nothing to record."""
        acts, always = Recording.of(graph).noise()
        if not acts:
            return x
        stream = stream_of(self)
        return graph.noise(x, "alpha_dropout", self.rate, stream, always, name=self.name)
