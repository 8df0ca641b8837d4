"""Early stopping that keeps the best weights."""

from __future__ import annotations

import math
from typing import Any

from lamina import _check
from lamina._names import unknown
from lamina.callbacks.callback import Callback, Logs

RISING = ("acc", "auc", "r2", "precision", "recall", "f1")


class EarlyStopping(Callback):
    """Stop when a quantity has not improved for ``patience`` epochs, and keep the best epoch.

    Parameters
    ----------
    monitor : str, default "val_loss"
        A key of the epoch's logs.
    min_delta : float, default 0
        An improvement must exceed it.
    patience : int, default 0
        Epochs without improvement that are waited for.
    verbose : {0, 1}, default 0
        1 prints when it stops and what it restores.
    mode : {"auto", "min", "max"}, default "auto"
        "auto" takes "max" for names with acc, auc, r2, precision, recall or f1 in them.
    baseline : float, optional
        Only values better than this count as improvement.
    restore_best_weights : bool, default True
        Put back the weights of the best epoch at the end, also when all epochs ran.  (Keras's
        default is False: the weights are then those of the last epoch.)
    start_from_epoch : int, default 0
        Epochs before this one are not looked at.

    Attributes
    ----------
    best : float
        The best value seen.
    best_epoch : int or None
        Its epoch.
    stopped_epoch : int
        The epoch after which training was stopped; 0 if it was not.

    Raises
    ------
    ValueError
        At the start of a fit that will have no such quantity, as ``val_loss`` without
        validation data.

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
        super().__init__()
        who = "EarlyStopping"
        if not isinstance(monitor, str):
            raise TypeError(f"{who}: monitor must be a name; got {monitor!r}")
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"{who}: {unknown('mode', mode, ('auto', 'min', 'max'))}")
        self.monitor = monitor
        self.min_delta = abs(_check.number(who, "min_delta", min_delta))
        self.patience = _check.integer(who, "patience", patience, 0)
        self.verbose = verbose
        self.mode = mode
        self.baseline = None if baseline is None else _check.number(who, "baseline", baseline)
        self.restore_best_weights = _check.boolean(
            who, "restore_best_weights", restore_best_weights
        )
        self.start_from_epoch = _check.integer(who, "start_from_epoch", start_from_epoch, 0)
        rising = mode == "max" or (mode == "auto" and any(part in monitor for part in RISING))
        self._sign = 1.0 if rising else -1.0
        self._forget()

    def _forget(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best = self.baseline if self.baseline is not None else -self._sign * math.inf
        self.best_epoch: int | None = None
        self._last_epoch: int | None = None
        self._best_weights: list[Any] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forget the last fit, and refuse a quantity that this one will not have."""
        self._forget()
        known = self.params.get("metrics")
        # Another callback's on_epoch_end may add the quantity to the logs.
        if known is not None and self.monitor not in known and not self.params.get("open_logs"):
            hint = ""
            if self.monitor.startswith("val_") and "val_loss" not in known:
                hint = "; fit has no validation_data and no validation_split"
            raise ValueError(
                f"EarlyStopping: {unknown('quantity to monitor', self.monitor, known)}{hint}"
            )

    def _improves(self, value: float) -> bool:
        return self._sign * (value - self.best) > self.min_delta

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare, remember, and stop when patience is at its end."""
        self._last_epoch = epoch
        if epoch < self.start_from_epoch or logs is None or self.monitor not in logs:
            return  # an epoch without validation (validation_freq) is not counted
        value = logs[self.monitor]
        if self._improves(value):
            self.best, self.best_epoch, self.wait = value, epoch, 0
            if self.restore_best_weights:
                self._best_weights = self.model.snapshot()
            return
        self.wait += 1
        if self.wait >= self.patience:
            self.stopped_epoch = epoch
            self.model.stop_training = True
            if self.verbose:
                print(f"EarlyStopping: no better {self.monitor} for {self.wait} epochs; "
                      f"stopped after epoch {epoch + 1}")  # fmt: skip

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Put the best weights back."""
        if self._best_weights is not None and self.best_epoch != self._last_epoch:
            self.model.restore(self._best_weights)
            if self.verbose:
                print(f"EarlyStopping: restored the weights of epoch {(self.best_epoch or 0) + 1}")
        self._best_weights = None
