"""One step of a long short-term memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from lamina import _check
from lamina._check import Array, Shape
from lamina.layers.rnn import _gates
from lamina.layers.rnn._cell import Cell
from lamina.layers.rnn._equations import lstm_step

if TYPE_CHECKING:
    from lamina._typing import (
        ActivationLike,
        ConstraintLike,
        DimArguments,
        InitializerLike,
        RegularizerLike,
        Unpack,
    )

__all__ = ["LSTMCell"]


class LSTMCell(Cell):
    """``c_t = f c_{t-1} + i g``, ``h_t = o activation(c_t)``: a single step of ``LSTM``.

    Parameters
    ----------
    units : int
        Size of the states h and c, and of the output.
    activation : str or Activation, default "tanh"
    recurrent_activation : str or Activation, default "sigmoid"
        Activation of the gates i, f and o.
    use_bias : bool, default True
        Whether a bias is added.
    kernel_initializer, recurrent_initializer, bias_initializer : str or Initializer
        Initial values of W ("glorot_uniform"), U ("orthogonal") and b ("zeros").
    unit_forget_bias : bool, default True
        Whether the bias of the forget gate starts at 1.
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
    >>> layer = lamina.layers.RNN(lamina.layers.LSTMCell(4), return_state=True)
    >>> [y.shape for y in layer(np.ones((2, 5, 3), "float32"))]
    [(2, 4), (2, 4), (2, 4)]
    """

    gates: ClassVar[int] = 4

    def __init__(
        self,
        units: int,
        activation: ActivationLike = "tanh",
        recurrent_activation: ActivationLike = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "glorot_uniform",
        recurrent_initializer: InitializerLike = "orthogonal",
        bias_initializer: InitializerLike = "zeros",
        unit_forget_bias: bool = True,
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
        self.state_size = [self.units, self.units]
        self.unit_forget_bias = _check.boolean("LSTMCell", "unit_forget_bias", unit_forget_bias)

    def first_bias(self, shape: Shape, dtype: str, rng: Any) -> Array:
        """Return the initial values of the bias, with 1 for the forget gate."""
        return _gates.first_lstm_bias(self, shape, dtype, rng)

    def call(self, x: Any, states: Any, training: bool | None = None) -> Any:
        """Return the output and the new states.

        Parameters
        ----------
        x : Tensor of shape (rows, features)
        states : list of Tensor of shape (rows, units)
        training : bool, optional
        """
        new = lstm_step(self, x, states, self.dropping(training))
        return new[0], new
