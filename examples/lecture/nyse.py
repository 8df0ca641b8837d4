"""Forecasting a time series: trading volume of the New York Stock Exchange by a recurrent network.

Each day t has a log volume v_t, a return r_t of the Dow Jones index and a log volatility z_t.  The
volume v_t is forecast from the L days before.  In the lecture's notation a day makes a sequence

    X_1 = (v_{t-L}, r_{t-L}, z_{t-L}),  ...,  X_L = (v_{t-1}, r_{t-1}, z_{t-1}),    Y = v_t

that a recurrent network reads step by step.  An autoregression AR(L) takes the same 3 L numbers at
once, as a linear model:  v_t = beta_0 + sum_l beta_l' X_l.
"""

import matplotlib.pyplot as plt
import numpy as np
from lecture import Page

import lamina
from lamina.datasets import nyse
from lamina.utils import Columns

page = Page(__file__)
L, UNITS = 5, 12
SEEDS, EPOCHS = page.setting((20, 200), short=(5, 75))


def r_squared(y, forecast):
    """Return the share of the variance of y that a forecast explains."""
    return 1 - np.mean((y - forecast) ** 2) / np.var(y)


# All days: three series, scaled to mean 0 and standard deviation 1 over the days before 1980.
series = nyse.load()
past = series.x[series.train]
normalized = (series.x - past.mean(0)) / past.std(0)

# The correlation of each series with itself, l days before.
lags = np.arange(1, 38)
correlations = {
    name: np.array([np.corrcoef(values[lag:], values[:-lag])[0, 1] for lag in lags])
    for name, values in zip(series.feature_names, series.x.T, strict=True)
}
shown = [1, 5, 10, 20, 37]
table = {name: values[np.subtract(shown, 1)] for name, values in correlations.items()}
print(Columns({"days apart": shown, **table}, "Auto-correlation"))
print()

# The sequences: arrays of shape (days, L, 3), and the volume of the day that follows.
(x_train, y_train), (x_test, y_test) = nyse.load_data(lags=L)

# The straw man: tomorrow's volume will be today's.
yesterday = x_test[:, -1, series.feature_names.index("log_volume")]

# AR(L): least squares on 3 L = 15 numbers and an intercept.
design, design_test = (
    np.column_stack([np.ones(len(x)), x.reshape(-1, 3 * L)]) for x in (x_train, x_test)
)
beta = np.linalg.lstsq(design, y_train, rcond=None)[0]
linear = design_test @ beta

# The recurrent network, one fit for each seed.
model = lamina.Sequential(
    [
        lamina.Input((L, 3)),
        lamina.layers.SimpleRNN(UNITS, dropout=0.1, recurrent_dropout=0.1),
        lamina.layers.Dense(1),
    ]
)
model.compile("rmsprop", loss="mse")
fits = lamina.fit_many(
    model, x_train, y_train, seeds=SEEDS, epochs=EPOCHS, batch_size=64, predict=x_test, verbose=0
)
forecasts = [forecast[:, 0] for forecast in fits.predictions]
scores = [r_squared(y_test, forecast) for forecast in forecasts]
median = np.median(scores)

table = {
    "forecast": ["yesterday's volume", f"AR({L})", f"RNN, median of {SEEDS} seeds"],
    "parameters": [0, len(beta), model.count_params()],
    "test R2": [r_squared(y_test, yesterday), r_squared(y_test, linear), median],
}
print(f"{len(x_train)} days to train, {len(x_test)} to test")
print(Columns(table))
print(f"\nRNN over the seeds: {min(scores):.3f} to {max(scores):.3f}")

fig, axes = plt.subplots(3, 1, sharex=True)
for ax, name in zip(axes, ("log_volume", "DJ_return", "log_volatility"), strict=True):
    values = normalized[:, series.feature_names.index(name)]
    ax.plot(series.date, values, linewidth=0.4, antialiased=False)
    ax.axvline(np.datetime64("1980-01-02"), color="C5", linestyle="-", linewidth=2.5)
    ax.set_ylabel(name.replace("_", " "))
axes[0].set_title("Trading on the New York Stock Exchange, in standard deviations")
axes[0].text(np.datetime64("1979-08-01"), 7.5, "training days", ha="right", va="top")
axes[0].text(np.datetime64("1980-06-01"), 7.5, "test days", va="top")
axes[0].set_ylim(-6, 8)
page.save(fig, "series")

fig, ax = plt.subplots()
for (name, values), marker in zip(correlations.items(), "s^o", strict=True):
    ax.plot(lags, values, marker=marker, markersize=6, label=name.replace("_", " "))
ax.axhline(0, color="C6", linestyle="-", linewidth=1)
ax.set(xlabel="days apart", ylabel="auto-correlation", ylim=(-0.1, 1.05))
ax.set_title("Volume and volatility remember, the return does not")
ax.legend(loc="upper right", bbox_to_anchor=(1, 0.62))
page.save(fig, "autocorrelation")

fig, ax = plt.subplots()
dates = series.date[-len(y_test) :]
middle = forecasts[np.argsort(scores)[len(scores) // 2]]
ax.plot(dates, y_test, color="C6", linestyle="-", linewidth=1, label="log volume")
ax.plot(dates, middle, color="C1", linestyle="-", linewidth=1, label="forecast by the RNN")
ax.set(ylabel="standard deviations", title=f"Forecasts for the test days: R² = {median:.2f}")
plt.setp(ax.legend(loc="lower center", ncols=2).get_lines(), linewidth=3)
page.save(fig)

at_20 = correlations["log_volume"][19]
page.state("volume, auto-correlation, 20 days", at_20, 0.2, 0.25, published="above 0.2")
page.state("yesterday's volume, R2", r_squared(y_test, yesterday), 0.175, 0.185, published=0.18)
page.state(f"AR({L}), R2", r_squared(y_test, linear), 0.4125, 0.4135, published=0.413)
page.state("RNN, median R2", median, low=0.405, short=(0.395, 0.43), published=0.42)
page.close()
