"""Feature-wise normalisation, with quantities of the training data only.

    x_j -> (x_j - mean_j) / sd_j,    mean_j and sd_j over the training rows

"makes the optimization easier with gradient based methods", and "you should never use in your
workflow any quantity computed on the test data, even for something as simple as data
normalization".  Both are tried.  Boston: medv on 13 predictors, the lecture's split, a network with
20 hidden units, mini-batches of 32.
"""

import matplotlib.pyplot as plt
import numpy as np
from lecture import Page

import lamina
from lamina.datasets import boston
from lamina.utils import Columns

page = Page(__file__)
UNITS, EPOCHS = 20, page.setting(200, short=60)
SEEDS = page.setting(10, short=3)
RULES = {"SGD": lamina.optimizers.SGD, "Adam": lamina.optimizers.Adam}
RATES = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1]  # each case uses the best, by its training loss

(x, y), (x_test, y_test) = boston.load_data()
wrong = x_test.copy()
wrong[0, 12] *= 1000  # one mistake in a test row: lstat in another unit
STATISTICS = {
    "none": None,
    "training rows": x,
    "all rows": np.vstack([x, x_test]),
    "all, one wrong": np.vstack([x, wrong]),
}


def build(statistics, rule, rate):
    """Return a compiled network that normalises with the statistics of some rows."""
    layers = [lamina.layers.Dense(UNITS, activation="relu"), lamina.layers.Dense(1)]
    if STATISTICS[statistics] is not None:
        normalization = lamina.layers.Normalization()
        normalization.adapt(STATISTICS[statistics])
        layers = [normalization, *layers]
    model = lamina.Sequential([lamina.Input((13,)), *layers])
    model.compile(RULES[rule](rate), loss="mse")
    return model


fits = lamina.fit_many(
    build, x, y, settings={"statistics": list(STATISTICS), "rule": list(RULES), "rate": RATES},
    seeds=SEEDS, epochs=EPOCHS, batch_size=32, predict=x_test[1:], keep="histories", verbose=0,
)  # fmt: skip

# The target for the loss: that of least squares.
design = np.column_stack([np.ones(len(x)), x])
target = np.mean((y - design @ np.linalg.lstsq(design, y, rcond=None)[0]) ** 2)
rows, curves, errors = [], {}, {}
places = np.arange(len(fits)).reshape(len(STATISTICS), len(RULES), len(RATES), SEEDS)
losses = np.where(fits.table["status"] == "ok", fits.table["loss"], np.inf)
for a, statistics in enumerate(STATISTICS):
    for b, rule in enumerate(RULES):
        best = np.median(losses[places[a, b]], axis=1).argmin()
        own = places[a, b, best]
        curve = np.array([fits.histories[i].history["loss"] for i in own])
        mae = np.array([np.abs(fits.predictions[i][:, 0] - y_test[1:]).mean() for i in own])
        reached = np.where((curve <= target).any(1), (curve <= target).argmax(1) + 1.0, np.inf)
        curves[statistics, rule], errors[statistics, rule] = curve, mae
        steps = np.median(reached) * -(-len(y) // 32)
        rows.append([statistics, rule, RATES[best], steps, np.median(curve[:, -1])])
        rows[-1] += [np.median(mae), mae.min(), mae.max()]
names = ["statistics of", "rule", "rate", "steps", "training MSE", "test MAE", "least", "most"]
print(f"Steps to the training MSE of least squares, {target:.2f}; medians over {SEEDS} seeds\n")
print(Columns(dict(zip(names, zip(*rows, strict=True), strict=True))))
scaled = (x - x.mean(0)) / x.std(0)
raw, normalised = (
    np.linalg.cond(np.column_stack([np.ones(len(x)), each])) ** 2 for each in (x, scaled)
)
print("\nLeast squares, second derivative in the steepest direction over that in the flattest:")
print(f"{raw:.3g} with raw inputs, {normalised:.3g} with normalised ones.")

fig, ax = plt.subplots()
epochs = np.arange(1, EPOCHS + 1)
for (statistics, rule), curve in curves.items():
    if statistics in ("none", "training rows"):
        name = f"{rule}, {'raw inputs' if statistics == 'none' else 'normalised'}"
        ax.loglog(epochs, np.median(curve, axis=0), label=name)
ax.axhline(target, color="0.5", linestyle="-", linewidth=1)
ax.annotate("least squares", (1, target), (0, -18), textcoords="offset points", color="0.3")
ax.set(
    xlabel="epoch",
    ylabel="training MSE",
    title="Normalised inputs are learned in a fraction of the steps",
)
ax.legend()
page.save(fig)

sgd = {row[0]: row for row in rows if row[1] == "SGD"}
page.state("SGD: steps with normalised inputs", sgd["training rows"][3], 13, 100)
gap = sgd["none"][4] / sgd["training rows"][4]
page.state("SGD: training MSE, raw over normalised", gap, 3)
leak = np.median(errors["all rows", "SGD"] - errors["training rows", "SGD"])
page.state("SGD: test MAE, all rows less training rows", leak, -0.3, 0.3)
harm = sgd["all, one wrong"][4] / sgd["all rows"][4]
page.state("SGD: training MSE with one wrong test row, ratio", harm, 1.1)
page.close()
