"""Universal approximation: how the error of one hidden layer falls as M grows.

A network with p = C = 1, M hidden ReLU units and a linear output,

    y(x) = beta_0 + sum_m beta_m max(0, alpha_0m + alpha_1m x),

is a broken line with at most M knots, at x = -alpha_0m / alpha_1m.  The best broken line with M
free knots has, for a function f with two derivatives and large M, the error

    (mean of (f - y)^2)^(1/2)  =  c / M^2,   c = (integral of |f''|^(2/5))^(5/2) / (720 |I|)^(1/2)

on an interval of length |I|, with the knots spread in proportion to |f''|^(2/5) (Burchard and Hale,
1975).  Do trained networks reach it?  And networks of sigmoid units, such as those of nnet?
"""

import matplotlib.pyplot as plt
import numpy as np
from lecture import Page

import lamina
from lamina.utils import Columns

page = Page(__file__)
FUNCTIONS = {
    "sin 5x": lambda x: np.sin(5 * x),
    "1 / (1 + 25x²)": lambda x: 1 / (1 + 25 * x**2),
    "exp(2x - 2)": lambda x: np.exp(2 * x - 2),
}
WIDTHS = page.setting([1, 2, 4, 8, 16, 32, 64, 128, 256], short=[1, 2, 4, 8, 16, 32, 64])
STEPS = page.setting(1000, short=300)  # of L-BFGS
SIGMOIDS = page.setting([1, 2, 4, 8, 16, 32], short=[1, 2, 4])
STARTS = page.setting(10, short=4)

x = np.linspace(-1, 1, 2001)


def spread(f):
    """Return the share of knots to the left of each x, and c."""
    density = np.abs(np.gradient(np.gradient(f(x), x), x)) ** 0.4
    total = 2 * density.mean()
    return np.append(0, np.cumsum(density[1:] / density[1:].sum())), total**2.5 / 1440**0.5


def relu_network(f, width):
    """Return the network that is trained from the broken line through f at the best knots."""
    knots = np.interp(np.linspace(0, 1, width + 1), spread(f)[0], x)
    slopes = np.diff(f(knots)) / np.diff(knots)
    model = lamina.Sequential(
        [lamina.Input((1,)), lamina.layers.Dense(width, "relu"), lamina.layers.Dense(1)],
        dtype="float64",
    )
    alpha = [np.ones((1, width)), -knots[:-1]]
    model.set_weights([*alpha, np.diff(slopes, prepend=0)[:, None], f(knots[:1])])
    model.compile(lamina.optimizers.LBFGS(tolerance_grad=0, tolerance_change=0), "mse")
    model.fit(x, f(x), epochs=STEPS, verbose=0)
    return model


def sigmoid_network(f, width):
    """Return the best of several fits of nnet."""
    settings = {"linout": True, "rang": 10, "maxit": 2000, "abstol": 0, "reltol": 1e-12}
    return lamina.nnet(
        x, f(x), size=width, n_starts=STARTS, trace=False, random_state=1, **settings
    )


def error(f, model):
    """Return the root of the mean squared error."""
    return np.mean((f(x) - model.predict(x)[:, 0]) ** 2) ** 0.5


errors = {name: [error(f, relu_network(f, m)) for m in WIDTHS] for name, f in FUNCTIONS.items()}
table = {"M": WIDTHS}
for name, f in FUNCTIONS.items():
    table[name] = [f"{e:.3g}" for e in errors[name]]
    table[f"{name}: ratio"] = errors[name] * np.square(WIDTHS) / spread(f)[1]
print("ReLU units: root mean squared error, and its ratio to the predicted one\n")
print(Columns(table))

sine = FUNCTIONS["sin 5x"]
sigmoid = [error(sine, sigmoid_network(sine, m)) for m in SIGMOIDS]
bound = 2 * 5 / np.sqrt(SIGMOIDS)
print(
    f"\nSigmoid units, sin 5x: best of {STARTS} starts, and Barron's bound 2 C / M^(1/2), C = 5\n"
)
print(Columns({"M": SIGMOIDS, "error": [f"{e:.3g}" for e in sigmoid], "bound": bound}))

fig, ax = plt.subplots()
for place, (name, f) in enumerate(FUNCTIONS.items()):
    style = {"color": f"C{place}", "marker": "os^"[place], "linestyle": "none"}
    ax.loglog(WIDTHS, errors[name], label=f"ReLU, {name}", **style)
    ax.loglog(WIDTHS, spread(f)[1] / np.square(WIDTHS), color=f"C{place}", linestyle="-", lw=1.5)
ax.loglog(SIGMOIDS, sigmoid, "x--", color="C6", label="sigmoid, sin 5x")
ax.set(xlabel="M, hidden units", ylabel="root mean squared error")
ax.set_title("ReLU: the error falls as 1/M², as predicted (lines)")
ax.set_xticks(WIDTHS, WIDTHS)
ax.minorticks_off()
ax.legend()
page.save(fig)

fig, axes = plt.subplots(1, 4, figsize=(12.8, 4.2), sharey=True)
for ax, width in zip(axes, (1, 2, 5, 20), strict=True):
    ax.plot(x, sine(x), color="0.8", linestyle="-", linewidth=8, label="f(x) = sin 5x")
    ax.plot(x, relu_network(sine, width).predict(x), "C0-", label="ReLU")
    ax.plot(x, sigmoid_network(sine, width).predict(x), "C1--", label="sigmoid")
    ax.set(title=f"M = {width}", xlabel="x")
fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3)
page.save(fig, "curves")

for name, f in FUNCTIONS.items():
    tail = np.log(WIDTHS[4:]), np.log(errors[name][4:])
    slope = np.polyfit(*tail, 1)[0]
    page.state(f"slope from M = 16 on, {name}", slope, -2.1, -1.9, short=(-2.3, -1.7))
    ratio = errors[name][-1] * WIDTHS[-1] ** 2 / spread(f)[1]
    page.state(f"error at M = {WIDTHS[-1]} over c / M², {name}", ratio, 0.95, 1.2, short=(0.9, 1.5))
page.state("largest ratio of sigmoid error and bound", max(sigmoid / bound), high=1)
page.close()
