"""The interface ``onnx.backend``, with lamina as the backend.

``prepare(model).run(inputs)`` and ``run_model(model, inputs)`` call the operations of
``lamina.ops`` directly; ``lamina.onnx.load`` makes a model, which is faster for repeated calls.

Examples
--------
>>> import numpy as np
>>> from onnx import helper  # doctest: +SKIP
>>> node = helper.make_node("Add", ["a", "b"], ["c"])  # doctest: +SKIP
>>> run_node(node, [np.ones(2), np.ones(2)])  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina._tensors.dispatch import at_once
from lamina._tensors.given import given
from lamina.onnx.reading.ahead import needed_ahead
from lamina.onnx.reading.files import read
from lamina.onnx.reading.graph import TYPES, Port, Program
from lamina.onnx.reading.loading import taken_apart
from lamina.onnx.reading.package import onnx
from lamina.onnx.reading.run import Run

Array = NDArray[Any]

__all__ = ["Prepared", "is_compatible", "prepare", "run_model", "run_node", "supports_device"]


class Prepared:
    """A model that is ready to run."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._ahead = needed_ahead(program.body)

    def run(self, inputs: Any, **_: Any) -> tuple[Any, ...]:
        """Return the outputs for inputs, in order or by name."""
        ports = self._program.body.inputs
        if isinstance(inputs, Mapping):
            inputs = [inputs[port.name] for port in ports if port.name in inputs]
        if len(inputs) != len(ports):
            raise ValueError(f"takes {len(ports)} inputs; got {len(inputs)}")
        held = [_held(v) for v in inputs]
        known = [port.name in self._ahead for port in ports]

        def calculate(*values: Any) -> list[Any]:
            own = [v if k else _tensors(v) for v, k in zip(values, known, strict=True)]
            return Run(self._program)(own, {})

        made = at_once(calculate, held, {})
        return tuple(
            _as_declared(y, port) for y, port in zip(made, self._program.body.outputs, strict=True)
        )


def _held(value: Any) -> Any:
    """Return an input with a dtype of NumPy."""
    if isinstance(value, (list, tuple)):
        return [_held(v) for v in value]
    if value is None:
        return None
    array = np.asarray(value)
    if array.dtype.kind == "V":
        name = array.dtype.name
        return array.astype(np.float32 if "float" in name else np.int32)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"takes numbers; got an array of {array.dtype}")
    return array.astype(np.float32) if array.dtype == np.float16 else array


def _tensors(value: Any) -> Any:
    if isinstance(value, list):
        return [_tensors(v) for v in value]
    return None if value is None else given(value)


def _as_declared(value: Any, port: Port) -> Any:
    """Return an output with the dtype that the model declares."""
    if isinstance(value, list):
        return [_as_declared(v, Port(port.name, -port.type)) for v in value]
    if value is None or port.type not in TYPES:
        return value
    package = onnx("lamina.onnx.backend")
    with np.errstate(all="ignore"):
        return np.asarray(value).astype(package.helper.tensor_dtype_to_np_dtype(port.type))


def supports_device(device: str) -> bool:
    """Return whether a device is supported; only the CPU is."""
    return device.split(":", maxsplit=1)[0] == "CPU"


def is_compatible(model: Any, device: str = "CPU", **_: Any) -> bool:
    """Return whether all operators of a model are supported."""
    try:
        prepare(model, device)
    except ValueError:
        return False
    return True


def prepare(model: Any, device: str = "CPU", **_: Any) -> Prepared:
    """Return a model, or the model in a file, ready to run.

    Raises
    ------
    ValueError
        As for ``lamina.onnx.load``, and if the device is not "CPU".
    """
    if not supports_device(device):
        raise ValueError(f"prepare: device must be 'CPU'; got {device!r}")
    proto, folder = read("prepare", model)
    return Prepared(Program(taken_apart(proto, folder), []))


def run_model(model: Any, inputs: Any, device: str = "CPU", **_: Any) -> tuple[Any, ...]:
    """Return the outputs of a model."""
    return prepare(model, device).run(inputs)


def run_node(
    node: Any, inputs: Sequence[Any], device: str = "CPU", outputs_info: Any = None, **_: Any
) -> tuple[Any, ...]:
    """Return the outputs of one node for arrays, with the newest operators."""
    package = onnx("run_node")
    arrays = [np.asarray(v) for v in inputs]
    helper = package.helper
    described = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
        for name, a in zip([n for n in node.input if n], arrays, strict=True)
    ]
    outputs = [package.ValueInfoProto(name=name) for name in node.output if name]
    graph = helper.make_graph([node], "node", described, outputs)
    model = helper.make_model(graph)
    inferred = package.shape_inference.infer_shapes(model)
    del outputs_info
    return run_model(inferred, arrays, device)
