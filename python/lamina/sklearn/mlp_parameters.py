"""The parameters shared by the classifier and the regressor, and their valid values."""

from __future__ import annotations

import functools
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np

from lamina._policies import MIXED
from lamina._scikit import BaseEstimator, Interval, Options, StrOptions
from lamina.losses import Loss
from lamina.sklearn import mlp_network

STOCHASTIC = ("sgd", "adam")


class MLPParameters(BaseEstimator):  # type: ignore[misc, unused-ignore]
    """An estimator with the parameters of a multilayer perceptron."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions(mlp_network.names()), "array-like", callable],
        "loss": [str, Loss, dict, callable],
        "solver": [StrOptions({"lbfgs", "sgd", "adam"})],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "n_iter_no_change": [
            Interval(Integral, 1, None, closed="left"),
            Options(Real, {np.inf}),
        ],
        "max_fun": [Interval(Integral, 1, None, closed="left")],
        "dropout": ["array-like", Interval(Real, 0, 1, closed="left")],
        "batch_norm": ["boolean"],
        "validation_data": [tuple, list, None],
        "callbacks": [object],
        "l1": [Interval(Real, 0, None, closed="left")],
        "dtype": [StrOptions({"float32", "float64", MIXED}), type, np.dtype, None],
    }

    hidden_layer_sizes: Any
    activation: Any
    solver: str
    loss: Any
    alpha: float
    batch_size: int | str
    learning_rate: str
    learning_rate_init: float
    power_t: float
    max_iter: int
    shuffle: bool
    random_state: Any
    tol: float
    verbose: bool | int
    warm_start: bool
    momentum: float
    nesterovs_momentum: bool
    early_stopping: bool
    validation_fraction: float
    beta_1: float
    beta_2: float
    epsilon: float
    n_iter_no_change: float
    max_fun: int
    dropout: Any
    batch_norm: bool
    validation_data: Any
    callbacks: Any
    l1: float
    dtype: Any

    @classmethod
    @functools.cache
    def _get_param_names(cls) -> list[str]:
        """Return the parameters' names; cached, because reading signatures is slow."""
        return list(super()._get_param_names())

    def _keep(self, parameters: dict[str, Any]) -> None:
        """Store the constructor's arguments unchanged."""
        for name, value in parameters.items():
            if name not in ("self", "__class__"):
                setattr(self, name, value)
