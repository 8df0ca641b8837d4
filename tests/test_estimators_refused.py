"""Rows, labels and weights that estimators and searches refuse, and what they say."""

import re

import numpy as np
import pytest

import lamina
from estimator_data import NAMES, ROWS, THREE, X, network
from lamina.layers import Dense

pytest.importorskip("sklearn")

from lamina.inference import PredictionIntervals, permutation_importance
from lamina.model_selection import cross_validate, grid_search
from lamina.sklearn import MLPClassifier, MLPRegressor, NeuralNetClassifier, NeuralNetRegressor
from lamina.wrappers import SKLearnClassifier


def net(**settings):
    return NeuralNetClassifier(network, epochs=1, random_state=0, **settings)


def perceptron(**settings):
    return MLPClassifier((4,), max_iter=2, random_state=0, **settings)


def wrapper():
    def build(X, y):
        model = lamina.Sequential([lamina.Input(X.shape[1:]), Dense(y.shape[1], "softmax")])
        model.compile("sgd", "categorical_crossentropy")
        return model

    return SKLearnClassifier(build, fit_kwargs={"verbose": 0})


# --- weights


@pytest.mark.parametrize("make", [net, perceptron])
@pytest.mark.parametrize("wrong", [-1, np.nan, np.inf])
def test_weights_of_classes_are_numbers_from_0_on(make, wrong):
    each = {"low": 1, "middle": wrong, "high": 1}
    message = rf"class_weight\['middle'\] must be finite and >= 0; got {wrong}"
    with pytest.raises(ValueError, match=message):
        make(class_weight=each).fit(X, THREE)


@pytest.mark.parametrize("make", [net, perceptron])
def test_weights_of_classes_that_are_all_0(make):
    each = dict.fromkeys(["low", "middle", "high"], 0)
    with pytest.raises(ValueError, match="class_weight must leave at least one row a weight above"):
        make(class_weight=each).fit(X, THREE)


@pytest.mark.parametrize("make", [net, perceptron])
def test_names_of_weights_of_classes(make):
    with pytest.raises(TypeError, match=r"class_weight must be a dict of class to .*got 'equal'"):
        make(class_weight="equal").fit(X, THREE)
    with pytest.raises(TypeError, match=r"class_weight\['low'\] must be a number; got 'a'"):
        make(class_weight={"low": "a", "middle": 1, "high": 1}).fit(X, THREE)


def test_weights_of_the_classes_of_several_labels():
    labels = np.column_stack([X[:, 0] > 0, X[:, 1] > 0]).astype(int)
    weights = [{0: 1, 1: 1}, {0: 1, 1: -2}]
    for make in (net, perceptron):
        with pytest.raises(ValueError, match=r"class_weight\[1\] must be .*got -2"):
            make(class_weight=weights).fit(X, labels)


@pytest.mark.parametrize("make", [net, perceptron])
def test_weights_that_are_strings(make):
    with pytest.raises(TypeError, match=r"sample_weight must hold numbers .*such as 'a'$"):
        make().fit(X, THREE, ["a"] * ROWS)


def test_a_models_weights_that_are_strings():
    model = lamina.Sequential([lamina.Input((4,)), Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(TypeError, match=r"fit: sample_weight must hold numbers .*such as 'a'$"):
        model.fit(X, X[:, 0], sample_weight=["a"] * ROWS)


@pytest.mark.parametrize("kind", [list, np.asarray])
def test_weights_of_too_few_rows_in_searches(kind):
    message = rf"x and sample_weight must have the same number of rows; got {ROWS} and 3"
    weights = kind([1.0] * 3)
    with pytest.raises(ValueError, match="cross_validate: " + message):
        cross_validate(perceptron(), X, THREE, sample_weight=weights, verbose=0)
    with pytest.raises(ValueError, match="grid_search: " + message):
        grid_search(perceptron(), {"alpha": [0.1]}, X, THREE, sample_weight=weights, verbose=0)
    model = lamina.Sequential([lamina.Input((4,)), Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="fit_many: " + message):
        lamina.fit_many(model, X, X[:, 0], sample_weight=weights, folds=3, verbose=0)


def test_weights_in_lists_in_searches():
    quiet = {"sample_weight": [1.0] * ROWS, "verbose": 0, "cv": 2}
    found = cross_validate(perceptron().set_params(max_iter=200, tol=1.0), X, THREE, **quiet)
    assert np.isfinite(found["test_score"]).all()


def test_weights_of_too_few_rows_for_importances():
    with pytest.raises(
        ValueError,
        match=r"^permutation_importance: sample_weight must have shape \(120,\), one weight",
    ):
        permutation_importance(net().fit(X, THREE), X, THREE, sample_weight=[1])


# --- labels


def lacking(kind):
    pandas = pytest.importorskip("pandas")
    if kind == "list":
        return [*THREE[:3].tolist(), pandas.NA, *THREE[4:].tolist()]
    if kind == "Int64":
        labels = pandas.Series(np.arange(ROWS) % 3, dtype="Int64")
    elif kind == "string":
        labels = pandas.Series(THREE, dtype="string")
    else:
        labels = pandas.Series(THREE, dtype=object)
    labels[3] = pandas.NA
    return labels if kind != "array" else labels.to_numpy()


@pytest.mark.parametrize("kind", ["list", "array", "object", "string", "Int64"])
@pytest.mark.parametrize("make", [net, perceptron, wrapper])
def test_a_missing_label_is_named(make, kind):
    with pytest.raises(ValueError, match="Input y contains <NA>, first in row 3: a label is miss"):
        make().fit(X, lacking(kind))


@pytest.mark.parametrize("kind", ["list", "array", "string", "Int64"])
def test_a_missing_label_in_a_search(kind):
    message = "cross_validate: y must have a target in each row; row 3 has <NA>"
    with pytest.raises(ValueError, match=message):
        cross_validate(perceptron(), X, lacking(kind), verbose=0)


def test_a_missing_number():
    for each in (NeuralNetRegressor(network), MLPRegressor()):
        with pytest.raises(ValueError, match="first in row 3: a number is missing"):
            each.fit(X, lacking("Int64"))


def test_labels_that_are_not_among_the_classes():
    message = re.escape("no classes but those of classes, ['high', 'low']; got 'middle'")
    with pytest.raises(ValueError, match=message):
        net().partial_fit(X, THREE, classes=["low", "high"])


def test_strings_for_intervals_of_numbers():
    from sklearn.linear_model import LinearRegression

    y = X[:, 0]
    intervals = PredictionIntervals(LinearRegression().fit(X, y))
    with pytest.raises(TypeError, match="y must hold real numbers, the targets of a regression"):
        intervals.calibrate(X, y.astype(str))


# --- rows and settings


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("make", [net, perceptron, wrapper])
def test_a_column_of_dates_is_named(make):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(X, columns=list("abcd"))
    fitted = make().fit(table, NAMES)
    table["d"] = pandas.date_range("2020-01-01", periods=ROWS)
    message = r"X must hold numbers .*got dates \(dtype datetime64\[..\]\) in column 3 \('d'\)"
    for call in (lambda: make().fit(table, NAMES), lambda: fitted.predict(table)):
        with pytest.raises(TypeError, match=message):
            call()
    with pytest.raises(TypeError, match=r"X must hold numbers .*got dates, such as 2020-01-01"):
        make().fit(table.to_numpy(object), NAMES)


def test_a_bool_for_the_number_of_epochs():
    with pytest.raises(TypeError, match="MLPClassifier: max_iter must be a positive integer; got"):
        perceptron().set_params(max_iter=True).fit(X, THREE)


def test_validation_data_without_targets():
    model = lamina.Sequential([lamina.Input((4,)), Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(TypeError, match=r"\(x, y, sample_weight\); got tuple of 1$"):
        model.fit(X, X[:, 0], validation_data=(X,))
