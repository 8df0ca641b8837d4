"""Code shared by callbacks that watch a quantity in the logs of the epochs."""

from __future__ import annotations

import math

from lamina import _check, _screen
from lamina._names import unknown
from lamina.callbacks.callback import Callback, Logs
from lamina.metrics.direction import DOWN, UP, direction_of_name

MODES = ("auto", "min", "max")


class Monitored(Callback):
    """A callback that watches a quantity, for which either smaller or larger values are better.

    Parameters
    ----------
    monitor : str
        A key of the epoch's logs.
    mode : {"auto", "min", "max"}
    min_delta : float
        Improvements must be larger than this.
    """

    _use = "nothing is done"  # the consequence of a missing quantity, for messages

    def __init__(self, monitor: str, mode: str, min_delta: float) -> None:
        super().__init__()
        who = type(self).__name__
        if not isinstance(monitor, str):
            raise TypeError(f"{who}: monitor must be a name; got {monitor!r}")
        if mode not in MODES:
            raise ValueError(f"{who}: {unknown('mode', mode, MODES)}")
        self.monitor = monitor
        self.mode = mode
        self.min_delta = abs(_check.number(who, "min_delta", min_delta))
        self._sign = -1.0  # 1 where larger values are better
        self._warned = self._met = self._missed = False

    @property
    def worst(self) -> float:
        """The value that is worse than all others."""
        return -self._sign * math.inf

    def _watch(self) -> None:
        """Warn if the fit will not have the quantity, and find out which values are better."""
        self._warned = self._met = self._missed = False
        known = self.params.get("metrics")
        # Another callback, or a step of the model, may add the quantity to the logs.
        if known is not None and self.monitor not in known and not self.params.get("open_logs"):
            hint = ""
            if self.monitor.startswith("val_") and "val_loss" not in known:
                hint = "; fit has no validation_data and no validation_split"
            self._warn(f"{unknown('quantity to monitor', self.monitor, known)}{hint}; {self._use}")
        else:
            self._sign = 1.0 if self._larger_is_better() else -1.0

    def _larger_is_better(self) -> bool:
        if self.mode != "auto":
            return self.mode == "max"
        direction: str | None = self.params.get("directions", {}).get(self.monitor)
        if direction is None:  # a quantity of another callback
            direction = direction_of_name(self.monitor.removeprefix("val_"))
        if direction not in (UP, DOWN):
            raise ValueError(
                f"{type(self).__name__}: it is not known whether larger or smaller values of "
                f"{self.monitor!r} are better; give mode='max' or mode='min', or give the metric "
                f"an attribute direction, 'up' or 'down'"
            )
        return direction == UP

    def _better(self, value: float, reference: float) -> bool:
        return self._sign * (value - reference) > self.min_delta

    def _value(self, logs: Logs | None) -> float | None:
        """Return the quantity; None in an epoch without it, for instance between validations."""
        value = (logs or {}).get(self.monitor)
        if value is None:
            self._missed = True
            return None
        self._met = True
        try:
            return float(value)
        except (TypeError, ValueError):
            raise TypeError(
                f"{type(self).__name__}: {self.monitor!r} must be a number; got {value!r}"
            ) from None

    def _check_met(self) -> None:
        """Warn if there were epochs, but none had the quantity."""
        if self._missed and not self._met:
            self._warn(
                f"no epoch's logs had {self.monitor!r}, so {self._use}; "
                f"a callback that adds it must come before {type(self).__name__}"
            )

    def _warn(self, text: str) -> None:
        if not self._warned:
            self._warned = True
            _screen.warn(f"{type(self).__name__}: {text}")
