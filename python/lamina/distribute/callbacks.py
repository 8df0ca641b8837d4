"""The callbacks of each process, and backups that one process writes for all."""

from __future__ import annotations

from typing import Any

from lamina.callbacks import Callback, CallbackList
from lamina.callbacks.backup_and_restore import BackupAndRestore
from lamina.callbacks.callback import Logs
from lamina.distribute.sharing import give_all


def of_process(callbacks: object, processes: Any) -> list[Any]:
    """Return the callbacks that this process calls.

    Callbacks that write or print belong to the first process; backups are shared by all.
    """
    kept: list[Any] = []
    for callback in CallbackList(callbacks):
        if isinstance(callback, BackupAndRestore):
            kept.append(SharedBackup(callback, processes))
        elif processes.rank == 0 or not getattr(callback, "first_process_only", False):
            kept.append(callback)
    return kept


class SharedBackup(Callback):
    """A ``BackupAndRestore`` whose files only the first process writes and reads."""

    comes_last = True

    def __init__(self, backup: BackupAndRestore, processes: Any) -> None:
        super().__init__()
        self._backup, self._processes = backup, processes
        self._writes = processes.rank == 0
        if not self._writes:
            self._idle = ("on_train_begin", "on_train_batch_end", "on_epoch_end", "on_train_end")
        else:
            self._idle = backup._idle

    def set_model(self, model: Any) -> None:
        """Receive the model."""
        super().set_model(model)
        self._backup.set_model(model)

    def restore_fit(self, model: Any) -> bool:
        """Restore the model of each process to its state in the last backup."""
        restored = self._writes and self._backup.restore_fit(model)
        if not self._processes.any(restored):
            return False
        give_all("fit", model, self._processes, 0)
        return True

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start counting batches."""
        self._backup.on_train_begin(logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Write a backup, if one is due after this batch."""
        self._backup.on_train_batch_end(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write a backup, if one is due after this epoch."""
        self._backup.on_epoch_end(epoch, logs)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Delete the backups."""
        self._backup.on_train_end(logs)
