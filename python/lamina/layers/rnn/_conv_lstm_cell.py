"""One step of a convolutional LSTM."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from lamina import ops
from lamina._check import Array, Shape
from lamina._tensors.given import given
from lamina.layers.base import windows
from lamina.layers.base.axes_error import AxesError
from lamina.layers.base.shapes import show_shapes
from lamina.layers.rnn import _gates
from lamina.layers.rnn._cell import Cell

if TYPE_CHECKING:
    from lamina._typing import Sizes


class ConvLSTMCell(Cell):
    """The step of ``ConvLSTM1D``, ``2D`` and ``3D``: an LSTM with convolutions for products.

    The states have the size of the convolved input; their own convolution preserves it.
    """

    gates: ClassVar[int] = 4

    def __init__(
        self,
        who: str,
        axes: int,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes,
        padding: str,
        data_format: str | None,
        dilation_rate: Sizes,
        *,
        unit_forget_bias: bool,
        **settings: Any,
    ) -> None:
        self.axes = axes
        self.kernel_size = windows.sizes(who, "kernel_size", kernel_size, axes)
        self.strides = windows.sizes(who, "strides", strides, axes)
        self.padding = windows.padding(who, padding, ("valid", "same"))
        self.data_format = windows.data_format(who, data_format)
        self.dilation_rate = windows.sizes(who, "dilation_rate", dilation_rate, axes)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"{who}: strides or dilation_rate must be 1; got {self.strides} and "
                f"{self.dilation_rate}"
            )
        super().__init__(filters, **settings)
        self.state_size = [self.units, self.units]
        self.unit_forget_bias = unit_forget_bias

    def states_shape(self, who: str, step_shape: Shape) -> Shape:
        """Return the shape of a row of the states, for that of one step."""
        if len(step_shape) != self.axes + 1:
            raise AxesError(
                f"{who}: a step of the input has shape {show_shapes(step_shape)}; needs "
                f"{self.axes + 2} axes {windows.AXES[self.axes]}"
            )
        span = windows.extent(self.kernel_size, self.dilation_rate)
        counts, _ = windows.placed(
            who, "the kernel", step_shape[:-1], span, self.strides, self.padding
        )
        return (*counts, self.units)

    def build(self, input_shape: Any) -> None:
        """Make the kernels and the bias for steps (rows, ..., channels)."""
        inputs, states = (*self.kernel_size, input_shape[-1]), (*self.kernel_size, self.units)
        self.kernel, self.recurrent_kernel, self.bias = _gates.gate_weights(self, inputs, states)

    def first_bias(self, shape: Shape, dtype: str, rng: Any) -> Array:
        """Return the initial values of the bias, with 1 for the forget gate."""
        return _gates.first_lstm_bias(self, shape, dtype, rng)

    def call(self, x: Any, states: Any, training: bool | None = None) -> Any:
        """Return the output and the new states."""
        h, c = states
        x = self.dropped(given(x), 0, training)
        kept = self.dropped(h, 1, training)
        z = ops.conv(
            x, self.kernel, self.strides, self.padding, dilation_rate=self.dilation_rate
        ) + ops.conv(kept, self.recurrent_kernel, 1, "same")
        i, f, g, o = ops.split(z if self.bias is None else z + self.bias, 4, axis=-1)
        act, gate = self._applied(self.activation), self._applied(self.recurrent_activation)
        c = gate(f) * c + gate(i) * act(g)
        y = gate(o) * act(c)
        return y, [y, c]

    def _applied(self, activation: Any) -> Callable[[Any], Any]:
        """Return an activation of tensors with channels last, which gets the data format's."""
        if self.data_format == "channels_last" or activation.fusable is not None:
            return activation  # type: ignore[no-any-return]
        return lambda z: ops.moveaxis(activation(ops.moveaxis(z, -1, 1)), 1, -1)
