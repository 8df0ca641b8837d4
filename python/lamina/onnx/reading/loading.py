"""ONNX files as models."""

from __future__ import annotations

import os
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lamina import _core, layers, models
from lamina._calls import answering_calls
from lamina._tensors import Recording, Tensor
from lamina._tensors.given import given
from lamina.onnx.reading.ahead import needed_ahead
from lamina.onnx.reading.files import read
from lamina.onnx.reading.functions import element_types, expanded
from lamina.onnx.reading.graph import TYPES, Body, Port, Program, type_name
from lamina.onnx.reading.layer import ONNXGraph
from lamina.onnx.reading.package import onnx
from lamina.onnx.reading.protos import DOMAINS, Reader, check_operators
from lamina.onnx.reading.run import Run, with_rows
from lamina.onnx.reading.weights import with_weights

if TYPE_CHECKING:
    from lamina.models import Model

WHO = "lamina.onnx.load"


@answering_calls
def load(
    model: str | os.PathLike[str] | Any,
    *,
    trainable: bool | Collection[str] = True,
    dtype: str | None = None,
) -> Model:
    """Return the model that an ONNX file describes; it is used like any other.

    Parameters
    ----------
    model : path or onnx.ModelProto
        Large arrays may be stored in other files in the folder of the model.
    trainable : bool or collection of str, default True
        Which weights ``fit`` changes: all except the statistics of batch normalisation, none, or
        those with the given names.
    dtype : {"float32", "float64"}, optional
        The precision of the model; by default float64 if the file has inputs of that type.

    Returns
    -------
    Model
        Its inputs have the names in the file.  With several outputs ``predict`` returns a list, in
        the order of the file.  The weights are the floating-point initializers that have axes,
        under their names; kernels have the shapes of Keras, as in ``lamina.layers.Dense``.

    Raises
    ------
    ImportError
        If the package onnx is not installed: ``pip install "lamina[onnx]"``.
    OSError
        If the file does not exist.
    ValueError
        If the file is incomplete or inconsistent, if it uses unsupported operators (all are listed)
        or types (strings, complex numbers), or if a value that must be a constant, such as a shape,
        is computed from the inputs.

    Warns
    -----
    UserWarning
        If the first axis of an output is not the axis of rows.

    Notes
    -----
    The first axis of each input is the axis of rows.  If the file gives its size, the model takes
    other numbers of rows too, unless a constant of the file depends on the size: the model then
    refuses them, and ``predict`` needs the size as ``batch_size``.  Axes of symbolic size may have
    any size.  ``predict`` works batch by batch; if the rows of the graph depend on each other, or
    an output has no axis of rows, use ``batch_size=len(x)``.  Dropout and batch normalisation act
    as in inference, even in ``fit``.  Integers are int32; float16 and bfloat16 are computed in the
    precision of the model.

    Loading runs no code from the file and reads no file outside of its folder.

    Examples
    --------
    >>> import lamina
    >>> model = lamina.onnx.load("digits.onnx")  # doctest: +SKIP
    >>> model.predict(x)  # doctest: +SKIP
    """
    proto, folder = read(WHO, model)
    where = "" if isinstance(model, onnx(WHO).ModelProto) else f"{os.fspath(model)}: "
    try:
        body = taken_apart(proto, folder)
        check_ends(body)
        program, values = with_weights(body, rows_of(body), trainable, WHO)
        return _made(program, values, dtype or precision(body, values))
    except ValueError as error:
        if where and not str(error).startswith(where):
            raise ValueError(f"{where}{error}") from error
        raise


def taken_apart(proto: Any, folder: Path | None) -> Body:
    """Return the graph of a file, with operators that lamina has."""
    package = onnx(WHO)
    for opset in proto.opset_import:
        if DOMAINS.get(opset.domain) == "" and opset.version > package.defs.onnx_opset_version():
            raise ValueError(
                f"is written for version {opset.version} of the operators; the installed onnx "
                f"{package.__version__} knows up to {package.defs.onnx_opset_version()}"
            )
    proto = expanded(package, proto)
    opsets = {DOMAINS.get(o.domain, o.domain): o.version for o in proto.opset_import}
    body = Reader(package, opsets, folder, element_types(package, proto)).body(proto.graph)
    check_operators(body)
    return body


def precision(body: Body, values: dict[str, NDArray[Any]]) -> str:
    """Return the dtype of the computation: float64 if an input or weight has it."""
    double = any(port.type == 11 for port in (*body.inputs, *body.outputs))
    return "float64" if double or any(v.dtype == np.float64 for v in values.values()) else "float32"


def rows_of(body: Body) -> int | None:
    """Return the number of rows that a file was written for, or None."""
    first = {port.shape[0] for port in body.inputs if port.shape}
    size = first.pop() if len(first) == 1 else None
    return size if isinstance(size, int) else None


def check_ends(body: Body) -> None:
    """Raise ValueError unless the inputs and outputs are valid for a model."""
    if not body.inputs or not body.outputs:
        raise ValueError(f"has no {'outputs' if body.inputs else 'inputs'}")
    ahead = needed_ahead(body)
    fixed = {}
    for port in body.inputs:
        if port.type not in TYPES:
            said = type_name(port.type) if port.type > 0 else "no tensor"
            raise ValueError(f"input {port.name!r} holds {said}, which is not supported")
        if port.shape is None:
            raise ValueError(f"input {port.name!r} has no shape in the file; a model needs it")
        if not port.shape:
            raise ValueError(
                f"input {port.name!r} must have an axis of rows; it is a single number"
            )
        if port.name in ahead:
            raise ValueError(
                f"input {port.name!r} must be a constant of the file, because shapes depend on it"
            )
        if isinstance(port.shape[0], int):
            fixed[port.name] = port.shape[0]
    if len(set(fixed.values())) > 1:
        raise ValueError(
            f"the first axis of every input is the axis of rows, of the same length; got {fixed}"
        )
    for port in body.outputs:
        if port.type not in TYPES and port.type != 0:
            raise ValueError(f"output {port.name!r} must be a tensor of numbers")


def _made(program: Program, values: dict[str, NDArray[Any]], dtype: str) -> Model:
    """Return the model; if a graph is only valid for one number of rows, for that."""
    try:
        layer, made = _model(program, dtype)
    except ValueError:
        if not _is_for_its_rows(program, values, dtype):
            raise
        layer, made = _model(program, dtype)
    else:
        if layer.rowless and _is_for_its_rows(program, values, dtype):
            layer, made = _model(program, dtype)
    layer.take_values(values)
    if layer.rowless:
        warnings.warn(
            f"{WHO}: outputs {', '.join(map(repr, layer.rowless))} do not begin with an axis of "
            f"rows; predict works batch by batch, so give it batch_size=len(x)",
            stacklevel=4,
        )
    return made


def _is_for_its_rows(program: Program, values: dict[str, NDArray[Any]], dtype: str) -> bool:
    """Fix the program to the file's own number of rows; return whether that is possible."""
    try:
        program.outputs = None if program.rows is None else _outputs(program, values, dtype)
    except ValueError:
        return False
    return program.outputs is not None


def _outputs(
    program: Program, values: dict[str, NDArray[Any]], dtype: str
) -> list[tuple[tuple[int, ...], str]] | None:
    """Return shape and type of each output's rows for the file's own number of rows."""
    if any(not isinstance(s, int) for port in program.body.inputs for s in port.shape or ()):
        return None
    graph = _core.Graph(dtype)
    recording = Recording(graph, rows=program.rows)
    inputs = []
    for port in program.body.inputs:
        kind = TYPES[port.type][1]
        shape: Any = (port.shape or ())[1:]
        inputs.append(graph.input(shape, port.name, kind))
    with recording:
        tensors = [Tensor(recording, x) for x in inputs]
        made = [
            with_rows(y) for y in Run(program)(tensors, {n: given(v) for n, v in values.items()})
        ]
    if not all(isinstance(y, Tensor) and y.rows for y in made):
        return None
    return [(tuple(y.row_shape), y.dtype) for y in made]


def _model(program: Program, dtype: str) -> tuple[ONNXGraph, Model]:
    layer = ONNXGraph(program)
    inputs = [_input(port) for port in program.body.inputs]
    outputs = layer(inputs if len(inputs) > 1 else inputs[0])
    return layer, models.Model(inputs if len(inputs) > 1 else inputs[0], outputs, dtype=dtype)


def _input(port: Port) -> Any:
    assert port.shape is not None
    kind = TYPES[port.type][1]
    sizes: Any = tuple(s if isinstance(s, int) else None for s in port.shape[1:])
    return layers.Input(sizes, name=port.name, dtype=None if kind == "float" else kind)
