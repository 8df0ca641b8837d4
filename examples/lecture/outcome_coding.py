"""Outcome coding: one number for continuous and binary outcomes, one-hot vectors for classes.

A class c of C = 10 is coded as Y = (0, ..., 0, 1, 0, ..., 0) with the 1 in place c, and the network
has C outputs.  Why not one output, and the number of the class as a continuous outcome?  MNIST:
5,000 training and 10,000 test digits, one hidden layer.
"""

import matplotlib.pyplot as plt
import numpy as np
from lecture import Page

import lamina
from lamina.datasets import mnist
from lamina.sklearn import NeuralNetClassifier
from lamina.utils import Columns, to_categorical

page = Page(__file__)
HIDDEN, EPOCHS = 32, page.setting(20, short=4)
SEEDS = page.setting(5, short=1)

(x, y), (x_test, y_test) = mnist.load_data()
pictures = x_test[:10]
x, x_test = x.reshape(-1, 784) / 255.0, x_test.reshape(-1, 784) / 255.0

one_hot = to_categorical(y, 10)
print(f"y     {y.shape}  {y.dtype}: {y[:3]} ...")
print(f"coded {one_hot.shape}  {one_hot.dtype}:\n{one_hot[:3]}\n")


def fitted(targets, outputs, activation, loss, seed=0):
    """Return a network with one hidden layer, fitted to coded outcomes."""
    model = lamina.Sequential(
        [
            lamina.Input((784,)),
            lamina.layers.Dense(HIDDEN, "relu"),
            lamina.layers.Dense(outputs, activation),
        ],
        seed=seed,
    )
    model.compile(lamina.optimizers.Adam(0.003), loss)
    model.fit(x, targets, batch_size=100, epochs=EPOCHS, verbose=0)
    return model


# Classes: coded by hand, or by a sparse loss.  The two fits are the same.
by_hand = fitted(one_hot, 10, "softmax", "categorical_crossentropy").predict(x_test)
network = fitted(y, 10, "softmax", "sparse_categorical_crossentropy")
sparse = network.predict(x_test)

# Binary: "is it an 8?" has one output.
eight = fitted(y == 8, 1, "sigmoid", "binary_crossentropy").predict(x_test)[:, 0]
right = np.mean((eight > 0.5) == (y_test == 8))

# Does the order of the classes matter?  Digit d becomes class order[d].
orders = {"0, 1, ..., 9": np.arange(10), "shuffled": np.random.default_rng(1).permutation(10)}
accuracy = {}
for name, order in orders.items():
    classes, wanted = order[y], order[y_test]
    for seed in range(SEEDS):
        model = fitted(classes, 10, "softmax", "sparse_categorical_crossentropy", seed)
        found = model.predict(x_test).argmax(axis=1)
        accuracy.setdefault(("one-hot", name), []).append(np.mean(found == wanted))
        model = fitted(classes.astype(float), 1, None, "mse", seed)
        number = model.predict(x_test)[:, 0]
        found = number.round().clip(0, 9)
        accuracy.setdefault(("one number", name), []).append(np.mean(found == wanted))
median = {key: 100 * np.median(values) for key, values in accuracy.items()}
table = {"coding": [key[0] for key in median], "classes in the order": [key[1] for key in median]}
table |= {"test accuracy %": list(median.values())}
table |= {"lowest": [100 * min(v) for v in accuracy.values()]}
table |= {"highest": [100 * max(v) for v in accuracy.values()]}
print(Columns(table))

# Classes with names: estimators and nnet number them in alphabetical order.
words = np.array(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])
estimator = NeuralNetClassifier(network, epochs=EPOCHS, batch_size=100, random_state=0)
estimator.fit(x, words[y])
print(f"\nclasses_ of names: {', '.join(estimator.classes_)}")
print(f"predict of the first three test digits: {', '.join(estimator.predict(x_test[:3]))}")

fig, (top, below) = plt.subplots(2, 1, figsize=(9.6, 7), height_ratios=[1, 7], sharex=True)
for place, picture in enumerate(pictures):
    box = (place - 0.45, place + 0.45, 0, 1)
    top.imshow(picture, cmap="gray_r", extent=box, aspect="auto")
top.set_axis_off()
code = to_categorical(y_test[:10], 10).T
below.imshow(code, cmap="Blues", vmin=0, vmax=1.4, aspect="auto")
for (row, column), value in np.ndenumerate(code):
    below.text(column, row, f"{value:.0f}", ha="center", va="center", color="w" if value else "0.4")
below.set(xlim=(-0.5, 9.5), xticks=[], yticks=range(10), ylabel="output c")
fig.suptitle("One-hot coding: a column for each picture")
page.save(fig)

page.state("largest difference, coded by hand and sparse", np.abs(by_hand - sparse).max(), 0, 0)
page.state("one-hot, accuracy %", median["one-hot", "0, 1, ..., 9"], 91, 95, short=(85, 95))
shift = median["one-hot", "shuffled"] - median["one-hot", "0, 1, ..., 9"]
page.state("one-hot: shuffled order less the other, points", shift, -0.5, 0.5, short=(-2, 2))
page.state("one number, accuracy %", median["one number", "0, 1, ..., 9"], 30, 50, short=(20, 50))
page.state("one number, shuffled", median["one number", "shuffled"], 30, 50, short=(20, 50))
page.state("is it an 8? accuracy %", 100 * right, 96, 99.5, short=(93, 99.5))
page.close()
