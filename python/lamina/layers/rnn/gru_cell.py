"""One step of a gated recurrent unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from lamina import _check
from lamina._check import Shape
from lamina.layers.rnn._cell import Cell
from lamina.layers.rnn._equations import gru_step

if TYPE_CHECKING:
    from lamina._typing import (
        ActivationLike,
        ConstraintLike,
        DimArguments,
        InitializerLike,
        RegularizerLike,
        Unpack,
    )

__all__ = ["GRUCell"]


class GRUCell(Cell):
    """``h_t = z h_{t-1} + (1 - z) g``: a single step of ``GRU``.

    Parameters
    ----------
    units : int
        Size of the state and of the output.
    activation : str or Activation, default "tanh"
    recurrent_activation : str or Activation, default "sigmoid"
        Of the gates z and r.
    use_bias : bool, default True
        Whether a bias is added.
    kernel_initializer, recurrent_initializer, bias_initializer : str or Initializer
        Initial values of W ("glorot_uniform"), U ("orthogonal") and b ("zeros").
    kernel_regularizer, recurrent_regularizer, bias_regularizer : str or Regularizer, optional
    kernel_constraint, recurrent_constraint, bias_constraint : str or callable, optional
    dropout, recurrent_dropout : float, default 0.0
        Fractions of the inputs, and of the state that U multiplies, set to 0 in training: one
        draw for all steps of a sequence.
    reset_after : bool, default True
        Whether the gate r is applied after the product of the state with U, or before it.
    seed : int, optional
        Seed of the dropout: see ``Dropout``.
    **base
        See ``Layer``.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> layer = lamina.layers.RNN(lamina.layers.GRUCell(4))
    >>> layer(np.ones((2, 5, 3), "float32")).shape
    (2, 4)
    """

    gates: ClassVar[int] = 3

    def __init__(
        self,
        units: int,
        activation: ActivationLike = "tanh",
        recurrent_activation: ActivationLike = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "glorot_uniform",
        recurrent_initializer: InitializerLike = "orthogonal",
        bias_initializer: InitializerLike = "zeros",
        kernel_regularizer: RegularizerLike = None,
        recurrent_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        recurrent_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        reset_after: bool = True,
        seed: int | None = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(
            units,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            **base,
        )
        self.reset_after = _check.boolean("GRUCell", "reset_after", reset_after)

    @property
    def bias_shape(self) -> Shape:
        """One bias for the input and, with ``reset_after``, another for the state."""
        columns = 3 * self.units
        return (2, columns) if self.reset_after else (columns,)

    def call(self, x: Any, states: Any, training: bool | None = None) -> Any:
        """Return the output and the new states.

        Parameters
        ----------
        x : Tensor of shape (rows, features)
        states : list of Tensor of shape (rows, units)
        training : bool, optional
        """
        several = isinstance(states, (list, tuple))
        new = gru_step(self, x, states if several else [states], self.dropping(training))
        return new[0], new if several else new[0]
