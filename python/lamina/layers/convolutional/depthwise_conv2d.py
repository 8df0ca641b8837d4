"""Convolution of each channel of an image separately."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _check, _core, constraints, initializers, regularizers
from lamina._check import Shape
from lamina._tensors.given import given, record
from lamina.layers.convolutional.base_conv import BaseConv

if TYPE_CHECKING:
    from lamina._tensors import Variable
    from lamina._typing import (
        ActivationLike,
        ConstraintLike,
        DimArguments,
        InitializerLike,
        RegularizerLike,
        Sizes,
        Unpack,
    )

__all__ = ["DepthwiseConv2D"]


class DepthwiseConv2D(BaseConv):
    r"""Convolve each channel separately, :math:`y_{hw,cm+k} = g(\sum_{rs} x_{h+r,w+s,c} W_{rsck})`.

    Channels do not mix: each yields ``m`` (the depth multiplier) outputs, k < m.  A bias
    is added before the activation g.

    Parameters
    ----------
    kernel_size : int or tuple of 2 int
        Size of the window along each axis.
    strides : int or tuple of 2 int, default (1, 1)
        Strides of the window.
    padding : {"valid", "same"}, default "valid"
        "valid" pads nothing, "same" pads with zeros so that a stride of 1 keeps the size.
    depth_multiplier : int, default 1
        Outputs per channel.
    data_format : {"channels_last", "channels_first"}, optional
        Position of the axis of channels.  With channels_first it is moved last, and back again.
    dilation_rate : int or tuple of 2 int, default (1, 1)
        Distance between neighbouring cells of the window.
    activation : str or Activation, optional
        Linear if not given.  All but softmax and log_softmax are applied in the same pass.
    use_bias : bool, default True
        Whether a bias is added.
    depthwise_initializer : str or Initializer, default "glorot_uniform"
        Initial values of ``W``.
    bias_initializer : str or Initializer, default "zeros"
        Initial values of the bias.
    depthwise_regularizer, bias_regularizer : str, Regularizer or callable, optional
        Penalties that training adds to the loss.
    depthwise_constraint, bias_constraint : str, Constraint or callable, optional
        Constraints applied to the weights after each step of training.
    **base
        See ``Layer``.

    Raises
    ------
    ValueError
        If an argument is out of range, the input has another number of axes, or the window is
        larger than the padded image.

    Notes
    -----
    Shapes: x (rows, height, width, channels), W (kernel height, kernel width, channels, m), bias
    (m channels,), y (rows, out height, out width, m channels).

    Examples
    --------
    >>> import lamina
    >>> layer = lamina.layers.DepthwiseConv2D(2, depthwise_initializer="ones")
    >>> layer([[[[0.0, 1.0], [1.0, 1.0]], [[2.0, 1.0], [3.0, 1.0]]]])
    array([[[[6., 4.]]]], dtype=float32)
    """

    def __init__(
        self,
        kernel_size: Sizes,
        strides: Sizes = (1, 1),
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Sizes = (1, 1),
        activation: ActivationLike = None,
        use_bias: bool = True,
        depthwise_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        depthwise_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        *,
        depthwise_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(
            kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
            bias_initializer, bias_regularizer, bias_constraint=bias_constraint, **base,
        )  # fmt: skip
        self.depth_multiplier = _check.integer(
            type(self).__name__, "depth_multiplier", depth_multiplier
        )
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)
        self._kernel: _core.Parameter | None = None

    @property
    def kernel(self) -> Variable | None:
        """The live kernel; None before the layer is built."""
        return self._live(self._kernel)

    def _kernel_shape(self, channels: int) -> Shape:
        return (*self.kernel_size, channels, self.depth_multiplier)

    def build(self, input_shape: Shape) -> None:
        """Make the kernel and the bias."""
        channels = input_shape[-1]
        self._kernel = self.add_weight(
            "kernel",
            self._kernel_shape(channels),
            self.depthwise_initializer,
            regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint,
        )
        self._add_bias(channels * self.depth_multiplier)

    def forget(self) -> None:
        """Undo building."""
        super().forget()
        self._kernel = None

    def call_rows(self, x: Any) -> Any:
        """Return one convolution, with the activation fused into it where possible."""
        kernel, geometry = given(self._kernel), self._geometry(x.row_shape)
        return self._finish(
            lambda bias, kind, alpha: record(
                "conv2d", x, kernel, bias, **geometry, groups=0, activation=kind, alpha=alpha
            )
        )
