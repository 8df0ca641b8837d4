"""Programs as JSON values, and back: the form of the graph in a model's file."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from lamina.onnx.reading.graph import Body, Node, Port, Program, Weight
from lamina.onnx.reading.registry import find

# Types of constants; others of ONNX are not stored.
KINDS = frozenset(
    [
        "bool",
        "int8",
        "uint8",
        "int16",
        "uint16",
        "int32",
        "uint32",
        "int64",
        "uint64",
        "float16",
        "float32",
        "float64",
    ]
)
DEEPEST = 16


def to_config(program: Program) -> dict[str, Any]:
    """Return a program as plain values."""
    return {
        "body": _body(program.body),
        "weights": [
            {"name": w.name, "shape": list(w.shape), "trainable": w.trainable}
            for w in program.weights
        ],
        "rows": program.rows,
        "outputs": None
        if program.outputs is None
        else [{"shape": list(shape), "dtype": dtype} for shape, dtype in program.outputs],
    }


def _body(body: Body) -> dict[str, Any]:
    return {
        "inputs": [_port(p) for p in body.inputs],
        "outputs": [_port(p) for p in body.outputs],
        "nodes": [_node(n) for n in body.nodes],
        "constants": {name: _array(a) for name, a in body.constants.items()},
    }


def _port(port: Port) -> dict[str, Any]:
    return {
        "name": port.name, "type": port.type,
        "shape": None if port.shape is None else list(port.shape),
    }  # fmt: skip


def _node(node: Node) -> dict[str, Any]:
    return {
        "op": node.op, "name": node.name, "inputs": node.inputs, "outputs": node.outputs,
        "attributes": {k: _attribute(v) for k, v in node.attributes.items()},
        "opset": node.opset, "domain": node.domain, "formed": list(node.formed),
    }  # fmt: skip


def _attribute(value: Any) -> Any:
    if isinstance(value, Body):
        return {"graph": _body(value)}
    return {"array": _array(value)} if isinstance(value, np.ndarray) else value


def _array(array: Any) -> dict[str, Any]:
    if array.dtype.name not in KINDS:  # narrow integers, for which the package has its own types
        array = array.astype(np.int32)
    data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return {"dtype": array.dtype.name, "shape": list(array.shape), "data": data}


# --- back


def from_config(config: Any) -> Program:
    """Return the program that ``to_config`` described; raise ValueError if it is invalid."""
    try:
        program = Program(
            _read_body(config["body"], 0),
            [
                Weight(_text(w["name"]), _sizes(w["shape"]), bool(w["trainable"]))
                for w in config["weights"]
            ],
            None if config["rows"] is None else int(config["rows"]),
            None
            if config["outputs"] is None
            else [(_sizes(y["shape"]), _text(y["dtype"])) for y in config["outputs"]],
        )
    except (KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise ValueError(f"ONNXGraph: graph is not valid: {error!r}") from None
    return program


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"must be a string; got {value!r:.60}")
    return value


def _sizes(value: Any) -> tuple[int, ...]:
    if any(not isinstance(n, int) or n < 0 for n in value):
        raise TypeError(f"sizes must be integers of at least 0; got {value!r:.60}")
    return tuple(value)


def _read_body(config: Mapping[str, Any], depth: int) -> Body:
    if depth > DEEPEST:
        raise TypeError(f"graphs are nested more than {DEEPEST} levels deep")
    return Body(
        [_read_port(p) for p in config["inputs"]],
        [_read_port(p) for p in config["outputs"]],
        [_read_node(n, depth) for n in config["nodes"]],
        {_text(name): _read_array(a) for name, a in config["constants"].items()},
    )


def _read_port(config: Mapping[str, Any]) -> Port:
    shape = config["shape"]
    if shape is not None and not all(s is None or isinstance(s, (int, str)) for s in shape):
        raise TypeError(f"must be a shape; got {shape!r:.60}")
    return Port(_text(config["name"]), int(config["type"]), None if shape is None else tuple(shape))


def _read_node(config: Mapping[str, Any], depth: int) -> Node:
    node = Node(
        _text(config["op"]), _text(config["name"]), [_text(n) for n in config["inputs"]],
        [_text(n) for n in config["outputs"]],
        {_text(k): _read_attribute(v, depth) for k, v in config["attributes"].items()},
        int(config["opset"]), _text(config["domain"]), tuple(int(n) for n in config["formed"]),
    )  # fmt: skip
    if find(node) is None:
        raise ValueError(f"ONNXGraph: unknown operator {node.who}")
    return node


def _read_attribute(value: Any, depth: int) -> Any:
    if isinstance(value, Mapping):
        return (
            _read_body(value["graph"], depth + 1)
            if "graph" in value
            else _read_array(value["array"])
        )
    if isinstance(value, (list, tuple)):
        return list(value)
    if not isinstance(value, (str, int, float)):
        raise TypeError(
            f"an attribute must be a number, string, list, array or graph; got {value!r:.60}"
        )
    return value


def _read_array(config: Mapping[str, Any]) -> Any:
    if config["dtype"] not in KINDS:
        raise TypeError(f"dtype must be numeric; got {config['dtype']!r:.60}")
    dtype, shape = np.dtype(config["dtype"]), _sizes(config["shape"])
    data = base64.b64decode(_text(config["data"]), validate=True)
    if len(data) != prod(shape) * dtype.itemsize:
        raise TypeError(f"an array of shape {shape} has {len(data)} bytes")
    return np.frombuffer(data, dtype).reshape(shape)
