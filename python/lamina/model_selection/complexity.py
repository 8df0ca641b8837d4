"""Errors over the size of a model: the curve of single or double descent."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lamina import _check
from lamina._calls import answering_calls, on_behalf
from lamina._columns import Columns
from lamina.many import ManyFits, fit_many
from lamina.model_selection.degrees import effective_degrees
from lamina.model_selection.errors import WORDS, error_of, words
from lamina.model_selection.splines import NaturalSplines, least_norm
from lamina.models import Model

if TYPE_CHECKING:
    from lamina._typing import Verbose

Array = NDArray[Any]

WHO = "complexity_path"


class ComplexityPath(Columns):
    """A table with a row for each size: means over the seeds.

    Columns: ``complexity`` (the size), ``parameters``, ``train_error``, ``test_error``, ``norm``
    (the square root of the sum of squares of all trainable weights, or of a spline's coefficients)
    and ``degrees_of_freedom`` (effective ones).

    Attributes
    ----------
    labels : dict of str to str
        A description of each column, for the axes of figures.
    training_rows : int
        The number of training rows; with as many degrees of freedom, a model can reproduce them.
    runs : Columns
        The same for each seed, with ``seed`` and ``status``.
    training_data, validation_data : tuple (x, y)
        The rows of the errors, as they were passed.
    """

    labels: dict[str, str]
    training_rows: int
    runs: Columns
    training_data: tuple[Any, Any]
    validation_data: tuple[Any, Any]
    _fitted: dict[tuple[int, int], Callable[[Any], Array]]  # by size and seed

    def predict(self, size: int, x: Any, seed: int | None = None) -> Array:
        """Return the predictions of the fit of one size.

        Parameters
        ----------
        size : int
            A value of the column ``complexity``.
        x : array_like of shape (rows, ...)
            Rows of the same form as in the call that made the path.
        seed : int, optional
            The seed of a network; by default the first.

        Returns
        -------
        ndarray of shape (rows, outputs)

        Examples
        --------
        >>> import numpy as np, lamina
        >>> x = np.linspace(-3, 3, 8)
        >>> path = lamina.complexity_path("natural_spline", x, np.sin(x), (x, np.sin(x)), [2, 8])
        >>> bool(np.allclose(path.predict(8, x)[:, 0], np.sin(x)))  # as many as there are rows
        True
        """
        fits = [each for of, each in self._fitted.items() if of[0] == size]
        if not fits:
            listed = dict.fromkeys(of for of, _ in self._fitted)
            sizes = ", ".join(map(str, listed)) or "none, as no fit succeeded"
            raise ValueError(f"{WHO}: size must be one that was fitted: {sizes}; got {size!r}")
        if seed is None:
            return fits[0](x)
        if (size, seed) not in self._fitted:
            seeds = ", ".join(str(of[1]) for of in self._fitted if of[0] == size)
            raise ValueError(f"{WHO}: seed must be one of those fitted: {seeds}; got {seed!r}")
        return self._fitted[size, seed](x)


@answering_calls
def complexity_path(
    model: str | Callable[..., Any],
    x: Any,
    y: Any,
    validation_data: tuple[Any, Any],
    sizes: Sequence[int] | None = None,
    *,
    error: str | Callable[[Any, Any], float] | None = None,
    seeds: int | Sequence[int] = 1,
    executor: Any = None,
    n_jobs: int | None = None,
    verbose: Verbose = "auto",
    **fit: Any,
) -> ComplexityPath:
    """Fit models of growing size; return their errors on training and test rows.

    Parameters
    ----------
    model : "natural_spline" or callable
        Natural cubic splines of one predictor, by least squares, or a function of a size, such as
        ``build(units)``, that returns a compiled model.
    x : array_like of shape (rows, ...)
        Training rows; a single column for splines.
    y : array_like of shape (rows, ...)
    validation_data : tuple (x, y)
        Test rows.
    sizes : sequence of int, optional
        The splines' degrees of freedom, at least 2, by default from 2 to four times the number of
        rows; or the numbers with which ``model`` is called.
    error : {"mse", "mae", "error_rate"} or callable, optional
        A function of targets and predictions; by default the mean squared error of numbers, or the
        share of wrong classes if the loss is a crossentropy.
    seeds : int or sequence of int, default 1
        The seeds of networks; the table has the means over them.
    executor, n_jobs, verbose
        As for ``lamina.fit_many``, which fits the networks.
    **fit
        Arguments of ``fit``, such as ``epochs``.

    Returns
    -------
    ComplexityPath
        ``lamina.plot.complexity_path(path)`` draws it, and ``lamina.plot.fitted_curves(path,
        sizes)`` draws the predictions of the models of some sizes.

    Notes
    -----
    A spline with d degrees of freedom is that of R's ``ns(x, df = d, intercept = TRUE)``, with
    knots at quantiles of the training rows.  With more coefficients than rows, the coefficients are
    those of least norm among all that fit best: James et al., *An Introduction to Statistical
    Learning*, 2nd edition, section 10.8.  The test error then has its peak at the size at which the
    spline first passes through all training rows, and falls again.

    Effective degrees of freedom are the trace of the matrix that takes targets to fitted values.
    For a network it is that of the model linearised at its weights, ``J (J'WJ + P)^-1 J'W``: J
    contains the derivatives of the outputs with respect to the weights, W is the second derivative
    of the mean loss with respect to the outputs, and P that of the penalties.  Without penalties it
    is the rank of J, the number of directions in which the outputs for these rows can change
    (singular values of at least 1e-10 of the largest).  Stopping before the minimum is not taken
    into account.  NaN if J would have more than a hundred million numbers.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> rng = np.random.default_rng(0)
    >>> x = rng.uniform(-5, 5, 20)
    >>> y = np.sin(x) + rng.normal(0, 0.3, 20)
    >>> grid = np.linspace(x.min(), x.max(), 500)
    >>> path = lamina.complexity_path("natural_spline", x, y, (grid, np.sin(grid)), [6, 20, 60])
    >>> path["test_error"].round(2).tolist(), path["degrees_of_freedom"].tolist()
    ([0.05, 80.06, 0.79], [6.0, 20.0, 20.0])
    """
    x_test, y_test = _pair(validation_data)
    if isinstance(model, str):
        if model != "natural_spline":
            raise ValueError(
                f"{WHO}: model must be 'natural_spline' or a function of a size; got {model!r}"
            )
        if fit or error not in (None, "mse"):
            what = ", ".join(fit) or "error"
            raise TypeError(f"{WHO}: splines are fitted by least squares; they take no {what}")
        path = _of_splines(x, y, x_test, y_test, sizes)
        path.training_data, path.validation_data = (x, y), (x_test, y_test)
        return path
    if not callable(model) or isinstance(model, (type, Model)):
        raise TypeError(
            f"{WHO}: model must be 'natural_spline', or a function of a size that returns a "
            f"compiled model, such as build(units); got {model!r:.80}"
        )
    if error is not None and not callable(error):
        _check.choice(WHO, "error", error, tuple(WORDS))
    if sizes is None:
        raise ValueError(f"{WHO}: sizes must be given for networks, such as [1, 2, 4, 8]")
    name = _size_name(model)
    listed = _sizes(sizes, 1)
    with on_behalf(WHO, "fit_many"):
        fits = fit_many(
            model, x, y, settings={name: listed}, seeds=seeds, executor=executor, n_jobs=n_jobs,
            keep="weights", verbose=verbose, **fit,
        )  # fmt: skip
    table = fits.table
    runs: dict[str, list[Any]] = {"complexity": [s[name] for s in fits.settings]}
    runs |= {"seed": list(table["seed"]), "status": list(table["status"])}
    found = [
        _of_network(fits.models[i], (x, y), (x_test, y_test), error)
        if table["status"][i] == "ok"
        else dict.fromkeys(_MEASURED, np.nan)
        for i in range(len(fits))
    ]
    runs |= {key: [each[key] for each in found] for key in _MEASURED}
    good = next(i for i in range(len(fits)) if table["status"][i] != "failed")
    labels = {"complexity": name, "error": words(fits.models[good], error), "norm": "weight norm"}
    counts = _rows(y), _rows(y_test)
    path = _path(runs, listed, labels, counts, "Networks")
    path.training_data, path.validation_data = (x, y), (x_test, y_test)
    path._fitted = {
        (size, seed): partial(_answers, fits, i)
        for i, (size, seed) in enumerate(zip(runs["complexity"], runs["seed"], strict=True))
        if table["status"][i] == "ok"
    }
    return path


_MEASURED = ("parameters", "train_error", "test_error", "norm", "degrees_of_freedom")


def _of_splines(x: Any, y: Any, x_test: Any, y_test: Any, sizes: Any) -> ComplexityPath:
    x, x_test = (_column("x", each) for each in (x, x_test))
    y, y_test = (_column("y", each) for each in (y, y_test))
    for name, a, b in (("x and y", x, y), ("validation_data", x_test, y_test)):
        if len(a) != len(b) or not len(a):
            raise ValueError(
                f"{WHO}: {name} must have the same number of rows, at least one; got {len(a)} and "
                f"{len(b)}"
            )
    if len(np.unique(x)) < 2:
        raise ValueError(f"{WHO}: x must have at least two different values; got {x[:1]}")
    listed = _sizes(range(2, 4 * len(x) + 1) if sizes is None else sizes, 2)
    runs: dict[str, list[Any]] = {"complexity": listed, "seed": [0] * len(listed)}
    runs["status"] = ["ok"] * len(listed)
    runs |= {key: [] for key in _MEASURED}
    fitted: dict[tuple[int, int], Callable[[Any], Array]] = {}
    for degrees in listed:
        splines = NaturalSplines(x, degrees)
        basis = splines(x)
        coefficients, rank = least_norm(basis, y)
        fitted[degrees, 0] = partial(_on_spline, splines, coefficients)
        runs["parameters"].append(degrees)
        runs["train_error"].append(float(np.square(basis @ coefficients - y).mean()))
        runs["test_error"].append(float(np.square(splines(x_test) @ coefficients - y_test).mean()))
        runs["norm"].append(float(np.linalg.norm(coefficients)))
        runs["degrees_of_freedom"].append(float(rank))
    counts = len(x), len(x_test)
    labels = {
        "complexity": "degrees of freedom",
        "error": "mean squared error",
        "norm": "norm of the coefficients",
    }
    path = _path(runs, listed, labels, counts, "Natural splines")
    path._fitted = fitted
    return path


def _on_spline(splines: NaturalSplines, coefficients: Array, x: Any) -> Array:
    return np.asarray(splines(_column("x", x)) @ coefficients)[:, None]


def _answers(fits: ManyFits, place: int, x: Any) -> Array:
    return np.asarray(fits.models[place].predict(x, verbose=0))


def _of_network(
    model: Any, train: tuple[Any, Any], test: tuple[Any, Any], error: Any
) -> dict[str, float]:
    weights = [np.asarray(weight, dtype=np.float64) for weight in _trainable(model)]
    return {
        "parameters": sum(weight.size for weight in weights),
        "train_error": error_of(model, train[0], train[1], error),
        "test_error": error_of(model, test[0], test[1], error),
        "norm": float(np.sqrt(sum(np.square(weight).sum() for weight in weights))),
        "degrees_of_freedom": effective_degrees(model, *train),
    }


def _trainable(model: Any) -> list[Any]:
    return [weight.numpy() for weight in model.trainable_weights]


def _path(
    runs: dict[str, list[Any]], sizes: list[int], labels: dict[str, str],
    counts: tuple[int, int], what: str,
) -> ComplexityPath:  # fmt: skip
    """Return the means over the seeds; NaN for a size without a successful fit."""
    every = Columns(runs)
    columns: dict[str, Any] = {"complexity": sizes}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the mean of only NaN
        for key in _MEASURED:
            values = np.asarray(every[key], dtype=np.float64)
            means = [float(np.nanmean(values[every["complexity"] == size])) for size in sizes]
            columns[key] = means
    if np.isfinite(columns["parameters"]).all():
        columns["parameters"] = [int(value) for value in columns["parameters"]]
    rows, tested = counts
    path = ComplexityPath(columns, f"{what}: {rows} training rows, {tested} test rows")
    path.labels = {
        "complexity": labels["complexity"],
        "parameters": "number of weights",
        "train_error": f"training error ({labels['error']})",
        "test_error": f"test error ({labels['error']})",
        "norm": labels["norm"],
        "degrees_of_freedom": "effective degrees of freedom",
    }
    path.training_rows, path.runs = rows, every
    return path


def _pair(data: Any) -> tuple[Any, Any]:
    if not isinstance(data, (tuple, list)) or len(data) != 2:
        raise TypeError(
            f"{WHO}: validation_data must be a tuple (x, y) of test rows; got {type(data).__name__}"
        )
    return data[0], data[1]


def _rows(values: Any) -> int:
    return int(np.shape(values)[0])


def _column(name: str, values: Any) -> Array:
    """Return one column of finite numbers."""
    array = np.asarray(_check.numeric(WHO, name, values), dtype=np.float64)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise ValueError(
            f"{WHO}: splines are of one predictor, {name} of shape (rows,); got {array.shape}"
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{WHO}: {name} must be finite; row {np.argmin(np.isfinite(array))} isn't")
    return array


def _sizes(given: Any, low: int) -> list[int]:
    if isinstance(given, (str, bytes)) or not isinstance(given, (Sequence, np.ndarray, range)):
        raise TypeError(f"{WHO}: sizes must be a list of integers; got {given!r:.80}")
    sizes = [_check.integer(WHO, "sizes", size, low) for size in given]
    if not sizes or len(set(sizes)) < len(sizes):
        raise ValueError(f"{WHO}: sizes must hold at least one integer, each once; got {sizes}")
    return sizes


def _size_name(build: Callable[..., Any]) -> str:
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    for parameter in inspect.signature(build).parameters.values():
        if parameter.kind in by_name:
            return parameter.name
    raise TypeError(
        f"{WHO}: model must be a function of a size, such as build(units); "
        f"{getattr(build, '__name__', build)} takes no argument by name"
    )
