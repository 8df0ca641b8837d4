"""Everything that lamina writes to the screen.

A program need not have a screen: its streams may be missing, closed, full, or not made for the
text.  What cannot be written is dropped, and the work goes on.
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
PATIENCE = 1.0  # seconds for the reader of a stream that does not wait itself

_live = 0  # columns of the line that `show` left standing
_interactive = True  # else lines go to the log, and nothing is drawn


def set_interactive(value: bool) -> None:
    """Choose between standard output and Python's log, for all that is shown."""
    global _interactive  # noqa: PLW0603
    _interactive = value


def is_interactive() -> bool:
    """Return whether lines go to standard output."""
    return _interactive


def write(text: str) -> None:
    """Write lines, ``text`` and its end of line, to standard output, or to the log."""
    if not _interactive:
        import logging

        logging.getLogger("lamina").info(text)
        return
    _put("stdout", f"{_erased()}{text}\n")


def complain(text: str) -> None:
    """Write lines to standard error."""
    _put("stderr", f"{text}\n")


def warn(text: str, category: type[Warning] = UserWarning) -> None:
    """Warn the user, at the line of the program that called the library.

    A filter may make an error of it; a stream that cannot be written may not.
    """
    try:
        warnings.warn(text, category, stacklevel=callers_level())
    except Warning:
        raise
    except Exception:
        return


def callers_level() -> int:
    """Return the ``stacklevel`` by which its caller warns at the first line outside the package.

    Python's own wrappers of calls, as contexts have them, are no such lines.
    """
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and _is_within(frame):
        level, frame = level + 1, frame.f_back
    return level


def _is_within(frame: FrameType) -> bool:
    name = str(frame.f_globals.get("__name__"))
    return name.partition(".")[0] == "lamina" or name in ("contextlib", "functools")


def show(text: str) -> None:
    """Show a line that the next one, or `write`, takes the place of; for terminals."""
    global _live  # noqa: PLW0603
    line = f"{_erased()}{text}"
    _live = columns(text)
    _put("stdout", line)


def clear() -> None:
    """Take away what `show` left standing."""
    if _live:
        _put("stdout", _erased())


def leave() -> None:
    """Keep what `show` left standing, and go to the next line."""
    global _live  # noqa: PLW0603
    if _live:
        _live = 0
        _put("stdout", "\n")


def _erased() -> str:
    global _live  # noqa: PLW0603
    if _live == 0:
        return ""
    blank = " " * min(_live, width() - 1)  # the terminal may be narrower by now
    _live = 0
    return f"\r{blank}\r"


def is_terminal() -> bool:
    """Return whether standard output is a terminal on which a line can be drawn anew."""
    try:
        return _interactive and bool(sys.stdout.isatty()) and os.environ.get("TERM") != "dumb"
    except Exception:  # whatever stands there has no terminal behind it
        return False


def in_notebook() -> bool:
    """Return whether standard output is a notebook's."""
    where = type(getattr(sys, "stdout", None)).__module__
    return _interactive and where.partition(".")[0] == "ipykernel"


def width() -> int:
    """Return the terminal's columns: ``COLUMNS``, what the terminal says, or else 80."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given) > 0:
        return int(given)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or UNKNOWN_WIDTH
    except Exception:  # no descriptor, or none of a terminal
        return UNKNOWN_WIDTH


def columns(text: str) -> int:
    """Return how many columns a line takes on a terminal.

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
        # What the user has printed comes first.  Ours then goes past the stream's buffer: text
        # that cannot be written must not wait there for the exit, which would fail on it.
        stream.flush()
        _put_bytes(raw, _encoded(text, stream.encoding, stream.errors))
    except Exception:  # streams fail in ways of their own; see the head of this file
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
    # Only of a stream as Python makes it: of any other, write() may do more than write.
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
