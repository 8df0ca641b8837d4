"""The contributions of the parts of an image, a series or a row to an output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check
from lamina._arrays import as_numbers
from lamina._calls import answering_calls
from lamina._check import Array
from lamina.plot.figures import Path, on_axes
from lamina.plot.style import BLUE, GREY, ORANGE, named, plain, signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WHO = "attribution"
FEWEST = 16  # pixels along a side from which outlines can be seen
SIGNED = ("integrated_gradients", "occlusion")


@answering_calls
def attribution(
    result: Any,
    x: Any = None,
    row: int = 0,
    path: Path = None,
    *,
    names: Any = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the contribution of each pixel, step or input of one row to an output.

    Parameters
    ----------
    result : Attribution
        The result of ``lamina.inference.saliency``, ``integrated_gradients`` or ``occlusion``.
    x : array_like of shape (rows, ...), optional
        The rows explained; the outlines of an image are then drawn beneath in grey, a series as a
        line.
    row : int, default 0
        The row to draw.
    path : str or path-like, optional
        Where to save the figure; the ending chooses the format.
    names : sequence of str, optional
        The names of the inputs of a table.
    ax : matplotlib Axes, optional
        Where to draw; a new figure of pyplot's if not given.

    Returns
    -------
    matplotlib Axes
        For images, values are summed over the channels; for saliency, which has no sign, the
        largest is taken.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> from lamina.inference import integrated_gradients
    >>> model = lamina.Sequential([lamina.Input((3,)), lamina.layers.Dense(1)])
    >>> ax = lamina.plot.attribution(integrated_gradients(model, np.ones((1, 3))))
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['x3', 'x2', 'x1']
    """
    if not hasattr(result, "values") or not hasattr(result, "method"):
        raise TypeError(
            f"{WHO}: needs the result of saliency, integrated_gradients or occlusion of "
            f"lamina.inference; got {result!r:.80}"
        )
    values = np.asarray(result.values, np.float64)
    place = _check.integer(WHO, "row", row, 0)
    if place >= len(values):
        raise ValueError(f"{WHO}: row must be below {len(values)}; got {place}")
    one = values[place]
    given = None if x is None else as_numbers(WHO, "x", x).astype(np.float64)
    if given is not None and given.shape != values.shape:
        raise ValueError(
            f"{WHO}: x must have the shape of the explained rows, {values.shape}; got {given.shape}"
        )
    below = None if given is None else given[place]
    label = result.method.replace("_", " ")
    has_sign = result.method in SIGNED
    if one.ndim == 3:
        flat = one.sum(axis=-1) if has_sign else np.abs(one).max(axis=-1)
        return on_axes(WHO, lambda axes: _image(axes, flat, below, label, has_sign), ax, path,
                       (4.6, 3.8))  # fmt: skip
    if one.ndim == 2:
        flat = one.sum(axis=-1) if has_sign else np.abs(one).max(axis=-1)
        return on_axes(WHO, lambda axes: _series(axes, flat, below, label), ax, path, (6.0, 3.2))
    shown = named(WHO, "names", names, one.size, "x")
    return on_axes(WHO, lambda axes: _bars(axes, one.ravel(), shown, label), ax, path,
                   (5.0, 1.0 + 0.28 * one.size))  # fmt: skip


def _image(axes: Axes, values: Array, below: Array | None, label: str, has_sign: bool) -> None:
    axes.set_axis_off()
    limit = float(np.abs(values).max()) or 1.0
    options: Any = {"cmap": "magma", "vmin": 0.0, "vmax": limit}
    if has_sign:
        options = {"cmap": signed(), "vmin": -limit, "vmax": limit}
    image = axes.imshow(values, **options)
    if below is not None and min(below.shape[:2]) >= FEWEST:
        grey = below.mean(axis=-1)
        if np.ptp(grey) > 0:
            middle = (grey.min() + grey.max()) / 2
            axes.contour(grey, levels=[middle], colors="white" if not has_sign else "black",
                         linewidths=0.8)  # fmt: skip
    axes.figure.colorbar(image, ax=axes, label=label, shrink=0.9)


def _series(axes: Axes, values: Array, below: Array | None, label: str) -> None:
    steps = np.arange(len(values))
    axes.bar(steps, values, color=np.where(values >= 0, BLUE, ORANGE).tolist(), width=0.9)
    axes.axhline(0.0, color=GREY, linewidth=0.8)
    axes.set(xlabel="step", ylabel=label)
    plain(axes)
    if below is not None:
        beside = axes.twinx()
        beside.plot(steps, below[:, 0], color="black", linewidth=1.2)
        beside.set_ylabel("series")
        beside.spines["top"].set_visible(False)


def _bars(axes: Axes, values: Array, names: list[str], label: str) -> None:
    places = np.arange(len(values))
    axes.barh(places, values[::-1], color=np.where(values[::-1] >= 0, BLUE, ORANGE).tolist(),
              height=0.7)  # fmt: skip
    axes.axvline(0.0, color=GREY, linewidth=0.8)
    axes.set_yticks(places, names[::-1], parse_math=False)
    axes.set_xlabel(label)
    plain(axes)
