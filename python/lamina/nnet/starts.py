"""Starting weights of searches: given, or drawn uniformly around 0."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina._arrays import as_numbers
from lamina._calls import checking_keywords
from lamina._check import integer
from lamina._names import unknown
from lamina.nnet.structure import Structure
from lamina.random import next_seed

Array = NDArray[np.float64]

MOST_ROWS = 10_000_000  # of a sample; beyond it, R draws in another way


class RSeed:
    """The numbers that R draws after ``set.seed(seed)``, for the same starting weights as in R.

    Parameters
    ----------
    seed : int
        The seed, as in ``set.seed`` with R's defaults: the Mersenne Twister, seeded as R seeds it.

    Examples
    --------
    >>> RSeed(1).uniform(0.0, 1.0, 3).round(7)
    array([0.2655087, 0.3721239, 0.5728534])
    """

    @checking_keywords
    def __init__(self, seed: int) -> None:
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
            raise TypeError(f"RSeed: seed must be an integer; got {seed!r}")
        # The state follows 50 steps of a congruential generator and one more that is discarded.
        key = _congruential(int(seed) % 2**32, 51 + 624)[51:]
        self._bits = np.random.MT19937()
        self._bits.state = {"bit_generator": "MT19937", "state": {"key": key, "pos": 624}}

    def uniform(self, low: float, high: float, size: Any) -> Array:
        """Return numbers as R's ``runif`` draws them."""
        count = int(np.prod(size))
        raw = self._bits.random_raw(count).astype(np.float64)
        unit = np.clip(raw * 2.0**-32, 2.0**-33, 1.0 - 2.0**-33)
        drawn: Array = (low + (high - low) * unit).reshape(size)
        return drawn

    def sample(self, rows: int, size: int | None = None) -> NDArray[np.int64]:
        """Return distinct row numbers, from 0: one less than those of R's ``sample(rows, size)``.

        Parameters
        ----------
        rows : int
            The number of rows, numbered 0 to rows - 1; at most ten million, beyond which R draws in
            another way.
        size : int, optional
            The number of rows drawn; by default all, in random order.

        Examples
        --------
        >>> RSeed(123).sample(506, 404)[:5] + 1
        array([415, 463, 179,  14, 195])
        """
        rows = integer("RSeed.sample", "rows", rows)
        if rows > MOST_ROWS:
            raise ValueError(f"RSeed.sample: rows must be at most {MOST_ROWS}; got {rows}")
        size = rows if size is None else integer("RSeed.sample", "size", size, 0)
        if size > rows:
            raise ValueError(
                f"RSeed.sample: size must be at most rows, {rows}: each is drawn once; got {size}"
            )
        left, found = np.arange(rows), np.empty(size, np.int64)
        for place in range(size):
            # As many bits as the largest number needs; a number that is too large is drawn again.
            bits, number = math.ceil(math.log2(rows)), rows
            while number >= rows:
                number = 0
                for part in np.floor(65536.0 * self.uniform(0.0, 1.0, bits // 16 + 1)):
                    number = 65536 * number + int(part)
                number &= 2**bits - 1
            rows -= 1
            found[place] = left[number]
            left[number] = left[rows]
        return found


def _congruential(start: int, steps: int) -> NDArray[np.uint32]:
    """Return the numbers after ``start`` of ``x -> 69069 x + 1``, modulo 2^32."""
    powers = np.multiply.accumulate(np.full(steps, 69069, np.uint32), dtype=np.uint32)
    sums = np.add.accumulate(np.r_[np.uint32(1), powers[:-1]], dtype=np.uint32)
    numbers: NDArray[np.uint32] = powers * np.uint32(start) + sums
    return numbers


def starting_weights(
    structure: Structure, given: Any, starts: int, rang: float, random_state: Any
) -> Array:
    """Return one row for each start: the `given` ones first, then random ones in [-rang, rang]."""
    weights = structure.weights
    first = np.empty((0, weights))
    if given is not None:
        if hasattr(given, "wts"):
            raise TypeError("nnet: Wts must be weights; got a fit: pass its weights, fit.wts")
        given = _by_name(structure.names, given) if isinstance(given, Mapping) else given
        first = np.atleast_2d(as_numbers("nnet", "Wts", given).astype(np.float64))
        if first.ndim != 2 or first.shape[1] != weights:
            raise ValueError(
                f"nnet: weights vector of incorrect length: Wts must have {weights} numbers, those "
                f"of a fit's wts in their order; got shape {np.shape(given)}"
            )
        if not np.isfinite(first).all():
            raise ValueError("nnet: Wts must be finite; got NaN or infinity")
    if not math.isfinite(2.0 * rang):
        raise ValueError(f"nnet: rang must be a number such as 0.7; got {rang:g}")
    drawn = max(0, starts - len(first))
    if rang > 0 and drawn:
        more = _generator(random_state).uniform(-rang, rang, (drawn, weights))
    else:
        more = np.zeros((drawn, weights))
    return np.concatenate([first, more])


def _by_name(names: list[str], given: Mapping[str, Any]) -> list[Any]:
    """Return the weights of a mapping in the order of the network's."""
    for name in given:
        if name not in names:
            raise ValueError(f"nnet: Wts: {unknown('weight', str(name), names)}")
    missing = [name for name in names if name not in given]
    if missing:
        shown = ", ".join(missing[:5]) + ", ..." * (len(missing) > 5)
        raise ValueError(f"nnet: Wts must have a value for each weight; {shown} has none")
    return [given[name] for name in names]


def _generator(random_state: Any) -> Any:
    if random_state is None:
        return np.random.default_rng(next_seed())
    if hasattr(random_state, "uniform"):
        return random_state
    if isinstance(random_state, (int, np.integer)) and not isinstance(random_state, bool):
        if not 0 <= random_state < 2**32:
            raise ValueError(f"nnet: random_state must be in [0, 2**32); got {random_state}")
        return np.random.RandomState(int(random_state))
    raise TypeError(
        f"nnet: random_state must be None, an integer, a NumPy Generator or RandomState, or an "
        f"RSeed; got {random_state!r}"
    )
