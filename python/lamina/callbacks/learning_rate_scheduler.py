"""A learning rate that is a function of the epoch."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from lamina import _screen
from lamina.callbacks.callback import Callback, Logs
from lamina.callbacks.rates import check_settable, note_rates, rate_of, rated, shown


class LearningRateScheduler(Callback):
    """Set the learning rate at the start of each epoch.

    Parameters
    ----------
    schedule : callable
        ``schedule(epoch, learning_rate)``, or ``schedule(epoch)``, returns the learning rate of the
        epoch; epochs are counted from 0.
    verbose : {0, 1}, default 0
        1 prints each learning rate.

    Raises
    ------
    TypeError
        If ``schedule`` is not callable or does not return a number; at the start of a fit, if the
        learning rate already follows a schedule of ``lamina.optimizers.schedules``.
    ValueError
        If it returns a negative number.

    Notes
    -----
    The learning rate is added to the logs, and so to the history, as ``learning_rate``.  Each
    optimizer of a ``MultiOptimizer`` has its own: ``schedule`` is called for each, and the key is
    ``learning_rate_`` followed by the optimizer's name.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> x = np.linspace(-1, 1, 8)
    >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)])
    >>> model.compile(lamina.optimizers.SGD(0.5), "mse")
    >>> halved = lamina.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    >>> history = model.fit(x, 2 * x, epochs=3, callbacks=[halved], verbose=0)
    >>> history.history["learning_rate"]
    [0.25, 0.125, 0.0625]
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        if not callable(schedule):
            raise TypeError(f"LearningRateScheduler: schedule must be callable; got {schedule!r}")
        self.schedule = schedule
        self.verbose = verbose
        self._takes_rate = _takes_two(schedule)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Reject an optimizer whose learning rate follows a schedule."""
        check_settable("LearningRateScheduler", self.model)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Set the epoch's learning rate."""
        for key, optimizer in rated(self.model).items():
            rate = self._rate_for(epoch, rate_of(optimizer))
            optimizer.learning_rate = rate
            if self.verbose:
                _screen.write(
                    f"Epoch {epoch + 1}: LearningRateScheduler setting {shown(key)} to {rate:g}"
                )

    def _rate_for(self, epoch: int, before: float) -> float:
        """Return the learning rate of an epoch; ``before`` is the previous one."""
        rate: Any = self.schedule(epoch, before) if self._takes_rate else self.schedule(epoch)
        if isinstance(rate, bool) or not hasattr(rate, "__float__"):
            raise TypeError(
                f"LearningRateScheduler: schedule must return a number; got {rate!r} for epoch "
                f"{epoch}"
            )
        return float(rate)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Add the learning rate to the logs."""
        if logs is not None:
            note_rates(self.model, logs)


def _takes_two(schedule: Callable[..., float]) -> bool:
    """Return whether a function can be called with two arguments; builtins are assumed to."""
    try:
        inspect.signature(schedule).bind(0, 0.0)
    except TypeError:
        return False
    except ValueError:  # it has no signature
        return True
    return True
