"""Writing a table of the epochs to a file."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from lamina import _check
from lamina.callbacks.callback import Callback, Logs

MISSING = "NA"  # for epochs without validation


class CSVLogger(Callback):
    """Write the logs of each epoch as a line of a CSV file.

    Parameters
    ----------
    filename : str or path-like
    separator : str, default ","
        One character.
    append : bool, default False
        Append to an existing file, without a second header.

    Raises
    ------
    OSError
        At the start of a fit, if the file cannot be opened.

    Notes
    -----
    The columns are ``epoch``, counted from 0, and the sorted keys of the logs of the first epoch.
    If that had no validation, there are also columns for later validations; missing values are
    written as ``NA``.  Each line is in the file when the epoch ends.

    Examples
    --------
    >>> import numpy as np, lamina, tempfile, pathlib
    >>> x = np.linspace(-1, 1, 8)
    >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "log.csv"
    ...     logger = lamina.callbacks.CSVLogger(file)
    ...     _ = model.fit(x, 2 * x, epochs=2, callbacks=[logger], verbose=0)
    ...     print(file.read_text().splitlines()[0])
    epoch,loss,val_loss
    """

    first_process_only = True

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        super().__init__()
        who = "CSVLogger"
        self.filename = str(_check.path(who, "filename", filename))
        if not isinstance(separator, str) or len(separator) != 1:
            raise ValueError(f"{who}: separator must be one character; got {separator!r}")
        self.separator = separator
        self.append = _check.boolean(who, "append", append)
        self._file: Any = None
        self._keys: list[str] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Open the file."""
        self.close()
        self._keys = None
        self._file = open(  # noqa: SIM115  until the fit's end
            self.filename, "a" if self.append else "w", newline="", encoding="utf-8"
        )

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write a line."""
        if self._file is None:
            return
        logs = logs or {}
        writer = csv.writer(self._file, delimiter=self.separator)
        if self._keys is None:
            self._keys = keys = sorted(logs)
            if keys and not any(key.startswith("val_") for key in keys):
                self._keys = [*keys, *(f"val_{key}" for key in keys)]
            if self._file.tell() == 0:
                writer.writerow(["epoch", *self._keys])
        writer.writerow([epoch, *(_shown(logs.get(key, MISSING)) for key in self._keys)])
        self._file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file."""
        file, self._file = self._file, None
        if file is not None:
            file.close()


def _shown(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return value.item()
    if isinstance(value, Iterable) and not isinstance(value, str):
        return f'"[{", ".join(map(str, value))}]"'
    return value
