"""A hidden layer with linear activation: nothing but linear regression.

If g(z) = z, the network's prediction

    y(x) = beta_0 + sum_m beta_m (alpha_0m + sum_j alpha_jm x_j)

is a linear function of x for every M.  Trained by least squares it must therefore agree with linear
regression, although it has more parameters.  Boston: medv on 13 predictors, all 506 rows.
"""

import matplotlib.pyplot as plt
import numpy as np
from lecture import Page

import lamina
from lamina.datasets import boston
from lamina.utils import Columns

page = Page(__file__)
WIDTHS = page.setting([1, 2, 5, 20], short=[1, 5])  # M, numbers of hidden units
RATE, STEPS = 0.003, page.setting(20_000, short=10_000)  # gradient descent, with momentum
SEED = 1

x, y = boston.load_data()[0]
x = (x - x.mean(0)) / x.std(0, ddof=1)

# Linear regression by least squares, with its p + 1 = 14 parameters.
design = np.column_stack([np.ones(len(x)), x])
coefficients = np.linalg.lstsq(design, y, rcond=None)[0]
regression = design @ coefficients

table = {"M": [], "parameters": [], "training MSE": [], "largest difference": []}
for width in WIDTHS:
    model = lamina.Sequential(
        [lamina.Input((13,)), lamina.layers.Dense(width), lamina.layers.Dense(1)],
        dtype="float64",
        seed=SEED,
    )
    model.compile(lamina.optimizers.SGD(RATE, momentum=0.9), loss="mse")
    model.fit(x, y, batch_size="all", epochs=STEPS, verbose=0)
    network = model.predict(x)[:, 0]
    table["M"].append(width)
    table["parameters"].append(model.count_params())
    table["training MSE"].append(np.mean((y - network) ** 2))
    table["largest difference"].append(np.abs(network - regression).max())
print(f"Linear regression: 14 parameters, training MSE {np.mean((y - regression) ** 2):.4f}\n")
print(Columns(table))

fig, ax = plt.subplots(figsize=(7, 5.4))
ends = [min(regression), max(regression)]
ax.plot(ends, ends, color="C6", linestyle="-", linewidth=1.5, label="equal")
ax.plot(regression, network, "o", color="C0", markersize=6, alpha=0.6, label="one suburb")
ax.set(
    xlabel="linear regression (1,000 dollars)",
    ylabel="network (1,000 dollars)",
    title=f"M = {width} linear hidden units: the same predictions",
)
ax.legend()
page.save(fig)

page.state("largest difference over all M", max(table["largest difference"]), high=1e-8)
page.close()
