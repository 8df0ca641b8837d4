"""Averages of networks with different starting weights or resamples: caret's ``avNNet``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

import numpy as np

from lamina import _check, _screen
from lamina._calls import answering_calls, named_parameters, on_behalf, refuse_arguments
from lamina.nnet.coding import class_ind
from lamina.nnet.data import (
    case_weights,
    from_arrays,
    input_names,
    inputs_again,
    inputs_of,
    matrix_of,
)
from lamina.nnet.fitted import NNet
from lamina.nnet.fitting import nnet, planned
from lamina.nnet.formulas import ModelFrame, model_frame
from lamina.nnet.formulas.expressions import deparse
from lamina.nnet.formulas.variables import Array, Variable, factor, variable
from lamina.nnet.r_samples import resample
from lamina.nnet.searching import check_executor, fits_side_by_side
from lamina.nnet.starts import RSeed
from lamina.random import next_seed
from lamina.runtime import get_num_threads

WHO = "avNNet"
OF_NETWORKS = named_parameters(nnet) - {"x", "y", "formula", "data", "random_state"}


class AvNNet:
    """Networks whose predictions are averaged; ``avNNet`` makes one.

    Attributes
    ----------
    model : list of NNet
        The networks.
    repeats : int
        The number of networks.
    bag : bool
        Whether each was fitted to a resample of the rows.
    seeds : list of int
        The seeds of their starting weights and resamples.
    lev : tuple or None
        The classes as in the data; None for a regression.
    names : list of str or None
        The names of the inputs.
    output_names : list of str or None
        The classes, or the response's name or columns.
    formula : str or None
    frame : ModelFrame or None
        The variables that the formula made from the table.
    """

    def __init__(self, model: list[NNet], bag: bool, seeds: list[int], data: _Given) -> None:
        self.model, self.repeats, self.bag, self.seeds = model, len(model), bag, seeds
        self.lev, self.names, self.output_names = data.levels, data.names, data.outputs
        self.frame = data.frame
        self.formula = None if data.frame is None else data.frame.formula
        self._data = data

    def __repr__(self) -> str:
        """Return what caret prints."""
        bagged = "and Bagging" if self.bag else ""
        head = f"Model Averaged Neural Network with {self.repeats} Repeats {bagged} "
        return f"{head}\n\n{self.model[0]!r}\n"

    @answering_calls
    def predict(self, newdata: Any = None, type: str = "raw") -> Array:  # noqa: A002
        """Return the mean of the networks' predictions, or classes.

        Parameters
        ----------
        newdata : table or array_like of shape (rows, inputs), optional
            A table with the columns of the formula, or the inputs; a vector is one row.  By default
            the rows of the fit.
        type : {"raw", "class", "prob"}, default "raw"
            The means of the outputs; the class with the largest mean; or the means divided by their
            sum.  A regression allows only ``"raw"``.

        Returns
        -------
        ndarray
            Numbers or classes of shape (rows,), or (rows, outputs).  For rows of a table with
            missing values, they are NaN, or None among classes.
        """
        _check.choice("predict", "type", type, ("raw", "class", "prob"))
        if type != "raw" and self.lev is None:
            raise ValueError(f"predict: type={type!r} needs a fit to classes; use type='raw'")
        scores = self._mean(newdata)
        if type == "class":
            return self._classes(scores)
        if type == "prob":
            return np.asarray(scores / scores.sum(axis=1, keepdims=True))
        return scores[:, 0] if self.lev is None and scores.shape[1] == 1 else scores

    def _mean(self, newdata: Any) -> Array:
        x, spread = self._data.again(newdata)
        total = np.sum([each.predict(x) for each in self.model], axis=0)
        return spread(np.asarray(total / self.repeats))

    def _classes(self, scores: Array) -> Array:
        missing = np.isnan(scores).any(axis=1)
        classes = np.asarray(self.lev)
        if not np.any(missing):
            return np.asarray(classes[scores.argmax(axis=1)])
        chosen = classes.astype(object)[np.where(missing, 0, scores.argmax(axis=1))]
        chosen[missing] = None
        return np.asarray(chosen)


class _Given:
    """Inputs, response and weights, from arrays or a formula."""

    def __init__(
        self, x: Array, response: Variable, weights: Any, names: list[str] | None,
        outputs: list[str] | None,
    ) -> None:  # fmt: skip
        self.x, self.names = x, names
        self.outputs = response.labels if response.kind == "factor" else outputs
        self.frame: ModelFrame | None = None
        self.levels = response.levels if response.kind == "factor" else None
        if self.levels is not None:
            if (response.values < 0).any():
                raise ValueError(f"{WHO}: y must have a class in each row; one is missing")
            self.y = class_ind(response)
        else:
            self.y = response.values
        if len(self.x) != len(self.y):
            raise ValueError(
                f"{WHO}: x and y must have the same number of rows; got {len(self.x)} and "
                f"{len(self.y)}"
            )
        self.weights = case_weights(weights, len(self.x))

    def again(self, newdata: Any) -> tuple[Array, Callable[[Array], Array]]:
        """Return inputs of other rows, and a function that places results among all rows."""
        if newdata is None:
            return self.x, _as_they_are if self.frame is None else self.frame.spread
        if self.frame is not None:
            with on_behalf("predict", WHO):
                new = self.frame.again(newdata)
            return new.x, new.spread
        return inputs_again(self.names, newdata), _as_they_are


def _as_they_are(values: Array) -> Array:
    return values


@answering_calls
def avNNet(  # noqa: N802
    x: Any = _check.NEEDED,
    y: Any = _check.NEEDED,
    weights: Any = None,
    *,
    formula: str | None = None,
    data: Any = None,
    repeats: int = 5,
    bag: bool = False,
    allowParallel: bool = True,
    seeds: Sequence[int] | None = None,
    subset: Any = None,
    na_action: str | Callable[[Mapping[str, Array]], Any] = "na.omit",
    contrasts: Mapping[str, Any] | None = None,
    random_state: int | np.random.Generator | np.random.RandomState | None = None,
    executor: Executor | None = None,
    size: int = 1,
    trace: bool = True,
    **more: Any,
) -> AvNNet:
    """Fit several networks from different starting weights and average them, as caret's ``avNNet``.

    ``avNNet(x, y, size=5)`` takes inputs and a response, ``avNNet("y ~ .", data, size=5)`` a
    formula and a table.

    Parameters
    ----------
    x : array_like of shape (rows, inputs), or str
        The inputs, or the formula.
    y : array_like of shape (rows,) or (rows, outputs), or a table
        The response: numbers, or classes as strings, truth values or categories; or the table for
        the formula.  Each class has an output.
    weights : array_like of shape (rows,), optional
        Case weights; with a formula also an expression of columns.
    formula, data : str, table
        In the places of x and y.
    repeats : int, default 5
        The number of networks.
    bag : bool, default False
        Whether each network is fitted to a resample of the rows, drawn with replacement and of the
        same size.
    allowParallel : bool, default True
        Whether the networks are fitted in parallel on lamina's threads.
    seeds : sequence of int, optional
        One seed for each network, for its starting weights and rows.  They are drawn as R draws
        them after ``set.seed(seed)``.
    subset, na_action, contrasts : optional
        With a formula: see ``lamina.nnet.formulas.model_frame``.
    random_state : int, Generator or RandomState, optional
        The generator of ``seeds``; by default lamina's seed.
    executor : concurrent.futures.Executor, optional
        Where the networks are fitted instead of threads.  The results are the same.
    size : int, default 1
        Hidden units.
    trace : bool, default True
        Whether each network is announced and its search reported; in parallel they are only
        announced.
    **more
        Arguments of ``nnet``, such as ``linout, softmax, decay, maxit, skip``.

    Returns
    -------
    AvNNet

    Raises
    ------
    ValueError
        For arguments that ``nnet`` refuses, a number of ``seeds`` other than ``repeats``, or
        classes that are missing.

    Notes
    -----
    As in caret, networks of classes are fitted by least squares unless ``softmax=True`` or
    ``entropy=True``.  In caret the rows of a resample get the weights of other rows; here they keep
    their own weights.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(-2, 2, 30)[:, None]
    >>> fit = avNNet(x, np.sin(x[:, 0]), size=2, linout=True, repeats=3, trace=False,
    ...              random_state=0)
    >>> fit.predict(x).shape
    (30,)
    >>> fit = avNNet(x, np.where(x[:, 0] > 0, "up", "down"), size=2, softmax=True, decay=0.01,
    ...              trace=False, random_state=0)
    >>> fit.predict([[-1.5], [1.5]], type="class").tolist()
    ['down', 'up']
    """
    unknown_ones = {name: value for name, value in more.items() if name not in OF_NETWORKS}
    if unknown_ones:
        refuse_arguments(nnet, unknown_ones, WHO, OF_NETWORKS | named_parameters(avNNet))
    x, y = _of_formula(x, y, formula, data)
    count = _check.integer(WHO, "repeats", repeats)
    for name, value in (("bag", bag), ("allowParallel", allowParallel), ("trace", trace)):
        _check.boolean(WHO, name, value)
    if executor is not None:
        check_executor(WHO, executor)
    with on_behalf(WHO, "nnet"):
        given = _given(x, y, weights, subset, na_action, contrasts)
    drawn = _seeds(seeds, count, random_state)
    settings = {**more, "size": size}
    serial = not allowParallel or get_num_threads() == 1 or count == 1
    with on_behalf(WHO, "nnet"):
        model = _networks(given, drawn, bag, trace, settings, executor, serial)
    return AvNNet(model, bag, drawn, given)


def _of_formula(x: Any, y: Any, formula: Any, data: Any) -> tuple[Any, Any]:
    """Return x and y, or in their places a formula and its table."""
    if isinstance(x, str) and formula is None:
        formula, x = x, None
        if data is None:
            data, y = y, None
    if formula is not None or data is not None:
        if formula is None or data is None or x is not None or y is not None:
            raise TypeError(f"{WHO}: a formula needs data, a table, and neither x nor y")
        return formula, data
    if x is None or y is None:
        raise TypeError(f"{WHO}: needs x and y, or a formula and data")
    return x, y


def _networks(
    given: _Given, drawn: list[int], bag: bool, trace: bool, settings: dict[str, Any],
    executor: Executor | None, serial: bool,
) -> list[NNet]:  # fmt: skip
    """Return the fitted networks, and announce each if asked to."""
    count = len(drawn)
    if executor is not None or not serial:
        if trace:
            for i in range(count):
                _screen.write(f"Fitting Repeat {i + 1} ")
        if executor is not None:
            return _on(executor, given, drawn, bag, settings)
        return _side_by_side(given, drawn, bag, settings)
    model = []
    for i, seed in enumerate(drawn):
        if trace:
            _screen.write(f"Fitting Repeat {i + 1} \n")
        model.append(fit_one(given.x, given.y, given.weights, seed, bag, trace, settings))
    return model


def _given(x: Any, y: Any, weights: Any, subset: Any, na_action: Any, contrasts: Any) -> _Given:
    if isinstance(x, str):
        frame = model_frame(
            x, y, weights=weights, subset=subset, na_action=na_action, contrasts=contrasts, who=WHO
        )
        if frame.y is None:
            raise ValueError(f"{WHO}: formula must have a response on its left side; got {x!r}")
        kind = "numeric" if frame.levels is None else "factor"
        response = Variable(kind, frame.y, levels=frame.levels or ())
        if frame.logical:
            response = _of_truth(response)
        outputs = frame.labels
        if outputs is None and frame.y.ndim == 1 and frame.terms.response is not None:
            outputs = [deparse(frame.terms.response)]
        made = _Given(frame.x, response, frame.weights, frame.coefnames, outputs)
        made.frame = frame
        return made
    if subset is not None or contrasts is not None:
        raise TypeError(f"{WHO}: subset and contrasts need a formula; choose rows of x and y")
    response = variable(WHO, "y", y)
    if response.kind == "logical":
        response = _of_truth(response)
    elif response.kind == "factor":
        response = response.drop_levels()
    else:
        response = Variable("numeric", matrix_of(WHO, "y", y))
    at = inputs_of(WHO, x)
    return _Given(at, response, weights, input_names(x), input_names(y))


def _of_truth(response: Variable) -> Variable:
    """Return truth values as classes."""
    return factor([bool(v) for v in response.values.tolist()])


def _seeds(seeds: Any, count: int, random_state: Any) -> list[int]:
    if seeds is not None:
        if isinstance(seeds, (str, bytes)) or not isinstance(seeds, Iterable):
            raise TypeError(f"{WHO}: seeds must be a list of integers; got {seeds!r:.80}")
        listed = [_check.integer(WHO, "seeds", seed, low=-(2**31)) for seed in seeds]
        if len(listed) != count:
            raise ValueError(
                f"{WHO}: seeds must be one for each of {count} repeats; got {len(listed)}"
            )
        return listed
    if random_state is None:
        generator: Any = np.random.default_rng(next_seed())
    elif isinstance(random_state, (np.random.Generator, np.random.RandomState)):
        generator = random_state
    else:
        generator = np.random.default_rng(_check.integer(WHO, "random_state", random_state, 0))
    return [int(v) for v in generator.choice(100_000, count, replace=False) + 1]


def _on(
    executor: Executor, given: _Given, seeds: list[int], bag: bool, settings: dict[str, Any]
) -> list[NNet]:
    arguments = (given.x, given.y, given.weights)
    waiting = [executor.submit(fit_one, *arguments, seed, bag, False, settings) for seed in seeds]
    return [each.result() for each in waiting]


def _side_by_side(
    given: _Given, seeds: list[int], bag: bool, settings: dict[str, Any]
) -> list[NNet]:
    """Return the networks, all searched at once on lamina's threads."""
    data, cases, searches = (given.x, given.y, given.weights), [], []
    for seed in seeds:
        drawn, rows = _drawn(seed, len(given.x), bag)
        cases.append(rows)
        searches.append(planned(_arguments(*data, rows, drawn, False, settings)))
    return fits_side_by_side(searches, from_arrays(*data), cases if bag else None)


def fit_one(
    x: Array, y: Array, weights: Any, seed: int, bag: bool, trace: bool, settings: dict[str, Any]
) -> NNet:
    """Return one of the networks; called by executors."""
    drawn, rows = _drawn(seed, len(x), bag)
    return nnet(**_arguments(x, y, weights, rows, drawn, trace, settings))


def _drawn(seed: int, rows: int, bag: bool) -> tuple[RSeed, Any]:
    """Return the generator of a network's weights, and the network's rows, drawn before them."""
    drawn = RSeed(seed)
    return drawn, resample(drawn, rows) if bag else slice(None)


def _arguments(
    x: Array, y: Array, weights: Any, rows: Any, drawn: RSeed, trace: bool,
    settings: dict[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """Return the arguments of nnet for a network."""
    case = None if weights is None else np.asarray(weights)[rows]
    own = {"x": x[rows], "y": y[rows], "weights": case, "random_state": drawn, "trace": trace}
    return {**own, **settings}
