"""Hitters: salaries of baseball players by least squares, the lasso and a network (Table 10.2).

The book's split: 176 training and 87 test rows.  19 predictors, standardised by the training rows;
one hidden layer of M = 64 ReLU units, dropout 0.4, linear output, squared error; RMSprop, 1,500
epochs in batches of 32.  These are the settings of the book's lab; nothing is chosen on the test
rows.
"""

import matplotlib.pyplot as plt
import numpy as np
from lecture import Page

import lamina
from lamina.datasets import hitters
from lamina.nnet import RSeed

page = Page(__file__)
SEEDS = page.setting(20, short=5)
UNITS, DROPOUT, EPOCHS, BATCH = 64, 0.4, page.setting(1500, short=1000), 32

(x, y), (x_test, y_test) = hitters.load_data()
normalize = lamina.layers.Normalization()
normalize.adapt(x)
model = lamina.Sequential(
    [
        lamina.Input((19,)),
        normalize,
        lamina.layers.Dense(UNITS, activation="relu"),
        lamina.layers.Dropout(DROPOUT),
        lamina.layers.Dense(1),
    ]
)
model.compile("rmsprop", loss="mse")
fits = lamina.fit_many(
    model, x, y, seeds=SEEDS, epochs=EPOCHS, batch_size=BATCH, predict=x_test, verbose=0
)
predicted = np.array([each[:, 0] for each in fits.predictions])
mae = np.abs(predicted - y_test).mean(axis=1)
total = np.square(y_test - y_test.mean()).sum()
r2 = 1 - np.square(predicted - y_test).sum(axis=1) / total
print(f"Network, {SEEDS} seeds:")
for name, values in (("MAE", mae), ("R2", r2)):
    print(f"  {name:3}  median {np.median(values):.4g}, {values.min():.4g} to {values.max():.4g}")
print()

# The network with the median MAE is compared with the baselines.  The lasso's folds are the book's:
# set.seed(13); sample(1:263, 87); sample(rep(1:10, length = 176)) draws the test rows, then these.
seed = RSeed(13)
seed.sample(263, 87)
fold = np.tile(np.arange(10), 18)[:176][seed.sample(176)]
folds = [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(10)]
middle = fits.models[int(np.argsort(mae)[(SEEDS - 1) // 2])]
baselines = middle.compare_baselines(x, y, (x_test, y_test), cv=folds)
print(baselines)

# Left: the errors, beside the book's.  Right: the differences with confidence intervals.
book = {"network": 257.4, "least squares": 254.7, "lasso": 252.3}
fig, (left, right) = plt.subplots(1, 2, figsize=(11.5, 5))
for place, name in enumerate(book):
    here = mae if name == "network" else [baselines.losses[name].mean()]
    left.plot(here, np.full(len(here), place), "o", color="C0", alpha=0.6, label="here")
    left.plot(book[name], place + 0.2, "^", color="C1", markeredgecolor="black", label="the book")
left.set_yticks(range(3), [f"network,\n{SEEDS} seeds", "least\nsquares", "lasso"])
left.set(xlim=(245, 265), ylim=(2.5, -0.5), xlabel="mean absolute error (1,000 dollars)")
left.legend(*(each[:2] for each in left.get_legend_handles_labels()), loc="center right")
left.set_title("Much the same errors ...")
lamina.plot.baselines(baselines, ["least squares", "lasso", "ridge"], ax=right)
right.set_xlabel("baseline's error minus network's\n(1,000 dollars)")
right.set_title("... and none surely better")
page.save(fig)

rows = {name: baselines.row(i) for i, name in enumerate(baselines["model"])}
page.state("network, median MAE", np.median(mae), 240, 257.4, short=(240, 262), published=257.4)
page.state("network, median R2", np.median(r2), 0.53, 0.58, short=(0.5, 0.6), published=0.54)
page.state("least squares, MAE", rows["least squares"]["mae"], 254.66, 254.68, published=254.7)
page.state("least squares, R2", rows["least squares"]["r2"], 0.56, 0.562, published=0.56)
page.state("lasso, MAE", rows["lasso"]["mae"], 252.2, 252.4, published=252.3)
page.state("lasso, R2", rows["lasso"]["r2"], 0.51, 0.515, published=0.51)
page.state("network, parameters", baselines["parameters"][0], 1345, 1345, published=1345)
page.close()
