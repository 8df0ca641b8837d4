"""Double descent: the test error peaks where a model first reproduces its training rows.

Twenty observations y_i = sin(x_i) + eps_i, with x_i uniform on [-5, 5] and eps_i ~ N(0, 0.3^2).
A natural spline with d degrees of freedom is fitted by least squares; for d > 20, many splines pass
through all observations, and the one whose coefficients have the smallest sum of squares is taken.
Then the same over the width M of a network with one hidden layer.
"""

import numpy as np
from lecture import Page

import lamina
from lamina.utils import Columns

page = Page(__file__)
SIZES = [*range(2, 31), 32, 35, 38, 42, 46, 50, 55, 60, 65, 70, 75, 80]  # d
SAMPLES = page.setting(200, short=25)  # of 20 observations each
WIDTHS = page.setting([1, 2, 3, 4, 5, 6, 7, 8, 10, 13, 20, 40, 100, 300], short=[1, 2, 13, 100])
NETWORK_SAMPLES, STEPS = page.setting(30, short=3), page.setting(20_000, short=5_000)


def sample(seed):
    """Draw 20 training rows, and 300 test rows between the outermost of them."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-5, 5, 20)
    x_test = rng.uniform(x.min(), x.max(), 300)
    y, y_test = (np.sin(each) + rng.normal(0, 0.3, len(each)) for each in (x, x_test))
    return x, y, (x_test, y_test)


def medians(paths, *names):
    """Return the medians over the samples."""
    return [np.median([path[name] for path in paths], axis=0) for name in names]


paths = [lamina.complexity_path("natural_spline", *sample(seed), SIZES) for seed in range(SAMPLES)]
training, test, norm = medians(paths, "train_error", "test_error", "norm")
shown = [SIZES.index(d) for d in (2, 4, 6, 8, 12, 16, 18, 19, 20, 21, 22, 25, 30, 42, 60, 80)]
table = {
    "d": np.array(SIZES)[shown],
    "training error": training[shown].round(4),
    "test error": test[shown],
    "norm of coefficients": norm[shown],
}
print(Columns(table, f"Natural splines, medians over {SAMPLES} samples"))

ax = lamina.plot.complexity_path(paths, log=False)
ax.set_ylim(0, 6)
ax.set_title(f"Splines: two descents (medians and quartiles, {SAMPLES} samples)")
page.save(ax)

# The fits are drawn for one sample, the one whose test errors are nearest to the medians.
off = [np.square(np.log(path["test_error"] / test)).sum() for path in paths]
typical = paths[int(np.argmin(off))]
panels = lamina.plot.fitted_curves(typical, [8, 20, 42, 80], function=np.sin)
page.save(panels[0], "fits")


def build(units):
    """Return a network with one hidden layer."""
    model = lamina.Sequential(
        [lamina.Input((1,)), lamina.layers.Dense(units, "tanh"), lamina.layers.Dense(1)]
    )
    model.compile(lamina.optimizers.Adam(0.01), loss="mse")
    return model


settings = {"sizes": WIDTHS, "epochs": STEPS, "batch_size": "all", "verbose": 0}
networks = [
    lamina.complexity_path(build, *sample(seed), **settings) for seed in range(NETWORK_SAMPLES)
]
network_training, network_test = medians(networks, "train_error", "test_error")
table = {
    "M": WIDTHS,
    "parameters": networks[0]["parameters"],
    "training error": network_training.round(4),
    "test error": network_test,
}
print()
print(Columns(table, f"Networks, medians over {NETWORK_SAMPLES} of the samples"))

ax = lamina.plot.complexity_path(networks, log=False)
ax.set(xlabel="number of hidden units, M", ylim=(0, 1.5))
ax.set_title(f"Networks: a lower peak (medians and quartiles, {NETWORK_SAMPLES} samples)")
page.save(ax, "networks")

at = dict(zip(SIZES, test, strict=True))
peak = max(at, key=at.get)
page.state("d of the largest test error", peak, 19, 21, short=(18, 23), published=20)
ticks = [2, 5, 10, 20, 50]  # of the book's axis
page.state("the same among 2, 5, 10, 20, 50", max(ticks, key=at.get), 20, 20, published=20)
page.state("d of the least test error", min(at, key=at.get), 5, 10, short=(4, 12))
page.state("largest training error for d >= 20", training[SIZES.index(20) :].max(), high=1e-12)
page.state("test error at the peak / at 42", at[peak] / at[42], 5, short=(3, np.inf))
page.state("test error at 42 / at 8", at[42] / at[8], 1.5, 3, short=(1.2, 4))
ratio = norm[SIZES.index(peak)] / norm[SIZES.index(42)]
page.state("norm at the peak / at 42", ratio, 2, short=(1.5, np.inf))
ratio = network_test.max() / network_test[-1]
page.state("networks: largest test error / widest's", ratio, 1.2, 4, short=(1, 20))
page.close()
