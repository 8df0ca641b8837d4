"""Colours and lines that distinguish curves in colour, in grey and for the colour-blind."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito, "Color universal design" (2008), ordered so that neighbours differ in lightness.
BLUE, ORANGE, GREEN, PINK, SKY, VERMILION, BLACK = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000",
)  # fmt: skip
COLOURS = (BLUE, ORANGE, GREEN, PINK, SKY, VERMILION, BLACK)
DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1, 1, 1)), (0, (1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
GREY = "#767676"  # for guide lines: contrast 4.5 to 1 on white
SEQUENTIAL = "viridis"
SMALLEST = 5.0  # points of a letter that can be read
WIDTH_OF_LETTER = 0.58  # of the font's size, in the mean of DejaVu Sans


def signed() -> Any:
    """Return a colour map for signed values: blue below zero, sand above, lighter throughout.

    The red and blue of the usual maps have the same grey in print.
    """
    from matplotlib.colors import LinearSegmentedColormap

    colours = ["#08204f", "#2f5f9e", "#8f9aa3", "#e0b45c", "#fff3c4"]
    return LinearSegmentedColormap.from_list("lamina_signed", colours)


def two_classes() -> Any:
    """Return a colour map for the probability of the second of two classes."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("lamina_two", ["#4f97c4", "#dbe6ec", "#fff1d0"])


def fills(count: int) -> list[tuple[float, float, float]]:
    """Return colours of areas by their place: hues of COLOURS, each darker than the one before.

    Lightness (CIE 1976 L*) goes down from 88 in equal steps of at most 10, not below 62, so that
    areas differ in grey too.  A hue is mixed with white, or black, in linear light.
    """
    step = min(10.0, 26.0 / max(count - 1, 1))
    return [_of_lightness(COLOURS[place % 6], 88.0 - place * step) for place in range(count)]


def _of_lightness(colour: str, lightness: float) -> tuple[float, float, float]:
    from matplotlib.colors import to_rgb

    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    has = float(linear @ [0.2126, 0.7152, 0.0722])
    asked = ((lightness + 16.0) / 116.0) ** 3
    mixed = linear * asked / has if asked < has else 1.0 - (1.0 - linear) * (1 - asked) / (1 - has)
    red, green, blue = np.where(
        mixed <= 0.0031308, 12.92 * mixed, 1.055 * mixed ** (1 / 2.4) - 0.055
    ).tolist()
    return red, green, blue


def line(place: int) -> dict[str, Any]:
    """Return the colour and dashes of a curve, by its index."""
    return {"color": COLOURS[place % 7], "linestyle": DASHES[_shifted(place)]}


def points(place: int) -> dict[str, Any]:
    """Return the colour and marker of points, by their index."""
    return {"color": COLOURS[place % 7], "marker": MARKERS[_shifted(place)]}


def _shifted(place: int) -> int:
    """Return an index so that the next seven of a kind are no copies of the first seven."""
    return (place + place // 7) % 7


def inches(axes: Axes) -> tuple[float, float]:
    """Return the width and height of axes, as far as they are known before the layout."""
    box = axes.get_window_extent()
    dpi = float(axes.figure.dpi)
    return box.width / dpi, box.height / dpi


def length(text: str) -> float:
    """Return about the width in inches of a text in Matplotlib's font at the usual size."""
    from matplotlib import rcParams

    return WIDTH_OF_LETTER * float(rcParams["font.size"]) / 72.0 * len(text)


def broken(text: str, width: float) -> str:
    """Return a text in lines of at most a width in inches."""
    most = max(int(len(text) * width / max(length(text), 1e-9)), 6)
    return "\n".join(part for line in text.split("\n") for part in wrap(line, most) or [""])


def plain(axes: Axes) -> None:
    """Remove the lines of the frame that are not axes."""
    axes.spines[["top", "right"]].set_visible(False)


def beside(axes: Axes, title: str | None = None) -> None:
    """Put a legend above the axes, where it hides nothing, and the title above it."""
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        axes.legend(
            handles,
            labels,
            frameon=False,
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=len(handles),
            columnspacing=1.2,
            handlelength=1.6,
        )
    if title is not None:
        text = axes.get_legend().get_texts()[0] if handles else None  # type: ignore[union-attr]
        # The height of a legend with one line, with its borders.
        room = 6.0 if text is None else 2.7 * float(text.get_fontsize())
        axes.set_title(title, fontsize=10, pad=room)


def named(who: str, what: str, names: Any, count: int, prefix: str) -> list[str]:
    """Return the names given as strings, or numbered ones."""
    if names is None:
        return [f"{prefix}{i + 1}" for i in range(count)]
    return _check.names(who, what, names, count)
