"""A depthwise convolution of images followed by a pointwise one."""

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

__all__ = ["SeparableConv2D", "SeparableConvolution2D"]


class SeparableConv2D(BaseConv):
    """Convolve each channel separately, then mix the channels at each position.

    Two small kernels replace one that does both, which needs fewer weights and products (Chollet
    2017).  Bias and activation follow the second convolution.

    Parameters
    ----------
    filters : int
        Number of filters, the channels of the output.
    kernel_size : int or tuple of 2 int
        Size of the window along each axis.
    strides : int or tuple of 2 int, default (1, 1)
        Strides of the window.
    padding : {"valid", "same"}, default "valid"
        "valid" pads nothing, "same" pads with zeros so that a stride of 1 keeps the size.
    data_format : {"channels_last", "channels_first"}, optional
        Position of the axis of channels.  With channels_first it is moved last, and back again.
    dilation_rate : int or tuple of 2 int, default (1, 1)
        Distance between neighbouring cells of the window.
    depth_multiplier : int, default 1
        Outputs per channel between the two convolutions.
    activation : str or Activation, optional
        Linear if not given.  All but softmax and log_softmax are applied in the same pass.
    use_bias : bool, default True
        Whether a bias is added.
    depthwise_initializer, pointwise_initializer : str or Initializer, default "glorot_uniform"
        Initial values of the two kernels.
    bias_initializer : str or Initializer, default "zeros"
        Initial values of the bias.
    depthwise_regularizer, pointwise_regularizer, bias_regularizer : str or callable, optional
        Penalties that training adds to the loss.
    depthwise_constraint, pointwise_constraint, bias_constraint : str or callable, optional
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
    Shapes: x (rows, height, width, channels), depthwise kernel (kernel height, kernel width,
    channels, m), pointwise kernel (1, 1, m channels, filters), bias (filters,), y (rows, out
    height, out width, filters).

    Examples
    --------
    >>> import lamina
    >>> layer = lamina.layers.SeparableConv2D(
    ...     1, 2, depthwise_initializer="ones", pointwise_initializer="ones"
    ... )
    >>> layer([[[[0.0, 1.0], [1.0, 1.0]], [[2.0, 1.0], [3.0, 1.0]]]])
    array([[[[10.]]]], dtype=float32)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = (1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Sizes = (1, 1),
        depth_multiplier: int = 1,
        activation: ActivationLike = None,
        use_bias: bool = True,
        depthwise_initializer: InitializerLike = "glorot_uniform",
        pointwise_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        depthwise_regularizer: RegularizerLike = None,
        pointwise_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        *,
        depthwise_constraint: ConstraintLike = None,
        pointwise_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(
            kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
            bias_initializer, bias_regularizer, bias_constraint=bias_constraint, **base,
        )  # fmt: skip
        who = type(self).__name__
        self.filters = _check.integer(who, "filters", filters)
        self.depth_multiplier = _check.integer(who, "depth_multiplier", depth_multiplier)
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.pointwise_initializer = initializers.get(pointwise_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)
        self.pointwise_regularizer = regularizers.get(pointwise_regularizer)
        self.pointwise_constraint = constraints.get(pointwise_constraint)
        self._depthwise: _core.Parameter | None = None
        self._pointwise: _core.Parameter | None = None

    @property
    def depthwise_kernel(self) -> Variable | None:
        """The live kernel of the first convolution; None before the layer is built."""
        return self._live(self._depthwise)

    @property
    def pointwise_kernel(self) -> Variable | None:
        """The live kernel of the second convolution; None before the layer is built."""
        return self._live(self._pointwise)

    def _kernel_shapes(self, channels: int) -> tuple[Shape, Shape]:
        between = channels * self.depth_multiplier
        depthwise = (*self.kernel_size, channels, self.depth_multiplier)
        return depthwise, (*(1,) * self._axes, between, self.filters)

    def build(self, input_shape: Shape) -> None:
        """Make both kernels and the bias."""
        depthwise, pointwise = self._kernel_shapes(input_shape[-1])
        self._depthwise = self.add_weight(
            "depthwise_kernel",
            depthwise,
            self.depthwise_initializer,
            regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint,
        )
        self._pointwise = self.add_weight(
            "pointwise_kernel",
            pointwise,
            self.pointwise_initializer,
            regularizer=self.pointwise_regularizer,
            constraint=self.pointwise_constraint,
        )
        self._add_bias(self.filters)

    def forget(self) -> None:
        """Undo building."""
        super().forget()
        self._depthwise = self._pointwise = None

    def call_rows(self, x: Any) -> Any:
        """Return two convolutions, with the activation fused into the second where possible."""
        geometry = self._geometry(x.row_shape)
        with x.recording.within(f"{self.name}/depthwise"):
            between = record("conv2d", x, given(self._depthwise), None, **geometry, groups=0)
        pointwise = given(self._pointwise)
        return self._finish(
            lambda bias, kind, alpha: record(
                "conv2d", between, pointwise, bias, (1, 1), (1, 1), (0, 0, 0, 0), activation=kind,
                alpha=alpha,
            )
        )  # fmt: skip


# Keras's aliases.
SeparableConvolution2D = SeparableConv2D
