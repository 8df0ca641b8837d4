"""LSTMs that use convolutions in place of matrix products."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from lamina import _check, ops
from lamina.layers.base.carried import Carrier
from lamina.layers.base.shapes import show_shapes
from lamina.layers.rnn._conv_lstm_cell import ConvLSTMCell
from lamina.layers.rnn.rnn import RNN

if TYPE_CHECKING:
    from lamina._typing import (
        ActivationLike,
        ConstraintLike,
        DimArguments,
        InitializerLike,
        RegularizerLike,
        Sizes,
        Unpack,
    )

__all__ = ["ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"]

OF_CELL = (
    "kernel_size", "strides", "padding", "data_format", "dilation_rate", "activation",
    "recurrent_activation", "use_bias", "kernel_initializer", "recurrent_initializer",
    "bias_initializer", "kernel_regularizer", "recurrent_regularizer", "bias_regularizer",
    "kernel_constraint", "recurrent_constraint", "bias_constraint", "dropout", "recurrent_dropout",
    "seed",
)  # fmt: skip


class ConvLSTM(RNN):
    """The base of the convolutional LSTMs: a loop over ``ConvLSTMCell``."""

    _axes: ClassVar[int]
    data_format: str

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Sizes = 1,
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
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        zero_output_for_mask: bool = False,
        **base: Unpack[DimArguments],
    ) -> None:
        who = type(self).__name__
        _check.integer(who, "filters", filters)
        cell = ConvLSTMCell(
            who, self._axes, filters, kernel_size, strides, padding, data_format, dilation_rate,
            unit_forget_bias=_check.boolean(who, "unit_forget_bias", unit_forget_bias),
            activation=activation, recurrent_activation=recurrent_activation, use_bias=use_bias,
            kernel_initializer=kernel_initializer, recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer, kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer, bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint, recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint, dropout=dropout, recurrent_dropout=recurrent_dropout,
            seed=seed,
        )  # fmt: skip
        super().__init__(
            cell, return_sequences=return_sequences, return_state=return_state,
            go_backwards=go_backwards, stateful=stateful,
            zero_output_for_mask=zero_output_for_mask, **base,
        )  # fmt: skip
        self.filters, self.unit_forget_bias = cell.units, cell.unit_forget_bias
        for name in OF_CELL:
            setattr(self, name, getattr(cell, name))

    def call(
        self,
        sequences: Any,
        initial_state: Any = None,
        mask: Any = None,
        training: bool | None = None,
    ) -> Any:
        """Return the output and, with ``return_state``, the last states: see ``RNN``."""
        if self.data_format == "channels_last":
            return super().call(sequences, initial_state, mask, training)
        x, *states = sequences if isinstance(sequences, (list, tuple)) else [sequences]
        x = ops.moveaxis(x, 2, -1)
        moved = [ops.moveaxis(state, 1, -1) for state in states or initial_state or ()]
        made = super().call(x, moved or None, mask, training)
        y, *last = made if self.return_state else [made]
        y = ops.moveaxis(y, -1, 2 if self.return_sequences else 1)
        return (y, *(ops.moveaxis(state, -1, 1) for state in last)) if self.return_state else y

    def _begin(self, x: Any) -> list[Any]:
        if x.ndim != self._axes + 3:
            raise ValueError(
                f"{self.name}: input has shape {show_shapes(x.shape[1:])}; needs "
                f"{self._axes + 3} axes, those of an image after (batch, time steps)"
            )
        shape = self.cell.states_shape(self.name, tuple(x.shape[2:]))
        rows = ops.shape(x)[0]
        return [ops.zeros((rows, *shape), self.dtype) for _ in range(2)]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as plain values."""
        return Carrier.get_config(self)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Return a new layer, unbuilt, from what ``get_config`` returned."""
        return cls(**config)


class ConvLSTM1D(ConvLSTM):
    """An LSTM over a sequence of signals that uses convolutions in place of matrix products.

    Shi et al. 2015, https://arxiv.org/abs/1506.04214, without peepholes.

    Parameters
    ----------
    filters : int
        Channels of the states and of the output.
    kernel_size, strides, dilation_rate : int or tuple of 1 int
        As in a convolution; strides and dilation_rate are 1 by default.
    padding : {"valid", "same"}, default "valid"
        Padding of the inputs; the states are always convolved with "same".
    data_format : {"channels_last", "channels_first"}, optional
        Position of the axis of channels.  With channels_first it is moved last, and back again.
    activation, recurrent_activation : str or Activation, default "tanh", "sigmoid"
    use_bias, unit_forget_bias : bool, default True
        Whether a bias is added; whether that of the forget gate starts at 1.
    kernel_initializer, recurrent_initializer, bias_initializer : str or Initializer
        Initial values: "glorot_uniform", "orthogonal", "zeros".
    kernel_regularizer, recurrent_regularizer, bias_regularizer : str or Regularizer, optional
    kernel_constraint, recurrent_constraint, bias_constraint : str or callable, optional
    dropout, recurrent_dropout : float, default 0.0
        Fractions of the inputs and of the state set to 0 in training, with one draw for all steps.
    seed : int, optional
        Seed of the dropout: see ``Dropout``.
    return_sequences, return_state, go_backwards, stateful : bool, default False
        See ``RNN``.
    zero_output_for_mask : bool, default False
        See ``RNN``.
    **base
        See ``Layer``.

    Notes
    -----
    Shapes: x (rows, time steps, steps, channels), y (rows, out steps, filters), with an axis of
    time steps after the rows if ``return_sequences``.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> lamina.layers.ConvLSTM1D(3, 2)(np.zeros((1, 4, 5, 2), "float32")).shape
    (1, 4, 3)
    """

    _axes: ClassVar[int] = 1


class ConvLSTM2D(ConvLSTM):
    """An LSTM over a sequence of images that uses convolutions in place of matrix products.

    Shi et al. 2015, https://arxiv.org/abs/1506.04214, without peepholes.

    Parameters
    ----------
    filters : int
        Channels of the states and of the output.
    kernel_size, strides, dilation_rate : int or tuple of 2 int
        As in a convolution; strides and dilation_rate are 1 by default.
    padding : {"valid", "same"}, default "valid"
        Padding of the inputs; the states are always convolved with "same".
    data_format : {"channels_last", "channels_first"}, optional
        Position of the axis of channels.  With channels_first it is moved last, and back again.
    activation, recurrent_activation : str or Activation, default "tanh", "sigmoid"
    use_bias, unit_forget_bias : bool, default True
        Whether a bias is added; whether that of the forget gate starts at 1.
    kernel_initializer, recurrent_initializer, bias_initializer : str or Initializer
        Initial values: "glorot_uniform", "orthogonal", "zeros".
    kernel_regularizer, recurrent_regularizer, bias_regularizer : str or Regularizer, optional
    kernel_constraint, recurrent_constraint, bias_constraint : str or callable, optional
    dropout, recurrent_dropout : float, default 0.0
        Fractions of the inputs and of the state set to 0 in training, with one draw for all steps.
    seed : int, optional
        Seed of the dropout: see ``Dropout``.
    return_sequences, return_state, go_backwards, stateful : bool, default False
        See ``RNN``.
    zero_output_for_mask : bool, default False
        See ``RNN``.
    **base
        See ``Layer``.

    Notes
    -----
    Shapes: x (rows, time steps, height, width, channels), y (rows, out height, out width, filters),
    with an axis of time steps after the rows if ``return_sequences``.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> lamina.layers.ConvLSTM2D(3, 2)(np.zeros((1, 4, 5, 5, 2), "float32")).shape
    (1, 4, 4, 3)
    """

    _axes: ClassVar[int] = 2


class ConvLSTM3D(ConvLSTM):
    """An LSTM over a sequence of volumes that uses convolutions in place of matrix products.

    Shi et al. 2015, https://arxiv.org/abs/1506.04214, without peepholes.

    Parameters
    ----------
    filters : int
        Channels of the states and of the output.
    kernel_size, strides, dilation_rate : int or tuple of 3 int
        As in a convolution; strides and dilation_rate are 1 by default.
    padding : {"valid", "same"}, default "valid"
        Padding of the inputs; the states are always convolved with "same".
    data_format : {"channels_last", "channels_first"}, optional
        Position of the axis of channels.  With channels_first it is moved last, and back again.
    activation, recurrent_activation : str or Activation, default "tanh", "sigmoid"
    use_bias, unit_forget_bias : bool, default True
        Whether a bias is added; whether that of the forget gate starts at 1.
    kernel_initializer, recurrent_initializer, bias_initializer : str or Initializer
        Initial values: "glorot_uniform", "orthogonal", "zeros".
    kernel_regularizer, recurrent_regularizer, bias_regularizer : str or Regularizer, optional
    kernel_constraint, recurrent_constraint, bias_constraint : str or callable, optional
    dropout, recurrent_dropout : float, default 0.0
        Fractions of the inputs and of the state set to 0 in training, with one draw for all steps.
    seed : int, optional
        Seed of the dropout: see ``Dropout``.
    return_sequences, return_state, go_backwards, stateful : bool, default False
        See ``RNN``.
    zero_output_for_mask : bool, default False
        See ``RNN``.
    **base
        See ``Layer``.

    Notes
    -----
    Shapes: x (rows, time steps, depth, height, width, channels), y (rows, out depth, out height,
    out width, filters), with an axis of time steps after the rows if ``return_sequences``.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> lamina.layers.ConvLSTM3D(3, 2)(np.zeros((1, 4, 5, 5, 5, 2), "float32")).shape
    (1, 4, 4, 4, 3)
    """

    _axes: ClassVar[int] = 3
