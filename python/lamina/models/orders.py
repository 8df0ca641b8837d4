"""In which order an epoch of a fit takes its rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check
from lamina._check import Array
from lamina.random import SHUFFLE, mix, permutation

if TYPE_CHECKING:
    from lamina.models.fitting import Fitting

# Draws an order: of how many, and which draw of the epoch this is.
Draw = Callable[[int, int], Array]
# Whether orders are drawn, or what draws them: called with a number of rows.
Shuffle = bool | Callable[[int], Any]


def epoch_key(model: Fitting) -> tuple[int, int]:
    """Return the key of the order in which the next epoch takes its rows: seed and stream."""
    return mix(model.seed, SHUFFLE), model.train_state.epoch & 0xFFFF_FFFF


def shuffle_of(value: object) -> Shuffle:
    """Return what ``fit`` was given as ``shuffle``, checked."""
    return value if callable(value) else _check.boolean("fit", "shuffle", value)


def draw_of_epoch(model: Fitting, shuffle: Shuffle) -> Draw | None:
    """Return what draws the orders of the next epoch; None for rows as they stand."""
    if callable(shuffle):
        return lambda size, _: _checked(shuffle(size), size)
    if not shuffle:
        return None
    seed, stream = epoch_key(model)
    return lambda size, which: permutation(size, seed, stream, which)


def _checked(given: Any, size: int) -> Array:
    """Return the order that a function of the user's gave."""
    order = np.array(given)  # a copy, which the function cannot change while it is used
    whole = order.shape == (size,) and order.dtype.kind in "iu"
    once = whole and np.array_equal(np.sort(order), np.arange(size))
    if not once:
        raise ValueError(
            f"fit: shuffle must return each of the numbers from 0 to {size - 1} once; got "
            f"{given!r:.100}"
        )
    return order.astype(np.int64, copy=False)
