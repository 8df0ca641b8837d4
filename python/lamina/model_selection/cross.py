"""Cross-validation of networks and estimators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lamina import _check
from lamina._calls import answering_calls
from lamina._label_values import first_missing
from lamina.many.data import count_rows, meant_rows
from lamina.model_selection.evaluation import Asked, check_failures, indexable
from lamina.model_selection.results import CrossValidation, cross_results
from lamina.model_selection.scorers import Scoring
from lamina.model_selection.splits import Bootstrap, splits_of
from lamina.model_selection.subjects import subject_of


@answering_calls
def cross_validate(
    model: Any,
    x: Any,
    y: Any,
    *,
    groups: Any = None,
    scoring: Any = None,
    cv: Any = None,
    n_jobs: int | None = None,
    verbose: Any = "auto",
    params: Mapping[str, Any] | None = None,
    return_train_score: bool = False,
    return_estimator: bool = False,
    error_score: Any = np.nan,
    seeds: Any = None,
    bootstrap: int | None = None,
    executor: Any = None,
    sample_weight: Any = None,
    **fit: Any,
) -> CrossValidation:
    """Fit a model on each of several splits and score it on the rows held out.

    Arguments and results are those of scikit-learn's function of this name.  Networks are fitted in
    parallel by ``lamina.fit_many``, and so are ``lamina.sklearn.MLPRegressor`` and
    ``MLPClassifier`` (solvers "adam" and "sgd").

    Parameters
    ----------
    model : Model, callable or estimator
        A compiled model, of which each fit trains a fresh copy, a function without arguments that
        returns one, or an estimator of scikit-learn's protocol, such as those of
        ``lamina.sklearn``.
    x, y : array_like of shape (rows, ...), or a list or dict of them
        As for ``fit``.
    groups : array_like of shape (rows,), optional
        For splitters that keep groups together.
    scoring : str, callable, list of str, or dict, optional
        Names of scikit-learn's scorers, such as "neg_mean_absolute_error" or "roc_auc", or
        functions of (estimator, x, y); larger is better.  By default R2 for numbers, and the share
        of rows with the correct class.  Scorers get a network as an estimator: see the notes.
    cv : int, splitter, or iterable of (training rows, rows held out), optional
        By default five folds, cut in the order of the rows as in scikit-learn; with a number of
        folds, the shares of the classes are kept.  ``sklearn.model_selection.KFold(5, shuffle=True,
        random_state=0)`` draws folds at random.
    n_jobs : int, optional
        The number of simultaneous fits.  By default networks and ``lamina.sklearn``'s MLPs use all
        threads; other estimators are fitted one after the other.
    verbose : {"auto", 0, 1, 2}
        Whether a bar counts the fits: with "auto", on a terminal and in a notebook.
    params : dict, optional
        Further arguments of ``fit``; ``sample_weight`` may be among them.
    return_train_score : bool, default False
        Whether to score the training rows too.
    return_estimator : bool, default False
        Whether to keep the fitted models: a column of estimators, whose ``model`` is the network.
    error_score : float or "raise", default NaN
        The score of a fit that diverges or fails, with a warning.
    seeds : int or sequence of int, optional
        The seeds of the fits, or their number; by default only 0, and an estimator's own
        ``random_state``.
    bootstrap : int, optional
        Instead of ``cv``, the number of resamples drawn with replacement, scored on the rows that
        are not in them; see ``Bootstrap``.
    executor : concurrent.futures.Executor or "joblib", optional
        Runs the fits elsewhere: see ``lamina.fit_many``.
    sample_weight : array_like of shape (rows,), optional
        Weights for fitting; scores are not weighted.
    **fit
        Arguments of ``fit``, such as ``epochs``.

    Returns
    -------
    CrossValidation
        A table, and a mapping like scikit-learn's: ``result["test_score"]``.

    Raises
    ------
    ImportError
        Without scikit-learn.
    ValueError
        For fewer rows than folds, unknown scores, or if all fits fail.

    Notes
    -----
    Scorers call ``predict`` of a network for numbers or classes, and ``predict_proba`` for
    probabilities; classes are 0, 1, ..., as in the network's targets, and also if targets are
    one-hot.

    Examples
    --------
    >>> import lamina
    >>> from lamina.datasets import hitters
    >>> from lamina.model_selection import cross_validate
    >>> data = hitters.load()
    >>> x = (data.x - data.x.mean(axis=0)) / data.x.std(axis=0)
    >>> model = lamina.Sequential([lamina.Input((19,)), lamina.layers.Dense(1)])
    >>> model.compile(lamina.optimizers.Adam(10.0), "mse")
    >>> result = cross_validate(model, x, data.y, cv=3, epochs=40, verbose=0)
    >>> list(result), bool((result["test_score"] > 0.2).all())
    (['fit_time', 'score_time', 'test_score'], True)
    """
    who = "cross_validate"
    if params is not None and not isinstance(params, Mapping):
        raise TypeError(f"{who}: params must be a dict of arguments of fit; got {params!r:.80}")
    fit = {**(params or {}), **fit}
    if sample_weight is None:  # split with the rows, as scikit-learn does
        sample_weight = fit.pop("sample_weight", None)
    elif "sample_weight" in fit:
        raise ValueError(f"{who}: give sample_weight by its name or in params, not both")
    subject = subject_of(who, model, fit, cross_validate)
    asked = Asked(
        who, Scoring(who, scoring), _check.boolean(who, "return_train_score", return_train_score),
        _check.boolean(who, "return_estimator", return_estimator), checked_error(who, error_score),
        seeds, n_jobs, executor, verbose, sample_weight, fit,
    )  # fmt: skip
    if bootstrap is not None:
        if cv is not None:
            raise ValueError(f"{who}: give cv or bootstrap, not both")
        cv = Bootstrap(_check.integer(who, "bootstrap", bootstrap))
    x = indexable(meant_rows(x, y))
    rows = checked_rows(who, x, y=y, groups=groups, sample_weight=sample_weight)
    splits = splits_of(who, cv, x, y, rows, subject.labels(y, [{}]), groups)
    found = subject.evaluate([{}], splits, x, y, asked)
    check_failures(found, asked)
    table = cross_results(found, len({each.seed for each in found}) > 1, return_estimator)
    table.splits = splits
    return table


def checked_rows(who: str, x: Any, **others: Any) -> int:
    """Return the number of rows, which all of these must have."""
    rows = count_rows(who, "x", x)
    for name, value in others.items():
        if value is None and name == "y":
            raise TypeError(f"{who}: y must hold a target for each row; got None")
        if value is None:
            continue
        if name == "y" and (lacks := first_missing(value)) is not None:
            raise ValueError(
                f"{who}: y must have a target in each row; row {lacks[0]} has {lacks[1]}: omit it"
            )
        found = count_rows(who, name, value)
        if found != rows:
            raise ValueError(
                f"{who}: x and {name} must have the same number of rows; got {rows} and {found}"
            )
    return rows


def checked_error(who: str, error_score: Any) -> Any:
    """Return ``error_score``: a number or "raise"."""
    if isinstance(error_score, str):
        if error_score != "raise":
            raise ValueError(f"{who}: error_score must be a number or 'raise'; got {error_score!r}")
        return error_score
    if isinstance(error_score, bool) or not isinstance(error_score, (int, float, np.number)):
        raise TypeError(f"{who}: error_score must be a number or 'raise'; got {error_score!r}")
    return float(error_score)
