"""Arguments that Python looks at before the core does: shapes, integers, sequences of them.

Arrays, numbers and words go to the core as they are, which checks them in the same words.
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
    """Return the shape of an array argument; the core says what is wrong with anything else."""
    if type(x) is np.ndarray:
        found: Shape = x.shape
        return found
    shape: Shape = _core.kernels.shape_of(who, name, x)
    return shape


def whole(who: str, name: str, value: Any, least: int) -> int:
    """Return an integer of at least ``least``."""
    number = None
    if not isinstance(value, (bool, np.bool_)):  # which some versions of NumPy take, and warn
        with suppress(TypeError):
            number = index(value)
    if number is None:
        raise TypeError(f"{who}: {name} must be an integer; got {value!r}")
    if not least <= number <= LARGEST:
        raise ValueError(f"{who}: {name} must lie in [{least}, {LARGEST}]; got {value!r}")
    return number


def several(who: str, name: str, value: Any, of: str = "integers") -> Sequence[Any]:
    """Return a sequence; a string, a number or what can be read but once is none."""
    if isinstance(value, np.ndarray) and value.ndim > 0:
        return list(value)
    if isinstance(value, (list, tuple, range)):
        return value
    raise TypeError(f"{who}: {name} must be a sequence of {of}; got {value!r}")


def wholes(who: str, name: str, value: Any, least: int) -> Shape:
    """Return a sequence of integers of at least ``least`` as a tuple."""
    return tuple(whole(who, name, item, least) for item in several(who, name, value))


def is_pair(value: Any) -> bool:
    """Tell a sequence of two, without asking NumPy, which takes longer than a small pool."""
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
    """Refuse a word that is none of a few."""
    if not isinstance(value, str):
        raise TypeError(f"{who}: {name} must be a string; got {value!r}")
    if value not in known:
        words = [repr(word) for word in known]
        listed = ", ".join(words[:-1]) + " or " + words[-1]
        raise ValueError(f"{who}: {name} must be {listed}; got {value!r}")
