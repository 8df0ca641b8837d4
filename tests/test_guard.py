"""One training at a time: interrupts, threads and processes."""

import gc
import random
import signal
import threading
import time
import weakref

import numpy as np
import pytest

import lamina
from lamina.callbacks import LambdaCallback
from lamina.layers import Dense, Input
from lamina.models.compilation.guard import Guard

X = np.random.default_rng(0).normal(size=(64, 5)).astype("float32")
Y = X.sum(axis=1)


def network(**options):
    model = lamina.Sequential([Input((5,)), Dense(4, "relu"), Dense(1)], seed=1)
    model.compile("adam", "mse", **options)
    return model


def test_a_claim_left_behind_does_not_count():
    guard = Guard()

    def interrupted():
        guard.training("fit").__enter__()  # the interrupt comes before the block begins
        with pytest.raises(RuntimeError, match="busy with fit"):
            guard.training("fit").__enter__()
        with guard.evaluating("evaluate"):
            pass
        raise KeyboardInterrupt

    def elsewhere():
        with guard.training("fit"):
            seen.append("fit")

    seen = []
    with pytest.raises(KeyboardInterrupt) as kept:  # its traceback keeps all frames
        interrupted()
    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    with guard.training("fit"):
        seen.append("fit")
    assert seen == ["fit", "fit"]
    assert kept.value is not None


# An interrupt in a destructor is only reported.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs setitimer()")
def test_fit_after_an_interrupt_anywhere():
    model = network()
    model.fit(X, Y, verbose=0)
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    draw, interrupts, end = random.Random(1), 0, time.monotonic() + 3
    try:
        while time.monotonic() < end:
            try:
                signal.setitimer(signal.ITIMER_REAL, draw.uniform(5e-6, 4e-4))
                model.fit(X, Y, verbose=0)  # a model left busy would raise RuntimeError
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                interrupts += 1
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert interrupts > 100
    model.fit(X, Y, verbose=0)
    assert np.isfinite(model.predict(X)).all()


def test_a_callback_may_not_change_the_layers():
    for change in (lambda m: m.pop(), lambda m: m.add(Dense(2))):
        model = network()
        with pytest.raises(RuntimeError, match=r"(add|pop): the model is busy with fit"):
            model.fit(X, Y, verbose=0, callbacks=[
                LambdaCallback(on_epoch_end=lambda e, logs, m=model, c=change: c(m))
            ])  # fmt: skip
        assert len(model.layers) == 2


def test_a_trained_model_is_freed_without_garbage_collection():
    model = network()
    history = model.fit(X, Y, verbose=0)
    assert history.model is model
    gone = weakref.ref(model)
    gc.disable()
    try:
        del model
        assert gone() is None
        assert history.model is None
    finally:
        gc.enable()
