"""One fit through ``model.fit``: the definition of a fit of ``fit_many``."""

from __future__ import annotations

import copy
import time
from typing import Any

import numpy as np

from lamina.callbacks import EarlyStopping
from lamina.callbacks.callback_list import CallbackList
from lamina.many.data import take
from lamina.many.outcome import DIVERGED, OK, Outcome, Record
from lamina.many.plan import Plan
from lamina.models import TrainingDiverged


def fit_one(plan: Plan, index: int) -> Outcome:
    """Run a fit; its exceptions are recorded, except for an interrupt."""
    outcome, begin = Outcome(index), time.perf_counter()
    try:
        _fit(plan, index, outcome)
    except Exception as error:
        outcome.fail(error)
    outcome.seconds = time.perf_counter() - begin
    return outcome


def _fit(plan: Plan, index: int, outcome: Outcome) -> None:
    fit = plan.fits[index]
    part, arguments = plan.parts[fit.part], plan.arguments_of(fit)
    model = plan.recipe.model(plan.shares[fit.setting], fit.seed)
    hooks = list(CallbackList(copy.deepcopy(arguments.pop("callbacks", None))))
    x, y, weight = (take(each, part.rows) for each in (plan.x, plan.y, plan.sample_weight))
    try:
        model.fit(x, y, sample_weight=weight, callbacks=hooks, verbose=0, **arguments)
    except TrainingDiverged as error:
        outcome.status, outcome.message = DIVERGED, plan.recipe.told(error, model)
    put_back = kept_epoch(hooks) if outcome.status == OK else None
    note(outcome, *_told(_record(model.history), put_back))
    if "weights" in plan.keep:
        outcome.weights = model.get_weights()
    if "histories" in plan.keep:
        outcome.record = _record(model.history)
    if outcome.status == OK:
        judge(plan, model, index, outcome)


def judge(plan: Plan, model: Any, index: int, outcome: Outcome) -> None:
    """Evaluate a fitted model on the rows held out, and predict."""
    held = plan.parts[plan.fits[index].part].held_out
    if held is not None and len(held):
        x, y, weight = (take(each, held) for each in (plan.x, plan.y, plan.sample_weight))
        asked = plan.scoring.by_name is not None or "held_out_predictions" in plan.keep
        prediction = model.predict(x, verbose=0) if asked else None
        if "scores" in plan.keep:
            outcome.score(*plan.scoring.of(model, x, y, weight, prediction))
        if "held_out_predictions" in plan.keep:
            outcome.held_out = prediction
    if plan.predict is not None:
        outcome.predictions = model.predict(plan.predict, verbose=0)


def note(
    outcome: Outcome, epochs: int, last: int, last_loss: float, loss: float, val_loss: float
) -> None:
    """Record the results of the epochs.

    Parameters
    ----------
    outcome : Outcome
    epochs : int
        The number of epochs run.
    last : int
        The index of the last epoch.
    last_loss : float
        The loss of the last epoch; NaN if there was none.
    loss, val_loss : float
        The losses of the epoch with whose weights the fit ended.
    """
    outcome.epochs, outcome.loss, outcome.val_loss = epochs, loss, val_loss
    if outcome.status == OK and epochs and not np.isfinite(last_loss):
        outcome.status = DIVERGED
        outcome.message = f"the loss became {last_loss} in epoch {last + 1}"


def _told(record: Record, epoch: int | None) -> tuple[int, int, float, float, float]:
    """Return the arguments of `note`; ``epoch`` is that of the restored weights."""
    return (
        len(record.epoch),
        record.epoch[-1] if record.epoch else -1,
        record.at("loss", None),
        record.at("loss", epoch),
        record.at("val_loss", epoch),
    )


def kept_epoch(hooks: list[Any]) -> int | None:
    """Return the epoch whose weights a callback has restored; None for the last."""
    found = None
    for hook in hooks:
        if type(hook) is EarlyStopping and hook.restore_best_weights:
            found = hook.best_epoch
    return found


def _record(history: Any) -> Record:
    if history is None:
        return Record()
    rows = history.validation_rows
    return Record(history.history, history.epoch, history.recorded_at, rows)
