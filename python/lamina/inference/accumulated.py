"""Accumulated local effects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import _check
from lamina._calls import answering_calls
from lamina._columns import Columns
from lamina._named_columns import Table
from lamina._predicting import Predicting, chosen_outputs

Array = NDArray[Any]

WHO = "ale"


class AccumulatedEffects(Columns):
    """Accumulated local effects at the edges of intervals of one or two inputs, as a table.

    The columns are the input's name (two names for two inputs), ``output`` and ``effect``.

    Attributes
    ----------
    inputs, outputs : list of str
    edges : list of ndarray
        The edges for each input, in ascending order.
    effects : ndarray of shape (outputs, *edges of each input)
    counts : ndarray of shape (*intervals of each input)
        The number of rows in each interval or cell.
    observed : list of ndarray
        The inputs' values in the data.
    """

    def __init__(
        self, inputs: list[str], outputs: list[str], edges: list[Array], effects: Array,
        counts: Array, observed: list[Array],
    ) -> None:  # fmt: skip
        self.inputs, self.outputs, self.edges = inputs, outputs, edges
        self.effects, self.counts, self.observed = effects, counts, observed
        mesh = np.meshgrid(*edges, indexing="ij")
        columns: dict[str, Any] = {
            name: np.tile(values.ravel(), len(outputs))
            for name, values in zip(inputs, mesh, strict=True)
        }
        columns["output"] = np.repeat(outputs, mesh[0].size)
        columns["effect"] = effects.ravel()
        super().__init__(columns)


@answering_calls
def ale(
    model: Any,
    x: Any,
    features: int | str | Sequence[int | str],
    *,
    n_intervals: int = 40,
    output: int | str | Sequence[int | str] | None = None,
    response_method: str = "auto",
    names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
) -> AccumulatedEffects:
    """Return the accumulated local effects of an input, from differences within narrow intervals.

    The rows of an interval are moved to its two edges, with their other inputs unchanged; the mean
    differences of the outputs are added up over the intervals, and the sum is centred so that its
    mean over the rows is 0.  Unlike partial dependence, this does not use rows far from all data,
    and does not include the effects of correlated inputs.

    Parameters
    ----------
    model : Model, fit of lamina.nnet, fitted estimator, or function of a table
    x : array_like of shape (rows, inputs), a frame or a dict of columns
    features : int, str or pair of them
        One input, or two for their interaction: the second-order effect, without the main effects
        of both.
    n_intervals : int, default 40
        The number of intervals between quantiles of the input; fewer if quantiles coincide.
    output : int, str or sequence of them, optional
        The outputs, by default all.
    response_method : {"auto", "predict_proba", "decision_function", "predict"}, default "auto"
        The method of an estimator.
    names, output_names : sequence of str, optional

    Returns
    -------
    AccumulatedEffects

    Notes
    -----
    D. W. Apley and J. Zhu, Journal of the Royal Statistical Society B 82 (2020) 1059-1086, as
    computed by their R package ALEPlot.  A cell of two inputs without rows gets the mean difference
    of the nearest cell that has some; the distance is between the centres of the cells, relative to
    the inputs' ranges.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina.inference import ale
    >>> x = np.random.default_rng(0).uniform(size=(200, 2))
    >>> found = ale(lambda x: 3 * x[:, 0] + x[:, 1], x, 0, n_intervals=4)
    >>> slopes = np.diff(found["effect"]) / np.diff(found["x1"])
    >>> slopes.round(6)
    array([3., 3., 3., 3.])
    """
    table = Table(WHO, x, names)
    places = table.places(features)
    if len(places) not in (1, 2) or len(set(places)) != len(places):
        raise ValueError(
            f"{WHO}: features must be one input or two different ones; got {features!r}"
        )
    count = _check.integer(WHO, "n_intervals", n_intervals)
    values = [table.numbers(p) for p in places]
    edges = [_edges(table.names[p], v, count) for p, v in zip(places, values, strict=True)]
    predicting = Predicting(WHO, model, response_method)
    make = _first_order if len(places) == 1 else _second_order
    effects, counts = make(predicting, table, places, values, edges)
    every = predicting.output_names(len(effects), output_names)
    shown = chosen_outputs(WHO, output, every)
    return AccumulatedEffects(
        [table.names[p] for p in places], [every[i] for i in shown], edges, effects[shown], counts,
        values,
    )  # fmt: skip


def _edges(name: str, values: Array, count: int) -> Array:
    """Return the smallest value, and quantiles that are observed values."""
    quantiles = np.quantile(values, np.arange(1, count + 1) / count, method="inverted_cdf")
    edges: Array = np.unique(np.concatenate([[values.min()], quantiles]))
    if len(edges) < 2:
        raise ValueError(f"{WHO}: column {name!r} is constant; it has no effect to accumulate")
    return edges


def _interval(values: Array, edges: Array) -> Array:
    """Return the interval, open on the left, of each value; the smallest is in the first."""
    return np.clip(np.searchsorted(edges, values, side="left") - 1, 0, len(edges) - 2)


def _first_order(
    predicting: Predicting, table: Table, places: list[int], values: list[Array],
    edges: list[Array],
) -> tuple[Array, Array]:  # fmt: skip
    (place,), (z,) = places, edges
    inside = _interval(values[0], z)
    high = predicting(table.replaced({place: z[inside + 1]}))
    low = predicting(table.replaced({place: z[inside]}))
    counts = np.bincount(inside, minlength=len(z) - 1)
    sums = np.stack([np.bincount(inside, column, len(z) - 1) for column in (high - low).T])
    steps = sums / counts  # the last value of each interval is observed, so none is empty
    effects = np.concatenate([np.zeros((len(steps), 1)), np.cumsum(steps, axis=1)], axis=1)
    middle = (effects[:, 1:] + effects[:, :-1]) / 2.0
    return effects - (middle @ counts / counts.sum())[:, None], counts


def _second_order(
    predicting: Predicting, table: Table, places: list[int], values: list[Array],
    edges: list[Array],
) -> tuple[Array, Array]:  # fmt: skip
    inside = [_interval(v, z) for v, z in zip(values, edges, strict=True)]
    shape = tuple(len(z) - 1 for z in edges)
    cell = np.ravel_multi_index(inside, shape)
    total: Any = 0.0
    for corner in np.ndindex(2, 2):
        moved = {p: edges[i][inside[i] + corner[i]] for i, p in enumerate(places)}
        total = total + (-1.0) ** sum(corner) * predicting(table.replaced(moved))
    counts = np.bincount(cell, minlength=int(np.prod(shape))).reshape(shape)
    sums = np.stack([np.bincount(cell, column, counts.size) for column in total.T])
    steps = sums.reshape(-1, *shape) / np.maximum(counts, 1)
    steps = steps.reshape(len(steps), -1)[:, _nearest(counts, edges)].reshape(steps.shape)
    effects = np.zeros((len(steps), *(n + 1 for n in shape)))
    effects[:, 1:, 1:] = np.cumsum(np.cumsum(steps, axis=1), axis=2)
    for axis in (0, 1):
        effects = effects - _main_effect(effects, counts, axis)
    corners = effects[:, :-1, :-1] + effects[:, :-1, 1:] + effects[:, 1:, :-1] + effects[:, 1:, 1:]
    return effects - ((corners / 4.0 * counts).sum((1, 2)) / counts.sum())[:, None, None], counts


def _main_effect(effects: Array, counts: Array, axis: int) -> Array:
    """Return the effect accumulated along an axis, averaged over the other axis's intervals."""
    steps = np.diff(effects, axis=1 + axis)
    other = 2 - axis
    middle = (np.take(steps, range(1, steps.shape[other]), other)
              + np.take(steps, range(steps.shape[other] - 1), other)) / 2.0  # fmt: skip
    mean = (middle * counts).sum(axis=other) / np.maximum(counts.sum(axis=1 - axis), 1)
    line = np.concatenate([np.zeros((len(mean), 1)), np.cumsum(mean, axis=1)], axis=1)
    return line[:, :, None] if axis == 0 else line[:, None, :]


def _nearest(counts: Array, edges: list[Array]) -> Array:
    """Return for each cell the number of the nearest cell with rows."""
    centres = [(z[1:] + z[:-1]) / 2.0 / (z[-1] - z[0]) for z in edges]
    points = np.stack([m.ravel() for m in np.meshgrid(*centres, indexing="ij")], axis=1)
    filled = np.flatnonzero(counts.ravel() > 0)
    found = np.arange(counts.size)
    for empty in np.flatnonzero(counts.ravel() == 0):
        distance = ((points[filled] - points[empty]) ** 2).sum(axis=1)
        found[empty] = filled[np.argmin(distance)]
    return found
