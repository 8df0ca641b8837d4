"""Fitting baselines, with penalties chosen by cross-validation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import _check
from lamina._coding import linked
from lamina._folds import warn_of_overlap
from lamina.baselines.linear import Baseline, Scaling
from lamina.baselines.measures import losses
from lamina.baselines.paths import Path, is_large, path, penalties_of
from lamina.baselines.problem import Problem

Array = NDArray[Any]
Folds = Sequence[tuple[Array, Array]]

LINKS = {"regression": "identity", "labels": "sigmoid", "classes": "softmax"}


def constant(problem: Problem) -> Baseline:
    """Return the mean of the training rows, or the shares of the classes."""
    weights = problem.weights / problem.weights.sum()
    scaling = Scaling(problem.x, problem.weights)
    nothing = np.empty(0)
    if problem.kind == "regression":
        middle = weights @ problem.y
        return _constant(problem, middle, scaling, "identity", nothing)
    with np.errstate(divide="ignore"):
        if problem.kind == "labels":
            share = weights @ problem.y
            return _constant(problem, np.log(share) - np.log1p(-share), scaling, "sigmoid", nothing)
        shares = np.bincount(problem.y, weights, problem.outputs)
        return _constant(problem, np.log(shares), scaling, "softmax", nothing)


def _constant(
    problem: Problem, level: Array, scaling: Scaling, link: str, penalty: Array
) -> Baseline:
    coefficients = np.zeros((problem.x.shape[1], len(level)))
    return Baseline("constant", coefficients, level, scaling, link, penalty)


def fitted(name: str, problem: Problem, folds: Folds, measure: str) -> Baseline:
    """Return a baseline fitted to all rows, with the penalty that the folds chose.

    Each output of a regression, and each of several labels, has its own penalty.
    """
    scaling = Scaling(problem.x, problem.weights)
    z = scaling(problem.x)
    alone = problem.kind == "classes"
    places = [problem] if alone else [problem.of_output(i) for i in range(problem.outputs)]
    chosen = [_one(name, each, z, folds, measure) for each in places]
    coefficients = np.hstack([c for c, _, _, _ in chosen])
    intercept = np.concatenate([i for _, i, _, _ in chosen])
    penalty = np.array([p for _, _, p, _ in chosen if p > 0])
    converged = all(ok for _, _, _, ok in chosen)
    return Baseline(name, coefficients, intercept, scaling, LINKS[problem.kind], penalty, converged)


def _one(
    name: str, problem: Problem, z: Array, folds: Folds, measure: str
) -> tuple[Array, Array, float, bool]:
    """Return coefficients, intercepts, the penalty, and whether the fit converged."""
    if problem.kind == "labels" and len(np.unique(problem.y)) < 2:
        level = np.inf if problem.y[0, 0] > 0.5 else -np.inf
        return np.zeros((z.shape[1], 1)), np.array([level]), 0.0, True
    if name not in ("lasso", "ridge"):
        found = path(name, problem, z, np.zeros(1))
        fitted_well = found.converged and not _is_separated(problem, z, found)
        return found.coefficients[0], found.intercepts[0], 0.0, fitted_well
    penalties = penalties_of(name, problem, z)
    best = _best(name, problem, penalties, folds, measure)
    found = path(name, problem, z, penalties[: best + 1])  # warm starts down to the chosen one
    return (
        found.coefficients[best], found.intercepts[best], float(penalties[best]), found.converged
    )  # fmt: skip


def _is_separated(problem: Problem, z: Array, found: Path) -> bool:
    """Return whether the classes are perfectly separable, so that no best fit exists."""
    if problem.kind == "regression":
        return False
    predicted = linked(LINKS[problem.kind], z @ found.coefficients[0] + found.intercepts[0])
    return bool(losses("log_loss", problem.y, predicted).max() < 1e-3)


def _best(name: str, problem: Problem, penalties: Array, folds: Folds, measure: str) -> int:
    """Return the index of the penalty with the smallest mean loss on the rows held out."""
    total = np.zeros(len(penalties))
    link = LINKS[problem.kind]
    for train, held in folds:
        inner, outer = problem.at(train), problem.at(held)
        if problem.kind != "regression" and len(np.unique(inner.y)) < 2:
            continue
        scaling = Scaling(inner.x, inner.weights)
        found = path(name, inner, scaling(inner.x), penalties)
        rows = scaling(outer.x)
        for place in range(len(penalties)):
            predicted = linked(link, rows @ found.coefficients[place] + found.intercepts[place])
            total[place] += outer.weights @ losses(measure, outer.y, predicted)
    return int(np.argmin(total))


def folds_of(who: str, problem: Problem, cv: Any, random_state: int) -> Folds:
    """Return pairs of (training rows, held-out rows) as requested by ``cv``.

    Parameters
    ----------
    who : str
        The caller, for messages.
    problem : Problem
    cv : int, scikit-learn splitter, iterable of pairs, or None
        None stands for ten folds, or only the first of them if paths take long.
    random_state : int
        The seed of the folds, if ``cv`` is a number.
    """
    rows = len(problem.x)
    if cv is None:
        folds = _drawn(who, problem, min(10, rows), random_state)
        return folds[:1] if is_large(problem) else folds
    if isinstance(cv, (int, np.integer)) and not isinstance(cv, bool):
        return _drawn(who, problem, _check.integer(who, "cv", cv, 2), random_state)
    if hasattr(cv, "split"):
        labels = problem.y if problem.kind == "classes" else None
        given = cv.split(problem.x, labels)
    elif isinstance(cv, Iterable) and not isinstance(cv, str):
        given = cv
    else:
        raise TypeError(
            f"{who}: cv must be a number of folds, a splitter of scikit-learn or pairs of row "
            f"numbers; got {cv!r}"
        )
    folds = [(_rows(who, trained, rows), _rows(who, held, rows)) for trained, held in given]
    for place, (trained, held) in enumerate(folds):
        warn_of_overlap(who, f"fold {place} of cv", trained, held)
    return folds


def _drawn(who: str, problem: Problem, count: int, random_state: int) -> Folds:
    from sklearn.model_selection import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
        KFold,
        StratifiedKFold,
    )

    rows = len(problem.x)
    if count > rows or rows < 2:
        raise ValueError(
            f"{who}: cv must be at most the number of training rows; got {count} folds of {rows} "
            f"rows: give fewer folds or more rows"
        )
    classes = problem.kind == "classes"
    if classes:
        counts = np.bincount(problem.y)
        classes = bool(counts[counts > 0].min() >= count)
    made = (StratifiedKFold if classes else KFold)(count, shuffle=True, random_state=random_state)
    return list(made.split(problem.x, problem.y if classes else None))


def _rows(who: str, given: Any, rows: int) -> Array:
    indices = np.asarray(given)
    if indices.dtype == bool and indices.shape == (rows,):
        return np.flatnonzero(indices)
    if indices.ndim != 1 or indices.dtype.kind not in "iu" or not indices.size:
        raise ValueError(f"{who}: cv must hold row numbers; got {given!r:.60}")
    if indices.min() < 0 or indices.max() >= rows:
        raise ValueError(
            f"{who}: cv must hold rows of the {rows} training rows; got {indices.min()} to "
            f"{indices.max()}"
        )
    return indices
