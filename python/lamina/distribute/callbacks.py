"""Which callbacks a process calls, and backups that one process writes for all."""

from __future__ import annotations

import os
import tempfile
from typing import Any

from lamina.callbacks import Callback, CallbackList
from lamina.callbacks.backup_and_restore import BackupAndRestore
from lamina.callbacks.callback import Logs


def of_process(callbacks: object, processes: Any) -> list[Any]:
    """Return the callbacks that this process is to call.

    Those that write or print are the first process's, backups are for all.
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
        """Give the model of each process what it was when the last backup was written."""
        restored = self._writes and self._backup.restore_fit(model)
        if not self._processes.any(restored):
            return False
        give_all(model, self._processes, 0)
        return True

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin to count batches."""
        self._backup.on_train_begin(logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Write, if it is the turn of this batch."""
        self._backup.on_train_batch_end(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write, if it is the turn of epochs."""
        self._backup.on_epoch_end(epoch, logs)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Delete the backups."""
        self._backup.on_train_end(logs)


def give_all(model: Any, processes: Any, root: int) -> None:
    """Give the model of every process the weights and the state of training of one."""
    if processes.size == 1:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "state")
        content = None
        if processes.rank == root:
            model.save_backup(path)
            with open(path, "rb") as file:
                content = file.read()
        content = processes.gather(content)[root]
        if processes.rank != root:
            with open(path, "wb") as file:
                file.write(content)
            model.load_backup(path)
