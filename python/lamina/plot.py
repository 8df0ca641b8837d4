"""Figures: learning curves and first-layer weights.  They need matplotlib: ``lamina[plot]``."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lamina._answers import answering

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["first_layer", "learning_curves"]


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)


def _figure(who: str, size: tuple[float, float]) -> Figure:
    """Return an empty figure that no window shows; pyplot and its state are not touched."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError(
            f"{who}: needs matplotlib; install it with: pip install 'lamina[plot]'"
        ) from None
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _finished(figure: Figure, path: str | os.PathLike[str] | None) -> Figure:
    if path is not None:
        figure.savefig(path, dpi=120)
    return figure


def learning_curves(history: Any, path: str | os.PathLike[str] | None = None) -> Figure:
    """Draw the loss and each metric over epochs, training and validation in one panel.

    Parameters
    ----------
    history : History or dict of str to list of float
        What ``model.fit`` returns, or its ``history``.
    path : str or path-like, optional
        Where to save the figure; the ending chooses the format.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError, ValueError
        If `history` is no history or has no epoch.

    Examples
    --------
    >>> from lamina import plot
    >>> figure = plot.learning_curves({"loss": [2.0, 1.0], "val_loss": [2.1, 1.3]})
    >>> len(figure.axes)
    1
    """
    curves = getattr(history, "history", history)
    if not isinstance(curves, Mapping):
        raise TypeError(f"learning_curves: needs a History or a dictionary; got {history!r}")
    names = [n for n in curves if not n.startswith("val_") or n[4:] not in curves]
    if not names or all(len(curves[n]) == 0 for n in names):
        raise ValueError("learning_curves: history must have at least one epoch; got none")
    start = min(getattr(history, "epoch", None) or [0]) + 1
    figure = _figure("learning_curves", (4.5 * len(names), 3.5))
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        for key, label in ((name, "training"), (f"val_{name}", "validation")):
            values = curves.get(key, [])
            if len(values):
                marker = "o" if len(values) == 1 else None
                axes.plot(range(start, start + len(values)), values, label=label, marker=marker)
        axes.set(xlabel="epoch", ylabel=name)
        axes.locator_params(axis="x", integer=True)
        axes.legend(frameon=False)
    return _finished(figure, path)


def first_layer(
    model: Any,
    path: str | os.PathLike[str] | None = None,
    image_shape: Sequence[int] | None = None,
    max_units: int = 64,
) -> Figure:
    """Draw each unit's weights in the first dense layer as an image.

    Red weights are positive, blue ones negative; each image has its own scale.

    Parameters
    ----------
    model : Sequential
        A built model whose first layer with a weight matrix reads flattened images.
    path : str or path-like, optional
        Where to save the figure; the ending chooses the format.
    image_shape : (int, int), optional
        Height and width; a square if not given.
    max_units : int, default 64
        Draw at most this many units, the first ones.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the model has no dense layer or its inputs do not fill the image.
    """
    kernel = _first_kernel(model)
    height, width = _image_shape(kernel.shape[0], image_shape)
    units = min(kernel.shape[1], max(1, int(max_units)))
    columns = math.ceil(math.sqrt(units))
    rows = math.ceil(units / columns)
    figure = _figure("first_layer", (0.9 * columns, 0.9 * rows))
    for i, axes in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        axes.set_axis_off()
        if i < units:
            image = kernel[:, i].reshape(height, width)
            limit = float(np.abs(image).max()) or 1.0
            axes.imshow(image, cmap="RdBu_r", vmin=-limit, vmax=limit)
    return _finished(figure, path)


def _first_kernel(model: Any) -> NDArray[Any]:
    for layer in model.layers:
        for weights in layer.get_weights():
            if np.ndim(weights) == 2:
                return np.asarray(weights)
    raise ValueError("first_layer: the model must be built and have a Dense layer; found no matrix")


def _image_shape(inputs: int, shape: Sequence[int] | None) -> tuple[int, int]:
    height, width = shape if shape is not None else (math.isqrt(inputs), math.isqrt(inputs))
    if height * width != inputs:
        hint = "" if shape is not None else "; give image_shape=(height, width)"
        raise ValueError(
            f"first_layer: the image must have as many pixels as the layer has inputs, {inputs}; "
            f"got {height} x {width}{hint}"
        )
    return int(height), int(width)
