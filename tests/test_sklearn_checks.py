"""The checks that scikit-learn runs on its own estimators; none is declared to fail."""

import importlib.util
import itertools
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

import lamina
from lamina.layers import Dense


def network(n_features_in_: int, n_outputs_: int, units: int = 16) -> lamina.Sequential:
    """Build a small network; in float64, as a check compares weights with repeated rows to 1e-7."""
    return lamina.Sequential(
        [lamina.Input((n_features_in_,)), Dense(units, "relu"), Dense(n_outputs_)],
        dtype="float64",
    )


def classes(X: Any, y: Any) -> lamina.Sequential:
    """Build a network for a wrapper, always with the same weights: checks fit twice."""
    model = lamina.Sequential(
        [lamina.Input(X.shape[1:]), Dense(8, "relu"), Dense(y.shape[1], "softmax")], seed=1
    )
    model.compile("adam", "categorical_crossentropy")
    return model


def numbers(X: Any, y: Any) -> lamina.Sequential:
    """Build a network of numbers for a wrapper."""
    model = lamina.Sequential(
        [lamina.Input(X.shape[1:]), Dense(8, "relu"), Dense(y.shape[1])], seed=1
    )
    model.compile("adam", "mse")
    return model


def estimators() -> Iterator[Any]:
    """Yield an estimator of each class; steps use all rows, as batches weight rows differently."""
    from lamina.sklearn import (
        MLPClassifier,
        MLPRegressor,
        NeuralNetClassifier,
        NeuralNetRegressor,
    )
    from lamina.wrappers import SKLearnClassifier, SKLearnRegressor, SKLearnTransformer

    settings = {"epochs": 60, "learning_rate": 0.05, "batch_size": "all"}
    yield NeuralNetClassifier(network, **settings)
    yield NeuralNetRegressor(network, **settings)
    yield MLPClassifier(max_iter=100)
    yield MLPRegressor(max_iter=100)
    quiet = {"epochs": 20, "verbose": 0}
    yield SKLearnClassifier(classes, fit_kwargs=quiet)
    yield SKLearnRegressor(numbers, fit_kwargs=quiet)
    yield SKLearnTransformer(numbers, fit_kwargs=quiet)


def every_check() -> Any:
    """Return a parametrization over estimators and checks, like scikit-learn's decorator."""
    if importlib.util.find_spec("sklearn") is None:
        return pytest.mark.parametrize(("estimator", "check"), [(None, None)])
    from sklearn.utils.estimator_checks import parametrize_with_checks

    return parametrize_with_checks(list(estimators()))


# Not run for estimators whose weights may begin differently in each fit.
OF_REPEATED_FITS = [
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
    "check_pipeline_consistency",
]
OF_TRANSFORMERS = ["check_transformer_data_not_an_array", "check_transformer_general"]


@pytest.mark.parametrize(
    ("which", "check"),
    [
        *itertools.product(["SKLearnClassifier", "SKLearnRegressor"], OF_REPEATED_FITS),
        *itertools.product(["SKLearnTransformer"], OF_REPEATED_FITS + OF_TRANSFORMERS),
    ],
)
def test_fits_of_a_wrapper_whose_function_sets_a_seed_are_the_same(which: str, check: str) -> None:
    checks = pytest.importorskip("sklearn.utils.estimator_checks")
    estimator = next(each for each in estimators() if type(each).__name__ == which)
    assert type(estimator).__sklearn_tags__(estimator).non_deterministic
    repeatable = type(which, (type(estimator),), {"__sklearn_tags__": repeatable_tags})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        getattr(checks, check)(which, repeatable(**estimator.get_params(deep=False)))


def repeatable_tags(estimator: Any) -> Any:
    """Return the tags of a wrapper whose function sets a seed."""
    tags = super(type(estimator), estimator).__sklearn_tags__()
    tags.non_deterministic = False
    return tags


@every_check()
def test_checks_of_scikit_learn(estimator: Any, check: Any) -> None:
    pytest.importorskip("sklearn")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # advice on the artificial data of the checks
        check(estimator)
