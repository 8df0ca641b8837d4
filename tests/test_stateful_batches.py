"""Batches of predict and evaluate for a stateful model without a given batch size."""

from __future__ import annotations

import numpy as np
import pytest

import lamina
from lamina.layers import GRU, Dense


def test_all_rows_are_one_batch_until_something_fixes_the_rows():
    def fresh(**options):
        begin = lamina.Input((2, 3), **options)
        model = lamina.Sequential([begin, GRU(2, stateful=True), Dense(1)], seed=3)
        model.compile("sgd", "mse")
        return model

    x, y = np.ones((3000, 2, 3), "float32"), np.zeros((3000, 1))
    model = fresh()
    assert model.predict(x).shape == (3000, 1)
    assert model.state_rows() == 3000
    assert fresh().evaluate(x, y) > 0.0
    assert fresh().predict(x[:0]).shape == (0, 1)
    model.reset_state()
    assert model.predict(x[:7]).shape == (7, 1)
    assert model.predict(x[:21]).shape == (21, 1)  # three batches, each of the states' 7 rows
    given = fresh(batch_size=4)
    assert given.predict(x).shape == (3000, 1)
    with pytest.raises(ValueError, match="all batches must have the same number of rows"):
        given.predict(x[:10])


@pytest.mark.filterwarnings("ignore::lamina.TrainingAdvice")  # targets of zeros
def test_a_split_takes_the_last_rows():
    model = lamina.Sequential([lamina.Input((2, 3)), GRU(2, stateful=True), Dense(1)], seed=3)
    model.compile("sgd", "mse")
    x, y = np.ones((20, 2, 3), "float32"), np.zeros((20, 1))
    history = model.fit(x, y, batch_size=4, validation_split=0.2, shuffle=False, verbose=0)
    np.testing.assert_array_equal(history.validation_rows, np.arange(16, 20))


def test_the_advice_is_one_that_helps():
    x, y = np.ones((32, 2, 3), "float32"), np.zeros((32, 1))
    for options, advice in (({}, r"4, until reset_state\(\) is called"), ({"batch_size": 4}, "4")):
        begin = lamina.Input((2, 3), **options)
        model = lamina.Sequential([begin, GRU(2, stateful=True), Dense(1)], seed=3)
        model.compile("sgd", "mse")
        model.predict(x[:4])
        with pytest.raises(ValueError, match=f"got batches of 32 .every batch needs {advice}.$"):
            model.fit(x, y, batch_size=32, verbose=0)


@pytest.mark.filterwarnings("ignore::lamina.TrainingAdvice")  # targets of zeros
def test_a_fit_takes_the_batches_of_a_stateful_input():
    x, y = np.ones((32, 2, 3), "float32"), np.zeros((32, 1))

    def steps(stateful, **options):
        begin = lamina.Input((2, 3), batch_size=4)
        model = lamina.Sequential([begin, GRU(2, stateful=stateful), Dense(1)], seed=3)
        model.compile("sgd", "mse")
        return model.fit(x, y, verbose=0, **options).params["steps"], model

    taken, model = steps(True, validation_data=(x[:8], y[:8]))
    assert taken == 8
    assert model.state_rows() == 4
    assert model.evaluate(x, y) >= 0.0
    assert steps(False)[0] == 1  # irrelevant without a state
    assert steps(False, batch_size="all")[0] == 1
    with pytest.raises(ValueError, match="states have 4 rows; got batches of 32"):
        steps(True, batch_size="all")
    with pytest.raises(TypeError, match="batch_size must be a positive integer; got 'auto'"):
        steps(True, batch_size="auto")


@pytest.mark.parametrize("listed", [False, True])
def test_a_test_batch_is_one_batch(listed):
    model = lamina.Sequential([lamina.Input((2, 3)), GRU(2, stateful=True), Dense(1)], seed=3)
    model.compile("sgd", "mse")
    x, y = np.ones((5, 2, 3), "float32"), np.zeros((5, 1))
    model.test_on_batch([x] if listed else x, y)
    assert model.state_rows() == 5
