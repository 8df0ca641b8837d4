"""Using averaged weights while the model is evaluated."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from lamina import _check
from lamina.callbacks.callback import Callback, Logs


class SwapEMAWeights(Callback):
    """Replace the weights by the optimizer's averages during each evaluation.

    Validation, ``evaluate`` and ``predict`` then use the averaged model; training continues with
    the
    original weights.  The optimizer must keep averages: ``use_ema=True``.

    Parameters
    ----------
    swap_on_epoch : bool, default False
        Leave the averages in the model from the end of an epoch, after its validation, to the
        beginning of the next one, where later callbacks in the list, such as ``ModelCheckpoint``,
        see them.

    Raises
    ------
    ValueError
        At the first evaluation or at the end of the first epoch, if the optimizer keeps no
        averages.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> x = np.linspace(-1, 1, 16)
    >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)])
    >>> model.compile(lamina.optimizers.SGD(0.1, use_ema=True), "mse")
    >>> swap = lamina.callbacks.SwapEMAWeights()
    >>> history = model.fit(x, 2 * x, epochs=3, validation_data=(x, 2 * x), callbacks=[swap],
    ...                     verbose=0)
    >>> model.evaluate(x, 2 * x) == history.history["val_loss"][-1]  # fit ends with the averages
    True
    """

    _kept: ClassVar[tuple[str, ...]] = ("_swapped",)  # for models saved between epochs
    _puts_back = True

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = _check.boolean("SwapEMAWeights", "swap_on_epoch", swap_on_epoch)
        self._swapped = False

    def _pairs(self) -> list[tuple[Any, Any]]:
        """Return each weight that has an average, and its average."""
        optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
        every = getattr(optimizer, "optimizers", [optimizer])
        averaging = [each for each in every if getattr(each, "use_ema", False)]
        if not averaging:
            raise ValueError(
                f"SwapEMAWeights: needs an optimizer with use_ema=True; got {optimizer!r}"
            )
        pairs: list[tuple[Any, Any]] = []
        for each in averaging:
            if int(each.iterations):  # otherwise there is no average yet
                averages = each._model_variables_moving_average
                pairs += zip(each._trainable_variables, averages, strict=True)
        return pairs

    def _swap(self, swapped: bool) -> None:
        if self._swapped == swapped:
            return
        self._swapped = swapped
        for weight, average in self._pairs():
            array, kept = getattr(weight, "array", weight), np.array(average)
            average[...] = array
            array[...] = kept

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start with the original weights in place, unless a state was restored."""
        if not self._goes_on():
            self._swapped = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Restore the weights."""
        self._swap(False)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Replace the weights by the averages, if these are to remain between epochs."""
        if self.swap_on_epoch:
            self._swap(True)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Replace the weights by the averages."""
        self._swap(True)

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Restore the weights."""
        self._swap(False)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Replace the weights by the averages."""
        self._swap(True)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Restore the weights."""
        self._swap(False)

    def put_back(self) -> None:
        """Restore the weights before a fit ends, when the optimizer may finalise them."""
        self._swap(False)

    def close(self) -> None:
        """Restore the weights, regardless of how the run ended."""
        self._swap(False)
