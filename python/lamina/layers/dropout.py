"""Dropout."""

from __future__ import annotations

from typing import Any

from lamina import _check, _core
from lamina.layers._stream import stream_of
from lamina.layers.layer import Layer
from lamina.random import seed_value


class Dropout(Layer):
    """In training, set each input to 0 with probability ``rate`` and scale the others up.

    ``y = x * keep / (1 - rate)``, so that the expected output is the input, and prediction needs
    no scaling (the original paper scaled the weights down at prediction instead; the two agree
    in expectation).  Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html.

    Parameters
    ----------
    rate : float
        In [0, 1).
    seed : int, optional
        Makes this layer's masks differ from another's; by default its place in the model does.
        Masks are a function of the model's seed, this number, the step and the element.
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Dropout(0.4)([[1.0, 2.0]])        # inference: the identity
    array([[1., 2.]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, rate: float, seed: int | None = None, **base: Any) -> None:
        super().__init__(**base)
        self.rate = _check.number("Dropout", "rate", rate, 0.0, 1.0, high_open=True)
        self.seed = None if seed is None else seed_value("Dropout", seed)

    def record(self, graph: _core.Graph, x: _core.Tensor) -> _core.Tensor:
        """Record the mask; at rate 0 there is nothing to record."""
        if self.rate == 0.0:
            return x
        return graph.dropout(x, self.rate, stream_of(self.stream, self.seed), name=self.name)
