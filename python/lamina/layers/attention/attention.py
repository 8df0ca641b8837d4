"""Attention without projections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _check, ops
from lamina._tensors.given import given, record
from lamina.layers.attention._scores import causal, joined, masked
from lamina.layers.base.shapes import show_shapes
from lamina.layers.layer import Layer
from lamina.layers.regularization.dropout import Dropout
from lamina.random import seed_value

if TYPE_CHECKING:
    from lamina._tensors import Variable
    from lamina._typing import DimArguments, Unpack

__all__ = ["Attention"]

SCORES = ("dot", "concat")
TAKES = "takes a list, [query, value] or [query, value, key]"


class Attention(Layer):
    """``softmax(scores) v``, where the scores are products of queries and keys.

    Luong et al. 2015, https://arxiv.org/abs/1508.04025.

    Parameters
    ----------
    use_scale : bool, default False
        Whether the scores are multiplied by a weight of the layer.
    score_mode : {"dot", "concat"}, default "dot"
        dot: ``q k^T``; concat: ``w sum(tanh(q + k))`` over the columns, for each pair.
    dropout : float, default 0.0
        Fraction of the weights that training sets to 0.
    seed : int, optional
        Seed of the dropout: see ``Dropout``.
    **base
        See ``Layer``.

    Raises
    ------
    TypeError, ValueError
        If it is not called on a list of query, value and optionally key, whose shapes fit.

    Notes
    -----
    Call it on ``[query, value]`` or ``[query, value, key]``: query (rows, T, columns), value (rows,
    S, any) and key (rows, S, columns).  ``mask`` is a list too: values hidden by a mask are not
    attended to, and hidden queries get 0.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> query = np.array([[[1.0, 0.0]]], "float32")
    >>> value = np.array([[[9.0, 0.0], [0.0, 9.0]]], "float32")
    >>> lamina.layers.Attention()([query, value]).round(2)
    array([[[9., 0.]]], dtype=float32)
    """

    supports_masking = True
    multiple_inputs = True

    if TYPE_CHECKING:
        # It takes more than one tensor.
        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...  # noqa: D102

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        who = type(self).__name__
        self.use_scale = _check.boolean(who, "use_scale", use_scale)
        if score_mode not in SCORES:
            raise ValueError(f"{who}: score_mode must be 'dot' or 'concat'; got {score_mode!r}")
        self.score_mode = score_mode
        self.dropout = _check.number(who, "dropout", dropout, 0.0, 1.0, high_open=True)
        self.seed = None if seed is None else seed_value(who, seed)
        self.scale: Variable | None = None
        self.concat_score_weight: Variable | None = None

    def build(self, input_shape: Any) -> None:
        """Make the weights of the scores."""
        if not isinstance(input_shape[0], (list, tuple)):
            raise TypeError(f"{self.name}: {TAKES}; got one tensor, {show_shapes(input_shape[1:])}")
        self._make_weights(input_shape)
        if self.dropout:
            self._dropout = Dropout(self.dropout, seed=self.seed, name="dropout")

    def _make_weights(self, _input_shape: Any) -> None:
        if self.use_scale:
            self.scale = self.add_weight("scale", (), "ones")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight("concat_score_weight", (), "ones")

    def forget(self) -> None:
        """Undo building."""
        super().forget()
        self.scale = self.concat_score_weight = None

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: bool | None = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """Return the attention outputs, and the weights if asked for.

        Parameters
        ----------
        inputs : list of Tensor
            ``[query, value]`` or ``[query, value, key]``.
        mask : list of Tensor or None, optional
        training : bool, optional
        return_attention_scores : bool, default False
            Whether to also return the weights (rows, T, S).
        use_causal_mask : bool, default False
            Whether a query is kept from attending to positions after its own.
        """
        query, value, key = self._checked(inputs)
        query_mask, value_mask = self._masks(mask)
        seen = None if value_mask is None else ops.expand_dims(given(value_mask), -2)
        if use_causal_mask:
            seen = joined(causal(query.shape[1], key.shape[1])[None], seen)
        weights = ops.softmax(masked(self._scores(query, key), seen), axis=-1)
        kept = self._dropout(weights, training=training) if self.dropout else weights
        found = ops.matmul(kept, value)
        if query_mask is not None:
            found = ops.where(ops.expand_dims(given(query_mask), -1), found, 0.0)
        return (found, weights) if return_attention_scores else found

    def compute_mask(self, *given: Any) -> Any:
        """Return the mask of the queries."""
        mask = given[-1]
        return mask[0] if isinstance(mask, (list, tuple)) else mask

    def _scores(self, query: Any, key: Any) -> Any:
        if self.score_mode == "dot":
            scores = record("matmul", query, key, transpose_b=True)
            return scores if self.scale is None else scores * self.scale
        pairs = pairs_of(query, key)
        summed = ops.sum(ops.tanh(pairs if self.scale is None else self.scale * pairs), axis=-1)
        return self.concat_score_weight * summed

    def _checked(self, inputs: Any) -> list[Any]:
        if not isinstance(inputs, (list, tuple)):
            raise TypeError(f"{self.name}: {TAKES}; got {inputs!r}")
        if len(inputs) not in (2, 3):
            raise ValueError(
                f"{self.name}: takes [query, value] or [query, value, key]; got a list of "
                f"{len(inputs)}"
            )
        query, value, *rest = (given(x) for x in inputs)
        key = rest[0] if rest else value
        q, v, k = (tuple(x.shape[1:]) for x in (query, value, key))
        if len(q) != 2 or len(v) != 2 or len(k) != 2 or q[1] != k[1] or v[0] != k[0]:
            raise ValueError(
                f"{self.name}: needs query (rows, T, columns), value (rows, S, any) and key "
                f"(rows, S, columns); got {show_shapes([q, v, k])}"
            )
        return [query, value, key]

    def _masks(self, mask: Any) -> tuple[Any, Any]:
        if mask is None:
            return None, None
        if not isinstance(mask, (list, tuple)) or len(mask) not in (2, 3):
            raise ValueError(
                f"{self.name}: mask must be a list, [query_mask, value_mask]; got {mask!r}"
            )
        return mask[0], mask[1]


def pairs_of(query: Any, key: Any) -> Any:
    """Return the sums of each query and each key, (rows, T, S, columns)."""
    return ops.expand_dims(query, -2) + ops.expand_dims(key, -3)
