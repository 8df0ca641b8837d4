"""Users' functions called on tensors: errors name the function, the line and the shapes."""

from __future__ import annotations

import inspect
import linecache
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lamina._answers import is_own
from lamina._tensors.arguments import flat
from lamina._tensors.recording import NeedsRows
from lamina._tensors.tensor import Tensor

LONGEST = 100  # maximum characters of a source line in messages


def run(
    who: str, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Any:
    """Return the result of a function on tensors; its errors name the function and the line."""
    try:
        return function(*args, **kwargs)
    except NeedsRows:
        raise
    except (TypeError, ValueError, IndexError, AttributeError) as error:
        if _met_no_number(error, args, kwargs):
            raise NeedsRows from error
        written = _in_python(function)
        if getattr(error, "placed", False) or (written is not None and is_own(written)):
            raise
        where = None if written is None else _line(error, written)
        if written is not None and where is None:
            raise
        text = str(error)
        prefix = "" if text.startswith(f"{who}:") else f"{who}: "
        shapes = ", ".join(str(v) for v in flat([*args, *kwargs.values()]) if isinstance(v, Tensor))
        place = "" if where is None else f"; in {where}"
        told: Any = type(error)(f"{prefix}{text}{place}, called on {shapes or 'no tensor'}")
        told.placed = True
        raise told from error


def _met_no_number(error: BaseException, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Return whether the function may have used ``x.shape[0]``, None so far, as a number.

    It is then run again with a known number of rows.
    """
    tensors = [v for v in flat([*args, *kwargs.values()]) if isinstance(v, Tensor)]
    open_rows = any(v.rows and v.recording.rows is None for v in tensors)
    return open_rows and "None" in str(error)


def placed(error: Any, function: Any) -> Any:
    """Return an error that names the location in a user's function."""
    found = _in_python(function)
    if found is None or is_own(found):
        return error
    code = inspect.unwrap(found).__code__
    where = f"{code.co_filename}, line {code.co_firstlineno}: {found.__qualname__}"
    told = type(error)(f"{error}; in {where}")
    told.placed = True
    return told


def _in_python(function: Any) -> Any:
    """Return the function with the Python code, also in a partial or an object, or None."""
    function = getattr(function, "func", function)
    if not inspect.isroutine(function):
        function = type(function).__call__
    return function if inspect.isfunction(function) or inspect.ismethod(function) else None


def _line(error: BaseException, function: Callable[..., Any]) -> str | None:
    """Return the last line of the user's function in the error's traceback."""
    file = inspect.getsourcefile(function)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    if not frames:
        return None
    line = linecache.getline(frames[-1].filename, frames[-1].lineno or 0).strip()
    shown = line if len(line) <= LONGEST else f"{line[:LONGEST].rstrip()} ..."
    return f"{frames[-1].filename}, line {frames[-1].lineno}: {shown}"
