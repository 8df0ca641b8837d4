"""Random numbers as functions of (seed, stream, step, element), without state and in any order.

Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, 2011, "Parallel random numbers: as easy as 1, 2, 3").
Two threads, or two runs, that use the same key get the same bits.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import _check, _core
from lamina._calls import answering_calls, checking_keywords

__all__ = ["Stream", "set_random_seed"]


# Streams of one model's seed.  Layers use their index; these are far above it.
SHUFFLE = 0x5EED_0001
SPLIT = 0x5EED_0002
INITIAL = 0x5EED_1000
NOISE = 0x5EED_0003

_MASK64 = (1 << 64) - 1


class _Sequence:
    """The seeds that models draw: number k of a root."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._root: int | None = None
        self._drawn = 0

    def renew_lock(self) -> None:
        self._lock = threading.Lock()

    def start(self, root: int) -> None:
        with self._lock:
            self._root, self._drawn = root, 0

    def take(self) -> tuple[int, int]:
        """Return a root and an unused number."""
        with self._lock:
            if self._root is None:
                self._root = int.from_bytes(os.urandom(8), "little")
            self._drawn += 1
            return self._root, self._drawn


_seeds = _Sequence()
_inner: ContextVar[_Sequence | None] = ContextVar(
    "inner", default=None
)  # the sequence of a `seeded` block
if hasattr(os, "register_at_fork"):  # another thread may hold the lock
    os.register_at_fork(after_in_child=_seeds.renew_lock)


def mix(*values: int) -> int:
    """Return 64 well-mixed bits of the given integers (SplitMix64's finaliser, chained)."""
    state = 0
    for value in values:
        state = (state + (value & _MASK64) + 0x9E3779B97F4A7C15) & _MASK64
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK64
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK64
        state = z ^ (z >> 31)
    return state


@answering_calls
def set_random_seed(seed: int) -> None:
    """Make all random numbers that lamina draws from now on reproducible.

    Models created after the call draw their seeds from it in the order of their creation; a model's
    seed determines its initial weights, shuffles, validation split and dropout.  The global
    generators of NumPy and of Python's ``random`` are also seeded, as in Keras: with the seed,
    NumPy's with its last 32 bits.

    Parameters
    ----------
    seed : int
        Any integer from 0 to 2**64 - 1.

    Raises
    ------
    ValueError
        If the seed is negative or too large.
    TypeError
        If it is not an integer.

    Examples
    --------
    >>> import lamina
    >>> def weights():
    ...     lamina.set_random_seed(1)
    ...     model = lamina.Sequential([lamina.Input((3,)), lamina.layers.Dense(2)])
    ...     return model.get_weights()[0]
    >>> bool((weights() == weights()).all())
    True
    """
    value = seed_value("set_random_seed", seed)
    _seeds.start(value)
    random.seed(value)
    np.random.seed(value & 0xFFFF_FFFF)  # noqa: NPY002  (it is the old generator that is seeded)


def seed_value(who: str, seed: object) -> int:
    """Return ``seed`` as an int in [0, 2**64); other values are rejected."""
    value = _check.integer(who, "seed", seed, 0)
    if value > _MASK64:
        raise ValueError(f"{who}: seed must be below 2**64; got {seed}")
    return value


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let models created within the block draw their seeds from a separate sequence.

    Other generators are not affected, nor are other threads.

    Examples
    --------
    >>> from lamina.random import next_seed, seeded
    >>> with seeded(7):
    ...     first = next_seed()
    >>> with seeded(7):
    ...     next_seed() == first
    True
    """
    sequence = _Sequence()
    sequence.start(seed_value("seeded", seed))
    token = _inner.set(sequence)
    try:
        yield
    finally:
        _inner.reset(token)


def _take() -> tuple[int, int]:
    return (_inner.get() or _seeds).take()


def next_seed() -> int:
    """Return the next seed of the global sequence (from the system's entropy if none was set).

    Within a block of ``seeded`` it is the next one of that block.
    """
    return mix(*_take())


def permutation(n: int, seed: int, stream: int, step: int) -> NDArray[np.int64]:
    """Return 0 .. n-1 in the order that a stream draws at a step, for checked arguments."""
    return _core.kernels.permutation(n, seed, stream, step)


class Seed:
    """The seed of a model: given, or the next of the global sequence when the model is created.

    Attributes
    ----------
    given : int or None
        The seed; None until it is drawn.
    """

    def __init__(self, given: int | None = None) -> None:
        self.given = given
        self._place = None if given is not None else _take()

    @property
    def value(self) -> int:
        """The seed."""
        if self.given is None:
            assert self._place is not None
            self.given = mix(*self._place)
        return self.given


class Stream:
    """A sequence of draws from one (seed, stream); each call advances ``step`` by one.

    Parameters
    ----------
    seed : int
        At most 64 bits.
    stream : int, default 0
        At most 32 bits: distinguishes uses of the seed.

    Examples
    --------
    >>> a, b = Stream(7), Stream(7)
    >>> bool((a.uniform((2, 3)) == b.uniform((2, 3))).all())
    True
    >>> bool((a.uniform(4) == Stream(7).uniform(4)).all())      # a's second draw, not its first
    False
    """

    @checking_keywords
    def __init__(self, seed: int, stream: int = 0) -> None:
        self.seed = seed_value("Stream", seed)
        self.stream = _check.integer("Stream", "stream", stream, 0) & 0xFFFF_FFFF
        self.step = 0

    def _unit(self, shape: int | Sequence[int], dtype: str) -> NDArray[Any]:
        sizes = _check.shape("Stream", "shape", shape, 0)
        draw = _core.kernels.random_uniform(sizes, self.seed, self.stream, self.step, dtype)
        self.step = (self.step + 1) & 0xFFFF_FFFF
        return np.asarray(draw)

    @_check.quiet
    def uniform(
        self,
        shape: int | Sequence[int],
        low: float = 0.0,
        high: float = 1.0,
        dtype: str = "float64",
    ) -> NDArray[Any]:
        """Return numbers uniform in [low, high)."""
        values = self._unit(shape, "float64")
        values *= high - low
        values += low
        return np.asarray(values, dtype=dtype)

    @_check.quiet
    def normal(
        self,
        shape: int | Sequence[int],
        mean: float = 0.0,
        stddev: float = 1.0,
        dtype: str = "float64",
    ) -> NDArray[Any]:
        """Return normal numbers (Box and Muller, 1958)."""
        radius = np.sqrt(-2.0 * np.log1p(-self._unit(shape, "float64")))
        angle = 2.0 * np.pi * self._unit(shape, "float64")
        return np.asarray(mean + stddev * (radius * np.cos(angle)), dtype=dtype)

    @_check.quiet
    def truncated_normal(
        self,
        shape: int | Sequence[int],
        mean: float = 0.0,
        stddev: float = 1.0,
        dtype: str = "float64",
    ) -> NDArray[Any]:
        """Return normal numbers within two standard deviations; those outside are redrawn."""
        z = self.normal(shape)
        outside = np.abs(z) > 2.0
        while outside.any():
            z[outside] = self.normal(int(outside.sum()))
            outside = np.abs(z) > 2.0
        return np.asarray(mean + stddev * z, dtype=dtype)

    def permutation(self, n: int) -> NDArray[np.int64]:
        """Return 0 .. n-1 in random order."""
        rows = _check.integer("Stream.permutation", "n", n, 0)
        order = _core.kernels.permutation(rows, self.seed, self.stream, self.step)
        self.step = (self.step + 1) & 0xFFFF_FFFF
        return np.asarray(order, dtype=np.int64)

    def split(self, stream: int) -> Stream:
        """Return an independent stream, the same for the same (seed, stream) pair."""
        return Stream(mix(self.seed, self.stream, stream))

    def __repr__(self) -> str:
        """Show the key of the next draw."""
        return f"Stream(seed={self.seed}, stream={self.stream}, step={self.step})"
