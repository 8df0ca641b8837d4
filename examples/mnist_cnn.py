"""Handwritten digits and a convolutional network.

A convolution layer slides small filters over the picture: each of its outputs sees 3 x 3 pixels,
and all places share the filter's weights.  Pooling keeps the largest of 2 x 2 outputs.  After two
such rounds the maps are flattened and a dense network tells the ten digits apart.

    python examples/mnist_cnn.py
"""

import argparse
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import lamina
from lamina import layers, plot
from lamina.datasets import mnist


def main():
    """Train, test and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=12, help="passes through the data")
    parser.add_argument("--seed", type=int, default=1, help="of all random numbers")
    parser.add_argument("--rows", type=int, help="train and test on the first ROWS digits only")
    parser.add_argument("--out", type=Path, default=Path("pictures"), help="folder of the pictures")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    # 5,000 digits to train and 10,000 to test, each 28 x 28 pixels of ink from 0 to 255.  The last
    # axis is for colours; there is one.
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    x_train, y_train = x_train[: options.rows], y_train[: options.rows]
    x_test, y_test = x_test[: options.rows], y_test[: options.rows]
    x_train = x_train[..., np.newaxis].astype("float32") / 255
    x_test = x_test[..., np.newaxis].astype("float32") / 255

    # The seed fixes the starting weights, the order of the digits and the dropout.
    lamina.set_random_seed(options.seed)
    model = lamina.Sequential(
        [
            lamina.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),  # 26 x 26, 32 filters
            layers.MaxPooling2D(2),  # 13 x 13
            layers.Conv2D(64, 3, activation="relu"),  # 11 x 11, 64 filters over 32 channels
            layers.MaxPooling2D(2),  # 5 x 5
            layers.Flatten(),  # 1,600 numbers
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.summary()

    start = time.perf_counter()
    history = model.fit(x_train, y_train, batch_size=128, epochs=options.epochs)
    seconds = time.perf_counter() - start
    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    guess = model.predict(x_test, verbose=0).argmax(axis=1)

    plt.switch_backend("Agg")  # pictures go to files; no window opens
    plot.learning_curves(history, options.out / "mnist_curves.png")
    draw_errors(x_test, y_test, guess, options.out / "mnist_errors.png")
    draw_feature_maps(model, x_test[0], options.out / "mnist_feature_maps.png")
    print(f"pictures: {options.out}")
    print(
        f"mnist_cnn: test accuracy {100 * accuracy:.2f} % "
        f"({np.sum(guess != y_test)} of {len(y_test)} wrong), "
        f"{options.epochs} epochs of {len(x_train)} digits in {seconds:.1f} s"
    )


def draw_errors(x, y, guess, path):
    """Draw the first digits that the network takes for another."""
    wrong = np.flatnonzero(guess != y)
    figure, grid = plt.subplots(3, 8, figsize=(8, 4), layout="constrained")
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, i in zip(grid.flat, wrong, strict=False):
        axes.imshow(x[i, :, :, 0], cmap="gray_r")
        axes.set_title(f"{y[i]}, not {guess[i]}", fontsize=9)
    figure.savefig(path, dpi=120)


def draw_feature_maps(model, digit, path):
    """Draw what the filters of the first layer make of one digit."""
    # A model of its own that ends at the first layer; the weights are shared.
    first = lamina.Model(model.inputs, model.layers[0].output)
    maps = first.predict(digit[np.newaxis], verbose=0)[0]
    figure, grid = plt.subplots(4, 9, figsize=(9, 4.2), layout="constrained")
    for axes in grid.flat:
        axes.set_axis_off()
    grid[0, 0].imshow(digit[:, :, 0], cmap="gray_r")
    grid[0, 0].set_title("input", fontsize=9)
    for k, axes in enumerate(grid[:, 1:].flat):
        axes.imshow(maps[:, :, k], cmap="gray_r")
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
