"""Texts as zeros and ones: one-hot rows of words, and bags of words.

Word l of a text is coded as X_l, a row of zeros with a single 1 at the word's place in the
dictionary; a text of L words is a matrix of L such rows.  An embedding replaces each row by m
learned numbers, E' X_l: a column of a matrix E for each number, a row for each word.

For a network with a fixed number of inputs the rows are joined into one, with a 1 for each word
that occurs: the bag of words.  From it film reviews are classified by logistic regression, with and
without penalty, and by a network with two hidden layers.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from lecture import Page

import lamina
from lamina.datasets import imdb
from lamina.utils import Columns, multi_hot, one_hot

page = Page(__file__)
TEXT = (
    "this is one of the best films actually the best I have ever seen the film starts one fall day"
)
M = 5  # numbers of an embedding
WORDS, UNITS = 500, 16  # dictionary of the reviews, units of each hidden layer
EPOCHS, SEEDS = 20, page.setting(20, short=3)
BASELINES = page.setting(["linear", "lasso", "ridge"], short=["linear"])

# A text of 20 words: number the words, and give each number a row with a single 1.
words = TEXT.split()
dictionary = list(dict.fromkeys(words))  # each word once
numbers = [dictionary.index(word) for word in words]
rows = one_hot(numbers, len(dictionary))
bag = multi_hot(numbers, len(dictionary))
print(f"{len(words)} words, {len(dictionary)} of them different")
print(f"one-hot: {rows.shape[0]} rows of {rows.shape[1]}, {rows.sum():.0f} ones")
print(f"bag of words: one row of {len(bag)}, {bag.sum():.0f} ones\n")

# An embedding is a product with the one-hot rows, computed by looking up rows of E.
embedding = lamina.Sequential(
    [lamina.Input((len(words),), dtype="int32"), lamina.layers.Embedding(len(dictionary), M)],
    seed=1,
)
E = embedding.get_weights()[0]
embedded = embedding.predict(np.array([numbers]), verbose=0)[0]
difference = np.abs(embedded - rows @ E).max()

fig, (above, below) = plt.subplots(
    2, 1, figsize=(9.6, 7.6), height_ratios=(len(dictionary), M + 1), sharex=True
)
above.imshow(1 - rows.T, cmap="gray", aspect="auto")
above.set_yticks(range(len(dictionary)), dictionary)
above.set_title("One-hot: 20 words in columns, the 16 different ones in rows")
below.imshow(embedded.T, cmap="viridis", aspect="auto")
below.set_yticks(range(M), range(1, M + 1))
below.set_xticks(range(len(words)), words, rotation=90)
below.set_title(f"Embedded: m = {M} numbers for each word")
page.save(fig)

# Reviews as bags of words.
(x, y), (x_test, y_test) = imdb.load_data(Path(__file__).parents[1] / "data", num_words=WORDS)
x, x_test = multi_hot(x, WORDS), multi_hot(x_test, WORDS)
print(f"reviews: {x.shape[0]} rows of {x.shape[1]}, {100 * x.mean():.0f} % of them ones")

model = lamina.Sequential(
    [
        lamina.Input((WORDS,)),
        lamina.layers.Dense(UNITS, activation="relu"),
        lamina.layers.Dense(UNITS, activation="relu"),
        lamina.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile("rmsprop", loss="binary_crossentropy", metrics=["accuracy"])
fits = lamina.fit_many(
    model, x, y, seeds=SEEDS, epochs=EPOCHS, batch_size=32, validation_split=0.1,
    callbacks=[lamina.callbacks.EarlyStopping(patience=5)],
    predict=x_test, verbose=0,
)  # fmt: skip
accuracies = [100 * np.mean((p[:, 0] > 0.5) == y_test) for p in fits.predictions]
median = np.median(accuracies)
print(f"network: {SEEDS} seeds, {min(accuracies):.1f} to {max(accuracies):.1f} % right")

# The network of median accuracy beside linear models of the same rows.
middle = np.argsort(accuracies)[SEEDS // 2]
beside = fits.models[middle].compare_baselines(x, y, (x_test, y_test), baselines=BASELINES)
accuracy = dict(zip(beside["model"], 100 * beside["accuracy"], strict=True))
print(Columns({name: beside[name] for name in ("model", "parameters", "accuracy", "log_loss")}))

fig, ax = plt.subplots()
lamina.plot.learning_curves(fits.histories[middle], metrics="loss", ax=ax)
ax.set_title("After a few epochs the network only learns by heart")
page.save(fig, "curves")

page.state("embedding less one-hot times E", difference, high=1e-6)
page.state("network, median, %", median, 81.5, 84.5, short=(80, 85))
page.state("logistic regression, %", accuracy["logistic"], 82, 84)
page.close()
