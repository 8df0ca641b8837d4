"""Calls of layers by rows or written with ``record``, on symbolic tensors and on arrays."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from lamina import _check, _core, _policies
from lamina._tensors import NeedsRows, Recording, Tensor
from lamina._tensors.rehearsal import put, rehearsing
from lamina.layers.base.behind import behind
from lamina.layers.base.lock import structure
from lamina.layers.base.masked_arrays import mask_of, with_masks
from lamina.layers.base.node import Node, SymbolicTensor, as_list, shapes_of
from lamina.layers.base.shapes import Spec, found_masks, has_open_axes
from lamina.random import Seed

if TYPE_CHECKING:
    from lamina.layers.layer import Layer


def on_symbols(layer: Layer, x: Any, mask: Any, training: bool | None = None) -> Any:
    """Check the shapes and return the outputs of a new node."""
    inputs = as_list(x)
    masks = None if mask is None else spread(mask, len(inputs))
    for place, tensor in enumerate([*inputs, *(m for m in masks or () if m is not None)]):
        if not isinstance(tensor, SymbolicTensor):
            raise TypeError(
                f"{layer.name}: inputs must be all symbolic tensors or all arrays; "
                f"got {type(tensor).__name__} at place {place}"
            )
    check_count(layer, len(inputs), isinstance(x, (list, tuple)))
    if masks is not None:
        _check_masks(layer, inputs, masks)
    for tensor, kind in zip(inputs, layer.input_dtypes(len(inputs)), strict=True):
        if tensor.kind == "string":
            _refuse_strings(layer.name, tensor.name)
        if kind == "int32" and tensor.kind not in (None, kind) and tensor.node.inputs:
            raise TypeError(
                f"{layer.name}: needs integers; {tensor.name} is {tensor.dtype} (convert it with "
                f"lamina.ops.cast)"
            )
    kinds = layer.input_dtypes(len(inputs))
    given_masks = masks or [None] * len(inputs)
    specs = [spec_of(t, k, m) for t, k, m in zip(inputs, kinds, given_masks, strict=True)]
    with behind(_layers_before(inputs[0]), shapes_of(inputs)), structure():
        if any(t.dtype == "float64" for t in inputs) and not layer.built:
            layer.take_dtype("float64")
        found = layer.found(specs, keep=True)
    listed = as_list(found)
    # A layer that accepts any type may leave it to later layers what is fed to the model.
    open_type = None in layer.wanted_dtypes(len(inputs)) and inputs[0].given_dtype is None
    of_floats = "float64" if any(t.dtype == "float64" for t in inputs) else "float"
    node = Node(layer, inputs, [spec.shape for spec in listed], None, masks, training=training)
    for made, spec in zip(node.outputs, listed, strict=True):
        made.mask_shape = spec.mask
        if not (open_type and spec.kind == "float"):
            made.given_dtype = of_floats if spec.kind == "float" else spec.kind
    layer.nodes.append(node)
    layer.place()
    return tuple(node.outputs) if isinstance(found, list) else node.outputs[0]


def stated(layer: Layer, specs: list[Spec], keep: bool) -> Any:
    """Return the output description of a layer that states its shapes, a list if several."""
    shapes: Any = [spec.shape for spec in specs]
    shapes = shapes if len(shapes) > 1 else shapes[0]
    output = layer.output_shape_of(shapes)
    layer.check_weights_fit(shapes)
    if not layer.built and (keep or has_open_axes(shapes)):
        layer.prepare(shapes, layer.dtype, layer.stream)  # which rejects weights of unknown size
        if not (keep and layer.parameters):
            layer.forget()
    masks = found_masks(layer, specs)
    if not isinstance(output, list):
        return Spec(output, mask=masks[0] if masks else None)
    masks += [None] * (len(output) - len(masks))
    return [Spec(shape, mask=mask) for shape, mask in zip(output, masks, strict=True)]


def spec_of(tensor: SymbolicTensor, kind: str | None = None, mask: Any = None) -> Spec:
    """Return the description of a symbolic tensor and of its mask."""
    if tensor.kind == "string":
        _refuse_strings("what is recorded", tensor.name)
    masked = tensor.mask_shape if mask is None else mask.row_shape
    return Spec(tuple(tensor.row_shape), kind or tensor.kind or "float", tensor.whole, masked)


def _refuse_strings(who: str, name: str) -> NoReturn:
    raise TypeError(
        f"{who}: needs numbers; {name} holds strings, which StringLookup, TextVectorization, "
        f"Hashing and HashedCrossing take"
    )


def _layers_before(tensor: SymbolicTensor) -> Iterator[tuple[Layer, bool]]:
    """Yield the layers through which the tensor went, the last one first, up to a merge.

    Each comes with whether it returns as many axes as it takes.
    """
    while tensor.node is not None:
        inputs = tensor.node.inputs
        yield (
            tensor.node.layer,
            len(inputs) == 1 and len(inputs[0].row_shape) == len(tensor.row_shape),
        )
        if len(inputs) != 1:
            return
        tensor = inputs[0]


def with_states(x: Any, initial_state: Any) -> Any:
    """Return the inputs of a recurrent layer: x, or a list of x and the initial states.

    Keras's two forms are equivalent: ``layer(x, initial_state=[h, c])`` and ``layer([x, h, c])``.
    """
    if initial_state is not None:
        return [*as_list(x), *as_list(initial_state)]
    if isinstance(x, (list, tuple)) and not any(
        isinstance(v, (np.ndarray, SymbolicTensor, Tensor)) for v in x
    ):
        return np.asarray(x)  # rows given as nested lists, not a list of inputs
    return x


def check_count(layer: Layer, count: int, listed: bool) -> None:
    """Raise unless the layer takes this number of inputs."""
    if count == 0:
        raise ValueError(f"{layer.name}: needs at least one input; got an empty list")
    if layer.needs_list and not listed:
        raise ValueError(f"{layer.name}: needs a list of inputs; got one input")
    if listed and count > 1 and not layer.multiple_inputs:
        raise ValueError(f"{layer.name}: takes one input; got a list of {count}")


def spread(mask: Any, count: int) -> list[Any]:
    """Return a mask for each input: a single mask belongs to the first, the others being states."""
    return list(mask) if isinstance(mask, (list, tuple)) else [mask, *[None] * (count - 1)]


def _check_masks(layer: Layer, inputs: list[Any], masks: list[Any]) -> None:
    if len(masks) != len(inputs):
        raise ValueError(
            f"{layer.name}: needs one mask for each of {len(inputs)} inputs; got {len(masks)}"
        )
    if not layer.takes_mask:
        raise TypeError(f"{layer.name}: takes no mask")
    for x, mask in zip(inputs, masks, strict=True):
        if not isinstance(mask, SymbolicTensor):
            continue
        if mask.kind != "bool":
            raise TypeError(
                f"{layer.name}: mask must have dtype bool, as Input(shape, dtype='bool'); "
                f"got {mask!r}"
            )
        if mask.row_shape != x.row_shape[: len(mask.row_shape)]:
            raise ValueError(
                f"{layer.name}: mask must have the leading axes of its input, {x!r}; got {mask!r}"
            )


def _arrays(layer: Layer, x: Any, dtype: str) -> list[Any]:
    listed = layer.multiple_inputs and isinstance(x, (list, tuple))
    values = list(x) if listed else [x]
    check_count(layer, len(values), listed)
    arrays = []
    for i, (value, kind) in enumerate(zip(values, layer.input_dtypes(len(values)), strict=True)):
        name = f"x[{i}]" if len(values) > 1 else "x"
        bound = layer.input_bounds(len(values))[i]
        arrays.append(as_kind(layer.name, name, value, kind, dtype, bound))
        if arrays[-1].ndim == 0:
            raise ValueError(f"{layer.name}: {name} must have an axis of rows; got a single number")
        if len(arrays[-1]) != len(arrays[0]):
            raise ValueError(
                f"{layer.name}: all inputs must have the same number of rows; got "
                f"{len(arrays[0])} and {len(arrays[-1])}, "
                f"of shapes {arrays[0].shape} and {arrays[-1].shape}"
            )
    return arrays


def as_kind(
    who: str, name: str, value: Any, kind: str | None, dtype: str, bound: Any = None
) -> Any:
    """Return an array as the engine is fed "float", "int32" or "bool"; None: as its own type."""
    own = None if kind else np.asarray(value).dtype.kind
    if kind == "int32" or own in ("i", "u"):
        return _check.integers(who, name, value, bound)
    if kind == "bool" or own == "b":
        return _check.truths(who, name, value)
    return _check.floats(who, name, value, dtype, finite=False)


def kind_of(array: Any) -> str:
    """Return "float", "int32" or "bool", the engine's name of the type of an array."""
    return {"i": "int32", "b": "bool"}.get(array.dtype.kind, "float")


def on_arrays(layer: Layer, x: Any, mask: Any, training: bool | None = None) -> Any:
    """Build the layer if necessary, and return its output, by default as in inference."""
    dtype = layer.dtype
    arrays = _arrays(layer, x, dtype)
    masks: list[Any] = [None] * len(arrays)
    if mask is None and (layer.takes_mask or layer.supports_masking):
        masks = [mask_of(v) for v in (x if isinstance(x, (list, tuple)) else [x])]
        masks = masks if len(masks) == len(arrays) else [None] * len(arrays)
    elif mask is not None:
        rows = isinstance(mask, list) and len(arrays) == 1  # booleans given as nested lists
        masks = spread(np.asarray(mask) if rows else mask, len(arrays))
        _check_masks(layer, arrays, masks)
        pairs = zip(masks, arrays, strict=True)
        masks = [None if m is None else _mask(layer, m, a) for m, a in pairs]
    shapes = [a.shape[1:] for a in arrays]
    check_not_empty(layer, shapes)
    with structure():
        fresh = not layer.built
        layer.prepare(shapes[0] if len(shapes) == 1 else shapes, dtype, layer.stream)
        try:
            try:
                made = _recorded(layer, arrays, masks, dtype, training)
            except NeedsRows:
                made = _recorded(layer, arrays, masks, dtype, training, max(1, len(arrays[0])))
            graph, several, recording, places = made
            if fresh:
                layer.fill()
            layer.settle()
        except BaseException:
            if fresh:
                layer.forget()
            raise
        for held in layer.layers_within():  # a model in it is complete: the layer relies on it
            held.place()
    bound = [*arrays, *(m for m in masks if m is not None)]
    seed = seed_of(training or recording.noisy)
    outputs = _core.Predictor(graph).predict(bound, max(1, len(arrays[0])), seed)
    for variable, _ in reversed(recording.assigned.values()):
        put(variable, outputs.pop())
    outputs = with_masks(outputs, places)
    return tuple(outputs) if several else outputs[0]


def seed_of(training: bool | None) -> int:
    """Return the seed of a call's noise: in training each call draws new numbers."""
    return Seed().value if training and not rehearsing() else 0


def check_not_empty(layer: Layer, shapes: list[Any]) -> None:
    """Raise if rows have an axis without elements."""
    if not any(0 in shape for shape in shapes):
        return
    if not layer.calls:
        layer._stated_shape(
            shapes[0] if len(shapes) == 1 else shapes, layer.dtype
        )  # the layer's own error comes first
    shown = ", ".join(_check.show_shape(shape) for shape in shapes)
    raise ValueError(
        f"{layer.name}: input has shape {shown}; needs at least one element along every axis "
        f"except the rows"
    )


def _recorded(
    layer: Layer,
    arrays: list[Any],
    masks: list[Any],
    dtype: str,
    training: bool | None,
    rows: int | None = None,
) -> tuple[_core.Graph, bool, Recording, list[int | None]]:
    """Return a graph of the layer alone, whether it has several outputs, and its recording.

    Also return, for each output, the position of its mask, which follows the outputs.
    """
    graph = _core.Graph(dtype)
    names = ["x"] if len(arrays) == 1 else [f"x{i}" for i in range(len(arrays))]
    inputs = [
        graph.input(array.shape[1:], name, kind_of(array))
        for array, name in zip(arrays, names, strict=True)
    ]
    fed = [None if m is None else graph.input(m.shape[1:], "mask", "bool") for m in masks]
    one = len(inputs) == 1
    alone = _policies.recorded_under(graph, layer._policy_name)
    with alone, Recording(graph, rows=rows) as recording, recording.told(training):
        recording.leaves, recording.unsaid = True, training is None
        y, out = layer.apply(graph, inputs[0] if one else inputs, fed[0] if one else fed)
    several = isinstance(y, list)
    values, found = as_list(y), [m for m in (out if several else [out]) if m is not None]
    kept = (out if several else [out]) if out is not None else [None] * len(values)
    places = itertools.count(len(values))
    for output in (*values, *found, *(value for _, value in recording.assigned.values())):
        graph.add_output(output)
    graph.build()
    return graph, several, recording, [None if m is None else next(places) for m in kept]


def _mask(layer: Layer, mask: object, array: Any) -> Any:
    values = _check.truths(layer.name, "mask", mask)
    if values.ndim == 0 or values.shape != array.shape[: values.ndim]:
        raise ValueError(
            f"{layer.name}: mask must have the leading axes of x, of shape {array.shape}; "
            f"got {values.shape}"
        )
    return values
