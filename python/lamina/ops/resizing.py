"""Resizing images: scaling and moving, padding, cropping."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina._check import choice
from lamina._tensors.dispatch import operation
from lamina._tensors.given import all_rows, record
from lamina._tensors.tensor import Tensor
from lamina.ops._axes import axis_of, shown
from lamina.ops._elements import floats
from lamina.ops._images import as_given, cut, last_channels
from lamina.ops._numbers import integer, integers, real
from lamina.ops._resampling import KERNELS, weights_of
from lamina.ops._windows import sizes_of
from lamina.ops.contractions import tensordot
from lamina.ops.repeating import chosen, pad
from lamina.ops.shaping import moveaxis

__all__ = ["crop_images", "pad_images", "resize", "scale_and_translate"]

# The names of the interpolations along any number of axes.
METHODS = {
    "linear": "bilinear", "cubic": "bicubic", "lanczos3": "lanczos3", "lanczos5": "lanczos5",
    "bilinear": "bilinear", "trilinear": "bilinear", "bicubic": "bicubic", "tricubic": "bicubic",
}  # fmt: skip


# --- sizes


@operation
def resize(
    images: Any, size: Any, interpolation: str = "bilinear", antialias: bool = False,
    crop_to_aspect_ratio: bool = False, pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant", fill_value: float = 0.0, data_format: Any = None,
) -> Any:  # fmt: skip
    """Return resized images.

    Parameters
    ----------
    images : tensor or array_like, shape (n, height, width, channels) or (height, width, channels)
    size : tuple of 2 int
        (height, width).
    interpolation : {"bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"}, default "bilinear"
    antialias : bool, default False
        Whether to smooth images that become smaller.
    crop_to_aspect_ratio, pad_to_aspect_ratio : bool, default False
        Whether to obtain the new proportions by cropping, or by padding, instead of distortion.
    fill_mode : {"constant"}
    fill_value : float, default 0.0
        The value of the padding.
    data_format : {"channels_last", "channels_first"}, optional

    Returns
    -------
    tensor or array
        For integers rounded to integers.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.image.resize([[[0.0], [4.0]]], (1, 4))[0, :, 0]
    array([0., 1., 3., 4.], dtype=float32)
    """
    x, first, back = last_channels("resize", images, data_format)
    new = sizes_of("resize", "size", size, 2)
    choice("resize", "interpolation", interpolation, ("nearest", *KERNELS))
    choice("resize", "fill_mode", fill_mode, ("constant",))
    filling = real("resize", "fill_value", fill_value)
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError(
            f"resize: crop_to_aspect_ratio and pad_to_aspect_ratio cannot both be True; got "
            f"{crop_to_aspect_ratio} and {pad_to_aspect_ratio}"
        )
    old = x.shape[first : first + 2]
    wanted = [int(old[1] * new[0] / new[1]), int(old[0] * new[1] / new[0])]
    if crop_to_aspect_ratio:
        for axis, want in enumerate(wanted):
            length = max(min(old[axis], want), 1)
            x = cut(x, first + axis, int((old[axis] - length) / 2), length)
    if pad_to_aspect_ratio:
        margins = [(0, 0)] * x.ndim
        for axis, want in enumerate(wanted):
            more = int((max(old[axis], want) - old[axis]) / 2)
            margins[first + axis] = (more, more)
        x = pad(x, margins, constant_values=filling)
    for axis, length in enumerate(new, first):
        x = resized(x, axis, length, interpolation, antialias)
    return back(as_given(images, x, nearest=True))


def resized(
    x: Tensor, axis: int, length: int, interpolation: str, antialias: bool = False
) -> Tensor:
    """Return a tensor with another length of one axis, in the way of ``resize``."""
    size = x.shape[axis]
    if size == length:
        return x
    if interpolation == "nearest":
        places = np.floor((np.arange(length) + 0.5) * size / length).astype(int)
        return chosen(x, places, axis)
    if interpolation == "bilinear" and not (antialias and length < size):
        return record("resize", x, axis - x.rows, length)  # type: ignore[no-any-return]
    kernel = KERNELS[interpolation]
    weights = weights_of(np, (size, length), kernel, length / size, 0.0, antialias)
    return moveaxis(tensordot(x, weights, [[axis], [0]]), -1, axis)  # type: ignore[no-any-return]


@operation
def scale_and_translate(
    images: Any, output_shape: Any, scale: Any, translation: Any, spatial_dims: Any, method: str,
    antialias: bool = True,
) -> Any:  # fmt: skip
    """Return images with scaled and shifted axes: position p becomes ``p * scale + translation``.

    Pixel i covers the positions from i to i + 1.  Outside of an image the value is 0.

    Parameters
    ----------
    images : tensor or array_like
    output_shape : tuple of int
        The shape of the result; except for the spatial axes it must be that of the images.
    scale, translation : tensor or array_like, shape (k,)
        One number for each spatial axis.  Gradients flow to them.
    spatial_dims : sequence of k int
        The axes to be scaled.
    method : {"linear", "cubic", "lanczos3", "lanczos5"}
        The kernel of the interpolation; also "bilinear", "trilinear", "bicubic" and "tricubic".
    antialias : bool, default True
        Whether to smooth images that become smaller.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.image.scale_and_translate([1.0, 2.0, 4.0], (4,), [1.0], [1.0], [0], "linear")
    array([0., 1., 2., 4.], dtype=float32)
    """
    from lamina import ops

    x, who = floats(images), "scale_and_translate"
    kernel = KERNELS[METHODS[choice(who, "method", method, METHODS)]]
    axes = [
        axis_of(who, axis, x.ndim, "spatial_dims")
        for axis in integers(who, "spatial_dims", spatial_dims)
    ]
    new = list(output_shape) if isinstance(output_shape, (list, tuple)) else [output_shape]
    factors, moves = floats(scale), floats(translation)
    kept = [a for a in range(x.ndim) if a not in axes]
    if len(new) != x.ndim or any(new[a] not in (None, x.shape[a]) for a in kept if x.shape[a]):
        raise ValueError(
            f"{who}: output_shape must be that of the images except for the spatial axes; got "
            f"{tuple(new)} for {shown(x)} and spatial_dims {tuple(axes)}"
        )
    if tuple(factors.shape) != (len(axes),) or tuple(moves.shape) != (len(axes),):
        raise ValueError(
            f"{who}: scale and translation must hold one number for each of {len(axes)} spatial "
            f"axes; got {shown(factors)} and {shown(moves)}"
        )
    lengths = [integer(who, "output_shape", new[axis], 1) for axis in axes]
    x = all_rows(x) if 0 in axes else x
    for i, axis in enumerate(axes):
        sizes = (x.shape[axis], lengths[i])
        weights = weights_of(ops, sizes, kernel, factors[i], moves[i], antialias)
        x = moveaxis(tensordot(x, weights, [[axis], [0]]), -1, axis)
    return x


@operation
def pad_images(
    images: Any, top_padding: Any = None, left_padding: Any = None, bottom_padding: Any = None,
    right_padding: Any = None, target_height: Any = None, target_width: Any = None,
    data_format: Any = None,
) -> Any:  # fmt: skip
    """Return images padded with zeros; two of the three numbers must be given for each axis.

    Parameters
    ----------
    images : tensor or array_like, shape (height, width, channels) or (n, height, width, channels)
    top_padding, left_padding, bottom_padding, right_padding : int, optional
        Number of pixels added at each side.
    target_height, target_width : int, optional
        Height and width of the result.
    data_format : {"channels_last", "channels_first"}, optional

    Examples
    --------
    >>> from lamina import ops
    >>> image = ops.ones((1, 2, 1), "int32")
    >>> ops.image.pad_images(image, 1, 1, target_height=2, target_width=3)[..., 0]
    array([[0, 0, 0],
           [0, 1, 1]], dtype=int32)
    """
    x, first, back = last_channels("pad_images", images, data_format)
    height, width = x.shape[first : first + 2]
    rows = _ends("pad_images", top_padding, bottom_padding, target_height, height, 1)
    columns = _ends("pad_images", left_padding, right_padding, target_width, width, 1)
    return as_given(images, back(pad(x, [(0, 0)] * first + [rows, columns, (0, 0)])))


@operation
def crop_images(
    images: Any, top_cropping: Any = None, left_cropping: Any = None, bottom_cropping: Any = None,
    right_cropping: Any = None, target_height: Any = None, target_width: Any = None,
    data_format: Any = None,
) -> Any:  # fmt: skip
    """Return cropped images; two of the three numbers must be given for each axis.

    Parameters
    ----------
    images : tensor or array_like, shape (height, width, channels) or (n, height, width, channels)
    top_cropping, left_cropping, bottom_cropping, right_cropping : int, optional
        Number of pixels removed at each side.
    target_height, target_width : int, optional
        Height and width of the result.
    data_format : {"channels_last", "channels_first"}, optional

    Examples
    --------
    >>> from lamina import ops
    >>> image = ops.reshape(ops.arange(6), (2, 3, 1))
    >>> ops.image.crop_images(image, 1, 1, target_height=1, target_width=2)[..., 0]
    array([[4, 5]], dtype=int32)
    """
    x, first, back = last_channels("crop_images", images, data_format)
    height, width = x.shape[first : first + 2]
    top, bottom = _ends("crop_images", top_cropping, bottom_cropping, target_height, height, -1)
    left, right = _ends("crop_images", left_cropping, right_cropping, target_width, width, -1)
    x = cut(x, first, top, height - top - bottom)
    return as_given(images, back(cut(x, first + 1, left, width - left - right)))


def _ends(who: str, before: Any, after: Any, target: Any, size: int, sign: int) -> tuple[int, int]:
    if (before is None) + (after is None) + (target is None) != 1:
        raise ValueError(
            f"{who}: two of the margin before, the margin after and the target size must be given "
            f"for each axis; got {before}, {after} and {target}"
        )
    before, after, target = (
        None if value is None else integer(who, name, value)
        for name, value in (("margins", before), ("margins", after), ("target sizes", target))
    )
    more = None if target is None else sign * (target - size)
    if more is not None:
        before = more - after if before is None else before
        after = more - before
    if before < 0 or after < 0 or (sign < 0 and before + after >= size):
        raise ValueError(
            f"{who}: margins must not be negative, nor take all of an axis; got {before} and "
            f"{after} for {size} pixels"
        )
    return before, after
