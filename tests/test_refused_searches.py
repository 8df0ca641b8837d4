"""Errors of searches."""

import warnings
from concurrent.futures import Future

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.model_selection import (
    Bootstrap,
    cross_validate,
    grid_search,
    one_standard_error,
    random_search,
)
from search_data import FAST, X, Y, numbers

sk = pytest.importorskip("sklearn.model_selection", reason="scikit-learn is not installed")
metrics = pytest.importorskip("sklearn.metrics")
FitFailedWarning = pytest.importorskip("sklearn.exceptions").FitFailedWarning
linear = pytest.importorskip("sklearn.linear_model")
LinearRegression, Ridge = linear.LinearRegression, linear.Ridge


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: cross_validate(numbers, X[:3], Y[:3], cv=5, **FAST), ValueError,
         r"cross_validate: .*n_splits=5.*n_samples=3.*fewer folds, such as cv=2, or more rows"),
        (lambda: cross_validate(Ridge(), X, Y, cv=1), ValueError, "cv must be an integer >= 2"),
        (lambda: cross_validate(Ridge(), X, Y, cv="five"), TypeError, "cv must be a number of"),
        (lambda: cross_validate(Ridge(), X, Y, cv=[([0, 1], [90])]), ValueError,
         "cv must give rows from 0 to 74; split 0 has 1 to hold out"),
        (lambda: cross_validate(Ridge(), X, Y, cv=[]), ValueError, "at least one pair of rows"),
        (lambda: cross_validate(Ridge(), X, Y, cv=2, bootstrap=3), ValueError, "not both"),
        (lambda: cross_validate(Ridge(), X, Y, scoring="r3"), ValueError,
         "unknown score 'r3'; known: accuracy,"),
        (lambda: cross_validate(Ridge(), X, Y, scoring=[len]), ValueError, "give a dict for"),
        (lambda: cross_validate(Ridge(), X, Y, scoring=[]), ValueError, "at least one score"),
        (lambda: cross_validate(Ridge(), X, Y, error_score="none"), ValueError,
         "error_score must be a number or 'raise'; got 'none'"),
        (lambda: cross_validate(7, X, Y), TypeError,
         "model must be a compiled model, a function that returns one, or an estimator"),
        (lambda: cross_validate(lamina.Sequential([layers.Dense(1)]), X, Y), ValueError,
         "cross_validate: call compile"),
        (lambda: cross_validate(Ridge(), iter([(X, Y)]), Y), TypeError, "x must be arrays"),
        (lambda: grid_search(numbers, {}, X, Y), ValueError,
         "param_grid must hold at least one setting"),
        (lambda: grid_search(numbers, {"units": []}, X, Y), ValueError,
         "grid_search: .*'units'.* Give a list of values for each setting"),
        (lambda: grid_search(numbers, {"units": 3}, X, Y), TypeError, "Give a list of values"),
        (lambda: grid_search(numbers, "units", X, Y), TypeError, "param_grid must be a dict"),
        (lambda: grid_search(numbers, {"unit": [3]}, X, Y, **FAST), ValueError,
         "grid_search: unknown setting 'unit'; did you mean 'units'"),
        (lambda: grid_search(lambda units: numbers(2 * units), {"unit": [3]}, X, Y, **FAST),
         ValueError, "unknown setting 'unit'; did you mean 'units'"),
        (lambda: grid_search(numbers(), {"units": [3]}, X, Y, **FAST), ValueError,
         "unknown setting 'units'"),
        (lambda: grid_search(Ridge(), {"alph": [3]}, X, Y), ValueError, "Invalid parameter 'alph'"),
        (lambda: grid_search(Ridge(), {"alpha": [3]}, X, Y, scoring=["r2", "neg_max_error"]),
         ValueError, "refit must be the name of the score that decides which setting is best"),
        (lambda: grid_search(Ridge(), {"alpha": [3]}, X, Y, scoring=["r2"], refit="r3"), ValueError,
         "refit must be one of the scores r2; got 'r3'"),
        (lambda: grid_search(Ridge(), {"alpha": [3]}, X, Y, refit=lambda r: 9), IndexError,
         "refit must return an index from 0 to 0; got 9"),
        (lambda: cross_validate(LinearRegression(), X, Y, seeds=2), ValueError,
         "seeds set random_state, which LinearRegression does not have"),
        (lambda: random_search(Ridge(), {"alpha": [3]}, X, Y, n_iter=0), ValueError,
         "random_search: n_iter must be a positive integer; got 0"),
        (one_standard_error, TypeError, "needs names of settings"),
        (lambda: Bootstrap(0), ValueError, "Bootstrap: n_resamples must be a positive integer"),
        (lambda: cross_validate(Ridge(), X, Y[:9]), ValueError,
         "cross_validate: x and y must have the same number of rows; got 75 and 9"),
        (lambda: cross_validate(Ridge(), X, Y, groups=[1, 2]), ValueError,
         "cross_validate: x and groups must have the same number of rows; got 75 and 2"),
        (lambda: grid_search(Ridge(), {"alpha": [1]}, X, Y, sample_weight=np.ones(5)), ValueError,
         "grid_search: x and sample_weight must have the same number of rows; got 75 and 5"),
        (lambda: cross_validate(numbers, {"a": X, "b": X[:9]}, Y), ValueError,
         r"all arrays of x must have the same number of rows; got 75 in x\['a'\], 9 in x\['b'\]"),
        (lambda: cross_validate(numbers, 3, Y), TypeError,
         "cross_validate: x must be arrays with rows; got int"),
        (lambda: cross_validate(Ridge(), X, Y, cv=2.5), TypeError,
         "cross_validate: cv must be a number of folds, .*; got 2.5"),
        (lambda: cross_validate(Ridge(), X, Y, cv=[([0.5, 1.0], [9])]), TypeError,
         "cross_validate: cv must give row numbers, integers; got float64"),
        (lambda: cross_validate(Ridge(), X, Y, cv=sk.GroupKFold(3)), ValueError,
         r"cross_validate: The 'groups' parameter should not be None\. Give groups=, the group of"),
        (lambda: cross_validate(numbers, X, Y, cv=sk.StratifiedKFold(3), **FAST), ValueError,
         r"cross_validate: Supported target types are: .* Got 'continuous' instead"),
        (lambda: cross_validate(Ridge(), X, Y, scoring=metrics.r2_score), ValueError,
         r"cross_validate: scoring must be .*sklearn.metrics.make_scorer\(r2_score\)"),
        (lambda: cross_validate(Ridge(), X, Y, executor=4), TypeError,
         "cross_validate: executor must be a concurrent.futures.Executor"),
        (lambda: cross_validate(Ridge(), X, Y, seeds=0), ValueError,
         "cross_validate: seeds must be a positive integer; got 0"),
        (lambda: cross_validate(Ridge(), X, Y, seeds=[]), ValueError,
         "cross_validate: seeds must hold at least one seed"),
        (lambda: cross_validate(numbers, X, Y, epoch=3), TypeError,
         "cross_validate: unknown argument 'epoch'; did you mean 'epochs'"),
        (lambda: cross_validate(Ridge(), X, Y, sample_weigth=Y), TypeError,
         "^cross_validate: unknown argument 'sample_weigth'; did you mean 'sample_weight'.*Ridge"),
        (lambda: grid_search(Ridge(), {"alpha": [1]}, X, Y, n_iter=3), TypeError,
         "^grid_search: unknown argument 'n_iter'.*; those of Ridge.fit are passed on to it$"),
        (lambda: grid_search(Ridge(), {"alpha": [1]}, X, Y, epochs=3), TypeError,
         "'epochs'; known: (?!.*sample_weight.*sample_weight).*sample_weight"),
        (lambda: random_search(Ridge(), {"alpha": 3}, X, Y), TypeError,
         "random_search: Parameter grid for parameter 'alpha' is not iterable"),
    ],
)  # fmt: skip
def test_what_does_not_fit(call, error, text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(error, match=text):
            call()


@pytest.mark.parametrize("units", [[-1, 2], [2, -1]])
def test_a_setting_whose_model_cannot_be_built_is_a_fit_that_fails(units):
    with pytest.warns(FitFailedWarning, match="3 fits failed out of a total of 6"):
        search = grid_search(numbers, {"units": units}, X, Y, cv=3, **FAST)
    assert search.best_params_ == {"units": 2}
    with pytest.raises(RuntimeError, match="units must be a positive integer; got -1"):
        grid_search(numbers, {"units": units}, X, Y, cv=3, error_score="raise", **FAST)


class OneError:
    """An executor whose first job fails, and whose others never start."""

    def __init__(self):
        self.given = []

    def submit(self, *job):
        self.given.append(Future())
        if len(self.given) == 1:
            self.given[0].set_exception(ArithmeticError("the first"))
        return self.given[-1]


def test_an_error_leaves_no_work_with_an_executor():
    executor = OneError()
    with pytest.raises(ArithmeticError, match="the first"):
        cross_validate(Ridge(), X, Y, cv=3, executor=executor)
    assert [each.cancelled() for each in executor.given] == [False, True, True]
