"""Texts as zeros and ones: a one-hot row a word, a multi-hot row a document.

A network computes with numbers, and the number of a word means nothing by itself.  One-hot
encoding gives each word of the vocabulary an axis of its own: a text is a matrix of one row a
word, almost all zeros.  For a dense network of fixed inputs the rows of a document are joined
into one, which says which words occur, not where and how often.  Film reviews are classified from
that.  (James, Witten, Hastie and Tibshirani, "An Introduction to Statistical Learning", 10.4.)

    python examples/one_hot_text.py
"""

import argparse
import time
from pathlib import Path

import matplotlib.pyplot as plt

import lamina
from lamina import layers, plot
from lamina.callbacks import EarlyStopping
from lamina.datasets import imdb
from lamina.utils import multi_hot, one_hot

TEXT = "the film is long but the end of the film is one of the best I have seen in years"
WORDS = 500  # the vocabulary of the reviews: 1 start of a review, 2 any other word, from 4 on words


def main():
    """Encode a text, then classify reviews by two networks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    here = Path(__file__).parent
    parser.add_argument("--data", type=Path, default=here / "data", help="folder of the reviews")
    parser.add_argument("--epochs", type=int, default=20, help="passes through the data")
    parser.add_argument("--seed", type=int, default=1, help="of all random numbers")
    parser.add_argument("--rows", type=int, help="train on the first ROWS reviews only")
    parser.add_argument("--out", type=Path, default=Path("pictures"), help="folder of the pictures")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    # A text of 20 words: number its words, then give each number a row with a single 1.
    words = TEXT.split()
    vocabulary = sorted(set(words), key=str.lower)
    numbers = [vocabulary.index(word) for word in words]
    rows = one_hot(numbers, len(vocabulary))
    document = multi_hot([numbers], len(vocabulary))
    print(f"text: {TEXT}\nnumbers: {numbers}")
    print(f"one-hot: {rows.shape}, {int(rows.sum())} ones of {rows.size}")
    print(f"multi-hot: {document.shape}, {int(document.sum())} ones: the words that occur")

    (x_train, y_train), (x_test, y_test) = imdb.load_data(options.data, num_words=WORDS)
    x_train, y_train = multi_hot(x_train[: options.rows], WORDS), y_train[: options.rows]
    x_test = multi_hot(x_test, WORDS)
    print(f"reviews: {x_train.shape}, {100 * x_train.mean():.1f} % of the entries are 1")

    figures = []
    for name, hidden in (
        ("logistic regression", []),
        ("two hidden layers", [layers.Dense(16, activation="relu") for _ in range(2)]),
    ):
        lamina.set_random_seed(options.seed)
        model = lamina.Sequential(
            [lamina.Input((WORDS,)), *hidden, layers.Dense(1, activation="sigmoid")]
        )
        model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"])
        # A tenth of the reviews is held out.  The network soon learns the others by heart; training
        # ends when the loss on those held out has not fallen for 5 epochs, and goes back to the
        # weights of the best one.
        stop = EarlyStopping(patience=5)
        start = time.perf_counter()
        history = model.fit(
            x_train,
            y_train,
            batch_size=32,
            epochs=options.epochs,
            validation_split=0.1,
            callbacks=[stop],
            verbose=0,
        )
        seconds = time.perf_counter() - start
        _, accuracy = model.evaluate(x_test, y_test, verbose=0)
        figures.append(100 * accuracy)
        print(
            f"{name}: {model.count_params()} weights, test accuracy {100 * accuracy:.1f} %, "
            f"best epoch {stop.best_epoch + 1}, {seconds:.2f} s"
        )

    plot.learning_curves(history, options.out / "one_hot_curves.png")
    draw(rows, words, vocabulary, options.out / "one_hot_text.png")
    print(f"pictures: {options.out}")
    print(f"one_hot_text: test accuracy {figures[1]:.1f} %, logistic regression {figures[0]:.1f} %")


def draw(rows, words, vocabulary, path):
    """Draw the one-hot matrix of a text: a column a word of the text, a line a word known."""
    plt.switch_backend("Agg")  # pictures go to files; no window opens
    figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    axes.imshow(rows.T, cmap="Greys")
    axes.set_xticks(range(len(words)), words, rotation=60, ha="right")
    axes.set_yticks(range(len(vocabulary)), vocabulary)
    axes.set(xlabel="the text", ylabel="vocabulary")
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
