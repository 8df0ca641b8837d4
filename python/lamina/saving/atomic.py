"""Files that are written whole or not at all.

New content is written to an unnamed file in the same folder (``O_TMPFILE``), synced, and then
replaces the old file in one step: at any time, even if the process is killed, there is either the
old file or the new one, and nothing else.  On systems without such files, the temporary file has a
leading dot and the suffix ``.saving``; one that was left by a killed process is removed by the next
save.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Iterable
from typing import Any

from lamina import _core

_PIECE = 64 << 20  # bytes per write
_WAIT = 10.0  # seconds for another process to finish with the name


def write_whole(path: str, pieces: Iterable[Any]) -> None:
    """Write bytes as a file, in place of one that may be there.

    A link is followed, and the permissions of an existing file are kept.  Once this returns, the
    file survives a loss of power.

    Raises
    ------
    OSError
        Errors of the system: no space, no folder, no permission.  The old file is then unchanged,
        and nothing is left beside it.
    """
    folder_path, name = os.path.split(os.path.realpath(path))
    mode = _mode(path)
    folder = os.open(folder_path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        new = _New(folder, folder_path, f".{name[:200]}.saving")
        try:
            for piece in pieces:
                _write(new.descriptor, memoryview(piece))
            if mode is not None:
                os.fchmod(new.descriptor, mode)
            os.fsync(new.descriptor)
            new.take_place(name)
        except OSError as error:
            raise type(error)(error.errno, error.strerror, path) from None
        finally:
            new.close()
        with contextlib.suppress(OSError):  # not every file system allows folders to be synced
            os.fsync(folder)
    finally:
        os.close(folder)


def _mode(path: str) -> int | None:
    """Return the permissions of the existing file; OSError if it cannot be replaced."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "is not a regular file", path)
    return stat.S_IMODE(found.st_mode)


def _write(descriptor: int, data: memoryview) -> None:
    data = data.cast("B")
    while len(data):
        data = data[os.write(descriptor, data[:_PIECE]) :]


class _New:
    """A file that is being written, locked for as long as it is open."""

    def __init__(self, folder: int, folder_path: str, name: str) -> None:
        self._folder, self._name = folder, name
        self._named = False  # whether it has that name in the folder
        self.descriptor = self._nameless(folder_path)
        if self.descriptor < 0:
            self._free(self._create)
        _lock(self.descriptor)

    @staticmethod
    def _nameless(folder_path: str) -> int:
        # -1 if the system, or this folder's file system, has none.
        if not hasattr(os, "O_TMPFILE") or not _core.runtime.can_put_in_place():
            return -1
        try:
            return os.open(folder_path, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o666)
        except OSError as error:
            if error.errno in (errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL):
                return -1
            raise

    def _create(self) -> None:
        flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC
        self.descriptor = os.open(self._name, flags, 0o666, dir_fd=self._folder)
        self._named = True

    def _put(self, name: str) -> None:
        error = _core.runtime.put_in_place(self._folder, self.descriptor, self._name, name)
        if error:
            raise OSError(error, os.strerror(error))

    def _free(self, take: Any) -> None:
        """Take the name, also from a killed process; wait for a process that is still writing."""
        until = time.monotonic() + _WAIT
        while True:
            try:
                take()
                return
            except FileExistsError:
                if not self._is_held():
                    with contextlib.suppress(FileNotFoundError):
                        os.unlink(self._name, dir_fd=self._folder)
                elif time.monotonic() > until:
                    raise
                else:
                    time.sleep(0.001)

    def _is_held(self) -> bool:
        """Return whether a live process holds the file of that name."""
        try:
            flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
            other = os.open(self._name, flags, dir_fd=self._folder)
        except FileNotFoundError:
            return False
        try:
            return not _lock(other)
        finally:
            os.close(other)

    def take_place(self, name: str) -> None:
        """Replace the file of that name."""
        if self._named:
            os.replace(self._name, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
            self._named = False
        else:
            self._free(lambda: self._put(name))

    def close(self) -> None:
        """Release the file, and its name if it replaced nothing."""
        if self._named:
            with contextlib.suppress(OSError):
                os.unlink(self._name, dir_fd=self._folder)
        os.close(self.descriptor)


def _lock(descriptor: int) -> bool:
    """Lock a file until it is closed; False if another process has locked it."""
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: the process that has the name keeps it
        return False
    return True
