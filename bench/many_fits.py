"""A grid of small networks by cross-validation, beside scikit-learn's GridSearchCV.

The grid is searched by fit_many over a lamina model, in float32, and by
lamina.model_selection.grid_search over lamina.sklearn.MLPRegressor, in float64 as in scikit-learn:
its fits, and therefore its scores, are those of scikit-learn's estimator with the same seeds.
Boston, 20 settings (4 widths, 5 learning rates) times 10 folds, 100 epochs of Adam over batches of
32 rows, Keras's default, or of 200, scikit-learn's (``--batch-size 200``); the same standardised
columns, folds, network and score.  A round is the whole search, from the call to the best score, on
all CPUs; each round has its own seed, the same for both.  The best score of a search also depends
on its seed: look at the mean over several rounds.

python bench/many_fits.py
python bench/many_fits.py --rounds 5 --peer none --profile
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import time
import warnings
from typing import Any

import numpy as np

from common import add_options, append_history, at_least_one, machine, table

UNITS = [4, 8, 16, 32]
RATES = [0.01, 0.02, 0.05, 0.1, 0.2]
FOLDS, EPOCHS = 10, 100
FASTER = 40.0  # the least ratio of times


def data() -> tuple[Any, Any, list[Any]]:
    from lamina.datasets import boston

    read = boston.load()
    x = (read.x - read.x.mean(axis=0)) / read.x.std(axis=0)
    order = np.random.default_rng(0).permutation(len(x))
    held = np.array_split(order, FOLDS)
    return x, read.y, [(np.setdiff1d(order, rows), np.sort(rows)) for rows in held]


def by_lamina(x: Any, y: Any, folds: list[Any], batch: int, seed: int = 0) -> tuple[float, Any]:
    """Return the best setting's mean squared error, and the setting."""
    import lamina

    def dense(inputs: int, units: int, activation: str | None = None) -> Any:
        bound = math.sqrt(6 / (inputs + units))  # scikit-learn's, of biases too
        return lamina.layers.Dense(
            units,
            activation,
            bias_initializer=lamina.initializers.RandomUniform(-bound, bound),
        )

    def build(units: int) -> Any:
        columns = x.shape[1]
        model = lamina.Sequential(
            [lamina.Input((columns,)), dense(columns, units, "relu"), dense(units, 1)]
        )
        model.compile("adam", "mse")
        return model

    fits = lamina.fit_many(
        build, x, y, settings={"units": UNITS, "learning_rate": RATES}, folds=folds,
        seeds=[seed], epochs=EPOCHS, batch_size=batch, verbose=0,
    )  # fmt: skip
    best = fits.best_setting()
    means = fits.by_setting()["held_out_loss"]
    return float(np.nanmin(means)), best


def by_estimator(x: Any, y: Any, folds: list[Any], batch: int, seed: int = 0) -> tuple[float, Any]:
    """Return the same for lamina's estimator, whose fits are those of scikit-learn."""
    from lamina.model_selection import grid_search
    from lamina.sklearn import MLPRegressor

    return searched(grid_search, MLPRegressor, x, y, folds, batch, seed)


def by_sklearn(x: Any, y: Any, folds: list[Any], batch: int, seed: int = 0) -> tuple[float, Any]:
    from sklearn.model_selection import GridSearchCV
    from sklearn.neural_network import MLPRegressor

    def search(network: Any, grid: Any, x: Any, y: Any, **more: Any) -> Any:
        return GridSearchCV(network, grid, n_jobs=-1, **more).fit(x, y)

    return searched(search, MLPRegressor, x, y, folds, batch, seed)


def searched(
    search: Any, kind: Any, x: Any, y: Any, folds: list[Any], batch: int, seed: int
) -> tuple[float, Any]:
    from sklearn.exceptions import ConvergenceWarning

    network = kind(
        alpha=0.0, batch_size=batch, max_iter=EPOCHS, n_iter_no_change=EPOCHS, random_state=seed
    )
    grid = {"hidden_layer_sizes": [(u,) for u in UNITS], "learning_rate_init": RATES}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = search(network, grid, x, y, scoring="neg_mean_squared_error", cv=folds, refit=False)
    return -float(found.best_score_), found.best_params_


def seconds(search: Any, *arguments: Any) -> tuple[float, float, Any]:
    begin = time.perf_counter()
    score, best = search(*arguments)
    return time.perf_counter() - begin, score, best


def apart(scores: dict[str, list[float]]) -> float:
    """Return the largest relative difference of best scores over the same seeds."""
    pairs = zip(scores["grid_search"], scores["scikit-learn"], strict=True)
    return max(abs(ours / theirs - 1) for ours, theirs in pairs)


def profile(x: Any, y: Any, folds: list[Any], batch: int) -> None:
    """Show how the calling thread's time is spent."""
    import cProfile
    import pstats

    for search in (by_lamina, by_estimator):
        with cProfile.Profile() as run:
            search(x, y, folds, batch)
        pstats.Stats(run).sort_stats("cumulative").print_stats(45)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    add_options(parser, rounds=3)
    text = "what to compare it with (default: %(default)s)"
    parser.add_argument("--peer", choices=["sklearn", "none"], default="sklearn", help=text)
    parser.add_argument("--profile", action="store_true", help="profile one search more")
    text = "rows of a batch (default: %(default)s)"
    parser.add_argument("--batch-size", type=at_least_one, default=32, help=text)
    options = parser.parse_args()
    batch = options.batch_size
    x, y, folds = data()
    contestants = {"fit_many": by_lamina, "grid_search": by_estimator}
    if options.peer == "sklearn":
        contestants["scikit-learn"] = by_sklearn
    for search in contestants.values():  # imports, worker processes
        search(x, y, folds[:1], batch)
    times: dict[str, list[float]] = {name: [] for name in contestants}
    scores: dict[str, list[float]] = {name: [] for name in contestants}
    chosen: dict[str, Any] = {}
    for seed in range(options.rounds):
        for name, search in contestants.items():
            took, score, chosen[name] = seconds(search, x, y, folds, batch, seed)
            times[name].append(took)
            scores[name].append(score)
    rows = [
        [name, f"{statistics.median(all_):.3f}", f"{min(all_):.3f}", f"{np.mean(scores[name]):.2f}",
         str(chosen[name])]
        for name, all_ in times.items()
    ]  # fmt: skip
    fits = len(UNITS) * len(RATES) * FOLDS
    print(f"{fits} fits of {EPOCHS} epochs, batches of {batch}, Boston")
    print(table(["", "median s", "best s", "best score, mean", "last setting"], rows))
    theirs = times.get("scikit-learn", [])
    for name in ("fit_many", "grid_search") if theirs else ():
        ratio = statistics.median(b / a for a, b in zip(times[name], theirs, strict=True))
        print(f"{name} is {ratio:.1f} times as fast as scikit-learn (target {FASTER:g})")
    if theirs:
        print(f"best scores of grid_search and scikit-learn differ by at most {apart(scores):.1e}")
    if options.profile:
        profile(x, y, folds, batch)
    if options.history:
        append_history(
            "many_fits",
            machine(os.cpu_count() or 1) | {"batch": batch, "seconds": times, "scores": scores},
        )


if __name__ == "__main__":
    main()
