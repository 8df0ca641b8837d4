"""Predictions: the formula, independent of batch, layout of the data and thread."""

import signal
import threading

import numpy as np
import pytest

import lamina
from lamina.layers import Conv2D, Dense, Dropout, GlobalAveragePooling2D, Input

RNG = np.random.default_rng(5)


def small(**options):
    return lamina.Sequential([Input((3,)), Dense(4, "relu"), Dense(2)], **options)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_predict_is_the_formula(dtype):
    model = small(dtype=dtype)
    k1, b1, k2, b2 = (w.astype("float64") for w in model.get_weights())
    x = RNG.normal(size=(50, 3))
    expected = np.maximum(x @ k1 + b1, 0) @ k2 + b2
    np.testing.assert_allclose(
        model.predict(x), expected, atol=1e-5 if dtype == "float32" else 1e-12
    )
    assert model.predict(x).dtype == dtype


def test_predict_does_not_depend_on_the_batch_or_the_layout():
    model = small()
    x = RNG.normal(size=(2500, 3)).astype("float32")
    y = model.predict(x)
    for other in (
        model.predict(x, batch_size=7),
        model.predict(x, batch_size=10**12),
        model(x),
        model.predict_on_batch(x),
        model.predict(np.asfortranarray(x)),
        model.predict(x[::-1])[::-1],
        model.predict(x.astype(">f4")),
        model.predict(x.astype("float64")),
        model.predict(x.tolist()),
        np.concatenate([model.predict(x[i : i + 1]) for i in range(100)] + [y[100:]]),
    ):
        np.testing.assert_array_equal(other, y)
    assert model.predict(x[:0]).shape == (0, 2)


def test_predict_reads_read_only_and_misaligned_data_and_changes_none():
    model = small()
    x = RNG.normal(size=(6, 3)).astype("float32")
    y = model.predict(x)
    frozen = x.copy()
    frozen.flags.writeable = False
    np.testing.assert_array_equal(model.predict(frozen), y)
    raw = np.zeros(x.nbytes + 1, dtype=np.uint8)[1:]
    odd = raw.view("float32").reshape(x.shape)
    odd[...] = x
    np.testing.assert_array_equal(model.predict(odd), y)
    np.testing.assert_array_equal(model.predict(np.broadcast_to(x[:1], (4, 3))), y[[0] * 4])


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (np.ones(3), r"x has shape \(3,\); the model needs \(rows, 3\); one row is x\[None\]"),
        (np.ones((2, 4)), r"x has shape \(2, 4\); the model needs \(rows, 3\)"),
        (np.ones((2, 1, 3)), "x.reshape"),
        ([[1.0, np.nan, 2.0]], "got nan at row 0, column 1"),
        (np.float32([[1, 2, 3], [1, 2, -np.inf]]), "got -inf at row 1, column 2"),
        ([[1.0, 2.0, 1e300]], "must fit float32; got 1e.300 at row 0, column 2"),
        ([[1, 2], [3]], "not a rectangular array"),
        ([["1", "2", "3"]], "must hold numbers"),
        (np.ones((1, 3), dtype=complex), "must hold numbers"),
        (np.full((1, 3), {}, dtype=object), "must hold numbers"),
        (None, "x is None"),
        (np.lib.stride_tricks.as_strided(np.ones(1), (2**20, 2**16), (0, 0)), "needs"),
    ],
)
def test_predict_refuses(x, text):
    with pytest.raises((ValueError, TypeError), match=text):
        small().predict(x)


@pytest.mark.parametrize("size", [0, -1, 2.5, "many"])
def test_predict_refuses_batch_sizes(size):
    with pytest.raises((ValueError, TypeError), match="predict: batch_size must be a positive"):
        small().predict(np.ones((2, 3)), batch_size=size)


def test_eight_threads_predict_the_serial_bits():
    model = lamina.Sequential([Input((20,)), Dense(64, "tanh"), Dropout(0.5), Dense(3, "softmax")])
    data = [RNG.normal(size=(17 + i, 20)).astype("float32") for i in range(8)]
    expected = [model.predict(x) for x in data]
    wrong = []

    def work(i):
        for _ in range(200):
            if not np.array_equal(model.predict(data[i]), expected[i]):
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("batch_size", [None, 32])
def test_ctrl_c_stops_a_prediction_between_its_batches(batch_size, threads):
    threads(1)  # so that it takes longer than the 0.1 s between two looks at signals
    model = lamina.Sequential([Input((64, 64, 8)), Conv2D(96, 7), GlobalAveragePooling2D()], seed=1)
    few = RNG.random((3, 64, 64, 8), "float32")
    predictor = model._predictor([few.shape[1:]], len(few))
    before = model.predict(few)
    assert predictor.pooled_bytes > 0
    many = np.zeros((500, 64, 64, 8), "float32")
    kept = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        with pytest.raises(KeyboardInterrupt):
            model.predict(many, batch_size=batch_size)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, kept)
    assert predictor.pooled_bytes == 0  # the interrupted execution is not used again
    assert model.predict(few).tobytes() == before.tobytes()


def test_errors_of_a_call_name_the_model():
    class Calls(lamina.Model):
        def call(self, x):
            return x + 1

    bad = np.array([[1.0, np.nan]])
    for called in (lamina.Sequential([lamina.Input((2,)), Dense(1)], name="calls"), Calls()):
        with pytest.raises(ValueError, match=r"^calls: x must be finite"):
            called(bad)
        with pytest.raises(ValueError, match=r"^predict: x must be finite"):
            called.predict(bad)
