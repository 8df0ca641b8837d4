"""Convolution over volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from lamina._tensors.given import given, record
from lamina.layers.base import windows
from lamina.layers.base.axes import permuted, reshaped
from lamina.layers.convolutional.base_conv import Conv

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

__all__ = ["Conv3D", "Convolution3D"]


class Conv3D(Conv):
    r"""Convolution of volumes, :math:`y_{dhwo} = g(\sum_{qrsc} x_{d+q,h+r,w+s,c} W_{qrsco} + b_o)`.

    A cross-correlation, as in Keras; the formula is for strides and dilation of 1.

    Parameters
    ----------
    filters : int
        Number of filters, the channels of the output.
    kernel_size : int or tuple of 3 int
        Size of the window along each axis.
    strides : int or tuple of 3 int, default (1, 1, 1)
        Strides of the window.
    padding : {"valid", "same"}, default "valid"
        "valid" pads nothing, "same" pads with zeros so that a stride of 1 keeps the size.
    data_format : {"channels_last", "channels_first"}, optional
        Position of the axis of channels.  With channels_first it is moved last, and back again.
    dilation_rate : int or tuple of 3 int, default (1, 1, 1)
        Distance between neighbouring cells of the window.
    groups : int, default 1
        Number of groups into which channels and filters are split; groups do not mix.
    activation : str or Activation, optional
        Linear if not given.  All but softmax and log_softmax are applied in the same pass.
    use_bias : bool, default True
        Whether ``b`` is added.
    kernel_initializer : str or Initializer, default "glorot_uniform"
        Initial values of ``W``.
    bias_initializer : str or Initializer, default "zeros"
        Initial values of ``b``.
    kernel_regularizer, bias_regularizer : str, Regularizer or callable, optional
        Penalties that training adds to the loss.
    kernel_constraint, bias_constraint : str, Constraint or callable, optional
        Constraints applied to the weights after each step of training.
    **base
        See ``Layer``.

    Raises
    ------
    ValueError
        If an argument is out of range, groups do not divide filters or channels, the input has
        another number of axes, or the window is larger than the padded volume.

    Notes
    -----
    Shapes: x (rows, depth, height, width, channels), W (kernel depth, kernel height, kernel width,
    channels / groups, filters), b (filters,), y (rows, out depth, out height, out width, filters).

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> layer = lamina.layers.Conv3D(1, 2, kernel_initializer="ones")
    >>> layer(np.arange(8.0).reshape(1, 2, 2, 2, 1)).item()
    28.0
    """

    _axes: ClassVar[int] = 3
    _paddings: ClassVar[tuple[str, ...]] = ("valid", "same")

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = (1, 1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Sizes = (1, 1, 1),
        groups: int = 1,
        activation: ActivationLike = None,
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        kernel_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        *,
        kernel_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(
            filters, groups, kernel_initializer, kernel_regularizer, kernel_size, strides, padding,
            data_format, dilation_rate, activation, use_bias, bias_initializer, bias_regularizer,
            kernel_constraint=kernel_constraint, bias_constraint=bias_constraint, **base,
        )  # fmt: skip

    def call_rows(self, x: Any) -> Any:
        """Return a sum of image convolutions, one for each position of the window along the depth.

        Their channels are those of all slices that the window covers there.
        """
        counts, pads = self._place(x.row_shape)
        kernel = permuted(given(self._kernel), (1, 2, 0, 3, 4))
        sizes = kernel.row_shape
        flat = reshaped(kernel, (*sizes[:2], sizes[2] * sizes[3], sizes[4]))
        images = record("fold", self._slices(x, counts[0], pads[0]))

        def convolve(bias: Any, kind: str, alpha: float) -> Any:
            y = record(
                "conv2d", images, flat, bias, windows.pair(self.strides[1:]),
                windows.pair(self.dilation_rate[1:]), windows.around(pads[1:]),
                groups=self.groups, activation=kind, alpha=alpha,
            )  # fmt: skip
            return record("unfold", y, counts[0])

        return self._finish(convolve)

    def _slices(self, x: Any, count: int, pads: tuple[int, ...]) -> Any:
        """Return the slices of each window, side by side as channels, group by group."""
        if any(pads):
            x = record("pad", x, [(pads[0], pads[1]), (0, 0), (0, 0), (0, 0)])
        _, height, width, channels = x.row_shape
        cells, stride, step = self.kernel_size[0], self.strides[0], self.dilation_rate[0]
        size, steps = [count, height, width, channels], [stride, 1, 1, 1]
        parts = [record("slice", x, [cell * step, 0, 0, 0], size, steps) for cell in range(cells)]
        y = record("concatenate", parts, 3) if cells > 1 else parts[0]
        if self.groups == 1 or cells == 1:
            return y
        own = channels // self.groups
        apart = reshaped(y, (count, height, width, cells, self.groups, own))
        return reshaped(permuted(apart, (0, 1, 2, 4, 3, 5)), y.row_shape)


# Keras's aliases.
Convolution3D = Conv3D
