"""Loss functions: the loss corresponds to the output activation.

    Problem                 Output nodes   Output activation   Loss
    Regression              1              linear              mse
    Classification (C = 2)  1              sigmoid             binary_crossentropy
    Classification (C > 2)  C              softmax             categorical_crossentropy

Without a hidden layer the three networks are linear, logistic and multinomial regression, fitted by
maximum likelihood.  Boston, the lecture's split: medv, whether it is above its median, and which
third of the training rows' values it lies in.
"""

import matplotlib.pyplot as plt
import numpy as np
from lecture import Page
from sklearn.linear_model import LogisticRegression

import lamina
from lamina.datasets import boston
from lamina.utils import Columns, to_categorical

page = Page(__file__)
M, STEPS = 3, 40  # of the networks with a hidden layer: units, steps of L-BFGS
SEEDS = page.setting(20, short=5)

(x, medv), (x_test, medv_test) = boston.load_data()
mean, deviation = x.mean(0), x.std(0, ddof=1)
x, x_test = (x - mean) / deviation, (x_test - mean) / deviation
thirds = np.quantile(medv, [1 / 3, 2 / 3])
dear, dear_test = medv > np.median(medv), medv_test > np.median(medv)
third, third_test = np.digitize(medv, thirds), np.digitize(medv_test, thirds)

PROBLEMS = {  # output nodes, activation, loss, outcomes
    "regression": (1, "linear", "mse", medv, medv_test),
    "C = 2": (1, "sigmoid", "binary_crossentropy", dear, dear_test),
    "C = 3": (3, "softmax", "categorical_crossentropy", *map(to_categorical, (third, third_test))),
}


def build(problem, hidden=0, seed=None):
    """Return a network for one of the problems, without or with a hidden layer."""
    nodes, activation, loss = PROBLEMS[problem][:3]
    inner = [lamina.layers.Dense(hidden, "sigmoid")] if hidden else []
    output = lamina.layers.Dense(nodes, activation)
    model = lamina.Sequential([lamina.Input((13,)), *inner, output], dtype="float64", seed=seed)
    model.compile(lamina.optimizers.LBFGS(tolerance_change=0, tolerance_grad=1e-12), loss)
    return model


# Without a hidden layer: the three regressions, by least squares, scikit-learn and R's multinom.
design = np.column_stack([np.ones(len(x)), x])
inputs = {f"x{j}": column for j, column in enumerate(x.T)}
multinom = lamina.nnet.multinom(
    "third ~ .", {**inputs, "third": third}, reltol=1e-15, maxit=1000, trace=False
)
logistic = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000, solver="newton-cholesky")
classical = {
    "regression": (design @ np.linalg.lstsq(design, medv, rcond=None)[0])[:, None],
    "C = 2": logistic.fit(x, dear).predict_proba(x)[:, 1:],
    "C = 3": multinom.predict(inputs, type="probs"),
}
linear_losses, f, differences = {}, {}, {}
for problem, (_, _, _, y, y_test) in PROBLEMS.items():
    model = build(problem, seed=1)
    model.fit(x, y, epochs=2000, verbose=0)
    f[problem] = model.predict(x)
    linear_losses[problem] = [
        model.evaluate(*data, verbose=0) for data in ((x, y), (x_test, y_test))
    ]
    differences[problem] = np.abs(f[problem] - classical[problem]).max()
sums = [
    np.sum((medv - f["regression"][:, 0]) ** 2),
    -np.sum(dear * np.log(f["C = 2"][:, 0]) + ~dear * np.log(1 - f["C = 2"][:, 0])),
    -np.sum(to_categorical(third) * np.log(f["C = 3"])),
]
means = np.array([loss for loss, _ in linear_losses.values()])
table = {"problem": PROBLEMS, "mean": means, "n times the mean": len(x) * means}
table |= {"lecture's sum": sums, "largest difference": differences.values()}
print("No hidden layer: losses, and the difference of predictions from the regression's\n")
print(Columns(table))

# With a hidden layer.
columns = "problem", "hidden layer", "training loss", "test loss", "lowest", "highest"
gained = {name: [] for name in columns}
for problem, (_, _, _, y, y_test) in PROBLEMS.items():
    models = [build(problem, M, seed) for seed in range(SEEDS)]
    for model in models:
        model.fit(x, y, epochs=STEPS, verbose=0)
    training = [model.evaluate(x, y, verbose=0) for model in models]
    test = [model.evaluate(x_test, y_test, verbose=0) for model in models]
    rows = [("none", *linear_losses[problem], *2 * [linear_losses[problem][1]])]
    rows += [(f"M = {M}", np.median(training), np.median(test), min(test), max(test))]
    for row in rows:
        for name, value in zip(gained, (problem, *row), strict=True):
            gained[name].append(value)
print(f"\nWith a hidden layer: medians of {SEEDS} seeds\n")
print(Columns(gained))

fig, ax = plt.subplots(figsize=(9.6, 5))
p = np.linspace(0.005, 0.995, 400)
ax.plot(p, -np.log(p), label="cross-entropy, y = 1")
ax.plot(p, -np.log(1 - p), label="cross-entropy, y = 0")
ax.plot(p, (1 - p) ** 2, label="squared error, y = 1")
ax.set(xlabel="f(x), predicted probability of y = 1", ylabel="loss of one row", ylim=(0, 5))
ax.set_title("Cross-entropy punishes confident errors without limit")
ax.legend(loc="upper center")
page.save(fig)

for problem, difference in differences.items():
    page.state(f"no hidden layer, {problem}: largest difference", difference, high=1e-5)
ratio = len(x) * means / sums
page.state("n times Keras's mean over the lecture's sum", ratio.max(), 1 - 1e-9, 1 + 1e-9)
page.close()
