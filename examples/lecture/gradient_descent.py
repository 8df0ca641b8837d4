"""Gradient descent, mini-batch SGD and true SGD: three walks over one loss of two weights.

    theta(t+1) = theta(t) - lambda * grad R(theta(t)),    R(theta) = 1/n sum_i (y_i - f(x_i))^2

Full gradient descent takes the mean of all n gradients in each step, mini-batch SGD the mean over a
random sample of 32 rows, true SGD one row.  Boston: medv, centred, on lstat and rm, standardised:
no intercept is needed, f(x) = theta_1 x_1 + theta_2 x_2, and R can be drawn.
"""

import matplotlib.pyplot as plt
import numpy as np
from lecture import Page

import lamina
from lamina.datasets import boston
from lamina.utils import Columns

page = Page(__file__)
BATCHES = {"full gradient": "all", "mini-batch SGD": 32, "true SGD": 1}
RATE, STEPS = 0.03, 150  # lambda, and the steps of each walk
RATES = [0.01, 0.2, 0.6, 0.64]  # for the full gradient
START = np.array([4.0, 4.0])
SEEDS = range(page.setting(20, short=5))

table = boston.load()
x = table.x[:, [table.feature_names.index("lstat"), table.feature_names.index("rm")]]
x, y = (x - x.mean(0)) / x.std(0), table.y - table.y.mean()
minimum = np.linalg.lstsq(x, y, rcond=None)[0]
hessian = 2 * x.T @ x / len(y)  # second derivatives of R
largest_rate = 2 / np.linalg.eigvalsh(hessian).max()  # a larger one diverges


def excess(theta):
    """Return R(theta) minus its minimum, which the Hessian gives exactly."""
    return 0.5 * np.einsum("...i,ij,...j", theta - minimum, hessian, theta - minimum)


def walk(batch_size, rate=RATE, seed=0, steps=STEPS):
    """Return theta before the first step and after each."""
    model = lamina.Sequential(
        [lamina.Input((2,)), lamina.layers.Dense(1, use_bias=False)], dtype="float64", seed=seed
    )
    model.compile(lamina.optimizers.SGD(rate), loss="mse")
    model.set_weights([START[:, None]])
    path = [START]
    record = lamina.callbacks.LambdaCallback(
        on_train_batch_end=lambda *_: path.append(model.get_weights()[0][:, 0])
    )
    rows = len(y) if batch_size == "all" else batch_size
    epochs = -(-steps * rows // len(y))  # rounded up
    model.fit(x, y, batch_size=batch_size, epochs=epochs, callbacks=[record], verbose=0)
    return np.array(path[: steps + 1])


# One step by hand.
gradient = -2 * x.T @ (y - x @ START) / len(y)
by_hand = START - RATE * gradient
by_fit = walk("all")[1]
print(f"One step from {START}, lambda = {RATE}: by hand {by_hand}, by fit {by_fit}\n")

# The same number of steps with the same rate, with batches of n, 32 and 1 rows.
walks = {name: [walk(size, seed=s) for s in SEEDS] for name, size in BATCHES.items()}
costs = {name: STEPS * (len(y) if size == "all" else size) for name, size in BATCHES.items()}
ends = {name: np.array([excess(each[-20:]).mean() for each in walks[name]]) for name in BATCHES}
reached = {}  # gradients of rows used until the loss is within 10 of its minimum
for name in BATCHES:
    first = np.array([np.argmax(excess(each) < 10) for each in walks[name]])
    reached[name] = np.median(first) * costs[name] / STEPS
print(
    Columns(
        {
            "": list(BATCHES),
            "gradients": list(costs.values()),
            "to R - min < 10": list(reached.values()),
            "R - min, last 20": [np.median(each) for each in ends.values()],
            "least": [each.min() for each in ends.values()],
            "most": [each.max() for each in ends.values()],
        }
    )
)

fig, axes = plt.subplots(1, 3, figsize=(10.5, 4.6), sharex=True, sharey=True)
grid = np.stack(np.meshgrid(np.linspace(-9, 6, 90), np.linspace(-2, 9, 90)), axis=-1)
for ax, (name, paths) in zip(axes, walks.items(), strict=True):
    ax.contour(*grid.T, excess(grid).T, levels=[2, 10, 30, 60, 100, 150], colors="0.7")
    ax.plot(*paths[0].T, "-o", color="C0", markersize=4, linewidth=1.5)
    ax.plot(*START, "s", color="black", markersize=9)
    ax.plot(*minimum, "*", color="C5", markersize=18, markeredgecolor="black")
    ax.set(title=f"{name}\n{costs[name]:,} gradients", xlabel="weight of lstat")
axes[0].set_ylabel("weight of rm")
axes[0].annotate("start", START, (0, -12), textcoords="offset points", ha="center", va="top")
axes[0].annotate("minimum", minimum, (0, -12), textcoords="offset points", ha="center", va="top")
fig.suptitle(f"{STEPS} steps at one rate: the fewer rows in a step, the more it staggers")
page.save(fig)

fig, ax = plt.subplots()
for name, paths in walks.items():
    each_step = np.arange(1, STEPS + 1) * costs[name] / STEPS
    ax.loglog(each_step, np.median([excess(path[1:]) for path in paths], axis=0), label=name)
ax.set(xlabel="gradients of single rows taken", ylabel="loss above its minimum")
ax.set_title("A fraction of the cost brings small batches near the minimum")
ax.legend()
page.save(fig, "cost")

# Learning rates of the full gradient.
falls = {rate: excess(walk("all", rate, steps=40)) for rate in RATES}
print(f"\nFull gradient: theory says that it diverges for lambda > {largest_rate:.4f}\n")
print(Columns({"lambda": RATES, "R - min after 40 steps": [falls[rate][-1] for rate in RATES]}))
fig, ax = plt.subplots()
for rate, fall in falls.items():
    ax.semilogy(fall)
    ax.annotate(f"λ = {rate}", (40, fall[-1]), (6, 0), textcoords="offset points", va="center")
ax.set(xlabel="step", ylabel="loss above its minimum", xlim=(0, 46))
ax.set_title("Learning rates: too small, good, nearly too large, too large")
page.save(fig, "rates")

around = [excess(walk("all", largest_rate + off, steps=1000)[-1]) for off in (-0.01, 0.01)]
page.state("difference of a step by hand and by fit", np.abs(by_hand - by_fit).max(), high=1e-12)
page.state(
    "full gradient's cost over mini-batches'",
    reached["full gradient"] / reached["mini-batch SGD"],
    10,
    25,
)
page.state("R - min 1,000 steps at 0.01 below the largest rate", around[0], high=1e-6)
page.state("R - min 1,000 steps at 0.01 above it", around[1], low=1e6)
page.close()
