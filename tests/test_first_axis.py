"""Layers called inside call on values without rows: the first axis is the batch, as in Keras."""

import numpy as np
import pytest

import lamina
from lamina import layers, ops

RNG = np.random.default_rng(2)
W = RNG.normal(size=(4, 5, 3)).astype("float32")

LAYERS = {
    "conv": lambda: layers.Conv1D(2, 3),
    "lstm": lambda: layers.LSTM(2),
    "states": lambda: layers.GRU(2, return_state=True),
    "pooling": layers.GlobalMaxPooling1D,
    "flatten": layers.Flatten,
    "reshape": lambda: layers.Reshape((3, 5)),
    "steps": lambda: layers.TimeDistributed(layers.Dense(2)),
    "both ways": lambda: layers.Bidirectional(layers.LSTM(2)),
    "groups": lambda: layers.GroupNormalization(1),
    "slopes": lambda: layers.PReLU(alpha_initializer="glorot_uniform"),
    "model": lambda: lamina.Sequential([layers.Dense(4), layers.LSTM(2)]),
    "softmax": lambda: layers.Softmax(axis=1),
    "over steps": lambda: layers.LayerNormalization(axis=1),
    "of channels": lambda: layers.BatchNormalization(axis=1, beta_initializer="glorot_uniform"),
}


def joined(y):
    parts = y if isinstance(y, tuple) else (y,)
    return ops.concatenate([ops.reshape(part, (-1,)) for part in parts], axis=0)


@pytest.mark.parametrize("case", LAYERS)
def test_a_weight_as_a_batch(case):
    class Holds(layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner = LAYERS[case]()
            self.batch = self.add_weight(shape=W.shape, initializer=lambda shape, dtype=None: W)

        def call(self, x):
            return ops.sum(x, axis=-1, keepdims=True) + joined(self.inner(self.batch))

    holds = Holds()
    model = lamina.Sequential([lamina.Input((3,)), holds, layers.Dense(1)], seed=1)
    x = RNG.normal(size=(7, 3)).astype("float32")
    wanted = x.sum(axis=1, keepdims=True) + np.asarray(joined(holds.inner(W)))
    inner = lamina.Sequential([lamina.Input((3,)), holds])
    np.testing.assert_allclose(inner.predict(x), wanted, rtol=1e-5, atol=1e-5)
    model.compile(lamina.optimizers.SGD(0.01), "mse")
    model.fit(x, x[:, :1], batch_size=4, epochs=2, verbose=0)
    assert not np.array_equal(holds.batch.numpy(), W)


class Steps(layers.Layer):
    """Like TimeDistributed, with the steps of all rows as one batch."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def call(self, x):
        rows, steps, *shape = ops.shape(x)
        y = self.inner(ops.reshape(x, (rows * steps, *shape)))
        return ops.reshape(y, (rows, steps, *y.shape[1:]))


def test_steps_as_rows_of_one_batch():
    x = RNG.normal(size=(10, 6, 5, 3)).astype("float32")
    y = RNG.normal(size=(10, 6)).astype("float32")
    made = []
    for kind in (layers.TimeDistributed, Steps):
        inner = lamina.Sequential([layers.Conv1D(4, 3), layers.LSTM(2), layers.Dense(1)])
        model = lamina.Sequential([lamina.Input((6, 5, 3)), kind(inner), layers.Flatten()], seed=5)
        if made:
            model.set_weights(made[0][0])
        start = model.get_weights()
        model.compile(lamina.optimizers.SGD(0.1), "mse")
        losses = model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0).history["loss"]
        made.append((start, losses, model.get_weights(), model.predict(x)))
    np.testing.assert_allclose(made[1][1], made[0][1], rtol=1e-5)
    for one, other in zip([*made[1][2], made[1][3]], [*made[0][2], made[0][3]], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_queries_for_each_row_beside_values_with_rows():
    class Reads(layers.Layer):
        def __init__(self):
            super().__init__()
            self.attention = layers.MultiHeadAttention(2, 4)
            self.queries = self.add_weight(shape=(1, 2, 8), initializer="glorot_uniform")

        def call(self, x):
            return self.attention(ops.tile(self.queries, [ops.shape(x)[0], 1, 1]), x)

    reads, x = Reads(), RNG.normal(size=(3, 5, 8)).astype("float32")
    y = reads(x)
    wanted = reads.attention(np.tile(reads.queries, (3, 1, 1)), x)
    np.testing.assert_allclose(y, wanted, rtol=1e-5, atol=1e-6)
