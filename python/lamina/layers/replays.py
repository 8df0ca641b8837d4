"""What calls of a layer on arrays have recorded, to be run again by the next ones.

For layers that record the same whenever they are called on arrays of the same shapes and kinds:
those that change images, which are called batch by batch where data are read.
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
    from lamina.layers.layer import Layer
    from lamina.layers.shapes import Spec

KEPT = 8  # programs of a layer


class Program(NamedTuple):
    """What runs a call, and what is done with its outputs; it does not hold on to the layer."""

    predictor: _core.Predictor
    form: Any  # what the call returns, with places for tensors
    assigned: list[_core.Parameter]  # the variables that the outputs behind those are left in
    noisy: bool
    rows: int | None  # how many it is for; None for any
    masks: list[int | None]  # of each tensor that the call returns, where its mask is put out


_programs: WeakKeyDictionary[Layer, dict[Hashable, Program]] = WeakKeyDictionary()


def key(layer: Layer, arguments: Arguments, specs: list[Spec], training: Any) -> Hashable | None:
    """Return what a call's program depends on, None if it depends on more than can be told."""
    leaves = flat([arguments.args, list(arguments.kwargs.values())])
    if not all(isinstance(v, (Place, bool)) or v is None for v in leaves):
        return None
    form = repr((arguments.args, arguments.kwargs))
    shapes = tuple((tuple(spec.shape), spec.kind, spec.mask) for spec in specs)
    return (form, shapes, training, layer.dtype, layer.stream, changes.count)


def get(layer: Layer, of: Hashable, rows: int, make: Callable[[], Program]) -> Program:
    """Return the program of a call, made if there is none yet."""
    kept = _programs.setdefault(layer, {})
    program = (kept.get(of) or kept.get((of, rows))) if layer.built else None
    if program is None:
        program = make()
        if len(kept) >= KEPT:
            kept.clear()
        kept[of if program.rows is None else (of, rows)] = program
    return program
