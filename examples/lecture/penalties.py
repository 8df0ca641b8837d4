"""L1 and L2 penalties: on a network without a hidden layer they are the lasso and ridge regression.

    J(w) = R(w) + lambda w'w        (L2, ridge),
    J(w) = R(w) + alpha |w|         (L1, lasso).

R is the mean squared error.  A linear network must then have the weights that the lasso and ridge
regression have, for every lambda, and with L1 the same weights must be exactly 0.  Boston: medv on
13 standardised predictors.
"""

import matplotlib.pyplot as plt
import numpy as np
from lecture import Page
from sklearn.linear_model import lasso_path

import lamina
from lamina.datasets import boston
from lamina.utils import Columns

page = Page(__file__)
COUNT = page.setting(14, short=5)  # penalties on each path
ALPHAS, LAMBDAS = np.geomspace(13, 0.1, COUNT), np.geomspace(20, 0.01, COUNT)
STEPS = page.setting(6000, short=3000)

table = boston.load()
x, y = (table.x - table.x.mean(0)) / table.x.std(0), table.y - table.y.mean()


def build(penalty=None, momentum=0.9, weight_decay=None):
    """Return a compiled network with one linear unit."""
    layer = lamina.layers.Dense(1, use_bias=False, kernel_regularizer=penalty)
    model = lamina.Sequential([lamina.Input((13,)), layer], dtype="float64", seed=1)
    rule = lamina.optimizers.SGD(0.05, momentum=momentum, weight_decay=weight_decay)
    model.compile(rule, loss="mse")
    return model


def paths(penalties):
    """Return the weights of a network for each penalty: an array (penalties, 13)."""
    fits = lamina.fit_many(
        build, x, y, settings={"penalty": penalties}, batch_size="all", epochs=STEPS,
        keep="weights", verbose=0,
    )  # fmt: skip
    return np.array([weights[0][:, 0] for weights in fits.weights])


lasso_net = paths([lamina.regularizers.L1(a, proximal=True) for a in ALPHAS])
plain_net = paths([lamina.regularizers.L1(a) for a in ALPHAS])
ridge_net = paths([lamina.regularizers.L2(a) for a in LAMBDAS])

# scikit-learn's lasso minimises R / 2 + alpha |w|: half of J, with half of alpha.
lasso = lasso_path(x, y, alphas=ALPHAS / 2, tol=1e-14, max_iter=100_000)[1].T
# Ridge: the gradient of J is 0 where (X'X / n + lambda I) w = X'y / n.
ridge = [np.linalg.solve(x.T @ x / len(y) + a * np.eye(13), x.T @ y / len(y)) for a in LAMBDAS]
zeros = {
    "lasso": (lasso == 0).sum(1),
    "network": (lasso_net == 0).sum(1),
    "plain L1": (plain_net == 0).sum(1),
}
lasso_off, ridge_off = np.abs(lasso - lasso_net).max(1), np.abs(ridge - ridge_net).max(1)
print("L1: weights that are exactly 0, and the largest difference from the lasso\n")
print(Columns({"alpha": ALPHAS, **zeros, "difference": lasso_off}))
print("\nL2: the largest difference from ridge regression\n")
print(Columns({"lambda": LAMBDAS, "difference": ridge_off, "zeros": (ridge_net == 0).sum(1)}))

# The L2 penalty is weight decay: a step of plain SGD reduces a weight by the share 2 lambda * rate.
decayed = build(momentum=0, weight_decay=2 * 0.1)
penalised = build(lamina.regularizers.L2(0.1), momentum=0)
for model in (decayed, penalised):
    model.fit(x, y, batch_size=32, epochs=5, verbose=0)
decay_off = np.abs(decayed.get_weights()[0] - penalised.get_weights()[0]).max()

NAMED = ["lstat", "rm", "dis", "rad", "tax", "ptratio", "nox"]
fig, axes = plt.subplots(1, 2, figsize=(11, 5.4), sharey=True)
for ax, penalties, exact, net in (
    (axes[0], ALPHAS, lasso, lasso_net),
    (axes[1], LAMBDAS, np.array(ridge), ridge_net),
):
    for j, name in enumerate(table.feature_names):
        style = {"label": name}
        if name not in NAMED:  # in grey, with one entry in the legend for all
            style = {"color": "0.75", "linestyle": "-", "label": "others" if j == 0 else None}
        (line,) = ax.plot(penalties, exact[:, j], **style)
        ax.plot(penalties, net[:, j], "o", color=line.get_color(), markersize=6)
    ax.set_xscale("log")
axes[0].set(title="L1 and the lasso", xlabel="α", ylabel="weight (1,000 dollars)")
axes[1].set(title="L2 and ridge regression", xlabel="λ")
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside right center")
fig.suptitle("Networks (points) lie on the paths of linear models (lines)")
page.save(fig)

page.state("L1: zeros that differ from the lasso's", ((lasso == 0) != (lasso_net == 0)).sum(), 0, 0)
page.state("L1: largest difference from the lasso", lasso_off.max(), high=1e-8)
page.state("L1 without the proximal step: zeros", zeros["plain L1"].sum(), 0, 0)
page.state("L2: largest difference from ridge", ridge_off.max(), high=1e-8)
page.state("L2: largest difference from weight decay", decay_off, high=1e-12)
page.close()
