"""Files that are written whole or not at all.

What is new goes into a file without a name in the same folder (``O_TMPFILE``), is synced, and takes
the old one's place in one step: whoever looks, and whenever the process ends, sees the old file or
the new one, and nothing beside it.  Where a system has no such files, it is called as the file with
a dot in front and ``.saving`` behind; one that a process left there when it was killed is taken
away by the next save.
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

_PIECE = 64 << 20  # bytes a write
_WAIT = 10.0  # seconds for another process to finish with the name


def write_whole(path: str, pieces: Iterable[Any]) -> None:
    """Write bytes as a file, in place of one that may be there.

    A link is followed; the permissions of a file that is there are kept.  Once this returns the
    file survives a loss of power.

    Raises
    ------
    OSError
        What the system says: no room, no folder, no permission.  The old file is then as it was,
        and nothing lies beside it.
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
        with contextlib.suppress(OSError):  # not every file system lets folders be synced
            os.fsync(folder)
    finally:
        os.close(folder)


def _mode(path: str) -> int | None:
    """Return the permissions of the file that is there; OSError if it can take no other's place."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "is no regular file", path)
    return stat.S_IMODE(found.st_mode)


def _write(descriptor: int, data: memoryview) -> None:
    data = data.cast("B")
    while len(data):
        data = data[os.write(descriptor, data[:_PIECE]) :]


class _New:
    """A file that is being written, locked for as long as it is open."""

    def __init__(self, folder: int, folder_path: str, name: str) -> None:
        self._folder, self._name = folder, name
        self._named = False  # whether it is in the folder under that name
        self.descriptor = self._nameless(folder_path)
        if self.descriptor < 0:
            self._free(self._create)
        _lock(self.descriptor)

    @staticmethod
    def _nameless(folder_path: str) -> int:
        # -1 where the system, or this folder's file system, has none.
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
        """Take the name, from a process that was killed too; wait for one that is at work."""
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
        """Return whether a process that is alive has the file of that name."""
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
        """Become the file of that name."""
        if self._named:
            os.replace(self._name, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
            self._named = False
        else:
            self._free(lambda: self._put(name))

    def close(self) -> None:
        """Let go of the file, and of its name if it took no place."""
        if self._named:
            with contextlib.suppress(OSError):
                os.unlink(self._name, dir_fd=self._folder)
        os.close(self.descriptor)


def _lock(descriptor: int) -> bool:
    """Lock a file until it is closed; False if another has it."""
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: the one who has the name keeps it
        return False
    return True
