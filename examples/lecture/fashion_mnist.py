"""Fashion-MNIST: clothes where MNIST has digits, and a harder task.

Again 28 x 28 grey pixels and C = 10 classes, with 60,000 training and 10,000 test pictures.
The networks are those of the page on MNIST; the confusion matrix shows which classes they confuse.
The data are in Debian's package dataset-fashion-mnist; without them nothing is run.
"""

import matplotlib.pyplot as plt
import numpy as np
from lecture import Page

import lamina
from lamina import plot
from lamina.datasets import fashion_mnist
from lamina.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from lamina.utils import Columns

page = Page(__file__)
PICTURES = page.setting(60000, short=2000)  # to train on
SEEDS = page.setting([1, 2, 3], short=[1])
EPOCHS = page.setting(5, short=4)  # batches of 128, Adam

try:
    (x, y), (x_test, y_test) = fashion_mnist.load_data()
except FileNotFoundError as error:
    page.skip(error)
names = fashion_mnist.CLASS_NAMES
x, y = x[:PICTURES, :, :, np.newaxis] / np.float32(255), y[:PICTURES]
x_test = x_test[:, :, :, np.newaxis] / np.float32(255)

networks = {
    "multinomial logistic regression": [Flatten()],
    "one hidden layer, 256": [Flatten(), Dense(256, "relu")],
    "256-128, dropout": [
        Flatten(), Dense(256, "relu"), Dropout(0.4), Dense(128, "relu"), Dropout(0.3)
    ],
    "CNN": [
        Conv2D(32, 3, activation="relu"), MaxPooling2D(2),
        Conv2D(64, 3, activation="relu"), MaxPooling2D(2),
        Flatten(), Dense(128, "relu"), Dropout(0.3),
    ],
}  # fmt: skip

columns = ["model", "parameters", "test accuracy, %", "lowest", "highest"]
rows = []
for name, hidden in networks.items():
    output = Dense(10, activation="softmax")
    model = lamina.Sequential([lamina.Input((28, 28, 1)), *hidden, output])
    model.compile("adam", "sparse_categorical_crossentropy")
    fits = lamina.fit_many(
        model, x, y, seeds=SEEDS, epochs=EPOCHS, batch_size=128, predict=x_test, verbose=0
    )
    found = fits.predictions[0].argmax(axis=1)  # in the end those of the CNN
    right = [100 * np.mean(p.argmax(axis=1) == y_test) for p in fits.predictions]
    rows.append([name, model.count_params(), np.median(right), min(right), max(right)])
title = f"{PICTURES} pictures to train, 10000 to test, {EPOCHS} epochs, seeds {SEEDS}"
print(Columns(dict(zip(columns, zip(*rows, strict=True), strict=True)), title))

confused = np.zeros((10, 10), int)
np.add.at(confused, (y_test, found), 1)
others = confused - np.diag(confused.diagonal())
print()
print(Columns({
    "class": names, "test pictures": confused.sum(axis=1), "right": confused.diagonal(),
    "most often taken for": [names[label] for label in others.argmax(axis=1)],
    "times": others.max(axis=1),
}))  # fmt: skip

order = [list(y).index(label) for label in range(10)]  # the first picture of each class
axes = plot.images(x[order], names, columns=5, cmap="gray_r")
axes[0].figure.suptitle("Fashion-MNIST: ten kinds of clothes")
page.save(axes[0])

fig, ax = plt.subplots(figsize=(9.6, 8))
plot.confusion_matrix(y_test, found, labels=names, ax=ax)
ax.set_title(f"CNN: {right[0]:.1f} % of 10,000 test pictures are right")
page.save(fig, "confusion")

shirts = confused[6].sum() - confused[6, 6]  # of 1000 shirts
page.state("CNN, accuracy in %", rows[-1][2], 89.4, short=(65, 88))
page.state("gain over logistic regression, points", rows[-1][2] - rows[0][2], 4, 8, short=(-8, 8))
page.state("shirts taken for something else, of 1000", shirts, 180, 480, short=(200, 900))
page.close()
