"""Partial dependence and individual conditional expectations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import _check
from lamina._arrays import as_numbers
from lamina._calls import answering_calls
from lamina._columns import Columns
from lamina._named_columns import Table
from lamina._predicting import Predicting, chosen_outputs
from lamina.inference.scoring import weights_of

Array = NDArray[Any]

KINDS = ("average", "individual", "both")


class PartialDependence(Columns):
    """Outputs over a grid of one or two inputs, as a table.

    The columns are the input's name (two names for two inputs), ``output`` and ``response``, the
    mean over the rows.

    Attributes
    ----------
    inputs, outputs : list of str
    grid : list of ndarray
        The values of each input.
    average : ndarray of shape (outputs, *values of each input) or None
    individual : ndarray of shape (outputs, rows, *values of each input) or None
        A curve for each row.
    observed : list of ndarray
        The inputs' values in the data.
    centered : bool
        Whether each curve is the difference from its first value.
    """

    def __init__(
        self, inputs: list[str], outputs: list[str], grid: list[Array], average: Array,
        individual: Array | None, observed: list[Array], centered: bool = False,
    ) -> None:  # fmt: skip
        self.inputs, self.outputs, self.grid = inputs, outputs, grid
        self.average, self.individual = average, individual
        self.observed, self.centered = observed, centered
        mesh = np.meshgrid(*grid, indexing="ij")
        columns: dict[str, Any] = {
            name: np.tile(values.ravel(), len(outputs))
            for name, values in zip(inputs, mesh, strict=True)
        }
        columns["output"] = np.repeat(outputs, mesh[0].size)
        columns["response"] = average.ravel()
        super().__init__(columns)


@answering_calls
def partial_dependence(
    model: Any,
    x: Any,
    features: int | str | Sequence[int | str],
    *,
    sample_weight: Any = None,
    percentiles: tuple[float, float] = (0.05, 0.95),
    grid_resolution: int = 100,
    custom_values: Mapping[int | str, Any] | None = None,
    kind: str = "average",
    output: int | str | Sequence[int | str] | None = None,
    response_method: str = "auto",
    names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
) -> PartialDependence:
    """Return the mean output over the rows when one or two inputs are set to values of a grid.

    Parameters
    ----------
    model : Model, fit of lamina.nnet, fitted estimator, or function of a table
    x : array_like of shape (rows, inputs), a frame or a dict of columns
        The rows over which the output is averaged.
    features : int, str or pair of them
        The input, or two inputs.
    sample_weight : array_like of shape (rows,), optional
        The weights of the rows in the mean.
    percentiles : tuple of float, default (0.05, 0.95)
        The quantiles at which the grid begins and ends.
    grid_resolution : int, default 100
        The number of values of each input; all values of an input with fewer, or of categories.
    custom_values : dict, optional
        Values of inputs to use instead.
    kind : {"average", "individual", "both"}, default "average"
        Whether to keep the mean curve, the curves of single rows, or both.
    output : int, str or sequence of them, optional
        The outputs, by default all.  An estimator of two classes has one, for the second class.
    response_method : {"auto", "predict_proba", "decision_function", "predict"}, default "auto"
        The method of an estimator.
    names, output_names : sequence of str, optional

    Returns
    -------
    PartialDependence

    Notes
    -----
    J. H. Friedman, Annals of Statistics 29 (2001) 1189-1232; arguments and grid are those of
    scikit-learn's function.  If inputs are correlated, the grid contains combinations that do not
    occur in the data: see ``ale``.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina.inference import partial_dependence
    >>> x = np.random.default_rng(0).uniform(size=(50, 2))
    >>> found = partial_dependence(lambda x: 2 * x[:, 0] + x[:, 1] - x[:, 1].mean(), x, 0,
    ...                            custom_values={0: [0.0, 1.0]})
    >>> found["response"].round(6)
    array([0., 2.])
    """
    who = "partial_dependence"
    kind = _check.choice(who, "kind", kind, KINDS)
    table = Table(who, x, names)
    places = table.places(features)
    if len(places) not in (1, 2) or len(set(places)) != len(places):
        raise ValueError(
            f"{who}: features must be one input or two different ones; got {features!r}"
        )
    resolution = _check.integer(who, "grid_resolution", grid_resolution, 2)
    if custom_values is not None and not isinstance(custom_values, Mapping):
        raise TypeError(
            f"{who}: custom_values must be a dict of columns and their values; got "
            f"{custom_values!r:.80}"
        )
    given = {table.place(k): v for k, v in (custom_values or {}).items()}
    percentiles = _percentiles(who, percentiles)
    grid = [_grid(table, p, resolution, percentiles, given.get(p)) for p in places]
    curves, every = _curves(
        Predicting(who, model, response_method), table, places, grid, output_names
    )
    shown = chosen_outputs(who, output, every)
    curves = curves[shown]
    weights = weights_of(who, sample_weight, table.rows)
    average: Array = np.average(curves, axis=1, weights=weights)
    return PartialDependence(
        [table.names[p] for p in places], [every[i] for i in shown], grid, average,
        None if kind == "average" else curves, [table.column(p) for p in places],
    )  # fmt: skip


@answering_calls
def ice(
    model: Any,
    x: Any,
    feature: int | str,
    *,
    centered: bool = False,
    percentiles: tuple[float, float] = (0.05, 0.95),
    grid_resolution: int = 100,
    custom_values: Any = None,
    output: int | str | Sequence[int | str] | None = None,
    response_method: str = "auto",
    names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
) -> PartialDependence:
    """Return the output of each row when one input is set to values of a grid.

    Parameters
    ----------
    model, x, percentiles, grid_resolution, output, response_method, names, output_names
        As for ``partial_dependence``.
    feature : int or str
    centered : bool, default False
        Whether each curve starts at 0: the difference from its first value.
    custom_values : array_like, optional
        Values of the input instead of the grid.

    Returns
    -------
    PartialDependence
        With the curves in ``individual`` and their mean in ``average`` and in the table.

    Notes
    -----
    A. Goldstein, A. Kapelner, J. Bleich and E. Pitkin, Journal of Computational and Graphical
    Statistics 24 (2015) 44-65.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina.inference import ice
    >>> x = np.array([[0.0, 1.0], [1.0, -1.0]])
    >>> ice(lambda x: x[:, 0] * x[:, 1], x, 0, centered=True).individual[0]
    array([[ 0.,  1.],
           [ 0., -1.]])
    """
    centered = _check.boolean("ice", "centered", centered)
    if not isinstance(feature, (int, np.integer, str)):
        raise TypeError(f"ice: feature must be one input, a number or a name; got {feature!r:.80}")
    found = partial_dependence(
        model, x, feature, percentiles=percentiles, grid_resolution=grid_resolution,
        custom_values=None if custom_values is None else {feature: custom_values},
        kind="both", output=output, response_method=response_method, names=names,
        output_names=output_names,
    )  # fmt: skip
    curves = found.individual
    assert curves is not None
    if centered:
        curves = curves - curves[:, :, :1]
    return PartialDependence(
        found.inputs, found.outputs, found.grid, curves.mean(axis=1), curves, found.observed,
        centered,
    )  # fmt: skip


def _curves(
    predicting: Predicting, table: Table, places: list[int], grid: list[Array], output_names: Any
) -> tuple[Array, list[str]]:
    """Return an array of shape (outputs, rows, *grid), and the outputs' names."""
    shape = tuple(len(values) for values in grid)
    made: list[Array] = []
    for point in np.ndindex(*shape):
        values = {p: grid[i][point[i]] for i, p in enumerate(places)}
        made.append(predicting(table.replaced(values)))
    both = np.stack(made)  # grid, rows, outputs
    names = predicting.output_names(both.shape[2], output_names)
    return np.moveaxis(both, 0, 2).transpose(1, 0, 2).reshape(len(names), table.rows, *shape), names


def _grid(
    table: Table, place: int, resolution: int, percentiles: tuple[float, float], given: Any
) -> Array:
    if given is not None:
        values = np.asarray(given)
        if values.ndim != 1 or not values.size:
            raise ValueError(
                f"{table.who}: custom_values of {table.names[place]!r} must be a list of values"
            )
        return values
    column = table.column(place)
    values = table.different(place)
    if not len(values):
        raise ValueError(
            f"{table.who}: column {table.names[place]!r} has no values; give custom_values"
        )
    if column.dtype.kind not in "iuf" or len(values) < resolution:
        return values
    low, high = percentiles
    ordered = np.sort(column[~np.isnan(column.astype(np.float64))].astype(np.float64))
    first, last = _quantile(ordered, low), _quantile(ordered, high)
    if not first < last:
        raise ValueError(
            f"{table.who}: percentiles {low} and {high} of {table.names[place]!r} are the "
            f"same value, {first:.6g}; give others, or custom_values"
        )
    return np.linspace(first, last, num=resolution)


def _percentiles(who: str, given: Any) -> tuple[float, float]:
    values = np.ravel(as_numbers(who, "percentiles", given)).tolist()
    if len(values) != 2 or not 0.0 <= values[0] < values[1] <= 1.0:
        raise ValueError(f"{who}: percentiles must be two numbers from 0 to 1; got {given!r}")
    return values[0], values[1]


def _quantile(ordered: Array, p: float) -> float:
    """Return a quantile as scipy.stats.mstats.mquantiles does, and with it scikit-learn's grids."""
    n = len(ordered)
    place = 0.4 + p * (n + 0.2)
    k = int(np.clip(np.floor(place), 1, n - 1)) if n > 1 else 1
    share = float(np.clip(place - k, 0.0, 1.0))
    return float((1.0 - share) * ordered[k - 1] + share * ordered[min(k, n - 1)])
