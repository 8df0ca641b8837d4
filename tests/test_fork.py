"""A child of fork() trains, with all its threads, and gets the parent's bits.

Threads do not survive a fork: the child forms a team of its own (csrc/runtime/team.cpp).  Each case
runs in a process of its own, so that a hang ends at a timeout and not in pytest.
"""

import os
import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")

PRELUDE = """
import hashlib, os, signal, sys, threading, warnings
import numpy as np
import lamina
from lamina import layers
warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of fork beside threads
lamina.set_num_threads(2)
lamina._core.runtime.assume_round_trip(60)  # both threads work, wherever the CPUs are
rng = np.random.default_rng(0)
x = rng.normal(size=(256, 200)).astype("float32")
y = rng.integers(0, 10, 256)

def train():
    lamina.set_random_seed(3)
    model = lamina.Sequential([
        layers.Input((200,)), layers.Dense(128, activation="relu"), layers.Dropout(0.2),
        layers.Dense(10, activation="softmax"),
    ])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    model.fit(x, y, batch_size=128, epochs=1, verbose=0)
    return hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest()

def in_child(work):
    '''What work() says in a forked child; a child that hangs is ended by its alarm.'''
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        signal.alarm(20)
        os.close(reader)
        os.write(writer, work().encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        answer = pipe.read()
    os.waitpid(pid, 0)
    return answer

def threads_running():
    return len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 99

"""


def run(code, timeout=300, first="expected = train()\n"):
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + first + textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_two_hundred_children():
    assert run("""
        print(sum(in_child(train) == expected for _ in range(200)))
    """) == ["200"]


def test_the_child_has_its_threads():
    out = run("""
        def work():
            same = train() == expected
            return f"{same} {threads_running()}"
        print(in_child(work))
    """)
    assert out[0] == "True"
    assert int(out[1]) >= 2


def test_from_a_worker_thread():
    assert run("""
        answers = []
        def worker():
            train()
            answers.extend(in_child(train) == expected for _ in range(10))
        thread = threading.Thread(target=worker)
        thread.start()
        thread.join()
        print(sum(answers))
    """) == ["10"]


def test_nested():
    assert run("""
        def grandchild():
            return train()
        def child():
            return str(train() == expected and in_child(grandchild) == expected)
        print(sum(in_child(child) == "True" for _ in range(10)))
    """) == ["10"]


def test_the_parent_goes_on():
    assert run("""
        in_child(train)
        print(train() == expected)
    """) == ["True"]


def test_multiprocessing_fork():
    assert run("""
        import multiprocessing
        with multiprocessing.get_context("fork").Pool(2) as pool:
            print(sum(pool.apply(train) == expected for _ in range(4)))
    """) == ["4"]


def test_while_other_threads_predict():
    """A lock held by another thread at the moment of the fork would stay locked in the child."""
    assert run("""
        small = lamina.Sequential([layers.Input((3,)), layers.Dense(2)])
        rows = np.ones((4, 3), "float32")
        small.predict(rows)
        stop = threading.Event()
        def predict():
            while not stop.is_set():
                small.predict(rows)
        workers = [threading.Thread(target=predict) for _ in range(3)]
        for worker in workers:
            worker.start()
        def in_the_child():
            return str(small.predict(rows).shape)
        answers = [in_child(in_the_child) for _ in range(300)]
        stop.set()
        for worker in workers:
            worker.join()
        print(answers.count("(4, 2)"))
    """) == ["300"]


def test_while_other_threads_share_their_work():
    """In the child, no thread remains of a team that was at work."""
    assert run("""
        a = rng.normal(size=(300, 300)).astype("float32")
        product = lamina.kernels.matmul(a, a)
        stop = threading.Event()
        def multiply():
            while not stop.is_set():
                lamina.kernels.matmul(a, a)
        workers = [threading.Thread(target=multiply) for _ in range(3)]
        for worker in workers:
            worker.start()
        def in_the_child():
            same = all((lamina.kernels.matmul(a, a) == product).all() for _ in range(20))
            return str(same and train() == expected)
        answers = [in_child(in_the_child) for _ in range(50)]
        stop.set()
        for worker in workers:
            worker.join()
        print(answers.count("True"))
    """) == ["50"]


def test_while_another_thread_holds_a_state():
    """The thread does not exist in the child, and holds no lock there."""
    assert run("""
        model = lamina.Sequential([layers.Input((60, 16)), layers.LSTM(32, stateful=True)])
        rows = np.ones((256, 60, 16), "float32")
        model.predict(rows)
        stop = threading.Event()
        def predict():
            while not stop.is_set():
                model.predict(rows)
        worker = threading.Thread(target=predict)
        worker.start()
        def in_the_child():
            model.reset_state()
            return str(model.predict(rows[:3]).shape)
        answers = [in_child(in_the_child) for _ in range(30)]
        stop.set()
        worker.join()
        print(answers.count("(3, 32)"))
    """) == ["30"]


def test_after_another_library_used_the_same_openmp():
    """The dead pool may have been started by another library."""
    ctypes_region = """
        import ctypes
        body = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda _: None)
        try:
            gomp = ctypes.CDLL("libgomp.so.1")
        except OSError:
            print(1)
            raise SystemExit
        gomp.GOMP_parallel(body, None, 2, 0)
        first = in_child(train)
        print(int(first == train()))
    """
    assert run(ctypes_region, first="") == ["1"]


def test_a_child_trains_while_the_parent_trains_and_builds():
    run("""
        import time
        from lamina.layers.base.lock import structure
        model = lamina.Sequential([layers.Input((200,)), layers.Dense(8)])
        model.compile("sgd", "mse")
        goal = np.zeros((256, 8), "float32")
        held, done = threading.Event(), threading.Event()

        def busy():
            with structure():
                held.set()
                done.wait(30)

        def fit(epoch, logs):
            trains.set()
            done.wait(30)

        trains = threading.Event()
        hook = lamina.callbacks.LambdaCallback(on_epoch_begin=fit)
        first = threading.Thread(target=lambda: model.fit(x, goal, verbose=0, callbacks=[hook]))
        first.start()
        assert trains.wait(30)
        second = threading.Thread(target=busy)
        second.start()
        assert held.wait(30)
        answer = in_child(lambda: str(model.fit(x, goal, verbose=0).epoch) + str(
            model.predict(x).shape))
        done.set()
        first.join()
        second.join()
        assert answer == "[0](256, 8)", answer
    """)
