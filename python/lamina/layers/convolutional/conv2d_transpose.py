"""The transposed convolution of images."""

from __future__ import annotations

from lamina.layers.convolutional.base_conv_transpose import ConvTranspose

__all__ = ["Conv2DTranspose", "Convolution2DTranspose"]


class Conv2DTranspose(ConvTranspose):
    """Transposed convolution: each position of x is spread over a window of y.

    With a stride it enlarges images as ``Conv2D`` with the same settings shrinks them: its output
    is the gradient with respect to that convolution's input, plus bias and activation.

    Parameters
    ----------
    filters : int
        Number of filters, the channels of the output.
    kernel_size : int or tuple of 2 int
        Size of the window along each axis.
    strides : int or tuple of 2 int, default (1, 1)
        Strides of the window over the output.
    padding : {"valid", "same"}, default "valid"
        With "valid" the output covers all windows and has size (n - 1) stride + max(size, stride);
        with "same" it has size n stride.
    output_padding : int or tuple of 2 int, optional
        Cells added at the end of each axis, fewer than the stride: the size is then (n - 1) stride
        + size + output_padding ("valid") or (n - 1) stride + size % 2 + output_padding ("same").
    data_format : {"channels_last", "channels_first"}, optional
        Position of the axis of channels.  With channels_first it is moved last, and back again.
    dilation_rate : int or tuple of 2 int, default (1, 1)
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
    Shapes: x (rows, height, width, channels), kernel (kernel height, kernel width, filters,
    channels), bias (filters,), y (rows, out height, out width, filters).

    Examples
    --------
    >>> import lamina
    >>> layer = lamina.layers.Conv2DTranspose(1, (1, 2), (1, 2), kernel_initializer="ones")
    >>> layer([[[[1.0], [2.0]]]])[0, 0, :, 0]
    array([1., 1., 2., 2.], dtype=float32)
    """


# Keras's aliases.
Convolution2DTranspose = Conv2DTranspose
