"""Finding usable learning rates: the loss as the learning rate increases."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check
from lamina._check import Array
from lamina.callbacks.callback import Callback, Logs
from lamina.callbacks.rates import KEY, check_settable, rate_of, rated

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SMOOTHING = 0.9  # the weight of earlier losses relative to the next one


class LearningRateRangeTest(Callback):
    r"""Increase the learning rate from step to step, record the loss, and restore everything.

    Smith (2017), "Cyclical learning rates for training neural networks", with the smoothed loss of
    Gugger's "How do you find a good learning rate" (2018): the rate of step i is ``low * (high /
    low) ** (i / (steps - 1))``.  The fit ends after ``steps`` steps, or when the smoothed loss
    exceeds ``stop_at`` times its smallest value.  At the end the model, its optimizer and their
    counters are restored, so that a subsequent fit is the same as without the test.

    Parameters
    ----------
    low, high : float, defaults 1e-6 and 10
        The range of learning rates; ``0 < low < high``.
    steps : int, default 100
        At least 2.  Use enough epochs in ``fit`` for this number of batches.
    stop_at : float, default 4
        Greater than 1.

    Attributes
    ----------
    learning_rates, losses, smoothed : ndarray of float64 of shape (steps done,)
        For each step the learning rate, the loss of its batch, and the smoothed loss ``s_i / (1 -
        0.9 ** i)`` with ``s_i = 0.9 s_{i-1} + 0.1 loss_i``.
    suggestion : float or None
        The middle of the quarter of the steps in which the smoothed loss decreases most steeply, by
        least squares; None if it never decreases.  A tenth of the learning rate with the smallest
        loss is another common choice.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> x = np.random.default_rng(1).normal(size=256)
    >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)], seed=1)
    >>> model.compile("sgd", "mse")
    >>> test = lamina.callbacks.LearningRateRangeTest(steps=80)
    >>> _ = model.fit(x, 2 * x, batch_size=16, epochs=5, callbacks=[test], verbose=0)
    >>> 0.001 < test.suggestion < 1.0
    True
    >>> model.optimizer.learning_rate, model.optimizer.iterations
    (0.01, 0)
    """

    def __init__(
        self, low: float = 1e-6, high: float = 10.0, steps: int = 100, stop_at: float = 4.0
    ) -> None:
        super().__init__()
        who = "LearningRateRangeTest"
        self.low = _check.number(who, "low", low, 0.0, low_open=True)
        self.high = _check.number(who, "high", high, self.low, low_open=True)
        self.steps = _check.integer(who, "steps", steps, 2)
        self.stop_at = _check.number(who, "stop_at", stop_at, 1.0, low_open=True)
        self._before: tuple[Any, ...] | None = None
        self._forget()

    def _forget(self) -> None:
        self._noted: list[tuple[float, float]] = []
        self._mean = 0.0  # over the epoch's batches so far
        self._smooth, self._smallest = 0.0, math.inf

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Save the state of the model."""
        check_settable("LearningRateRangeTest", self.model)
        if KEY not in rated(self.model):
            raise TypeError(
                f"LearningRateRangeTest: needs a single learning rate; got several, those of "
                f"{type(self.model.optimizer).__name__}"
            )
        self._forget()
        model = self.model
        state = model.train_state.get(model.weights_by_path())
        last = model.train_state.position
        state["position"] = None if last is None else last.get()
        self._before = (model.snapshot(), state, model.optimizer.learning_rate)

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Set the step's learning rate."""
        share = len(self._noted) / (self.steps - 1)
        self.model.optimizer.learning_rate = self.low * (self.high / self.low) ** share

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Record the loss."""
        # The logs hold means over the epoch's batches; a smaller last batch is weighted by its
        # rows.
        mean = (logs or {})["loss"]
        loss = mean if batch == 0 else mean + batch * (mean - self._mean)
        self._mean = mean
        if math.isfinite(loss):
            self._note(loss)

    def _note(self, loss: float) -> None:
        self._noted.append((rate_of(self.model.optimizer), loss))
        self._smooth = SMOOTHING * self._smooth + (1 - SMOOTHING) * loss
        smoothed = self._smooth / (1 - SMOOTHING ** len(self._noted))
        over = len(self._noted) > 1 and smoothed > self.stop_at * self._smallest
        self._smallest = min(self._smallest, smoothed)
        if over or len(self._noted) == self.steps:
            self.model.stop_training = True

    def on_train_diverged(self, batch: int, error: ArithmeticError) -> bool:
        """End the test: the rate is too large."""
        return True

    def close(self) -> None:
        """Restore everything, even after a fit that failed."""
        before, self._before = self._before, None
        if before is not None:
            weights, state, rate = before
            model = self.model
            model.restore(weights)
            model.train_state.set(state, model.weights_by_path())
            model.optimizer.learning_rate = rate

    @property
    def learning_rates(self) -> Array:
        """The learning rate of each step."""
        return np.array([rate for rate, _ in self._noted])

    @property
    def losses(self) -> Array:
        """The loss of the batch of each step."""
        return np.array([loss for _, loss in self._noted])

    @property
    def smoothed(self) -> Array:
        """The smoothed loss."""
        made, smooth = [], 0.0
        for i, (_, loss) in enumerate(self._noted, 1):
            smooth = SMOOTHING * smooth + (1 - SMOOTHING) * loss
            made.append(smooth / (1 - SMOOTHING**i))
        return np.array(made)

    @property
    def suggestion(self) -> float | None:
        """A learning rate at which the loss decreases steeply."""
        smoothed = self.smoothed
        width = max(2, len(smoothed) // 4)
        if len(smoothed) < width:
            return None
        # Least-squares slopes over windows: the remaining noise of batches has steep steps.
        slopes = np.correlate(smoothed, np.arange(width) - (width - 1) / 2, "valid")
        steepest = int(np.argmin(slopes))
        if not slopes[steepest] < 0:
            return None
        return float(self.learning_rates[steepest + width // 2])

    def plot(self, path: str | os.PathLike[str] | None = None) -> Figure:
        """Plot the loss against the learning rate; see ``lamina.plot.learning_rate_range``."""
        from lamina import plot

        return plot.learning_rate_range(self, path).figure  # type: ignore[return-value]
