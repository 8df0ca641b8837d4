"""Gated recurrent unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from lamina import _check
from lamina._check import Shape
from lamina.layers.rnn._equations import gru_step
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

__all__ = ["GRU"]


class GRU(Recurrent):
    """A recurrent layer whose gates mix state and candidate: ``h_t = z h_{t-1} + (1 - z) g``.

    The gates z and r are ``recurrent_activation(x_t W + h_{t-1} U + b)``, each with its own columns
    of W, U and b; the candidate g is ``activation(x_t W + b + r (h_{t-1} U + b'))`` with
    ``reset_after`` and ``activation(x_t W + (r h_{t-1}) U + b)`` without.  Cho et al., "Learning
    phrase representations using RNN encoder-decoder for statistical machine translation", 2014.

    Parameters
    ----------
    units : int
        Size of the state and of the output.
    activation : str or Activation, default "tanh"
        Activation of the candidate.
    recurrent_activation : str or Activation, default "sigmoid"
        Activation of the gates.
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
    seed : int, optional
        Seed of this layer's dropout; by default it follows from the layer's place in the model.
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
    reset_after : bool, default True
        Apply the gate r after the product with U, which then has its own bias.
    **base
        See ``Layer``.

    Notes
    -----
    Shapes: x (rows, steps, features), W (features, 3 units), U (units, 3 units), b (2, 3 units),
    or (3 units,) without ``reset_after``, columns in the order z, r, g; y (rows, units) or, with
    ``return_sequences``, (rows, steps, units).

    Examples
    --------
    >>> import lamina
    >>> import numpy as np
    >>> layer = lamina.layers.GRU(3)
    >>> layer(np.zeros((2, 5, 4))).shape
    (2, 3)
    >>> [w.shape for w in layer.get_weights()]
    [(4, 9), (3, 9), (2, 9)]
    """

    gates: ClassVar[int] = 3
    _step = gru_step

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
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
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
        self.reset_after = _check.boolean("GRU", "reset_after", reset_after)

    @property
    def cell(self) -> str:
        """The name of the cell's kernel."""
        return "gru" if self.reset_after else "gru_reset_before"

    @property
    def bias_shape(self) -> Shape:
        """Shape of the bias: ``reset_after`` has one for the inputs and one for the state."""
        columns = self.gates * self.units
        return (2, columns) if self.reset_after else (columns,)
