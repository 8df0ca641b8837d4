"""Conversions of a layer's weights.

Weights are named by the ends of their paths, such as "query/kernel", and tensors by their names in
a module.
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
    """The correspondence of the weights of a layer and of PyTorch modules.

    Attributes
    ----------
    forms : tuple of tuple of str
        For each module that the layer corresponds to, the forms that it may have.
    write : callable
        A function of the layer, its weights and the wanted names of each module, if known, that
        returns the tensors of each module.
    read : callable
        A function of the layer and the tensors of each module that returns its weights, with their
        elements in order but possibly in other shapes.
    same : tuple of pairs of str
        The layer's settings that must equal the module's, and their names there.
    parts : tuple of str
        The names of the modules, if there are several.
    pick : callable, optional
        A function of the names of modules that returns the indices of those that belong together,
        or None; their order does not determine it.
    """

    forms: tuple[tuple[str, ...], ...]
    write: Callable[[Any, Given, Sequence[set[str]] | None], list[Arrays]]
    read: Callable[[Any, Sequence[Given]], Arrays]
    same: tuple[tuple[str, str], ...] = ()
    parts: tuple[str, ...] = ("",)
    pick: Callable[[Sequence[str]], list[int] | None] | None = None
