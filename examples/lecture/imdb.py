"""Document classification: good and bad film reviews.

A review is a sequence X_1, ..., X_L of words.  A recurrent network reads it word by word: an
embedding gives each word a vector of m learned numbers, an LSTM layer (a recurrent layer with gates
that keep its state over many steps) reads the vectors, and its last output is

    Pr(good | X_1, ..., X_L) = sigmoid(beta_0 + sum_k beta_k A_Lk)

It is compared with a logistic regression with lasso penalty on the words that occur, regardless of
their order ("bag of words").  Reviews differ in length: the last 200 words are read, short ones are
padded.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from lecture import Page

import lamina
from lamina.datasets import imdb
from lamina.utils import Columns, multi_hot, pad_sequences

page = Page(__file__)
WORDS, L, M, K = 500, 200, 32, 32  # vocabulary, words read, embedding, units
EPOCHS, SEEDS = page.setting((10, 15), short=(2, 1))
KERAS = 82.14  # per cent: mean accuracy over 60 seeds, by bench/quality.py; median 82.3

(reviews, y), (reviews_test, y_test) = imdb.load_data(
    Path(__file__).parents[1] / "data", num_words=WORDS
)
lengths = [len(review) for review in reviews_test]
print(f"{len(y)} reviews to train, {len(y_test)} to test, about half of them good")
print(f"words in a test review: median {np.median(lengths):.0f}, longest {max(lengths)}\n")

# The recurrent network: numbers of words in, 0 for padding, which the LSTM skips.
x, x_test = pad_sequences(reviews, maxlen=L), pad_sequences(reviews_test, maxlen=L)
model = lamina.Sequential(
    [
        lamina.Input((L,), dtype="int32"),
        lamina.layers.Embedding(WORDS, M, mask_zero=True),
        lamina.layers.LSTM(K),
        lamina.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile("adam", loss="binary_crossentropy")
fits = lamina.fit_many(
    model, x, y, seeds=SEEDS, epochs=EPOCHS, batch_size=64, predict=x_test, verbose=0
)
probabilities = [prediction[:, 0] for prediction in fits.predictions]
accuracies = [100 * np.mean((p > 0.5) == y_test) for p in probabilities]
mean, spread = np.mean(accuracies), np.std(accuracies, ddof=1) if SEEDS > 1 else 0.0

# The bag of words: a row of zeros and ones for each review.
bag, bag_test = multi_hot(reviews, WORDS), multi_hot(reviews_test, WORDS)
logistic = lamina.Sequential(
    [lamina.Input((WORDS,)), lamina.layers.Dense(1, activation="sigmoid")], seed=1
)
logistic.compile("adam", loss="binary_crossentropy", metrics=["accuracy"])
logistic.fit(bag, y, epochs=10, verbose=0)
lasso = logistic.compare_baselines(bag, y, (bag_test, y_test), baselines="lasso").row(-1)

table = {
    "model": ["always the commoner class", "lasso on the bag of words", "embedding and LSTM"],
    "parameters": [1, lasso["parameters"], model.count_params()],
    "accuracy, %": [100 * max(np.mean(y_test), 1 - np.mean(y_test)), 100 * lasso["accuracy"], mean],
}
print(Columns(table))
print(
    f"\nLSTM, {SEEDS} seeds: mean {mean:.2f} %, median {np.median(accuracies):.2f} %, "
    f"standard deviation {spread:.2f}, from {min(accuracies):.1f} to {max(accuracies):.1f} %"
)

fig, ax = plt.subplots()
middle = probabilities[np.argsort(accuracies)[SEEDS // 2]]
bins = np.linspace(0, 1, 21)
ax.hist(middle[y_test == 0], bins, label="bad reviews", color="C0", alpha=0.85)
ax.hist(middle[y_test == 1], bins, label="good reviews", histtype="step", color="C1", linewidth=3)
ax.axvline(0.5, ymax=0.75, color="C6", linestyle=":", linewidth=1.5)
ax.set(xlabel="Pr(good) by the network", ylabel="test reviews")
ax.set_title(f"{np.median(accuracies):.0f} % of the test reviews are on their side of 0.5")
ax.legend(loc="upper center")
page.save(fig)

page.state(
    "LSTM, mean, %", mean, KERAS - 0.3, short=(KERAS - 12, KERAS + 3), published=f"Keras {KERAS}"
)
page.state("lasso on the bag of words, %", 100 * lasso["accuracy"], 82, 84)
page.close()
