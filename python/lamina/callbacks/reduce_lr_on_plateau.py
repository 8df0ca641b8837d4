"""Reducing the learning rate when a quantity no longer improves."""

from __future__ import annotations

from typing import ClassVar

from lamina import _check, _screen
from lamina.callbacks.callback import Logs
from lamina.callbacks.monitored import Monitored
from lamina.callbacks.rates import check_settable, note_rates, rate_of, rated, shown


class ReduceLROnPlateau(Monitored):
    """Multiply the learning rate by ``factor`` after ``patience`` epochs without improvement.

    Parameters
    ----------
    monitor : str, default "val_loss"
        A key of the epoch's logs.
    factor : float, default 0.1
        In [0, 1): the factor by which the learning rate is multiplied.
    patience : int, default 10
        The number of epochs without improvement to wait for.
    verbose : {0, 1}, default 0
        1 prints each reduction.
    mode : {"auto", "min", "max"}, default "auto"
        Whether smaller or larger values are better; see ``EarlyStopping``.
    min_delta : float, default 0.0001
        Improvements must be larger than this.
    cooldown : int, default 0
        The number of epochs after a reduction that are not counted.
    min_lr : float, default 0
        Lower bound of the learning rate.

    Raises
    ------
    TypeError
        At the start of a fit, if the learning rate follows a schedule.

    Warns
    -----
    UserWarning
        If a fit will not have the quantity: the learning rate then stays the same.

    Notes
    -----
    The learning rate with which an epoch was trained is added to the logs, and so to the history,
    as ``learning_rate``.  Those of a ``MultiOptimizer`` are reduced together, and their keys are
    ``learning_rate_`` followed by the optimizer's name.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> x = np.linspace(-1, 1, 8)
    >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)])
    >>> model.compile(lamina.optimizers.SGD(0.5), "mse")
    >>> slower = lamina.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=9.0)
    >>> history = model.fit(x, 2 * x, epochs=4, callbacks=[slower], verbose=0)
    >>> history.history["learning_rate"]
    [0.5, 0.5, 0.25, 0.125]
    """

    _use = "the learning rate stays the same"
    _kept: ClassVar[tuple[str, ...]] = ("wait", "best", "cooldown_counter")

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        who = "ReduceLROnPlateau"
        self.factor = _check.number(who, "factor", factor, 0.0, 1.0, high_open=True)
        self.patience = _check.integer(who, "patience", patience, 0)
        self.verbose = verbose
        self.cooldown = _check.integer(who, "cooldown", cooldown, 0)
        self.min_lr = _check.number(who, "min_lr", min_lr, 0.0)
        self._forget()

    def _forget(self) -> None:
        self.wait = self.cooldown_counter = 0
        self.best = self.worst

    def in_cooldown(self) -> bool:
        """Return whether a reduction is so recent that epochs are not counted."""
        return self.cooldown_counter > 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Reset the state of the last fit, unless a state was restored."""
        check_settable("ReduceLROnPlateau", self.model)
        self._watch()
        if not self._goes_on():
            self._forget()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare, and reduce the learning rate when patience has run out."""
        logs = {} if logs is None else logs
        note_rates(self.model, logs)
        value = self._value(logs)
        if value is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._better(value, self.best):
            self.best, self.wait = value, 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        for key, optimizer in rated(self.model).items():
            old = rate_of(optimizer)
            if old <= self.min_lr:
                continue
            new = max(old * self.factor, self.min_lr)
            optimizer.learning_rate = new
            self.cooldown_counter, self.wait = self.cooldown, 0
            if self.verbose:
                _screen.write(
                    f"Epoch {epoch + 1}: ReduceLROnPlateau reducing {shown(key)} to {new:g}"
                )

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Warn if the quantity never occurred."""
        self._check_met()
