"""Standard errors of ``model.inference``: beside least squares, and beside a bootstrap.

A network without hidden layers is linear regression: its standard errors are compared with those of
statsmodels, for least squares (the inverse Hessian) and HC0 (the sandwich).  A network with one
hidden layer of two tanh units is fitted to simulated rows with errors of equal variance; its
standard errors, and those of its average marginal effects, are compared with the standard
deviations over resamples of the rows.  Each resample is fitted from the estimates, so that its
hidden units stay in the same places.

    python bench/standard_errors.py
    python bench/standard_errors.py --rounds 2000 --rows 4000
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from scipy.optimize import minimize

import lamina
from common import add_options, append_history, at_least, machine

WITHIN = 0.15  # relative difference from the bootstrap
EQUAL = 1e-6  # relative difference from statsmodels
SEED = 20
LEAST_ROWS = 100  # with far fewer, the minimum of a resample has no standard errors


def fitted(x: np.ndarray, y: np.ndarray, *body: Any) -> lamina.Sequential:
    """Fit a network to the minimum of its loss."""
    model = lamina.Sequential([lamina.Input((x.shape[1],)), *body], dtype="float64", seed=3)
    model.compile(lamina.optimizers.BFGS(tolerance_grad=1e-10, tolerance_change=1e-16), "mse")
    model.fit(x, y, epochs=2000, verbose=0)
    return model


def beside_least_squares(rows: int) -> dict[str, float]:
    """Print the largest relative differences to statsmodels."""
    try:
        import statsmodels.api as sm
    except ImportError:
        print("linear: left out, as statsmodels is not installed")
        return {}
    random = np.random.default_rng(SEED)
    x = random.normal(size=(rows, 4)) @ random.normal(size=(4, 4))
    y = x @ [1.0, -0.5, 0.0, 2.0] + random.normal(size=rows) * (1 + np.abs(x[:, 0]))
    model = fitted(x, y, lamina.layers.Dense(1))
    ols = sm.OLS(y, np.column_stack([x, np.ones(rows)])).fit()
    found = {}
    for kind, theirs in (("hessian", ols), ("sandwich", ols.get_robustcov_results("HC0"))):
        mine = model.inference(x, y, covariance=kind).standard_errors
        found[kind] = float(np.max(np.abs(mine / theirs.bse - 1)))
        said = "met" if found[kind] <= EQUAL else "missed"
        print(f"linear, {kind}: differs from statsmodels by {found[kind]:.1e} at most; {said}")
    return found


def simulated(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of a network 3-2-1 with errors of one variance."""
    random = np.random.default_rng(SEED)
    x = random.normal(size=(rows, 3))
    h = np.tanh(x @ np.array([[1.2, -0.4], [-0.8, 1.0], [0.3, 0.9]]) + [0.3, -0.5])
    return x, 0.5 + h @ [2.0, -1.5] + 0.3 * random.normal(size=rows)


def resampled(
    model: lamina.Sequential, x: np.ndarray, y: np.ndarray, rounds: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights, and the average marginal effects, of each resample of the rows."""
    random = np.random.default_rng(SEED + 1)
    start = model.loss_function(x, y).weights
    inverse = np.linalg.inv(model.hessian(x, y))
    weights, effects = [], []
    copy = lamina.models.clone_model(model)
    for _ in range(rounds):
        taken = random.integers(0, len(x), len(x))
        f = model.loss_function(x[taken], y[taken])
        found = minimize(
            f.value_and_gradient, start, jac=True, method="BFGS",
            options={"hess_inv0": (inverse + inverse.T) / 2, "gtol": 1e-8},
        )  # fmt: skip
        weights.append(found.x)
        f.weights = found.x
        copy.set_weights(list(f.unpacked().values()))
        effects.append(copy.input_gradients(x[taken]).mean(axis=0))
    return np.array(weights), np.array(effects)


def beside_a_bootstrap(rows: int, rounds: int) -> dict[str, Any]:
    """Print standard errors of all weights and effects, and their ratios to the bootstrap's."""
    x, y = simulated(rows)
    model = fitted(x, y, lamina.layers.Dense(2, "tanh"), lamina.layers.Dense(1))
    result = model.inference(x, y)
    robust = model.inference(x, y, covariance="sandwich").standard_errors
    weights, effects = resampled(model, x, y, rounds)
    spread = weights.std(axis=0, ddof=1)
    of_effects = result.marginal_effects()
    # For means over the given rows, the bootstrap's deviations include the spread of the rows.
    slopes = model.input_gradients(x)
    own = slopes.std(axis=0, ddof=1) / np.sqrt(rows)
    print(f"3-2-1 on {rows} rows, {rounds} resamples; sigma {result.sigma:.3f} (0.3)")
    print(f"{'':8}{'estimate':>10}{'hessian':>10}{'sandwich':>10}{'bootstrap':>10}{'ratio':>8}")
    ratios = result.standard_errors / spread
    for row in zip(
        result.names, result.estimates, result.standard_errors, robust, spread, ratios, strict=True
    ):
        print("{:8}{:10.4f}{:10.5f}{:10.5f}{:10.5f}{:8.3f}".format(*row))
    errors = np.hypot(of_effects["std_error"], own)
    of_rows = effects.std(axis=0, ddof=1)
    for row in zip(of_effects["input"], of_effects["effect"], errors, of_rows, strict=True):
        print(f"{'dy/d' + row[0]:8}{row[1]:10.4f}{row[2]:10.5f}{'':10}{row[3]:10.5f}"
              f"{row[2] / row[3]:8.3f}")  # fmt: skip
    every = np.concatenate([ratios, robust / spread, errors / of_rows])
    worst = float(np.max(np.abs(every - 1)))
    said = "met" if worst <= WITHIN else "missed"
    print(f"largest difference to the bootstrap: {100 * worst:.1f} % (at most 15 %); {said}")
    return {"ratios": ratios.tolist(), "worst": worst}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    text = "resamples of the bootstrap (default: %(default)s)"
    parser.add_argument("--rounds", type=at_least(2), default=500, help=text)
    text = f"rows of the simulated data, at least {LEAST_ROWS} (default: %(default)s)"
    parser.add_argument("--rows", type=at_least(LEAST_ROWS), default=2000, help=text)
    add_options(parser)
    options = parser.parse_args()
    result = {
        "linear": beside_least_squares(500),
        "hidden": beside_a_bootstrap(options.rows, options.rounds),
    }
    if options.history:
        append_history("standard_errors", machine(lamina.get_num_threads()) | result)


if __name__ == "__main__":
    main()
