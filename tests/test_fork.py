"""A child of fork() trains, with all its threads, to the parent's bits.

OpenMP's pool does not survive a fork; csrc/runtime/threads.cpp says how lamina goes on.  Each case
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

expected = train()
"""


def run(code, timeout=300):
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + textwrap.dedent(code)],
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
    assert int(out[1]) >= 3  # main, the leader, its team


def test_from_a_worker_thread():
    assert run("""
        answers = []
        def worker():
            train()  # this thread has a pool of its own, dead in the child
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
