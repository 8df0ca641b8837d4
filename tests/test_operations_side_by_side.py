"""Two operations that run on one thread each, and read nothing of each other, run side by side."""

import numpy as np
import pytest

import lamina
from harness import assert_close, assert_same_bits
from lamina import layers, runtime
from thread_proof import same_on_threads

X = np.random.default_rng(0).normal(size=(40, 50, 12))


def directions(cell, **options):
    def build(x):
        return layers.Bidirectional(cell(48, **options))(x)

    return build


def two_of_one(x):
    """Neither reads the other: a GRU and an LSTM of the same values."""
    return layers.Concatenate()([layers.GRU(48)(x), layers.LSTM(40)(x)])


def three(x):
    """The third has nobody to run beside."""
    return layers.Add()([layers.LSTM(48)(x) for _ in range(3)])


def one_after_the_other(x):
    return layers.LSTM(48)(layers.LSTM(40, return_sequences=True)(x))


def stacked(x):
    inner = layers.Bidirectional(layers.GRU(32, return_sequences=True), merge_mode="ave")(x)
    return layers.Bidirectional(layers.LSTM(40), merge_mode="mul")(layers.Masking()(inner))


SIDE_BY_SIDE = {
    "lstm": directions(layers.LSTM),
    "gru, sequences": directions(layers.GRU, return_sequences=True),
    "simple": directions(layers.SimpleRNN, activation="relu"),
    "two of one": two_of_one,
    "three": three,
    "stacked": stacked,
}


def model_of(build, dtype="float32"):
    lamina.set_random_seed(3)
    x = lamina.Input(X.shape[1:])
    return lamina.Model(x, layers.Dense(2)(build(x)), dtype=dtype)


@pytest.mark.parametrize("rows", [1, 16])
@pytest.mark.parametrize("case", SIDE_BY_SIDE)
def test_they_have_the_bits_of_one_thread(case, rows):
    model, x = model_of(SIDE_BY_SIDE[case]), X[:rows].astype("float32")
    ((alone,),) = same_on_threads(lambda: model.predict(x), what=case)
    wide = model_of(SIDE_BY_SIDE[case], "float64")
    wide.set_weights(model.get_weights())
    assert_close(alone, wide.predict(X[:rows]), 5000, 1.0)


@pytest.mark.parametrize("case", SIDE_BY_SIDE)
def test_rows_have_the_bits_they_have_among_many(case):
    """More rows than one thread takes alone: each operation is shared out."""
    model, x = model_of(SIDE_BY_SIDE[case]), X.astype("float32")
    many = model.predict(x)
    for rows in (1, 15, 16, 17):
        assert_same_bits([model.predict(x[:rows])], [many[:rows]], f"{rows} rows")


def test_what_reads_the_other_waits_for_it():
    model, x = model_of(one_after_the_other), X[:4].astype("float32")
    before = runtime.get_num_threads()
    try:
        runtime.set_num_threads(1)
        alone = model.predict(x)
        runtime.set_num_threads(2)
        model.predict(-x)  # what lies in the buffers is of other rows
        assert_same_bits([model.predict(x)], [alone], "2 threads")
    finally:
        runtime.set_num_threads(before)


@pytest.mark.parametrize("case", SIDE_BY_SIDE)
def test_training(case):
    x = X[:32].astype("float32")

    def trained():
        model = model_of(SIDE_BY_SIDE[case])
        model.compile("adam", "mse")
        y = np.random.default_rng(1).normal(size=model.predict(x).shape)
        model.fit(x, y, batch_size=12, epochs=2, verbose=0)
        return tuple(model.get_weights())

    same_on_threads(trained, what=case)
