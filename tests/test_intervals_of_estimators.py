"""Intervals and sets of scikit-learn-style estimators, and of the fits of lamina.nnet."""

import pickle

import numpy as np
import pytest

import lamina
from interval_lines import data
from lamina import layers
from lamina.inference import PredictionIntervals, coverage_report
from lamina.nnet import multinom, nnet

X, Y = data(150, 30)
LABELS = np.array(["low", "middle", "top"])[np.digitize(Y, [-1, 1])]
FIRST, SECOND = slice(0, 100), slice(100, 150)


def network():
    model = lamina.Sequential([layers.Dense(4, "tanh"), layers.Dense(1)])
    model.compile(lamina.optimizers.Adam(0.05), "mse")
    return model


def fitted_nnet(x, y):
    return nnet(x, y, size=2, linout=True, decay=0.1, random_state=0, trace=False)


def test_an_estimator_is_cloned_for_each_fold():
    sklearn = pytest.importorskip("sklearn")
    from lamina.sklearn import NeuralNetRegressor

    estimator = NeuralNetRegressor(network, epochs=3, verbose=0, random_state=0)
    estimator.fit(X[FIRST], Y[FIRST])
    cv = [(np.arange(50, 100), np.arange(50)), (np.arange(50), np.arange(50, 100))]
    intervals = PredictionIntervals(estimator, "cv+", cv=cv).calibrate(X[FIRST], Y[FIRST])
    for (train, held), copy in zip(cv, intervals.calibration.copies, strict=True):
        clone = sklearn.base.clone(estimator).fit(X[train], Y[train])
        assert np.array_equal(copy.predict(X), clone.predict(X))
        residuals = np.abs(Y[held] - clone.predict(X[held]).astype(float))
        assert np.array_equal(intervals.calibration.scores[held, 0], residuals)
    found = pickle.loads(pickle.dumps(intervals)).predict(X[SECOND])
    assert found.lower.shape == (50,)
    assert np.array_equal(found.lower, intervals.predict(X[SECOND]).lower)
    estimator.fit(X[SECOND], Y[SECOND])
    with pytest.raises(ValueError, match="the model has changed since it was calibrated"):
        intervals.predict(X[SECOND])


def test_tables_of_pandas():
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("sklearn")
    from lamina.sklearn import NeuralNetRegressor

    table, series = pandas.DataFrame(X, columns=list("abc")), pandas.Series(Y)
    estimator = NeuralNetRegressor(network, epochs=2, verbose=0, random_state=0)
    estimator.fit(table[FIRST], series[FIRST])
    intervals = PredictionIntervals(estimator, "cv+", cv=3).calibrate(table[FIRST], series[FIRST])
    assert coverage_report(intervals, table[SECOND], series[SECOND]).rows == 4


def test_a_fit_of_nnet_is_fitted_again_by_a_function():
    fit = fitted_nnet(X[FIRST], Y[FIRST])
    split = PredictionIntervals(fit, "split").calibrate(X[SECOND], Y[SECOND])
    scores = np.abs(Y[SECOND, None] - fit.predict(X[SECOND]))
    assert np.array_equal(split.calibration.scores, scores)

    crossed = PredictionIntervals(fit, "cv+", cv=2, refit=fitted_nnet).calibrate(X, Y)
    held = crossed.calibration.arrays["fold_of"] == 0
    again = fitted_nnet(X[~held], Y[~held])
    assert np.array_equal(crossed.calibration.copies[0].wts, again.wts)
    found = crossed.predict(X[SECOND])
    assert found.lower.shape == found.prediction.shape == (50, 1)
    with pytest.raises(TypeError, match="NNet has no fit; give PredictionIntervals refit="):
        PredictionIntervals(fit, "cv+").calibrate(X, Y)


def test_a_formula_reads_tables():
    pytest.importorskip("formulaic")
    table = {"a": X[:, 0], "b": X[:, 1], "y": Y}

    def fitted(x, y):
        return nnet("y ~ a + b", {**x, "y": y}, size=1, linout=True, random_state=0, trace=False)

    made = PredictionIntervals(fitted(table, Y), "cv+", cv=3, refit=fitted).calibrate(table, Y)
    assert np.isfinite(made.predict(table).lower).all()


@pytest.mark.parametrize("classes", [2, 3])
def test_classes_of_nnet_and_multinom(classes):
    pytest.importorskip("formulaic")
    labels = np.where(LABELS == "low", "low", "top") if classes == 2 else LABELS
    table = {"a": X[:, 0], "b": X[:, 1], "y": labels}
    for fit, kind in (
        (nnet("y ~ a + b", table, size=2, random_state=0, trace=False), "raw"),
        (multinom("y ~ a + b", table, trace=False), "probs"),
    ):
        sets = PredictionIntervals(fit)
        with pytest.warns(UserWarning, match="the model was trained on these rows"):
            sets.calibrate(table, labels)
        found = sets.predict_set(table, 0.8)
        said = np.asarray(fit.predict(table, type=kind)).reshape(150, -1)
        said = np.c_[1 - said, said] if classes == 2 else said
        assert np.array_equal(found.probabilities, said)
        assert list(coverage_report(sets, table, labels)["level"]) == [0.5, 0.8, 0.9, 0.95]
    with pytest.raises(ValueError, match="y must hold the classes that were fitted"):
        sets.calibrate(table, ["none"] * 150)


def test_refit_is_a_function_for_what_is_no_model():
    model = network()
    for refit, thing in ((3, fitted_nnet(X, Y)), (fitted_nnet, model)):
        with pytest.raises(TypeError, match=r"PredictionIntervals: refit must be a function of"):
            PredictionIntervals(thing, "cv+", refit=refit)
