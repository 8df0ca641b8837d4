"""Pictures in files and as arrays, using Pillow."""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np

from lamina import _check, _screen
from lamina._calls import answering_calls
from lamina._check import Array

MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}
CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4}
GREY = ("L", "I;16", "I")  # 8, 16 and 32 bits
LAYOUTS = ("channels_last", "channels_first")


def pillow(who: str) -> Any:
    """Return the module PIL.Image, or raise an error that says how to install it."""
    try:
        from PIL import Image
    except ImportError:
        raise ImportError(
            f'{who}: needs the package Pillow; install it by pip install "lamina[images]"'
        ) from None
    return Image


@answering_calls
def load_img(
    path: str | bytes | os.PathLike[str] | io.BytesIO,
    color_mode: str = "rgb",
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """Return a picture from a file as a Pillow image.

    Parameters
    ----------
    path : str, path-like or BytesIO
    color_mode : {"rgb", "rgba", "grayscale"}
        The mode to which it is converted; grey pictures of 16 and 32 bits are left unchanged.
    target_size : tuple of 2 int, optional
        (height, width) to which it is resized.
    interpolation : {"nearest", "bilinear", "bicubic", "lanczos", "box", "hamming"}
    keep_aspect_ratio : bool, default False
        First crop the picture around its centre to the new proportions.

    Returns
    -------
    PIL.Image.Image

    Raises
    ------
    ImportError
        Without Pillow, which ``pip install "lamina[images]"`` brings.

    Examples
    --------
    >>> import io
    >>> import numpy as np
    >>> from lamina import utils
    >>> file = io.BytesIO()
    >>> utils.save_img(file, np.zeros((4, 6, 3)), file_format="png")
    >>> utils.load_img(file, target_size=(2, 3)).size
    (3, 2)
    """
    who = "load_img"
    image = opened(who, path, color_mode)
    if target_size is None:
        return image
    height, width = _check.shape(who, "target_size", target_size)
    if image.size == (width, height):
        return image
    kinds = ("nearest", "bilinear", "bicubic", "lanczos", "box", "hamming")
    if interpolation not in kinds:
        raise ValueError(
            f"{who}: interpolation must be one of {', '.join(kinds)}; got {interpolation!r}"
        )
    filters = pillow(who).Resampling
    box = None
    if keep_aspect_ratio:
        across, down = image.size
        high, wide = min(down, across * height // width), min(across, down * width // height)
        top, left = (down - high) // 2, (across - wide) // 2
        box = (left, top, left + wide, top + high)
    return image.resize((width, height), getattr(filters, interpolation.upper()), box=box)


def opened(who: str, path: Any, color_mode: str) -> Any:
    """Return a picture, read and converted to a colour mode."""
    if color_mode not in MODES:
        raise ValueError(
            f"{who}: color_mode must be 'grayscale', 'rgb' or 'rgba'; got {color_mode!r}"
        )
    given = os.fsdecode(path) if isinstance(path, bytes) else path
    if not isinstance(given, (str, os.PathLike, io.BytesIO)):
        raise TypeError(f"{who}: path must be a path or a BytesIO; got {type(path).__name__}")
    package = pillow(who)
    try:
        image = package.open(given)
        try:
            image.load()  # also closes the file
        except BaseException:
            image.close()
            raise
    except (OSError, SyntaxError, EOFError, struct.error) as error:
        if isinstance(error, OSError) and error.strerror:  # missing, or not readable
            raise type(error)(f"{who}: {given} cannot be read: {error.strerror}") from None
        raise package.UnidentifiedImageError(
            f"{who}: {given} is not a picture that Pillow can read, or is incomplete"
        ) from error
    mode = MODES[color_mode]
    keep = image.mode in GREY if mode == "L" else image.mode == mode
    return image if keep else image.convert(mode)


@answering_calls
def img_to_array(img: Any, data_format: str | None = None, dtype: str | None = None) -> Array:
    """Return the pixels of a picture as an array of shape (height, width, channels).

    Parameters
    ----------
    img : PIL.Image.Image or array_like of 2 or 3 axes
    data_format : {"channels_last", "channels_first"}, optional
    dtype : str, default "float32"

    Examples
    --------
    >>> import numpy as np
    >>> from lamina.utils import img_to_array
    >>> img_to_array(np.zeros((4, 6))).shape
    (4, 6, 1)
    """
    first = layout("img_to_array", data_format) == "channels_first"
    x = _pixels("img_to_array", "img", img, dtype)
    if x.ndim == 2:
        x = x[..., None]
    if x.ndim != 3:
        raise ValueError(f"img_to_array: img must have 2 or 3 axes; got shape {x.shape}")
    return x.transpose(2, 0, 1) if first else x


def _pixels(who: str, name: str, given: Any, dtype: str | None) -> Array:
    """Return a copy of pixels, which may be a picture's."""
    try:
        return np.array(given, dtype=dtype or "float32")
    except (TypeError, ValueError):
        raise TypeError(
            f"{who}: {name} must be a picture or an array of numbers; got {given!r:.80}"
        ) from None


@answering_calls
def array_to_img(
    x: Any, data_format: str | None = None, scale: bool = True, dtype: str | None = None
) -> Any:
    """Return an array of pixels as a Pillow image.

    Parameters
    ----------
    x : array_like, shape (height, width, channels)
        With 1, 3 or 4 channels.
    data_format : {"channels_last", "channels_first"}, optional
    scale : bool, default True
        Scale the values so that the lowest is 0 and the highest 255.
    dtype : str, default "float32"
        The dtype of the computation.

    Returns
    -------
    PIL.Image.Image

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import utils
    >>> picture = utils.array_to_img(np.zeros((4, 6, 3)))
    >>> picture.size, picture.mode
    ((6, 4), 'RGB')
    """
    who = "array_to_img"
    image = pillow(who)
    values = _pixels(who, "x", x, dtype)
    if values.ndim != 3:
        raise ValueError(f"{who}: x must have 3 axes, of one picture; got shape {values.shape}")
    if layout(who, data_format) == "channels_first":
        values = values.transpose(1, 2, 0)
    if scale:
        values -= values.min()
        top = values.max()
        values *= 255 / top if top else 1
    channels = values.shape[2]
    if channels not in (1, 3, 4):
        raise ValueError(f"{who}: x must have 1, 3 or 4 channels; got {channels}")
    if channels == 1 and values.max() > 255:
        return image.fromarray(values[..., 0].astype(np.int32))
    pixels = values.astype(np.uint8)
    return image.fromarray(pixels[..., 0] if channels == 1 else pixels)


@answering_calls
def save_img(
    path: Any,
    x: Any,
    data_format: str | None = None,
    file_format: str | None = None,
    scale: bool = True,
    **kwargs: Any,
) -> None:
    """Write an array of pixels to a file.

    Parameters
    ----------
    path : str, path-like or file
    x : array_like, shape (height, width, channels)
    data_format : {"channels_last", "channels_first"}, optional
    file_format : str, optional
        By default the suffix of the file name.
    scale : bool, default True
        As in ``array_to_img``.
    **kwargs
        What Pillow's ``save`` takes.

    Examples
    --------
    >>> import tempfile, os
    >>> import numpy as np
    >>> from lamina import utils
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     utils.save_img(os.path.join(folder, "black.png"), np.zeros((4, 6, 3)))
    ...     os.listdir(folder)
    ...
    ['black.png']
    """
    if file_format is None and isinstance(path, (str, os.PathLike)):
        file_format = Path(path).suffix[1:]
    kind = (file_format or "").lower()
    kind = "jpeg" if kind == "jpg" else kind
    image = array_to_img(x, data_format, scale)
    if kind == "jpeg" and image.mode == "RGBA":
        _screen.warn("save_img: a JPEG file has no transparency; it is omitted")
        image = image.convert("RGB")
    image.save(path, format=kind or None, **kwargs)


@answering_calls
def smart_resize(
    x: Any,
    size: tuple[int, int],
    interpolation: str = "bilinear",
    data_format: str = "channels_last",
) -> Array:
    """Return resized images, first cropped around their centre to the new proportions.

    Parameters
    ----------
    x : array_like, shape (height, width, channels) or (n, height, width, channels)
    size : tuple of 2 int
        (height, width).
    interpolation, data_format : str
        As in ``ops.image.resize``.
    """
    from lamina.ops.image import resize

    values = np.asarray(x)
    if values.dtype.kind != "f":
        values = values.astype(np.float32)
    made = resize(values, size, interpolation, crop_to_aspect_ratio=True, data_format=data_format)
    return np.asarray(made)


def layout(who: str, data_format: str | None) -> str:
    """Return a layout of the axes, the last ones by default."""
    if data_format is None:
        return LAYOUTS[0]
    if data_format not in LAYOUTS:
        raise ValueError(
            f"{who}: data_format must be 'channels_last' or 'channels_first'; got {data_format!r}"
        )
    return data_format


def resized(
    image: Array, size: tuple[int, int], interpolation: str, crop: bool, margins: bool
) -> Array:
    """Return a resized image of shape (height, width, channels) in float32.

    Bilinear and nearest as ``ops.image.resize``, but computed from the required pixels only.
    """
    x = image.astype(np.float32, copy=False)
    if crop or margins or interpolation not in ("bilinear", "nearest"):
        from lamina.ops.image import resize

        return np.asarray(resize(
            x, size, interpolation, crop_to_aspect_ratio=crop, pad_to_aspect_ratio=margins
        ))  # fmt: skip
    for axis, length in enumerate(size):
        old = x.shape[axis]
        if old == length:
            continue
        if interpolation == "nearest":
            x = x.take(np.floor((np.arange(length) + 0.5) * old / length).astype(int), axis)
            continue
        place = np.clip((np.arange(length) + 0.5) * (old / length) - 0.5, 0, old - 1)
        low = np.floor(place).astype(int)
        share = (place - low).astype(np.float32)
        share = share[:, None, None] if axis == 0 else share[:, None]
        before, behind = x.take(low, axis), x.take(np.minimum(low + 1, old - 1), axis)
        x = before + share * (behind - before)
    return x
