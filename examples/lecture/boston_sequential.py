"""Boston house prices with Keras's names: two hidden layers, epochs chosen by cross-validation.

The network of Chollet and Allaire, "Deep Learning with R" (2018): 13 predictors, standardised by
the training rows, two hidden layers of 64 ReLU units, linear output, squared error, RMSprop.  The
number of epochs is chosen on the lecture's 404 training rows; the 102 test rows are used once.
"""

import matplotlib.pyplot as plt
import numpy as np
from lecture import Page

import lamina
from lamina.datasets import boston
from lamina.utils import Columns

page = Page(__file__)
FOLDS, BATCH, MOST = 4, 16, page.setting(500, short=250)  # epochs at most
CV_SEEDS, SEEDS = page.setting(10, short=2), page.setting(20, short=5)

(x, y), (x_test, y_test) = boston.load_data()


def build(x):
    """Return a network that standardises by these rows."""
    normalize = lamina.layers.Normalization()
    normalize.adapt(x)
    model = lamina.Sequential(
        [
            lamina.Input((13,)),
            normalize,
            lamina.layers.Dense(64, activation="relu"),
            lamina.layers.Dense(64, activation="relu"),
            lamina.layers.Dense(1),
        ]
    )
    model.compile("rmsprop", loss="mse", metrics=["mae"])
    return model


# The error of held-out rows after every epoch, for each fold and several seeds.
curves = {"mae": [], "val_mae": []}
parts = np.array_split(np.random.default_rng(0).permutation(len(x)), FOLDS)
for held in parts:
    rows = np.setdiff1d(np.arange(len(x)), held)
    fits = lamina.fit_many(
        build(x[rows]),
        x[rows],
        y[rows],
        seeds=CV_SEEDS,
        epochs=MOST,
        batch_size=BATCH,
        validation_data=(x[held], y[held]),
        keep="histories",
        verbose=0,
    )
    for name, curve in curves.items():
        curve += [history.history[name] for history in fits.histories]
training, validation = (np.mean(curve, axis=0) for curve in curves.values())
epochs = int(np.argmin(validation)) + 1
print(f"Cross-validation: MAE {validation[epochs - 1]:.3f} after {epochs} epochs, the least;")
print(f"{validation[19]:.3f} after 20, {validation[-1]:.3f} after {MOST}\n")

# All training rows, that number of epochs; then the test rows, for the first time.
fits = lamina.fit_many(
    build(x), x, y, seeds=SEEDS, epochs=epochs, batch_size=BATCH, predict=x_test, verbose=0
)
least_squares = fits.models[0].compare_baselines(x, y, (x_test, y_test), baselines="linear")
mean, std = x.mean(axis=0), x.std(axis=0, ddof=1)
nnets = [
    lamina.nnet(
        (x - mean) / std, y, size=5, linout=True, maxit=1000, trace=False, random_state=seed
    )
    for seed in range(SEEDS)
]
predictions = {
    "Sequential": fits.predictions,
    "nnet, 5 units": [fit.predict((x_test - mean) / std) for fit in nnets],
    "least squares": [least_squares.predictions["least squares"]],
}
errors = {
    name: np.array([each[:, 0] - y_test for each in found]) for name, found in predictions.items()
}
mse = {name: np.mean(each**2, axis=1) for name, each in errors.items()}
mae = {name: np.mean(np.abs(each), axis=1) for name, each in errors.items()}
table = {"": list(errors), "parameters": [5121, 76, 14], "fits": list(map(len, mse.values()))}
for name, values in (("MSE", mse), ("MAE", mae)):
    for word, share in (("", 0.5), (", 5 %", 0.05), (", 95 %", 0.95)):
        table[name + word] = [np.quantile(each, share) for each in values.values()]
print(Columns(table, f"{len(x_test)} test rows: medians and quantiles over seeds"))

fig, (left, right) = plt.subplots(1, 2, figsize=(11.5, 5))
after = np.arange(1, MOST + 1)
left.plot(after, training, label="training rows")
left.plot(after, validation, label="held-out rows")
left.axvline(epochs, color="C6", linestyle=":", label=f"least, at {epochs}")
left.set(xlabel="epochs", ylabel="MAE (1,000 dollars)", ylim=(0, 5))
left.set_title(f"{FOLDS}-fold cross-validation")
left.legend()
for place, each in enumerate(mae.values()):
    right.plot(each, np.full(len(each), place), "o", color="C0", alpha=0.5, markersize=10)
    right.plot(np.median(each), place, "|", color="C6", markersize=26, markeredgewidth=3)
right.set_yticks(range(3), ["Sequential", "nnet", "least\nsquares"])
right.set(ylim=(2.5, -0.5), xlabel="MAE on the test rows (1,000 dollars)")
right.set_title(f"{SEEDS} seeds of each, and medians")
page.save(fig)

page.state("cross-validated MAE", validation[epochs - 1], 2.3, 2.7, short=(2.2, 2.8))
page.state("test MAE of Sequential, median", np.median(mae["Sequential"]), 2.3, 2.85)
page.state("test MSE of Sequential, median", np.median(mse["Sequential"]), 10, 18)
page.state("test MAE of least squares", mae["least squares"][0], 3.616, 3.618)
page.state("test MSE of least squares", mse["least squares"][0], 23.67, 23.69)
page.close()
