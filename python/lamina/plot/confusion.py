"""Confusion matrices: which classes are predicted for which."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina._arrays import as_numbers
from lamina._calls import answering_calls
from lamina._check import Array
from lamina._strings import refuse_missing
from lamina.plot.figures import Path, on_axes, require_matplotlib
from lamina.plot.style import SMALLEST, WIDTH_OF_LETTER, inches, length

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WHO = "confusion_matrix"
NORMALIZE = {"true": 1, "pred": 0, "all": None}
MOST_WRITTEN = 20  # classes whose cells are large enough for a number


@answering_calls
def confusion_matrix(
    y_true: Any,
    y_pred: Any,
    labels: Sequence[Any] | None = None,
    normalize: str | None = None,
    path: Path = None,
    *,
    sample_weight: Any = None,
    cmap: str = "Blues",
    ax: Axes | None = None,
) -> Axes:
    """Draw how many rows of each class were predicted as each class.

    Parameters
    ----------
    y_true : array_like of shape (rows,) or (rows, classes)
        Labels of any kind, or one-hot rows.
    y_pred : array_like of shape (rows,), (rows, 1) or (rows, classes)
        Labels, or the result of ``predict``: probabilities, of which the largest decides, or those
        of the second of two classes, which is predicted from 0.5 on.  Probabilities need labels 0,
        1, ... in `y_true`.
    labels : sequence, optional
        Names of the classes in their order; for labels that are not 0, 1, ..., the classes to draw
        in this order.  By default all that occur, sorted.
    normalize : {"true", "pred", "all"}, optional
        Shares within each true class (rows), within each predicted class (columns), or of all rows.
    path : str or path-like, optional
        Where to save the figure; the ending chooses the format.
    sample_weight : array_like of shape (rows,), optional
    cmap : str, default "Blues"
    ax : matplotlib Axes, optional
        Where to draw; a new figure of pyplot's if not given.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the labels do not fit each other.

    Examples
    --------
    >>> from lamina import plot
    >>> ax = plot.confusion_matrix(["a", "b", "b"], ["a", "b", "a"])
    >>> [text.get_text() for text in ax.texts]
    ['1', '0', '1', '1']
    """
    if normalize is not None and not (isinstance(normalize, str) and normalize in NORMALIZE):
        raise ValueError(
            f"{WHO}: normalize must be 'true', 'pred', 'all' or None; got {normalize!r}"
        )
    counts, names = counted(y_true, y_pred, labels, sample_weight)
    shown = counts
    if normalize is not None:
        whole = counts.sum(axis=NORMALIZE[normalize], keepdims=True)
        shown = np.divide(counts, whole, out=np.zeros_like(counts), where=whole > 0)
    return on_axes(
        WHO, lambda axes: _draw(axes, shown, names, normalize, cmap), ax, path, _size(names)
    )


def _size(names: list[str]) -> tuple[float, float]:
    """Return the width and height in inches at which the names leave the matrix its room."""
    require_matplotlib(WHO)
    side = min(3.0 + 0.45 * len(names), 10.0)
    cell = 0.75 * side / len(names)
    longest = max(map(length, names)) * min(1.0, 5.0 * cell)  # letters shrink with the cells
    beside = max(longest - 0.3, 0.0)
    return 1.05 * side + 1.3 + beside, side + (beside if longest > cell else 0.0)


def counted(
    y_true: Any, y_pred: Any, labels: Sequence[Any] | None, sample_weight: Any = None
) -> tuple[Array, list[str]]:
    """Return the weights of rows by true and by predicted class, and the classes' names."""
    (true, of_true), (pred, of_pred) = _labels("y_true", y_true), _labels("y_pred", y_pred)
    if len(true) != len(pred) or len(true) == 0:
        raise ValueError(
            f"{WHO}: y_true and y_pred must have the same number of rows, at least one; got "
            f"{len(true)} and {len(pred)}"
        )
    if of_pred is not None:
        true = _numbered("y_true", true, "y_pred", of_pred)
    if of_true is not None:
        pred = _numbered("y_pred", pred, "y_true", of_true)
    _check_one_kind(true, pred)
    found = np.unique(np.concatenate([true, pred]))
    given = None if labels is None else np.asarray(labels)
    if given is not None and given.ndim != 1:
        raise TypeError(f"{WHO}: labels must be a list of classes; got {labels!r:.80}")
    if given is None:
        classes, names = found, found
    elif np.isin(found, given).all():
        classes = names = given
    elif np.issubdtype(found.dtype, np.integer) and found[0] >= 0 and found[-1] < len(given):
        classes, names = np.arange(len(given)), given
    else:
        strange = found[~np.isin(found, given)].tolist()[0]
        raise ValueError(f"{WHO}: labels must name each class; {strange!r} is not among them")
    weights = np.ones(len(true))
    if sample_weight is not None:
        weights = as_numbers(WHO, "sample_weight", sample_weight).astype(np.float64)
    if weights.shape != true.shape:
        raise ValueError(f"{WHO}: sample_weight must have shape {true.shape}; got {weights.shape}")
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise ValueError(f"{WHO}: sample_weight must be finite and >= 0; got {sample_weight!r:.80}")
    place = {each: i for i, each in enumerate(classes.tolist())}
    counts = np.zeros((len(classes), len(classes)))
    np.add.at(
        counts, ([place[t] for t in true.tolist()], [place[p] for p in pred.tolist()]), weights
    )
    return counts, [str(name) for name in names.tolist()]


def _numbered(name: str, labels: Array, other: str, classes: int) -> Array:
    """Return labels as numbers, if they are those of the columns of the other array."""
    wrong = [
        label
        for label in labels.tolist()
        if not isinstance(label, (int, np.integer, np.bool_)) or not 0 <= label < classes
    ]
    if wrong:
        raise ValueError(
            f"{WHO}: {other} holds probabilities or one-hot rows of {classes} classes, so that "
            f"{name} must hold their numbers, 0 to {classes - 1}; got {wrong[0]!r}: pass "
            f"numpy.unique({name}, return_inverse=True)[1], if all classes occur"
        )
    return labels.astype(np.int64)


def _check_one_kind(true: Array, pred: Array) -> None:
    kinds = [
        sorted({"strings" if isinstance(label, str) else "other labels" for label in each.tolist()})
        for each in (true, pred)
    ]
    if kinds[0] != kinds[1] or len(kinds[0]) > 1:
        raise ValueError(
            f"{WHO}: y_true and y_pred must hold labels of one kind; got {' and '.join(kinds[0])} "
            f"in y_true, {' and '.join(kinds[1])} in y_pred"
        )


def _labels(name: str, values: Any) -> tuple[Array, int | None]:
    """Return labels, and the number of classes if they are positions in rows of probabilities."""
    found: Array = np.asarray(values)
    if found.ndim == 2 and found.shape[1] > 1:
        return found.argmax(axis=1), found.shape[1]
    if found.ndim == 2:
        found = found[:, 0]
    if found.ndim != 1:
        raise ValueError(
            f"{WHO}: labels must have shape (rows,) or (rows, classes); got {found.shape}"
        )
    refuse_missing(WHO, f"{name} must have a class", found.tolist())
    if found.dtype.kind == "f":
        if (found == np.round(found)).all():
            return found.astype(np.int64), None
        if found.min() < 0 or found.max() > 1:
            raise ValueError(
                f"{WHO}: {name} must hold classes, or probabilities of the second class; got "
                f"{found.min():.6g} to {found.max():.6g}"
            )
        return (found >= 0.5).astype(np.int64), 2  # probabilities of the second class
    return found, None


def _draw(axes: Axes, shown: Array, names: list[str], normalize: str | None, cmap: str) -> None:
    from matplotlib import rcParams
    from matplotlib.ticker import MaxNLocator

    top = 1.0 if normalize in ("true", "pred") else float(shown.max()) or 1.0
    image = axes.imshow(shown, cmap=cmap, vmin=0, vmax=top)
    cell = 72.0 * min(inches(axes)) / len(names)  # in points
    size = min(float(rcParams["font.size"]), max(0.8 * cell, SMALLEST))
    every = max(1, math.ceil(SMALLEST / cell))  # names that have no room are left out
    places = np.arange(len(names))[::every]
    kept = names[::every]
    upright = max(map(len, kept)) * WIDTH_OF_LETTER * size > 0.9 * cell * every
    axes.set_xticks(places, kept, rotation=90 if upright else 0, fontsize=size, parse_math=False)
    axes.set_yticks(places, kept, fontsize=size, parse_math=False)
    axes.set(xlabel="predicted", ylabel="true")
    label = {None: "rows", "all": "share of rows"}.get(
        normalize, f"share of each {normalize} class"
    )
    whole = (shown == np.round(shown)).all() and normalize is None
    ticks = MaxNLocator(integer=True) if whole else None
    axes.figure.colorbar(image, ax=axes, label=label, shrink=0.9, fraction=0.05, ticks=ticks)
    if len(names) > MOST_WRITTEN:
        return
    written = [f"{each:.0f}" if whole else f"{each:.2f}" for each in shown.ravel()]
    letters = rcParams["font.size"] * (1.0 if len(names) <= 10 else 0.7)
    letters = min(letters, 0.9 * cell / (WIDTH_OF_LETTER * max(map(len, written))))
    for (i, j), text in zip(np.ndindex(shown.shape), written, strict=True):
        red, green, blue, _ = image.cmap(image.norm(shown[i, j]))
        light = 0.299 * red + 0.587 * green + 0.114 * blue > 0.55
        axes.text(
            j,
            i,
            text,
            ha="center",
            va="center",
            color="black" if light else "white",
            fontsize=letters,
        )
