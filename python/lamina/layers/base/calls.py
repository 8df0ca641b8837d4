"""Calls of layers: on arrays they compute, on symbolic tensors they are noted for later.

On tensors within a recording, a layer is recorded.  This module decides between these cases and
handles layers with ``call``; recorded_calls.py handles layers by rows on arrays and symbolic
tensors.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from lamina import _core, _policies
from lamina._arrays import is_array
from lamina._calls import refuse_arguments
from lamina._tensors import Arguments, NeedsRows, Recording, Tensor, written
from lamina._tensors.arguments import Place, flat, mapped
from lamina._tensors.given import by_rows, current, each_row, given, row_count, scalar_penalty
from lamina._tensors.rehearsal import put
from lamina.layers.base import called, replays, signatures
from lamina.layers.base.first_axis import with_rows
from lamina.layers.base.lock import structure
from lamina.layers.base.masked_arrays import mask_of, with_masks
from lamina.layers.base.node import Node, SymbolicTensor
from lamina.layers.base.recorded_calls import (
    as_kind,
    check_count,
    check_not_empty,
    kind_of,
    on_arrays,
    on_symbols,
    seed_of,
    spec_of,
    spread,
)
from lamina.layers.base.replays import Program
from lamina.layers.base.shapes import Spec
from lamina.layers.base.use import using

if TYPE_CHECKING:
    from lamina.layers.layer import Layer
    from lamina.layers.preprocessing.ahead import AheadLayer


def call(layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return arrays for arrays, symbolic tensors for symbolic ones, recorded for recorded ones."""
    if layer.calls and len(args) > 1:
        args, kwargs = signatures.by_name(layer, args, kwargs)
    check_training(layer.name, kwargs.get("training"))
    if layer.ahead:
        made = cast("AheadLayer", layer).called(args, kwargs)
        if made is not NotImplemented:
            return made
    values = flat([*args, *kwargs.values()])
    symbolic = any(isinstance(v, SymbolicTensor) for v in values)
    if not symbolic and Recording.current() is not None:
        given_args = mapped(list(args), _recorded_array)
        found, made = with_rows(layer, given_args, kwargs, lambda a, k: _on_tensors(layer, a, k))
        return made if found else _on_tensors(layer, given_args, kwargs)
    if layer.calls:
        if symbolic:
            return called_on_symbols(layer, args, kwargs)
        return called_on_arrays(layer, args, kwargs)
    x, mask, training = _plain(layer, args, kwargs)
    if symbolic:
        return on_symbols(layer, x, mask, training)
    return on_arrays(layer, x, mask, training)


def outside(layer: Layer, x: Any, mask: Any, training: bool | None) -> Any:
    """Return the result of ``call`` of a layer by rows on arrays, outside of recordings."""
    if layer.calls:
        raise RuntimeError(
            f"{layer.name}: super().call takes tensors; call the layer on arrays, as layer(x)"
        )
    return layer(x, mask=mask, training=training)


def _on_tensors(layer: Layer, args: Any, kwargs: Any) -> Any:
    if layer.calls:
        return called.on_tensors(layer, args, kwargs)
    return recorded(layer, *_plain(layer, args, kwargs))


def check_training(who: str, training: object) -> None:
    """Raise unless ``training`` is True, False or None; 1 and 0 count as True and False."""
    if training is None or isinstance(training, (bool, np.bool_)):
        return
    if not (isinstance(training, int) and training in (0, 1)):
        raise TypeError(f"{who}: training must be True, False or None; got {training!r}")


def refuse(layer: Any, unknown: dict[str, Any]) -> None:
    """Reject arguments that no call takes."""
    refuse_arguments(_takes, unknown, layer.name)


def _takes(x: Any, *, training: Any = None, mask: Any = None) -> None:
    """Declare, by name, the arguments of calls of the library's layers and models."""


_takes.__name__ = "__call__"


def _plain(layer: Layer, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Return x, mask and training, for a layer whose call takes nothing else."""
    names = ("x", "training", "mask")
    training = kwargs.get("training")
    if training is None and len(args) == 2 and isinstance(args[-1], bool):
        *args, training = args
    if len(args) > 1:
        raise TypeError(f"{layer.name}: takes x by position; got {len(args)} arguments")
    unknown = {name: value for name, value in kwargs.items() if name not in names}
    x = args[0] if args else signatures.first(kwargs.get("x"), unknown)
    if unknown:
        refuse(layer, unknown)
    return x, kwargs.get("mask"), None if training is None else bool(training)


def _recorded_array(value: Any) -> Any:
    return given(value) if isinstance(value, np.ndarray) else None


def recorded(layer: Layer, x: Any, mask: Any = None, training: bool | None = None) -> Any:
    """Record a row-by-row layer in the current recording."""
    recording = current()
    graph = recording.graph
    several = isinstance(x, (list, tuple)) and any(isinstance(v, Tensor) for v in x)
    inputs = [given(v) for v in x] if several else [given(x)]
    check_count(layer, len(inputs), several)
    if any(v.rows for v in inputs):
        inputs = [each_row(v) for v in inputs]
    masks = [v.mask for v in inputs] if mask is None else spread(mask, len(inputs))
    shapes = [tuple(v.value.shape) for v in inputs]
    if not layer.built:
        known = list(layer.parameters)
        layer.prepare(shapes if several else shapes[0], graph.dtype, 0)
        called.check_held(layer, known)
    else:
        called.settle_unheld(layer)
    values = [v.value for v in inputs]
    plain = [None if m is None else given(m).value for m in masks]
    random = any(hasattr(each, "seed") for each in layer.walk())
    use = using(layer, stream=recording.next_stream(noisy=False)) if random else nullcontext()
    args = (values, plain) if several else (values[0], plain[0])
    with recording.told(training), recording.within(layer.name), use:
        if layer.calls:  # super().call in a class derived from a layer by rows
            with using(layer, of_rows=True):
                y = layer.apply_record(graph, as_fed(layer, graph, args[0]), args[1])
            out: Any = [None] * len(y) if isinstance(y, list) else None
        else:
            y, out = layer.apply(graph, *args)
    made = y if isinstance(y, list) else [y]
    recording.returned[id(layer)] = [tuple(value.shape) for value in made]
    if isinstance(y, list):
        return tuple(called.wrapped(recording, v, m) for v, m in zip(y, out, strict=True))
    return called.wrapped(recording, y, out)


def as_fed(layer: Layer, graph: _core.Graph, x: Any) -> Any:
    """Return the engine's tensors in the form that a row-by-row layer takes.

    They have its input types, and an axis of rows if a tensor without one holds those of the batch.
    """
    several = isinstance(x, list)
    values = x if several else [x]
    kinds = layer.input_dtypes(len(values))
    recording = Recording.of(graph)
    if recording.rows is not None or any(
        kind is not None and graph.dtype_of(v) != (graph.dtype if kind == "float" else kind)
        for v, kind in zip(values, kinds, strict=True)
    ):
        with recording:
            values = [_as_kind(recording, v, kind) for v, kind in zip(values, kinds, strict=True)]
    return values if several else values[0]


def _as_kind(recording: Recording, value: _core.Tensor, kind: str | None) -> _core.Tensor:
    from lamina import ops

    x = Tensor(recording, value)
    if recording.rows is not None and not x.rows and x.shape[:1] == (recording.rows,):
        x = by_rows(x)
    if kind is not None and x.dtype != (recording.graph.dtype if kind == "float" else kind):
        x = ops.cast(x, "float32" if kind == "float" else kind)
    return x.value


def add_loss(layer: Layer, loss: Any) -> None:
    """Note a loss of the recording that the layer is called in."""
    recording = Recording.current()
    if recording is None:
        raise RuntimeError(f"{layer.name}: add_loss is for tensors, within call; got {loss!r}")
    recording.losses.append(given(loss))


def add_penalty(layer: Layer, what: str, regularizer: Any, output: Tensor) -> None:
    """Note a penalty on an output: the regularizer's value divided by the number of rows."""
    recording, who = current(), f"{layer.name}: {what}"
    with recording.within(who):
        penalty = scalar_penalty(who, written.run(who, regularizer, [output], {}))
        if output.rows and not penalty.rows:
            penalty = penalty / row_count()
    recording.losses.append(penalty)


# --- layers with `call`


def called_on_symbols(layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Build the layer if necessary, and return the outputs of a new node."""
    arguments = Arguments(args, kwargs, lambda v: isinstance(v, SymbolicTensor))
    inputs: list[SymbolicTensor] = arguments.forget_tensors()
    specs = [spec_of(t) for t in inputs]
    doubles = any(t.dtype == "float64" for t in inputs)
    form, found = called.prepare(layer, arguments, specs, "float64" if doubles else None)
    node = Node(layer, inputs, [], arguments=arguments)
    node.outputs = [
        SymbolicTensor(s.shape, None if s.kind == "float" and not doubles else
                       "float64" if s.kind == "float" else s.kind, node, i, s.whole)
        for i, s in enumerate(found)
    ]  # fmt: skip
    for output, spec in zip(node.outputs, found, strict=True):
        output.mask_shape = spec.mask
    layer.nodes.append(node)
    layer.place()
    outputs = iter(node.outputs)
    return mapped(form, lambda v: next(outputs) if isinstance(v, Tensor) else None)


def _without_rows(layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> set[int]:
    """Return which arrays are passed whole.

    They are passed by name and have another number of rows than the first, or few enough axes.
    """
    first = next((np.shape(v) for v in flat([*args, *kwargs.values()]) if is_array(v)), ())
    whole = set()
    for name, value in kwargs.items():
        fewest = layer.axes_of_whole.get(name, 0)
        arrays = (v for v in flat(value) if is_array(v))
        whole |= {id(v) for v in arrays if np.shape(v)[:1] != first[:1] or np.ndim(v) <= fewest}
    return whole


def called_on_arrays(layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Build the layer if necessary, and return the result of its call on arrays."""
    training = kwargs.get("training")
    whole = _without_rows(layer, args, kwargs)

    def has_rows(value: Any) -> bool:
        return is_array(value) and id(value) not in whole

    arguments = Arguments(args, kwargs, has_rows)
    if not arguments.tensors and args:  # rows given as nested lists
        arguments = Arguments([np.asarray(args[0]), *args[1:]], kwargs, has_rows)
    given_arrays = arguments.forget_tensors()
    arrays = [as_kind(layer.name, "x", a, None, layer.dtype) for a in given_arrays]
    masks = list(map(mask_of, given_arrays))
    specs = [
        Spec(a.shape[1:], kind_of(a), mask=None if m is None else m.shape[1:])
        for a, m in zip(arrays, masks, strict=True)
    ]
    if not layer.takes_empty:
        check_not_empty(layer, [spec.shape for spec in specs])
    rows = len(arrays[0]) if arrays else 1

    def record() -> Program:
        return _program(layer, arguments, specs, training, rows)

    key = replays.key(layer, arguments, specs, training) if layer.replays else None
    program = record() if key is None else replays.get(layer, key, rows, record)
    fed = [*arrays, *(m for m in masks if m is not None)]
    made = program.predictor.predict(fed, max(1, len(arrays[0])), seed_of(program.noisy))
    left = len(made) - len(program.assigned)
    for variable, array in zip(program.assigned, made[left:], strict=True):
        put(variable, array)
    leaves = iter(with_masks(made, program.masks))
    values = mapped(program.form, lambda v: next(leaves) if isinstance(v, Place) else None)
    masked = sum(place is not None for place in program.masks)
    layer.last_losses = list(made[len(program.masks) + masked : left])
    return values


def _program(
    layer: Layer, arguments: Arguments, specs: list[Spec], training: Any, rows: int
) -> Program:
    """Build the layer if necessary, and return the program of its call on arrays."""
    with structure():
        fresh = not layer.built
        called.prepare(layer, arguments, specs)
        if fresh:
            layer.fill()
        layer.settle()
        for held in layer.layers_within():
            held.place()

    def record(rows: int | None) -> Program:
        graph = _core.Graph(layer.dtype)
        alone = _policies.recorded_under(graph, layer._policy_name)
        with alone, Recording(graph, rows=rows) as recording, recording.told(training):
            recording.leaves, recording.unsaid = True, training is None
            values = [graph.input(s.shape, "x", s.kind) for s in specs]
            fed = [None if s.mask is None else graph.input(s.mask, "mask", "bool") for s in specs]
            tensors = [called.wrapped(recording, x, m) for x, m in zip(values, fed, strict=True)]
            filled = arguments.filled(tensors)
            with recording.streams_from(layer.stream):
                result = called.on_tensors(layer, *filled)
            losses = [loss for loss in recording.losses if not loss.rows]
            leaves = flat(result)
            made = [leaf.mask for leaf in leaves if leaf.mask is not None]
            for leaf in [*leaves, *made, *losses]:
                graph.add_output(leaf.value)
            for _, value in recording.assigned.values():
                graph.add_output(value)
        graph.build()
        form = mapped(result, lambda v: Place(0) if isinstance(v, Tensor) else None)
        assigned = [variable for variable, _ in recording.assigned.values()]
        places = itertools.count(len(leaves))
        behind = [None if leaf.mask is None else next(places) for leaf in leaves]
        return Program(_core.Predictor(graph), form, assigned, recording.noisy, rows, behind)

    try:
        return record(None)
    except NeedsRows:
        return record(rows)


def losses_of(layer: Layer) -> list[Any]:
    """Return the losses given to ``add_loss`` and the penalties on the weights."""
    recording = Recording.current()
    if recording is not None:
        return [*recording.losses, *_penalties(recording, layer)]
    return [
        *layer.last_losses,
        *(_number(penalty(np.asarray(p)), p.dtype) for p, penalty in layer.penalized()),
    ]


def _penalties(recording: Recording, layer: Layer) -> list[Tensor]:
    """Return the penalties on the layer's trainable weights, each recorded once.

    Those of L1 that make weights exactly 0 are only noted: they are part of the engine's step.
    """
    held = {
        (id(p), id(r)): (p, r)
        for each in layer.walk()
        for p, r in (*each._penalized, *each._regularized)
        if p.trainable and recording.penalized
    }
    exact = {id(p) for each in layer.walk() for p, r in each._penalized if r.proximal}
    recording.stopped.update(exact.intersection(place for place, _ in held))
    made = recording.penalties
    for key, (parameter, regularizer) in held.items():
        if key[0] not in exact and key not in made:
            made[key] = weight_penalty(recording, parameter, regularizer)
    return [made[key] for key in held if key in made]


def weight_penalty(recording: Recording, parameter: _core.Parameter, regularizer: Any) -> Tensor:
    """Record a penalty on a weight."""
    name = f"regularizer of {parameter.name}"
    with recording.within(name):
        weight = Tensor(recording, recording.graph.parameter(parameter))
        return scalar_penalty(name, written.run(name, regularizer, [weight], {}))


def _number(penalty: Any, dtype: str) -> Any:
    return np.dtype(dtype).type(penalty)
