"""Early stopping that restores the best weights."""

from __future__ import annotations

from typing import Any, ClassVar

from lamina import _check, _screen
from lamina.callbacks.callback import Logs
from lamina.callbacks.monitored import Monitored


class EarlyStopping(Monitored):
    """Stop when a quantity has not improved for ``patience`` epochs, and restore the best epoch.

    Parameters
    ----------
    monitor : str, default "val_loss"
        A key of the epoch's logs.
    min_delta : float, default 0
        Improvements must be larger than this.
    patience : int, default 0
        The number of epochs without improvement to wait for.
    verbose : {0, 1}, default 0
        1 prints when training stops and which weights are restored.
    mode : {"auto", "min", "max"}, default "auto"
        Whether smaller or larger values are better.  With "auto" this follows from the quantity:
        losses are minimised, a metric has a ``direction``, and other quantities are recognised by
        their whole name, without ``val_``, if it is a well-known one such as "f1" or "rmse", or
        ends in "_loss".
    baseline : float, optional
        Stop after ``patience`` epochs unless values are better than this; never stop in an epoch
        that is the best so far.
    restore_best_weights : bool, default True
        Restore the weights of the best epoch at the end, even if all epochs ran or no epoch was
        better than the baseline.  (Keras's default is False: the weights are then those of the last
        epoch.)
    start_from_epoch : int, default 0
        Ignore the epochs before this one.

    Attributes
    ----------
    best : float
        The best value so far; infinite if there is none.
    best_epoch : int or None
        The epoch of that value; None before the first epoch that counts.
    stopped_epoch : int
        The epoch after which training was stopped; 0 if it was not stopped.

    Raises
    ------
    ValueError
        At the start of a fit, if ``mode`` is "auto" and it is not known which values are better.

    Warns
    -----
    UserWarning
        If a fit will not have the quantity, for instance ``val_loss`` without validation data: it
        continues and is never stopped early.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)])
    >>> model.compile(lamina.optimizers.SGD(0.01), "mse")
    >>> x = np.linspace(0, 1, 20)
    >>> stop = lamina.callbacks.EarlyStopping(patience=3)
    >>> _ = model.fit(x, 2 * x, epochs=5, validation_split=0.2, callbacks=[stop], verbose=0)
    >>> stop.best_epoch
    4
    """

    _use = "training is never stopped early"
    _kept: ClassVar[tuple[str, ...]] = (
        "wait", "stopped_epoch", "_stopped", "best", "best_epoch", "_last_epoch", "_best_weights",
    )  # fmt: skip

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = True,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        who = "EarlyStopping"
        self.patience = _check.integer(who, "patience", patience, 0)
        self.verbose = verbose
        self.baseline = None if baseline is None else _check.number(who, "baseline", baseline)
        self.restore_best_weights = _check.boolean(
            who, "restore_best_weights", restore_best_weights
        )
        self.start_from_epoch = _check.integer(who, "start_from_epoch", start_from_epoch, 0)
        self._forget()

    def _forget(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self._stopped = False
        self.best = self.worst
        self.best_epoch: int | None = None
        self._last_epoch: int | None = None
        self._best_weights: list[Any] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Reset the state of the last fit, unless a state was restored."""
        self._watch()
        if not self._goes_on():
            self._forget()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare, remember, and stop when patience has run out."""
        self._last_epoch = epoch
        value = self._value(logs)
        if epoch < self.start_from_epoch or value is None:
            return  # an epoch without validation (validation_freq) is not counted
        better = self._better(value, self.best)
        # Until then the first epoch that counts is the best, even if its value is NaN.
        if better or self.best_epoch is None:
            self.best_epoch = epoch
            if self.restore_best_weights:
                self._best_weights = self.model.snapshot()
        self.wait += 1
        if better:
            self.best = value
            if self.baseline is None or self._better(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience:
            self.stopped_epoch, self._stopped = epoch, True
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Restore the best weights."""
        if self._last_epoch is not None and self._last_epoch >= self.start_from_epoch:
            self._check_met()
        if self.verbose and self._stopped:
            _screen.write(
                f"EarlyStopping: no better {self.monitor} for {self.wait} epochs; "
                f"stopped after epoch {self.stopped_epoch + 1}"
            )
        if self._best_weights is not None and self.best_epoch != self._last_epoch:
            self.model.restore(self._best_weights)
            if self.verbose:
                _screen.write(
                    f"EarlyStopping: restored the weights of epoch {(self.best_epoch or 0) + 1}"
                )
        self._best_weights = None
