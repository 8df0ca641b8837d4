"""The training loop: one call into the engine per mini-batch, and as little else as possible."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from lamina import _core
from lamina._check import Array
from lamina._settings import changes
from lamina.callbacks import CallbackList, History
from lamina.callbacks.callback import TICK
from lamina.models.compilation import steps
from lamina.models.compilation.objective import Objective
from lamina.models.data.batches import Batches, Feed, behind, first_batches
from lamina.models.data.feeds import Stream
from lamina.models.data.prepared import Part
from lamina.models.data.row_order import Draw, draw_of_epoch
from lamina.models.errors import TrainingDiverged
from lamina.models.evaluation.evaluate import Plan as EvaluationPlan
from lamina.models.evaluation.evaluate import evaluate, hears_test_batches, plans, plans_of_batches
from lamina.models.training import logs as logs_
from lamina.models.training.gradients import check_learning, check_search
from lamina.models.training.plan import Plan
from lamina.models.training.run_position import RunPosition

if TYPE_CHECKING:
    from lamina.models.training.fitting import Fitting


class Failure(NamedTuple):
    """The reason why a step failed: its loss, and the names in ``TrainingDiverged``."""

    loss: float
    names: tuple[str | None, str | None, str | None]  # where, weight, kind


class Training:
    """One run of ``fit``.

    Parameters
    ----------
    model : Fitting
        A model that is built, compiled, and held by this thread.
    feed : Feed
        The batches for training.
    held_out : sequence of Part, or Stream
        The validation data; no part for no validation.
    settings : Plan
    callbacks : CallbackList
    course : dict, optional
        Compared with that of a fit that continues this one.
    """

    def __init__(
        self,
        model: Fitting,
        feed: Feed,
        held_out: Sequence[Part] | Stream,
        settings: Plan,
        callbacks: CallbackList,
        course: dict[str, Any] | None = None,
    ) -> None:
        self.model, self.feed, self.held_out = model, feed, held_out
        self.spread = model.take_spread()
        # Whose ``stop_training`` ends the run: processes stop after the same batch, or none does.
        self.stopper = model if self.spread is None else self.spread
        self.part = feed.first  # the part of the current batch
        self.settings, self.hooks = settings, callbacks
        self.seen = changes.count  # of changes of settings; first, as in `take_changes`
        self.attached = -1  # the optimizer's version known to the execution
        self.optimizer: Any = model.compilation("fit").optimizer
        self.batch = min(settings.batch, self.part.size)
        self.objective: Objective = self._objective(self.batch)
        if not self.objective.checked:
            check_learning("fit", model)
            self.objective.checked = True
        self.optimizer.check_owner(model)
        check_search(model, settings.steps, settings.batch)
        model.compilation("fit").running = False  # a fit is never within another pass
        self.capacity = self.batch if model.bound else settings.batch
        self.steps = self.objective.start(self.part.data, self.capacity, True, self.spread)
        self.execution = self.steps.execution
        self.train: Callable[..., float] = self.execution.train
        self.weights: list[tuple[str, Array]] = []
        self.position = RunPosition(
            model, self.optimizer, callbacks, self.steps, settings.first_epoch, course or {}
        )
        self.notes_rate: bool | None = None  # whether the logs have the learning rate, if known
        self.diverged: float | None = None  # the loss of a failed step that a callback accepted

    @property
    def idle(self) -> bool:
        """Whether there are weights to train, but gradients reach none of them."""
        trains = any(parameter.trainable for parameter in self.model.parameters)
        return trains and not self.execution.paths()

    def attach(self) -> None:
        """Give the execution to the optimizer: the first action that changes anything."""
        self.attached = self.optimizer.version
        train = self.optimizer.attach(self.execution, self.model)
        self.train = self.objective.constraining(train)
        arrays = [p.array for p in self.execution.trainable()]
        self.weights = list(zip(self.execution.paths(), arrays, strict=True))

    def _objective(self, rows: int) -> Objective:
        if self.spread is None:
            return self.model.objective_for(self.part.data, rows)
        most, fewest = self.spread.rows_of_slices(rows)
        objective = self.model.objective_for(self.part.data, most)
        if objective.rows is not None and 0 < fewest < most:
            # Recorded here, in all processes, even where all slices are of one size: recording may
            # draw seeds.
            objective.fewer = self.model.objective_for(self.part.data, fewest)
        return objective

    def follow(self, part: Part, rows: int) -> None:
        """Prepare the next step for this number of rows of a part."""
        bound = self.model.bound
        if part is self.part and (rows == self.batch or not bound):
            return
        self.part, self.batch = part, rows
        objective = self._objective(rows)
        self.capacity = rows if bound else max(rows, self.capacity)
        self.steps.turn_to(objective, self.capacity, part.data)
        if self.steps.execution is not self.execution:
            self.objective, self.execution = objective, self.steps.execution
            self.attach()

    def take_changes(self) -> None:
        """Apply changes of settings of layers, losses or optimizer since the last step."""
        self.seen = changes.count  # first: changes made while this runs are seen the next time
        objective = self._objective(self.batch)
        if objective is not self.objective:
            self.steps.move_to(objective)
            self.objective, self.execution = objective, self.steps.execution
        elif self.optimizer.version == self.attached:
            return
        self.attach()

    def run(self, history: History) -> None:
        """Run all epochs; ``history`` becomes the model's once no callback rejects the run."""
        hooks, model = self.hooks, self.model
        try:
            with hooks.closing(), self.steps:
                with self.position.followed():
                    with hooks.putting_back():
                        logs = self._epochs(history)
                    self.position.end()
                self.optimizer.finalize_variable_values(
                    [p for p in model.parameters if p.trainable]
                )
                try:
                    hooks.call("on_train_end", logs)
                finally:
                    self.position.note_replaced()
                self._compare()
        finally:
            self.objective.executions.trim()

    def _epochs(self, history: History) -> dict[str, float]:
        """Run all epochs; return the logs of the last one."""
        hooks, model, settings = self.hooks, self.model, self.settings
        hooks.call("on_train_begin", {})
        self.attach()
        model.history = history
        logs: dict[str, float] = {}
        # Another run may have left the end of the epoch before.
        first = settings.first_epoch - (self.position.ending is not None)
        for epoch in range(first, settings.epochs):
            if self.position.ending is None and not self._train_epoch(epoch):
                break
            logs = self._end_epoch(epoch)
            if self.stopper.stop_training or self.diverged is not None:
                break
        self._compare()  # before `on_train_end`, in which backups are deleted
        return logs

    def single(self) -> dict[str, float]:
        """Do one step on all rows; return loss and metrics."""
        with self.steps:
            self.attach()
            self.model.train_state.position = None
            self._all_batches(0, None)
            return self.steps.results()

    def _train_epoch(self, epoch: int) -> bool:
        """Do the batches of an epoch; return False if the source has no more."""
        before = self.position.begin(epoch)  # batches done by another run
        self.position.begin_batches(before)
        self._compare()
        self._stop_together()
        draw = draw_of_epoch(self.model, self.settings.shuffle)
        done = self._all_batches(epoch, draw, before)
        if done == 0 and self.diverged is None:
            return False
        ended = self.stopper.stop_training or self.diverged is not None
        whole = self.settings.steps or (0 if ended else done)
        self.position.end_batches(done == whole, self._logs())
        if self.settings.steps is None:
            self.hooks.know_steps(done)
        return True

    def _end_epoch(self, epoch: int) -> dict[str, float]:
        """Validate and tell the callbacks, unless another run has done so; return the logs."""
        ending = self.position.begin_end(epoch)
        if not ending.validated:
            ending.logs = self._validated(epoch, ending.logs)
            ending.validated = True
        self.position.tell_end(epoch)
        self._stop_together()
        self.position.ending = None
        return ending.logs

    def _validated(self, epoch: int, trained: dict[str, float]) -> dict[str, float]:
        """Return the logs of an epoch's batches, with those of its validation if one is due."""
        logs = dict(trained)
        if self.held_out and self.settings.validates(epoch):
            planned = self._validation()
            result = logs_.in_order(evaluate(self.model, planned, self.hooks, self.spread))
            logs.update({f"val_{key}": value for key, value in result.items()})
            logs = logs_.in_order(logs)
        if self.notes_rate is None:  # from the first epoch on or never, for columns of equal length
            self.notes_rate = bool(self.optimizer.follows_schedule)
        if self.notes_rate:  # a schedule set during the fit must not replace a metric
            logs.setdefault("learning_rate", self.optimizer.current_learning_rate())
        return logs

    def _validation(self) -> Iterable[EvaluationPlan]:
        if isinstance(self.held_out, Stream):
            return plans_of_batches(self.model, self.held_out.parts())
        settings, parts = self.settings, self.held_out
        wanted, own = settings.validation_batch, settings.batch
        if settings.validation_steps is not None:
            wanted = wanted or own
            parts = first_batches(parts, wanted, settings.validation_steps)
        # If the number of batches is needed it is Keras's; fewer batches are faster.
        default = own if hears_test_batches(self.hooks, self.spread) else max(own, 256)
        return plans(self.model, parts, wanted, default, own)

    def _all_batches(self, epoch: int, draw: Draw | None, before: int = 0) -> int:
        """Do the steps of an epoch after the first ones; return the number done by then."""
        done, loss, rate = before, 0.0, 0.0
        chunks = self.feed.epoch(draw)
        if self.spread is not None and isinstance(self.feed, Stream):
            chunks = self.spread.in_step(chunks, _rows_told)
        for batches in behind(chunks, before) if before else chunks:
            done, loss, rate = self._batches(epoch, batches, done)
            if self.stopper.stop_training or self.diverged is not None:
                break
        # A caller may have written to the weights.
        find_nonfinite = _core.kernels.find_nonfinite
        for name, array in self.weights:
            if find_nonfinite(array) >= 0:
                raise TrainingDiverged(loss, epoch + 1, done, rate, None, name)
        return done

    def _batches(self, epoch: int, batches: Batches, first: int) -> tuple[int, float, float]:
        """Do steps of an epoch; return the number done by then, the last loss and learning rate."""
        # Everything the loop uses is a local: a step of a small network takes microseconds.
        model, optimizer, train = self.model, self.optimizer, self.train
        state, stopper, together = model.train_state, self.stopper, self._stops_together
        count_of, rate_of = optimizer.counter.__dict__, optimizer.current_learning_rate
        seen = self.seen
        observe = self.steps.observe
        begin, end = self.hooks["on_train_batch_begin"], self.hooks["on_train_batch_end"]
        ticks, clock = self.hooks["on_tick"], time.perf_counter
        infinity, bound = math.inf, model.bound
        order, spans, parts = batches
        loss, rate, index, started = 0.0, 0.0, first - 1, 0
        earlier = self.execution.completed_steps
        due = clock() + TICK if ticks else infinity
        try:
            for start, stop in spans:
                index += 1
                for hook in begin:
                    hook(index, {})
                if parts is not None or bound:
                    part = self.part if parts is None else parts[index - first]
                    self.follow(part, stop - start)
                    train, observe = self.train, self.steps.observe
                    earlier = self.execution.completed_steps - started
                if changes.count != seen:
                    self.take_changes()
                    train, observe, seen = self.train, self.steps.observe, self.seen
                    earlier = self.execution.completed_steps - started
                rate = rate_of()
                # Counted before the step, so that values set while it runs are kept.
                step = count_of["_iterations"] = count_of["_iterations"] + 1
                random_step = state.draw = (state.draw + 1) & 0xFFFF_FFFF
                started += 1
                loss = train(order, start, stop, rate, step, random_step)
                if not -infinity < loss < infinity:
                    self._diverge(loss, epoch, index, rate, (order, start, stop, random_step))
                    self._uncount(step, random_step)
                    index -= 1
                    break
                if observe is not None:
                    observe(order, start, stop)
                if end:
                    self._call(end, index)
                if ticks and clock() >= due:
                    self._call(ticks, index)
                    due = clock() + TICK
                if together:
                    self._stop_together()
                if stopper.stop_training:
                    break
        except BaseException:
            if started > self.execution.completed_steps - earlier:  # the last one changed nothing
                self._uncount(step, random_step)
            raise
        return index + 1, loss, rate

    @property
    def _stops_together(self) -> bool:
        return self.spread is not None and self.spread.hears_batches

    def _compare(self) -> None:
        """Let processes that share the batches refuse what callbacks have changed in some only."""
        if self.spread is not None:
            self.spread.compare(self)

    def _stop_together(self) -> None:
        """Let processes that share the batches agree to stop if a callback of any requests it."""
        if self.spread is not None and self.spread.stop(self):
            self.model.stop_training = True

    def _uncount(self, step: int, random_step: int) -> None:
        count_of = self.optimizer.counter.__dict__
        if count_of["_iterations"] == step:
            count_of["_iterations"] = step - 1
        if self.model.train_state.draw == random_step:
            self.model.train_state.draw = (random_step - 1) & 0xFFFF_FFFF

    def _diverge(self, loss: float, epoch: int, index: int, rate: float, batch: Any) -> None:
        """Raise TrainingDiverged, unless a callback accepts the step; its loss is then noted."""
        failure = self._failure(loss, *batch)
        error = TrainingDiverged(failure.loss, epoch + 1, index + 1, rate, *failure.names)
        if True not in [hook(index, error) for hook in self.hooks["on_train_diverged"]]:
            raise error
        self.diverged = loss
        self._call(self.hooks["on_train_batch_end"], index)

    def _failure(
        self, loss: float, order: Array | None, start: int, stop: int, random_step: int
    ) -> Failure:
        failed = self.execution.failed_step
        if failed is not None:
            kind, weight, finite = failed
            return Failure(finite, (None, weight, kind))
        where = self.execution.first_nonfinite(order, start, stop, random_step)
        return Failure(loss, (where, None, None))

    def _logs(self) -> dict[str, float]:
        logs = logs_.in_order(self.steps.results())
        if self.diverged is not None:
            logs["loss"] = self.diverged
        return logs

    def _call(self, hooks: list[Callable[..., Any]], batch: int) -> None:
        logs = self._logs()
        for hook in hooks:
            hook(batch, logs)


def _rows_told(batches: Batches) -> str:
    """Return the number of rows of a source's batches, and of one of them, in words."""
    assert batches.parts is not None
    part = batches.parts[0]
    return f"{part.size} in batches of {part.batch or part.size}"


def parameters_of_run(
    model: Fitting, settings: Plan, validated: bool, verbose: object, hooks: CallbackList
) -> dict[str, Any]:
    """Return the callbacks' ``params``; ValueError if two quantities would share a key."""
    compiled = model.compilation("fit")
    scheduled = compiled.optimizer.follows_schedule
    own = [h for h in hooks["on_epoch_end"] if not _is_library(h)]
    return {
        "epochs": settings.epochs,
        "steps": settings.steps,
        "batch_size": settings.batch,
        "verbose": verbose,
        "metrics": logs_.keys_of_epoch(model.metrics_names, validated, scheduled),
        "directions": logs_.directions_of_epoch(compiled.directions, validated),
        # The user's callbacks and steps may add keys to an epoch's logs.
        "open_logs": bool(own) or steps.adds_keys(model),
    }


def _is_library(hook: Any) -> bool:
    owner = type(getattr(hook, "__self__", None))
    return owner.__module__.startswith("lamina.callbacks")
