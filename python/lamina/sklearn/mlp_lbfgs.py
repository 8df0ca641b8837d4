"""Training by SciPy's L-BFGS-B on the loss of all rows in float64."""

from __future__ import annotations

import functools
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _screen
from lamina._scikit import ConvergenceWarning, ThreadpoolController, minimize
from lamina.sklearn import mlp_network
from lamina.sklearn.mlp_steps import compile_for

if TYPE_CHECKING:
    from lamina.sklearn.mlp_base import MLPBase
    from lamina.sklearn.mlp_rows import Rows


def check(mlp: MLPBase, held: Any) -> None:
    """Refuse settings that a line search cannot handle, and warn of what has no effect."""
    for name, given in (("dropout", mlp.dropout), ("batch_norm", mlp.batch_norm), ("l1", mlp.l1)):
        if np.any(given):
            raise ValueError(
                f"Solver lbfgs needs a smooth loss that is the same at each evaluation, so "
                f"{name} must be 0 or False; got {name}={given!r}. Use solver='adam' or 'sgd'."
            )
    for name, given in (("callbacks", mlp.callbacks), ("validation_data", held)):
        if given is not None:
            warnings.warn(
                f"{name} has no effect with solver='lbfgs', which has no epochs; use 'adam' or "
                f"'sgd'.",
                stacklevel=_screen.callers_level(),
            )


def train(mlp: MLPBase, rows: Rows) -> None:
    """Search for the minimum of the loss from the current weights."""
    trainer = mlp._trainer
    compile_for(mlp, "lbfgs")
    loss = _in_float64(mlp).loss_function(rows.x, rows.targets)
    done = 0

    def tell(intermediate_result: Any) -> None:
        nonlocal done
        done += 1
        _screen.write(f"Iteration {done}, loss = {intermediate_result.fun:.8f}")

    # Vectors of a few thousand numbers are too short for the threads of a BLAS.
    with _threadpools().limit(limits=1, user_api="blas"):
        found = minimize(
            loss.value_and_gradient,
            loss.weights,
            method="L-BFGS-B",
            jac=True,
            callback=tell if mlp.verbose else None,
            options={"maxfun": mlp.max_fun, "maxiter": mlp.max_iter, "gtol": mlp.tol},
        )
    mlp.n_iter_ = min(int(found.nit), mlp.max_iter)
    arrays = list(loss.unpacked(found.x).values())
    kernels, biases = arrays[::2], arrays[1::2]
    mlp.loss_ = _reported(mlp, rows, float(found.fun), kernels)
    mlp_network.put_weights(trainer, list(zip(kernels, biases, strict=True)))
    if found.status != 0:
        _warn(mlp, found)


@functools.cache
def _threadpools() -> Any:
    return ThreadpoolController()


def _in_float64(mlp: MLPBase) -> Any:
    """Return the network, or a copy with its weights and objective in float64."""
    trainer = mlp._trainer
    if trainer.dtype == "float64":
        return trainer
    units = [*(len(coef) for coef in mlp.coefs_), mlp.n_outputs_]
    wide, _ = mlp_network.build(mlp._plan(units, "float64"))
    mlp_network.put_weights(wide, list(zip(mlp.coefs_, mlp.intercepts_, strict=True)))
    wide.alpha, wide.row_loss = trainer.alpha, trainer.row_loss
    wide.compile("lbfgs", None)
    return wide


def _reported(mlp: MLPBase, rows: Rows, value: float, kernels: list[Any]) -> float:
    """Return the loss as scikit-learn reports it: half the mean square over several outputs."""
    if mlp._trainer.row_loss != "squared_error" or mlp.n_outputs_ == 1:
        return value
    squares = sum(float(np.vdot(kernel, kernel)) for kernel in kernels)
    penalty = mlp.alpha / 2 * squares / rows.total
    return float(penalty + (value - penalty) / mlp.n_outputs_)


def _warn(mlp: MLPBase, found: Any) -> None:
    said = (
        f"lbfgs failed to converge after {mlp.n_iter_} iteration(s) (status={found.status}):\n"
        f"{found.message}\n"
    )
    if mlp.n_iter_ == mlp.max_iter:
        said += (
            f"\nIncrease the number of iterations to improve the convergence "
            f"(max_iter={mlp.max_iter})."
        )
    said += (
        "\nYou might also want to scale the data as shown in:\n"
        "    https://scikit-learn.org/stable/modules/preprocessing.html"
    )
    warnings.warn(said, ConvergenceWarning, stacklevel=_screen.callers_level())
