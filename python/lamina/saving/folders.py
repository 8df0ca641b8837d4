"""Folders for files that are written later."""

from __future__ import annotations

import errno
import os


def prepare_folder(who: str, folder: str) -> None:
    """Make a folder, "" for the current one, unless it exists.

    Raises
    ------
    OSError
        If it cannot be made, or files cannot be written there.
    """
    try:
        if folder:
            os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise OSError(
            error.errno, f"{who}: the folder cannot be made: {error.strerror}", folder
        ) from None
    if not os.access(folder or os.curdir, os.W_OK | os.X_OK):
        raise OSError(errno.EACCES, f"{who}: files cannot be written to the folder", folder)
