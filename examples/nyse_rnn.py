"""Tomorrow's trading volume from the last five days: a recurrent network and least squares.

Every day from 1962 to 1986 the New York Stock Exchange has a log trading volume v, a return r of
the Dow Jones index and a log volatility z.  From the five days (v, r, z) before day t the network
predicts v of day t.  It reads them one after the other and keeps a state of 12 numbers, computed
at each day from that day and from the state before with the same weights:

    state(t) = tanh(x(t) W + state(t-1) U + b),     prediction = last state . beta + beta0

An autoregression gets the same 15 numbers at once and is fitted by least squares.  (James,
Witten, Hastie and Tibshirani, "An Introduction to Statistical Learning", 10.5.2.)

    python examples/nyse_rnn.py
"""

import argparse
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import lamina
from lamina import layers
from lamina.datasets import nyse

LAGS = 5


def main():
    """Fit both, compare and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=75, help="passes through the data")
    parser.add_argument("--seed", type=int, default=1, help="of all random numbers")
    parser.add_argument("--rows", type=int, help="train on the first ROWS days only")
    parser.add_argument("--out", type=Path, default=Path("pictures"), help="folder of the pictures")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    # Windows of shape (days, 5, 3), oldest day first; each series has mean 0 and standard
    # deviation 1 over the training days, those before 1980.
    (x_train, y_train), (x_test, y_test) = nyse.load_data(lags=LAGS)
    x_train, y_train = x_train[: options.rows], y_train[: options.rows]

    lamina.set_random_seed(options.seed)
    model = lamina.Sequential(
        [
            lamina.Input((LAGS, 3)),
            layers.SimpleRNN(12, dropout=0.1, recurrent_dropout=0.1),
            layers.Dense(1),
        ]
    )
    model.compile(optimizer="rmsprop", loss="mse")
    model.summary()
    start = time.perf_counter()
    history = model.fit(
        x_train,
        y_train,
        batch_size=64,
        epochs=options.epochs,
        validation_data=(x_test, y_test),
        verbose=0,
    )
    seconds = time.perf_counter() - start
    network = model.predict(x_test, verbose=0)[:, 0]

    # Least squares on the same numbers: 15 predictors and an intercept.
    beta, *_ = np.linalg.lstsq(with_intercept(x_train), y_train, rcond=None)
    linear = with_intercept(x_test) @ beta
    yesterday = x_test[:, -1, nyse.load().feature_names.index("log_volume")]

    print(f"{'':28}weights   test R2")
    for name, weights, guess in (
        ("tomorrow will be as today", 0, yesterday),
        ("linear autoregression", len(beta), linear),
        ("recurrent network", model.count_params(), network),
    ):
        print(f"{name:28}{weights:7}{r_squared(y_test, guess):10.3f}")

    draw(history, y_test, linear, network, options.out / "nyse.png")
    print(f"pictures: {options.out}")
    print(
        f"nyse_rnn: test R2 {r_squared(y_test, network):.3f}, "
        f"linear autoregression {r_squared(y_test, linear):.3f}, "
        f"{options.epochs} epochs of {len(x_train)} days in {seconds:.2f} s"
    )


def with_intercept(windows):
    """Return each window as one row, with a 1 before it."""
    return np.column_stack([np.ones(len(windows)), windows.reshape(len(windows), -1)])


def r_squared(y, guess):
    """Return the share of the variance of `y` that `guess` explains."""
    return 1 - np.mean((y - guess) ** 2) / np.var(y)


def draw(history, y, linear, network, path):
    """Draw R2 over epochs, and the first 120 test days as they were and as predicted."""
    plt.switch_backend("Agg")  # pictures go to files; no window opens
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.5), width_ratios=(1, 2))
    epochs = np.arange(1, len(history.history["loss"]) + 1)
    left.plot(epochs, 1 - np.array(history.history["val_loss"]) / np.var(y), label="network")
    left.axhline(r_squared(y, linear), color="black", linewidth=1, label="autoregression")
    left.set(xlabel="epoch", ylabel="test R2", ylim=(0, 0.5))
    left.legend(frameon=False)
    right.plot(y[:120], color="0.6", label="log volume")
    right.plot(network[:120], label="network")
    right.plot(linear[:120], color="black", linewidth=1, label="autoregression")
    right.set(xlabel="trading day of 1980", ylabel="standard deviations")
    right.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
