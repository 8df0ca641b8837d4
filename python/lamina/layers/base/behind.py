"""Advice for a layer after another one whose shapes do not fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lamina.layers.base.axes_error import AxesError

if TYPE_CHECKING:
    from lamina.layers.layer import Layer


@contextmanager
def behind(before: Iterable[tuple[Layer, bool]], shape: Any) -> Iterator[None]:
    """Let a layer's error about a missing axis also say how to keep or add the axis.

    Parameters
    ----------
    before : iterable of (Layer, bool)
        The layers before it, the nearest first, and whether each returns as many axes as it takes.
    shape : tuple, or list of them
        The shape of a row of its input.
    """
    try:
        yield
    except AxesError as error:
        hint = _missing_axis(before, error, shape) if isinstance(shape, tuple) else None
        if hint is None:
            raise
        raise ValueError(f"{error}; {hint}") from None


def _missing_axis(
    before: Iterable[tuple[Layer, bool]], error: AxesError, shape: tuple[Any, ...]
) -> str | None:
    for other, keeps_axes in before:
        if other.drops is not None:
            return f"{other.name} {other.drops}"
        if not keeps_axes:
            break
    if error.last and error.needed == len(shape) + 2:
        return f"Reshape({(*shape, 1)}) before it adds an axis of one {error.last}"
    return None
