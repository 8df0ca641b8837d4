"""Ending a fit without an error when its loss is NaN or infinite."""

from __future__ import annotations

from lamina import _check, _screen
from lamina.callbacks.callback import Callback


class TerminateOnNaN(Callback):
    """End the fit when a step would make the loss or a weight NaN or infinite.

    Without this callback ``fit`` raises ``TrainingDiverged``.  In both cases the weights are those
    before the step (Keras's would be NaN).  With it the epoch ends as the last one, with the NaN or
    infinite loss of that step in its logs, and ``fit`` returns.

    Parameters
    ----------
    raise_error : bool, default False
        Let ``fit`` raise ``TrainingDiverged``.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)])
    >>> model.compile(lamina.optimizers.SGD(1e30), "mse")
    >>> quiet = lamina.callbacks.TerminateOnNaN()
    >>> x = np.linspace(1, 2, 8)
    >>> history = model.fit(x, x, epochs=9, callbacks=[quiet], verbose=0)
    Batch 0: Invalid loss, terminating training
    >>> len(history.epoch) < 9, bool(np.isfinite(model.get_weights()[0]).all())
    (True, True)
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = _check.boolean("TerminateOnNaN", "raise_error", raise_error)

    def on_train_diverged(self, batch: int, error: ArithmeticError) -> bool:
        """Print a message, and let the fit end."""
        if self.raise_error:
            return False
        _screen.write(f"Batch {batch}: Invalid loss, terminating training")
        self.model.stop_training = True
        return True
