"""Many fits: arguments that are refused, and folds that are warned of."""

import concurrent.futures
from typing import Any

import numpy as np
import pytest

import lamina
from lamina import layers
from many_fits import build, data, network


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"settings": {"width": [1]}}, ValueError, "unknown setting 'width'"),
        (
            {"settings": {"seed": [7]}, "seeds": 2},
            ValueError,
            r"fit_many: a setting must not have a 'seed'.*got 7: give seeds=\[7\]",
        ),
        ({"settings": {"units": 3}}, TypeError, r"settings\['units'\] must be a list"),
        ({"settings": {"units": []}}, ValueError, "at least one value"),
        ({"settings": []}, ValueError, "at least one dict"),
        ({"settings": ["units"]}, TypeError, "a list of dicts"),
        ({"seeds": 0}, ValueError, "seeds must be a positive integer"),
        ({"seeds": [-1]}, ValueError, "seed must be"),
        ({"folds": 61}, ValueError, "at most the number of rows, 60; got 61"),
        ({"folds": [([0], [60])]}, ValueError, "row indices from 0 to 59; got 60"),
        ({"folds": "five"}, TypeError, "folds must be a number"),
        ({"bootstrap": 0}, ValueError, "bootstrap must be a positive integer"),
        ({"executor": 3}, TypeError, "executor must be a concurrent.futures.Executor"),
        (
            {"executor": concurrent.futures.ThreadPoolExecutor},
            TypeError,
            "executor must be a concurrent.futures.Executor",
        ),
        ({"learning_rate": 0.1}, TypeError, r"give settings=\{'learning_rate': \[...\]\}"),
        ({"n_jobs": "two"}, TypeError, "n_jobs"),
        ({"n_jobs": 0}, ValueError, "n_jobs must be a positive integer"),
        ({"keep": ("models",)}, ValueError, "keep must be one of .*, or 'all'; got 'models'$"),
        (
            {"keep": ("weights", "all")},
            ValueError,
            "keep must be one of .*; got 'all' among others: give keep='all' alone$",
        ),
        ({"epoch": 3}, TypeError, "unknown argument 'epoch'.*epochs"),
        ({"verbos": 0}, TypeError, "did you mean 'verbose'.*folds.*settings"),
        ({"cv": 3}, TypeError, "unknown argument 'cv'; here it is 'folds'"),
        ({"verbose": 7}, ValueError, "verbose must be"),
        ({"sample_weight": np.ones(3)}, ValueError, "x and sample_weight must have the same"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], error: type[Exception], text: str):
    x, y = data()
    with pytest.raises(error, match=text):
        lamina.fit_many(build, x, y, **arguments)


def test_bad_models_and_data():
    x, y = data()
    with pytest.raises(TypeError, match="model must be a compiled model, or a function"):
        lamina.fit_many("net", x, y)
    with pytest.raises(lamina.NotCompiledError, match="call compile"):
        lamina.fit_many(lamina.Sequential([layers.Dense(1)]), x, y)
    with pytest.raises(TypeError, match="must return a compiled model; got NoneType"):
        lamina.fit_many(lambda: None, x, y)
    with pytest.raises(ValueError, match="x and y must have the same number of rows; got 60 and 3"):
        lamina.fit_many(network(), x, y[:3])
    with pytest.raises(TypeError, match="x must be arrays, of which each fit"):
        lamina.fit_many(network(), iter([(x, y)]))
    rows = {"a": x, "b": x[:3]}
    with pytest.raises(ValueError, match=r"fit_many: all arrays of x must .* 3 in x\['b'\]"):
        lamina.fit_many(network(), rows, y)
    with pytest.raises(ValueError, match="fit_many: scoring: unknown metric 'r3'"):
        lamina.fit_many(network(), x, y, folds=2, scoring="r3")
    estimator = pytest.importorskip("sklearn.linear_model").Ridge()
    with pytest.raises(TypeError, match=r"got Ridge\(\); lamina.model_selection has searches for"):
        lamina.fit_many(estimator, x, y)


def test_folds_that_train_on_what_they_hold_out_are_told():
    x, y = data()
    rows = np.arange(60)
    with pytest.warns(UserWarning, match="fit_many: folds") as told:
        lamina.fit_many(build, x, y, folds=[(rows, rows[:5]), (rows[3:], rows[:4])], verbose=0)
    starts = [f"fit_many: folds[{place}] should hold out rows that it does not train on; {count} "
              for place, count in ((0, "5 of 5"), (1, "1 of 4"))]  # fmt: skip
    assert [str(each.message)[: len(s)] for each, s in zip(told, starts, strict=True)] == starts
    twice = [(rows[20:], rows[:20]), (rows[30:], rows[:30])]  # held out twice, as ShuffleSplit does
    fits = lamina.fit_many(build, x, y, folds=twice, verbose=0)
    assert [len(each) for each in fits.held_out_predictions] == [20, 30]


def test_a_splitter_that_needs_more_is_told_by_name():
    sk = pytest.importorskip("sklearn.model_selection")
    x, y = data()
    beforehand = (
        r"fit_many: folds cannot be made by {}.*folds=list\(splitter\.split\(x, labels, groups"
    )
    for splitter in (sk.GroupKFold(3), sk.StratifiedKFold(3)):
        text = beforehand.format(type(splitter).__name__)
        with pytest.raises(ValueError, match=text):
            lamina.fit_many(build, x, y, folds=splitter, verbose=0)


class TwoArgumentsError(ValueError):
    """An exception that cannot be made from a text alone."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{text} ({code})")


class Splitter:
    """A splitter that raises it."""

    def split(self, x: Any, y: Any) -> Any:
        raise TwoArgumentsError(3, "no groups")


def test_a_splitter_may_raise_exceptions_of_its_own():
    with pytest.raises(ValueError, match=r"folds cannot be made by .*: no groups \(3\)"):
        lamina.fit_many(build, *data(), folds=Splitter(), verbose=0)


def test_weights_that_are_all_0():
    x, y = data()
    with pytest.raises(ValueError, match="fit_many: sample_weight must not be 0 in all rows"):
        lamina.fit_many(build, x, y, sample_weight=np.zeros(len(x)), verbose=0)


def test_weights_that_are_0_in_a_part():
    x, y = data()
    first, rest = np.arange(20), np.arange(20, len(x))
    weights = np.where(np.arange(len(x)) < 20, 0.0, 1.0)
    settings = {"sample_weight": weights, "verbose": 0, "epochs": 1}
    with pytest.warns(UserWarning, match="rows held out have weight 0 in 1 of 2 parts, so their"):
        lamina.fit_many(build, x, y, folds=[(rest, first), (rest[:9], rest[9:])], **settings)
    with pytest.warns(UserWarning, match="the training rows have weight 0 in 1 of 1 parts"):
        lamina.fit_many(build, x, y, folds=[(first, rest)], **settings)
