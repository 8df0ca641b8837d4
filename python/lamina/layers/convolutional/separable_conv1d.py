"""A depthwise convolution of signals followed by a pointwise one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from lamina.layers.convolutional.separable_conv2d import SeparableConv2D

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

__all__ = ["SeparableConv1D", "SeparableConvolution1D"]


class SeparableConv1D(SeparableConv2D):
    """Convolve each channel separately, then mix the channels at each position.

    Two small kernels replace one that does both, which needs fewer weights and products (Chollet
    2017).  Bias and activation follow the second convolution.

    Parameters
    ----------
    filters : int
        Number of filters, the channels of the output.
    kernel_size : int or tuple of 1 int
        Size of the window along each axis.
    strides : int or tuple of 1 int, default 1
        Strides of the window.
    padding : {"valid", "same"}, default "valid"
        "valid" pads nothing, "same" pads with zeros so that a stride of 1 keeps the size.
    data_format : {"channels_last", "channels_first"}, optional
        Position of the axis of channels.  With channels_first it is moved last, and back again.
    dilation_rate : int or tuple of 1 int, default 1
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
        larger than the padded signal.

    Notes
    -----
    Shapes: x (rows, steps, channels), depthwise kernel (kernel size, channels, m), pointwise kernel
    (1, m channels, filters), bias (filters,), y (rows, out steps, filters).

    Examples
    --------
    >>> import lamina
    >>> layer = lamina.layers.SeparableConv1D(
    ...     1, 2, depthwise_initializer="ones", pointwise_initializer="ones"
    ... )
    >>> layer([[[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]]])[0]
    array([[3.],
           [5.]], dtype=float32)
    """

    _axes: ClassVar[int] = 1

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Sizes = 1,
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
            filters=filters,
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            depth_multiplier=depth_multiplier,
            activation=activation,
            use_bias=use_bias,
            depthwise_initializer=depthwise_initializer,
            pointwise_initializer=pointwise_initializer,
            bias_initializer=bias_initializer,
            depthwise_regularizer=depthwise_regularizer,
            pointwise_regularizer=pointwise_regularizer,
            bias_regularizer=bias_regularizer,
            depthwise_constraint=depthwise_constraint,
            pointwise_constraint=pointwise_constraint,
            bias_constraint=bias_constraint,
            **base,
        )


# Keras's aliases.
SeparableConvolution1D = SeparableConv1D
