"""The transposed convolution of volumes."""

from __future__ import annotations

from typing import Any, ClassVar

from lamina._tensors.given import given, record
from lamina.layers.base import windows
from lamina.layers.base.axes import permuted, reshaped
from lamina.layers.convolutional.base_conv_transpose import ConvTranspose

__all__ = ["Conv3DTranspose", "Convolution3DTranspose"]


class Conv3DTranspose(ConvTranspose):
    """Transposed convolution: each position of x is spread over a window of y.

    With a stride it enlarges volumes as ``Conv3D`` with the same settings shrinks them: its output
    is the gradient with respect to that convolution's input, plus bias and activation.

    Parameters
    ----------
    filters : int
        Number of filters, the channels of the output.
    kernel_size : int or tuple of 3 int
        Size of the window along each axis.
    strides : int or tuple of 3 int, default 1
        Strides of the window over the output.
    padding : {"valid", "same"}, default "valid"
        With "valid" the output covers all windows and has size (n - 1) stride + max(size, stride);
        with "same" it has size n stride.
    output_padding : int or tuple of 3 int, optional
        Cells added at the end of each axis, fewer than the stride: the size is then (n - 1) stride
        + size + output_padding ("valid") or (n - 1) stride + size % 2 + output_padding ("same").
    data_format : {"channels_last", "channels_first"}, optional
        Position of the axis of channels.  With channels_first it is moved last, and back again.
    dilation_rate : int or tuple of 3 int, default 1
        Distance between neighbouring cells of the window.
    activation : str or Activation, optional
        Linear if not given.  All but softmax and log_softmax are applied in the same pass.
    use_bias : bool, default True
        Whether a bias is added.
    kernel_initializer : str or Initializer, default "glorot_uniform"
        Initial values of the kernel.
    bias_initializer : str or Initializer, default "zeros"
        Initial values of the bias.
    kernel_regularizer, bias_regularizer : str, Regularizer or callable, optional
        Penalties that training adds to the loss.
    kernel_constraint, bias_constraint : str, Constraint or callable, optional
        Constraints applied to the weights after each step of training.
    **base
        See ``Layer``.

    Raises
    ------
    ValueError
        If an argument is out of range, the input has another number of axes, or the output would
        be empty.

    Notes
    -----
    Shapes: x (rows, depth, height, width, channels), kernel (kernel depth, kernel height, kernel
    width, filters, channels), bias (filters,), y (rows, out depth, out height, out width, filters).

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> layer = lamina.layers.Conv3DTranspose(1, 2, 2, kernel_initializer="ones")
    >>> layer(np.ones((1, 2, 2, 2, 3)))[0, 0, 0, :, 0]
    array([3., 3., 3., 3.], dtype=float32)
    """

    _axes: ClassVar[int] = 3

    def call_rows(self, x: Any) -> Any:
        """Return the result for the slices as images, the kernel's depth being further filters.

        The results are then moved to their positions along the depth, and added.
        """
        depth, *_, channels = x.row_shape
        cells, *image = self.kernel_size
        counts, pads = self._place(x.row_shape)
        kernel = permuted(given(self._kernel), (1, 2, 0, 3, 4))
        flat = reshaped(kernel, (*image, cells * self.filters, channels))
        y = record(
            "conv2d_transpose", record("fold", x), flat, None, windows.pair(self.strides[1:]),
            windows.pair(self.dilation_rate[1:]), windows.around(pads[1:]),
            windows.pair(counts[1:]),
        )  # fmt: skip
        slices = record("unfold", y, depth)
        parts = [self._placed(slices, cell) for cell in range(cells)]
        whole = record("add", parts) if cells > 1 else parts[0]
        before = pads[0][0]
        behind = whole.row_shape[0] - before - counts[0]
        if behind < 0:
            whole = record("pad", whole, [(0, -behind), (0, 0), (0, 0), (0, 0)])
        y = record("crop", whole, [(before, max(behind, 0)), (0, 0), (0, 0), (0, 0)])
        return self._activated(y if self._bias is None else y + self._bias, self.name)

    def _placed(self, slices: Any, cell: int) -> Any:
        """Return the contribution of one depth cell of the kernel to all of the output."""
        depth, height, width, _ = slices.row_shape
        stride, last = self.strides[0], self.kernel_size[0] - 1
        filters, step = self.filters, self.dilation_rate[0]
        first = [0, 0, 0, cell * filters]
        own = record("slice", slices, first, [depth, height, width, filters], [1, 1, 1, 1])
        beside = [(0, 0), (0, stride - 1), (0, 0), (0, 0), (0, 0)]
        apart = record("pad", reshaped(own, (depth, 1, height, width, filters)), beside)
        spread = reshaped(apart, (depth * stride, height, width, filters))
        ends = [(0, stride - 1), (0, 0), (0, 0), (0, 0)]
        margins = [(cell * step, (last - cell) * step), (0, 0), (0, 0), (0, 0)]
        return record("pad", record("crop", spread, ends), margins)


# Keras's aliases.
Convolution3DTranspose = Conv3DTranspose
