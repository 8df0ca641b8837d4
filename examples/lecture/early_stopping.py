"""Early stopping: the training error falls steadily, the validation error rises again.

    1. Train for many epochs; after each epoch compute the error on validation rows.
    2. Return the parameters of the epoch with the smallest error.

The trading volume of the New York Stock Exchange from the five days before (15 inputs), by a
network with two hidden layers of 64 units: 5,249 weights for 3,207 training days.  The last quarter
of the training period is for validation.
"""

import matplotlib.pyplot as plt
import numpy as np
from lecture import Page

import lamina
from lamina.datasets import nyse
from lamina.utils import Columns

page = Page(__file__)
UNITS, EPOCHS = 64, page.setting(100, short=40)
SEEDS = page.setting(20, short=3)

(x, y), (x_test, y_test) = nyse.load_data(lags=5)
model = lamina.Sequential(
    [
        lamina.Input((5, 3)),
        lamina.layers.Flatten(),
        lamina.layers.Dense(UNITS, activation="relu"),
        lamina.layers.Dense(UNITS, activation="relu"),
        lamina.layers.Dense(1),
    ]
)
model.compile("adam", loss="mse")
later = len(y) * 3 // 4  # where the validation rows begin
validation = x[later:], y[later:]
wanted = {
    "to the end": [],
    "stopped early": [lamina.callbacks.EarlyStopping(patience=10)],
}
fits = {
    name: lamina.fit_many(
        model, x[:later], y[:later], validation_data=validation, seeds=SEEDS, epochs=EPOCHS,
        batch_size=32, callbacks=callbacks, predict=x_test, keep="histories", verbose=0,
    )
    for name, callbacks in wanted.items()
}  # fmt: skip

r2 = {
    name: np.array(
        [1 - np.mean((y_test - p[:, 0]) ** 2) / np.var(y_test) for p in each.predictions]
    )
    for name, each in fits.items()
}
tables = [each.table for each in fits.values()]
print(
    Columns(
        {
            "median over the seeds": list(fits),
            "epochs run": [np.median(table["epochs"]) for table in tables],
            "training MSE": [np.median(table["loss"]) for table in tables],
            "validation MSE": [np.median(table["val_loss"]) for table in tables],
            "test R2": [np.median(each) for each in r2.values()],
            "least": [each.min() for each in r2.values()],
            "most": [each.max() for each in r2.values()],
        }
    )
)
histories = [each.history for each in fits["to the end"].histories]
best = np.array([np.argmin(each["val_loss"]) + 1 for each in histories])
print(f"\nThe best epoch lies between {best.min()} and {best.max()}, by the seed.")

fig, ax = plt.subplots()
lamina.plot.learning_curves(histories[0], metrics="loss", ax=ax)
ax.axvline(best[0], color="0.5", linestyle=":", linewidth=1.5)
ax.set(
    ylabel="mean squared error", title="Training error falls steadily, validation error turns up"
)
page.save(fig)

falls = np.median(
    [each["loss"][-1] / each["loss"][b - 1] for each, b in zip(histories, best, strict=True)]
)
rises = np.median([each["val_loss"][-1] / min(each["val_loss"]) for each in histories])
page.state("training MSE, last epoch over the best", falls, 0.3, 0.9)
page.state("validation MSE, last epoch over the best", rises, 1.2, 1.7, short=(1.05, 1.5))
page.state("test R2, stopped early", np.median(r2["stopped early"]), 0.38, 0.42, short=(0.36, 0.42))
page.state("test R2, to the end", np.median(r2["to the end"]), 0.05, 0.25, short=(0.2, 0.36))
page.close()
