"""Network architecture: width, depth and connectivity.

Networks of about 5,000 parameters on one data set: a single hidden layer of 334 ReLU units, two of
64, four of 38, seven of 27, 25 of 14, and 25 with skip connections: twelve blocks of two layers
after the first layer, each of which returns z + W2 g(W1 z).  Also nnet with five sigmoid units,
without and with skip connections from the inputs to the output.  Boston, the lecture's split, 13
inputs.
"""

import matplotlib.pyplot as plt
import numpy as np
from lecture import Page

import lamina
from lamina import layers
from lamina.datasets import boston
from lamina.utils import Columns

page = Page(__file__)
SHAPES = {  # hidden layers, units in each, whether there are skip connections
    "1 x 334": (1, 334, False),
    "2 x 64": (2, 64, False),
    "4 x 38": (4, 38, False),
    "7 x 27": (7, 27, False),
    "25 x 14": (25, 14, False),
    "25 x 14, skip": (25, 14, True),
}
EPOCHS, RATE = page.setting(100, short=20), 0.001  # Adam, batches of 32
SEEDS = page.setting(20, short=3)

(x, y), (x_test, y_test) = boston.load_data()
mean, deviation = x.mean(0), x.std(0, ddof=1)
x, x_test = (x - mean) / deviation, (x_test - mean) / deviation


def build(shape="1 x 334"):
    """Return a network by the name of its architecture."""
    depth, width, skip = SHAPES[shape]
    inputs = lamina.Input((13,))
    inside = layers.Dense(width, "relu", kernel_initializer="he_normal")(inputs)
    if skip:
        for _ in range(depth // 2):
            block = layers.Dense(width, "relu", kernel_initializer="he_normal")(inside)
            block = layers.Dense(width, kernel_initializer="zeros")(block)
            inside = layers.add([inside, block])
    else:
        for _ in range(depth - 1):
            inside = layers.Dense(width, "relu", kernel_initializer="he_normal")(inside)
    model = lamina.Model(inputs, layers.Dense(1)(inside))
    model.compile(lamina.optimizers.Adam(RATE), "mse")
    return model


fits = lamina.fit_many(
    build, x, y, settings={"shape": list(SHAPES)}, seeds=SEEDS, epochs=EPOCHS, batch_size=32,
    predict=x_test, verbose=0,
)  # fmt: skip
test = np.reshape([np.mean((y_test - p[:, 0]) ** 2) for p in fits.predictions], (-1, SEEDS))
training = np.reshape(fits.table["loss"], (-1, SEEDS))
low, middle, high = np.quantile(test, [0.1, 0.5, 0.9], axis=1)
print(f"About 5,000 parameters: mean squared errors, medians and quantiles of {SEEDS} seeds\n")
table = {"hidden layers": SHAPES, "parameters": [build(shape).count_params() for shape in SHAPES]}
table |= {"training": np.median(training, axis=1), "test": middle, "10 %": low, "90 %": high}
print(Columns(table))

# Connectivity in nnet: from the inputs straight to the output, past five sigmoid units.
table = {"nnet, size 5": [], "weights": [], "training": [], "test": [], "10 %": [], "90 %": []}
for skip in (False, True):
    kept = [
        lamina.nnet(
            x, y, size=5, linout=True, skip=skip, decay=0.01, maxit=200, trace=False,
            random_state=seed,
        )
        for seed in range(SEEDS)
    ]  # fmt: skip
    errors = [np.mean((y_test - fit.predict(x_test)[:, 0]) ** 2) for fit in kept]
    fitted = np.median([np.mean(fit.residuals**2) for fit in kept])
    row = "skip=True" if skip else "skip=False", len(kept[0].wts), fitted
    for name, value in zip(table, [*row, *np.quantile(errors, [0.5, 0.1, 0.9])], strict=True):
        table[name].append(value)
print()
print(Columns(table))

fig, ax = plt.subplots(figsize=(9.6, 5.4))
rng = np.random.default_rng(1)
for place in range(len(SHAPES)):
    across = place + rng.uniform(-0.15, 0.15, SEEDS)
    ax.plot(across, test[place], "o", color="C0", alpha=0.5, label="test, each seed")
    ax.plot(across, training[place], "^", color="C1", alpha=0.7, label="training, each seed")
    ax.hlines(
        middle[place], place - 0.35, place + 0.35, color="C6", linewidth=3, label="test, median"
    )
ax.set_xticks(range(len(SHAPES)), [name.replace(", ", ",\n") for name in SHAPES])
ax.set(xlabel="hidden layers x units", ylabel="mean squared error (1,000 dollars)²", yscale="log")
ax.set_yticks([2, 5, 10, 20, 40], ["2", "5", "10", "20", "40"])
ax.minorticks_off()
ax.set_title("About 5,000 parameters each: the shape matters, and the seed")
handles, names = ax.get_legend_handles_labels()
ax.legend(handles[:3], names[:3])
page.save(fig)

depths = dict(zip(SHAPES, middle, strict=True))
page.state("test MSE, 1 x 334", depths["1 x 334"], 16, 21, short=(16, 28))
page.state("test MSE, 4 x 38", depths["4 x 38"], 12, 18, short=(12, 24))
page.state("test MSE, 25 x 14", depths["25 x 14"], 15, 30, short=(15, 40))
page.state("test MSE, 25 x 14, skip", depths["25 x 14, skip"], 10, 20, short=(10, 30))
page.state(
    "spread of 25 x 14 over that of 1 x 334",
    (high - low)[4] / (high - low)[0],
    3,
    50,
    short=(0, 99),
)
page.state("nnet, skip=True: test MSE", table["test"][1], 13, 26)
page.close()
