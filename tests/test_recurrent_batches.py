"""Recurrent layers in batches with fewer rows than an execution was planned for."""

import numpy as np
import pytest

import lamina
from harness import assert_same_bits
from lamina import layers

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
