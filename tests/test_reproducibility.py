"""The same seed, the same bits: whole fits, regardless of threads and earlier work."""

import hashlib
import os
import signal
import threading

import numpy as np
import pytest

import lamina
from lamina import layers
from thread_proof import step_plan

RNG = np.random.default_rng(0)
X = RNG.normal(size=(700, 150)).astype("float32")
Y = RNG.integers(0, 7, 700)


def make(dtype="float32"):
    model = lamina.Sequential(
        [
            layers.Input((150,)),
            layers.Dense(200, activation="relu"),
            layers.Dropout(0.4),
            layers.Dense(90, activation="gelu"),
            layers.Dropout(0.1),
            layers.Dense(7, activation="softmax"),
        ],
        dtype=dtype,
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def digest(model):
    return hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest()


def fitted(seed=1, **options):
    lamina.set_random_seed(seed)
    model = make(options.pop("dtype", "float32"))
    history = model.fit(X, Y, batch_size=128, epochs=3, verbose=0, validation_split=0.2, **options)
    return digest(model), history.history


def passes_on_threads(dtype):
    """Return the (operation, pass) of a step that run on more than one thread."""
    return {key for key, threads in step_plan(make(dtype), X, Y, 128).items() if threads > 1}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_fit_does_not_depend_on_threads(isa, dtype):
    results = []
    for threads in (1, 2, 3, 4):
        lamina.runtime.set_num_threads(threads)
        results.append(fitted(dtype=dtype))
        used = passes_on_threads(dtype)
        if threads == 1:
            assert not used
        else:
            dense = "dense+relu+dropout"
            assert {(dense, "forward"), (dense, "backward"), ("optimizer", "update")} <= used
    assert all(other == results[0] for other in results[1:])


def test_models_have_the_seeds_of_their_turn():
    def made():
        layer = lamina.layers.LSTM(2)
        return lamina.Sequential([lamina.Input((3, 2)), layer, lamina.layers.Dense(1)])

    lamina.set_random_seed(4)
    first, second = made(), made()
    lamina.set_random_seed(4)
    third, fourth = made(), made()
    seeds = [model.seed for model in (fourth, second, third, first)]  # in any order of access
    assert seeds[0] == seeds[1] != seeds[2] == seeds[3]
    for one, other in ((first, third), (second, fourth)):
        for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_the_seed_decides():
    assert fitted(1) == fitted(1)
    assert fitted(1)[0] != fitted(2)[0]


def test_interrupting_leaves_a_usable_model():
    """Ctrl-C arrives within a batch; the history is kept and the next fit works as usual."""
    lamina.set_random_seed(1)
    model = make()
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    first = lamina.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: timer.start() if epoch == 1 else None
    )
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, batch_size=128, epochs=1_000_000, verbose=0, callbacks=[first])
    assert len(model.history.history["loss"]) > 0
    assert np.all(np.isfinite(model.predict(X)))
    before = model.evaluate(X, Y, verbose=0)[0]
    model.fit(X, Y, batch_size=128, epochs=2, verbose=0)
    assert model.evaluate(X, Y, verbose=0)[0] < before + 0.1


def test_eight_threads_predict_the_serial_bits():
    lamina.set_random_seed(1)
    model = make()
    serial = model.predict(X)
    answers = [None] * 8

    def work(i):
        answers[i] = [model.predict(X) for _ in range(20)]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(p, serial) for many in answers for p in many)


def test_two_fits_at_once_are_refused():
    model = make()
    started = threading.Event()
    callback = lamina.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: started.set())
    failures = []

    def work():
        try:
            model.fit(X, Y, epochs=1_000_000, verbose=0, callbacks=[callback])
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert started.wait(20)
    with pytest.raises(RuntimeError, match="fit"):
        model.fit(X, Y, verbose=0)
    model.stop_training = True
    thread.join(20)
    assert not thread.is_alive()
    assert not failures
    model.fit(X, Y, verbose=0)  # free again
