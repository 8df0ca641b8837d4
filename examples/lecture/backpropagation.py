"""Backpropagation: the lecture's worked derivation, number by number.

For one row, K hidden units and a linear output,

    R_i = 1/2 (y_i - f(x_i))^2,   f(x_i) = beta_0 + sum_k beta_k z_ik,
    z_ik = g(alpha_k0 + sum_j alpha_kj x_ij).

By the chain rule

    dR_i/dbeta_k   = -(y_i - f(x_i)) z_ik
    dR_i/dalpha_kj = -(y_i - f(x_i)) beta_k g'(alpha_k0 + sum_j alpha_kj x_ij) x_ij.

Here for a network with p = 2, K = 3 and the sigmoid for g, before it is trained.
"""

import numpy as np
from lecture import Page

import lamina

page = Page(__file__)
X, Y = np.array([1.0, -0.5]), 1.0  # one row
SEED = 1  # of the weights

model = lamina.Sequential(
    [lamina.Input((2,)), lamina.layers.Dense(3, activation="sigmoid"), lamina.layers.Dense(1)],
    dtype="float64",
    seed=SEED,
)
traced = lamina.trace(model, X, Y)
print(traced)

# The same by hand.  The kernels are (inputs, units): alpha[j, k] is the lecture's alpha_kj.
alpha, alpha_0, beta, beta_0 = model.get_weights()
z = 1 / (1 + np.exp(-(alpha_0 + X @ alpha)))  # forward
f = beta_0 + z @ beta
residual = Y - f  # backward
delta = -residual * beta[:, 0] * z * (1 - z)  # g'(s) = g(s) (1 - g(s)) of the sigmoid
by_hand = [np.outer(X, delta), delta, -residual * z[:, None], -residual]

by_trace = [
    gradient for each in traced.layers for gradient in (each.kernel_gradient, each.bias_gradient)
]
difference = max(np.abs(a - b).max() for a, b in zip(by_hand, by_trace, strict=True))

# One step of true SGD by fit moves each weight by -lambda times its gradient.  The loss "mse" is
# twice the lecture's R_i, so that lambda = 0.05 stands for a step of 0.1.
before = model.get_weights()
model.compile(lamina.optimizers.SGD(0.05), loss="mse")
model.fit(X[None], [Y], batch_size=1, epochs=1, verbose=0)
steps = [(b - a) / 0.1 for a, b in zip(model.get_weights(), before, strict=True)]
of_fit = max(np.abs(a - b).max() for a, b in zip(by_hand, steps, strict=True))

ax = lamina.plot.backpropagation(traced)
ax.set_title("Forward: values (in the circles).  Backward: deltas (below them).")
page.save(ax)

print(
    f"Finite differences take {2 * model.count_params()} forward passes, backpropagation takes one"
)
print("forward pass and one backward pass, whatever the number of weights.")
page.state(
    "trace: largest difference from finite differences", traced.largest_difference, high=1e-8
)
page.state("trace: largest difference from the gradients by hand", difference, high=1e-14)
page.state("fit: largest difference from the gradients by hand", of_fit, high=1e-13)
page.close()
