"""ONNX files, and the separate files of large arrays."""

from __future__ import annotations

import os
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.onnx.reading.graph import type_name
from lamina.onnx.reading.package import onnx

LARGEST = 1 << 31  # bytes of a protobuf message

# Of one number, by ONNX's types.
BITS = {
    1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64, 14: 64,
    15: 128, 16: 16, 17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8, 25: 2, 26: 2,
}  # fmt: skip


def read(who: str, model: Any) -> tuple[Any, Path | None]:
    """Return a file as a ModelProto, and its folder, or None for a ModelProto."""
    package = onnx(who)
    if isinstance(model, package.ModelProto):
        return model, None
    if not isinstance(model, (str, os.PathLike)):
        raise TypeError(
            f"{who}: model must be the path of an ONNX file, or an onnx.ModelProto; "
            f"got {model!r:.80}"
        )
    path = Path(model)
    if path.stat().st_size >= LARGEST:
        raise ValueError(f"{path}: has {path.stat().st_size} bytes; an ONNX file has under 2^31")
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    proto = package.ModelProto()
    try:
        proto.ParseFromString(path.read_bytes())
    except (DecodeError, RecursionError) as error:
        raise ValueError(f"{path}: is not a complete ONNX file: {error}") from None
    if not proto.HasField("graph"):
        raise ValueError(f"{path}: is not an ONNX file: it holds no graph")
    return proto, path.parent.resolve()


def array_of(tensor: Any, folder: Path | None) -> NDArray[Any]:
    """Return the array of a TensorProto; raise ValueError if its parts are inconsistent."""
    package = onnx("lamina.onnx.load")
    name = tensor.name or "a constant"
    shape = tuple(tensor.dims)
    kind = tensor.data_type
    if any(size < 0 for size in shape):
        raise ValueError(f"{name!r} has the shape {shape}; sizes must not be negative")
    if kind in (0, package.TensorProto.STRING) or kind not in package.TensorProto.DataType.values():
        raise ValueError(f"{name!r} holds {type_name(kind)}, which is not supported")
    if tensor.HasField("segment"):
        raise ValueError(f"{name!r} is stored in segments, which is not supported")
    if tensor.data_location == package.TensorProto.EXTERNAL:
        tensor = _brought_in(package, tensor, folder)
    needed = _bytes_needed(prod(shape), kind)
    if tensor.HasField("raw_data") and len(tensor.raw_data) != needed:
        raise ValueError(
            f"{name!r} of shape {shape} needs {needed} bytes; the file has {len(tensor.raw_data)}"
        )
    if not tensor.HasField("raw_data"):
        held = sum(
            len(getattr(tensor, field))
            for field in ("float_data", "int32_data", "int64_data", "double_data", "uint64_data")
        )
        if held > 2 * prod(shape) or (prod(shape) and held * 8 < prod(shape)):
            raise ValueError(f"{name!r} of shape {shape} is stored as {held} numbers")
    try:
        array: NDArray[Any] = package.numpy_helper.to_array(tensor)
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{name!r} of shape {shape} is incomplete: {error}") from None
    if array.shape != shape:
        raise ValueError(f"{name!r} should have shape {shape}; it has {array.shape}")
    return array.astype(np.float32) if str(array.dtype) == "bfloat16" else array


def _bytes_needed(count: int, kind: int) -> int:
    """Return the bytes of a count of numbers of a type; those of less than 8 bits are packed."""
    return -(-count * BITS.get(kind, 8) // 8)


def _brought_in(package: Any, tensor: Any, folder: Path | None) -> Any:
    """Return the tensor with its bytes, which are in a separate file."""
    told = {entry.key: entry.value for entry in tensor.external_data}
    location = told.get("location", "")
    if folder is None:
        raise ValueError(
            f"{tensor.name!r} is in another file, {location!r}; give the path of the model, or "
            f"load it with onnx.load, which also reads that file"
        )
    path = folder / location
    plain = location and location == os.path.basename(location) and location not in (".", "..")
    if not plain or "\\" in location or "\0" in location or path.is_symlink() or not path.is_file():
        raise ValueError(
            f"{tensor.name!r} is in {location!r}, which is not a file in the folder of the model; "
            f"others are not read"
        )
    needed = _bytes_needed(prod(tensor.dims), tensor.data_type)
    try:
        offset, length = int(told.get("offset", 0)), int(told.get("length", needed))
    except ValueError:
        raise ValueError(f"{tensor.name!r} has no numbers for its place in {location!r}") from None
    size = path.stat().st_size
    if length != needed or offset < 0 or offset + length > size:
        raise ValueError(
            f"{tensor.name!r} of shape {tuple(tensor.dims)} needs {needed} bytes; it claims "
            f"{length} from {offset} of {location!r}, which has {size}"
        )
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(length)
    made = package.TensorProto()
    made.name, made.data_type, made.raw_data = tensor.name, tensor.data_type, data
    made.dims.extend(tensor.dims)
    return made
