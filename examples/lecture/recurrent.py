"""A recurrent network, step by step: equation (1), weight sharing, and what the outputs are for.

A sequence X_1, ..., X_L of vectors of p numbers gives hidden layers A_1, ..., A_L of K units and
outputs O_1, ..., O_L:

    A_lk = g(w_k0 + sum_j w_kj X_lj + sum_s u_ks A_{l-1,s}),     O_l = beta_0 + sum_k beta_k A_lk

with the same weights W, U and B at every step.  First the equations are computed by hand.  Then a
network learns to add, Y = X_1 + ... + X_L, with a loss of only O_L or of all outputs.
"""

import matplotlib.pyplot as plt
import numpy as np
from lecture import Page

import lamina
from lamina.utils import Columns

page = Page(__file__)
P, K, L = 3, 4, 5  # of the network by hand
LENGTH, UNITS, ROWS, EPOCHS = 10, 8, 1000, 100  # of those that learn to add
SEEDS = page.setting(20, short=5)


def network(inputs, units, return_sequences, seed=1):
    """Return a network with a recurrent layer, and an output at each step or at the last."""
    return lamina.Sequential(
        [
            lamina.Input((None, inputs)),
            lamina.layers.SimpleRNN(units, activation="tanh", return_sequences=return_sequences),
            lamina.layers.Dense(1),
        ],
        seed=seed,
    )


# Equation (1) by hand, and the network's own outputs.
model = network(P, K, return_sequences=True)
W, U, w0, B, beta0 = model.get_weights()
rng = np.random.default_rng(1)
x = rng.normal(size=(L, P))
A, by_hand = np.zeros(K), []
for X in x:
    A = np.tanh(w0 + X @ W + A @ U)
    by_hand.append(beta0 + A @ B)
difference = np.abs(model.predict(x[None], verbose=0)[0] - by_hand).max()
print(f"largest difference between the network and equation (1): {difference:.0e}\n")

# Weight sharing: the weights do not depend on L.  A dense layer on the whole sequence has more.
table = {"L": [5, 50, 500], "recurrent": [model.count_params()] * 3, "dense": []}
for length in table["L"]:
    table["dense"].append((length * P + 1) * K + (K + 1))
print(Columns(table, title=f"Parameters for p = {P}, K = {K}"))

fig = lamina.plot.unrolled(
    lamina.Sequential([lamina.Input((L, P)), lamina.layers.SimpleRNN(K), lamina.layers.Dense(1)])
)
fig.set_title("A recurrent network: W, U and B are the same at every step")
page.save(fig)

# Running totals, learned twice: with a loss of only O_L, and with a loss of O_1, ..., O_L.
x = rng.uniform(-1, 1, size=(ROWS + 1000, LENGTH, 1))
totals = np.cumsum(x, axis=1)
x_train, totals_train, x_test, totals_test = x[:ROWS], totals[:ROWS], x[ROWS:], totals[ROWS:]
runs = {"before": [], "after": [], "from O_L": [], "from all": []}
for seed in range(SEEDS):
    last, every = (network(1, UNITS, all_steps, seed) for all_steps in (False, True))
    runs["before"].append(np.abs(last.input_gradients(x_test)).mean(axis=(0, 2)))
    for model, target in ((last, totals_train[:, -1]), (every, totals_train)):
        model.compile(lamina.optimizers.Adam(0.005), loss="mse")
        model.fit(x_train, target, batch_size=32, epochs=EPOCHS, verbose=0)
    runs["after"].append(np.abs(last.input_gradients(x_test)).mean(axis=(0, 2)))
    # O_1, ..., O_{L-1} of the first network: its weights in a network that returns all outputs.
    free = network(1, UNITS, return_sequences=True)
    free.set_weights(last.get_weights())
    for name, model in (("from O_L", free), ("from all", every)):
        output = model.predict(x_test, verbose=0)
        runs[name].append(np.sqrt(np.mean((output - totals_test) ** 2, axis=(0, 2))))
median = {name: np.median(values, axis=0) for name, values in runs.items()}
steps = np.arange(1, LENGTH + 1)
table = {
    "l": steps,
    "dO_L/dX_l before": median["before"],
    "after training": median["after"],
    "error of O_l, from O_L": median["from O_L"],
    "from all": median["from all"],
}
print(Columns(table, title=f"\nRunning totals of {LENGTH} numbers: medians of {SEEDS} seeds"))

fig, ax = plt.subplots()
ax.plot(steps, median["after"], "o", linestyle="-", label="after training on $O_L$ alone")
ax.plot(steps, median["before"], "s", linestyle="--", label="before training")
ax.set(xlabel="step $\\ell$", ylabel="size of $\\partial O_L / \\partial X_\\ell$", xticks=steps)
ax.set(ylim=(0, 1.2), title="Only $O_L$ is in the loss, and every $X_\\ell$ counts")
ax.legend(loc="center left")
page.save(fig, "gradient")

fig, ax = plt.subplots()
ax.plot(steps, median["from O_L"], "s", linestyle="--", label="loss of $O_L$ alone")
ax.plot(steps, median["from all"], "o", linestyle="-", label="loss of $O_1, ..., O_L$")
ax.set(xlabel="step $\\ell$", ylabel="error of $O_\\ell$ (root of MSE)", xticks=steps)
ax.set(ylim=(0, None), title="Outputs come for free, and are right if the loss has them")
ax.legend()
page.save(fig, "outputs")

page.state("equation (1), largest difference", difference, high=1e-6)
page.state("dO_L/dX_1 after training", median["after"][0], 0.95, 1.05, short=(0.9, 1.1))
page.state("smallest dO_L/dX_l after training", min(median["after"]), 0.95, short=(0.9, 1.1))
page.state("error of O_5, from O_L", median["from O_L"][4], low=0.1)
page.state("error of O_5, from all", median["from all"][4], high=0.08)
page.close()
