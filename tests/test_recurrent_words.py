"""Recurrent layers fused with an embedding, against the same layers on embedded rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lamina
from harness import THREADS, assert_close, assert_same_bits
from lamina import _core, layers
from recurrent_layers import replay
from thread_proof import thread_plan

ROWS, STEPS, WORDS, FEATURES, UNITS = 40, 11, 30, 19, 24
CELLS = {"simple_rnn": layers.SimpleRNN, "lstm": layers.LSTM, "gru": layers.GRU}
CASES = {
    "last state": {},
    "all steps": {"return_sequences": True},
    "backwards": {"return_sequences": True, "go_backwards": True},
    "dropout of the state": {"recurrent_dropout": 0.3, "seed": 4},
}
IDS = (np.random.default_rng(1).random((ROWS, STEPS)) ** 2 * WORDS).astype("int32")
MASK = np.random.default_rng(2).random((ROWS, STEPS)) < 0.7


class Words:
    """An embedding and the layers that read it, on their own graph with a squared error."""

    def __init__(
        self,
        readers: list[Any],
        dtype: str,
        mask: np.ndarray | None = None,
        shown: bool = False,
        vocabulary: int = WORDS,
    ) -> None:
        self.embedding = layers.Embedding(vocabulary, FEATURES, dtype=dtype)
        self.readers = readers
        rows = self.embedding(IDS[:1])
        for reader in readers:
            reader(rows)  # builds it
        graph = _core.Graph(dtype)
        ids = graph.input((STEPS,), "ids", "int32")
        masked = None if mask is None else graph.input((STEPS,), "mask", "bool")
        x = self.embedding.record(graph, ids)
        self.table = self.embedding.parameters[0].array
        self.table[...] = np.random.default_rng(3).normal(size=self.table.shape)
        outputs = [reader.record(graph, x, mask=masked) for reader in readers]
        outputs += [x] if shown else []
        for i, y in enumerate(outputs):
            graph.add_output(y)
            target = graph.input(tuple(y.shape), f"target{i}")
            graph.add_loss(graph.loss("mean_squared_error", y, target))
        graph.build()
        self.run = _core.Execution(graph, ROWS, True, 1, False)
        self.targets = [np.zeros((ROWS, *y.shape), dtype) for y in outputs]
        self.run.bind([IDS, *([] if mask is None else [mask]), *self.targets])
        self.dtype = dtype

    def step(self, rows: int = ROWS) -> list[np.ndarray]:
        """Return outputs and gradients, the table's first."""
        self.run.gradients(None, 0, rows, 3)
        outputs = [np.array(self.run.output(i)) for i in range(len(self.targets))]
        held = [self.embedding, *self.readers]
        return outputs + [np.array(self.run.gradient_of(p)) for r in held for p in r.parameters]

    def kinds(self) -> set[str]:
        """Return the kinds of the operations that ran."""
        return {kind for kind, _ in thread_plan(self.run, ROWS)}


def looked_up(words: Words, mask: np.ndarray | None = None) -> list[np.ndarray]:
    """Return the same as `step`, from each reader separately on the rows of its words."""
    outputs, gradients, table = [], [], np.zeros_like(words.table)
    for reader in words.readers:
        y, weights, (dx,) = replay(reader, [words.table[IDS].astype(words.dtype)], mask=mask)
        outputs, gradients = outputs + y, gradients + weights
        np.add.at(table, IDS, dx)
    return [*outputs, table, *gradients]


def compare(words: Words, mask: np.ndarray | None = None) -> None:
    for got, wanted in zip(words.step(), looked_up(words, mask), strict=True):
        assert_close(got, wanted, ROWS * STEPS * (FEATURES + UNITS), np.abs(wanted).max())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("cell", CELLS)
def test_outputs_and_gradients(cell, case, dtype):
    for mask in (None, MASK):
        words = Words([CELLS[cell](UNITS, dtype=dtype, **CASES[case])], dtype, mask)
        compare(words, mask)
        assert words.kinds() == {f"embedding+{cell}", "mean_squared_error"}


def test_each_of_two_readers_takes_over_the_words():
    words = Words([layers.LSTM(UNITS), layers.GRU(UNITS, go_backwards=True)], "float32")
    compare(words)
    assert words.kinds() == {"embedding+lstm", "embedding+gru", "mean_squared_error"}


def test_words_that_others_read_stay():
    words = Words([layers.LSTM(UNITS, dtype="float64")], "float64", shown=True)
    y, x, table, *gradients = words.step()
    np.testing.assert_array_equal(x, words.table[IDS])
    wanted_y, wanted_table, *wanted = looked_up(words)
    np.add.at(wanted_table, IDS, 2 * x / x.size)
    for got, right in zip([y, table, *gradients], [wanted_y, wanted_table, *wanted], strict=True):
        assert_close(got, right, ROWS * STEPS * (FEATURES + UNITS), np.abs(right).max())
    assert words.kinds() == {"embedding", "embedding+lstm", "mean_squared_error"}


@pytest.mark.parametrize(
    ("kind", "options"),
    [(layers.GRU, {"reset_after": False}), (layers.LSTM, {"dropout": 0.2, "seed": 5})],
)
def test_layers_that_need_rows_of_their_own(kind, options):
    words = Words([kind(UNITS, dtype="float64", **options)], "float64")
    compare(words)
    assert "embedding" in words.kinds()


def test_a_table_too_large_to_look_for_words_in_stays():
    for vocabulary, kinds in ((45055, {"embedding+lstm"}), (45056, {"embedding", "lstm"})):
        words = Words([layers.LSTM(UNITS, dtype="float64")], "float64", vocabulary=vocabulary)
        compare(words)
        assert words.kinds() == kinds | {"mean_squared_error"}


@pytest.mark.parametrize("cell", CELLS)
def test_bits_do_not_depend_on_threads_or_on_other_rows(cell):
    reader, limit = CELLS[cell](UNITS, return_sequences=True), lamina.get_num_threads()
    words = Words([reader], "float32", MASK)
    try:
        alone = None
        for count in THREADS:
            lamina.set_num_threads(count)
            results = words.step()
            alone = alone or results
            assert_same_bits(results, alone, f"{count} threads")
    finally:
        lamina.set_num_threads(limit)
    for rows in (1, 3, 17):
        y, *_ = words.step(rows)
        assert_same_bits([y], [alone[0][:rows]], f"{rows} rows")


def test_what_a_mask_hides_may_be_anything():
    words = Words([layers.LSTM(UNITS)], "float32", IDS != 0)
    before = words.step()
    words.table[0] = np.nan
    after = words.step()
    assert_same_bits(after, before, "a hidden word")
    assert not after[1][0].any()  # and has no gradient


def test_rows_without_any_word():
    words = Words([layers.GRU(UNITS)], "float32", np.zeros_like(MASK))
    y, table, *gradients = words.step()
    assert not y.any()
    assert not table.any()
    assert not any(g.any() for g in gradients)


def test_ids_beyond_the_table_are_refused():
    words = Words([layers.LSTM(UNITS)], "float32")
    with pytest.raises(ValueError, match=r"token ids must lie in \[0, 30\); got 30 in row 0"):
        words.run.bind([np.full_like(IDS, WORDS), *words.targets])


def test_a_model_trains_and_predicts_as_with_a_mask():
    model = lamina.Sequential(
        [
            layers.Embedding(WORDS, FEATURES, mask_zero=True),
            layers.Bidirectional(layers.LSTM(UNITS)),
            layers.Dense(1, "sigmoid"),
        ],
        seed=1,
    )
    model.compile(lamina.optimizers.Adam(0.02), "binary_crossentropy")
    y = (IDS == 3).any(axis=1).astype("float32")[:, None]
    losses = model.fit(IDS, y, epochs=40, batch_size=16, verbose=0).history["loss"]
    assert losses[-1] < 0.3 * losses[0]
    together = model.predict(IDS, verbose=0)
    padded = np.concatenate([IDS, np.zeros((ROWS, 4), "int32")], axis=1)
    assert_close(model(padded), together, STEPS * UNITS, 1.0)
    for row in (0, 7):
        assert_same_bits([model.predict(IDS[row : row + 1], verbose=0)], [together[row : row + 1]],
                         f"row {row}")  # fmt: skip


@pytest.mark.parametrize("cell", CELLS)
def test_predictions_keep_words_until_weights_change(cell):
    def made():
        chain = [layers.Embedding(WORDS, FEATURES), CELLS[cell](UNITS, bias_initializer="normal")]
        return lamina.Sequential([lamina.Input((STEPS,), dtype="int32"), *chain], seed=1)

    kept = made()
    before = kept.predict(IDS[:1], verbose=0)
    assert_same_bits([kept.predict(IDS, verbose=0)[:1]], [before], "the first row among many")
    table, *weights = (np.asarray(weight) for weight in kept.weights)
    for changed in (table[IDS[0, 0]], table, *weights):
        changed[...] += 0.25
        fresh = made()
        fresh.set_weights(kept.get_weights())
        after = kept.predict(IDS[:1], verbose=0)
        assert_same_bits([after], [fresh.predict(IDS[:1], verbose=0)], "weights that have changed")
        assert not np.array_equal(after, before)
        before = after
