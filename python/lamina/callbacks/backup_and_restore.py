"""Training that survives the end of its process."""

from __future__ import annotations

import contextlib
import os
from typing import Any

from lamina import _check, _screen
from lamina.callbacks.callback import Callback, Logs
from lamina.saving.folders import prepare_folder

LATEST, PREVIOUS = "latest.lamina", "previous.lamina"


class BackupAndRestore(Callback):
    """Back up the state of a fit to a file, from which the next fit continues.

    If the same program is started again after it was interrupted, for whatever reason, it trains as
    if it had never stopped: from the same epoch, or the same batch if ``save_freq`` is a number,
    with the state of the optimizer, of the callbacks and of random numbers, and to the same bits.

    Parameters
    ----------
    backup_dir : str or path-like
        A folder for this training only; created if it does not exist.
    save_freq : int or "epoch", default "epoch"
        Write after this number of batches, counted over the epochs, rather than after each epoch.
    double_checkpoint : bool, default False
        Also keep the backup before the last one, in case the last one cannot be read.
    delete_checkpoint : bool, default True
        Delete the backups when a fit has finished.

    Raises
    ------
    ValueError
        At the start of a fit, if the backup belongs to another model or optimizer, or cannot be
        read and there is no other; nothing is changed then.

    Notes
    -----
    The callback runs after all others, regardless of its place in the list, so that all states it
    saves are from the same moment.  Your own callbacks take part through ``get_state`` and
    ``set_state``.  The data and the arguments of ``fit`` must be the same as in the interrupted
    fit, whose epochs are at the beginning of the history.

    Examples
    --------
    >>> import numpy as np, lamina, os, tempfile
    >>> x = np.linspace(-1, 1, 16)
    >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> folder = os.path.join(tempfile.mkdtemp(), "backup")
    >>> def stop(epoch, logs):
    ...     if epoch == 3:
    ...         raise KeyboardInterrupt
    >>> backup = lamina.callbacks.BackupAndRestore(folder)
    >>> stops = lamina.callbacks.LambdaCallback(on_epoch_begin=stop)
    >>> try:
    ...     _ = model.fit(x, 2 * x, epochs=5, callbacks=[backup, stops], verbose=0)
    ... except KeyboardInterrupt:
    ...     pass
    >>> model.fit(x, 2 * x, epochs=5, callbacks=[backup], verbose=0).epoch
    [0, 1, 2, 3, 4]
    """

    comes_last = True

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: int | str = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        who = "BackupAndRestore"
        self.backup_dir = str(_check.path(who, "backup_dir", backup_dir))
        if not str(backup_dir):
            raise ValueError(f"{who}: backup_dir must not be empty")
        self.save_freq: int | str = save_freq
        if save_freq == "epoch":
            self._idle = ("on_train_batch_end",)
        else:
            self.save_freq = _check.integer(who, "save_freq", save_freq)
        self.double_checkpoint = _check.boolean(who, "double_checkpoint", double_checkpoint)
        self.delete_checkpoint = _check.boolean(who, "delete_checkpoint", delete_checkpoint)
        self._batches = 0  # since the last backup

    def _path(self, name: str) -> str:
        return os.path.join(self.backup_dir, name)

    def restore_fit(self, model: Any) -> bool:
        """Restore a model to its state in the last backup; return False if there is none."""
        found = [self._path(n) for n in (LATEST, PREVIOUS) if os.path.exists(self._path(n))]
        for path in found:
            try:
                model.load_backup(path)
            except (ValueError, OSError) as error:
                if path == found[-1]:
                    raise
                _screen.warn(f"BackupAndRestore: the backup before the last is used: {error}")
            else:
                return True
        return False

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Make the folder, and start counting batches."""
        prepare_folder("BackupAndRestore", self.backup_dir)
        self._batches = 0

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Write a backup if one is due after this batch."""
        self._batches += 1
        if isinstance(self.save_freq, int) and self._batches >= self.save_freq:
            self._batches = 0
            self._write()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write a backup if they are written after epochs."""
        if self.save_freq == "epoch":
            self._write()

    def _write(self) -> None:
        os.makedirs(self.backup_dir, exist_ok=True)
        latest = self._path(LATEST)
        if self.double_checkpoint and os.path.exists(latest):
            os.replace(latest, self._path(PREVIOUS))
        self.model.save_backup(latest)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Delete the backups: there is nothing to continue."""
        if not self.delete_checkpoint:
            return
        for name in (LATEST, PREVIOUS):
            with contextlib.suppress(FileNotFoundError):
                os.remove(self._path(name))
        with contextlib.suppress(OSError):  # not empty, or missing
            os.rmdir(self.backup_dir)
