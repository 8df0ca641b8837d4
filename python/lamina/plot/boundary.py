"""The regions of a model's classes in the plane of two features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check
from lamina._arrays import as_numbers
from lamina._calls import answering_calls
from lamina._check import Array
from lamina._named_columns import Table
from lamina._names import unknown
from lamina._predicting import Predicting, columns_read, is_of_nnet
from lamina._strings import refuse_missing
from lamina.plot.figures import Path, on_axes, require_matplotlib
from lamina.plot.style import SEQUENTIAL, fills, length, plain, points, two_classes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WHO = "decision_boundary"


@answering_calls
def decision_boundary(
    model: Any,
    X: Any,
    y: Any = None,
    features: Sequence[int | str] = (0, 1),
    path: Path = None,
    *,
    grid: int = 200,
    fixed: Any = None,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the regions of a classifier, or the levels of a regression, over two features.

    Parameters
    ----------
    model : Model, fit of lamina.nnet, any object with ``predict``, or function of a table
        For scikit-learn's estimators, ``predict_proba`` is used if there is one.
    X : array_like of shape (rows, features), a frame or a dict of columns
        Numbers, which determine the range of the axes.
    y : array_like of shape (rows,), optional
        If given, the rows are drawn, with colours and markers for classes.
    features : (int, int) or (str, str), default (0, 1)
        Columns of the two axes, by number or by name.
    path : str or path-like, optional
        Where to save the figure; the ending chooses the format.
    grid : int, default 200
        The number of points along each axis at which the model predicts.
    fixed : array_like of shape (features,), optional
        Values of the other features; by default the medians of `X`.
    feature_names, class_names : sequence of str, optional
    ax : matplotlib Axes, optional
        Where to draw; a new figure of pyplot's if not given.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import numpy as np, lamina
    >>> model = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(1, "sigmoid")])
    >>> model.compile(loss="binary_crossentropy")
    >>> ax = lamina.plot.decision_boundary(model, np.eye(2), [0, 1], grid=20)
    >>> ax.get_xlabel()
    'x1'
    """
    require_matplotlib(WHO)
    table = Table(WHO, X)
    names = table.names
    if feature_names is not None:
        names = _check.names(WHO, "feature_names", feature_names, len(names), different=True)
    first, second = _features(features, names)
    read = sorted({*columns_read(model, table), first, second})
    rows = np.zeros((table.rows, len(names)))
    for place in read:
        rows[:, place] = table.numbers(place)
    count = _check.integer(WHO, "grid", grid, 2)
    ends = [(v.min() - 0.05 * (np.ptp(v) or 1), v.max() + 0.05 * (np.ptp(v) or 1))
            for v in (rows[:, first], rows[:, second])]  # fmt: skip
    lines = [np.linspace(*end, count) for end in ends]
    asked = np.tile(_fixed(fixed, rows), (count * count, 1))
    asked[:, first], asked[:, second] = (v.ravel() for v in np.meshgrid(*lines))
    # A table of the same kind as X, in which formulas and pipelines find their columns.
    asked_for = table.taken(np.zeros(len(asked), int)).replaced({i: asked[:, i] for i in read})
    values = _asked(model, asked_for)
    if values.ndim == 0 or len(values) != count * count:
        raise ValueError(
            f"{WHO}: the model must return an output for each of {count * count} rows; got an "
            f"array of shape {values.shape}"
        )
    values = values.reshape(count, count, -1)
    target = None if y is None else _classes(y, len(rows))
    kinds = None if target is None or target.dtype.kind == "f" else np.unique(target)
    labels = [] if kinds is None else _labels(kinds, class_names)
    several = values.shape[2] > 1

    def draw(axes: Axes) -> None:
        _draw(axes, lines, values, target is not None and target.dtype.kind != "f")
        if target is not None:
            _draw_rows(axes, rows[:, first], rows[:, second], target, kinds, labels)
            if labels and several:  # beside the regions, of which it would hide some
                axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
            elif labels:
                axes.legend(frameon=True, framealpha=0.9)
        axes.set(xlim=ends[0], ylim=ends[1])
        axes.set_xlabel(names[first], parse_math=False)
        axes.set_ylabel(names[second], parse_math=False)
        plain(axes)

    beside = max(map(length, labels)) + 0.4 if labels and several else 0.0
    return on_axes(WHO, draw, ax, path, (5.2 + beside, 4.2))


def _features(given: Any, names: list[str]) -> tuple[int, int]:
    if not isinstance(given, (list, tuple, np.ndarray)) or len(given) != 2:
        raise ValueError(f"{WHO}: features must be two columns of X; got {given!r:.80}")
    first, second = _feature(given[0], names), _feature(given[1], names)
    if first == second:
        raise ValueError(f"{WHO}: features must be two different columns of X; got {given!r:.80}")
    return first, second


def _fixed(given: Any, rows: Array) -> Array:
    """Return the values at which the features are held."""
    if given is None:
        return np.asarray(np.median(rows, axis=0))
    values = as_numbers(WHO, "fixed", given).astype(np.float64)
    if values.shape != rows.shape[1:]:
        raise ValueError(
            f"{WHO}: fixed must have a value for each of {rows.shape[1]} features; got shape "
            f"{values.shape}"
        )
    return values


def _feature(place: Any, names: list[str]) -> int:
    if isinstance(place, str) and place in names:
        return names.index(place)
    if isinstance(place, str):
        raise ValueError(f"{WHO}: {unknown('feature', place, names)}")
    found = _check.integer(WHO, "features", place, 0)
    if found >= len(names):
        raise ValueError(f"{WHO}: features must be columns of X, below {len(names)}; got {found}")
    return found


def _asked(model: Any, rows: Any) -> Array:
    if is_of_nnet(model):
        return Predicting(WHO, model)(rows)
    if hasattr(model, "predict_proba"):
        found = np.asarray(model.predict_proba(rows))
        return found[:, 1] if found.shape[1] == 2 else found
    if hasattr(model, "compile"):  # a lamina or Keras model
        return np.asarray(model.predict(rows, verbose=0))
    ask = getattr(model, "predict", model)
    if not callable(ask):
        raise TypeError(f"{WHO}: needs a model with predict, or a function; got {model!r:.80}")
    return np.asarray(ask(rows), np.float64)


def _classes(y: Any, rows: int) -> Array:
    found = np.asarray(y)
    if found.ndim == 2:
        found = found.argmax(axis=1) if found.shape[1] > 1 else found[:, 0]
    if found.shape != (rows,):
        raise ValueError(
            f"{WHO}: y must have a class or number for each of {rows} rows; got shape {np.shape(y)}"
        )
    refuse_missing(WHO, "y must have a class or number", found.tolist())
    whole = found.dtype.kind == "f" and (found == np.round(found)).all()
    return found.astype(np.int64) if whole and len(np.unique(found)) <= 20 else found


def _draw(axes: Axes, lines: list[Array], values: Array, classes: bool) -> None:
    from matplotlib.colors import ListedColormap

    if values.shape[2] > 1:  # the most probable class
        best = values.argmax(axis=2)
        axes.pcolormesh(
            *lines,
            best,
            cmap=ListedColormap(fills(values.shape[2])),
            vmin=-0.5,
            vmax=values.shape[2] - 0.5,
            shading="nearest",
            rasterized=True,
        )
        for each in range(values.shape[2]):
            axes.contour(*lines, best == each, levels=[0.5], colors="black", linewidths=0.8)
        return
    one = values[:, :, 0]
    probable = classes and one.min() >= 0 and one.max() <= 1
    options: Any = {"vmin": 0.0, "vmax": 1.0} if probable else {}
    levels: Any = np.linspace(0, 1, 11) if probable else 12
    drawn = axes.contourf(
        *lines, one, levels=levels, **options, cmap=two_classes() if probable else SEQUENTIAL
    )
    if probable and one.min() < 0.5 < one.max():
        axes.contour(*lines, one, levels=[0.5], colors="black", linewidths=1.5)
    axes.figure.colorbar(drawn, ax=axes, label="probability" if probable else "prediction")


def _labels(kinds: Array, given: Any) -> list[str]:
    """Return the names of the classes."""
    names = [str(k) for k in kinds.tolist()]
    names = names if given is None else _check.names(WHO, "class_names", given)
    if len(names) < len(kinds):
        raise ValueError(f"{WHO}: class_names must name all {len(kinds)} classes; got {len(names)}")
    if len(names) > len(kinds) and kinds.dtype.kind in "iu" and kinds[0] >= 0:
        if kinds[-1] >= len(names):
            raise ValueError(
                f"{WHO}: class_names must name the {len(kinds)} classes of y, or all "
                f"{kinds[-1] + 1} from 0 to {kinds[-1]}; got {len(names)}"
            )
        return [names[kind] for kind in kinds.tolist()]  # some do not occur
    return names[: len(kinds)]


def _draw_rows(
    axes: Axes, x: Array, y: Array, target: Array, kinds: Any, labels: Sequence[str]
) -> None:
    if kinds is None:
        axes.scatter(x, y, c=target, cmap=SEQUENTIAL, edgecolors="black", linewidths=0.5, s=22)
        return
    numbered = kinds.dtype.kind in "iu" and kinds[0] >= 0  # as the regions are
    for place, kind in enumerate(kinds):
        inside, style = target == kind, points(int(kind) if numbered else place)
        axes.scatter(x[inside], y[inside], s=22, edgecolors="white", linewidths=0.5,
                     label=labels[place], **style)  # fmt: skip
