"""Hitters: the network of James et al. over many seeds, beside its baselines (table 10.2).

The book's split and network: 19 standardised predictors, one hidden layer of ReLU units, dropout
0.4, RMSprop, 1,500 epochs in batches of 32.  Its lab has 50 hidden units, its table 64.  Nothing is
chosen on the test rows.  The book has 254.7 for least squares, 252.3 for the lasso and 257.4 for
the network.

    python bench/hitters_baselines.py
    python bench/hitters_baselines.py --seeds 5 --units 64
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

import lamina
from common import add_options, append_history, at_least_one, machine
from lamina.datasets import hitters

FOLDS = Path(__file__).resolve().parent.parent / "tests" / "files" / "hitters_lasso_folds.json"
BOOK = 257.4  # the network's mean absolute error in the book


def network(units: int, x: np.ndarray) -> lamina.Sequential:
    """Return the book's network, which standardises by the training rows."""
    scale = lamina.layers.Normalization()
    scale.adapt(x)
    layers = lamina.layers
    model = lamina.Sequential(
        [lamina.Input((19,)), scale, layers.Dense(units, "relu"), layers.Dropout(0.4),
         layers.Dense(1)], seed=0,
    )  # fmt: skip
    model.compile("rmsprop", "mse")
    return model


def book_folds() -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the folds with which the book's lasso chose its penalty."""
    fold = np.array(json.loads(FOLDS.read_text())["folds"])
    return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(1, 11)]


def errors_of(units: int, data: tuple, options: argparse.Namespace) -> dict[str, list[float]]:
    """Fit the network with every seed; print its errors on the test rows, and the baselines."""
    (x, y), (x_test, y_test) = data
    fits = lamina.fit_many(
        network(units, x), x, y, seeds=options.seeds, epochs=options.epochs, batch_size=32,
        predict=x_test, keep="weights", verbose=0,
    )  # fmt: skip
    differences = np.array([fits.predictions[i][:, 0] - y_test for i in range(len(fits))])
    mae = np.abs(differences).mean(axis=1)
    total = np.square(y_test - y_test.mean()).sum()
    r2 = 1 - np.square(differences).sum(axis=1) / total
    middle = float(np.median(mae))
    print(
        f"19-{units}-1 over {len(mae)} seeds: median MAE {middle:.2f} ({mae.min():.2f} to "
        f"{mae.max():.2f}), median R2 {np.median(r2):.3f} ({r2.min():.3f} to {r2.max():.3f}); "
        f"the book {BOOK}: {'met' if middle <= BOOK else 'missed'}"
    )
    nearest = int(np.argmin(np.abs(mae - middle)))
    print(f"seed {nearest}, the nearest to the median, and the baselines:")
    print(fits.models[nearest].compare_baselines(x, y, (x_test, y_test), cv=book_folds()))
    print(flush=True)
    return {"mae": mae.tolist(), "r2": r2.tolist()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    text = "networks of each size, whose median is used (default: %(default)s)"
    parser.add_argument("--seeds", type=at_least_one, default=20, help=text)
    text = "epochs of each (default: %(default)s)"
    parser.add_argument("--epochs", type=at_least_one, default=1500, help=text)
    text = "hidden units, one network each (default: 50 64)"
    parser.add_argument("--units", type=at_least_one, nargs="+", default=[50, 64], help=text)
    add_options(parser)
    options = parser.parse_args()
    data = hitters.load_data()
    found = {str(units): errors_of(units, data, options) for units in options.units}
    if options.history:
        line = {**machine(lamina.get_num_threads()), "epochs": options.epochs}
        append_history("hitters_baselines", {**line, "results": found})


if __name__ == "__main__":
    main()
