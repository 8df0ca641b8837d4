"""Saving the model to a file, after each epoch or only the best one."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from lamina import _check, _screen
from lamina.callbacks.callback import Logs
from lamina.callbacks.monitored import Monitored
from lamina.saving import formats
from lamina.saving.folders import prepare_folder


class ModelCheckpoint(Monitored):
    """Save the model, or its weights, after each epoch or after a number of batches.

    Parameters
    ----------
    filepath : str or path-like
        For instance ``"best.lamina"``, or ``"best.weights.lamina"`` for weights only.  Fields in
        braces are filled with ``epoch`` (from 1), ``batch`` (from 1, if ``save_freq`` is a number)
        and the logs: ``"{epoch:02d}-{val_loss:.2f}.lamina"``.  Folders are created.
    monitor : str, default "val_loss"
        The key of the logs by which models are compared.
    verbose : {0, 1}, default 0
        1 prints when a model is saved, and why.
    save_best_only : bool, default False
        Save only if ``monitor`` is better than ever before.
    save_weights_only : bool, default False
        Call ``model.save_weights`` rather than ``model.save``.
    mode : {"auto", "min", "max"}, default "auto"
        Whether smaller or larger values are better; see ``EarlyStopping``.
    save_freq : int or "epoch", default "epoch"
        Save after this number of batches, counted over the epochs, rather than after each epoch.
    initial_value_threshold : float, optional
        The first saved model must be better than this.

    Attributes
    ----------
    best : float or None
        The best value so far, over all fits with this callback; None if there is none.

    Raises
    ------
    KeyError
        If the logs lack a field of ``filepath``: at the start of a fit, unless a callback or a
        step of yours may add it to them.
    OSError
        At the start of a fit, if the folder cannot be made or written to.
    ValueError
        If the suffix of ``filepath`` is not that of a format; at the start of a fit, if a field
        cannot be filled, such as ``{}``, and with ``save_best_only``, if ``mode`` is "auto" and it
        is not known which values are better.

    Warns
    -----
    UserWarning
        With ``save_best_only``, if the quantity does not exist: then every model is saved.

    Notes
    -----
    A new file is written separately and then replaces the old one, so that the file is always
    complete.  A model saved during a fit can be trained further with ``load_model`` and
    ``fit(resume=True)``.

    Examples
    --------
    >>> import numpy as np, lamina, os, tempfile
    >>> x = np.linspace(-1, 1, 16)
    >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> folder = tempfile.mkdtemp()
    >>> keep = lamina.callbacks.ModelCheckpoint(os.path.join(folder, "{epoch:02d}.lamina"))
    >>> _ = model.fit(x, 2 * x, epochs=2, callbacks=[keep], verbose=0)
    >>> sorted(os.listdir(folder))
    ['01.lamina', '02.lamina']
    """

    _use = "every model is saved"
    _kept: ClassVar[tuple[str, ...]] = ("best", "_batches")

    first_process_only = True

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: int | str = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, 0.0)
        who = "ModelCheckpoint"
        weights = _check.boolean(who, "save_weights_only", save_weights_only)
        self.filepath = formats.for_writing(who, filepath, weights)[0]
        self.verbose = verbose
        self.save_best_only = _check.boolean(who, "save_best_only", save_best_only)
        self.save_weights_only = weights
        self.save_freq: int | str = save_freq
        if save_freq == "epoch":
            self._idle = ("on_train_batch_end",)
        else:
            self.save_freq = _check.integer(who, "save_freq", save_freq)
        self.initial_value_threshold = initial_value_threshold
        self.best: float | None = None
        if initial_value_threshold is not None:
            self.best = _check.number(who, "initial_value_threshold", initial_value_threshold)
        self._batches = 0  # since the last save
        self._epoch = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Check the path, and find out which values are better.

        As in Keras, the best value of earlier fits counts.
        """
        self._goes_on()
        self._check_filepath()
        if self.save_best_only:
            self._watch()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Note the epoch."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Save the model if it is due after this batch."""
        self._batches += 1
        if isinstance(self.save_freq, int) and self._batches >= self.save_freq:
            self._batches = 0
            self._save(self._epoch, {"batch": batch + 1, **(logs or {})}, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Save the model if it is saved after epochs."""
        if self.save_freq == "epoch":
            self._save(epoch, logs or {}, logs)

    def _save(self, epoch: int, fields: dict[str, Any], logs: Logs | None) -> None:
        path = self._path(epoch, fields)
        wanted, why = self._is_wanted(logs)
        if self.verbose:
            saving = f"saving model to {path}" if wanted else ""
            said = ", ".join(text for text in (why, saving) if text)
            _screen.write(f"Epoch {epoch + 1}: {said}")
        if not wanted:
            return
        folder = os.path.dirname(path)
        if folder:
            os.makedirs(folder, exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)

    def _check_filepath(self) -> None:
        """Raise before anything is trained if no file could be written."""
        known = self.params.get("metrics")
        # Other fields may be added to the logs by another callback, or by a step of the model.
        if known is not None and not self.params.get("open_logs"):
            batch = {} if self.save_freq == "epoch" else {"batch": 1}
            self._path(0, {**batch, **dict.fromkeys(known, 0.0)})
        constant = self.filepath.partition("{")[0]
        prepare_folder("ModelCheckpoint", os.path.dirname(constant))

    def _path(self, epoch: int, fields: dict[str, Any]) -> str:
        try:
            return self.filepath.format(**{"epoch": epoch + 1, **fields})
        except KeyError as error:
            known = ", ".join(["epoch", *fields])
            named = f"filepath {self.filepath!r} has a field {error}"
            raise KeyError(f"ModelCheckpoint: {named}; there are {known}") from None
        except (AttributeError, IndexError, ValueError) as error:
            raise ValueError(
                f"ModelCheckpoint: filepath must have fields such as {{epoch:02d}} and "
                f"{{loss:.2f}}; got {self.filepath!r}: {error}"
            ) from None

    def _is_wanted(self, logs: Logs | None) -> tuple[bool, str]:
        """Return whether the model is to be saved, and the reason as text."""
        if not self.save_best_only:
            return True, ""
        value = self._value(logs)
        if value is None:
            self._warn(f"the logs have no {self.monitor!r}, so {self._use}")
            return True, ""
        before = "None" if self.best is None else f"{self.best:.5f}"
        if not self._better(value, self.worst if self.best is None else self.best):
            return False, f"{self.monitor} did not improve from {before}"
        self.best = value
        return True, f"{self.monitor} improved from {before} to {value:.5f}"
