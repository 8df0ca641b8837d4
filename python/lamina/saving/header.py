"""The header of a file, checked before any memory is allocated for its contents."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

LONGEST = 16 << 20  # bytes of a header
DEEPEST = 64  # nested lists and dicts
_DIGITS = 32  # of an integer

# The dtypes of arrays in files, and the bytes of an element.
SIZES = {
    "BOOL": 1, "U8": 1, "I8": 1, "U16": 2, "I16": 2, "F16": 2, "U32": 4, "I32": 4, "F32": 4,
    "U64": 8, "I64": 8, "F64": 8,
}  # fmt: skip


def parse_header(path: str, data: bytes) -> dict[str, str]:
    """Return the metadata of a file whose arrays fill the rest of it without gaps.

    Raises
    ------
    ValueError
        Otherwise; the message says what is wrong, and where.
    """
    length = header_length(path, data)
    found = parse_json(path, data[8 : 8 + length])
    metadata = found.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise ValueError(f"{path}: __metadata__ must map names to strings; got {metadata!r:.80}")
    _check_arrays(path, found, len(data) - 8 - length)
    return metadata


def header_length(path: str, data: bytes) -> int:
    """Return the number of bytes of the header; ValueError if it is impossible."""
    if len(data) < 8:
        raise ValueError(f"{path}: is truncated: it has {len(data)} bytes; a file has at least 8")
    length = int.from_bytes(data[:8], "little")
    if length > LONGEST:
        raise ValueError(f"{path}: the header has at most {LONGEST} bytes; byte 0 says {length}")
    if length > len(data) - 8:
        raise ValueError(
            f"{path}: is truncated: the header has {length} bytes, but only "
            f"{len(data) - 8} are there"
        )
    return length


def _check_arrays(path: str, found: Mapping[str, Any], room: int) -> None:
    spans = sorted(_span(path, name, entry) for name, entry in found.items())
    end = 0
    for start, stop, name in spans:
        if start != end:
            raise ValueError(
                f"{path}: {name!r} must begin at byte {end} of the arrays; its offsets say {start}"
            )
        end = stop
    if end > room:
        raise ValueError(
            f"{path}: is truncated: its arrays have {end} bytes, but only {room} are there; last: "
            f"{spans[-1][2]!r}"
        )
    if end < room:
        raise ValueError(f"{path}: {room - end} bytes follow the {end} of its arrays")


def _span(path: str, name: str, entry: Any) -> tuple[int, int, str]:
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise ValueError(
            f"{path}: {name!r} must have dtype, shape and data_offsets; got {entry!r:.80}"
        )
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in SIZES:
        raise ValueError(
            f"{path}: {name!r} must have one of the dtypes {', '.join(SIZES)}; got {dtype!r:.80}"
        )
    if not _are_counts(shape) or len(shape) > 64:
        raise ValueError(f"{path}: {name!r} must have a shape; got {shape!r:.80}")
    if not _are_counts(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise ValueError(f"{path}: {name!r} must have two data_offsets; got {offsets!r:.80}")
    needed = math.prod(shape) * SIZES[dtype]
    if needed != offsets[1] - offsets[0]:
        raise ValueError(
            f"{path}: {name!r} of {dtype} and shape {tuple(shape)} needs {needed} bytes; its "
            f"data_offsets {offsets} leave {offsets[1] - offsets[0]}"
        )
    return offsets[0], offsets[1], name


def _are_counts(values: Any) -> bool:
    return isinstance(values, list) and all(type(v) is int and v >= 0 for v in values)


# --- JSON


def parse_json(path: str, text: bytes | str) -> dict[str, Any]:
    """Return the object in strict JSON: no duplicate keys, no NaN, limited depth."""

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(found)
        if len(made) < len(found):
            names = [name for name, _ in found]
            again = next(name for i, name in enumerate(names) if name in names[:i])
            raise ValueError(f"the key {again!r:.80} occurs twice in an object")
        return made

    try:
        found = json.loads(
            text, object_pairs_hook=pairs, parse_constant=_refuse_constant, parse_int=_integer
        )
        _check_depth(found)
    except (ValueError, RecursionError) as error:  # of JSON or of UTF-8
        raise ValueError(f"{path}: the header is not JSON as lamina writes it: {error}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{path}: the header must be a JSON object; got {found!r:.80}")
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise ValueError(f"integers may have at most {_DIGITS} digits; got {len(digits)}")
    return int(digits)


def _check_depth(found: Any) -> None:
    layer, depth = [found], 0
    while layer:
        depth += 1
        if depth > DEEPEST:
            raise ValueError(f"objects and lists may be nested at most {DEEPEST} deep")
        layer = [
            each
            for value in layer
            for each in (value.values() if isinstance(value, dict) else value)
            if isinstance(each, (dict, list))
        ]
