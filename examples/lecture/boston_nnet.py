"""Boston house prices with nnet: the lecture's fit, and a hundred others like it.

One hidden layer of M = 5 logistic units, linear output, least squares by BFGS,

    medv(x) = beta_0 + sum_m beta_m g(alpha_0m + sum_j alpha_jm x_j),   g(z) = 1 / (1 + exp(-z)),

p = 13 predictors standardised by the 404 training rows.  The sum of squares has many local minima,
and the random start decides which of them a search finds.
"""

import matplotlib.pyplot as plt
import numpy as np
from lecture import Page

import lamina
from lamina.datasets import boston
from lamina.nnet import RSeed
from lamina.utils import Columns

page = Page(__file__)
STARTS = page.setting(100, short=40)
SETTINGS = {"size": 5, "linout": True, "maxit": 1000, "trace": False}
SHARES = [0.05, 0.25, 0.5, 0.75, 0.95]
# Quantiles of 100 fits of R 4.2.2, nnet 7.3-18; and the lecture's fit.
IN_R = {
    "training SSE": [2147, 2591, 2952, 3511, 4194],
    "test MSE": [17.1, 21.2, 26.0, 30.2, 37.4],
    "test MAE": [2.83, 3.10, 3.37, 3.60, 4.06],
}
LECTURE = {"test MSE": 31.05929, "test MAE": 2.75665}

# set.seed(123); sort(sample(1:506, 404)), and then nnet with the starting weights that come next.
boston_data = boston.load()
seed = RSeed(123)
train = np.sort(seed.sample(506, 404))
test = np.setdiff1d(np.arange(506), train)
mean, std = boston_data.x[train].mean(axis=0), boston_data.x[train].std(axis=0, ddof=1)
x = (boston_data.x - mean) / std
y_test = boston_data.y[test]
train_data = dict(zip(boston_data.feature_names, x[train].T, strict=True))
train_data["medv"] = boston_data.y[train]

fit5 = lamina.nnet("medv ~ .", train_data, **SETTINGS, random_state=seed)
print(fit5)
error = fit5.predict(dict(zip(boston_data.feature_names, x[test].T, strict=True)))[:, 0] - y_test
first = {"test MSE": np.mean(error**2), "test MAE": np.mean(np.abs(error))}
worst = np.max(error**2) / np.sum(error**2)
print(f"\nTraining SSE {fit5.value:.1f}, test MSE {first['test MSE']:.2f}, ", end="")
print(f"test MAE {first['test MAE']:.3f}; one suburb of 102 makes {worst:.0%} of the test MSE\n")
fig, ax = plt.subplots(figsize=(9.6, 7))
lamina.plot.plotnet(fit5, circle_cex=0.75, cex_val=0.9, ax=ax)
ax.set_title("Width: size of a weight.  Black: positive.  Grey, dashed: negative")
page.save(ax, "plotnet")

# The same from the starts that R draws after set.seed(1), set.seed(2), ...
ours = {measure: [] for measure in IN_R}
for start in range(1, STARTS + 1):
    fit = lamina.nnet(x[train], boston_data.y[train], **SETTINGS, random_state=RSeed(start))
    error = fit.predict(x[test])[:, 0] - y_test
    ours["training SSE"].append(fit.value)
    ours["test MSE"].append(np.mean(error**2))
    ours["test MAE"].append(np.mean(np.abs(error)))

table = {"": [], "fits of": [], **{f"{100 * share:.0f} %": [] for share in SHARES}}
for measure, theirs in IN_R.items():
    for who, quantiles in (("R", theirs), ("lamina", np.quantile(ours[measure], SHARES))):
        table[""].append(measure)
        table["fits of"].append(who)
        for share, quantile in zip(SHARES, quantiles, strict=True):
            table[f"{100 * share:.0f} %"].append(f"{quantile:.4g}")
print(Columns(table, f"Quantiles over random starts: 100 of R, {STARTS} of lamina"))

fig, panels = plt.subplots(1, 2, sharey=True, figsize=(11, 5.4))
for ax, measure, unit in zip(
    panels, LECTURE, ("squares of 1,000 dollars", "1,000 dollars"), strict=True
):
    ax.ecdf(ours[measure], color="C0", label=f"lamina, {STARTS} starts")
    ax.plot(IN_R[measure], SHARES, "s", color="C1", markeredgecolor="black", label="R's quantiles")
    ax.axvline(LECTURE[measure], color="C6", linestyle=":", label="the lecture's fit")
    ax.set(xlabel=f"{measure} ({unit})", ylim=(0, 1))
panels[0].set_ylabel("share of fits below")
fig.suptitle("One network, many minima: the lecture's fit is one draw", ha="left", x=0.07)
handles, labels = panels[0].get_legend_handles_labels()
fig.legend(handles, labels, loc="outside lower center", ncols=3)
page.save(fig)

# Shares of two samples from one distribution differ by more than this in 1 % of cases.
limit = 1.628 * np.sqrt(1 / 100 + 1 / STARTS)
for measure, theirs in IN_R.items():
    below = [np.mean(np.array(ours[measure]) <= quantile) for quantile in theirs]
    far = np.max(np.abs(np.array(below) - SHARES))
    page.state(f"{measure}: shares below R's quantiles, furthest from R's", far, high=limit)
# The medians of two samples of n differ by chance, with standard error 1.25 * sd * sqrt(2 / n).
for measure, low, high, short in (
    ("training SSE", 2730, 3180, (2600, 3310)),
    ("test MSE", 23.8, 28.2, (22.5, 29.5)),
    ("test MAE", 3.24, 3.5, (3.16, 3.58)),
):
    median, in_r = np.median(ours[measure]), IN_R[measure][2]
    page.state(f"{measure}, median", median, low, high, short=short, published=f"R {in_r}")
page.state("test MSE from the lecture's start", first["test MSE"], 14, 45, published=31.06)
page.state("test MAE from the lecture's start", first["test MAE"], 2.5, 4.5, published=2.757)
page.close()
