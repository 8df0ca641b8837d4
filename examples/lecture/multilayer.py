"""Multilayer networks: the step from layer to layer, taken several times.

    A1_k = g(w1_k0 + sum_j w1_kj X_j),        k = 1, ..., K1
    A2_l = g(w2_l0 + sum_k w2_lk A1_k),       l = 1, ..., K2
    Z_m  = b_m0 + sum_l b_ml A2_l,            f_m(X) = exp(Z_m) / sum_s exp(Z_s)

The book's Figure 10.4, for MNIST, has 784 inputs, K1 = 256, K2 = 128 and ten outputs, and 235,146
parameters.  A network whose weights are set by hand shows what a second and a third layer do.
"""

import matplotlib.pyplot as plt
import numpy as np
from lecture import Page

import lamina
from lamina.datasets import mnist
from lamina.utils import Columns

page = Page(__file__)
EPOCHS = page.setting(5, short=1)
SEED = 1

model = lamina.Sequential(
    [
        lamina.Input((784,)),
        lamina.layers.Dense(256, activation="relu", name="A1"),
        lamina.layers.Dropout(0.4),
        lamina.layers.Dense(128, activation="relu", name="A2"),
        lamina.layers.Dropout(0.3),
        lamina.layers.Dense(10, activation="softmax", name="f"),
    ],
    seed=SEED,
)
model.summary()

ax = lamina.plot.plotnet(
    model,
    max_units=5,
    node_labs=["$X_{%d}$", "$A^{(1)}_{%d}$", "$A^{(2)}_{%d}$", [f"$f_{m}$" for m in range(10)]],
    layer_names=["Input layer", "Hidden layer $L_1$", "Hidden layer $L_2$", "Output layer"],
    y_names=range(10),
    x_names=[""] * 784,
    bias=False,
    nid=False,
    rel_rsc=(1, 1),
)
for place, text in enumerate(["$W_1$", "$W_2$", "$B$"]):
    ax.text(place + 0.5, -0.45, text, ha="center")
page.save(ax)

# The layers' outputs for one test digit: by the formulas, and by the network.
(x, y), (x_test, y_test) = mnist.load_data()
x, x_test = x.reshape(-1, 784) / 255.0, x_test.reshape(-1, 784) / 255.0
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(x, y, batch_size=128, epochs=EPOCHS, verbose=0)
W1, w1_0, W2, w2_0, B, b_0 = model.get_weights()
A1 = np.maximum(0, w1_0 + x_test[:1] @ W1)
A2 = np.maximum(0, w2_0 + A1 @ W2)
Z = b_0 + A2 @ B
f = np.exp(Z) / np.exp(Z).sum()
difference = 0.0
for name, by_hand in {"A1": A1, "A2": A2, "f": f}.items():
    inside = lamina.Model(model.inputs, model.get_layer(name).output).predict(x_test[:1])
    difference = max(difference, np.abs(by_hand - inside).max())
print(f"\nFirst test digit, a {y_test[0]}: of the 256 units of the first hidden layer")
print(f"{(A1 > 0).sum()} are above 0, of the 128 of the second {(A2 > 0).sum()}.\n")
print(Columns({"digit m": range(10), "Z_m": Z[0], "f_m(X)": [f"{each:.4f}" for each in f[0]]}))

# A network by hand: each hidden layer folds the interval, A_1 = max(0, x), A_2 = max(0, x - 1/2),
# and returns 2 A_1 - 4 A_2, the next layer's x.
grid = np.linspace(0, 1, 1025)
fig, axes = plt.subplots(1, 3, figsize=(12.8, 4.2), sharey=True)
table = {"hidden layers": [], "parameters": [], "straight pieces": []}
for depth, ax in enumerate(axes, 1):
    folding = [lamina.layers.Dense(2, activation="relu") for _ in range(depth)]
    tent = lamina.Sequential([lamina.Input((1,)), *folding, lamina.layers.Dense(1)])
    first = [[[1, 1]], [0, -0.5]]
    further = [[[2, 2], [-4, -4]], [0, -0.5]]
    tent.set_weights([*first, *further * (depth - 1), [[2], [-4]], [0]])
    output = tent.predict(grid)[:, 0]
    table["hidden layers"].append(depth)
    table["parameters"].append(tent.count_params())
    table["straight pieces"].append(1 + np.count_nonzero(np.diff(np.sign(np.diff(output)))))
    ax.plot(grid, output, "C0-")
    ax.set(title=f"{depth} hidden layer{'s' * (depth > 1)}", xlabel="x", xticks=[0, 0.5, 1])
axes[0].set_ylabel("output")
fig.suptitle("Each hidden layer of two ReLU units doubles the number of pieces")
page.save(fig, "folds")
print("\nTwo ReLU units in each hidden layer, weights set by hand\n")
print(Columns(table))

page.state("parameters of Figure 10.4", model.count_params(), 235146, 235146, published="235,146")
page.state("largest difference from the formulas", difference, high=1e-5)
pieces = table["straight pieces"][-1]
page.state(f"pieces with {depth} layers of two units", pieces, 2**depth, 2**depth)
page.close()
