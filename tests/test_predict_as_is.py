"""The fast path of predict, for arrays that need no conversion."""

import os
import subprocess
import sys

import numpy as np
import pytest

import lamina
from lamina.layers import Concatenate, Dense, Embedding, Flatten, Input

RNG = np.random.default_rng(6)
X = RNG.normal(size=(9, 3)).astype("float32")
Z = RNG.normal(size=(9, 2)).astype("float32")
WORDS = RNG.integers(0, 7, (9, 4)).astype("int32")


class Own(lamina.Model):
    def __init__(self):
        super().__init__()
        self.first = Dense(4, "relu")
        self.last = Dense(2)

    def call(self, x):
        return self.last(self.first(x))


def chain():
    return lamina.Sequential([Input((3,)), Dense(4, "relu"), Dense(2)])


def graph():
    x = Input((3,), name="x")
    return lamina.Model(x, Dense(2)(Dense(4, "relu")(x)))


def two_inputs():
    x, z = Input((3,), name="x"), Input((2,), name="z")
    return lamina.Model([x, z], Dense(2)(Concatenate()([Dense(4, "relu")(x), z])))


def two_outputs():
    x = Input((3,), name="x")
    return lamina.Model(x, [Dense(2)(x), Dense(1)(x)])


def by_name():
    x, z = Input((3,), name="x"), Input((2,), name="z")
    return lamina.Model({"x": x, "z": z}, {"sum": Dense(2)(Concatenate()([x, z]))})


def words():
    return lamina.Sequential([Input((4,), dtype="int32"), Embedding(7, 3), Flatten(), Dense(2)])


MODELS = [
    (chain, X), (graph, X), (Own, X), (two_inputs, [X, Z]), (two_inputs, (X, Z)), (two_outputs, X),
    (by_name, {"x": X, "z": Z}), (by_name, {"z": Z, "x": X, "unread": X}), (words, WORDS),
]  # fmt: skip


def of_rows(x, rows):
    if isinstance(x, dict):
        return {name: value[rows] for name, value in x.items()}
    return type(x)(v[rows] for v in x) if isinstance(x, (list, tuple)) else x[rows]


def flat(y):
    return list(y.values()) if isinstance(y, dict) else y if isinstance(y, list) else [y]


def refuse(*args, **options):
    raise AssertionError("not the short way")


@pytest.mark.parametrize(("make", "x"), MODELS)
def test_every_call_takes_it_and_gives_the_bits_of_the_long_way(make, x, monkeypatch):
    model = make()
    long = model.predict(x, batch_size=4)
    model.predict(x)  # a user-defined model is built in the first call
    monkeypatch.setattr(model, "_predict", refuse)
    for rows in (slice(0, 1), slice(None)):
        given, expected = of_rows(x, rows), [y[rows] for y in flat(long)]
        for call in (
            model.predict, model.predict_on_batch, model, lambda v: model(v, training=False),
            lambda v: model.predict(v, batch_size=9),
        ):  # fmt: skip
            y = call(given)
            assert type(y) is type(long)
            for one, other in zip(flat(y), expected, strict=True):
                np.testing.assert_array_equal(one, other)
        assert not isinstance(y, dict) or list(y) == ["sum"]


@pytest.mark.parametrize("batch_size", [8, True, 9.0, "9", 0])
def test_batches_of_fewer_rows_and_what_is_none_go_the_long_way(batch_size, monkeypatch):
    model = chain()
    model.predict(X)
    monkeypatch.setattr(model, "_predict", refuse)
    with pytest.raises(
        (AssertionError, TypeError, ValueError), match=r"not the short way|batch_size"
    ):
        model.predict(X, batch_size=batch_size)


@pytest.mark.parametrize(
    "x",
    [X.astype("float64"), np.asfortranarray(X), X[::2], X.astype(">f4"), X.tolist(), X[:0],
     np.zeros((1, 3), "int32")],
)  # fmt: skip
def test_other_data_go_the_long_way(x, monkeypatch):
    model = chain()
    model.predict(X)
    expected = model.predict(np.ascontiguousarray(x, "float32"))
    ways = []
    monkeypatch.setattr(model, "_predict", lambda *a, **k: ways.append(a) or expected)
    np.testing.assert_array_equal(model.predict(x), expected)
    assert ways


def test_what_is_wrong_is_refused_as_ever():
    model, reader = chain(), words()
    model.predict(X), reader.predict(WORDS)
    for bad in (np.full_like(X, np.nan), np.full_like(X, np.inf)):
        for call in (model.predict, model.predict_on_batch, model):
            with pytest.raises(ValueError, match=r"nan|inf"):
                call(bad)
    for bad in (7, -1):
        with pytest.raises(ValueError, match=r"\[0, 7\)|below 7|0 to 6|7"):
            reader.predict(np.full_like(WORDS, bad))
    with pytest.raises(ValueError, match="shape"):
        model.predict(Z)
    two = two_inputs()
    two.predict([X, Z])
    with pytest.raises(ValueError, match="rows"):
        two.predict([X, Z[:4]])
    with pytest.raises(TypeError, match="2 arrays"):
        two.predict(X)


@pytest.mark.parametrize(("make", "x"), MODELS)
def test_new_weights_are_seen(make, x):
    model = make()
    first = flat(model.predict(x))
    model.set_weights([w + 0.5 for w in model.get_weights()])
    second, long = flat(model.predict(x)), flat(model.predict(x, batch_size=4))
    for a, b, c in zip(first, second, long, strict=True):
        assert np.abs(a - b).max() > 0.01
        np.testing.assert_array_equal(b, c)


def test_layers_that_an_own_model_comes_to_hold_are_seen():
    class Grows(lamina.Model):
        def __init__(self):
            super().__init__()
            self.layers_held = [Dense(3)]
            self.last = Dense(2)

        def call(self, x):
            for layer in self.layers_held:
                x = layer(x)
            return self.last(x)

    model = Grows()
    first = model.predict(X)
    model.layers_held.append(Dense(3))
    second = model.predict(X)
    assert not np.array_equal(first, second)
    model.last = Dense(2)
    assert not np.array_equal(second, model.predict(X))
    own = Own()
    first = own.predict(X)
    own.last = Dense(2)
    assert not np.array_equal(first, own.predict(X))


REPLACED = """
import threading
import numpy as np
import lamina
from lamina.layers import Concatenate, Dense, Input
lamina.set_num_threads(1)
a, b = Input((2048,)), Input((2048,))
model = lamina.Model([a, b], Dense(1)(Concatenate()([a, b])))
first = np.random.default_rng(0).normal(size=(1024, 2048)).astype("float32")
expected = model.predict([first, first])
x, stop = [first.copy(), first.copy()], threading.Event()
def replace():
    while not stop.is_set():
        x[0], x[1] = first.copy(), first.copy()
other = threading.Thread(target=replace)
other.start()
print(all((model.predict(x) == expected).all() for _ in range(30)))
stop.set()
other.join()
"""


def test_arrays_may_leave_the_callers_list_meanwhile():
    # Freed memory is returned to the system at once, so that reading it ends the process.
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536"}
    done = subprocess.run(
        [sys.executable, "-c", REPLACED],
        capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    assert (done.stdout, done.returncode) == ("True\n", 0), done.stderr
