"""A network and its baselines on the same rows, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import _check, _screen
from lamina._arrays import check_same_columns, column_names
from lamina._calls import answering_calls
from lamina._coding import Coding
from lamina._columns import Columns
from lamina._names import unknown
from lamina.baselines.linear import Baseline
from lamina.baselines.measures import WORDS, checked, losses, paired, r2
from lamina.baselines.paths import is_large
from lamina.baselines.problem import Problem, matrix, refuse_zeros, weights_of
from lamina.baselines.selection import constant, fitted, folds_of
from lamina.models import Model, NotCompiledError

Array = NDArray[Any]

KNOWN = ("constant", "linear", "lasso", "ridge")


class Comparison(Columns):
    """A table with a row for the network and one for each baseline.

    Columns: ``model``; ``mae`` and ``r2``, or ``accuracy`` and ``log_loss``; ``parameters``; the
    ``difference`` to the network, with the bounds ``lower`` and ``upper`` of its confidence
    interval; the ``penalty`` that cross-validation chose (the median, if each output has its own).

    Attributes
    ----------
    measure : str
        The measure by which the penalty was chosen and that ``difference`` compares, such as
        ``"mae"``.
    level : float
        Of the confidence intervals.
    losses : dict of str to ndarray of shape (rows,)
        For each model, the measure of each test row, from which the differences are computed.
    predictions : dict of str to ndarray of shape (rows, outputs)
    baselines : dict of str to Baseline
        The fitted baselines, which predict.
    """

    measure: str
    level: float
    losses: dict[str, Array]
    predictions: dict[str, Array]
    baselines: dict[str, Baseline]


@answering_calls
def compare(
    model: Any,
    x: Any,
    y: Any,
    validation_data: tuple[Any, Any] | None = None,
    *,
    validation_rows: Any = None,
    sample_weight: Any = None,
    baselines: str | Sequence[str] = KNOWN,
    measure: str | None = None,
    cv: Any = None,
    random_state: int = 0,
    level: float = 0.95,
) -> Comparison:
    """Fit simple models to a network's training rows, and compare it with them on its test rows.

    Parameters
    ----------
    model : Model
        A compiled and fitted model with one output.  Its loss determines whether targets are
        numbers, classes or several labels.  It only predicts and is not changed.
    x : array_like of shape (rows, ...), or a list or dict of them
        The data of the network's fit.  A row is flattened to a vector of numbers; missing values
        are replaced by the training rows' mean.
    y : array_like of shape (rows, ...)
        Targets in the form that the network takes.
    validation_data : tuple (x, y), optional
        Test rows.  All rows of ``x`` are then training rows.
    validation_rows : array_like of int, optional
        Rows of ``x`` for testing; the baselines are fitted to the others.  By default the rows that
        the last fit held out, ``model.history.validation_rows``.
    sample_weight : array_like of shape (rows,), optional
        Weights of the rows of ``x`` in fitting the baselines.  Measures are not weighted.
    baselines : str or sequence of str, default ("constant", "linear", "lasso", "ridge")
        The baselines to fit.  "constant" predicts the training rows' mean or the shares of their
        classes; "linear" is least squares, or a logistic or multinomial regression without penalty;
        "lasso" and "ridge" are the same with the sum of absolute or squared coefficients as
        penalty.
    measure : {"mae", "mse"} or {"log_loss", "accuracy"}, optional
        The measure by which cross-validation chooses the penalty, and that ``difference`` compares:
        by default the mean absolute error of numbers (glmnet's ``type.measure = "mae"``) or the log
        loss of classes.
    cv : int, scikit-learn splitter, or iterable of pairs of row numbers, optional
        Folds of the training rows, numbered in the order of ``x`` without the test rows.  By
        default ten, in random order, with the shares of the classes kept.  With more than two
        million rows * columns * classes, only one of the ten folds and fewer penalties are tried;
        lasso and ridge then still take a minute, "linear" seconds.
    random_state : int, default 0
        The seed of the folds, if ``cv`` is a number.
    level : float, default 0.95
        Of the confidence intervals.

    Returns
    -------
    Comparison
        A table; ``to_pandas()`` returns it as a frame.

    Raises
    ------
    ImportError
        Without scikit-learn.
    ValueError
        If the model has no weights yet, there are no test rows, fewer training rows than folds, or
        only a single class.

    Warns
    -----
    UserWarning
        If the model has not been trained: its weights are the initial ones.

    Notes
    -----
    Columns are standardised by the training rows only, separately within each fold.  ``difference``
    is the mean over the test rows of the baseline's loss minus the network's loss on the same row:
    above 0 the network is better.  Its interval is Student's t interval of these paired
    differences, which is valid for independent test rows, and does not include the variation over
    training rows or seeds.

    ``r2`` is 1 - SSE / SST about the mean of the test rows.  A predicted probability of 0 counts as
    2.2e-16 in the log loss, as in scikit-learn.  ``parameters`` counts coefficients that are not 0
    and intercepts, and the network's trainable weights.

    Examples
    --------
    >>> import lamina
    >>> from lamina.datasets import hitters
    >>> (x, y), test = hitters.load_data()
    >>> scale = lamina.layers.Normalization()
    >>> scale.adapt(x)
    >>> model = lamina.Sequential([lamina.Input((19,)), scale, lamina.layers.Dense(1)], seed=1)
    >>> model.compile("adam", "mse")
    >>> _ = model.fit(x, y, epochs=5, verbose=0)
    >>> table = lamina.baselines.compare(model, x, y, test, baselines="linear")
    >>> table["model"].tolist(), table["mae"][1].round(2), table["r2"][1].round(3)
    (['network', 'least squares'], np.float64(254.67), np.float64(0.561))
    """
    who = "compare_baselines"
    needed()
    wanted = names(who, baselines)
    level = _check.number(who, "level", level, 0.0, 1.0, low_open=True, high_open=True)
    _check_usable(who, model)
    coding = Coding(who, model)
    data = matrix(who, x)
    weights = weights_of(who, sample_weight, len(data))
    goals = coding.targets(y, len(data))
    if validation_data is None:
        train, test = _rows(who, model, validation_rows, len(data))
        tested, truth = data[test], goals[test]
        answers = coding.predictions(model.predict(x, verbose=0))[test]
    else:
        if validation_rows is not None:
            raise ValueError(f"{who}: give validation_data or validation_rows, not both")
        x_test, y_test = _pair(who, validation_data)
        train, tested = np.arange(len(data)), matrix(f"{who}: validation_data", x_test)
        if tested.shape[1] != data.shape[1]:
            raise ValueError(
                f"{who}: validation_data must have the columns of x, {data.shape[1]}; it has "
                f"{tested.shape[1]}"
            )
        check_same_columns(who, "validation_data", _names_of(x_test), _names_of(x))
        truth = coding.targets(y_test, len(tested))
        answers = coding.predictions(model.predict(x_test, verbose=0))
    problem = Problem(coding.kind, data, goals, weights, coding.outputs).at(train)
    refuse_zeros(who, problem.weights)
    measure = checked(who, problem.kind, measure)
    _refuse_few(who, problem)
    _warn_of_no_training(who, model)
    models = _fitted(who, problem, wanted, cv, _check.integer(who, "random_state", random_state, 0),
                     measure)  # fmt: skip
    predictions = {"network": answers}
    predictions |= {each.name: each.predict_matrix(tested) for each in models}
    size = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    return _table(problem, truth, predictions, models, size, measure, level)


def needed() -> None:
    """Raise ImportError with the name of the extra if scikit-learn is not installed."""
    try:
        import sklearn  # type: ignore[import-not-found, import-untyped, unused-ignore]  # noqa: F401
    except ImportError as error:
        raise ImportError('baselines need scikit-learn: pip install "lamina[sklearn]"') from error


def names(who: str, baselines: Any) -> list[str]:
    """Return the requested baselines, in the order of the table."""
    given = [baselines] if isinstance(baselines, str) else baselines
    if not isinstance(given, Iterable) or not (wanted := list(given)):
        raise TypeError(f"{who}: baselines must be some of {', '.join(KNOWN)}; got {baselines!r}")
    for name in wanted:
        if not isinstance(name, str) or name not in KNOWN:
            raise ValueError(f"{who}: {unknown('baseline', str(name), KNOWN)}")
    return [name for name in KNOWN if name in wanted]


def _check_usable(who: str, model: Any) -> None:
    """Refuse objects that are not compiled models with weights."""
    if not isinstance(model, Model):
        raise TypeError(f"{who}: model must be a lamina model; got {type(model).__name__}")
    if model.loss is None:
        raise NotCompiledError(
            f"{who}: the loss determines the kind of targets; call compile and fit first"
        )
    if not model.built:
        raise ValueError(f"{who}: {model.name} has no weights yet; call fit first")


def _warn_of_no_training(who: str, model: Model) -> None:
    if model.as_drawn:
        _screen.warn(
            f"{who}: {model.name} has not been trained: its weights are the initial ones; call "
            f"fit, or load weights, first"
        )


def _pair(who: str, data: Any) -> tuple[Any, Any]:
    if not isinstance(data, (tuple, list)) or len(data) not in (2, 3):
        got = f"{len(data)} elements" if isinstance(data, (tuple, list)) else type(data).__name__
        raise TypeError(f"{who}: validation_data must be a tuple (x, y); got {got}")
    return data[0], data[1]


def _names_of(x: Any) -> list[Any] | None:
    """Return the names of a table's columns, or of the arrays in a dict; None without any."""
    return list(x) if isinstance(x, Mapping) and not hasattr(x, "columns") else column_names(x)


def _rows(who: str, model: Any, given: Any, rows: int) -> tuple[Array, Array]:
    """Return the training rows and the test rows."""
    if given is None:
        given = None if model.history is None else model.history.validation_rows
        if given is None:
            raise ValueError(
                f"{who}: needs test rows, but the last fit held none out: give "
                f"validation_data=(x, y), or fit with validation_split"
            )
    test = np.asarray(given)
    if test.dtype == bool and test.shape == (rows,):
        test = np.flatnonzero(test)
    if test.ndim != 1 or test.dtype.kind not in "iu" or not test.size:
        raise ValueError(f"{who}: validation_rows must be row numbers; got shape {test.shape}")
    if test.min() < 0 or test.max() >= rows:
        raise ValueError(
            f"{who}: validation_rows must be rows of x, which has {rows}; got {test.min()} to "
            f"{test.max()}: give the x and y of the fit"
        )
    return np.setdiff1d(np.arange(rows), test), test


def _refuse_few(who: str, problem: Problem) -> None:
    if len(problem.x) < 2:
        raise ValueError(f"{who}: needs at least two training rows; got {len(problem.x)}")
    if problem.kind == "classes":
        present = np.unique(problem.y)
        if len(present) < 2:
            raise ValueError(
                f"{who}: the training rows must have at least two classes; all are of class "
                f"{present[0]}"
            )


def _fitted(
    who: str, problem: Problem, wanted: list[str], cv: Any, random_state: int, measure: str
) -> list[Baseline]:
    from threadpoolctl import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
        threadpool_limits,  # comes with scikit-learn
    )

    chosen = any(name in ("lasso", "ridge") for name in wanted)
    folds = folds_of(who, problem, cv, random_state) if chosen else []
    title = {"regression": "least squares", "labels": "logistic"}.get(
        problem.kind, "logistic" if problem.outputs == 2 else "multinomial"
    )
    found = []
    # Small products gain nothing from a second thread, and on one their bits are always the same.
    with threadpool_limits(None if is_large(problem) else 1, user_api="blas"):
        for name in wanted:
            if name == "constant":
                found.append(constant(problem))
            else:
                titled = title if name == "linear" else name
                found.append(fitted(titled, problem, folds, measure))
    return found


def _table(
    problem: Problem, truth: Array, predictions: dict[str, Array], models: list[Baseline],
    size: int, measure: str, level: float,
) -> Comparison:  # fmt: skip
    by_row = {name: losses(measure, truth, each) for name, each in predictions.items()}
    columns: dict[str, Any] = {"model": list(predictions)}
    if problem.kind == "regression":
        columns["mae"] = [losses("mae", truth, each).mean() for each in predictions.values()]
        columns["r2"] = [r2(truth, each) for each in predictions.values()]
    else:
        wrong = [losses("accuracy", truth, each).mean() for each in predictions.values()]
        columns["accuracy"] = [1.0 - share for share in wrong]
        columns["log_loss"] = [
            losses("log_loss", truth, each).mean() for each in predictions.values()
        ]
    columns["parameters"] = [size, *(each.parameters for each in models)]
    pairs = [paired(by_row[each.name] - by_row["network"], level) for each in models]
    for place, name in enumerate(("difference", "lower", "upper")):
        columns[name] = [np.nan, *(float(pair[place]) for pair in pairs)]
    columns["penalty"] = [
        np.nan, *(float(np.median(m.penalty)) if m.penalty.size else np.nan for m in models)
    ]  # fmt: skip
    rows = len(truth)
    note = (
        f"difference: mean {WORDS[measure]} of the baseline minus the network's, paired by row, "
        f"with its\n{100 * level:g} % t interval; above 0 the network is better."
    )
    slow = [each.name for each in models if not each.converged]
    if slow:
        why = "classes that can be told apart without a mistake\nhave no best coefficients"
        if is_large(problem):
            why = "the problem is large"
        note += f"\nNot converged: {', '.join(slow)}: {why}."
    title = f"Baselines: {len(problem.x)} training rows, {rows} test rows"
    table = Comparison(columns, title, note, fixed=[n for n in columns if n != "penalty"])
    table.measure, table.level, table.losses = measure, level, by_row
    table.predictions = predictions
    table.baselines = {each.name: each for each in models}
    return table
