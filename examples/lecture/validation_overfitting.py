"""Validation-set overfitting: many settings, one small validation set, and nothing to be found.

The labels are tosses of a fair coin and have nothing to do with the inputs.  Every network, with
any hyperparameters, is therefore wrong in 50 % of new cases.  From k settings the one with the
smallest error on 40 validation rows is chosen, and that error is reported as the network's.  How
far off is it, for k = 1 to 1,000?  If the k errors were independent, the smallest would have the
expectation

    E(min) = 1/40 sum_{j=0}^{39} P(B > j)^k,    B binomial(40, 1/2).
"""

from math import comb

import matplotlib.pyplot as plt
import numpy as np
from lecture import Page

import lamina
from lamina.utils import Columns

page = Page(__file__)
TRAINING, VALIDATION, INPUTS, EPOCHS = 60, 40, 10, 20
TRIED = page.setting([1, 3, 10, 30, 100, 300, 1000], short=[1, 10, 100])  # k
DATA_SETS = page.setting(20, short=2)
SETTINGS = {"units": [2, 5, 10, 20, 50], "rate": [0.003, 0.01, 0.03, 0.1, 0.3]}
SEEDS = max(TRIED) // 25  # of the initial weights, which are tried like a hyperparameter
OUTER, INNER = 5, 4  # folds of nested cross-validation


def build(units, rate):
    """Return a compiled network with one hidden layer."""
    model = lamina.Sequential(
        [
            lamina.Input((INPUTS,)),
            lamina.layers.Dense(units, activation="tanh"),
            lamina.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(lamina.optimizers.Adam(rate), "binary_crossentropy", metrics=["accuracy"])
    return model


draw = np.random.default_rng(1)
lamina.set_random_seed(1)
found = {"winner": [], "new": [], "searched": [], "nested": []}  # errors, for each data set
rows = np.arange(TRAINING + VALIDATION)
for _ in range(DATA_SETS):
    x, y = draw.normal(size=(len(rows), INPUTS)), draw.integers(0, 2, len(rows))
    x_new, y_new = draw.normal(size=(1000, INPUTS)), draw.integers(0, 2, 1000)

    # One validation set for all settings.
    fits = lamina.fit_many(
        build, x, y, settings=SETTINGS, seeds=SEEDS, folds=[(rows[:TRAINING], rows[TRAINING:])],
        batch_size="all", epochs=EPOCHS, predict=x_new, verbose=0,
    )  # fmt: skip
    order = draw.permutation(len(fits))  # in which they are tried
    errors = 1 - fits.table["held_out_accuracy"]
    best = [order[np.argmin(errors[order[:k]])] for k in TRIED]
    found["winner"].append(errors[best])
    found["new"].append([np.mean((fits.predictions[i][:, 0] > 0.5) != y_new) for i in best])

    # Cross-validation of the 25 settings, its smallest error, and the remedy: nested
    # cross-validation.
    parts = np.array_split(draw.permutation(rows), OUTER)
    folds = [(np.setdiff1d(rows, out), out) for out in parts]
    fits = lamina.fit_many(
        build, x, y, settings=SETTINGS, folds=folds, batch_size="all", epochs=EPOCHS, verbose=0
    )
    found["searched"].append(1 - fits.by_setting()["held_out_accuracy"].max())
    outer = []
    for rest, out in folds:
        search = lamina.fit_many(
            build, x[rest], y[rest], settings=SETTINGS, folds=INNER,
            batch_size="all", epochs=EPOCHS, verbose=0,
        )  # fmt: skip
        chosen = build(**search.best_setting("held_out_accuracy"))
        chosen.fit(x[rest], y[rest], batch_size="all", epochs=EPOCHS, verbose=0)
        outer.append(1 - chosen.evaluate(x[out], y[out], verbose=0)[1])
    found["nested"].append(np.mean(outer))
found = {name: 100 * np.array(values) for name, values in found.items()}

# P(B > j) for j = 0 to 39
chances = np.array([comb(VALIDATION, j) for j in range(VALIDATION + 1)]) / 2**VALIDATION
above = 1 - np.cumsum(chances)[:-1]
independent = np.array([100 * np.mean(above**k) for k in TRIED])
print(f"Errors in %, means over {DATA_SETS} data sets; the truth is 50\n")
print(
    Columns(
        {
            "k": TRIED,
            "validation error of the winner": found["winner"].mean(0),
            "its error in 1,000 new cases": found["new"].mean(0),
            "bias": (found["winner"] - found["new"]).mean(0),
            "E(min)": independent,
        }
    )
)
print(f"\nCross-validation of the 25 settings: {found['searched'].mean():.1f} for the best,")
print(f"nested cross-validation {found['nested'].mean():.1f}.")

fig, ax = plt.subplots()
ax.axhline(50, color="black", linestyle="-", linewidth=1.5, label="truth")
ax.plot(TRIED, found["new"].mean(0), "s", color="C2", label="the winner in new cases")
ax.plot(TRIED, found["winner"].mean(0), "-o", color="C0", label="the winner on validation rows")
low, high = np.quantile(found["winner"], [0.1, 0.9], axis=0)
ax.fill_between(TRIED, low, high, color="C0", alpha=0.2, label="10 % to 90 % of data sets")
ax.plot(TRIED, independent, "--", color="C5", label="E(min), if independent")
ax.set(xscale="log", xlabel="settings tried, k", ylabel="error (%)", ylim=(0, 65))
ax.set_title("The more settings are tried, the better the winner seems")
ax.legend(loc="lower left")
page.save(fig)

bias = (found["winner"] - found["new"]).mean(0)
page.state(f"bias of the winner of {max(TRIED):,}, points", bias[-1], -30, -12, short=(-30, -2))
page.state("error of that winner in new cases, %", found["new"].mean(0)[-1], 48, 52)
page.state("nested cross-validation, %", found["nested"].mean(), 47, 53, short=(35, 65))
page.close()
