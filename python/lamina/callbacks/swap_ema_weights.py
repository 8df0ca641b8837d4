"""Averaged weights in the place of the model's, while it is evaluated."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from lamina import _check
from lamina.callbacks.callback import Callback, Logs


class SwapEMAWeights(Callback):
    """Put the optimizer's averages of the weights in their place for each evaluation.

    Validation, ``evaluate`` and ``predict`` then measure the averaged model; training goes on with
    the weights it had.  The optimizer must keep averages: ``use_ema=True``.

    Parameters
    ----------
    swap_on_epoch : bool, default False
        Leave the averages in the model from the end of an epoch, after its validation, to the
        beginning of the next one: callbacks that stand behind this one, such as
        ``ModelCheckpoint``, see them.

    Raises
    ------
    ValueError
        At the first evaluation, or the first epoch's end, if the optimizer keeps no averages.

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

    _kept: ClassVar[tuple[str, ...]] = ("_swapped",)  # of a model that is saved between epochs

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = _check.boolean("SwapEMAWeights", "swap_on_epoch", swap_on_epoch)
        self._swapped = False

    def _pairs(self) -> list[tuple[Any, Any]]:
        """Return each weight that has an average, and that."""
        optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
        every = getattr(optimizer, "optimizers", [optimizer])
        averaging = [each for each in every if getattr(each, "use_ema", False)]
        if not averaging:
            raise ValueError(
                f"SwapEMAWeights: needs an optimizer with use_ema=True; got {optimizer!r}"
            )
        pairs: list[tuple[Any, Any]] = []
        for each in averaging:
            if int(each.iterations):  # else there is no average yet
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
        """Begin with the weights in their places, unless a state was set."""
        if not self._goes_on():
            self._swapped = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Put the weights back."""
        self._swap(False)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Put the averages in their place, if they are to stay there between epochs."""
        if self.swap_on_epoch:
            self._swap(True)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Put the averages in the weights' place."""
        self._swap(True)

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Put the weights back."""
        self._swap(False)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Put the averages in the weights' place."""
        self._swap(True)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Put the weights back."""
        self._swap(False)

    def put_back(self) -> None:
        """Put the weights back before a fit ends, which it does with what the optimizer says."""
        self._swap(False)

    def close(self) -> None:
        """Put the weights back, whatever ended the run."""
        self._swap(False)
