"""Early stopping that keeps the best weights."""

from __future__ import annotations

import math
from typing import Any

from lamina import _check, _screen
from lamina._names import unknown
from lamina.callbacks.callback import Callback, Logs
from lamina.metrics.direction import DOWN, UP, direction_of_name


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
        Whether smaller or larger values are better.  "auto" takes it from the quantity: losses
        are minimised, a metric says it in its ``direction``, and quantities that say nothing go
        by their whole name, ``val_`` aside, if it is one that everyone knows, such as "f1" or
        "rmse", or ends in "_loss".
    baseline : float, optional
        Patience ends unless values better than this come.
    restore_best_weights : bool, default True
        Put back the weights of the best epoch at the end, also when all epochs ran or no epoch
        was better than the baseline.  (Keras's default is False: the weights are then those of
        the last epoch.)
    start_from_epoch : int, default 0
        Epochs before this one are not looked at.

    Attributes
    ----------
    best : float
        The best value seen; infinite if there was none.
    best_epoch : int or None
        Its epoch; None before the first epoch that is looked at.
    stopped_epoch : int
        The epoch after which training was stopped; 0 if it was not.

    Raises
    ------
    ValueError
        At the start of a fit that will have no such quantity, as ``val_loss`` without
        validation data, or if ``mode`` is "auto" and nothing tells which values are better.

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
        self._forget(-1.0)

    def _forget(self, sign: float) -> None:
        self._sign = sign  # 1 where larger values are better
        self.wait = 0
        self.stopped_epoch = 0
        self._stopped = False
        self.best = -sign * math.inf
        self.best_epoch: int | None = None
        self._last_epoch: int | None = None
        self._best_weights: list[Any] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forget the last fit, and refuse a quantity that this one will not have."""
        self._check_monitor()
        self._forget(1.0 if self._larger_is_better() else -1.0)

    def _check_monitor(self) -> None:
        known = self.params.get("metrics")
        # Another callback's on_epoch_end may add the quantity to the logs.
        if known is not None and self.monitor not in known and not self.params.get("open_logs"):
            hint = ""
            if self.monitor.startswith("val_") and "val_loss" not in known:
                hint = "; fit has no validation_data and no validation_split"
            raise ValueError(
                f"EarlyStopping: {unknown('quantity to monitor', self.monitor, known)}{hint}"
            )

    def _larger_is_better(self) -> bool:
        if self.mode != "auto":
            return self.mode == "max"
        direction: str | None = self.params.get("directions", {}).get(self.monitor)
        if direction is None:  # another callback's quantity
            direction = direction_of_name(self.monitor.removeprefix("val_"))
        if direction not in (UP, DOWN):
            raise ValueError(
                f"EarlyStopping: nothing tells whether larger or smaller values of "
                f"{self.monitor!r} are better; give mode='max' or mode='min', or the metric an "
                f"attribute direction, 'up' or 'down'"
            )
        return direction == UP

    def _better(self, value: float, reference: float) -> bool:
        return self._sign * (value - reference) > self.min_delta

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare, remember, and stop when patience is at its end."""
        self._last_epoch = epoch
        value = (logs or {}).get(self.monitor)
        if epoch < self.start_from_epoch or value is None:
            return  # an epoch without validation (validation_freq) is not counted
        try:
            value = float(value)
        except (TypeError, ValueError):
            raise TypeError(
                f"EarlyStopping: {self.monitor!r} must be a number; got {value!r}"
            ) from None
        better = self._better(value, self.best)
        # The first epoch looked at is the best until then, be its value NaN.
        if better or self.best_epoch is None:
            self.best_epoch = epoch
            if self.restore_best_weights:
                self._best_weights = self.model.snapshot()
        if better:
            self.best = value
            if self.baseline is None or self._better(value, self.baseline):
                self.wait = 0
                return
        self.wait += 1
        if self.wait >= self.patience:
            self.stopped_epoch, self._stopped = epoch, True
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Put the best weights back."""
        last = -1 if self._last_epoch is None else self._last_epoch
        if self.best_epoch is None and last >= self.start_from_epoch:
            _screen.warn(
                f"EarlyStopping: no epoch's logs had {self.monitor!r}, so nothing was monitored; "
                f"a callback that adds it must stand before EarlyStopping"
            )
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
