"""Long short-term memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from lamina import _check
from lamina._check import Array, Shape
from lamina.layers.rnn import _gates
from lamina.layers.rnn._equations import lstm_step
from lamina.layers.rnn.recurrent import Recurrent

if TYPE_CHECKING:
    from lamina._typing import (
        ActivationLike,
        ConstraintLike,
        DimArguments,
        InitializerLike,
        RegularizerLike,
        Unpack,
    )

__all__ = ["LSTM"]


class LSTM(Recurrent):
    """A recurrent layer with gates and a cell state: ``c = f c + i g``, ``h = o activation(c)``.

    The gates i, f and o are ``recurrent_activation(x_t W + h_{t-1} U + b)``, and the candidate g is
    ``activation`` of the same expression, each with its own columns of W, U and b.  Hochreiter and
    Schmidhuber, "Long short-term memory", 1997; the forget gate f is from Gers, Schmidhuber and
    Cummins, 2000.

    Parameters
    ----------
    units : int
        Size of the state and of the output.
    activation : str or Activation, default "tanh"
        Activation of the candidate and of the state.
    recurrent_activation : str or Activation, default "sigmoid"
        Activation of the gates.
    use_bias : bool, default True
        Whether a bias is added.
    kernel_initializer, recurrent_initializer, bias_initializer : str or Initializer
        Initial values of W ("glorot_uniform"), U ("orthogonal") and b ("zeros").
    unit_forget_bias : bool, default True
        Start the bias of the forget gate at 1 (Jozefowicz et al. 2015).
    kernel_regularizer, recurrent_regularizer, bias_regularizer : str or callable, optional
        Penalties that training adds to the loss.
    kernel_constraint, recurrent_constraint, bias_constraint : str or callable, optional
        Constraints applied to the weights after each step of training.
    dropout, recurrent_dropout : float, default 0.0
        Fractions of the inputs, and of the state that U multiplies, set to 0 in training: one
        draw for all steps of a sequence.
    seed : int, optional
        Seed of this layer's dropout; by default it follows from the layer's place in the model.
    return_sequences : bool, default False
        Return the output of every step rather than that of the last.
    return_state : bool, default False
        Also return the last states h and c.
    go_backwards : bool, default False
        Process the last step first; outputs are in the order of processing.
    stateful : bool, default False
        Start each batch from the state in which the previous one ended, row by row, in ``fit``
        (pass ``shuffle=False``), ``evaluate`` and ``predict``; a given initial state takes
        precedence.  All batches must have the same number of rows until ``reset_state()``.  Saved
        weights and copies hold no state.
    unroll : bool, default False
        Accepted for compatibility; has no effect.
    zero_output_for_mask : bool, default False
        Return 0, rather than the output of the step before, for the steps that a mask hides; states
        are not changed.
    **base
        See ``Layer``.

    Notes
    -----
    Shapes: x (rows, steps, features), W (features, 4 units), U (units, 4 units), b (4 units,),
    columns in the order i, f, g, o; y (rows, units) or, with ``return_sequences``,
    (rows, steps, units).

    Examples
    --------
    >>> import lamina
    >>> import numpy as np
    >>> layer = lamina.layers.LSTM(3, return_sequences=True)
    >>> layer(np.zeros((2, 5, 4))).shape
    (2, 5, 3)
    >>> [w.shape for w in layer.get_weights()]
    [(4, 12), (3, 12), (12,)]
    """

    gates: ClassVar[int] = 4
    _state_count: ClassVar[int] = 2
    _step = lstm_step

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
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        *,
        kernel_constraint: ConstraintLike = None,
        recurrent_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        zero_output_for_mask: bool = False,
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
            kernel_constraint=kernel_constraint,
            recurrent_regularizer=recurrent_regularizer,
            recurrent_constraint=recurrent_constraint,
            bias_regularizer=bias_regularizer,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            zero_output_for_mask=zero_output_for_mask,
            **base,
        )
        self.unit_forget_bias = _check.boolean("LSTM", "unit_forget_bias", unit_forget_bias)

    @property
    def cell(self) -> str:
        """The name of the cell's kernel."""
        return "lstm"

    def first_bias(self, shape: Shape, dtype: str, rng: Any) -> Array:
        """Return the initial values of the bias, with 1 for the forget gate."""
        return _gates.first_lstm_bias(self, shape, dtype, rng)
