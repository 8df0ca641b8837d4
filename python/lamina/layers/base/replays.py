"""Recordings of calls of a layer on arrays, to be replayed by later calls.

They are for layers that record the same operations for arrays of the same shapes and kinds, such as
layers that change images, which are called batch by batch when data are read.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from lamina import _core
from lamina._settings import changes
from lamina._tensors import Arguments
from lamina._tensors.arguments import Place, flat

if TYPE_CHECKING:
    from lamina.layers.base.shapes import Spec
    from lamina.layers.layer import Layer

KEPT = 8  # programs kept per layer


class Program(NamedTuple):
    """The program of a call and the use of its outputs; it holds no reference to the layer."""

    predictor: _core.Predictor
    form: Any  # the structure that the call returns, with placeholders
    assigned: list[_core.Parameter]  # the variables to which the remaining outputs are assigned
    noisy: bool
    rows: int | None  # the number it is for; None for any
    masks: list[int | None]  # for each tensor returned, the position of its mask


_programs: WeakKeyDictionary[Layer, dict[Hashable, Program]] = WeakKeyDictionary()


def key(layer: Layer, arguments: Arguments, specs: list[Spec], training: Any) -> Hashable | None:
    """Return a key on which a call's program depends, None if the dependence is not known."""
    leaves = flat([arguments.args, list(arguments.kwargs.values())])
    if not all(isinstance(v, (Place, bool)) or v is None for v in leaves):
        return None
    form = repr((arguments.args, arguments.kwargs))
    shapes = tuple((tuple(spec.shape), spec.kind, spec.mask) for spec in specs)
    return (form, shapes, training, layer._policy_name, layer.stream, changes.count)


def get(layer: Layer, of: Hashable, rows: int, make: Callable[[], Program]) -> Program:
    """Return the program of a call, creating it if there is none yet."""
    kept = _programs.setdefault(layer, {})
    program = (kept.get(of) or kept.get((of, rows))) if layer.built else None
    if program is None:
        program = make()
        if len(kept) >= KEPT:
            kept.clear()
        kept[of if program.rows is None else (of, rows)] = program
    return program
