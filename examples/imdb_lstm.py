"""Is a film review good or bad?  A recurrent network that reads it word by word.

A review is a list of word numbers.  An embedding gives each word of the vocabulary a few learned
numbers; an LSTM reads the words in order and keeps a state; its last state tells good from bad.
Reviews differ in length, so that short ones are filled with zeros in front, and long ones lose
their beginning.  With `mask_zero=True` the LSTM skips the zeros.

    python examples/imdb_lstm.py
"""

import argparse
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import lamina
from lamina import layers, plot
from lamina.datasets import imdb
from lamina.utils import pad_sequences

WORDS = 500  # the vocabulary: 0 padding, 1 start of a review, 2 any other word, from 4 on words
LENGTH = 200  # words of a review that are read, its last


def main():
    """Train, test and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    here = Path(__file__).parent
    parser.add_argument("--data", type=Path, default=here / "data", help="folder of the reviews")
    parser.add_argument("--epochs", type=int, default=10, help="passes through the data")
    parser.add_argument("--seed", type=int, default=1, help="of all random numbers")
    parser.add_argument("--rows", type=int, help="train on the first ROWS reviews only")
    parser.add_argument("--out", type=Path, default=Path("pictures"), help="folder of the pictures")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    (x_train, y_train), (x_test, y_test) = imdb.load_data(options.data, num_words=WORDS)
    x_train, y_train = x_train[: options.rows], y_train[: options.rows]
    lengths = np.array([len(review) for review in x_test])
    print(f"{len(x_train)} reviews to train, {len(x_test)} to test")
    print(f"words in a test review: median {np.median(lengths):.0f}, longest {lengths.max()}")
    print(f"the first ten of the first: {x_test[0][:10]}")
    x_train = pad_sequences(x_train, maxlen=LENGTH)
    x_test = pad_sequences(x_test, maxlen=LENGTH)

    lamina.set_random_seed(options.seed)
    model = lamina.Sequential(
        [
            lamina.Input((LENGTH,), dtype="int32"),
            layers.Embedding(WORDS, 32, mask_zero=True),
            layers.LSTM(32, dropout=0.2),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    model.summary()
    start = time.perf_counter()
    history = model.fit(
        x_train, y_train, batch_size=64, epochs=options.epochs, validation_split=0.1
    )
    seconds = time.perf_counter() - start
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    probability = model.predict(x_test, verbose=0)[:, 0]

    plt.switch_backend("Agg")  # pictures go to files; no window opens
    plot.learning_curves(history, options.out / "imdb_curves.png")
    draw_probabilities(probability, y_test, options.out / "imdb_probabilities.png")
    print(f"pictures: {options.out}")
    print(
        f"imdb_lstm: test accuracy {100 * accuracy:.1f} %, loss {loss:.3f}, "
        f"{options.epochs} epochs of {len(x_train)} reviews in {seconds:.1f} s"
    )


def draw_probabilities(probability, y, path):
    """Draw the probabilities of "good" that bad and good test reviews get."""
    figure, axes = plt.subplots(figsize=(5, 3.5), layout="constrained")
    bins = np.linspace(0, 1, 21)
    axes.hist(probability[y == 0], bins, alpha=0.6, label="bad reviews")
    axes.hist(probability[y == 1], bins, alpha=0.6, label="good reviews")
    axes.set(xlabel='probability of "good"', ylabel="test reviews")
    axes.legend(frameon=False)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
