"""Filters of images: blurs, edges, structural similarity."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina._tensors.dispatch import operation
from lamina._tensors.tensor import Tensor
from lamina.ops._axes import shown
from lamina.ops._images import last_channels
from lamina.ops._numbers import integer, number, positive
from lamina.ops._windows import sizes_of
from lamina.ops.arithmetic import add, divide, multiply, square, subtract
from lamina.ops.joining import concatenate
from lamina.ops.reductions import mean
from lamina.ops.shaping import expand_dims, moveaxis, reshape, squeeze
from lamina.ops.splitting import split
from lamina.ops.windows import depthwise_conv

__all__ = ["gaussian_blur", "sobel_edges", "ssim"]


def _bell(size: int, sigma: float) -> Any:
    """Return the weights of a normal density at a number of points, which sum to 1."""
    x = np.arange(size) - (size - 1) / 2
    weights = np.exp(-0.5 * np.square(x / sigma))
    return weights / weights.sum()


def _smoothed(x: Tensor, columns: Any, rows: Any, padding: str) -> Any:
    """Return images (n, height, width, channels) with weighted means along both axes."""
    for weights in (columns[:, None], rows[None, :]):
        kernel = np.repeat(weights[:, :, None, None], x.shape[-1], 2)
        x = depthwise_conv(x, kernel, 1, padding)
    return x


@operation
def gaussian_blur(
    images: Any, kernel_size: Any = (3, 3), sigma: Any = (1.0, 1.0), data_format: Any = None
) -> Any:
    """Return images blurred with a normal kernel.

    Outside their edges the images are 0.

    Parameters
    ----------
    images : tensor or array_like, shape (n, height, width, channels) or (height, width, channels)
    kernel_size : int or tuple of 2 int, default (3, 3)
        Number of pixels of the kernel, along the width and along the height, which is Keras's
        order.
    sigma : float or tuple of 2 float, default (1.0, 1.0)
        The standard deviations of the kernel, in the same order.
    data_format : {"channels_last", "channels_first"}, optional

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.image.gaussian_blur(np.ones((3, 3, 1)), sigma=1.0)[1, :, 0].round(4)
    array([0.7259, 1.    , 0.7259])
    """
    who = "gaussian_blur"
    x, first, back = last_channels(who, images, data_format)
    width, height = sizes_of(who, "kernel_size", kernel_size, 2)
    spreads = list(sigma) if isinstance(sigma, (list, tuple, np.ndarray)) else [sigma] * 2
    if len(spreads) != 2:
        raise ValueError(f"{who}: sigma must be a positive number, or two; got {sigma!r}")
    spreads = [positive(who, "sigma", spread) for spread in spreads]
    x = x if first else expand_dims(x, 0)
    y = _smoothed(x, _bell(height, spreads[1]), _bell(width, spreads[0]), "same")
    return back(y if first else squeeze(y, 0))


@operation
def sobel_edges(images: Any, data_format: Any = None) -> Any:
    """Return the gradients of images downwards and to the right, by Sobel filters.

    Outside their edges the images are 0.

    Parameters
    ----------
    images : tensor or array_like, shape (n, height, width, channels) or (height, width, channels)
    data_format : {"channels_last", "channels_first"}, optional

    Returns
    -------
    tensor or array
        With a new last axis of size 2: downwards and to the right.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.image.sobel_edges([[[0.0], [1.0], [3.0]]] * 3)[1, 1, 0]
    array([ 0., 12.], dtype=float32)
    """
    x, first, _ = last_channels("sobel_edges", images, data_format)
    x = x if first else expand_dims(x, 0)
    slope, weights = np.array([-1.0, 0.0, 1.0]), np.array([1.0, 2.0, 1.0])
    both = np.stack([np.outer(slope, weights), np.outer(weights, slope)], -1)
    channels = x.shape[-1]
    y = depthwise_conv(x, np.repeat(both[:, :, None], channels, 2), 1, "same")
    y = reshape(y, (-1, *y.shape[1:3], channels, 2))
    y = moveaxis(y, 3, 1) if data_format == "channels_first" else y
    return y if first else squeeze(y, 0)


@operation
def ssim(
    image1: Any, image2: Any, max_val: float = 1.0, filter_size: int = 11,
    filter_sigma: float = 1.5, k1: float = 0.01, k2: float = 0.03, data_format: Any = None,
) -> Any:  # fmt: skip
    """Return the structural similarity of images (Wang, Bovik, Sheikh and Simoncelli, 2004).

    Parameters
    ----------
    image1, image2 : tensor or array_like, shape (n, height, width, channels)
        With the same shape; or a single image each, without the first axis.
    max_val : float, default 1.0
        The largest possible value of a pixel.
    filter_size : int, default 11
        Height and width of the windows that are compared.
    filter_sigma : float, default 1.5
        Standard deviation of the weights within the windows.
    k1, k2 : float, default 0.01 and 0.03
        Constants that keep the divisors from 0, as shares of ``max_val``.
    data_format : {"channels_last", "channels_first"}, optional

    Returns
    -------
    tensor or array, shape (n,) or ()
        The mean over windows and channels, which is 1 for equal images.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> image = np.linspace(0.0, 1.0, 192).reshape(8, 8, 3)
    >>> float(ops.image.ssim(image, image, filter_size=5).round(6))
    1.0
    """
    x, first, _ = last_channels("ssim", image1, data_format)
    y, _, _ = last_channels("ssim", image2, data_format)
    size = integer("ssim", "filter_size", filter_size)
    if tuple(x.shape) != tuple(y.shape):
        raise ValueError(f"ssim: images must have one shape; got {shown(x)} and {shown(y)}")
    if not 1 <= size <= min(x.shape[first : first + 2]):
        raise ValueError(
            f"ssim: filter_size must be positive and within the images, {shown(x)}; got {size}"
        )
    x, y = (v if first else expand_dims(v, 0) for v in (x, y))
    weights = _bell(size, positive("ssim", "filter_sigma", filter_sigma))
    for name, value in (("max_val", max_val), ("k1", k1), ("k2", k2)):
        number("ssim", name, value)
    both = concatenate([x, y, square(x), square(y), multiply(x, y)], -1)
    means = split(_smoothed(both, weights, weights, "valid"), 5, -1)
    similar = _similarity(means, (k1 * max_val) ** 2, (k2 * max_val) ** 2)
    found = mean(similar, (1, 2, 3))
    return found if first else squeeze(found, 0)


def _similarity(means: list[Any], c1: float, c2: float) -> Any:
    """Return the similarity of windows from the means of x, y, x², y² and xy."""
    x, y, xx, yy, xy = means
    products, squares = multiply(x, y), add(square(x), square(y))
    covariance = subtract(xy, products)
    variances = subtract(add(xx, yy), squares)
    above = multiply(add(multiply(products, 2.0), c1), add(multiply(covariance, 2.0), c2))
    return divide(above, multiply(add(squares, c1), add(variances, c2)))
