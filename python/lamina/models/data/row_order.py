"""The order of the rows in an epoch of a fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check
from lamina._check import Array
from lamina.random import SHUFFLE, mix, permutation

if TYPE_CHECKING:
    from lamina.models.training.fitting import Fitting

# Draws an order, given the number of elements and the index of the draw within the epoch.
Draw = Callable[[int, int], Array]
# Whether orders are drawn, or a function that draws them, called with a number of rows.
Shuffle = bool | Callable[[int], Any]


def epoch_key(model: Fitting) -> tuple[int, int]:
    """Return the key of the order of the rows in the next epoch: seed and stream."""
    return mix(model.seed, SHUFFLE), model.train_state.epoch & 0xFFFF_FFFF


def shuffle_of(value: object) -> Shuffle:
    """Return the argument ``shuffle`` of ``fit``, checked."""
    return value if callable(value) else _check.boolean("fit", "shuffle", value)


def draw_of_epoch(model: Fitting, shuffle: Shuffle) -> Draw | None:
    """Return a function that draws the orders of the next epoch; None for rows in their order."""
    if callable(shuffle):
        return lambda size, _: _checked(shuffle(size), size)
    if not shuffle:
        return None
    seed, stream = epoch_key(model)
    return lambda size, which: permutation(size, seed, stream, which)


def _checked(given: Any, size: int) -> Array:
    """Return the order given by a user's function, checked."""
    order = np.array(given)  # a copy that the function cannot change
    whole = order.shape == (size,) and order.dtype.kind in "iu"
    once = whole and np.array_equal(np.sort(order), np.arange(size))
    if not once:
        raise ValueError(
            f"fit: shuffle must return each of the numbers from 0 to {size - 1} once; got "
            f"{given!r:.100}"
        )
    return order.astype(np.int64, copy=False)
