"""The memory of a pass over many rows: that of its plan, not that of all rows."""

import subprocess
import sys

import numpy as np
import pytest

import lamina
from lamina.layers import Conv2D, Dense, GlobalAveragePooling2D, Input, PythonLayer

# A row of these two convolutions needs about 1 MB.  A child's ru_maxrss begins at its parent's
# peak, and would not grow in it.
PICTURES = """
import numpy as np, lamina
from lamina.layers import Conv2D, Dense, GlobalAveragePooling2D, Input

model = lamina.Sequential([Input((64, 64, 3)), Conv2D(32, 3, activation="relu", padding="same"),
                           Conv2D(32, 3, activation="relu", padding="same"),
                           GlobalAveragePooling2D(), Dense(10, "softmax")], seed=1)
model.compile("sgd", "sparse_categorical_crossentropy")
x = np.random.default_rng(0).random((160, 64, 64, 3), dtype="float32")
y = np.arange(160, dtype="int32") % 10

def megabytes(name):
    with open("/proc/self/status") as status:
        return int(status.read().split(name + ":")[1].split()[0]) / 2**10

def peak():
    return megabytes("VmHWM")

def now():
    return megabytes("VmRSS")

before = peak()
"""


LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def run(script, before=PICTURES):
    done = subprocess.run(
        [sys.executable, "-c", before + script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@LINUX
def test_memory_is_bounded_by_the_plan():
    # All rows at once take 170 MB.
    run("""
model.predict(x)
model.predict(x, batch_size=150)
assert peak() - before < 60, ("predict", peak() - before)
model.evaluate(x, y)
assert peak() - before < 80, ("evaluate", peak() - before)
model.fit(x[:4], y[:4], batch_size=2, verbose=0, validation_data=(x, y))
assert peak() - before < 100, ("validation", peak() - before)
""")


@LINUX
def test_the_memory_of_large_batches_is_given_back():
    run("""
model.fit(x[:120], y[:120], batch_size=120, verbose=0)
model.evaluate(x[:120], y[:120], batch_size=120)
assert peak() - before > 150, peak() - before
assert now() - before < 70, now() - before
""")


# In a separate process: memory freed by other tests would hide a leak.
CALLS = """
import os
import numpy as np, lamina
from lamina.layers import Dense, Dropout, Input

x, y = np.ones((64, 50), "float32"), np.zeros(64, "int32")
model = lamina.Sequential([Input((50,)), Dense(200, "relu"), Dropout(0.4), Dense(7, "softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])

def now():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

def grown(call, times):
    for _ in range(times // 4):
        call()
    before = now()
    for _ in range(times):
        call()
    return now() - before
"""


@LINUX
@pytest.mark.parametrize(
    ("call", "times"),
    [("model.predict(x[:1])", 4000), ("model.fit(x, y, verbose=0, validation_split=0.2)", 100)],
    ids=["predict", "fit"],
)
def test_memory_stays(call, times):
    """bench/footprint.py runs the long version."""
    run(f"assert (g := grown(lambda: {call}, {times})) < 1_000_000, g", CALLS)


def test_the_blocks_do_not_change_the_results():
    model = lamina.Sequential(
        [Input((64, 64, 3)), Conv2D(16, 3, activation="relu"), GlobalAveragePooling2D(), Dense(2)],
        seed=1,
    )
    x = np.random.default_rng(0).random((70, 64, 64, 3), dtype="float32")
    assert (
        model.predict(x).tobytes() == np.concatenate([model.predict(r[None]) for r in x]).tobytes()
    )
    assert model.predict(x).tobytes() == model.predict(x, batch_size=70).tobytes()


def test_a_python_layer_sees_the_batches_asked_for():
    seen = []

    def forward(x):
        seen.append(len(x))
        return x

    wide = 64 * 1024  # a block holds fewer than 40 such rows
    model = lamina.Sequential([Input((wide,)), PythonLayer(forward, lambda dy, x: dy)])
    x = np.zeros((100, wide), "float32")
    model.predict(x, batch_size=50)
    assert seen == [50, 50]
    seen.clear()
    model.predict(x)
    assert sum(seen) == 100
    assert len(seen) > 2


def test_a_block_of_predictions_has_values_of_the_size_of_the_weights(threads):
    def block(layers, units, shape=(8,)):
        model = lamina.Sequential([Input(shape), *[Dense(units) for _ in range(layers)]])
        return model._predictor([shape], 100_000).block(100_000)

    threads(1)
    bytes_of_row = 2 * 4 * 1024  # inputs and outputs of a layer
    assert block(4, 1024) * bytes_of_row == pytest.approx(3 * 4 * 1024 * 1024, rel=0.1)
    assert block(40, 1024) * bytes_of_row == pytest.approx(16 << 20, rel=0.1)
    assert block(4, 128) * bytes_of_row / 8 == pytest.approx(2 << 20, rel=0.1)
