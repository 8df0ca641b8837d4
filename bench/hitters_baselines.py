"""Hitters: the network of James et al. over many seeds, beside its baselines (table 10.2).

The book's split and network: 19 standardised predictors, one hidden layer of ReLU units, dropout
0.4, RMSprop, 1,500 epochs in batches of 32.  Its lab has 50 hidden units, its table 64.  Nothing is
chosen by the test rows.  The book has 254.7 for least squares, 252.3 for the lasso and 257.4 for
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
from lamina.datasets import hitters

FOLDS = Path(__file__).resolve().parent.parent / "tests" / "files" / "hitters_lasso_folds.json"
BOOK = 257.4  # the network's mean absolute error in the book


def network(units: int, x: np.ndarray) -> lamina.Sequential:
    """Make the book's network, which standardises by the training rows."""
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
    """Return the folds by which the book's lasso chose its penalty."""
    fold = np.array(json.loads(FOLDS.read_text())["folds"])
    return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(1, 11)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=1500)
    parser.add_argument("--units", type=int, nargs="*", default=[50, 64])
    options = parser.parse_args()
    (x, y), (x_test, y_test) = hitters.load_data()
    total = np.square(y_test - y_test.mean()).sum()
    for units in options.units:
        model = network(units, x)
        fits = lamina.fit_many(
            model, x, y, seeds=options.seeds, epochs=options.epochs, batch_size=32,
            predict=x_test, keep="weights", verbose=0,
        )  # fmt: skip
        errors, r2 = [], []
        for i in range(len(fits)):
            difference = fits.predictions[i][:, 0] - y_test
            errors.append(np.abs(difference).mean())
            r2.append(1 - np.square(difference).sum() / total)
        middle = float(np.median(errors))
        print(
            f"19-{units}-1 over {len(errors)} seeds: median MAE {middle:.2f} ({min(errors):.2f} to "
            f"{max(errors):.2f}), median R2 {np.median(r2):.3f} ({min(r2):.3f} to {max(r2):.3f}); "
            f"the book {BOOK}: {'met' if middle <= BOOK else 'missed'}"
        )
        nearest = int(np.argmin(np.abs(np.array(errors) - middle)))
        print(f"beside the seed nearest to the median, {nearest}:")
        print(fits.models[nearest].compare_baselines(x, y, (x_test, y_test), cv=book_folds()))
        print()


if __name__ == "__main__":
    main()
