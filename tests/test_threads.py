"""The number of threads: settings are obeyed, and the bits do not depend on them."""

import ctypes
import os
import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import lamina
from harness import assert_same_bits
from lamina import _core, layers, runtime
from thread_proof import same_on_threads


def in_new_process(code, **environment):
    cleared = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**cleared, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


SAY = "from lamina import _core; print(_core.runtime.get_num_threads())"


def test_set_and_get():
    runtime.set_num_threads(3)
    assert runtime.get_num_threads() == 3


@pytest.mark.parametrize("bad", [0, -1])
def test_at_least_one_thread(bad):
    with pytest.raises(ValueError, match=f"n must be a positive integer; got {bad}"):
        runtime.set_num_threads(bad)


@pytest.mark.parametrize("name", ["LAMINA_NUM_THREADS", "OMP_NUM_THREADS"])
def test_environment(name):
    assert in_new_process(SAY, **{name: "3"}) == "3"


def test_lamina_goes_before_openmp():
    assert in_new_process(SAY, LAMINA_NUM_THREADS="1", OMP_NUM_THREADS="3") == "1"


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs CPU affinity")
def test_affinity():
    one = min(os.sched_getaffinity(0))
    assert in_new_process(f"import os; os.sched_setaffinity(0, {{{one}}}); {SAY}") == "1"


def test_threadpoolctl():
    threadpoolctl = pytest.importorskip("threadpoolctl")
    _core.runtime.set_num_threads(4)
    with threadpoolctl.threadpool_limits(1):
        assert _core.runtime.get_num_threads() == 1
    assert _core.runtime.get_num_threads() == 4


def test_more_threads_than_cores_give_the_same_bits():
    rng = np.random.default_rng(1)
    a = rng.normal(size=(301, 257)).astype("float32")
    b = rng.normal(size=(257, 403)).astype("float32")
    same_on_threads(lambda: _core.kernels.matmul(a, b), counts=(2, 3, 4, 7))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs glibc's libm by name")
def test_all_threads_round_as_the_calling_one(isa):
    rng = np.random.default_rng(2)
    a = rng.normal(size=(160, 200)).astype("float32")
    b = rng.normal(size=(200, 240)).astype("float32")
    libm = ctypes.CDLL("libm.so.6")
    before, nearest = libm.fegetround(), _core.kernels.matmul(a, b)
    upward = 0x800 if platform.machine() == "x86_64" else 0x400000
    try:
        assert libm.fesetround(upward) == 0
        [(rounded,)] = same_on_threads(lambda: _core.kernels.matmul(a, b), counts=(2, 3))
    finally:
        libm.fesetround(before)
    assert (rounded > nearest).mean() > 0.9
    same_on_threads(lambda: _core.kernels.matmul(a, b), counts=(2, 3))


def test_callers_from_several_threads_share_the_team():
    rng = np.random.default_rng(3)
    a = rng.normal(size=(220, 220)).astype("float32")
    _core.runtime.set_num_threads(1)
    expected = _core.kernels.matmul(a, a)
    _core.runtime.set_num_threads(3)
    with ThreadPoolExecutor(5) as callers:
        answers = callers.map(lambda _: _core.kernels.matmul(a, a), range(300))
        assert all((answer == expected).all() for answer in answers)


def test_bits_where_threads_take_what_others_have_not_begun():
    """As in users' programs: in the other tests every thread does its own part."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(96, 12, 12, 16)).astype("float32")
    y = rng.normal(size=(96, 8)).astype("float32")

    def trained(threads):
        runtime.set_num_threads(threads)
        lamina.set_random_seed(4)
        model = lamina.Sequential([
            layers.Input((12, 12, 16)), layers.Conv2D(32, 3, padding="same", use_bias=False),
            layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D(), layers.Dropout(0.2),
            layers.Reshape((36, 32)), layers.LSTM(48), layers.Dense(512, "relu"), layers.Dense(8),
        ])  # fmt: skip
        model.compile("adam", "mse")
        model.fit(x, y, batch_size=48, epochs=2, verbose=0)
        return [*model.get_weights(), model.predict(x)]

    _core.runtime.share_evenly(False)
    try:
        alone, before = trained(1), _core.runtime.units_helped()
        for threads in (2, 3, 2, 3):
            assert_same_bits(trained(threads), alone, f"{threads} threads")
        assert _core.runtime.units_helped() > before
    finally:
        _core.runtime.share_evenly(True)


@pytest.mark.parametrize(("units", "threads"), [(64, 1), (128, 2)])
def test_a_small_update_stays_where_the_step_ran(units, threads):
    """15 layers of 64 units: 62,400 parameters; of 128: 247,680.  2 rows start no threads."""
    x = np.random.default_rng(0).normal(size=(8, units)).astype("f")
    runtime.set_num_threads(2)
    model = lamina.Sequential([layers.Input((units,))] + [layers.Dense(units) for _ in range(15)])
    model.compile("adam", "mse")
    lines = lamina.profile(model, x, x, batch_size=2).rows
    assert [line.threads for line in lines if line.phase == "update"] == [threads]
    assert {line.threads for line in lines if line.phase != "update"} == {1}


@pytest.mark.parametrize(
    ("nanoseconds", "rows", "threads"), [(60, 32, 2), (330, 32, 1), (330, 256, 2)]
)
def test_a_step_stays_on_one_thread_where_its_weights_would_travel_far(nanoseconds, rows, threads):
    """4 operations per row and weight, forward and for the weights' gradient."""
    x = np.random.default_rng(0).normal(size=(256, 256)).astype("f")
    runtime.set_num_threads(2)
    lamina.set_random_seed(0)
    model = lamina.Sequential([layers.Input((256,)), layers.Dense(256, "relu"), layers.Dense(1)])
    model.compile("adam", "mse")
    weights = model.get_weights()
    try:
        _core.runtime.assume_round_trip(nanoseconds)
        lines = lamina.profile(model, x, x[:, :1], batch_size=rows).rows
        assert max(line.threads for line in lines if line.phase != "update") == threads
        model.fit(x, x[:, :1], batch_size=rows, epochs=1, shuffle=False, verbose=0)
        here = model.get_weights()
        _core.runtime.assume_round_trip(60)
        model.set_weights(weights)
        model.compile("adam", "mse")
        model.fit(x, x[:, :1], batch_size=rows, epochs=1, shuffle=False, verbose=0)
    finally:
        _core.runtime.assume_round_trip(0)
    assert_same_bits(model.get_weights(), here, "on one thread and two")


@pytest.mark.skipif(_core.runtime.thread_info()["affinity"] < 2, reason="needs two CPUs")
def test_the_round_trip_is_measured_where_threads_come():
    """In a separate process, as in users' programs: in tests every thread does its own part."""
    found = in_new_process("""
import time
from lamina import _core
_core.runtime.set_num_threads(2)
found, until = 0.0, time.monotonic() + 30
while found == 0.0 and time.monotonic() < until:
    found = _core.runtime.round_trip_ns()
    time.sleep(0.06)
print(found)""")
    assert 1 < float(found) < 1e5


OUTSIDE = """
import os, resource, threading, time
import numpy as np
from lamina import _core
a = np.ones((400, 400), "float32")
matmul = _core.kernels.matmul
tasks = "/proc/self/task"
"""
linux = pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="reads Linux's /proc")


@linux
def test_a_thread_that_calls_leaves_none_behind():
    assert in_new_process(f"""{OUTSIDE}
_core.runtime.set_num_threads(2)
before = len(os.listdir(tasks))
for _ in range(50):
    caller = threading.Thread(target=matmul, args=(a, a))
    caller.start()
    caller.join()
until = time.monotonic() + 30
while len(os.listdir(tasks)) > before + 1 and time.monotonic() < until:
    time.sleep(0.01)  # the system lists a thread a little longer than it runs
print(len(os.listdir(tasks)) - before)""") in ("0", "1")


@linux
def test_what_the_system_refuses_to_start_is_done_without():
    assert (
        in_new_process(f"""{OUTSIDE}
_core.runtime.set_num_threads(1)
alone = matmul(a, a)
_core.runtime.set_num_threads(4)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 3_000_000, -1))
again = matmul(a, a)
print((again == alone).all(), _core.runtime.get_num_threads())""")
        == "True 1"
    )


@linux
def test_threads_without_work_sleep():
    """A thread's run time contains half a millisecond of waiting for work, and no more."""
    spent = in_new_process(f"""{OUTSIDE}
_core.runtime.set_num_threads(4)
def helped():
    own = threading.get_native_id()
    others = [int(task) for task in os.listdir(tasks) if int(task) != own]
    return {{t: time.clock_gettime_ns(~t << 3 | 6) for t in others}}
for _ in range(20):
    matmul(a, a)
after = helped()
time.sleep(0.3)
print(max(now - after[thread] for thread, now in helped().items()))""")
    assert int(spent) < 1_500_000


def test_thread_info_says_where_the_limit_comes_from():
    _core.runtime.set_num_threads(2)
    info = _core.runtime.thread_info()
    assert info["limit"] == 2
    assert info["source"] == "set_num_threads"
    assert info["affinity"] >= 1
