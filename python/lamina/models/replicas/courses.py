"""Common settings of fits: epochs, batches, learning rates, callbacks."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np

from lamina import _core
from lamina._check import Array, boolean
from lamina.callbacks import CallbackList
from lamina.models.data import prepared as data_
from lamina.models.data.batches import first_batches
from lamina.models.data.prepared import Data, Part, part_of
from lamina.models.data.split import check_fraction, held_out
from lamina.models.data.validation import given_data
from lamina.models.evaluation.passes import listed_metrics, results_of
from lamina.models.replicas.alike import NotAlikeError, Recorded, Replicas
from lamina.models.replicas.watching import rules_of
from lamina.models.training.gradients import check_search
from lamina.models.training.logs import in_order
from lamina.models.training.plan import Plan, plan
from lamina.optimizers.schedules import LearningRateSchedule
from lamina.random import SHUFFLE, mix

_PLAN = ("epochs", "initial_epoch", "shuffle", "validation_steps", "validation_batch_size",
         "validation_freq")  # fmt: skip
_SPLIT = ("validation_split", "stratify", "time_ordered")
_OTHERS = ("batch_size", "steps_per_epoch", "validation_data", "callbacks", "class_weight")
MOST = 1 << 20  # limit of precomputed schedule steps, and of epochs with and without validation


class Course:
    """The course of each fit with the same settings.

    Parameters
    ----------
    replicas : Replicas
    arguments : dict
        Of ``fit``.

    Raises
    ------
    NotAlikeError
        If the fits have to go through ``fit``.
    """

    def __init__(self, replicas: Replicas, arguments: Mapping[str, Any]) -> None:
        unknown = [key for key in arguments if key not in (*_PLAN, *_SPLIT, *_OTHERS)]
        if unknown:
            raise NotAlikeError(f"fit's argument {unknown[0]}")
        self.replicas, self.model = replicas, replicas.model
        self.callbacks = CallbackList(copy.deepcopy(arguments.get("callbacks")))
        self._plan = {"shuffle": True}
        self._plan.update((key, arguments[key]) for key in _PLAN if key in arguments)
        if callable(self._plan["shuffle"]):
            raise NotAlikeError("a function that draws the orders of rows")
        self._batch_size = arguments.get("batch_size")
        self._steps = arguments.get("steps_per_epoch")
        self._class_weight = arguments.get("class_weight")
        self._take_split(arguments)
        self._rates: dict[tuple[int, int], _core.FitRates] = {}
        self._kept: list[Any] = []
        self._parts: dict[Any, _Rows] = {}

    def _take_split(self, arguments: Mapping[str, Any]) -> None:
        given = arguments.get("validation_data")
        self._fraction = check_fraction(arguments.get("validation_split", 0.0))
        self._stratify = arguments.get("stratify", "auto")
        if not isinstance(self._stratify, (str, bool)):
            raise NotAlikeError("labels to stratify by")
        self._ordered = boolean("fit", "time_ordered", arguments.get("time_ordered", False))
        self._given: Data | None = None
        if given is not None:
            self._fraction = 0.0
            self._given = given_data(self.model, given, self.replicas.data)
            if self._given.ragged or self._given.reads:
                raise NotAlikeError("validation data of unequal rows, or that are read")

    # --- one fit

    def request(
        self,
        seed: int,
        rate: Any,
        key: Any,
        rows: Array | None,
        judged: tuple[Any, ...],
        keeps_weights: bool,
        keeps_epochs: bool,
    ) -> Request:
        """Return the request to the engine.

        Parameters
        ----------
        seed : int
        rate : float or LearningRateSchedule
        key : hashable
            Identifies the rows.
        rows : ndarray of int64 or None
            The training rows; None for all.
        judged : tuple of (FitRows or None)
            Rows held out, the same rows for predictions, and rows to predict.
        keeps_weights, keeps_epochs : bool
            What is kept besides the losses of the epochs.
        """
        key = (key, seed) if self._fraction else key
        parts = self._parts.get(key)
        if parts is None:
            parts = self._parts[key] = _Rows(self, rows, seed)
        plan, rules = parts.plan, parts.rules
        rates = None
        if not isinstance(rate, float):
            rules.check_schedule()
            rates = self._known_rates(rate, plan.epochs * (plan.steps or 0))
        held, predicted, others = judged
        asked = _core.FitRequest(
            parts.model,
            self.replicas.first_weights(seed),
            seed,
            parts.training,
            parts.validation,
            held,
            predicted,
            others,
            first_epoch=plan.first_epoch,
            epochs=plan.epochs,
            steps=plan.steps or 0,
            shuffle_seed=mix(seed, SHUFFLE) if plan.shuffle else None,
            validates=parts.validates,
            rate=rate if isinstance(rate, float) else 0.0,
            rates=rates,
            rules=rules.rules,
            lets_divergence_pass=rules.lets_pass,
            keeps_weights=keeps_weights,
            keeps_epochs=keeps_epochs,
        )
        return Request(asked, parts)

    def _known_rates(self, rate: Any, steps: int) -> _core.FitRates:
        """Return the learning rates of a number of steps, and of the next step."""
        if not isinstance(rate, LearningRateSchedule):
            raise NotAlikeError("a learning rate that is a function")
        if steps > MOST:
            raise NotAlikeError("a schedule of too many steps")
        found = self._rates.get((id(rate), steps))
        if found is None:
            optimizer = copy.copy(self.model.optimizer)
            optimizer.learning_rate = rate
            rates = []
            for step in range(steps + 1):
                optimizer.__dict__["_iterations"] = step
                rates.append(optimizer.current_learning_rate())
            self._kept.append(rate)  # so that its id stays unique
            found = self._rates[id(rate), steps] = _core.FitRates(rates)
        return found


class Request:
    """One fit in the form that the engine takes, with the meaning of its record."""

    def __init__(self, asked: _core.FitRequest, parts: _Rows) -> None:
        self.asked, self._parts = asked, parts

    def logs(self, epoch: _core.FitEpoch) -> dict[str, float]:
        """Return the entries of ``History`` for an epoch."""
        logs = in_order(_results(self._parts.trained, epoch.training))
        if epoch.validation is not None:
            assert self._parts.validated is not None
            result = in_order(_results(self._parts.validated, epoch.validation))
            logs.update({f"val_{key}": value for key, value in result.items()})
            logs = in_order(logs)
        if epoch.rate is not None:
            logs["learning_rate"] = epoch.rate
        return logs

    @property
    def validation_rows(self) -> Array | None:
        """Return which rows of the fit were held out for validation, as indices into them."""
        return self._parts.validation_rows


def _results(recorded: Recorded, sums: _core.FitSums) -> dict[str, float]:
    objective = recorded.objective
    return results_of(objective, [listed_metrics(head) for head in objective.heads], [], sums)


def scores(recorded: Recorded, sums: _core.FitSums) -> dict[str, float]:
    """Return the result of ``evaluate`` for rows held out."""
    return in_order(_results(recorded, sums))


class _Rows:
    """The rows of some of the fits with the same settings, for training and for validation."""

    def __init__(self, course: Course, rows: Array | None, seed: int) -> None:
        self.course, replicas = course, course.replicas
        trained, held = self._split(rows, seed)
        data = replicas.weighted(course._class_weight, trained)
        part = part_of(data, trained)
        self.plan = self._planned(part)
        self.trained, self.model = replicas.training(data, self.plan.batch)
        check_search(course.model, self.plan.steps, self.plan.batch)
        self.training = _core.FitRows(self.trained.program, data.arrays, trained, self.plan.batch)
        self.validation: _core.FitRows | None = None
        self.validated: Recorded | None = None
        kept = self._validating(data, held)
        if kept is not None:
            self._validate_on(kept)
        self.validates: list[bool] = []
        if self.validated is not None and self.plan.validation_freq != 1:
            if self.plan.epochs > MOST:
                raise NotAlikeError("a choice among too many epochs")
            self.validates = [self.plan.validates(epoch) for epoch in range(self.plan.epochs)]
        self.rules = rules_of(
            course.model, course.callbacks, self.plan, self.trained, self.validated
        )

    def _split(self, rows: Array | None, seed: int) -> tuple[Array | None, Array | None]:
        """Return the training rows and those held out, as numbers of all rows."""
        course, self.validation_rows = self.course, None
        if course._fraction == 0.0:
            return rows, None
        data = course.replicas.data
        classes = data_.classes_of(course.model, data)
        if rows is not None and classes is not None:
            classes = classes[rows]
        count = data.rows if rows is None else len(rows)
        trained, held = held_out(
            count, course._fraction, classes, course._stratify, course._ordered, seed
        )
        self.validation_rows = held
        return (trained, held) if rows is None else (rows[trained], rows[held])

    def _planned(self, part: Part) -> Plan:
        course = self.course
        batch = course.model.default_fit_batch(course._batch_size)
        return plan([part], batch, course._steps, **course._plan)

    def _validating(self, data: Data, held: Array | None) -> Part | None:
        if self.course._given is not None:
            return part_of(self.course._given)
        if held is None:
            return None
        return part_of(self.course.replicas.as_weighted_as(data), held)

    def _validate_on(self, part: Part) -> None:
        plan, parts = self.plan, [part]
        wanted, own = plan.validation_batch, plan.batch
        if plan.validation_steps is not None:
            wanted = wanted or own
            parts = first_batches(parts, wanted, plan.validation_steps)
        part = parts[0]
        self.validated, batch = self.course.replicas.evaluating(part, wanted, max(own, 256), own)
        rows = (
            np.arange(part.size) if part.rows is None and part.size < part.data.rows else part.rows
        )
        self.validation = _core.FitRows(self.validated.program, part.data.arrays, rows, batch)
