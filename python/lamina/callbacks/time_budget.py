"""Limiting the duration of a fit."""

from __future__ import annotations

import time
from typing import ClassVar

from lamina import _check, _screen
from lamina.callbacks.callback import Callback, Logs


class TimeBudget(Callback):
    """Stop the training after a number of seconds.

    The clock is read about ten times per second, and at the end of each epoch: the fit ends a tenth
    of a second and a batch after the time is over, after the validation of the last epoch.

    Parameters
    ----------
    seconds : float
        Greater than 0; wall-clock time from the start of the fit.
    verbose : {0, 1}, default 0
        1 prints when training stops.

    Attributes
    ----------
    used : float
        Duration of the fit in seconds, including that of earlier parts of a continued fit.
    stopped_epoch : int or None
        The epoch, from 0, in which training was stopped; None if it was not.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> x = np.linspace(-1, 1, 8)
    >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> budget = lamina.callbacks.TimeBudget(0.02)
    >>> _ = model.fit(x, 2 * x, epochs=10**6, callbacks=[budget], verbose=0)
    >>> budget.used >= 0.02, budget.stopped_epoch < 10**6
    (True, True)
    """

    _kept: ClassVar[tuple[str, ...]] = ("used", "stopped_epoch")

    def __init__(self, seconds: float, verbose: int = 0) -> None:
        super().__init__()
        self.seconds = _check.number("TimeBudget", "seconds", seconds, 0.0, low_open=True)
        self.verbose = verbose
        self._epoch = 0
        self._start = 0.0
        self._forget()

    def _forget(self) -> None:
        self.used = 0.0
        self.stopped_epoch: int | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start the clock."""
        if not self._goes_on():
            self._forget()
        self.stopped_epoch = None
        self._start = time.perf_counter() - self.used

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Note the epoch."""
        self._epoch = epoch

    def on_tick(self, batch: int, logs: Logs | None = None) -> None:
        """Check the clock."""
        self._look()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Check the clock."""
        self._look()

    def _look(self) -> None:
        self.used = time.perf_counter() - self._start
        if self.used < self.seconds or self.stopped_epoch is not None:
            return
        self.stopped_epoch = self._epoch
        self.model.stop_training = True
        if self.verbose:
            _screen.write(
                f"TimeBudget: {self.seconds:g} s are over; stopped in epoch {self._epoch + 1}"
            )
