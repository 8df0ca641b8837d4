"""Recurrent layers in batches with fewer rows than planned, and the blocks of their predictions."""

import numpy as np
import pytest

import lamina
from harness import assert_same_bits
from lamina import _core, layers

FEATURES = 100
# Steps, units, rows of a batch and of the last one, which keeps more of a row: its steps are one
# block, those of the others are two.
CASES = {
    "rnn": (layers.SimpleRNN, 20, 8, 16, 12),
    "lstm": (layers.LSTM, 20, 8, 16, 12),
    "gru": (layers.GRU, 20, 8, 16, 12),
    "one row": (layers.SimpleRNN, 200, 8, 2, 1),
}


@pytest.mark.parametrize("name", CASES)
def test_the_last_batch_has_room_for_what_it_keeps(name):
    kind, steps, units, rows, last = CASES[name]
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows + last, steps, FEATURES)).astype("float32")
    y = x[:, :, :1]

    def model():
        chain = [kind(units, return_sequences=True), layers.Dense(1)]
        built = lamina.Sequential([lamina.Input((steps, FEATURES)), *chain], seed=1)
        built.compile("sgd", "mse")
        return built

    together, apart = model(), model()
    together.fit(x, y, batch_size=rows, epochs=1, shuffle=False, verbose=0)
    for part in (slice(rows), slice(rows, None)):  # planned for exactly that many rows
        apart.train_on_batch(x[part], y[part])
    assert_same_bits(together.get_weights(), apart.get_weights(), name)


def predictor(cell, gates, steps, features, units):
    g = _core.Graph("float32")
    kernels = [_core.Parameter("w", (n, gates * units), "float32") for n in (features, units)]
    _core.allocate(kernels)
    y = g.recurrent(
        cell, g.input((steps, features)), *map(g.parameter, kernels), return_sequences=True
    )[0]
    g.add_output(y)
    g.build()
    return _core.Predictor(g)


@pytest.mark.parametrize(("cell", "gates"), [("simple_rnn", 1), ("gru", 3), ("lstm", 4)])
def test_a_block_of_predictions_gives_each_thread_rows_that_share_the_weights(cell, gates, threads):
    # A recurrent layer runs up to 16 rows on one thread.
    threads(1)
    assert predictor(cell, gates, 2, 4, 700).block(64) > 16  # the copies of weights do not count
    assert predictor(cell, gates, 300, 8, 600).block(64) == 16  # of 700 kB or more
    assert predictor(cell, gates, 20, 64, 256).block(1000) % 16 == 0
    threads(2)
    assert 16 < predictor(cell, gates, 300, 8, 600).block(64) <= 32
    assert predictor(cell, gates, 20, 64, 256).block(1000) % 32 == 0


def test_the_blocks_of_predictions_do_not_change_the_results(threads):
    model = lamina.Sequential(
        [lamina.Input((300, 8)), layers.LSTM(600, return_sequences=True), layers.Dense(1)], seed=1
    )
    x = np.random.default_rng(0).normal(size=(19, 300, 8)).astype("float32")
    threads(2)
    together = model.predict(x)
    threads(1)
    assert_same_bits(
        [np.concatenate([model.predict(x[i : i + 1]) for i in range(19)])], [together], ""
    )


def test_an_execution_is_kept_however_large_its_copies_of_weights_are():
    large = predictor("lstm", 4, 1, 4, 1500)  # two copies of 36 MB; the pool keeps 64
    large.predict([np.zeros((2, 1, 4), "float32")], 2)
    assert large.pooled_bytes > 70_000_000
