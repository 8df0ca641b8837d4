"""Many fits in other threads and processes: the same bits, and what an executor does not take."""

import concurrent.futures
import pickle
from typing import Any

import numpy as np
import pytest

import lamina
from many_fits import build, data, same


@pytest.mark.parametrize("kind", ["threads", "processes", "joblib"])
def test_executors_give_the_bits_of_this_process(kind: str):
    x, y = data()
    arguments: Any = {
        "settings": {"units": [2, 4]}, "seeds": 2, "folds": 3, "epochs": 2, "keep": "all",
        "verbose": 0,
    }  # fmt: skip
    here = lamina.fit_many(build, x, y, **arguments)
    pools: Any = {
        "threads": concurrent.futures.ThreadPoolExecutor,
        "processes": concurrent.futures.ProcessPoolExecutor,
    }
    if kind == "joblib":
        joblib = pytest.importorskip("joblib")
        with joblib.parallel_config(backend="threading", n_jobs=2):
            there = lamina.fit_many(build, x, y, executor="joblib", **arguments)
    else:
        with pools[kind](2) as executor:
            there = lamina.fit_many(build, x, y, executor=executor, **arguments)
    for name in here.table:
        if name != "seconds":
            np.testing.assert_array_equal(here.table[name], there.table[name])
    assert all(same(a, b) for a, b in zip(here.weights, there.weights, strict=True))
    again = pickle.loads(pickle.dumps(there))
    assert same(again.weights[5], here.weights[5])


class Losing(concurrent.futures.Executor):
    """Runs a number of tasks, pickled as for a process, then accepts no more."""

    def __init__(self, tasks: int) -> None:
        self.left = tasks

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[Any]:
        if not self.left:
            raise RuntimeError("no worker is left")
        self.left -= 1
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        try:
            future.set_result(pickle.loads(pickle.dumps(fn))(*pickle.loads(pickle.dumps(args))))
        except Exception as error:
            future.set_exception(error)
        return future


def test_fits_that_an_executor_does_not_take_are_rows_that_say_so():
    x, y = data()
    fits = lamina.fit_many(build, x, y, seeds=4, epochs=1, executor=Losing(1), verbose=0)
    assert list(fits.table["status"]) == ["ok", "failed", "failed", "failed"]
    assert fits.table["message"][3] == "RuntimeError: no worker is left"


def test_what_cannot_be_pickled_is_told_with_what_to_do():
    x, y = data()
    with pytest.raises(TypeError, match=r"fit_many: the executor.*lambda.*at the top of a module"):
        lamina.fit_many(lambda: build(2), x, y, epochs=1, executor=Losing(9), verbose=0)


def test_messages_name_the_function_that_was_called():
    x, y = data()
    with pytest.raises(TypeError, match=r"^search: the executor's workers receive"):
        lamina.many.fitting.fits_for(
            "search", lambda: build(2), x, y, executor=Losing(9), verbose=0, fit={"epochs": 1}
        )
