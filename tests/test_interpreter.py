"""The interpreter: ending while threads work, and subinterpreters."""

import importlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

# A daemon thread repeats `work`; the main thread ends in the way given by `end`.
PROGRAM = """
import sys, threading, time
import numpy as np
import lamina
from lamina.layers import Dense, Input, PythonLayer

begun = threading.Event()
x = np.random.default_rng(0).random((256, 32), dtype="float32")
y = x.sum(axis=1)

def own(array):  # Python code that runs for a while below frames of the engine
    begun.set()
    return array * (sum(range(20_000)) > 0)

def network(*more, loss="mse", metrics=()):
    model = lamina.Sequential([Input((32,)), Dense(64, "relu"), *more, Dense(1)], seed=1)
    model.compile("sgd", loss, metrics=list(metrics))
    return model

class Data:
    def __array__(self, dtype=None, copy=None):
        return own(x)

def far(y, p):
    return own(np.abs(y[:, :1] - p))[:, 0]

def layer():
    return PythonLayer(own, lambda dy, x: own(dy))

wide = np.ones((32, 1 << 16), "float32")
double = wide.astype(float)

def cast():  # NumPy copies these without the GIL, below frames of the engine
    copy = PythonLayer(lambda x: double[: len(x)], lambda dy, x: dy)
    model = lamina.Sequential([Input(wide.shape[1:]), copy])
    return lambda: model.predict(wide)

own_loss = lamina.losses.PythonLoss(lambda y, p: own((y - p)[:, 0] ** 2), lambda y, p: 2 * (p - y))

def fit(model):
    return lambda: model.fit(x, y, verbose=0)

def predict(model):
    return lambda: model.predict(x)

work = {work}
def repeat():
    begun.set()
    while True:
        work()

threading.Thread(target=repeat, daemon=True).start()
begun.wait()
time.sleep(0.02)
{end}
"""

WORK = {
    "fit": "fit(network())",
    "predict": "predict(network())",
    "evaluate": "(lambda model: lambda: model.evaluate(x, y))(network())",
    "kernel": "lambda: lamina.kernels.matmul(x, x.T)",
    "array": "lambda: lamina.kernels.matmul(Data(), x.T)",
    "layer": "fit(network(layer()))",
    "layer in predict": "predict(network(layer()))",
    "cast": "cast()",
    "loss": "fit(network(loss=own_loss))",
    "metric": "fit(network(metrics=[far]))",
}
ENDS = {"": 0, "sys.exit(3)": 3, "raise RuntimeError": 1}
CASES = [(work, list(ENDS)[i % 3]) for i, work in enumerate(WORK)]
CASES += [("predict", ""), ("layer", ""), ("fit", "raise RuntimeError")]


def start(script):
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture(scope="module")
def ended():
    """The result of each program; two run at a time."""
    programs = [PROGRAM.format(work=WORK[work], end=end) for work, end in CASES]
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(CASES, pool.map(start, programs), strict=True))


@pytest.mark.parametrize(("work", "end"), CASES)
def test_python_ends_while_a_daemon_thread_works(work, end, ended):
    done = ended[work, end]
    assert done.returncode == ENDS[end], done.stderr


def interpreters():
    for name in ("_interpreters", "_xxsubinterpreters"):
        try:
            return importlib.import_module(name)
        except ImportError:
            pass
    pytest.skip("this Python has no subinterpreters")


@pytest.mark.parametrize(("first", "isolated"), [("", True), ("import lamina", False)])
def test_a_subinterpreter_is_refused_at_once(first, isolated):
    name = interpreters().__name__
    script = f"""
import {name} as interpreters
{first}
try:
    inner = interpreters.create() if {isolated} else interpreters.create(isolated=False)
except TypeError:  # 3.13
    inner = interpreters.create("legacy")
code = '''
import sys
sys.path[:] = {{}}
try:
    import lamina
except ImportError as error:
    assert "must be imported in the main interpreter; got a subinterpreter" in str(error)
else:
    raise AssertionError
'''
import sys
failure = interpreters.run_string(inner, code.format(sys.path))
assert failure is None, failure
import lamina  # here it works
"""
    done = start(script)
    assert done.returncode == 0, done.stderr
