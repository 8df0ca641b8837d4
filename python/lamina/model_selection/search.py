"""Searches over settings, in a grid or at random."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lamina import _check
from lamina._calls import answering_calls
from lamina.many.data import described, meant_rows
from lamina.model_selection.cross import checked_error, checked_rows
from lamina.model_selection.evaluation import Asked, Subject, check_failures, indexable
from lamina.model_selection.results import search_results
from lamina.model_selection.scikit import ParameterGrid, ParameterSampler
from lamina.model_selection.scorers import Scoring
from lamina.model_selection.searched import Search
from lamina.model_selection.splits import splits_of
from lamina.model_selection.subjects import subject_of

Refit = bool | str | Callable[[Mapping[str, Any]], int]


@answering_calls
def grid_search(
    model: Any,
    param_grid: Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Sequence[Any]]],
    x: Any,
    y: Any,
    *,
    scoring: Any = None,
    n_jobs: int | None = None,
    refit: Refit = True,
    cv: Any = None,
    verbose: Any = "auto",
    error_score: Any = np.nan,
    return_train_score: bool = False,
    groups: Any = None,
    seeds: Any = None,
    executor: Any = None,
    sample_weight: Any = None,
    **fit: Any,
) -> Search:
    """Cross-validate all settings of a grid, and fit the best one to all rows.

    Arguments and results are those of scikit-learn's ``GridSearchCV``.  Networks are fitted in
    parallel by ``lamina.fit_many``, and so are ``lamina.sklearn.MLPRegressor`` and
    ``MLPClassifier`` (solvers "adam" and "sgd").

    Parameters
    ----------
    model : Model, callable or estimator
        A compiled model, of which each fit trains a fresh copy; a function ``build(**setting)``
        that returns one; or an estimator of scikit-learn's protocol.
    param_grid : dict of lists, or a list of such dicts
        The values to try, by the names of arguments of ``build`` or ``fit`` (``epochs``,
        ``batch_size``, ``callbacks``, ...), ``learning_rate``, or an estimator's parameters.
    x, y : array_like of shape (rows, ...), or a list or dict of them
    scoring, n_jobs, cv, verbose, error_score, return_train_score, groups, seeds, executor, \
sample_weight
        As for ``cross_validate``.
    refit : bool, str or callable, default True
        Whether to fit the setting with the best mean score to all rows: True for a single score,
        the name of one of several scores, or a function of ``cv_results_`` that returns the index
        of a setting, such as ``one_standard_error("units")``.
    **fit
        Arguments of ``fit`` for all settings.

    Returns
    -------
    Search
        With ``cv_results_``, ``best_params_``, ``best_score_``, ``best_model_``.

    Raises
    ------
    ImportError
        Without scikit-learn.
    ValueError
        For an empty grid, a setting that the model does not have, fewer rows than folds, or if all
        fits fail.

    Notes
    -----
    Ctrl-C ends a search early: settings whose splits are all done are kept, the others get the
    error score.  The best score is too good because it was selected; see
    ``Search.optimism``.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> from lamina.model_selection import grid_search
    >>> def build(units, rate=0.05):
    ...     model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(units, "tanh"),
    ...                                lamina.layers.Dense(1)])
    ...     model.compile(lamina.optimizers.Adam(rate), "mse")
    ...     return model
    >>> x = np.random.default_rng(0).uniform(-2, 2, 90)
    >>> search = grid_search(build, {"units": [1, 16]}, x, x**2, cv=3, epochs=60, verbose=0)
    >>> search.best_params_, bool(search.best_score_ > 0.8), search.predict(x[:4]).shape
    ({'units': 16}, True, (4,))
    """
    who = "grid_search"
    settings = _grid(who, param_grid)
    return _searched(
        who, model, settings, x, y, groups, cv, refit,
        _asked(who, scoring, return_train_score, error_score, seeds, n_jobs, executor, verbose,
               sample_weight, fit),
    )  # fmt: skip


@answering_calls
def random_search(
    model: Any,
    param_distributions: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    x: Any,
    y: Any,
    *,
    n_iter: int = 10,
    scoring: Any = None,
    n_jobs: int | None = None,
    refit: Refit = True,
    cv: Any = None,
    verbose: Any = "auto",
    random_state: Any = None,
    error_score: Any = np.nan,
    return_train_score: bool = False,
    groups: Any = None,
    seeds: Any = None,
    executor: Any = None,
    sample_weight: Any = None,
    **fit: Any,
) -> Search:
    """Cross-validate settings drawn at random, and fit the best one to all rows.

    Arguments and results are those of scikit-learn's ``RandomizedSearchCV``.

    Parameters
    ----------
    model : Model, callable or estimator
        As for ``grid_search``.
    param_distributions : dict, or a list of dicts
        For each name a list of values, or a distribution with ``rvs``, such as
        ``scipy.stats.loguniform(1e-4, 1e-1)``.  If all are lists, settings are drawn without
        replacement.
    x, y : array_like of shape (rows, ...), or a list or dict of them
    n_iter : int, default 10
        The number of settings.
    random_state : int, RandomState or None
        The seed of the settings; None draws different ones each time.
    scoring, n_jobs, refit, cv, verbose, error_score, return_train_score, groups, seeds, executor, \
sample_weight
        As for ``grid_search``.
    **fit
        Arguments of ``fit`` for all settings.

    Returns
    -------
    Search

    Examples
    --------
    >>> import numpy as np, lamina
    >>> from scipy.stats import loguniform
    >>> from lamina.model_selection import random_search
    >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)])
    >>> model.compile("adam", "mse")
    >>> x = np.linspace(-1, 1, 60)
    >>> search = random_search(model, {"learning_rate": loguniform(1e-4, 1e-1)}, x, 2 * x, n_iter=4,
    ...                        random_state=0, epochs=20, verbose=0)
    >>> search.cv_results_.rows, sorted(search.best_params_)
    (4, ['learning_rate'])
    """
    who = "random_search"
    count = _check.integer(who, "n_iter", n_iter)
    _not_empty(who, "param_distributions", param_distributions)
    try:
        settings = list(ParameterSampler(param_distributions, count, random_state=random_state))
    except (TypeError, ValueError) as error:
        raise type(error)(f"{who}: {error}") from error
    return _searched(
        who, model, settings, x, y, groups, cv, refit,
        _asked(who, scoring, return_train_score, error_score, seeds, n_jobs, executor, verbose,
               sample_weight, fit),
    )  # fmt: skip


def _grid(who: str, param_grid: Any) -> list[dict[str, Any]]:
    _not_empty(who, "param_grid", param_grid)
    try:
        return list(ParameterGrid(param_grid))
    except (TypeError, ValueError) as error:
        raise type(error)(f"{who}: {error} Give a list of values for each setting") from error


def _not_empty(who: str, name: str, given: Any) -> None:
    if not isinstance(given, (Mapping, list, tuple)):
        raise TypeError(
            f"{who}: {name} must be a dict of settings and their values, or a list of such dicts; "
            f"got {described(given)}"
        )
    if not given:
        raise ValueError(f"{who}: {name} must hold at least one setting; got {given!r}")


def _asked(
    who: str, scoring: Any, train_score: Any, error_score: Any, seeds: Any, n_jobs: Any,
    executor: Any, verbose: Any, sample_weight: Any, fit: Mapping[str, Any],
) -> Asked:  # fmt: skip
    return Asked(
        who, Scoring(who, scoring), _check.boolean(who, "return_train_score", train_score), False,
        checked_error(who, error_score), seeds, n_jobs, executor, verbose, sample_weight, fit,
    )  # fmt: skip


def _searched(
    who: str, model: Any, settings: list[dict[str, Any]], x: Any, y: Any, groups: Any, cv: Any,
    refit: Any, asked: Asked,
) -> Search:  # fmt: skip
    caller = grid_search if who == "grid_search" else random_search
    subject = subject_of(who, model, asked.fit, caller)
    _check_refit(who, refit, asked.scoring)
    x = indexable(meant_rows(x, y))
    rows = checked_rows(who, x, y=y, groups=groups, sample_weight=asked.sample_weight)
    labels = subject.labels(y, settings)
    splits = splits_of(who, cv, x, y, rows, labels, groups)
    found = subject.evaluate(settings, splits, x, y, asked)
    check_failures(found, asked)
    search = Search(search_results(settings, found), asked.scoring, refit, splits)
    if refit is not False:
        _fit_best(search, subject, x, y, asked)
    return search


def _check_refit(who: str, refit: Any, scoring: Scoring) -> None:
    if callable(refit) or isinstance(refit, bool):
        if refit is True and scoring.several:
            raise ValueError(
                f"{who}: refit must be the name of the score that decides which setting is best, "
                f"or False, if there are several scores: {', '.join(scoring.scorers)}; got True"
            )
        return
    if not isinstance(refit, str):
        raise TypeError(f"{who}: refit must be True, False, a score or a function; got {refit!r}")
    if scoring.several and refit not in scoring.scorers:
        raise ValueError(
            f"{who}: refit must be one of the scores {', '.join(scoring.scorers)}; got {refit!r}"
        )


def _fit_best(search: Search, subject: Subject, x: Any, y: Any, asked: Asked) -> None:
    begin = time.perf_counter()
    model, estimator = subject.refit(search.best_params_, x, y, asked)
    search.refit_time_ = time.perf_counter() - begin
    search.best_model_, search.best_estimator_ = model, estimator
