"""Tables of results: of cross-validation, and of a search like scikit-learn's ``cv_results_``."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina._columns import Columns
from lamina.model_selection.evaluation import Evaluated
from lamina.model_selection.scikit import rankdata

Array = NDArray[Any]


def score_names(found: Sequence[Evaluated]) -> list[str]:
    """Return the names of all scores."""
    return list(dict.fromkeys(name for each in found for name in each.test))


def search_results(settings: Sequence[Mapping[str, Any]], found: Sequence[Evaluated]) -> Columns:
    """Return the columns of scikit-learn's ``cv_results_``, one row per setting.

    A split's score is the mean over the seeds.  In addition to scikit-learn's columns there is
    ``se_test_<score>``, the standard error of the mean over the splits.
    """
    columns: dict[str, Any] = {}
    for name in ("fit_time", "score_time"):
        times = _by_split(settings, found, lambda each, name=name: getattr(each, name))
        columns |= {f"mean_{name}": times.mean(axis=1), f"std_{name}": times.std(axis=1)}
    for key in dict.fromkeys(key for setting in settings for key in setting):
        columns[f"param_{key}"] = [setting.get(key) for setting in settings]
    columns["params"] = _objects([dict(setting) for setting in settings])
    for name in score_names(found):
        scores = _by_split(settings, found, lambda each, name=name: each.test[name])
        columns |= _of_scores("test", name, scores)
        columns[f"rank_test_{name}"] = ranks(columns[f"mean_test_{name}"])
        if any(each.train for each in found):
            scores = _by_split(settings, found, lambda each, name=name: each.train[name])
            columns |= _of_scores("train", name, scores)
    return Columns(columns)


def _of_scores(part: str, name: str, scores: Array) -> dict[str, Array]:
    count = scores.shape[1]
    columns = {f"split{k}_{part}_{name}": scores[:, k] for k in range(count)}
    columns[f"mean_{part}_{name}"] = scores.mean(axis=1)
    columns[f"std_{part}_{name}"] = scores.std(axis=1)
    if part == "test":
        columns[f"se_{part}_{name}"] = standard_error(scores)
    return columns


def standard_error(scores: Array) -> Array:
    """Return the standard error of the mean over the last axis; NaN for a single score."""
    count = scores.shape[-1]
    if count < 2:
        return np.full(scores.shape[:-1], np.nan)
    return np.asarray(scores.std(axis=-1, ddof=1) / np.sqrt(count))


def ranks(means: Array) -> Array:
    """Return ranks from 1, the largest mean first; NaN come last, equal means share the first."""
    if np.isnan(means).all():
        return np.ones(len(means), dtype=np.int32)
    filled = np.nan_to_num(means, nan=np.nanmin(means) - 1)
    return np.asarray(rankdata(-filled, method="min"), dtype=np.int32)


def _by_split(settings: Sequence[Any], found: Sequence[Evaluated], value: Any) -> Array:
    """Return an array of shape (settings, splits): means over the seeds."""
    splits = 1 + max(each.split for each in found)
    values: list[list[list[float]]] = [[[] for _ in range(splits)] for _ in settings]
    for each in found:
        values[each.setting][each.split].append(float(value(each)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # infinite scores have no mean
        return np.array([[np.mean(seeds) for seeds in row] for row in values])


def _objects(values: Sequence[Any]) -> Array:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


class CrossValidation(Columns):
    """A row for each split and seed: ``fit_time``, ``score_time`` and scores, as in scikit-learn.

    A score's column is ``test_score``, or ``test_<name>`` if there are several; ``train_score`` and
    ``estimator`` are present if requested, ``seed`` if there are several.

    Attributes
    ----------
    splits : list of tuple of ndarray
        The rows of each split: for training, and held out.
    """

    splits: list[tuple[Array, Array]]

    def summary(self, level: float = 0.95) -> Columns:
        """Return for each score its mean, spread and an interval over the splits.

        Parameters
        ----------
        level : float, default 0.95
            The share of the splits' scores within ``lower`` and ``upper``, which are their
            quantiles: for bootstrap resamples a percentile interval (Efron and Tibshirani 1993),
            though a wide one, as a resample has fewer different rows.

        Returns
        -------
        Columns
            ``score``, ``mean``, ``sd`` (n - 1), ``se`` (sd / sqrt(n), which treats splits as
            independent), ``lower`` and ``upper``.
        """
        names = [name for name in self if name.startswith(("test_", "train_"))]
        tail = (1.0 - level) / 2.0
        scores = [np.asarray(self[name], dtype=np.float64) for name in names]
        return Columns({
            "score": names,
            "mean": [each.mean() for each in scores],
            "sd": [each.std(ddof=1) if len(each) > 1 else np.nan for each in scores],
            "se": [float(standard_error(each)) for each in scores],
            "lower": [np.quantile(each, tail) for each in scores],
            "upper": [np.quantile(each, 1.0 - tail) for each in scores],
        })  # fmt: skip


def cross_results(
    found: Sequence[Evaluated], several_seeds: bool, estimators: bool
) -> CrossValidation:
    """Return the table of a cross-validation."""
    columns: dict[str, Any] = {}
    if several_seeds:
        columns["seed"] = [each.seed for each in found]
    columns |= {
        "fit_time": [each.fit_time for each in found],
        "score_time": [each.score_time for each in found],
    }
    if estimators:
        columns["estimator"] = _objects([each.estimator for each in found])
    for name in score_names(found):
        columns[f"test_{name}"] = [each.test[name] for each in found]
        if any(each.train for each in found):
            columns[f"train_{name}"] = [each.train[name] for each in found]
    return CrossValidation(columns)
