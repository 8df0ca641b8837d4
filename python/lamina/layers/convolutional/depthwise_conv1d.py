"""Convolution of each channel of a signal separately."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from lamina.layers.convolutional.depthwise_conv2d import DepthwiseConv2D

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

__all__ = ["DepthwiseConv1D"]


class DepthwiseConv1D(DepthwiseConv2D):
    r"""Convolve each channel separately, :math:`y_{t,cm+k} = g(\sum_{s} x_{t+s,c} W_{sck})`.

    Channels do not mix: each yields ``m`` (the depth multiplier) outputs, k < m.  A bias
    is added before the activation g.

    Parameters
    ----------
    kernel_size : int or tuple of 1 int
        Size of the window along each axis.
    strides : int or tuple of 1 int, default 1
        Strides of the window.
    padding : {"valid", "same"}, default "valid"
        "valid" pads nothing, "same" pads with zeros so that a stride of 1 keeps the size.
    depth_multiplier : int, default 1
        Outputs per channel.
    data_format : {"channels_last", "channels_first"}, optional
        Position of the axis of channels.  With channels_first it is moved last, and back again.
    dilation_rate : int or tuple of 1 int, default 1
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
        larger than the padded signal.

    Notes
    -----
    Shapes: x (rows, steps, channels), W (kernel size, channels, m), bias (m channels,), y (rows,
    out steps, m channels).

    Examples
    --------
    >>> import lamina
    >>> layer = lamina.layers.DepthwiseConv1D(2, depthwise_initializer="ones")
    >>> layer([[[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]]])[0]
    array([[1., 2.],
           [3., 2.]], dtype=float32)
    """

    _axes: ClassVar[int] = 1

    def __init__(
        self,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Sizes = 1,
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
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            depth_multiplier=depth_multiplier,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            depthwise_initializer=depthwise_initializer,
            bias_initializer=bias_initializer,
            depthwise_regularizer=depthwise_regularizer,
            bias_regularizer=bias_regularizer,
            depthwise_constraint=depthwise_constraint,
            bias_constraint=bias_constraint,
            **base,
        )
