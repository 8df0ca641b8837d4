"""Gradients of a model's outputs with respect to its inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check, _core
from lamina._tensors import NeedsRows, Recording, Tensor
from lamina.models.data import inputs as inputs_
from lamina.models.data.ragged import is_ragged
from lamina.models.data.reading import is_reading
from lamina.models.network.recorded import Recorded, settle_others
from lamina.models.prediction.outputs import BOUND_BATCH

if TYPE_CHECKING:
    from lamina._check import Array, Shape
    from lamina.models.network.network import Network

WHO = "input_gradients"
BLOCK = 1024  # maximum number of rows at a time


def input_gradients(
    model: Network, x: Any, output: Any, output_gradients: Any, batch_size: int | None
) -> Any:
    """Return the result of ``Model.input_gradients``, in the form of the model's input data."""
    if model.stateful:
        raise ValueError(f"{WHO}: {model.name} has stateful layers, whose states would change")
    fed = _fed(model, x)
    rows, shapes = len(fed[0]), [a.shape[1:] for a in fed]
    floating = [port.kind == "float" for port in model.ports]
    if not any(floating):
        kinds = ", ".join(f"{port.name!r} takes {port.kind}" for port in model.ports)
        raise ValueError(f"{WHO}: no gradient flows to integers or truth values; input {kinds}")
    with model.unbuilt_on_error():
        model.ensure_built(shapes)
        upstream = _upstream(model, shapes, rows, output, output_gradients)
        batch = BLOCK if batch_size is None else _check.integer(WHO, "batch_size", batch_size)
        try:
            pieces = _in_batches(model, fed, upstream, batch, None)
        except NeedsRows:
            batch = BOUND_BATCH if batch_size is None else batch
            pieces = _in_batches(model, fed, upstream, min(batch, rows), shapes)
    gradients = [
        np.concatenate(made) if is_float else None
        for made, is_float in zip(zip(*pieces, strict=True), floating, strict=True)
    ]
    return model.packed_inputs(gradients)


def _fed(model: Network, x: Any) -> list[Array]:
    """Return the checked inputs of the graph."""
    x = model.meet(x)
    arrays = inputs_.shaped(WHO, x, model.ports)
    if is_ragged(arrays) or is_reading(arrays):
        raise ValueError(f"{WHO}: x must be arrays in memory whose rows have equal shapes")
    fed = inputs_.converted(WHO, x, arrays, model.ports, model.dtype)
    if is_reading(fed):
        raise ValueError(f"{WHO}: x must be arrays in memory whose rows have equal shapes")
    return fed


def _upstream(
    model: Network, shapes: Sequence[Shape], rows: int, output: Any, given: Any
) -> list[Array]:
    """Return the weight of each output value in the differentiated sum, an array per output."""
    row_shapes = [tuple(shape) for shape in model.output_row_shapes(list(shapes))]
    if given is not None:
        if output is not None:
            raise ValueError(f"{WHO}: takes output or output_gradients, not both")
        arrays = inputs_.arranged(WHO, "output_gradients", given, model.output_names)
        return [
            _weights(name, array, (rows, *shape), model.dtype)
            for name, array, shape in zip(model.output_names, arrays, row_shapes, strict=True)
        ]
    place, units = _chosen(model, row_shapes, output, rows)
    made = [np.zeros((rows, int(np.prod(shape, dtype=int))), model.dtype) for shape in row_shapes]
    made[place][np.arange(rows), units] = 1.0
    return [a.reshape(rows, *shape) for a, shape in zip(made, row_shapes, strict=True)]


def _weights(name: str, array: Any, shape: Shape, dtype: str) -> Array:
    if array is None:
        return np.zeros(shape, dtype)
    found = _check.floats(
        WHO, f"output_gradients[{name!r}]", _check.numeric(WHO, name, array), dtype
    )
    if found.shape != shape:
        raise ValueError(
            f"{WHO}: output_gradients must have the shape of the output, {shape}; got {found.shape}"
        )
    return found


def _chosen(model: Network, row_shapes: Sequence[Shape], output: Any, rows: int) -> tuple[int, Any]:
    """Return the index of an output, and the values of its rows, for all rows or each row."""
    names, place = list(model.output_names), 0
    if isinstance(output, tuple) and len(output) == 2 and isinstance(output[0], str):
        name, output = output
        if name not in names:
            raise ValueError(
                f"{WHO}: output must be of {', '.join(map(repr, names))}; got {name!r}"
            )
        place = names.index(name)
    elif len(names) > 1:
        raise ValueError(
            f"{WHO}: the model has {len(names)} outputs; output must be (name, index), with a name "
            f"of {', '.join(map(repr, names))}; got {output!r}"
        )
    count = int(np.prod(row_shapes[place], dtype=int))
    if output is None:
        if count != 1:
            raise ValueError(
                f"{WHO}: the output has {count} values per row; output must be an index from 0 to "
                f"{count - 1}; got None"
            )
        return place, 0
    units = np.asarray(output)
    if units.dtype.kind not in "iu" or units.shape not in ((), (rows,)):
        raise TypeError(
            f"{WHO}: output must be an integer, or one for each of {rows} rows; got {output!r}"
        )
    if np.any((units < 0) | (units >= count)):
        raise ValueError(f"{WHO}: output must be from 0 to {count - 1}; got {output!r}")
    return place, units


def _in_batches(
    model: Network, fed: list[Array], upstream: list[Array], batch: int, bound: Any
) -> list[list[Array]]:
    """Return the gradients of each batch; with ``bound`` recorded for its number of rows."""
    rows, shapes = len(fed[0]), [a.shape[1:] for a in fed]
    pieces, graph, ports = [], None, len(model.ports)
    for start in range(0, rows, batch):
        stop = min(start + batch, rows)
        if graph is None or bound is not None:
            graph = _graph(model, shapes, None if bound is None else stop - start)
        execution = _core.Execution(graph, stop - start, True, 0, True)
        arrays = [np.ascontiguousarray(a[start:stop]) for a in (*fed, *upstream)]
        execution.bind(arrays)
        execution.gradients(None, 0, stop - start)
        pieces.append([_gradient(execution, i, array) for i, array in enumerate(arrays[:ports])])
    return pieces


def _gradient(execution: _core.Execution, place: int, array: Array) -> Array:
    try:
        return np.array(execution.input_gradient(place))
    except ValueError:  # no output depends on the input, or it has no gradient
        return np.zeros_like(array)


def _graph(model: Network, shapes: Sequence[Shape], rows: int | None) -> _core.Graph:
    """Return the weighted sum of the outputs' values, with weights that are fed, as a loss."""
    graph = _core.Graph(model.dtype)
    with Recording(graph, rows=rows, training=False) as recording:
        with recording.told(False):  # layers act as in inference
            made = Recorded(model, recording, shapes)
        for place, value in enumerate(made.outputs):
            weight = graph.input(tuple(value.shape), f"output_gradient:{place}")
            product = Tensor(recording, value) * Tensor(recording, weight)
            graph.add_loss(product.value, reduction="sum")
        graph.train_only([])
        graph.build()
    settle_others(made)
    return graph
