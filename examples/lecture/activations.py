"""Activations: linear, sigmoid and softmax for outputs; sigmoid and ReLU for hidden units.

    sigmoid(x) = 1 / (1 + exp(-x))        ReLU(x) = max(0, x)

Why is ReLU the most popular hidden activation?  A gradient that goes back through a layer is
multiplied by g'(z), at most 1/4 for the sigmoid, but 1 for each ReLU that is above 0.  Measured
over depth are the gradient of the first layer's weights at the start, and the loss after training.
MNIST, 1,000 training digits, layers of 64 units.
"""

import matplotlib.pyplot as plt
import numpy as np
from lecture import Page

import lamina
from lamina import layers
from lamina.datasets import mnist
from lamina.utils import Columns

page = Page(__file__)
DEPTHS = page.setting([1, 2, 3, 5, 7, 10], short=[1, 3, 7])  # hidden layers
UNITS, EPOCHS, RATE = 64, 10, 0.05  # gradient descent in batches of 32
HE = "he_normal"  # distribution of starting weights
SEEDS = page.setting(5, short=2)

# Output activations, by hand and by name.
Z = np.array([[2.0, -1.0, 0.5]])
by_hand = {"linear": Z, "sigmoid": 1 / (1 + np.exp(-Z)), "softmax": np.exp(Z) / np.exp(Z).sum()}
table = {"output Z_m": Z[0]}
difference = 0.0
for name, values in by_hand.items():
    computed = lamina.activations.get(name)(Z)
    difference = max(difference, np.abs(computed - values).max())
    table[f"{name} f_m"] = np.round(computed[0], 4)
print(Columns(table))

# Hidden activations: networks that differ only in g and depth.
(x, y), _ = mnist.load_data()
x, y = x[:1000].reshape(-1, 784) / 255.0, y[:1000]
gradient = {"sigmoid": [], "relu": []}
loss = {"sigmoid": [], "relu": []}
for activation in ("sigmoid", "relu"):
    for depth in DEPTHS:
        norms, losses = [], []
        for seed in range(SEEDS):
            hidden = [layers.Dense(UNITS, activation, kernel_initializer=HE) for _ in range(depth)]
            output = layers.Dense(10, "softmax")
            model = lamina.Sequential([lamina.Input((784,)), *hidden, output], seed=seed)
            model.compile(lamina.optimizers.SGD(RATE), "sparse_categorical_crossentropy")
            norms.append(np.linalg.norm(model.gradients(x, y)[0]))
            model.fit(x, y, batch_size=32, epochs=EPOCHS, verbose=0)
            losses.append(model.evaluate(x, y, verbose=0))
        gradient[activation].append(norms)
        loss[activation].append(losses)

table = {"hidden layers": DEPTHS}
for activation in ("sigmoid", "relu"):
    table[f"{activation}: gradient"] = [f"{np.median(norms):.2g}" for norms in gradient[activation]]
    table[f"{activation}: loss"] = np.median(loss[activation], axis=1)
print(
    f"\nFirst layer's gradient at the start, loss after {EPOCHS} epochs: medians of {SEEDS} seeds\n"
)
print(Columns(table))

# Figure 10.2.
fig, ax = plt.subplots(figsize=(8, 5))
z = np.linspace(-4, 4, 401)
ax.plot(z, lamina.activations.sigmoid(z), label="sigmoid")
ax.plot(z, lamina.activations.relu(z) / 5, label="ReLU, divided by 5")
ax.set(xlabel="z", ylabel="g(z)", title="Sigmoid and ReLU")
ax.legend()
page.save(fig)

fig, axes = plt.subplots(1, 2, figsize=(12, 5), sharex=True)
for place, (activation, name) in enumerate({"sigmoid": "sigmoid", "relu": "ReLU"}.items()):
    for ax, values in zip(axes, (gradient, loss), strict=True):
        low, middle, high = np.quantile(values[activation], [0, 0.5, 1], axis=1)
        ax.plot(
            DEPTHS, middle, f"C{place}{'os'[place]}", ls="-" if place == 0 else "--", label=name
        )
        ax.fill_between(DEPTHS, low, high, color=f"C{place}", alpha=0.25, linewidth=0)
axes[0].set(yscale="log", ylabel="norm of the first layer's gradient", title="At the start")
axes[1].set(ylabel="training loss", title=f"After {EPOCHS} epochs", ylim=(0, 2.5))
axes[1].axhline(np.log(10), color="C6", linestyle=":", linewidth=1.5, label="guessing, log 10")
axes[1].legend(loc="center right")
for ax in axes:
    ax.set(xlabel="hidden layers", xticks=DEPTHS)
fig.suptitle("Sigmoid: the gradient vanishes with depth, and training stalls")
page.save(fig, "depth")

ratios = {name: np.median(values[-1]) / np.median(values[0]) for name, values in gradient.items()}
between = DEPTHS[-1] - DEPTHS[0]
page.state("largest difference of output activations", difference, high=1e-12)
factor = ratios["sigmoid"] ** (1 / between)
page.state("sigmoid: gradient's factor for one layer more", factor, 0.1, 0.5)
page.state("ReLU: the same", ratios["relu"] ** (1 / between), 0.7, 1.4)
page.state(f"sigmoid: loss with {DEPTHS[-1]} layers", np.median(loss["sigmoid"][-1]), 2.2, 2.4)
page.state(f"ReLU: loss with {DEPTHS[-1]} layers", np.median(loss["relu"][-1]), 0, 0.5)
page.close()
