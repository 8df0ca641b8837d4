"""All output of lamina to the screen.

A program need not have a screen: its streams may be missing, closed, full, or unable to encode the
text.  Output that cannot be written is dropped, and the program continues.
"""

from __future__ import annotations

import io
import os
import select
import sys
import unicodedata
import warnings
from types import FrameType
from typing import Any

UNKNOWN_WIDTH = 80
PATIENCE = 1.0  # seconds to wait for the reader of a non-blocking stream

_live = 0  # columns of the line left by `show`
_interactive = True  # otherwise lines go to the log, and nothing is drawn


def set_interactive(value: bool) -> None:
    """Choose between standard output and Python's log for all output."""
    global _interactive  # noqa: PLW0603
    _interactive = value


def is_interactive() -> bool:
    """Return whether lines go to standard output."""
    return _interactive


def write(text: str) -> None:
    """Write lines, ``text`` and its line ending, to standard output or to the log."""
    if not _interactive:
        import logging

        logging.getLogger("lamina").info(text)
        return
    _put("stdout", f"{_erased()}{text}\n")


def complain(text: str) -> None:
    """Write lines to standard error."""
    _put("stderr", f"{text}\n")


def warn(text: str, category: type[Warning] = UserWarning) -> None:
    """Warn the user, with the line of the program that called the library.

    A filter may turn the warning into an error; a stream that cannot be written may not.
    """
    try:
        warnings.warn(text, category, stacklevel=callers_level())
    except Warning:
        raise
    except Exception:
        return


def callers_level() -> int:
    """Return the ``stacklevel`` at which its caller warns at the first line outside the package.

    Python's own wrappers of calls, such as those of context managers, do not count.
    """
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and _is_within(frame):
        level, frame = level + 1, frame.f_back
    return level


def _is_within(frame: FrameType) -> bool:
    name = str(frame.f_globals.get("__name__"))
    return name.partition(".")[0] == "lamina" or name in ("contextlib", "functools")


def show(text: str) -> None:
    """Show a line that is replaced by the next one or by `write`; for terminals."""
    global _live  # noqa: PLW0603
    line = f"{_erased()}{text}"
    _live = columns(text)
    _put("stdout", line)


def clear() -> None:
    """Remove the line left by `show`."""
    if _live:
        _put("stdout", _erased())


def leave() -> None:
    """Keep the line left by `show`, and move to the next line."""
    global _live  # noqa: PLW0603
    if _live:
        _live = 0
        _put("stdout", "\n")


def _erased() -> str:
    global _live  # noqa: PLW0603
    if _live == 0:
        return ""
    blank = " " * min(_live, width() - 1)  # the terminal may have become narrower
    _live = 0
    return f"\r{blank}\r"


def is_terminal() -> bool:
    """Return whether standard output is a terminal on which a line can be redrawn."""
    try:
        return _interactive and bool(sys.stdout.isatty()) and os.environ.get("TERM") != "dumb"
    except Exception:  # the object has no terminal
        return False


def in_notebook() -> bool:
    """Return whether standard output is that of a notebook."""
    where = type(getattr(sys, "stdout", None)).__module__
    return _interactive and where.partition(".")[0] == "ipykernel"


def width() -> int:
    """Return the terminal's width: ``COLUMNS``, the terminal's own value, or else 80."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given) > 0:
        return int(given)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or UNKNOWN_WIDTH
    except Exception:  # no descriptor, or not a terminal
        return UNKNOWN_WIDTH


def columns(text: str) -> int:
    """Return the number of columns of a line on a terminal.

    Examples
    --------
    >>> columns("loss"), columns("\u635f\u5931")
    (4, 4)
    """
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def _put(name: str, text: str) -> None:
    try:
        stream: Any = getattr(sys, name, None)
        raw = _file_below(stream)
        if raw is None:
            _put_through(stream, text)
            return
        # The user's own output comes first.  Ours then bypasses the buffer of the stream: text that
        # cannot be written must not stay there until exit, which would fail on it.
        stream.flush()
        _put_bytes(raw, _encoded(text, stream.encoding, stream.errors))
    except Exception:  # streams fail in many ways; see the top of this file
        return


def _put_bytes(raw: io.FileIO, data: bytes) -> None:
    left = memoryview(data)
    while left:
        count = raw.write(left)
        if count is not None:
            left = left[count:]
        elif not select.select([], [raw], [], PATIENCE)[1]:  # full, and opened not to wait
            return


def _file_below(stream: Any) -> Any:
    # Only for a standard Python stream: for others, write() may have side effects.
    if type(stream) is not io.TextIOWrapper:
        return None
    buffer = stream.buffer
    raw = getattr(buffer, "raw", buffer)
    return raw if type(raw) is io.FileIO else None


def _encoded(text: str, encoding: str, errors: str | None) -> bytes:
    try:
        return text.encode(encoding, errors or "strict")
    except UnicodeEncodeError:
        return text.encode(encoding, "backslashreplace")


def _put_through(stream: Any, text: str) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:
        stream.write(text.encode("ascii", "backslashreplace").decode())
    flush = getattr(stream, "flush", None)
    if flush is not None:
        flush()
