"""Attention with additive scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import ops
from lamina.layers.attention.attention import Attention, pairs_of

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["AdditiveAttention"]


class AdditiveAttention(Attention):
    """``softmax(scores) v``, where the score of a query and a key is ``sum(scale * tanh(q + k))``.

    Bahdanau et al. 2015, https://arxiv.org/abs/1409.0473.

    Parameters
    ----------
    use_scale : bool, default True
        Whether each column has a weight in the sum; otherwise all count equally.
    dropout : float, default 0.0
        Fraction of the weights that training sets to 0.
    seed : int, optional
        Seed of the dropout: see ``Dropout``.
    **base
        See ``Layer``.

    Notes
    -----
    It is called in the same way as ``Attention``, on ``[query, value]`` or ``[query, value, key]``.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> query = np.array([[[5.0, 5.0]]], "float32")
    >>> value = np.array([[[5.0, 5.0], [-5.0, -5.0]]], "float32")
    >>> lamina.layers.AdditiveAttention(use_scale=False)([query, value]).round(1)
    array([[[3.8, 3.8]]], dtype=float32)
    """

    def __init__(
        self,
        use_scale: bool = True,
        dropout: float = 0.0,
        seed: int | None = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(use_scale=use_scale, dropout=dropout, seed=seed, **base)

    def _make_weights(self, input_shape: Any) -> None:
        if self.use_scale:
            self.scale = self.add_weight("scale", (input_shape[0][-1],), "glorot_uniform")

    def _scores(self, query: Any, key: Any) -> Any:
        parts = ops.tanh(pairs_of(query, key))
        return ops.sum(parts if self.scale is None else self.scale * parts, axis=-1)
