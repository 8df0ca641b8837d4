"""Arguments that are checked in Python before the core: shapes, integers, sequences of them.

Arrays, numbers and strings go directly to the core, which checks them with similar messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from operator import index
from typing import Any

import numpy as np

from lamina import _core

Shape = tuple[int, ...]

LARGEST = 2**31 - 1


def shape_of(who: str, name: str, x: Any) -> Shape:
    """Return the shape of an array argument; the core reports what is wrong with anything else."""
    if type(x) is np.ndarray:
        found: Shape = x.shape
        return found
    shape: Shape = _core.kernels.shape_of(who, name, x)
    return shape


def whole(who: str, name: str, value: Any, least: int) -> int:
    """Return an integer of at least ``least``."""
    number = None
    if not isinstance(
        value, (bool, np.bool_)
    ):  # which some versions of NumPy accept with a warning
        with suppress(TypeError):
            number = index(value)
    if number is None:
        raise TypeError(f"{who}: {name} must be an integer; got {value!r}")
    if not least <= number <= LARGEST:
        raise ValueError(f"{who}: {name} must lie in [{least}, {LARGEST}]; got {value!r}")
    return number


def several(who: str, name: str, value: Any, of: str = "integers") -> Sequence[Any]:
    """Return a sequence; strings, numbers and iterators are not sequences."""
    if isinstance(value, np.ndarray) and value.ndim > 0:
        return list(value)
    if isinstance(value, (list, tuple, range)):
        return value
    raise TypeError(f"{who}: {name} must be a sequence of {of}; got {value!r}")


def wholes(who: str, name: str, value: Any, least: int) -> Shape:
    """Return a sequence of integers of at least ``least`` as a tuple."""
    return tuple(whole(who, name, item, least) for item in several(who, name, value))


def is_pair(value: Any) -> bool:
    """Return whether this is a sequence of two, without NumPy, which is slower."""
    if isinstance(value, np.ndarray):
        return value.ndim == 1 and len(value) == 2
    return isinstance(value, (list, tuple)) and len(value) == 2


def axis_of(who: str, axis: Any, rank: int, name: str = "axis") -> int:
    """Return an axis counted from the front."""
    number = whole(who, name, axis, -LARGEST)
    if not -rank <= number < rank:
        raise ValueError(f"{who}: {name} must lie in [{-rank}, {rank}), the axes; got {axis!r}")
    return number % rank


def choice(who: str, name: str, value: Any, known: Sequence[str]) -> None:
    """Reject a string that is not among the choices."""
    if not isinstance(value, str):
        raise TypeError(f"{who}: {name} must be a string; got {value!r}")
    if value not in known:
        words = [repr(word) for word in known]
        listed = ", ".join(words[:-1]) + " or " + words[-1]
        raise ValueError(f"{who}: {name} must be {listed}; got {value!r}")
