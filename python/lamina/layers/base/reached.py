"""Layers that are built when a sketch of a model reaches them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lamina._tensors import Arguments, Recording, Tensor
from lamina._tensors.arguments import flat
from lamina.layers.base import called
from lamina.layers.base.lock import structure
from lamina.layers.base.node import as_list
from lamina.layers.base.shapes import Sketch, Spec, sketched

if TYPE_CHECKING:
    from lamina.layers.layer import Layer

ONE = Arguments([None], {}, lambda value: value is None)  # a call on a tensor alone


def reached(
    layer: Layer,
    sketch: Sketch,
    inputs: Sequence[list[Tensor]],
    specs: list[Spec],
    dtype: str,
    stream: int,
    arguments: Arguments | None = None,
) -> tuple[list[list[Tensor]], list[Spec]]:
    """Build the layer if necessary; return its outputs for each graph of the sketch.

    ``specs`` describes the inputs; the outputs are followed by their descriptions.  ``arguments``
    holds the arguments of the call, for a layer that is written with ``call``.
    """
    if not layer.calls:
        shapes = [spec.shape for spec in specs]
        layer.prepare(shapes if len(shapes) > 1 else shapes[0], dtype, stream)
        outputs = sketch.record(lambda tensors: _applied(layer, tensors), inputs)
        return outputs, sketch.specs(outputs, layer.name)
    call = ONE if arguments is None else arguments
    layer.stream = stream
    with called.made(layer, call, specs, dtype):
        outputs = sketch.record(lambda tensors: _called(layer, call, tensors), inputs)
    return outputs, sketch.specs(outputs, layer.name)


def found_by_sketch(layer: Layer, specs: list[Spec], keep: bool) -> Any:
    """Return what is known about the output of a layer by rows, a list if there are several.

    This does not build the layer, unless ``keep`` asks it to keep the weights made on the way.
    """
    kinds = layer.input_dtypes(len(specs))
    given = [
        spec if kind in (None, spec.kind) else replace(spec, kind=kind)
        for spec, kind in zip(specs, kinds, strict=True)
    ]

    def found(sketch: Sketch) -> Any:
        _, specs = reached(layer, sketch, sketch.inputs, given, layer.dtype, layer.stream)
        return specs if len(specs) > 1 else specs[0]

    with structure():
        fresh = not layer.built
        try:
            result = sketched(layer.dtype, given, found)
        except BaseException:
            keep = False
            raise
        finally:
            if fresh and not (keep and layer.parameters):
                layer.forget()
        return result


def _called(layer: Layer, arguments: Arguments, tensors: list[Tensor]) -> list[Tensor]:
    recording = Recording.current()
    assert recording is not None
    with recording.streams_from(layer.stream):
        return flat(called.on_tensors(layer, *arguments.filled(tensors)))


def _applied(layer: Layer, tensors: list[Tensor]) -> list[Tensor]:
    recording = tensors[0].recording
    values: list[Any] = [t.value for t in tensors]
    masks: list[Any] = [None if t.mask is None else t.mask.value for t in tensors]
    one = len(values) == 1
    y, out = layer.apply(recording.graph, values[0] if one else values, masks[0] if one else masks)
    pairs = zip(as_list(y), out if isinstance(y, list) else [out], strict=True)
    return [called.wrapped(recording, value, mask) for value, mask in pairs]
