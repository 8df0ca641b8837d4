"""The network of a multilayer perceptron: made, continued, shown and copied."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _core
from lamina._check import Array
from lamina._policies import MIXED, chosen
from lamina.models import Sequential
from lamina.sklearn import mlp_network, mlp_steps
from lamina.sklearn.mlp_parameters import STOCHASTIC, MLPParameters

if TYPE_CHECKING:
    from lamina.sklearn.mlp_together import Trained


class HoldsNetwork(MLPParameters):
    """The part of an estimator that holds its network.

    An estimator that was fitted together with others has a ``_trained`` instead, and makes the
    network when it is first needed.
    """

    n_layers_: int
    n_iter_: int
    t_: int
    out_activation_: str
    loss_curve_: list[float]
    best_loss_: Any
    validation_scores_: Any
    best_validation_score_: Any
    _held: tuple[list[Array], list[Array]]
    _no_improvement_count: int
    _random_state: Any

    def _output_activation(self) -> str:
        raise NotImplementedError

    # --- made

    def _begin(self, units: list[int], dtype: str) -> None:
        """Make a new network, with weights as scikit-learn draws them."""
        plan, drawn = self._drawn(units, dtype)
        self._make(plan)
        mlp_network.put_weights(self._trainer, drawn)
        self._show_weights()

    def _drawn(
        self, units: list[int], dtype: str
    ) -> tuple[mlp_network.Plan, list[tuple[Array, Array]]]:
        """Start a new fit: return the network's plan, and its initial kernels and biases."""
        self.n_iter_ = self.t_ = 0
        self.n_layers_ = len(units)
        self.out_activation_ = self._output_activation()
        plan = self._plan(units, dtype)
        drawn = mlp_network.draw_weights(plan, self._random_state)
        if any(plan.dropout):
            plan.seed = int(self._random_state.randint(np.iinfo(np.int32).max))
        if self.solver in STOCHASTIC:
            self.loss_curve_ = []
            self._no_improvement_count = 0
            self.validation_scores_ = self.best_validation_score_ = self.best_loss_ = None
        return plan, drawn

    def _make(self, plan: mlp_network.Plan) -> None:
        self._trainer, self.model_ = mlp_network.build(plan)
        loss = mlp_network.usual_loss(self.loss, self.out_activation_)
        self.model_.compile(mlp_steps.optimizer_of(self), loss)

    def _plan(self, units: list[int], dtype: str) -> mlp_network.Plan:
        hidden = len(units) - 2
        return mlp_network.Plan(
            units,
            of_layers("activation", self.activation, hidden),
            of_layers("dropout", self.dropout, hidden),
            bool(self.batch_norm),
            self.out_activation_,
            dtype,
            MIXED if dtype == "float32" and self._is_mixed() else dtype,
            penalized=bool(self.l1),
        )

    def _is_mixed(self) -> bool:
        return (chosen() if self.dtype is None else str(self.dtype)) == MIXED

    def _check_products(self) -> None:
        """Refuse products in bfloat16 where the CPU has none, before an earlier fit is lost."""
        lacks = _core.runtime.bfloat16_lacks()
        if lacks and self._is_mixed():
            given = "" if self.dtype is None else "dtype="
            raise ValueError(
                f"{type(self).__name__}: {given}{MIXED} needs products in bfloat16: {lacks}; "
                f"dtype='float32' computes everywhere"
            )

    def _take_up(self, units: list[int], dtype: str) -> None:
        """Continue with the existing network, or with weights that replaced it."""
        if not hasattr(self, "model_"):  # a caller has set coefs_ and intercepts_
            self._make(self._plan(units, dtype))
        if (sizes := self._units()) != units:
            raise ValueError(
                f"A further fit continues with the layers of the first, of {sizes} units; the "
                f"parameters and data ask for {units}. Use warm_start=False for new layers."
            )
        self._put_replaced()

    def _units(self) -> list[int]:
        return [coef.shape[0] for coef in self.coefs_] + [self.coefs_[-1].shape[1]]

    # --- for an estimator that was fitted together with others: made on first access

    @cached_property
    def model_(self) -> Sequential:
        """The network, a lamina model."""
        return self._made_late("model_")["model_"]  # type: ignore[no-any-return]

    @cached_property
    def _trainer(self) -> mlp_network.Perceptron:
        return self._made_late("_trainer")["_trainer"]  # type: ignore[no-any-return]

    @cached_property
    def coefs_(self) -> list[Array]:
        """The kernels of the dense layers."""
        return self._trained_as("coefs_").show(self)["coefs_"]  # type: ignore[no-any-return]

    @cached_property
    def intercepts_(self) -> list[Array]:
        """The biases of the dense layers."""
        shown = self._trained_as("intercepts_").show(self)
        return shown["intercepts_"]  # type: ignore[no-any-return]

    def _trained_as(self, asked: str) -> Trained:
        trained: Trained | None = self.__dict__.get("_trained")
        if trained is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {asked!r}")
        return trained

    def _made_late(self, asked: str) -> dict[str, Any]:
        trained = self._trained_as(asked)
        if trained.lend_network(self):
            return self.__dict__
        self._make(self._plan(self._units(), self.coefs_[0].dtype.name))
        self._trainer.set_weights(trained.weights())
        self._put_replaced()
        self._show_weights()
        del self._trained
        return self.__dict__

    def _known_outputs(self, X: Any) -> Array | None:
        """Return the network's outputs for rows if they are known already."""
        trained: Trained | None = self.__dict__.get("_trained")
        # Weights or a network that have been handed out may have been changed.
        if trained is None or not {"coefs_", "intercepts_", "model_"}.isdisjoint(self.__dict__):
            return None
        return trained.outputs_for(X)

    # --- weights

    def _show_weights(self) -> None:
        """Make ``coefs_`` and ``intercepts_`` the network's own arrays of weights."""
        layers = mlp_network.dense_layers(self._trainer)
        self.coefs_ = [layer.kernel.value for layer in layers]
        self.intercepts_ = [layer.bias.value for layer in layers]
        self._held = list(self.coefs_), list(self.intercepts_)

    def _put_replaced(self) -> None:
        """Copy arrays that a caller has put into ``coefs_`` or ``intercepts_`` to the network."""
        held = getattr(self, "_held", None)
        if held is not None and _same(self.coefs_, held[0]) and _same(self.intercepts_, held[1]):
            return
        mlp_network.put_weights(
            self._trainer, list(zip(self.coefs_, self.intercepts_, strict=True))
        )
        self._show_weights()

    @property
    def _optimizer(self) -> Any:
        """The optimizer of the last fit."""
        return self._trainer.optimizer

    # --- copies

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes; the weights are those of the network."""
        if "_trained" in self.__dict__:
            self.model_  # noqa: B018 -- makes it
        state = dict(super().__getstate__())
        state.pop("_trained", None)
        if "model_" in state:
            self._put_replaced()
            for name in ("coefs_", "intercepts_", "_held"):
                state.pop(name, None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore."""
        super().__setstate__(state)
        if "model_" in state:
            self._show_weights()


def _same(arrays: Sequence[Any], held: Sequence[Any]) -> bool:
    return len(arrays) == len(held) and all(a is b for a, b in zip(arrays, held, strict=True))


def of_layers(name: str, given: Any, count: int) -> list[Any]:
    """Return one value for each hidden layer."""
    if isinstance(given, str) or not hasattr(given, "__len__"):
        return [given] * count
    if len(given) != count:
        raise ValueError(
            f"{name} must be one value, or one for each of {count} hidden layers; got {given!r}"
        )
    return list(given)
