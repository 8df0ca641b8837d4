"""Images side by side, each with a title."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check
from lamina._arrays import as_numbers
from lamina._calls import answering_calls
from lamina._check import Array
from lamina.plot.figures import Path, on_grid, require_matplotlib
from lamina.plot.style import GREY
from lamina.plot.weights import grid_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WHO = "images"
SIDE = 1.5  # inches of an image
WIDEST = 10.0  # inches of a figure
SMALL = 256  # pixels per side up to which pixels are visible
LETTER = 0.6  # average width of a letter, relative to its height
LINE = 1.9  # height of a line of a title, relative to that of its letters


@answering_calls
def images(
    x: Any,
    titles: Sequence[Any] | None = None,
    path: Path = None,
    *,
    columns: int | None = None,
    cmap: str = "gray",
    scale: tuple[float, float] | str = "shared",
    frame: bool = False,
    ax: Axes | None = None,
) -> Array:
    """Draw images in rows, such as a few of a data set, or those that a network misclassified.

    Images of up to 256 pixels per side are drawn with square pixels, larger ones smoothly.

    Parameters
    ----------
    x : array_like of shape (images, height, width) or (images, height, width, channels)
        Or a list of images of different sizes.  With three or four channels they are drawn in
        colour, as integers from 0 to 255 or numbers from 0 to 1; numbers outside are clipped.
    titles : sequence, optional
        The text above each image, as a string or an object with a string form.
    path : str or path-like, optional
        Where to save the figure; the ending chooses the format.
    columns : int, optional
        The number of images in a row; by default about the number of rows.
    cmap : str, default "gray"
        Colours of images with one channel.  With "gray_r", large values are dark, like ink on
        paper.
    scale : {"shared", "each"} or (float, float), default "shared"
        The values of the first and the last of these colours: the smallest and the largest of all
        images, those of each image, or two numbers.
    frame : bool, default False
        Whether to draw a thin grey line around each image, for images whose edges have the colour
        of the paper.
    ax : matplotlib Axes, optional
        A frame to draw the images in, below its title; a new figure of pyplot's if not given.

    Returns
    -------
    ndarray of matplotlib Axes, shape (images,)

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there is no image, one has another shape, or the number of titles is wrong.

    Examples
    --------
    >>> from lamina import plot
    >>> from lamina.datasets import mnist
    >>> (digits, labels), _ = mnist.load_data()
    >>> drawn = plot.images(digits[:10], labels[:10], columns=5, cmap="gray_r")
    >>> drawn.shape, drawn[3].get_title()
    ((10,), '3')
    """
    if not isinstance(x, (list, tuple)) and np.ndim(x) == 0:
        raise TypeError(f"{WHO}: x must hold images, (images, height, width); got {x!r:.80}")
    pictures = [_picture(each) for each in x]
    if not pictures:
        raise ValueError(f"{WHO}: x must have at least one image; got none")
    require_matplotlib(WHO)
    words = None if titles is None else _check.names(WHO, "titles", titles)
    if words is not None and len(words) != len(pictures):
        raise ValueError(
            f"{WHO}: there must be as many titles as images, {len(pictures)}; got {len(words)}"
        )
    across = grid_for(len(pictures))[0][1]
    if columns is not None:
        across = min(_check.integer(WHO, "columns", columns), len(pictures))
    down = -(-len(pictures) // across)
    limits = _limits(pictures, scale)
    framed = _check.boolean(WHO, "frame", frame)

    def draw(grid: Array) -> Array:
        used = grid.ravel()[: len(pictures)]
        for axes in grid.ravel()[len(pictures) :]:
            axes.remove()
        for place, (axes, picture, (low, high)) in enumerate(
            zip(used, pictures, limits, strict=True)
        ):
            if framed:
                axes.set(xticks=[], yticks=[])
                axes.spines[:].set(visible=True, color=GREY, linewidth=1)
            else:
                axes.set_axis_off()
            sharp = "nearest" if max(picture.shape[:2]) <= SMALL else None
            axes.imshow(picture, cmap=cmap, vmin=low, vmax=high, interpolation=sharp)
            if words is not None:
                axes.set_title(words[place], parse_math=False, loc="center", pad=4)
        return used

    height, width = (max(sizes) for sizes in zip(*(p.shape[:2] for p in pictures), strict=True))
    wide = min(SIDE * min(width / height, 3.0), WIDEST / across)
    words = None if words is None else [_wrapped(word, wide) for word in words]
    tall = min(SIDE, wide * height / width) + _title_inches(words)
    size = (max(across * wide, 2.0), max(down * tall, 1.0))
    return on_grid(WHO, draw, (down, across), ax, path, size)  # type: ignore[no-any-return]


def _picture(image: Any) -> Array:
    found = as_numbers(WHO, "x", image if isinstance(image, np.ndarray) else np.asarray(image))
    if found.ndim == 3 and found.shape[2] == 1:
        found = found[..., 0]
    if found.ndim not in (2, 3) or (found.ndim == 3 and found.shape[2] not in (3, 4)):
        raise ValueError(
            f"{WHO}: each image must have shape (height, width) or (height, width, channels) with "
            f"1, 3 or 4 channels; got {np.shape(image)}"
        )
    if found.size == 0:
        raise ValueError(f"{WHO}: each image must have a pixel; got shape {np.shape(image)}")
    if found.dtype == bool:
        return found.astype(np.float32)
    return found.clip(0, 255 if found.dtype.kind in "iu" else 1) if found.ndim == 3 else found


def _limits(pictures: list[Array], scale: Any) -> list[tuple[float, float]]:
    """Return the values of the first and the last colour, for each image."""
    two = isinstance(scale, (list, tuple, np.ndarray)) and len(scale) == 2
    if not two and not (isinstance(scale, str) and scale in ("shared", "each")):
        raise ValueError(f"{WHO}: scale must be 'shared', 'each' or two numbers; got {scale!r:.80}")
    if not two:
        found = [(float(p.min()), float(p.max())) for p in pictures]
        if scale == "each":
            return found
        grey = [pair for p, pair in zip(pictures, found, strict=True) if p.ndim == 2] or found
        low, high = min(a for a, _ in grey), max(b for _, b in grey)
    else:
        low, high = (_check.number(WHO, "scale", each) for each in scale)
    return [(low, high)] * len(pictures)


def _wrapped(title: str, wide: float) -> str:
    """Return a title in lines no wider than an image."""
    room = max(int(wide * 72 / (LETTER * _title_points())), 4)
    return "\n".join(part for line in title.split("\n") for part in wrap(line, room) or [""])


def _title_inches(words: list[str] | None) -> float:
    """Return the height of the titles above each image."""
    if words is None:
        return 0.05
    return max(word.count("\n") + 1 for word in words) * LINE * _title_points() / 72


def _title_points() -> float:
    from matplotlib import rcParams
    from matplotlib.font_manager import FontProperties

    return float(FontProperties(size=rcParams["axes.titlesize"]).get_size_in_points())
