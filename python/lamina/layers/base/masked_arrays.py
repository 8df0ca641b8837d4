"""Arrays with a mask, returned by layers that are called on arrays and make a mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina._check import Array


class MaskedArray(np.ndarray[Any, Any]):
    """An array with a mask, which the next layer uses like one between layers of a model.

    Results that NumPy computes from it have no mask.

    Attributes
    ----------
    _keras_mask : ndarray of bool or None
        Keras's name for the mask; None for arrays computed from one with a mask.
    """

    _keras_mask: Array | None = None

    def __repr__(self) -> str:
        """Return the same text as for an array without a mask."""
        return repr(np.asarray(self))


def mask_of(value: Any) -> Array | None:
    """Return the mask of an array, if it has one."""
    return value._keras_mask if type(value) is MaskedArray else None


def masked(value: Array, mask: Array | None) -> Array:
    """Return an array with a mask; if that is None, the array as it is."""
    if mask is None:
        return value
    view = value.view(MaskedArray)
    view._keras_mask = mask
    return view


def with_masks(outputs: Sequence[Array], places: Sequence[int | None]) -> list[Array]:
    """Return the arrays at the given places, with those at the other places as their masks."""
    return [
        masked(value, None if place is None else outputs[place])
        for value, place in zip(outputs, places, strict=False)
    ]
