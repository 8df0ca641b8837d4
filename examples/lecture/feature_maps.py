"""Filters and feature maps: how a convolutional network transforms a picture, layer by layer.

Convolution with K filters and ReLU gives K feature maps; pooling halves their height and width; in
the end the dimensions are flattened.  The first filters find low-level features, such as edges, and
the next combine them into higher-level ones: bends, ends, crossings.  Are learned filters better
than random ones that do not change?
"""

import matplotlib.pyplot as plt
import numpy as np
from lecture import Page

import lamina
from lamina import ops, plot
from lamina.datasets import mnist
from lamina.layers import Conv2D, Dense, Flatten, MaxPooling2D
from lamina.utils import Columns

page = Page(__file__)
EPOCHS = page.setting(20, short=6)  # batches of 128, Adam
SEEDS = page.setting(5, short=1)
DIGITS = page.setting(5000, short=1500)

(x, y), (x_test, y_test) = mnist.load_data()
x, y = x[:DIGITS, :, :, np.newaxis] / np.float32(255), y[:DIGITS]
x_test = x_test[:, :, :, np.newaxis] / np.float32(255)

accuracy = {True: [], False: []}  # of learned filters, of random ones
for seed in range(1, SEEDS + 1):
    for learned, found in accuracy.items():
        network = lamina.Sequential(
            [
                lamina.Input((28, 28, 1)),
                Conv2D(9, 5, activation="relu", trainable=learned),
                MaxPooling2D(2),
                Conv2D(16, 5, activation="relu", trainable=learned),
                MaxPooling2D(2),
                Flatten(),
                Dense(10, activation="softmax"),
            ],
            seed=seed,
        )
        network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        network.fit(x, y, batch_size=128, epochs=EPOCHS, verbose=0)
        found.append(100 * network.evaluate(x_test, y_test, verbose=0)[1])
        if learned and seed == 1:
            model = network

steps = model.layers
print(Columns({
    "step": [type(layer).__name__ for layer in steps],
    "output": [" x ".join(map(str, layer.output.shape[1:])) for layer in steps],
    "numbers": [np.prod(layer.output.shape[1:]) for layer in steps],
    "parameters": [layer.count_params() for layer in steps],
}))  # fmt: skip
print(f"\nTest accuracy, median of {SEEDS} seeds: {np.median(accuracy[True]):.2f} % with learned "
      f"filters, {np.median(accuracy[False]):.2f} % with random ones")  # fmt: skip

# The filters of the first layer, and the maps of one digit after both convolutions.
digit = x_test[np.flatnonzero(y_test == 4)[0]]
fig, axes = plt.subplot_mosaic([["digit", "filters"], ["first", "second"]], figsize=(9.6, 9))
plot.images([digit], cmap="gray_r", ax=axes["digit"])
plot.filters(model, ax=axes["filters"])
plot.feature_maps(model, digit, layer=0, ax=axes["first"])
plot.feature_maps(model, digit, layer=2, ax=axes["second"])
axes["digit"].set_title("28 x 28 pixels")
axes["filters"].set_title("K = 9 filters of 5 x 5")
axes["first"].set_title("after the first convolution")
axes["second"].set_title("after the second, K = 16")
page.save(fig)

# Patches of test digits where a filter's output is largest.
inner = lamina.Model(model.inputs, [steps[0].output, steps[2].output])
both_maps = inner.predict(x_test, verbose=0)
fig, axes = plt.subplot_mosaic("a.b", figsize=(9.6, 5), width_ratios=[1, 0.04, 1])
# A number of the second layer comes from 14 x 14 pixels, and the next one lies 2 pixels further.
for ax, maps, size, step in zip("ab", both_maps, [5, 14], [1, 2], strict=True):
    patches = []
    for channel in range(min(6, maps.shape[3])):
        largest = maps[:, :, :, channel].max(axis=(1, 2))
        for i in np.argsort(-largest)[:6]:
            place = np.unravel_index(maps[i, :, :, channel].argmax(), maps.shape[1:3])
            row, column = step * place[0], step * place[1]
            patches.append(x_test[i, row : row + size, column : column + size])
    plot.images(patches, columns=6, cmap="gray_r", frame=True, ax=axes[ax])
axes["a"].set_title("first layer: 5 x 5 pixels")
axes["b"].set_title("second layer: 14 x 14 pixels")
fig.suptitle("A row a filter: where in the test digits its output is largest")
page.save(fig, "patches")

# By hand: the first feature map is the convolution plus bias, after ReLU.
kernel, bias = steps[0].get_weights()
by_hand = ops.relu(ops.conv(x_test, kernel) + bias)
difference = np.abs(by_hand - both_maps[0]).max()
page.state("first feature maps by hand, largest difference", difference, high=1e-5)
page.state("learned filters, accuracy in %", np.median(accuracy[True]), 95, 98, short=(70, 97))
gain = np.median(np.subtract(accuracy[True], accuracy[False]))
page.state("gain over random filters, points", gain, 2, 14, short=(0, 35))
page.close()
