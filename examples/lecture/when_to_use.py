"""When to use deep learning?  Networks beside least squares, logistic regression and penalties.

For each data set, a network with the settings of the book or of its page here is fitted with
several seeds; the one with the median error is compared with simple models on the same training and
test rows, with the differences paired by test row.  Then the same with fewer training rows.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from lecture import Page

import lamina
from lamina import layers
from lamina.datasets import boston, hitters, mnist, nyse
from lamina.utils import Columns

page = Page(__file__)
SEEDS = page.setting(3, short=1)
DIGITS = page.setting([100, 250, 500, 1000, 2500, 5000], short=[500])
SUBURBS = page.setting([30, 50, 100, 200, 404], short=[30, 404])
SUBSETS = page.setting(20, short=1)

data = {"Hitters": hitters, "Boston": boston, "NYSE": nyse, "MNIST": mnist}
train, test = {}, {}
for name, module in data.items():
    train[name], test[name] = module.load_data()
x, y = train["MNIST"]
train["MNIST"] = x[: DIGITS[-1]], y[: DIGITS[-1]]  # classes alternate

hidden = {
    "Hitters": [layers.Dense(64, "relu"), layers.Dropout(0.4)],
    "Boston": [layers.Dense(64, "relu"), layers.Dense(64, "relu")],
    "NYSE": [layers.SimpleRNN(12, dropout=0.1, recurrent_dropout=0.1)],
    "MNIST": [
        layers.Flatten(),
        *[layers.Dense(256, "relu"), layers.Dropout(0.4)],
        *[layers.Dense(128, "relu"), layers.Dropout(0.3)],
    ],
}
epochs = {
    "Hitters": page.setting(1500, short=500),
    "Boston": 192,
    "NYSE": page.setting(75, short=10),
    "MNIST": 30,
}
batch = {"Hitters": 32, "Boston": 16, "NYSE": 64, "MNIST": 32}
models = {}
for name, between in hidden.items():
    first, last, loss = layers.Normalization(), layers.Dense(1), ("mse", "mae")
    if name == "MNIST":
        first, last = layers.Rescaling(1 / 255), layers.Dense(10, "softmax")
        loss = "sparse_categorical_crossentropy", "accuracy"
    shape = train[name][0].shape[1:]
    models[name] = lamina.Sequential([lamina.Input(shape), first, *between, last])
    models[name].compile("rmsprop", loss[0], metrics=[loss[1]])


def compare(name, rows, seeds, baselines, cv=10):
    """Fit a network to some rows; compare the seed with the median error with simple models."""
    x, y = (each[rows] for each in train[name])
    if name != "MNIST":
        models[name].layers[0].adapt(x)  # mean and standard deviation of these rows
    fits = lamina.fit_many(
        models[name], x, y, seeds=seeds, epochs=epochs[name], batch_size=batch[name], verbose=0
    )
    scores = [fit.evaluate(*test[name], verbose=0)[1] for fit in fits.models]
    middle = fits.models[int(np.argsort(scores)[len(scores) // 2])]
    measure = "accuracy" if name == "MNIST" else "mae"
    return middle.compare_baselines(x, y, test[name], baselines=baselines, measure=measure, cv=cv)


columns = ["data", "rows", "network", "baseline", "its error", "difference", "lower", "upper"]
lines, results = [], {}
units = {
    "Hitters": "absolute error, 1,000 dollars",
    "Boston": "absolute error, 1,000 dollars",
    "NYSE": "absolute error, standard deviations",
    "MNIST": "share of wrong digits",
}
fig, panels = plt.subplots(2, 2, figsize=(11, 7))
for name, ax in zip(data, panels.flat, strict=True):
    kinds, cv = ("linear", "lasso", "ridge"), 10
    if name == "MNIST":
        kinds, cv = page.setting(("linear", "ridge"), short=("linear",)), 3
    results[name] = result = compare(name, slice(None), SEEDS, kinds, cv)
    rows, error = len(train[name][0]), {who: each.mean() for who, each in result.losses.items()}
    for place, who in enumerate(result["model"][1:], start=1):
        interval = (f"{result[column][place]:.3g}" for column in columns[5:])
        lines.append((name, rows, f"{error['network']:.4g}", who, f"{error[who]:.4g}", *interval))
    lamina.plot.baselines(result, ax=ax)
    ax.set_xlabel(f"baseline minus network\n({units[name]})")
    ax.set_title(f"{name}, {rows:,} rows")
fig.suptitle("Right of 0 the network is better; open circles: not surely", ha="left", x=0.02)
table = dict(zip(columns, zip(*lines, strict=True), strict=True))
print(Columns(table, "Mean absolute error; of MNIST the share of wrong digits"))
page.save(fig)

# Perhaps none of 30 suburbs lies on the river: fit warns that such a column is uninformative.
warnings.simplefilter("ignore", lamina.TrainingAdvice)

# Fewer training rows, the same test rows.  Few suburbs vary much: use the mean over random parts.
rng = np.random.default_rng(0)
parts = {("MNIST", size): [slice(size)] for size in DIGITS}
for size in SUBURBS:
    parts["Boston", size] = [rng.choice(404, size, replace=False) for _ in range(SUBSETS)]
columns = ["data", "rows", "network", "linear", "ridge"]
lines = []
for (name, size), drawn in parts.items():
    seeds, kinds = (SEEDS, ("linear",)) if name == "MNIST" else (1, ("linear", "ridge"))
    found = [compare(name, rows, seeds, kinds) for rows in drawn]
    errors = np.mean([[each.mean() for each in result.losses.values()] for result in found], axis=0)
    lines.append((name, size, *errors, *[None] * (3 - len(errors))))
curves = Columns(dict(zip(columns, zip(*lines, strict=True), strict=True)))
print()
print(curves)

fig, panels = plt.subplots(1, 2, figsize=(11, 5))
words = {"MNIST": "share of wrong digits", "Boston": "MAE (1,000 dollars)"}
for ax, (name, word) in zip(panels, words.items(), strict=True):
    of = curves["data"] == name
    for column, marker in (("network", "o"), ("linear", "s"), ("ridge", "^")):
        if curves[column][of][0] is not None:
            ax.plot(curves["rows"][of], curves[column][of], marker=marker, label=column)
    ax.set(xscale="log", xlabel="training rows", ylabel=word, title=name)
    ax.set_xticks(curves["rows"][of], [str(rows) for rows in curves["rows"][of]])
    ax.minorticks_off()
    ax.set_ylim(bottom=0)
    ax.legend()
fig.suptitle("With more training rows the network draws ahead", ha="left", x=0.02)
page.save(fig, "sizes")

low, high = (
    {name: result[bound][-1] for name, result in results.items()} for bound in ("lower", "upper")
)
page.state("Hitters: ridge minus network, lower bound", low["Hitters"], high=0)
page.state("Hitters: ridge minus network, upper bound", high["Hitters"], low=0)
page.state("Boston: ridge minus network, lower bound", low["Boston"], low=0)
r2 = results["NYSE"]["r2"]
page.state("NYSE: R2 of the network", r2[0], 0.405, 0.425, short=(0.3, 0.43), published=0.42)
page.state("NYSE: R2 of the linear autoregression", r2[1], 0.412, 0.414, published=0.41)
wrong = results["MNIST"].losses["network"].mean()
page.state("MNIST: share of wrong digits", wrong, high=0.06, short=(0, 0.2))
page.state("MNIST: last baseline minus network, lower bound", low["MNIST"], low=0)
page.close()
