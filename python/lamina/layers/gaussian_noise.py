"""GaussianNoise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina import _check, _core
from lamina._tensors import Recording
from lamina.layers._stream import stream_of
from lamina.layers.layer import Layer
from lamina.random import seed_value

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack


class GaussianNoise(Layer):
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

    supports_masking = True
    changeable = ("stddev", "seed")

    def __init__(
        self, stddev: float, seed: int | None = None, **base: Unpack[DimArguments]
    ) -> None:
        super().__init__(**base)
        self.stddev = _check.number("GaussianNoise", "stddev", stddev, 0.0)
        self.seed = None if seed is None else seed_value("GaussianNoise", seed)

    def record(self, graph: _core.Graph, x: _core.Tensor) -> _core.Tensor:
        """Record the noise; without any there is nothing to record."""
        acts, always = Recording.of(graph).noise()
        if not acts:
            return x
        stream = stream_of(self)
        return graph.noise(x, "gaussian", self.stddev, stream, always, name=self.name)
