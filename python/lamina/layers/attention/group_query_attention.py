"""Attention with several heads, where groups of heads share keys and values."""

from __future__ import annotations

import math
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

__all__ = ["GroupQueryAttention"]


class GroupQueryAttention(Layer):
    """``MultiHeadAttention`` with fewer heads for keys and values than for queries.

    Ainslie et al. 2023, https://arxiv.org/abs/2305.13245.  Head i of the queries uses head ``i *
    num_key_value_heads // num_query_heads`` of the keys and values.

    Parameters
    ----------
    head_dim : int
        Columns of each head.
    num_query_heads : int
    num_key_value_heads : int
        A divisor of ``num_query_heads``.
    dropout : float, default 0.0
        Fraction of the weights that training sets to 0.
    use_bias : bool, default True
        Whether the projections add biases.
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
    Query (rows, T, columns), key and value (rows, S, ...), output (rows, T, columns).  Masks work
    as in ``MultiHeadAttention``, and a ``query_mask`` that is given counts, as in Keras.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> layer = lamina.layers.GroupQueryAttention(4, num_query_heads=4, num_key_value_heads=2)
    >>> x = np.ones((1, 3, 8), "float32")
    >>> layer(x, x).shape, [w.shape for w in layer.get_weights()[::2]]
    ((1, 3, 8), [(8, 4, 4), (8, 2, 4), (8, 2, 4), (4, 4, 8)])
    """

    supports_masking = True
    axes_of_whole = {"attention_mask": 2}  # noqa: RUF012

    if TYPE_CHECKING:
        # It takes more than one tensor.
        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...  # noqa: D102

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
        sliding_window: int | None = None,
        flash_attention: Any = None,
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
        who = "GroupQueryAttention"
        self.head_dim = _check.integer(who, "head_dim", head_dim)
        self.num_query_heads = _check.integer(who, "num_query_heads", num_query_heads)
        self.num_key_value_heads = _check.integer(who, "num_key_value_heads", num_key_value_heads)
        if self.num_query_heads % self.num_key_value_heads:
            raise ValueError(
                f"{who}: num_key_value_heads must divide num_query_heads, {num_query_heads}; got "
                f"{num_key_value_heads}"
            )
        self.dropout = _check.number(who, "dropout", dropout, 0.0, 1.0, high_open=True)
        self.use_bias = _check.boolean(who, "use_bias", use_bias)
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

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:
        """Make the projections for these shapes, the axis of rows first."""
        key_shape = value_shape if key_shape is None else key_shape
        shapes = [shape[1:] for shape in (query_shape, value_shape, key_shape)]
        if any(len(shape) != 2 for shape in shapes) or value_shape[1] != key_shape[1]:
            raise ValueError(
                f"{self.name}: needs query (rows, T, columns), value (rows, S, columns) and key of "
                f"as many positions; got {show_shapes(shapes)}"
            )
        many, few, width = self.num_query_heads, self.num_key_value_heads, self.head_dim
        self._query = self._projection("query", "abc,cde->abde", (None, many, width))
        self._key = self._projection("key", "abc,cde->abde", (None, few, width))
        if self.use_gate:
            self._gate = self._projection("gate", "abc,cde->abde", (None, many, width), "sigmoid")
        self._value = self._projection("value", "abc,cde->abde", (None, few, width))
        if self.dropout:
            self._dropout = Dropout(self.dropout, seed=self.seed, name="dropout")
        out = (None, query_shape[-1])
        self._output = self._projection("attention_output", "abde,dec->abc", out)

    def _projection(
        self, name: str, equation: str, shape: tuple[Any, ...], activation: str | None = None
    ) -> EinsumDense:
        axes = equation[-2:] if len(shape) == 3 else equation[-1:]
        return EinsumDense(
            equation,
            shape,
            activation=activation,
            bias_axes=axes if self.use_bias else None,
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
        """Return the attention outputs; see ``MultiHeadAttention.call``."""
        key = value if key is None else key
        band = window(query, value, self.sliding_window, use_causal_mask)
        mask = of_positions(query_mask, value_mask, key_mask, attention_mask, band)
        if mask is not None:  # axes for the groups and for the heads in each
            mask = ops.expand_dims(mask, (-3, -4))
        gate = self._gate(query) if self.use_gate else None
        q = ops.multiply(self._query(query), 1.0 / math.sqrt(self.head_dim))
        drop = (lambda w: self._dropout(w, training=training)) if self.dropout else None
        found, scores = attend(
            self._by_group(q), self._by_group(self._key(key)), self._by_group(self._value(value)),
            mask, drop, return_attention_scores or bool(self.dropout),
        )  # fmt: skip
        found = self._by_position(found)
        y = self._output(found if gate is None else found * gate)
        if not return_attention_scores:
            return y
        rows, _, _, queries, keys = ops.shape(scores)
        return y, ops.reshape(scores, (rows, self.num_query_heads, queries, keys))

    def _by_group(self, x: Any) -> Any:
        """Return heads as (rows, groups, heads of a group, positions, columns)."""
        x = given(x)
        rows, positions, heads, columns = ops.shape(x)
        groups = self.num_key_value_heads
        x = ops.reshape(x, (rows, positions, groups, heads // groups, columns))
        return ops.transpose(x, (0, 2, 3, 1, 4))

    def _by_position(self, x: Any) -> Any:
        """Return the outputs of the groups as (rows, positions, heads, columns)."""
        rows, groups, heads, positions, columns = ops.shape(x)
        x = ops.transpose(x, (0, 3, 1, 2, 4))
        return ops.reshape(x, (rows, positions, groups * heads, columns))
