"""One step of a simple recurrent layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina.layers.rnn._cell import Cell
from lamina.layers.rnn._equations import simple_rnn_step

if TYPE_CHECKING:
    from lamina._typing import (
        ActivationLike,
        ConstraintLike,
        DimArguments,
        InitializerLike,
        RegularizerLike,
        Unpack,
    )

__all__ = ["SimpleRNNCell"]


class SimpleRNNCell(Cell):
    """``h_t = activation(x_t W + h_{t-1} U + b)``: a single step of ``SimpleRNN``.

    Parameters
    ----------
    units : int
        Size of the state and of the output.
    activation : str or Activation, default "tanh"
    use_bias : bool, default True
        Whether a bias is added.
    kernel_initializer, recurrent_initializer, bias_initializer : str or Initializer
        Initial values of W ("glorot_uniform"), U ("orthogonal") and b ("zeros").
    kernel_regularizer, recurrent_regularizer, bias_regularizer : str or Regularizer, optional
    kernel_constraint, recurrent_constraint, bias_constraint : str or callable, optional
    dropout, recurrent_dropout : float, default 0.0
        Fractions of the inputs, and of the state that U multiplies, set to 0 in training: one
        draw for all steps of a sequence.
    seed : int, optional
        Seed of the dropout: see ``Dropout``.
    **base
        See ``Layer``.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> layer = lamina.layers.RNN(lamina.layers.SimpleRNNCell(4))
    >>> layer(np.ones((2, 5, 3), "float32")).shape
    (2, 4)
    """

    def __init__(
        self,
        units: int,
        activation: ActivationLike = "tanh",
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
        seed: int | None = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(
            units,
            activation=activation,
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

    def call(self, x: Any, states: Any, training: bool | None = None) -> Any:
        """Return the output and the new states.

        Parameters
        ----------
        x : Tensor of shape (rows, features)
        states : list of Tensor of shape (rows, units)
        training : bool, optional
        """
        several = isinstance(states, (list, tuple))
        new = simple_rnn_step(self, x, states if several else [states], self.dropping(training))
        return new[0], new if several else new[0]
