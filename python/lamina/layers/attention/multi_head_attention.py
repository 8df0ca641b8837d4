"""Attention with several heads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

from lamina import _check, constraints, initializers, ops, regularizers
from lamina._tensors.given import given
from lamina.layers.attention._scores import (
    attend,
    of_positions,
    output_shape_of,
    shared_settings,
    window,
)
from lamina.layers.base.shapes import show_shapes
from lamina.layers.core.einsum_dense import EinsumDense
from lamina.layers.layer import Layer
from lamina.layers.regularization.dropout import Dropout
from lamina.random import seed_value

if TYPE_CHECKING:
    from lamina._typing import (
        ConstraintLike,
        DimArguments,
        InitializerLike,
        RegularizerLike,
        Unpack,
    )

__all__ = ["MultiHeadAttention"]


class MultiHeadAttention(Layer):
    """Attention with several heads, each weighing the values by how well their keys match a query.

    Vaswani et al. 2017, https://arxiv.org/abs/1706.03762.  A head projects query, key and value,
    ``q = query Wq + bq`` and so on, and returns ``softmax(q k^T / sqrt(key_dim)) v``; the output is
    a projection of the results of all heads.

    Parameters
    ----------
    num_heads : int
    key_dim : int
        Columns of each head's queries and keys.
    value_dim : int, optional
        Columns of each head's values; by default ``key_dim``.
    dropout : float, default 0.0
        Fraction of the weights that training sets to 0.
    use_bias : bool, default True
        Whether the projections add biases.
    output_shape : int or sequence of int, optional
        Sizes of the output after the positions; by default the last size of the query.
    attention_axes : int or sequence of int, optional
        Axes of the positions that attend to each other; by default all but the first and the last.
    sliding_window : int, optional
        Positions attend only to those less than this distance away, on both sides.
    flash_attention : ignored
        Accepted for compatibility with Keras.
    kernel_initializer, bias_initializer : str or Initializer
        Initial values of the projections: "glorot_uniform" and "zeros".
    kernel_regularizer, bias_regularizer : str or Regularizer, optional
    kernel_constraint, bias_constraint : str or callable, optional
    use_gate : bool, default False
        Whether the heads' outputs are multiplied by the sigmoid of a projection of the query.
    seed : int, optional
        Seed of the dropout: see ``Dropout``.
    **base
        See ``Layer``.

    Notes
    -----
    Shapes: query (rows, T, columns), key and value (rows, S, ...), output (rows, T, columns).
    Weights, in order: kernel and bias of the query (columns, heads, key_dim) and (heads, key_dim),
    then of the key, of the gate, of the value, and of the output (heads, value_dim, columns).

    Masks of key and value are taken from the tensors unless given, that of the query in any case.
    A query to which all values are hidden weighs them equally.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> layer = lamina.layers.MultiHeadAttention(num_heads=2, key_dim=4)
    >>> x = np.ones((1, 3, 8), "float32")
    >>> y, scores = layer(x, x, return_attention_scores=True, use_causal_mask=True)
    >>> y.shape, scores.shape
    ((1, 3, 8), (1, 2, 3, 3))
    >>> scores[0, 0].round(2)
    array([[1.  , 0.  , 0.  ],
           [0.5 , 0.5 , 0.  ],
           [0.33, 0.33, 0.33]], dtype=float32)
    """

    supports_masking = True
    axes_of_whole = {"attention_mask": 2}  # noqa: RUF012

    if TYPE_CHECKING:
        # It takes more than one tensor.
        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...  # noqa: D102

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: int | Sequence[int] | None = None,
        attention_axes: int | Sequence[int] | None = None,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        kernel_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        use_gate: bool = False,
        seed: int | None = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        who = "MultiHeadAttention"
        self.num_heads = _check.integer(who, "num_heads", num_heads)
        self.key_dim = _check.integer(who, "key_dim", key_dim)
        self.value_dim = (
            self.key_dim if value_dim is None else _check.integer(who, "value_dim", value_dim)
        )
        self.dropout = _check.number(who, "dropout", dropout, 0.0, 1.0, high_open=True)
        self.use_bias = _check.boolean(who, "use_bias", use_bias)
        self.output_shape = _several(who, "output_shape", output_shape, 1)
        self.attention_axes = _several(who, "attention_axes", attention_axes, -_check.MAX_ELEMENTS)
        self.sliding_window = (
            None
            if sliding_window is None
            else _check.integer(who, "sliding_window", sliding_window)
        )
        self.flash_attention = flash_attention
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.use_gate = _check.boolean(who, "use_gate", use_gate)
        self.seed = None if seed is None else seed_value(who, seed)
        self._axes: tuple[int, ...] = ()

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:
        """Make the projections for these shapes, the axis of rows first."""
        key_shape = value_shape if key_shape is None else key_shape
        if len(query_shape) < 3 or len(query_shape) != len(value_shape):
            raise ValueError(
                f"{self.name}: query and value must have the same number of axes, (rows, "
                f"positions, columns) or more; got {show_shapes(query_shape[1:])} and "
                f"{show_shapes(value_shape[1:])}"
            )
        if value_shape[1:-1] != key_shape[1:-1]:
            raise ValueError(
                f"{self.name}: key and value must have the same positions; got "
                f"{show_shapes(key_shape[1:])} and {show_shapes(value_shape[1:])}"
            )
        self._axes = self._positions(len(query_shape))
        heads, width = self.num_heads, self.value_dim
        self._query = self._projection("query", query_shape, (heads, self.key_dim))
        self._key = self._projection("key", key_shape, (heads, self.key_dim))
        if self.use_gate:
            self._gate = self._projection("gate", query_shape, (heads, width), "sigmoid")
        self._value = self._projection("value", value_shape, (heads, width))
        if self.dropout:
            self._dropout = Dropout(self.dropout, seed=self.seed, name="dropout")
        out = self.output_shape or (query_shape[-1],)
        inputs = (*query_shape[:-1], heads, width)
        self._output = self._projection("attention_output", inputs, out, summed=2)

    def _positions(self, rank: int) -> tuple[int, ...]:
        if self.attention_axes is None:
            return tuple(range(1, rank - 1))
        axes = tuple(axis % rank if -rank <= axis < rank else axis for axis in self.attention_axes)
        if not axes or len(set(axes)) < len(axes) or not all(0 < a < rank - 1 for a in axes):
            raise ValueError(
                f"{self.name}: attention_axes must hold axes of positions, in [1, {rank - 1}), "
                f"each once; got {self.attention_axes}"
            )
        return axes

    def _projection(
        self,
        name: str,
        shape: Any,
        made: Sequence[int],
        activation: str | None = None,
        summed: int = 1,
    ) -> EinsumDense:
        """Return the dense layer of all heads, which replaces the last axes by others."""
        kept = len(shape) - summed
        inputs, outputs = ascii_lowercase[: len(shape)], ascii_lowercase[len(shape) :][: len(made)]
        return EinsumDense(
            f"{inputs},{inputs[kept:]}{outputs}->{inputs[:kept]}{outputs}",
            [*[None] * (kept - 1), *made],
            activation=activation,
            bias_axes=outputs if self.use_bias else None,
            name=name,
            **shared_settings(self),
        )

    def compute_output_shape(
        self, query_shape: Any, value_shape: Any = None, key_shape: Any = None
    ) -> Any:
        """Return the output shape for the shapes of the arguments, the axis of rows first."""
        return output_shape_of(self, query_shape, value_shape, key_shape)

    def call(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """Return the attention outputs, and the weights if asked for.

        Parameters
        ----------
        query, value : Tensor
        key : Tensor, optional
            The values by default.
        query_mask : ignored
            As in Keras, where the mask that the query carries, as from ``Embedding``, counts
            instead.
        value_mask, key_mask : Tensor, optional
            Boolean, (rows, positions): the positions that count.
        attention_mask : Tensor, optional
            Boolean, (rows, T, S), or (T, S) for all rows: the values that a query may attend to.
        return_attention_scores : bool, default False
            Whether to also return the weights (rows, heads, T, S).
        training : bool, optional
        use_causal_mask : bool, default False
            Whether a query is kept from attending to positions after its own.
        """
        key = value if key is None else key
        if len(self._axes) > 1 and (use_causal_mask or self.sliding_window is not None):
            raise ValueError(
                f"{self.name}: a causal mask and a sliding window need one axis of positions; "
                f"attention_axes are {self._axes}"
            )
        query_mask = given(query).mask
        band = window(query, value, self.sliding_window, use_causal_mask, self._axes[0])
        mask = of_positions(query_mask, value_mask, key_mask, attention_mask, band)
        gate = self._gate(query) if self.use_gate else None
        q = ops.multiply(self._query(query), 1.0 / math.sqrt(self.key_dim))
        parts = q, self._key(key), self._value(value)
        # As in Keras, which uses a faster implementation where it can, with a different result
        # there.
        zeros = return_attention_scores or bool(self.dropout) or given(query).ndim > 3
        found, scores = self._attend(*parts, mask, training, zeros)
        y = self._output(found if gate is None else found * gate)
        return (y, scores) if return_attention_scores else y

    def _attend(
        self, query: Any, key: Any, value: Any, mask: Any, training: Any, zeros: bool
    ) -> Any:
        """Move the axes of heads and of attending positions into place, and back."""
        rank = query.ndim
        rest = [axis for axis in range(rank - 2) if axis not in self._axes]
        order = [*rest, rank - 2, *self._axes, rank - 1]
        lead, own = len(rest) + 1, len(self._axes)
        parts = [ops.transpose(given(x), order) for x in (query, key, value)]
        at = tuple(ops.shape(parts[0])[:lead])
        sizes = [tuple(part.shape[lead:-1]) for part in parts]
        if own > 1:
            parts = [ops.reshape(p, (*at, math.prod(p.shape[lead:-1]), p.shape[-1])) for p in parts]
        pairs = (*sizes[0], *sizes[1])
        if mask is not None:
            mask = _of_pairs(mask, lead, pairs, math.prod(sizes[0]))
        drop = (lambda w: self._dropout(w, training=training)) if self.dropout else None
        q, k, v = parts
        found, scores = attend(q, k, v, mask, drop, zeros)
        if own > 1:
            found = ops.reshape(found, (*at, *sizes[0], value.shape[-1]))
            scores = ops.reshape(scores, (*at, *pairs))
        return ops.transpose(found, [order.index(axis) for axis in range(rank)]), scores


def _of_pairs(mask: Any, lead: int, pairs: tuple[int, ...], queries: int) -> Any:
    """Return a mask for the scores, with an axis for the heads and one axis for all positions."""
    for _ in range(lead + len(pairs) - mask.ndim):
        mask = ops.expand_dims(mask, -len(pairs) - 1)
    if len(pairs) == 2:
        return mask
    full = ops.broadcast_to(mask, (*ops.shape(mask)[:lead], *pairs))
    return ops.reshape(full, (*ops.shape(full)[:lead], queries, -1))


def _several(who: str, name: str, value: Any, low: int) -> tuple[int, ...] | None:
    if value is None:
        return None
    listed = value if isinstance(value, (list, tuple)) else (value,)
    return tuple(_check.integer(who, f"{name}[{i}]", n, low) for i, n in enumerate(listed))
