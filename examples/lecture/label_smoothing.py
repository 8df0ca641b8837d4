"""Label smoothing, for training data with errors in the recorded responses.

The one-hot coding of C classes, a 1 and C - 1 zeros, becomes 1 - epsilon at the recorded class and
epsilon / (C - 1) at each other.  Keras shares s among all classes, including the recorded one,
which has 1 - s + s / C.  Both are the same if s = epsilon C / (C - 1).

MNIST: 2,000 training digits, of which some are given a wrong label on purpose; 10,000 test digits
with the right ones.
"""

import matplotlib.pyplot as plt
import numpy as np
from lecture import Page

import lamina
from lamina.datasets import mnist
from lamina.utils import Columns, smooth_labels, to_categorical

page = Page(__file__)
EPSILONS = page.setting([0, 0.1, 0.2, 0.3], short=[0, 0.2])
WRONG = page.setting([0, 0.2], short=[0.2])  # shares of wrong training labels
SEEDS = range(page.setting(10, short=2))  # of the wrong labels, the weights and the shuffle
ROWS, UNITS, EPOCHS = 2000, 256, 20

(x, y), (x_test, y_test) = mnist.load_data()
x, y, x_test = x[:ROWS] / 255, y[:ROWS].astype(int), x_test / 255

# The lecture's form and Keras's give the same loss.
probabilities = np.random.default_rng(0).dirichlet(np.ones(10), ROWS)
by_lecture = lamina.losses.CategoricalCrossentropy()
by_keras = lamina.losses.CategoricalCrossentropy(label_smoothing=0.1 * 10 / 9)
difference = abs(
    by_lecture(smooth_labels(y, 0.1, 10), probabilities)
    - by_keras(to_categorical(y, 10), probabilities)
)
print("A 3 with epsilon = 0.1:", smooth_labels(3, 0.1, 10).round(4))

accuracy = {}
for wrong in WRONG:
    for epsilon in EPSILONS:
        found = []
        for seed in SEEDS:
            draw = np.random.default_rng(seed)
            others = (y + draw.integers(1, 10, ROWS)) % 10
            recorded = np.where(draw.random(ROWS) < wrong, others, y)
            model = lamina.Sequential(
                [
                    lamina.Input((28, 28)),
                    lamina.layers.Flatten(),
                    lamina.layers.Dense(UNITS, activation="relu"),
                    lamina.layers.Dense(10, activation="softmax"),
                ],
                seed=seed,
            )
            model.compile("adam", loss="categorical_crossentropy")
            smoothed = smooth_labels(recorded, epsilon, 10)
            model.fit(x, smoothed, batch_size=32, epochs=EPOCHS, verbose=0)
            found.append(np.mean(model.predict(x_test, verbose=0).argmax(1) == y_test))
        accuracy[wrong, epsilon] = 100 * np.array(found)
print(f"\nTest accuracy in % over {len(SEEDS)} seeds; gains over epsilon = 0 seed by seed\n")
print(
    Columns(
        {
            "wrong": [wrong for wrong, _ in accuracy],
            "epsilon": [epsilon for _, epsilon in accuracy],
            "median": [np.median(each) for each in accuracy.values()],
            "least": [each.min() for each in accuracy.values()],
            "most": [each.max() for each in accuracy.values()],
            "median gain": [np.median(accuracy[key] - accuracy[key[0], 0]) for key in accuracy],
            "least gain": [np.min(accuracy[key] - accuracy[key[0], 0]) for key in accuracy],
        }
    )
)

fig, axes = plt.subplots(1, len(WRONG), figsize=(9.6, 5), squeeze=False)
for ax, wrong in zip(axes[0], WRONG, strict=True):
    for epsilon in EPSILONS:
        values = accuracy[wrong, epsilon]
        name = "one seed" if epsilon == EPSILONS[0] else None
        ax.plot(np.full(len(values), epsilon), values, "o", color="C0", alpha=0.5, label=name)
    medians = [np.median(accuracy[wrong, epsilon]) for epsilon in EPSILONS]
    ax.plot(EPSILONS, medians, "-", color="black", label="median")
    ax.set(title=f"{100 * wrong:g} % of the labels wrong", xlabel="ε", xticks=EPSILONS)
axes[0, 0].set_ylabel("test accuracy (%)")
axes[0, 0].legend()
fig.suptitle("Smoothed labels: more test digits right")
page.save(fig)

page.state("loss by the lecture's form and by Keras's: difference", difference, high=1e-6)
gains = accuracy[0.2, 0.2] - accuracy[0.2, 0]
page.state("gain of epsilon = 0.2 with 20 % wrong, median", np.median(gains), 1, 4, short=(0, 5))
page.close()
