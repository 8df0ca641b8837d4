"""An epoch as text that fits the available width: its numbers first, then its duration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina._screen import columns
from lamina.callbacks.callback import Logs

BAR = 30  # maximum number of columns of a bar
SMALLEST_BAR = 8
INDENT = "  "
USUAL = len("0.1234")
LOSSES = ("loss", "val_loss")
FEW = 8  # maximum number of array elements shown


def number(value: Any) -> str:
    """Return a value of the logs with four digits; callbacks may have added other objects."""
    if isinstance(value, np.ndarray) and value.ndim:
        few = value.ndim == 1 and value.size <= FEW
        return f"[{' '.join(map(number, value))}]" if few else f"array of shape {value.shape}"
    try:
        return f"{value:.4g}"
    except (TypeError, ValueError):
        return _printable(str(value))


def items(logs: Logs | None) -> list[str]:
    """Return logs as texts such as ``loss: 0.1234``, the loss before the metrics."""
    kept = logs or {}
    keys = sorted(kept, key=lambda key: (str(key).startswith("val_"), key not in LOSSES))
    return [f"{_printable(str(key))}: {number(kept[key])}" for key in keys]


def _printable(text: str) -> str:
    # A line feed or an escape sequence would break the line.
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


def seconds(took: float) -> str:
    """Return a duration as text."""
    return f"{took:.2f} s" if took >= 0.1 else f"{took * 1e3:.2f} ms"


def rate(batches: int, took: float) -> str:
    """Return batches per second as text."""
    value = batches / took if took > 0 else 0.0
    return f"{value:,.0f} batches/s" if value >= 10 else f"{value:.2g} batches/s"


def finished(title: str, logs: Logs | None, times: Sequence[str], width: int | None) -> str:
    """Return the line of a finished epoch, or several lines if the numbers need more than one.

    In a narrow terminal the times are dropped first, then the dashes.  ``width`` None is for files.

    Examples
    --------
    >>> finished("Epoch 1/2", {"loss": 0.25}, ["0.42 s", "95 batches/s"], None)
    'Epoch 1/2 - loss: 0.25 - 0.42 s - 95 batches/s'
    >>> print(finished("Epoch 1/2", {"loss": 0.25, "accuracy": 0.875}, ["0.42 s"], 26))
    Epoch 1/2 - loss: 0.25
      accuracy: 0.875 - 0.42 s
    """
    numbers = items(logs)
    if width is None:
        return " - ".join([title, *numbers, *times])
    # All epochs of a fit should look alike, whether the number is 0.25 or 0.2512.
    room = width - sum(max(0, USUAL - len(text.rpartition(" ")[2])) for text in numbers)
    for kept in range(len(times), -1, -1):
        line = " - ".join([title, *numbers, *times[:kept]])
        if columns(line) <= room:
            return line
    line = " ".join([title, *numbers])
    return line if columns(line) <= room else _wrapped([title, *numbers, *times], width)


def _wrapped(parts: Sequence[str], width: int) -> str:
    lines, line = [], parts[0]
    for part in parts[1:]:
        longer = f"{line} - {part}"
        if columns(longer) <= width:
            line = longer
        else:
            lines.append(line)
            line = INDENT + part
    return "\n".join([*lines, line])


def running(
    title: str,
    logs: Logs | None,
    done: int,
    total: int,
    speed: str,
    width: int,
    longest: int = BAR,
) -> str:
    """Return one line of a running epoch, which never reaches the terminal's last column.

    A total of 0 means that it is unknown; ``longest`` is the maximum width of the bar.

    Examples
    --------
    >>> running("Epoch 1/2", {"loss": 0.25}, 30, 40, "95 batches/s", 70)
    'Epoch 1/2 - loss: 0.25 [=================      ] 30/40 - 95 batches/s'
    >>> running("Epoch 1/2", {"loss": 0.25, "accuracy": 0.875}, 30, 40, "95 batches/s", 34)
    'Epoch 1/2 - loss: 0.25 - 30/40'

    A total of 0 becomes known at the end of the first epoch.
    """
    room = width - 1
    count, numbers = f"{done}/{total or '?'}", items(logs)
    head = " - ".join([title, *numbers] if title else numbers)
    bar = min(longest, room - columns(f"{head} [] {count} - {speed}"))
    if bar >= min(SMALLEST_BAR, longest) and total:
        drawn = ("=" * (bar * min(done, total) // total)).ljust(bar)
        return f"{head} [{drawn}] {count} - {speed}".lstrip()
    for line in (f"{head} - {count} - {speed}", f"{head} - {count}", head):
        if columns(line) <= room:
            return line
    # Complete numbers only: a truncated number would be wrong.
    for kept in range(len(numbers) - 1, -1, -1):
        line = " - ".join([*([title] if title else []), *numbers[:kept], count])
        if columns(line) <= room:
            return line
    return count if len(count) <= room else ""
