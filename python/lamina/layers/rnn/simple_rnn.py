"""The plain recurrent layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.layers.rnn._equations import simple_rnn_step
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

__all__ = ["SimpleRNN"]


class SimpleRNN(Recurrent):
    """``h_t = activation(x_t W + h_{t-1} U + b)``: the output is fed back at the next step.

    Elman, "Finding structure in time", 1990.

    Parameters
    ----------
    units : int
        Size of the state and of the output.
    activation : str or Activation, default "tanh"
        Activation of the state.
    use_bias : bool, default True
        Whether a bias is added.
    kernel_initializer, recurrent_initializer, bias_initializer : str or Initializer
        Initial values of W ("glorot_uniform"), U ("orthogonal") and b ("zeros").
    kernel_regularizer, recurrent_regularizer, bias_regularizer : str or callable, optional
        Penalties that training adds to the loss.
    kernel_constraint, recurrent_constraint, bias_constraint : str or callable, optional
        Constraints applied to the weights after each step of training.
    dropout, recurrent_dropout : float, default 0.0
        Fractions of the inputs, and of the state that U multiplies, set to 0 in training: one
        draw for all steps of a sequence.
    return_sequences : bool, default False
        Return the output of every step rather than that of the last.
    return_state : bool, default False
        Also return the last state h.
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
    seed : int, optional
        Seed of this layer's dropout; by default it follows from the layer's place in the model.
    **base
        See ``Layer``.

    Notes
    -----
    Shapes: x (rows, steps, features), W (features, units), U (units, units), b (units,),
    y (rows, units) or, with ``return_sequences``, (rows, steps, units).

    Examples
    --------
    >>> import lamina
    >>> import numpy as np
    >>> layer = lamina.layers.SimpleRNN(
    ...     1, "linear", kernel_initializer="ones", recurrent_initializer="ones"
    ... )
    >>> layer(np.array([[[1.0], [2.0], [3.0]]]))        # one sequence of three steps: its sum
    array([[6.]], dtype=float32)
    """

    _step = simple_rnn_step

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
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
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

    @property
    def cell(self) -> str:
        """The name of the cell's kernel."""
        return "simple_rnn"
