"""A thousand small fits through Dask's and through mpi4py's executor: the bits of the local run.

python bench/many_executors.py --executor dask
mpiexec -n 3 python -m mpi4py.futures bench/many_executors.py --executor mpi
"""

from __future__ import annotations

import argparse
import os
import time
from typing import Any

import numpy as np

from common import add_options, append_history, machine

FITS = 1000
SETTINGS = {"units": [2, 3, 5, 8, 13], "learning_rate": [0.003, 0.01, 0.03, 0.1]}
FOLDS, SEEDS, EPOCHS = 10, 5, 20


def build(units: int) -> Any:
    import lamina

    model = lamina.Sequential(
        [
            lamina.Input((13,)),
            lamina.layers.Dense(units, activation="tanh"),
            lamina.layers.Dropout(0.1),
            lamina.layers.Dense(1),
        ]
    )
    model.compile("adam", "mse")
    return model


def fitted(executor: Any = None) -> tuple[Any, float]:
    import lamina
    from lamina.datasets import boston

    read = boston.load()
    x = (read.x - read.x.mean(axis=0)) / read.x.std(axis=0)
    begin = time.perf_counter()
    fits = lamina.fit_many(
        build, x, read.y, settings=SETTINGS, seeds=SEEDS, folds=FOLDS, epochs=EPOCHS,
        keep=("scores", "weights"), executor=executor, verbose=0,
    )  # fmt: skip
    return fits, time.perf_counter() - begin


def differing(here: Any, there: Any) -> int:
    """Return how many fits differ in any bit of their weights, or in their row of the table."""
    same = np.ones(len(here), bool)
    for name in here.table:
        if name != "seconds":
            pairs = zip(here.table[name], there.table[name], strict=True)
            same &= [a == b or (a is not None and np.isnan(a) and np.isnan(b)) for a, b in pairs]
    for i, (mine, theirs) in enumerate(zip(here.weights, there.weights, strict=True)):
        same[i] &= all(np.array_equal(p, q) for p, q in zip(mine, theirs, strict=True))
    return int((~same).sum())


def report(options: argparse.Namespace, executor: Any, workers: int) -> None:
    """Print and record how long the fits took here and there, and how many differ."""
    for _ in range(options.rounds):
        here, local = fitted()
        there, away = fitted(executor)
        assert len(here) == FITS
        done, wrong = int((there.table["status"] == "ok").sum()), differing(here, there)
        print(
            f"{options.executor}: {done} of {FITS} fits by {workers} processes in {away:.2f} s, "
            f"here in {local:.2f} s; {wrong} differ"
        )
        if options.history:
            append_history(
                "many_executors",
                machine(os.cpu_count() or 1)
                | {"executor": options.executor, "seconds": [local, away], "differ": wrong},
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    add_options(parser, rounds=1)
    text = "where the fits run (default: %(default)s)"
    choices = ["dask", "mpi", "processes"]
    parser.add_argument("--executor", choices=choices, default="processes", help=text)
    options = parser.parse_args()
    if options.executor == "dask":
        from dask.distributed import Client, LocalCluster

        with (
            LocalCluster(
                n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
            ) as cluster,
            Client(cluster) as client,
        ):
            report(options, client.get_executor(), 2)
    elif options.executor == "mpi":
        from mpi4py.futures import MPIPoolExecutor

        with MPIPoolExecutor() as executor:
            report(options, executor, executor.num_workers)
    else:
        from concurrent.futures import ProcessPoolExecutor

        with ProcessPoolExecutor(2) as executor:
            report(options, executor, 2)


if __name__ == "__main__":
    main()
