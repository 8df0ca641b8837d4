"""The single hidden layer feedforward network: its formula, its parameters, and how M is chosen.

    z_m(x) = g(alpha_0m + sum_j alpha_jm x_j),         m = 1, ..., M
    y_c(x) = f(beta_0c + sum_m beta_mc z_m(x)),        c = 1, ..., C

p inputs, M hidden units and C outputs make (p + 1) M + (M + 1) C parameters.  The network of the
book's Figure 10.1 has p = 4, M = 5, C = 1.  Boston: medv on four inputs, the lecture's 404 training
rows; M is chosen by 10-fold cross-validation on them, without the 102 test rows.
"""

import matplotlib.pyplot as plt
import numpy as np
from lecture import Page

import lamina
from lamina.datasets import boston
from lamina.utils import Columns

page = Page(__file__)
INPUTS = {"rm": 5, "lstat": 12, "ptratio": 10, "nox": 4}  # columns of the table
STEPS = page.setting(300, short=100)  # of L-BFGS
WIDTHS = page.setting([1, 2, 3, 4, 5, 7, 10, 15, 20], short=[1, 3, 5, 20])  # M
SEEDS, FOLDS = page.setting(20, short=3), 10

(x, y), (x_test, y_test) = boston.load_data()
x, x_test = x[:, list(INPUTS.values())], x_test[:, list(INPUTS.values())]
mean, deviation = x.mean(0), x.std(0, ddof=1)
x, x_test = (x - mean) / deviation, (x_test - mean) / deviation


def build(width=5, seed=None):
    """Return a network of M = width hidden units."""
    model = lamina.Sequential(
        [
            lamina.Input((4,)),
            lamina.layers.Dense(width, activation="sigmoid"),
            lamina.layers.Dense(1),
        ],
        dtype="float64",
        seed=seed,
    )
    model.compile(lamina.optimizers.LBFGS(), loss="mse")
    return model


# The network of Figure 10.1.
model = build(seed=1)
model.fit(x, y, epochs=STEPS, verbose=0)
model.summary()
p, M, C = 4, 5, 1
print(f"\n(p + 1) M + (M + 1) C = {(p + 1) * M + (M + 1) * C} parameters")

alpha, alpha_0, beta, beta_0 = model.get_weights()
z = 1 / (1 + np.exp(-(alpha_0 + x_test @ alpha)))
by_hand = beta_0 + z @ beta

ax = lamina.plot.plotnet(
    model,
    node_labs=["$x_{%d}$", "$z_{%d}$", r"$\hat y$"],
    layer_names=["Input layer", "Hidden layer", "Output layer"],
    x_names=list(INPUTS),
    y_names=["medv"],
    bias=False,
)
page.save(ax)

# How is M determined?
fits = lamina.fit_many(
    build, x, y, settings={"width": WIDTHS}, seeds=SEEDS, folds=FOLDS, epochs=STEPS, verbose=0
)
shape = len(WIDTHS), SEEDS, FOLDS
training = np.reshape(fits.table["loss"], shape).mean(axis=2)
held_out = np.reshape(fits.table["held_out_loss"], shape).mean(axis=2)
low, middle, high = np.quantile(held_out, [0.1, 0.5, 0.9], axis=1)
chosen = WIDTHS[middle.argmin()]
print(
    f"\nMean squared error over {FOLDS} folds: median of {SEEDS} seeds, and 10 and 90 % quantiles\n"
)
table = {"M": WIDTHS, "parameters": [6 * m + 1 for m in WIDTHS]}
table |= {"training": np.median(training, axis=1), "held out": middle, "10 %": low, "90 %": high}
print(Columns(table))

fig, ax = plt.subplots()
ax.plot(WIDTHS, middle, "o-", label="rows held out")
ax.fill_between(WIDTHS, low, high, color="C0", alpha=0.2, linewidth=0, label="10 to 90 % of seeds")
ax.plot(WIDTHS, table["training"], "s--", label="training rows")
ax.axvline(chosen, color="C6", linestyle=":", linewidth=1.5)
ax.annotate(f"M = {chosen}", (chosen, 0.96), (6, 0), ("data", "axes fraction"), "offset points")
ax.set(
    xlabel="M, hidden units",
    ylabel="mean squared error (1,000 dollars)²",
    ylim=(0, None),
    xticks=WIDTHS,
)
ax.set_title("Cross-validation chooses M, the training error cannot")
ax.legend()
page.save(fig, "choice")

test = lamina.fit_many(
    lambda seed=None: build(chosen, seed),
    x,
    y,
    seeds=SEEDS,
    epochs=STEPS,
    predict=x_test,
    verbose=0,
)
errors = [np.mean((y_test - made[:, 0]) ** 2) for made in test.predictions]

page.state("parameters of the network with M = 5", model.count_params(), 31, 31)
largest = np.abs(by_hand - model.predict(x_test)).max()
page.state("largest difference from the formula", largest, high=1e-12)
page.state("M by cross-validation", chosen, 2, 7)
page.state(f"test MSE at M = {chosen}, median of {SEEDS} seeds", np.median(errors), 10, 30)
page.close()
