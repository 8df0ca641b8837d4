"""Numbers drawn at once, or recorded in a graph, which the functions of this package return.

With a number as seed they are the same in each call.  Without a seed, or with a
``SeedGenerator``, they are new in each call, and, if recorded in a graph, in each step.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lamina import ops
from lamina._tensors.given import current, record
from lamina._tensors.recording import Recording, RowCount, unread
from lamina._tensors.rehearsal import rehearsing
from lamina.ops._types import array_type, kind_named
from lamina.random.seed_generator import SeedGenerator
from lamina.random.streams import Stream, mix, next_seed, seed_value


def numbers(who: str, kind: str, shape: Any, low: float, high: float, seed: Any) -> Any:
    """Return an array, or a tensor of the recording."""
    now = Recording.current()
    sizes = sizes_of(who, shape)
    if seed is not None and not isinstance(seed, SeedGenerator):
        stream = Stream(seed_value(who, seed))
    elif now is None or now.once:
        if seed is None:
            stream = Stream(0 if rehearsing() else next_seed())
        else:
            stream = Stream(mix(seed.seed, seed.next()))
    else:
        each = bool(sizes) and (isinstance(sizes[0], RowCount) or sizes[0] is None)
        row = _counted(who, sizes[each:], shape)
        return record("random", kind, row, stream_of(seed), float(low), float(high), each)
    counted = _counted(who, sizes, shape)
    if unread(counted):
        return ops.zeros(counted)
    drawn = getattr(stream, kind)(counted)
    return np.asarray(low + (high - low if kind == "uniform" else high) * drawn)


def sizes_of(who: str, shape: Any) -> list[Any]:
    """Return the sizes that a shape holds, or the one that it is."""
    if isinstance(shape, (str, Mapping)):
        raise TypeError(f"{who}: shape must be a tuple of integers; got {shape!r}")
    try:
        return list(shape)
    except TypeError:  # one size
        return [shape]


def _counted(who: str, sizes: list[Any], shape: Any) -> list[int]:
    try:
        found = [operator.index(size) for size in sizes]
    except TypeError:
        raise TypeError(f"{who}: shape must be a tuple of integers; got {shape!r:.80}") from None
    if any(size < 0 for size in found):
        raise ValueError(f"{who}: shape must hold sizes from 0 on; got {shape!r:.80}")
    return found


def single(who: str, name: str, value: Any, kind: Callable[[Any], Any]) -> Any:
    """Return an argument as one number of a kind."""
    try:
        return kind(value)
    except (TypeError, ValueError):
        rule = "an integer" if kind is operator.index else "a number"
        raise TypeError(f"{who}: {name} must be {rule}; got {value!r:.80}") from None


def stream_of(seed: Any) -> int:
    """Return the number of an engine's stream, for the place of the draw and the generator."""
    place = current().next_stream()
    return place if seed is None else mix(seed.seed, place) & 0xFFFF_FFFF


def floating(who: str, x: Any, dtype: Any) -> Any:
    """Return the numbers in the floating type that was asked for, by default float32."""
    if dtype is not None and kind_named(who, dtype) != "float":
        raise ValueError(f"{who}: dtype must be a floating type; got {dtype!r}")
    return typed(who, x, dtype)


def typed(who: str, x: Any, dtype: Any) -> Any:
    """Return the numbers in the dtype that was asked for, by default float32."""
    kind = array_type(who, dtype)
    return x.astype(kind) if isinstance(x, np.ndarray) else ops.cast(x, kind)
