"""The coverage of intervals or sets, with exact limits, and their widths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina._calls import answering_calls, on_behalf
from lamina._check import Array
from lamina._columns import Columns
from lamina.inference._groups import grouped
from lamina.inference.intervals import ranks
from lamina.inference.intervals.binomial import clopper_pearson
from lamina.inference.intervals.predicting import of

WHO = "coverage_report"


@answering_calls
def coverage_report(
    model: Any, x: Any, y: Any, levels: Sequence[float] = (0.5, 0.8, 0.9, 0.95), by: Any = None
) -> Columns:
    """Return how often intervals or sets contain the true values of other rows.

    Parameters
    ----------
    model : Model or PredictionIntervals
        A calibrated model.
    x, y : array_like
        Rows that were used neither for training nor for calibration.
    levels : sequence of float, default (0.5, 0.8, 0.9, 0.95)
    by : array_like of shape (rows,), optional
        The group of each row: a level holds over all rows, but may fail in a group.

    Returns
    -------
    Columns
        A row for each level, output and group, with ``level``; ``output``, if there are several;
        ``group``, if ``by`` is given, "all" first; ``rows``; ``coverage`` and its exact 95 %
        limits, ``low`` and ``high`` (Clopper and Pearson 1934); for intervals ``mean_width``,
        ``median_width`` and ``score``, the mean of ``(u - l) + 2 / alpha * (distance outside)``,
        where ``alpha = 1 - level`` (Winkler 1972; smaller is better); for sets ``mean_size`` and
        ``empty``, the share of empty sets.  The coverage of several outputs is counted for each.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> from lamina.inference.intervals import coverage_report
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(600, 1))
    >>> y = x[:, 0] + rng.normal(size=600)
    >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)], seed=0)
    >>> model.compile("adam", "mse")
    >>> history = model.fit(x[:100], y[:100], epochs=5, verbose=0)
    >>> kept = model.calibrate(x[100:300], y[100:300])
    >>> table = coverage_report(model, x[300:], y[300:], levels=[0.9])
    >>> bool(table["low"][0] < 0.9 < table["high"][0])
    True
    """
    several = levels if isinstance(levels, (Sequence, np.ndarray)) else [levels]
    chosen = [ranks.checked_level(WHO, "levels", level) for level in several]
    if not chosen:
        raise ValueError(f"{WHO}: levels must be at least one number; got none")
    with on_behalf(WHO, "of"):
        intervals = of(model)
    predicted = intervals.predicted(x, WHO)
    truth = predicted.targets(y)
    groups = _groups(by, len(truth))
    lines: list[dict[str, Any]] = []
    for level in chosen:
        if predicted.of_classes:
            sets = predicted.sets(level)
            lines += _lines(level, groups, [[_of_sets(sets[r], truth[r]) for _, r in groups]])
            continue
        low, high = predicted.bounds(level)
        lines += _lines(
            level, groups,
            [[_of_intervals(low[r, k], high[r, k], truth[r, k], level) for _, r in groups]
             for k in range(truth.shape[1])],
        )  # fmt: skip
    drop = [] if by is not None else ["group"]
    drop += [] if truth.ndim == 2 and truth.shape[1] > 1 else ["output"]
    names = [name for name in lines[0] if name not in drop]
    return Columns({name: [line[name] for line in lines] for name in names})


def _lines(
    level: float, groups: list[tuple[Any, Array]], measured: list[list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    made = []
    for output, of_groups in enumerate(measured):
        for (group, rows), values in zip(groups, of_groups, strict=True):
            count = len(rows)
            hits = values.pop("hits")
            low, high = clopper_pearson(hits, count)
            made.append(
                {
                    "level": level, "output": output, "group": group, "rows": count,
                    "coverage": hits / count, "low": low, "high": high, **values,
                }
            )  # fmt: skip
    return made


def _of_intervals(low: Array, high: Array, y: Array, level: float) -> dict[str, Any]:
    outside = np.maximum(low - y, 0.0) + np.maximum(y - high, 0.0)
    width = high - low
    return {
        "hits": int(((low <= y) & (y <= high)).sum()),
        "mean_width": float(width.mean()),
        "median_width": float(np.median(width)),
        "score": float((width + 2.0 / (1.0 - level) * outside).mean()),
    }


def _of_sets(sets: Array, labels: Array) -> dict[str, Any]:
    sizes = sets.sum(axis=1)
    return {
        "hits": int(sets[np.arange(len(labels)), labels].sum()),
        "mean_size": float(sizes.mean()),
        "empty": float((sizes == 0).mean()),
    }


def _groups(by: Any, rows: int) -> list[tuple[Any, Array]]:
    if rows == 0:
        raise ValueError(f"{WHO}: needs at least 1 row; got 0")
    every = [("all", np.arange(rows))]
    if by is None:
        return every
    labels, place = grouped(WHO, "by", by, rows)
    return every + [(label, np.flatnonzero(place == i)) for i, label in enumerate(labels)]
