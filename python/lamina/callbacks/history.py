"""The record of a fit, epoch by epoch."""

from __future__ import annotations

import os
import weakref
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lamina._check import Array
from lamina.callbacks.callback import Callback, Logs
from lamina.callbacks.epoch_text import number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lamina._fingerprint import Fingerprint
    from lamina.baselines import Comparison
    from lamina.models.model import Model


class History(Callback):
    """The record returned by ``fit``; ``model.history`` holds it from the start of the fit.

    Attributes
    ----------
    history : dict of str to list of float
        ``loss`` and the metrics, both with prefix ``val_`` for validation data, and
        ``learning_rate`` if it follows a schedule at the end of the first epoch.
    epoch : list of int
        Completed epochs, counted from 0.
    recorded_at : dict of str to list of int
        For each key of ``history`` the epochs of its values: not all epochs with
        ``validation_freq``.
    validation_rows : ndarray of int64 or None
        The rows of ``x`` held out by ``validation_split``.
    baselines : Comparison or None
        The baselines of ``fit(..., baselines=True)``; see ``lamina.baselines``.
    fingerprint : Fingerprint or None
        Digests of a few of the training rows, by which ``calibrate`` recognises them; None for
        sources of batches, and for rows of unequal shape.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)])
    >>> model.compile("sgd", "mse", metrics=["mae"])
    >>> history = model.fit(np.arange(10.0), np.arange(10.0), epochs=2, validation_split=0.2,
    ...                     verbose=0)
    >>> sorted(history.history), history.epoch, len(history.validation_rows)
    (['loss', 'mae', 'val_loss', 'val_mae'], [0, 1], 2)
    """

    _kept: ClassVar[tuple[str, ...]] = ("history", "epoch", "recorded_at")

    def __init__(self) -> None:
        self._model: weakref.ref[Model] | None = None
        super().__init__()
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []
        self.recorded_at: dict[str, list[int]] = {}
        self.validation_rows: Array | None = None
        self.baselines: Comparison | None = None
        self.fingerprint: Fingerprint | None = None

    # The model holds its history: a strong reference back would keep both until garbage collection.
    @property
    def model(self) -> Model | Any:
        """The model that was trained; None in a copy, or if the model no longer exists."""
        return None if self._model is None else self._model()

    @model.setter
    def model(self, model: Model | None) -> None:
        self._model = None if model is None else weakref.ref(model)

    def __getstate__(self) -> dict[str, Any]:
        """Return everything except the reference to the model (for pickle and deepcopy)."""
        return {**self.__dict__, "_model": None}

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Append the epoch's logs."""
        if self._goes_on():
            self._forget(epoch)  # recorded in part, if the fit was interrupted in this hook
        self.epoch.append(epoch)
        for key, value in (logs or {}).items():
            self.history.setdefault(key, []).append(value)
            self.recorded_at.setdefault(key, []).append(epoch)

    def _forget(self, epoch: int) -> None:
        if self.epoch[-1:] == [epoch]:
            self.epoch.pop()
        for key, values in self.history.items():
            epochs = self.recorded_at.setdefault(key, [])
            if epochs[-1:] == [epoch]:
                epochs.pop()
            del values[len(epochs) :]

    def plot(self, path: str | os.PathLike[str] | None = None, log: bool = False) -> Figure:
        """Plot the learning curves: training, validation, and a star at each best epoch.

        Parameters
        ----------
        path : str or path-like, optional
            File to which the figure is saved; its suffix determines the format.
        log : bool, default False
            Use a logarithmic axis for losses and errors: in panels with positive values of
            quantities for which larger is not better.

        Returns
        -------
        matplotlib.figure.Figure
            The current figure of pyplot, shown by ``plt.show()`` and automatically in notebooks;
            see ``lamina.plot.learning_curves``.
        """
        from lamina import plot

        drawn = plot.learning_curves(self, path, log)
        first = drawn[0] if isinstance(drawn, np.ndarray) else drawn
        return first.figure  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        """Return the completed epochs and the last values."""
        last = ", ".join(f"{key}={number(values[-1])}" for key, values in self.history.items())
        return f"<History of {len(self.epoch)} epochs{': ' if last else ''}{last}>"
