"""Pictures of clothes: the network of mnist_cnn.py where its task is harder.

Fashion-MNIST has the format of the digits, 28 x 28 grey pixels in ten classes, and 60,000
pictures to train on.  The confusion matrix shows what is hard: shirts, pullovers and coats are
taken for each other, trousers and bags hardly ever for anything.

The data are not part of this project.  On Debian and Ubuntu `apt install dataset-fashion-mnist`
puts them where the script looks; elsewhere download the four files named in
https://github.com/zalandoresearch/fashion-mnist into a folder and give that:

    python examples/fashion_cnn.py --data FOLDER
"""

import argparse
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import lamina
from lamina import layers, plot
from lamina.datasets import fashion_mnist


def main():
    """Train, test and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of the four IDX files")
    parser.add_argument("--epochs", type=int, default=5, help="passes through the data")
    parser.add_argument("--seed", type=int, default=1, help="of all random numbers")
    parser.add_argument("--rows", type=int, help="train and test on the first ROWS pictures only")
    parser.add_argument("--out", type=Path, default=Path("pictures"), help="folder of the pictures")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    try:
        (x_train, y_train), (x_test, y_test) = fashion_mnist.load_data(options.data)
    except FileNotFoundError as error:
        raise SystemExit(f"{error}. This script takes the folder as --data") from None
    x_train, y_train = x_train[: options.rows], y_train[: options.rows]
    x_test, y_test = x_test[: options.rows], y_test[: options.rows]
    x_train = x_train[..., np.newaxis].astype("float32") / 255
    x_test = x_test[..., np.newaxis].astype("float32") / 255

    lamina.set_random_seed(options.seed)
    model = lamina.Sequential(
        [
            lamina.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])

    # The test pictures are only looked at, for the curves: nothing is chosen by them.
    start = time.perf_counter()
    history = model.fit(
        x_train, y_train, batch_size=128, epochs=options.epochs, validation_data=(x_test, y_test)
    )
    seconds = time.perf_counter() - start
    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    guess = model.predict(x_test, verbose=0).argmax(axis=1)

    # Row: the class; column: what the network says; entries count test pictures.
    confusion = np.zeros((10, 10), dtype=int)
    np.add.at(confusion, (y_test, guess), 1)
    for label, name in enumerate(fashion_mnist.CLASS_NAMES):
        row = confusion[label]
        others = np.where(np.arange(10) == label, -1, row)
        print(
            f"{name:12}{row[label]:5} of {row.sum():4} right; most often taken for "
            f"{fashion_mnist.CLASS_NAMES[others.argmax()]} ({others.max()})"
        )

    plt.switch_backend("Agg")  # pictures go to files; no window opens
    plot.learning_curves(history, options.out / "fashion_curves.png")
    draw_confusion(confusion, options.out / "fashion_confusion.png")
    print(f"pictures: {options.out}")
    print(
        f"fashion_cnn: test accuracy {100 * accuracy:.2f} %, "
        f"{options.epochs} epochs of {len(x_train)} pictures in {seconds:.1f} s"
    )


def draw_confusion(confusion, path):
    """Draw the confusion matrix, each row as shares of its class."""
    share = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    figure, axes = plt.subplots(figsize=(6.5, 6), layout="constrained")
    axes.imshow(np.sqrt(share), cmap="Blues")  # the root makes rare confusions visible
    for (i, j), count in np.ndenumerate(confusion):
        if count:
            colour = "white" if share[i, j] > 0.4 else "black"
            axes.text(j, i, count, ha="center", va="center", fontsize=8, color=colour)
    axes.set_xticks(range(10), fashion_mnist.CLASS_NAMES, rotation=60, ha="right")
    axes.set_yticks(range(10), fashion_mnist.CLASS_NAMES)
    axes.set(xlabel="network", ylabel="class")
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
