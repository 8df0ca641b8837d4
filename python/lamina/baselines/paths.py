"""Coefficients over a range of penalties, from scikit-learn."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.baselines.problem import Problem

Array = NDArray[Any]


class Path(NamedTuple):
    """Coefficients for each penalty.

    Attributes
    ----------
    coefficients : ndarray of shape (penalties, columns, outputs)
    intercepts : ndarray of shape (penalties, outputs)
    converged : bool
    """

    coefficients: Array
    intercepts: Array
    converged: bool = True


class Settings(NamedTuple):
    """The number of penalties in a path, and the tolerance of scikit-learn's lasso."""

    penalties: int
    iterations: int
    tolerance: float


# A path of classes for many numbers takes minutes at the usual tolerance: then use fewer penalties,
# a looser tolerance, and one fold instead of ten.
LARGE = 2_000_000  # rows * columns * classes
NEWTON = 500  # columns * classes up to which a Hessian is cheap
SMALL_CLASSES = Settings(16, 300, 1e-3)
LARGE_CLASSES = Settings(6, 15, 1e-2)
NUMBERS = Settings(100, 10_000, 1e-6)


def settings_of(problem: Problem) -> Settings:
    """Return the settings for a problem's paths."""
    if problem.kind == "regression":
        return NUMBERS
    return LARGE_CLASSES if is_large(problem) else SMALL_CLASSES


def is_large(problem: Problem) -> bool:
    """Return whether a path of classes would take long."""
    return problem.kind != "regression" and problem.x.size * problem.outputs > LARGE


def penalties_of(name: str, problem: Problem, z: Array) -> Array:
    """Return the penalties that are tried, the largest first.

    With the objective ``mean loss + penalty * norm`` (half the squared error, or the log loss; the
    sum of absolute values for the lasso, half the sum of squares for ridge), the largest for the
    lasso is the smallest one for which all coefficients are 0, as in glmnet (Friedman et al. 2010,
    https://doi.org/10.18637/jss.v033.i01).
    """
    count = settings_of(problem).penalties
    if name == "ridge":
        return (
            np.geomspace(10.0, 1e-4, count) if is_large(problem) else np.geomspace(1e3, 1e-5, count)
        )
    goals = _goals(problem)
    weights = problem.weights / problem.weights.sum()
    centred = goals - weights @ goals
    top = np.abs(z.T @ (centred * weights[:, None])).max(initial=0.0)
    few = problem.kind != "regression" or len(z) <= z.shape[1]
    return max(float(top), 1e-12) * np.geomspace(1.0, 1e-3 if few else 1e-4, count)


def path(name: str, problem: Problem, z: Array, penalties: Array) -> Path:
    """Return the path of "least squares", "logistic", "lasso" or "ridge" on standardised columns.

    ``penalties`` is ``[0.0]`` for an unpenalised fit.
    """
    if problem.kind != "regression":
        return _classes(name, problem, z, penalties)
    return _numbers(name, problem, z, penalties)


def _goals(problem: Problem) -> Array:
    """Return the targets of a linear predictor, of shape (rows, outputs)."""
    if problem.kind != "classes":
        return problem.y
    return np.asarray(problem.y[:, None] == np.arange(problem.outputs), dtype=np.float64)


def _numbers(name: str, problem: Problem, z: Array, penalties: Array) -> Path:
    """Return the path of one output: weighted and centred, so that no intercept is penalised."""
    from sklearn.linear_model import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
        LinearRegression,
        Ridge,
        lasso_path,
    )

    y, weights = problem.y[:, 0], problem.weights / problem.weights.sum()
    middle, centre = float(weights @ y), weights @ z
    root = np.sqrt(weights * len(y))
    rows, goal = root[:, None] * (z - centre), root * (y - middle)
    with _quiet() as told:
        if name == "lasso":
            _, found, _ = lasso_path(
                rows, goal, alphas=penalties, tol=NUMBERS.tolerance, max_iter=NUMBERS.iterations
            )
            coefficients = found.T
        elif name == "ridge":  # one decomposition for all penalties
            many = np.tile(goal[:, None], (1, len(penalties)))
            fit = Ridge(alpha=penalties * len(y), solver="svd", fit_intercept=False)
            coefficients = fit.fit(rows, many).coef_.reshape(len(penalties), -1)
        else:
            coefficients = LinearRegression(fit_intercept=False).fit(rows, goal).coef_[None]
    intercepts = middle - coefficients @ centre
    return Path(coefficients[:, :, None], intercepts[:, None], not told)


def _classes(name: str, problem: Problem, z: Array, penalties: Array) -> Path:
    settings = settings_of(problem)
    target = problem.y if problem.kind == "classes" else problem.y[:, 0]
    present = np.unique(target)
    weights = problem.weights * len(target) / problem.weights.sum()
    fit = _lasso(settings) if name == "lasso" else _smooth(problem)
    found, converged = [], True
    for penalty in penalties:
        fit.set_params(C=np.inf if penalty == 0 else 1.0 / (penalty * len(target)))
        with _quiet() as told:
            fit.fit(z, target, sample_weight=weights)
        converged = not told
        found.append(_of_all_classes(fit, problem, present))
    coefficients, intercepts = (np.array(each) for each in zip(*found, strict=True))
    return Path(coefficients, intercepts, converged)


def _of_all_classes(fit: Any, problem: Problem, present: Array) -> tuple[Array, Array]:
    """Return coefficients for all classes; classes missing from these rows are never predicted."""
    two = problem.kind == "labels" or problem.outputs == 2
    if two and len(present) == 2:
        return fit.coef_.T.copy(), fit.intercept_.copy()
    coefficients = np.zeros((fit.coef_.shape[1], problem.outputs))
    intercepts = np.full(problem.outputs, -np.inf)
    if len(present) == 2:
        coefficients[:, present[1]] = fit.coef_[0]
        intercepts[present] = 0.0, fit.intercept_[0]
    else:
        coefficients[:, present] = fit.coef_.T
        intercepts[present] = fit.intercept_
    return coefficients, intercepts


def _smooth(problem: Problem) -> Any:
    """Return a logistic regression with a penalty of squares, or none."""
    from sklearn.linear_model import LogisticRegression

    few = problem.x.shape[1] * problem.outputs <= NEWTON
    most, tolerance = (50, 1e-3) if is_large(problem) else (1000, 1e-5)
    return LogisticRegression(
        solver="newton-cholesky" if few else "lbfgs", max_iter=most, tol=tolerance, warm_start=True
    )


def _lasso(settings: Settings) -> Any:
    """Return a logistic regression with a penalty of absolute values."""
    from sklearn.linear_model import LogisticRegression

    old = LogisticRegression().get_params().get("penalty") == "l2"  # before scikit-learn 1.8
    lasso: dict[str, Any] = {"penalty": "l1"} if old else {"l1_ratio": 1.0}
    return LogisticRegression(
        solver="saga", max_iter=settings.iterations, tol=settings.tolerance, warm_start=True,
        random_state=0, **lasso,
    )  # fmt: skip


@contextmanager
def _quiet() -> Iterator[list[Any]]:
    """Keep warnings of fits that did not converge in a list."""
    from scipy.linalg import LinAlgWarning  # type: ignore[import-untyped, unused-ignore]
    from sklearn.exceptions import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
        ConvergenceWarning,
    )

    told: list[Any] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        warnings.simplefilter("always", LinAlgWarning)
        yield told
    for each in caught:
        if issubclass(each.category, (ConvergenceWarning, LinAlgWarning)):
            told.append(each)
        else:
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
