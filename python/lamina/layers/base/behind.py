"""Advice for a layer after another one whose shapes do not fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lamina.layers.layer import Layer


@contextmanager
def behind(before: Iterable[tuple[Layer, bool]], shape: Any) -> Iterator[None]:
    """Let a layer's ValueError about a missing axis also say how to keep or add the axis.

    Parameters
    ----------
    before : iterable of (Layer, bool)
        The layers before it, the nearest first, and whether each returns as many axes as it takes.
    shape : tuple, or list of them
        The shape of a row of its input.
    """
    try:
        yield
    except ValueError as error:
        hint = _missing_axis(before, str(error), shape)
        if hint is None:
            raise
        raise ValueError(f"{error}; {hint}") from None


def _missing_axis(before: Iterable[tuple[Layer, bool]], text: str, shape: Any) -> str | None:
    if " axes" not in text or "needs" not in text or not isinstance(shape, tuple):
        return None
    for other, keeps_axes in before:
        if other.drops is not None:
            return f"{other.name} {other.drops}"
        if not keeps_axes:
            break
    last = "channel" if "channels" in text else "feature"
    if f"{last}s" in text and f"needs {len(shape) + 2} axes" in text:
        return f"Reshape({(*shape, 1)}) before it adds an axis of one {last}"
    return None
