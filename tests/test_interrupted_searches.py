"""Ctrl-C in a search: the settings that are done are kept."""

import warnings

import numpy as np
import pytest

import lamina
from lamina.model_selection import grid_search
from search_data import FAST, X, Y, numbers

FitFailedWarning = pytest.importorskip("sklearn.exceptions").FitFailedWarning
Ridge = pytest.importorskip("sklearn.linear_model").Ridge


LEFT_OUT = "^grid_search: interrupted; {} fits out of a total of {} were left out. .* set to nan$"


class Stop(lamina.callbacks.Callback):
    """Ctrl-C in the fit of this number."""

    at, count = 0, 0

    def on_train_begin(self, logs=None):
        Stop.count += 1
        if Stop.count == Stop.at:
            raise KeyboardInterrupt


def test_an_interrupted_search_has_the_settings_that_are_done():
    grid = {"units": [1, 2]}
    Stop.at, Stop.count = 4, 0
    with pytest.warns(UserWarning, match=LEFT_OUT.format(1, 4)) as told:
        search = grid_search(numbers, grid, X, Y, cv=2, n_jobs=1, callbacks=[Stop()], **FAST)
    whole = grid_search(numbers, grid, X, Y, cv=2, n_jobs=1, **FAST)
    means = search.cv_results_["mean_test_score"]
    assert means[0] == whole.cv_results_["mean_test_score"][0]
    assert np.isnan(means[1])
    assert search.best_params_ == {"units": 1}
    assert not any(issubclass(each.category, FitFailedWarning) for each in told)  # none failed
    Stop.at, Stop.count = 2, 0
    with pytest.raises(KeyboardInterrupt):
        grid_search(numbers, grid, X, Y, cv=2, n_jobs=1, callbacks=[Stop()], **FAST)


def test_an_interrupt_while_scores_are_taken_keeps_the_settings_before():
    calls = []

    def stopping(estimator, x, y):
        calls.append(len(x))
        if len(calls) == 4:
            raise KeyboardInterrupt
        return estimator.score(x, y)

    with pytest.warns(UserWarning, match=LEFT_OUT.format(3, 6)):
        search = grid_search(numbers, {"units": [1, 2, 3]}, X, Y, cv=2, scoring=stopping, **FAST)
    whole = grid_search(numbers, {"units": [1, 2, 3]}, X, Y, cv=2, **FAST)
    means = search.cv_results_["mean_test_score"]
    assert means[0] == whole.cv_results_["mean_test_score"][0]
    assert np.isnan(means[1:]).all()
    assert len(calls) == 4


class Stopping(Ridge):
    """Ctrl-C comes in the fifth fit."""

    begun = 0

    def fit(self, X, y):
        Stopping.begun += 1
        if Stopping.begun == 5:
            raise KeyboardInterrupt
        return super().fit(X, y)


def test_an_interrupted_search_of_estimators_has_the_settings_that_are_done():
    Stopping.begun = 0
    grid = {"alpha": [1.0, 2.0, 3.0]}
    with pytest.warns(UserWarning, match=LEFT_OUT.format(5, 9)):
        search = grid_search(Stopping(), grid, X, Y, cv=3)
    whole = grid_search(Ridge(), grid, X, Y, cv=3)
    means = search.cv_results_["mean_test_score"]
    assert means[0] == whole.cv_results_["mean_test_score"][0]
    assert np.isnan(means[1:]).all()
    Stopping.begun = 2
    with pytest.raises(KeyboardInterrupt):
        grid_search(Stopping(), grid, X, Y, cv=3)
    Stopping.begun = 0
    with pytest.raises(KeyboardInterrupt):
        grid_search(Stopping(), grid, X, Y, cv=3, error_score="raise")


def test_an_interrupt_while_perceptrons_are_scored_keeps_the_settings_before():
    from lamina.sklearn import MLPRegressor

    calls = []

    def stopping(estimator, x, y):
        calls.append(len(x))
        if len(calls) == 4:
            raise KeyboardInterrupt
        return estimator.score(x, y)

    mlp = MLPRegressor(hidden_layer_sizes=3, max_iter=2, random_state=0, n_iter_no_change=9)
    grid = {"alpha": [0.1, 1.0, 2.0]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search = grid_search(mlp, grid, X, Y, cv=2, scoring=stopping)
        whole = grid_search(mlp, grid, X, Y, cv=2)
    means = search.cv_results_["mean_test_score"]
    assert means[0] == whole.cv_results_["mean_test_score"][0]
    assert np.isnan(means[1:]).all()
    assert len(calls) == 4
