"""Arrays that come with a mask: what a layer called on arrays returns where it makes one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina._check import Array


class MaskedArray(np.ndarray[Any, Any]):
    """An array with a mask, which the next layer takes as one between layers of a model.

    What NumPy computes with it has none.

    Attributes
    ----------
    _keras_mask : ndarray of bool or None
        Keras's name for it; None of arrays that were computed from one.
    """

    _keras_mask: Array | None = None

    def __repr__(self) -> str:
        """Return what an array without a mask shows."""
        return repr(np.asarray(self))


def mask_of(value: Any) -> Array | None:
    """Return the mask that an array comes with, if any."""
    return value._keras_mask if type(value) is MaskedArray else None


def masked(value: Array, mask: Array | None) -> Array:
    """Return an array with a mask; without one it is returned as it is."""
    if mask is None:
        return value
    view = value.view(MaskedArray)
    view._keras_mask = mask
    return view


def with_masks(outputs: Sequence[Array], places: Sequence[int | None]) -> list[Array]:
    """Return as many arrays as there are places, with those at the places as their masks."""
    return [
        masked(value, None if place is None else outputs[place])
        for value, place in zip(outputs, places, strict=False)
    ]
