"""The state of an optimizer, by weight; arrays of several weights may share memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.optimizers.variables import StateArray

Array = NDArray[Any]


class Kept(NamedTuple):
    """One array that is kept for a weight.

    Attributes
    ----------
    key : the weight, or the index of an array that is not a weight
    shape : tuple of int
    start : callable
        Returns the initial values, a number or an array.
    """

    key: Any
    shape: tuple[int, ...]
    start: Callable[[], Any]


class State:
    """Arrays by weight and name.

    Attributes
    ----------
    by_weight : dict
        {weight: {name: array}}, including weights that are now frozen.
    flat : list of ndarray
        Contiguous memory for kernels: each array of ``by_weight`` that belongs to one is a view of
        it.
    """

    def __init__(self) -> None:
        self.by_weight: dict[Any, dict[str, StateArray]] = {}
        self.flat: list[Array] = []
        self._laid: tuple[Any, ...] = ()
        self.times = 0  # number of times it was laid out

    def lay(self, wanted: Mapping[Any, list[Kept]], dtype: Any, line: int) -> list[Array]:
        """Return a flat array for each entry of ``wanted``, whose parts start on cache lines.

        The keys end in the name of the parts: (group, name).  Existing arrays of a weight with that
        name, shape and dtype are kept; others are created.

        Parameters
        ----------
        wanted : dict of tuple to list of Kept
        dtype : numpy dtype
        line : int
            Elements of a cache line: 1 if the parts are contiguous.
        """
        laid = (
            # By id: `==` of two weights compares their values.
            [(key, [(id(k.key), k.shape) for k in parts]) for key, parts in wanted.items()],
            np.dtype(dtype), line,
        )  # fmt: skip
        if laid == self._laid:
            return self.flat
        self.flat = [self._together(key[-1], parts, dtype, line) for key, parts in wanted.items()]
        self._laid = laid
        self.times += 1
        return self.flat

    def _together(self, name: str, parts: list[Kept], dtype: Any, line: int) -> Array:
        sizes = [int(np.prod(part.shape, dtype=np.int64)) for part in parts]
        room = [-(-size // line) * line for size in sizes]
        flat = np.zeros(sum(room), dtype)
        begin = 0
        for part, size, space in zip(parts, sizes, room, strict=True):
            place = flat[begin : begin + size].reshape(part.shape)
            begin += space
            held = self.by_weight.setdefault(part.key, {})
            old = held.get(name)
            if old is not None and old.size == size and old.dtype == place.dtype:
                place[...] = np.reshape(old, part.shape)
            else:
                place[...] = part.start()
            held[name] = StateArray.over(place, label(part.key, name))
        return flat

    def add(self, kept: Kept, name: str, dtype: Any) -> StateArray:
        """Return a separate array for a weight: the existing one with that name, or a new one."""
        held = self.by_weight.setdefault(kept.key, {})
        old = held.get(name)
        if old is None or old.size != np.prod(kept.shape, dtype=np.int64) or old.dtype != dtype:
            new = np.empty(kept.shape, dtype)
            new[...] = kept.start()
            held[name] = StateArray.over(new, label(kept.key, name))
        elif old.shape != kept.shape:
            held[name] = StateArray.over(old.reshape(kept.shape), old.name)
        return held[name]

    def goes_on(self, keys: Iterable[Any], dtype: Any) -> bool:
        """Return whether any of these weights has a state in that dtype, or none has any state."""
        held = [self.by_weight[key] for key in keys if key in self.by_weight]
        if not self.by_weight:
            return True
        return any(not arrays or any(a.dtype == dtype for a in arrays.values()) for arrays in held)

    def keep_only(self, ids: Collection[int]) -> None:
        """Drop the state of all weights with other ids."""
        held = self.by_weight.items()
        self.by_weight = {key: arrays for key, arrays in held if id(key) in ids}

    def arrays(self) -> list[Array]:
        """Return all memory that a step may write, each part once."""
        apart = [
            array
            for arrays in self.by_weight.values()
            for array in arrays.values()
            if not any(np.may_share_memory(array, flat) for flat in self.flat)
        ]
        return [*self.flat, *apart]


def label(key: Any, name: str) -> str:
    """Return the name of an array kept for a weight: "dense_kernel_velocity"."""
    path = getattr(key, "path", None) or getattr(key, "name", None) or f"variable_{key}"
    return f"{str(path).replace('/', '_')}_{name}"
