"""Dropout: what is dropped, which factor compensates for it, and its effect on over-fitting.

In training each output z of a layer is set to 0 with probability rate, the drop-out rate.  Then

    the original scaling:  training  m z,               test  (1 - rate) z
    inverted dropout:      training  m z / (1 - rate),  test  z

with m = 0 or 1.  The factor at test time is the share that was kept, 1 - rate: so the expectation
over m is the same in training as at test time.  MNIST: 1,000 training and 10,000 test digits.
"""

import matplotlib.pyplot as plt
import numpy as np
from lecture import Page

import lamina
from lamina.datasets import mnist
from lamina.utils import Columns

page = Page(__file__)
RATES = page.setting([0.0, 0.2, 0.5], short=[0.0, 0.5])
SEEDS, EPOCHS = page.setting(10, short=2), page.setting(40, short=15)
ROWS, UNITS, WATCHED = 1000, 256, 2000  # the last: test digits for the loss after each epoch
MASKS = 20_000  # of the simulation

# Expectations by simulation: the outputs z of 50 units, read by a linear output with weights beta.
draw = np.random.default_rng(1)
lamina.set_random_seed(1)
z, beta = draw.uniform(size=50), draw.uniform(size=50)
table = {"rate": [0.2, 0.4, 0.5], "original: training": [], "inverted: training": []}
for rate in table["rate"]:
    m = draw.random((MASKS, 50)) >= rate
    inverted = np.asarray(lamina.layers.Dropout(rate)(np.tile(z, (MASKS, 1)), training=True))
    table["original: training"].append(np.mean((m * z) @ beta))
    table["inverted: training"].append(np.mean(inverted @ beta))
scales = np.array(table["rate"])
table |= {"z beta": np.full(3, z @ beta), "(1 - rate) z beta": (1 - scales) * (z @ beta)}
table |= {"rate z beta": scales * (z @ beta)}
print(f"Means over {MASKS:,} draws of m, beside what may be predicted at test time\n")
print(Columns(table))
original_off = np.abs(table["original: training"] / table["(1 - rate) z beta"] - 1).max()
inverted_off = np.abs(table["inverted: training"] / table["z beta"] - 1).max()


def build(rate):
    """Return a compiled network with dropout after its hidden layer."""
    model = lamina.Sequential(
        [
            lamina.Input((28, 28)),
            lamina.layers.Flatten(),
            lamina.layers.Dense(UNITS, activation="relu"),
            lamina.layers.Dropout(rate),
            lamina.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


(x, y), (x_test, y_test) = mnist.load_data()
x, y, x_test = x[:ROWS] / 255, y[:ROWS], x_test / 255
fits = lamina.fit_many(
    build, x, y, settings={"rate": RATES}, seeds=SEEDS, epochs=EPOCHS, batch_size=32,
    validation_data=(x_test[:WATCHED], y_test[:WATCHED]), predict=x_test, keep="histories",
    verbose=0,
)  # fmt: skip
right = np.array([100 * np.mean(p.argmax(1) == y_test) for p in fits.predictions])
right = right.reshape(len(RATES), SEEDS)
losses = np.array([each.history["val_loss"] for each in fits.histories])
losses = losses.reshape(len(RATES), SEEDS, EPOCHS)
print(f"\nMNIST, {ROWS:,} training digits, {SEEDS} seeds; gains over rate 0 seed by seed\n")
print(
    Columns(
        {
            "rate": RATES,
            "test accuracy, %": np.median(right, axis=1),
            "least": right.min(1),
            "most": right.max(1),
            "median gain": np.median(right - right[0], axis=1),
            "least gain": (right - right[0]).min(1),
            "least test loss": np.median(losses.min(2), axis=1),
            "last test loss": np.median(losses[:, :, -1], axis=1),
        }
    )
)

# Fig 10.19: a network, and the part used in a training step; Dropout draws the units left out.
small = lamina.Sequential([lamina.Input((4,)), lamina.layers.Dense(5), lamina.layers.Dense(1)])
lamina.set_random_seed(15)
inputs = lamina.layers.Dropout(0.4)(np.ones((1, 4)), training=True)[0]
hidden = lamina.layers.Dropout(0.4)(np.ones((1, 5)), training=True)[0]
dropped = [f"I{i + 1}" for i in range(4) if inputs[i] == 0]
dropped += [f"H{i + 1}" for i in range(5) if hidden[i] == 0]
fig, axes = plt.subplots(1, 2, figsize=(9.6, 4.6))
for ax, left_out in zip(axes, ([], dropped), strict=True):
    lamina.plot.plotnet(
        small, nid=False, bias=False, var_labs=False, rel_rsc=(1.4, 5), dropped=left_out, ax=ax,
        node_labs=["$x_%d$", "$z_%d$", r"$\hat{y}$"],
    )  # fmt: skip
axes[0].set_title("Prediction: all units")
axes[1].set_title("One step of training, rate 0.4")
page.save(fig)

fig, ax = plt.subplots()
epochs = np.arange(1, EPOCHS + 1)
for rate, of_seeds in zip(RATES, losses, strict=True):
    (line,) = ax.plot(epochs, np.median(of_seeds, axis=0), label=f"rate {rate:g}")
    ax.fill_between(epochs, of_seeds.min(0), of_seeds.max(0), color=line.get_color(), alpha=0.2)
ax.set(xlabel="epoch", ylabel="test cross-entropy", ylim=(0.4, 0.8))
ax.locator_params(axis="x", integer=True)
ax.set_title("With dropout the test error turns up later, and less")
ax.legend(loc="upper right")
page.save(fig, "overfitting")

page.state("original: training mean over (1 - rate) z beta, less 1", original_off, high=0.01)
page.state("inverted: training mean over z beta, less 1", inverted_off, high=0.01)
gain = np.median(right[RATES.index(0.5)] - right[0])
page.state("gain in test accuracy by rate 0.5, points", gain, 0.2, 1, short=(-0.3, 1.5))
page.close()
