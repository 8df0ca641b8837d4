"""Convolution: by hand in letters, for stripes of a picture (Figure 10.7), and over three colours.

A filter slides over the image.  At each position its weights are multiplied by the pixels below and
summed, which gives the convolved image.  It is large where the image looks like the filter.  Max
pooling keeps the largest of each 2 x 2 block.  Over a colour image a filter has weights for red,
green and blue: three convolutions, summed.  A layer of K filters makes K convolved images.
"""

import matplotlib.pyplot as plt
import numpy as np
from lecture import Page
from sklearn.datasets import load_sample_image

from lamina import layers, ops, plot
from lamina.utils import Columns

page = Page(__file__)

# The lecture's image of 4 x 3 letters, and its filter of 2 x 2.
letters = np.array(list("abcdefghijkl")).reshape(4, 3)
greek = np.array([["alpha", "beta"], ["gamma", "delta"]])
image = np.arange(1.0, 13.0).reshape(4, 3)  # a = 1, ..., l = 12
weights = np.array([[1.0, 10.0], [100.0, 1000.0]])  # alpha = 1, ..., delta = 1000
convolved = ops.conv(image[np.newaxis, :, :, np.newaxis], weights[:, :, np.newaxis, np.newaxis])
table = {"row": [], "column": [], "in letters": [], "by hand": [], "conv": []}
for row, column in np.ndindex(3, 2):
    below = slice(row, row + 2), slice(column, column + 2)  # what the filter lies on
    terms = [f"{x} {w}" for x, w in zip(letters[below].flat, greek.flat, strict=True)]
    table["row"].append(row + 1)
    table["column"].append(column + 1)
    table["in letters"].append(" + ".join(terms))
    table["by hand"].append(np.sum(image[below] * weights))
    table["conv"].append(convolved[0, row, column, 0])
print(Columns(table))

# The lecture's max pooling.
before = np.array([[1, 2, 5, 3], [3, 0, 1, 2], [2, 1, 3, 4], [1, 1, 2, 0]], "float32")
after = layers.MaxPooling2D(2)(before[np.newaxis, :, :, np.newaxis])[0, :, :, 0]
print(f"\nMax pooling:\n{before.astype(int)}\nbecomes\n{after.astype(int)}")

# Two filters for stripes, 15 x 15 as in the book, over a grey picture of about the book's size.
photograph = load_sample_image("china.jpg")[25:405:2, 45:385:2] / 255  # 190 x 170, 3 colours
grey = photograph.mean(axis=2)
vertical = np.zeros((15, 15))
vertical[:, 7] = 1.0
vertical -= vertical.mean()  # the weights sum to 0: where the picture is flat, so is the result
kernel = np.stack([vertical, vertical.T], axis=-1)[:, :, np.newaxis, :]  # K = 2 filters
stripes = ops.relu(ops.conv(grey[np.newaxis, :, :, np.newaxis], kernel))[0]
# On the picture turned by 90 degrees the two filters change places.
turned = ops.relu(ops.conv(np.rot90(grey)[np.newaxis, :, :, np.newaxis], kernel))[0]

places = [["picture", "filter 1", "result 1"], ["picture", "filter 2", "result 2"]]
fig, axes = plt.subplot_mosaic(places, figsize=(8.8, 5.8), width_ratios=[1.75, 0.6, 1])
plot.images([grey], ["picture, 190 x 170"], ax=axes["picture"])
for k, name in enumerate(["vertical", "horizontal"]):
    plot.images([kernel[:, :, 0, k]], [name], scale=(-1, 1), frame=True, ax=axes[f"filter {k + 1}"])
    bright = np.quantile(stripes[:, :, k], 0.99)
    plot.images([stripes[:, :, k]], ["convolved"], scale=(0, bright), ax=axes[f"result {k + 1}"])
fig.suptitle("A filter highlights the stripes that look like it")
page.save(fig)

# One filter over three colours: here for patches of orange, much red, less green and blue.
patch = np.full((5, 5), 1 / 25)
amounts = {"red": 1.0, "green": -0.5, "blue": -0.5}
filters = np.stack([patch * amount for amount in amounts.values()], axis=-1)[..., np.newaxis]
layer = layers.Conv2D(1, 5, use_bias=False, activation="relu", dtype="float64")
part = photograph[5:125, 25:145]
layer.build((None, *part.shape))
layer.set_weights([filters])
feature = layer(part[np.newaxis])[0, :, :, 0]
three = [
    ops.conv(part[np.newaxis, :, :, c : c + 1], filters[:, :, c : c + 1, :])[0, :, :, 0]
    for c in range(3)
]

fig, axes = plt.subplot_mosaic([[*"rgb", "colour"], [*"RGB", "sum"]], figsize=(8.8, 5.6))
for c, (name, amount) in enumerate(amounts.items()):
    plot.images([part[:, :, c]], [name], scale=(0, 1), ax=axes["rgb"[c]])
    plot.images([three[c]], [f"{amount:+g} {name}"], scale=(-1, 1), ax=axes["RGB"[c]])
plot.images([part], ["picture"], ax=axes["colour"])
plot.images([feature], ["ReLU(sum)"], ax=axes["sum"])
fig.suptitle("Three convolutions, summed: a filter for patches of orange")
page.save(fig, "colours")

differences = np.array(table["by hand"]) - table["conv"]
swapped = np.rot90(stripes[:, :, 0]) - turned[:, :, 1]
page.state("convolution by hand, largest difference", np.abs(differences).max(), 0, 0)
page.state("max pooling, sum of the four", after.sum(), 14, 14, published="3 + 5 + 2 + 4")
page.state("filters change places, largest difference", np.abs(swapped).max(), high=1e-12)
page.state("ReLU of the sum of three colours", np.abs(ops.relu(sum(three)) - feature).max(),
           high=1e-12)  # fmt: skip
page.close()
