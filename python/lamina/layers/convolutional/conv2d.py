"""Convolution over images."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

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

__all__ = ["Conv2D", "Convolution2D"]


class Conv2D(Conv):
    r"""Convolution of images, :math:`y_{hwo} = g(\sum_{rsc} x_{h+r,\,w+s,\,c} W_{rsco} + b_o)`.

    A cross-correlation, as in Keras; the formula is for strides and dilation of 1.

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
        another number of axes, or the window is larger than the padded image.

    Notes
    -----
    Shapes: x (rows, height, width, channels), W (kernel height, kernel width, channels / groups,
    filters), b (filters,), y (rows, out height, out width, filters).

    Examples
    --------
    >>> import lamina
    >>> layer = lamina.layers.Conv2D(1, 2, kernel_initializer="ones")
    >>> layer([[[[0.0], [1.0], [2.0]], [[3.0], [4.0], [5.0]]]])
    array([[[[ 8.],
             [12.]]]], dtype=float32)
    """

    _axes: ClassVar[int] = 2
    _paddings: ClassVar[tuple[str, ...]] = ("valid", "same")

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = (1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Sizes = (1, 1),
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


# Keras's aliases.
Convolution2D = Conv2D
