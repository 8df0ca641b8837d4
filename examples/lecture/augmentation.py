"""Data augmentation: slightly modified pictures make the analysis more robust (Figure 10.9).

Layers such as RandomRotation change each picture at random, differently each time in training, and
do nothing in prediction.  First their results for one picture are shown; then how much they help if
there are few pictures: digits from 100 or 400 examples, with and without.
"""

import matplotlib.pyplot as plt
import numpy as np
from lecture import Page
from sklearn.datasets import load_sample_image

import lamina
from lamina import layers, plot
from lamina.datasets import mnist
from lamina.utils import Columns

page = Page(__file__)
SIZES = page.setting([100, 400], short=[100])  # training digits
SEEDS = page.setting(10, short=3)  # each with its own digits
EPOCHS = page.setting(60, short=30)  # batches of 20, Adam
TESTED = page.setting(10000, short=2000)  # test digits

# Figure 10.9: the original, and the results of each layer and of all together.
photograph = load_sample_image("china.jpg")[:425, :640] / np.float32(255)
photograph = photograph.reshape(85, 5, 128, 5, 3).mean(axis=(1, 3))  # 85 x 128 pixels
lamina.set_random_seed(4)  # for layers outside of a model with its own seed
changes = {
    "flipped": layers.RandomFlip("horizontal"),
    "rotated": layers.RandomRotation(0.05),
    "zoomed": layers.RandomZoom(0.3),
    "translated": layers.RandomTranslation(0.2, 0.2),
}
pictures = [photograph]
for layer in changes.values():
    pictures.append(layer(photograph[np.newaxis], training=True)[0])
together = lamina.Sequential([lamina.Input(photograph.shape), *changes.values()])
pictures.extend(together(np.stack([photograph] * 5), training=True))
axes = plot.images(pictures, ["original", *changes, *["all four"] * 5], columns=5)
axes[0].figure.suptitle("Modified pictures, and the class stays the same")
page.save(axes[0])

# Digits with and without.  A mirrored digit is not a digit, so there is no RandomFlip.
(x, y), (x_test, y_test) = mnist.load_data()
x = x[:, :, :, np.newaxis] / np.float32(255)
x_test, y_test = x_test[:TESTED, :, :, np.newaxis] / np.float32(255), y_test[:TESTED]
accuracy = {}  # by number of digits: without, with
rows = []
for size in SIZES:
    right = np.zeros((2, SEEDS, 2))  # on training and test digits
    for seed in range(SEEDS):
        mine = slice(seed * size, (seed + 1) * size)  # as many of each class, as classes alternate
        changed = [
            layers.RandomRotation(0.04, fill_mode="constant"),
            layers.RandomZoom(0.1, fill_mode="constant"),
            layers.RandomTranslation(0.1, 0.1, fill_mode="constant"),
        ]
        for place, first in enumerate([[], changed]):
            model = lamina.Sequential(
                [
                    lamina.Input((28, 28, 1)), *first,
                    layers.Conv2D(16, 3, activation="relu"), layers.MaxPooling2D(2),
                    layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(2),
                    layers.Flatten(), layers.Dense(64, "relu"), layers.Dense(10, "softmax"),
                ],
                seed=seed,
            )  # fmt: skip
            model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
            model.fit(x[mine], y[mine], batch_size=20, epochs=EPOCHS, verbose=0)
            right[0, seed, place] = 100 * model.evaluate(x[mine], y[mine], verbose=0)[1]
            right[1, seed, place] = 100 * model.evaluate(x_test, y_test, verbose=0)[1]
    accuracy[size] = right[1].T
    for place, name in enumerate(["no", "yes"]):
        train, test = right[:, :, place]
        rows.append([size, name, np.median(train), np.median(test), min(test), max(test)])
columns = ["digits", "augmented", "training accuracy, %", "test accuracy, %", "lowest", "highest"]
print(Columns(dict(zip(columns, zip(*rows, strict=True), strict=True)), f"{SEEDS} seeds"))

gains = {size: with_it - without for size, (without, with_it) in accuracy.items()}
fig, ax = plt.subplots()
for i, (without, with_it) in enumerate(accuracy.values()):
    left, right = np.full(SEEDS, 2.5 * i), np.full(SEEDS, 2.5 * i + 1)
    ax.plot([left, right], [without, with_it], "-", color="0.7", linewidth=1.2)
    ax.plot(left, without, "s", color="C1", label="as they are" if i == 0 else None)
    ax.plot(right, with_it, "o", color="C0", label="modified at random" if i == 0 else None)
ax.set_xticks([2.5 * i + 0.5 for i in range(len(SIZES))], [f"{size} digits" for size in SIZES])
ax.set(xlim=(-0.8, 2.5 * len(SIZES) - 0.7), ylabel="test accuracy (%)")
better = sum(np.sum(gain > 0) for gain in gains.values())
ax.set_title(f"Few digits are worth more if modified: in {better} of {SEEDS * len(SIZES)} pairs")
ax.legend(loc="lower right")
page.save(fig, "accuracy")

for size, gain in gains.items():
    page.state(f"gain with {size} digits, median in points", np.median(gain), 1, 15, short=(0, 20))
    page.state(f"lowest gain with {size} digits", min(gain), -2, 15, short=(-6, 20))
page.close()
