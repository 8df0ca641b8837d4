"""Warping images: reading them at positions between pixels."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina._check import choice
from lamina._tensors.dispatch import on_tensors, operation
from lamina._tensors.given import all_rows, by_rows, each_row, given, record
from lamina._tensors.tensor import Tensor
from lamina.ops._axes import shown
from lamina.ops._elements import converted, floats
from lamina.ops._images import last_channels
from lamina.ops._numbers import integer, number, positive, real
from lamina.ops._places import FILLS, between, read, rounded
from lamina.ops._projections import projection
from lamina.ops.arithmetic import add, divide, multiply
from lamina.ops.core import shape
from lamina.ops.filters import gaussian_blur
from lamina.ops.gathering import take
from lamina.ops.indexing import get_item
from lamina.ops.shaping import expand_dims, ravel, squeeze

__all__ = ["affine_transform", "elastic_transform", "map_coordinates", "perspective_transform"]

ORDERS = {"nearest": 0, "bilinear": 1}


@operation
def map_coordinates(
    inputs: Any, coordinates: Any, order: int, fill_mode: str = "constant", fill_value: float = 0.0
) -> Any:
    """Return the values of a tensor at positions between its elements.

    Gradients flow to the elements and, with order 1, to the positions.

    Parameters
    ----------
    inputs : tensor or array_like, of k axes
    coordinates : tensor or array_like, shape (k, ...)
        A position along each axis; element i is at i.
    order : {0, 1}
        The nearest element, or linear interpolation between neighbours.
    fill_mode : {"constant", "nearest", "wrap", "mirror", "reflect"}, default "constant"
        Values outside: a constant, the elements at the ends, or all elements repeated, in the same
        order, or reversed without or with those at the ends.
    fill_value : float, default 0.0
        The value for mode "constant".

    Returns
    -------
    tensor or array, shape (...)

    Examples
    --------
    >>> from lamina import ops
    >>> ops.image.map_coordinates([1.0, 2.0, 4.0], [[0.5, 1.75, 3.0]], 1)
    array([1.5, 3.5, 0. ], dtype=float32)
    """
    x, where_to = all_rows(given(inputs)), all_rows(floats(coordinates))
    choice("map_coordinates", "fill_mode", fill_mode, FILLS)
    if isinstance(order, bool) or integer("map_coordinates", "order", order) not in (0, 1):
        raise ValueError(f"map_coordinates: order must be 0 or 1; got {order!r}")
    if where_to.ndim < 2 or where_to.shape[0] != x.ndim:
        raise ValueError(
            f"map_coordinates: coordinates must have a first axis of {x.ndim}, the number of axes "
            f"of inputs, and another; got {shown(where_to)} for {shown(x)}"
        )
    fill = real("map_coordinates", "fill_value", fill_value)
    sizes, values = list(x.shape), ravel(floats(x))
    along = [
        between(get_item(where_to, axis), size, order, fill_mode) for axis, size in enumerate(sizes)
    ]
    y = read(along, sizes, lambda index: take(values, index, 0), fill)
    return y if x.dtype.startswith("float") else converted(rounded(y), "int32")


@operation
def affine_transform(
    images: Any, transform: Any, interpolation: str = "bilinear", fill_mode: str = "constant",
    fill_value: float = 0, data_format: Any = None,
) -> Any:  # fmt: skip
    """Return images read at transformed positions: rotated, sheared, scaled or shifted.

    The pixel in column x and row y is read at column ``(a0 x + a1 y + a2) / k`` and
    row ``(b0 x + b1 y + b2) / k``, with ``k = c0 x + c1 y + 1``.

    Parameters
    ----------
    images : tensor or array_like, shape (n, height, width, channels) or (height, width, channels)
    transform : tensor or array_like, shape (n, 8) or (8,)
        a0, a1, a2, b0, b1, b2, c0, c1.  Gradients flow to them if the interpolation is bilinear.
    interpolation : {"bilinear", "nearest"}, default "bilinear"
    fill_mode : {"constant", "nearest", "wrap", "mirror", "reflect"}, default "constant"
        Values outside the image, as in ``map_coordinates``.
    fill_value : float, default 0
        The value for mode "constant".
    data_format : {"channels_last", "channels_first"}, optional

    Examples
    --------
    >>> from lamina import ops
    >>> image = [[[1.0], [2.0], [4.0]]]
    >>> ops.image.affine_transform(image, [1, 0, 0.5, 0, 1, 0, 0, 0])[0, :, 0]
    array([1.5, 3. , 2. ], dtype=float32)
    """
    who = "affine_transform"
    x, first, back = last_channels(who, images, data_format)
    choice(who, "interpolation", interpolation, ORDERS)
    choice(who, "fill_mode", fill_mode, FILLS)
    numbers = floats(transform)
    if numbers.ndim not in (1, 2) or numbers.shape[-1] != 8:
        raise ValueError(f"{who}: transform must have shape (8,) or (n, 8); got {shown(numbers)}")
    x = x if first else expand_dims(x, 0)
    numbers = numbers if numbers.ndim == 2 else expand_dims(numbers, 0)
    _one_each(who, x, "transform", numbers)
    entries = [_of_images(get_item(numbers, (slice(None), i))) for i in range(8)]
    y = warped(x, *_projected(x, [*entries, 1.0]), interpolation, fill_mode, fill_value)
    return back(y if first else squeeze(y, 0))


def _one_each(who: str, x: Tensor, name: str, given_ones: Any) -> None:
    """Check that there is one for each image, or one for all, if both numbers are known."""
    count, images = shape(given_ones)[0], x.shape[0]
    known = isinstance(count, int) and isinstance(images, int)
    if known and count not in (1, images):
        raise ValueError(
            f"{who}: {name} must be one for each image, or for all of them; got {count} for "
            f"{images} {'image' if images == 1 else 'images'}"
        )


@operation
def perspective_transform(
    images: Any, start_points: Any, end_points: Any, interpolation: str = "bilinear",
    fill_value: float = 0, data_format: Any = None,
) -> Any:  # fmt: skip
    """Return images after a perspective transformation that maps four points to four others.

    Parameters
    ----------
    images : tensor or array_like, shape (n, height, width, channels) or (height, width, channels)
    start_points, end_points : tensor or array_like, shape (n, 4, 2) or (4, 2)
        Columns and rows, (x, y), in the images and in the result.  No three of the four points may
        be collinear.  Gradients flow to them if the interpolation is bilinear.
    interpolation : {"bilinear", "nearest"}, default "bilinear"
    fill_value : float, default 0
        The value outside the images.
    data_format : {"channels_last", "channels_first"}, optional

    Examples
    --------
    >>> from lamina import ops
    >>> image = [[[1.0], [2.0]], [[3.0], [4.0]]]
    >>> corners, turned = [[0, 0], [1, 0], [0, 1], [1, 1]], [[1, 0], [1, 1], [0, 0], [0, 1]]
    >>> ops.image.perspective_transform(image, corners, turned)[..., 0]
    array([[3., 1.],
           [4., 2.]], dtype=float32)
    """
    from lamina import ops

    who = "perspective_transform"
    x, first, back = last_channels(who, images, data_format)
    choice(who, "interpolation", interpolation, ORDERS)
    for name, points in (("start_points", start_points), ("end_points", end_points)):
        if len(shape(points)) not in (2, 3) or tuple(shape(points)[-2:]) != (4, 2):
            raise ValueError(
                f"{who}: {name} must have shape (4, 2) or (n, 4, 2); got {tuple(shape(points))}"
            )
    x = x if first else expand_dims(x, 0)
    for name, points in (("start_points", start_points), ("end_points", end_points)):
        if len(shape(points)) == 3:
            _one_each(who, x, name, points)
    size = float(max(x.shape[1:3]))
    m: Any = ops if on_tensors(start_points, end_points) else np
    entries = projection(m, start_points, end_points, size)
    places = _projected(x, [_of_images(entry) for entry in entries], size)
    y = warped(x, *places, interpolation, "constant", fill_value)
    return back(y if first else squeeze(y, 0))


# --- positions at which pixels are read


def _of_images(entry: Any) -> Any:
    """Return one number for each image, to broadcast with its pixels."""
    return expand_dims(given(entry), (-2, -1))


def _projected(x: Tensor, entries: list[Any], unit: float = 1.0) -> tuple[Any, Any]:
    """Return the rows and columns to which matrices map the pixels."""
    rows, columns = (places / unit for places in pixel_grid(x))
    across, down, depth = (
        add(add(multiply(a, columns), multiply(b, rows)), c)
        for a, b, c in (entries[:3], entries[3:6], entries[6:])
    )
    return multiply(divide(down, depth), unit), multiply(divide(across, depth), unit)


def pixel_grid(x: Tensor) -> tuple[Any, Any]:
    """Return the row and the column of each pixel, shape (1, height, width)."""
    rows, columns = np.meshgrid(*(np.arange(float(n)) for n in x.shape[1:3]), indexing="ij")
    return rows[None], columns[None]


def warped(
    x: Tensor, rows: Any, columns: Any, interpolation: str, fill_mode: str, fill_value: float
) -> Any:
    """Return images (n, height, width, channels) read at positions (n or 1, height, width)."""
    if x.rows or rows.rows or columns.rows:
        x, rows, columns = (_of_each_row(each) for each in (x, rows, columns))
        if rows.rows != columns.rows:
            rows, columns = each_row(rows), each_row(columns)
    fill = number("warp", "fill_value", fill_value)
    return record("warp", x, rows, columns, interpolation, fill_mode, fill)


def _of_each_row(x: Tensor) -> Tensor:
    """Return a tensor with rows, or, if its first axis has one entry, that entry for all rows."""
    return x if x.rows else squeeze(x, 0) if x.shape[0] == 1 else by_rows(x)


# --- random transformations


@operation
def elastic_transform(
    images: Any, alpha: float = 20.0, sigma: float = 5.0, interpolation: str = "bilinear",
    fill_mode: str = "reflect", fill_value: float = 0.0, seed: Any = None, data_format: Any = None,
) -> Any:  # fmt: skip
    """Return images with smooth random displacements of their pixels (Simard et al., 2003).

    A pixel moves by ``alpha * sigma`` times a normal number along each axis, smoothed by
    ``gaussian_blur`` with ``sigma``.

    Parameters
    ----------
    images : tensor or array_like, shape (n, height, width, channels) or (height, width, channels)
    alpha : float, default 20.0
        Strength of the displacements.
    sigma : float, default 5.0
        Length scale over which neighbours move together, in pixels.
    interpolation : {"bilinear", "nearest"}, default "bilinear"
    fill_mode : {"constant", "nearest", "wrap", "mirror", "reflect"}, default "reflect"
        Values outside the image, as in ``map_coordinates``.
    fill_value : float, default 0.0
        The value for mode "constant".
    seed : int or SeedGenerator, optional
        As in ``lamina.random.normal``: a number gives the same displacements in each call.
    data_format : {"channels_last", "channels_first"}, optional

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> image = np.linspace(0.0, 1.0, 192).reshape(8, 8, 3)
    >>> once, again = (ops.image.elastic_transform(image, seed=1) for _ in range(2))
    >>> once.shape, bool((once == again).all()), bool((once == image).all())
    ((8, 8, 3), True, False)
    """
    from lamina.random import normal

    who = "elastic_transform"
    x, first, back = last_channels(who, images, data_format)
    choice(who, "interpolation", interpolation, ORDERS)
    choice(who, "fill_mode", fill_mode, FILLS)
    strength, sigma = number(who, "alpha", alpha), positive(who, "sigma", sigma)
    x = x if first else expand_dims(x, 0)
    noise = normal((*shape(x)[:3], 2), 0.0, sigma, seed=seed)
    moves = gaussian_blur(given(noise), int(6 * sigma) | 1, sigma)
    rows, columns = (
        add(places, multiply(get_item(moves, (..., axis)), strength))
        for axis, places in enumerate(pixel_grid(x))
    )
    y = warped(x, rows, columns, interpolation, fill_mode, fill_value)
    return back(y if first else squeeze(y, 0))
