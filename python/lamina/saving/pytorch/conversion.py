"""What a conversion of a layer's weights is.

Weights go by the ends of their paths, as "query/kernel", tensors by their names in a module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lamina._check import Array

LINEAR = ("linear", "matrix")  # forms of a linear layer
Arrays = dict[str, Array]
Given = Mapping[str, Array]


@dataclass(frozen=True)
class Conversion:
    """How a layer and PyTorch's modules hold the same weights.

    Attributes
    ----------
    forms : tuple of tuple of str
        For each module that the layer takes the place of, the forms that it may have.
    write : callable
        From the layer, its weights and the names wanted of each module, if these are known, to the
        tensors of each module.
    read : callable
        From the layer and the tensors of each module to its weights, whose elements are in order:
        what takes them knows their shapes.
    same : tuple of pairs of str
        The layer's settings that have to be the module's, and their names there.
    parts : tuple of str
        What the modules are called, where they are several.
    pick : callable, optional
        From names of modules to the places of those that belong together, or None: their order
        does not say it.
    """

    forms: tuple[tuple[str, ...], ...]
    write: Callable[[Any, Given, Sequence[set[str]] | None], list[Arrays]]
    read: Callable[[Any, Sequence[Given]], Arrays]
    same: tuple[tuple[str, str], ...] = ()
    parts: tuple[str, ...] = ("",)
    pick: Callable[[Sequence[str]], list[int] | None] | None = None
