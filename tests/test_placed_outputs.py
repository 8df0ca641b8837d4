"""Large outputs of predictions are written directly to the returned array, without a copy."""

import numpy as np
import pytest

import lamina
from lamina import Input, Model, layers, ops


def rows_of(count, width=600, seed=0):
    return np.random.default_rng(seed).normal(size=(count, width)).astype("float32")


def model_of_outputs():
    """Outputs of every kind: the input, one that others read, one under two names."""
    x = Input((600,))
    hidden = layers.Dense(600, activation="relu")(x)
    same = layers.Dropout(0.5)(hidden)
    return Model(x, [hidden, x, same, layers.Dense(1)(same), ops.sum(hidden, axis=1)])


@pytest.mark.parametrize("batch_size", [1, 7, 64, 200])
def test_rows_are_the_same_in_batches_of_every_size(batch_size):
    model, x = model_of_outputs(), rows_of(131)
    ours = model.predict(x, batch_size=batch_size, verbose=0)
    one_by_one = [model.predict_on_batch(row[None]) for row in x]
    for i, output in enumerate(ours):
        np.testing.assert_allclose(output, np.concatenate([o[i] for o in one_by_one]), rtol=2e-5)
    np.testing.assert_array_equal(ours[1], x)
    np.testing.assert_array_equal(ours[0], ours[2])


def test_every_result_is_an_array_of_its_own():
    model, x = model_of_outputs(), rows_of(131)
    first = model.predict_on_batch(x)
    kept = [output.copy() for output in first]
    model.predict_on_batch(rows_of(131, seed=1))
    for output, copy in zip(first, kept, strict=True):
        np.testing.assert_array_equal(output, copy)
    for i, output in enumerate(first):
        assert not any(np.shares_memory(output, other) for other in first[i + 1 :])


def test_an_output_of_all_rows():
    x = Input((600,))
    model = Model(x, [ops.mean(layers.Dense(20_000)(x), axis=0), x])
    rows = rows_of(64)
    mean, same = model.predict(rows, batch_size=64, verbose=0)
    dense = lamina.Model(x, model.layers[1].output).predict(rows, batch_size=5, verbose=0)
    np.testing.assert_allclose(mean, dense.mean(axis=0), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(same, rows)
