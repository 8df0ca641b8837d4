"""The position of a run of ``fit``, while it runs and after it has ended."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina._check import Array
from lamina.callbacks.callback import state_before
from lamina.callbacks.progress import EpochLines
from lamina.models.training.position import Ending, Position, put_states, states_of

if TYPE_CHECKING:
    from lamina.callbacks import CallbackList
    from lamina.models.evaluation.passes import Pass
    from lamina.models.training.fitting import Fitting


class RunPosition:
    """Follows a run; it is not called for single batches.

    Parameters
    ----------
    model : Fitting
    optimizer : Optimizer
    hooks : CallbackList
    steps : Pass
    epoch : int
        The first epoch.
    course : dict
        The settings that determine the rows of each batch.

    Attributes
    ----------
    ending : Ending or None
        The end of the epoch whose batches are done, until it is complete.
    """

    def __init__(
        self,
        model: Fitting,
        optimizer: Any,
        hooks: CallbackList,
        steps: Pass,
        epoch: int,
        course: dict[str, Any],
    ) -> None:
        # Holds no reference to the run, which holds this object: the model would be freed late.
        self._model, self._optimizer, self._hooks, self._steps = model, optimizer, hooks, steps
        self.epoch, self._course = epoch, course
        self.ending: Ending | None = None
        # The callback whose on_epoch_end runs, its state before, and whether it is the last.
        self._telling: tuple[Any, dict[str, Any], bool] | None = None
        self._first = 0  # batches of the first epoch done by another run
        self._resumed: Position | None = None
        self._stopped: Position | None = None  # within an epoch, before the callbacks of its end
        self._held: tuple[list[Array], Any] | None = None  # weights and rate after the last batch
        self._began: int | None = None  # the count of draws at the epoch's first batch

    def go_on(self, position: Position) -> None:
        """Start the run at the position of another, whose weights and optimizer the model has."""
        put_states(self._hooks.callbacks, position.callbacks)
        if position.weights is not None:
            self._model.put_arrays(position.weights)
        if position.learning_rate is not None:
            self._optimizer.take_rate(position.learning_rate)
        self.epoch, self._first = position.epoch, position.batch
        self._resumed, self.ending = position, position.ending
        if self.ending is not None:
            self._model.stop_training = self.ending.stops

    def now(self) -> Position:
        """Return the position, to be included in files written by hooks.

        A callback that writes a file at the end of an epoch counts as told of that end.
        """
        ending = self._noted()
        if ending is not None and self._telling is not None:
            callback, _, last = self._telling
            told = [*ending.told, type(callback).__name__]
            # A complete end is kept if it is that of the fit: no epoch follows.
            ending = None if last and not ending.stops else replace(ending, told=told)
        return self._at(ending, states_of(self._hooks.callbacks))

    def _interrupted(self) -> Position:
        """Return the position after an error; a callback that raised it is told again."""
        earlier = None if self._telling is None else self._telling[:2]
        return self._at(self._noted(), states_of(self._hooks.callbacks, earlier))

    def _noted(self) -> Ending | None:
        """Return the end of an epoch that is not complete, with whether training stops there."""
        if self.ending is None:
            return None
        return replace(self.ending, stops=bool(self._model.stop_training))

    def _at(self, ending: Ending | None, callbacks: list[list[Any]]) -> Position:
        if self._stopped is not None:
            return self._stopped
        course = self._course
        if ending is not None:
            ending = replace(ending, logs={**ending.logs}, told=[*ending.told])
            return Position(self.epoch, callbacks=callbacks, course=course, ending=ending)
        if self._began is None:
            held = self._resumed
            if held is not None and held.batch:
                done, sums, metrics = held.batch, held.sums, held.metrics
                return Position(held.epoch, done, sums, metrics, callbacks, course=course)
            return Position(self.epoch, callbacks=callbacks, course=course)
        done = (self._model.train_state.draw - self._began) & 0xFFFF_FFFF
        sums, metrics = self._steps.sums()
        return Position(self.epoch, done, sums, metrics, callbacks, course=course)

    # --- called by the run

    @contextlib.contextmanager
    def followed(self) -> Iterator[None]:
        """Let the model's state know the position within the block, and after it."""
        state = self._model.train_state
        state.running = self.now
        try:
            yield
        except BaseException:
            with contextlib.suppress(Exception):  # the error that stopped the run matters
                state.position = self._interrupted()
                self.note_replaced()
            raise
        finally:
            state.running = None

    def begin(self, epoch: int) -> int:
        """Tell the callbacks that an epoch begins; return how many of its batches are done.

        Callbacks that were told before the interruption, and continue with it, are not told again.
        """
        self.epoch, done = epoch, self._first
        if done:
            self._begin_lines(epoch)
        else:
            self._hooks.call("on_epoch_begin", epoch, {})
        return done

    def _begin_lines(self, epoch: int) -> None:
        for callback in self._hooks.callbacks:
            if isinstance(callback, EpochLines):
                callback.on_epoch_begin(epoch, {})

    def begin_batches(self, done: int) -> None:
        """Start the sums of an epoch, or continue those of one that was interrupted."""
        state, resumed = self._model.train_state, self._resumed
        self._steps.reset()
        if done and resumed is not None:
            self._steps.resume(resumed.sums, resumed.metrics)
        self._resumed, self._first = None, 0
        self._began = (state.draw - done) & 0xFFFF_FFFF

    def end_batches(self, whole: bool, logs: dict[str, float]) -> None:
        """Note that the epoch's batches are done, or that it was stopped part-way."""
        ending = Ending(logs)
        if whole:
            self.epoch += 1
            self._model.train_state.epoch += 1
        else:
            self._stopped = self.now()
            self._held = self._weights(), self._rate()
        self.ending, self._began = ending, None

    def begin_end(self, epoch: int) -> Ending:
        """Return the end of an epoch, to be completed here."""
        assert self.ending is not None
        if self._resumed is not None:
            self._begin_lines(epoch)
        return self.ending

    def tell_end(self, epoch: int) -> None:
        """Call ``on_epoch_end`` of the callbacks that were not told before an interruption."""
        assert self.ending is not None
        logs, told, hooks = self.ending.logs, self.ending.told, self._hooks.owned("on_epoch_end")
        left = told[:]
        for number, (callback, hook) in enumerate(hooks, 1):
            name = type(callback).__name__
            known = name in left
            if known:
                left.remove(name)
            if known and not getattr(callback, "_puts_back", False):
                continue
            self._telling = callback, state_before(callback), number == len(hooks)
            hook(epoch, logs)
            # At once: taking the next state may be interrupted, when this callback's is final.
            self._telling = None
            if not known:
                told.append(name)

    def end(self) -> None:
        """Keep the position of a run that has ended."""
        self._model.train_state.position = self.now()
        if self._held is None:
            self._held = self._weights(), self._rate()

    def note_replaced(self) -> None:
        """Keep the state after the last batch, if a callback has replaced parts of it."""
        position = self._model.train_state.position
        if position is None or self._held is None:
            return
        weights, rate = self._held
        now = [p.array for p in self._model.parameters]
        if any(not np.array_equal(a, b) for a, b in zip(weights, now, strict=True)):
            position.weights = weights
        if rate != self._rate():
            position.learning_rate = rate

    def _weights(self) -> list[Array]:
        return [p.array.copy() for p in self._model.parameters]

    def _rate(self) -> Any:
        return self._optimizer.told_rate()
