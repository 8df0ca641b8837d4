"""Callbacks that the engine performs itself, between the epochs of entire fits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lamina import _core
from lamina.callbacks import (
    CallbackList,
    EarlyStopping,
    History,
    LearningRateScheduler,
    ReduceLROnPlateau,
    TerminateOnNaN,
)
from lamina.metrics.base import KernelMetric
from lamina.models.evaluation.passes import listed_metrics
from lamina.models.replicas.alike import NotAlikeError, Recorded
from lamina.models.training import loop as training

if TYPE_CHECKING:
    from lamina.models.training.plan import Plan


@dataclass
class Rules:
    """Callbacks in the form that the engine takes.

    Attributes
    ----------
    rules : list of _core.EpochRule
    lets_pass : bool
        Whether a diverging step ends the fit without an error.
    sets_rate : str
        The callback that sets the learning rate, if one does.
    """

    rules: list[_core.EpochRule] = field(default_factory=list)
    lets_pass: bool = False
    sets_rate: str = ""

    def check_schedule(self) -> None:
        """Raise NotAlikeError if a callback sets a learning rate that follows a schedule."""
        if self.sets_rate:
            raise NotAlikeError(f"{self.sets_rate} over a schedule")


def rules_of(
    model: Any,
    callbacks: CallbackList,
    plan: Plan,
    trained: Recorded,
    validated: Recorded | None,
) -> Rules:
    """Return callbacks in the engine's form; NotAlikeError if one needs Python."""
    told = training.parameters_of_run(model, plan, validated is not None, 0, callbacks)
    callbacks.set_params(told)
    found = Rules()
    for callback in callbacks:
        kind = type(callback)
        if getattr(callback, "_resumed", False) or getattr(callback, "verbose", 0):
            raise NotAlikeError(f"{kind.__name__} that prints, or continues from a state")
        if kind is TerminateOnNaN:
            found.lets_pass = found.lets_pass or not callback.raise_error
        elif kind is EarlyStopping:
            found.rules.append(_early_stopping(callback, told, trained, validated))
        elif kind is ReduceLROnPlateau:
            found.sets_rate = kind.__name__
            found.rules.append(_on_plateau(callback, told, trained, validated))
        elif kind is LearningRateScheduler:
            found.sets_rate = kind.__name__
            found.rules.append(_core.EpochRule.rate_by_epoch(callback._rate_for))
        elif kind is not History:
            raise NotAlikeError(f"callback {kind.__name__}")
    return found


def _watched(
    callback: Any, told: dict[str, Any], trained: Recorded, validated: Recorded | None
) -> dict[str, Any]:
    if callback.monitor not in told["metrics"]:
        raise NotAlikeError(f"{callback.monitor}, which the fit does not have")
    callback._watch()  # determines which values are better
    name = callback.monitor.removeprefix("val_")
    of_validation = name != callback.monitor
    recorded = validated if of_validation else trained
    assert recorded is not None
    return {
        "quantity": _quantity(recorded.objective, name, of_validation),
        "sign": callback._sign,
        "min_delta": callback.min_delta,
    }


def _early_stopping(callback: Any, *known: Any) -> _core.EpochRule:
    return _core.EpochRule.early_stopping(
        **_watched(callback, *known),
        patience=callback.patience,
        baseline=callback.baseline,
        restores=callback.restore_best_weights,
        start_from_epoch=callback.start_from_epoch,
    )


def _on_plateau(callback: Any, *known: Any) -> _core.EpochRule:
    return _core.EpochRule.reduce_on_plateau(
        **_watched(callback, *known),
        factor=callback.factor,
        lowest=callback.min_lr,
        patience=callback.patience,
        cooldown=callback.cooldown,
    )


def _quantity(objective: Any, name: str, validation: bool) -> _core.FitQuantity:
    if name == "loss":
        return _core.FitQuantity.loss(-1, validation)
    for head in objective.heads:
        if head.key == name:
            return _core.FitQuantity.loss(head.term, validation)
        for metric, index, _, key in listed_metrics(head):
            if key == name and index is not None:
                return _core.FitQuantity.metric(index, validation, _function(metric))
    for key, term in objective.noted:
        if key == name:
            return _core.FitQuantity.loss(term, validation)
    raise NotAlikeError(f"{name}, which only Python knows")


def _function(metric: Any) -> Any:
    """Return a metric's function of its sums; None if it divides the first by the second."""
    cls = type(metric)
    plain = cls.value is KernelMetric.value and cls.result is KernelMetric.result
    return None if plain else metric.result
