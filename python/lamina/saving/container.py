"""The file: one JSON document and named arrays, in the safetensors format, under one checksum.

The document is the one entry of the format's metadata.  It begins with the SHA-256 of the whole
file in which the digits of the checksum itself are zeros, so that no bit of a file can change
unnoticed: neither in the document, nor in the list of arrays, nor in an array.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina._check import Array
from lamina.saving.atomic import write_whole
from lamina.saving.header import parse_header, parse_json
from lamina.saving.kinds import refuse_other

FORMAT = 1  # grows when a file can no longer be read by those who read the one before

_DIGITS = 64  # of a SHA-256 in hexadecimal
_NONE = b"0" * _DIGITS
# How a header begins; the checksum follows.
_START = b'{"__metadata__":{"lamina":"{\\"sha256\\":\\"'
_PLACE = 8 + len(_START)  # of the checksum, behind the length of the header


@dataclass
class Content:
    """What a file holds.

    Attributes
    ----------
    document : dict
        Plain values, as JSON has them.
    tensors : dict of str to ndarray
    """

    document: dict[str, Any]
    tensors: dict[str, Array]


def write(path: str, document: Mapping[str, Any], tensors: Mapping[str, Array]) -> None:
    """Write a file, whole or not at all: see ``write_whole``."""
    from safetensors.numpy import save

    text = json.dumps(
        {"sha256": _NONE.decode(), "format": FORMAT, **document},
        separators=(",", ":"), allow_nan=False,
    )  # fmt: skip
    # Arrays as the format wants them; ascontiguousarray would give a number an axis.
    plain = {name: np.asarray(array, order="C") for name, array in tensors.items()}
    made = memoryview(save(plain, {"lamina": text}))
    if bytes(made[8:_PLACE]) != _START:
        raise RuntimeError(f"save: safetensors writes other headers: {bytes(made[8:_PLACE])!r}")
    digits = hashlib.sha256(made).hexdigest().encode()
    write_whole(path, [made[:_PLACE], digits, made[_PLACE + _DIGITS :]])


def read(path: str) -> Content:
    """Return what a file holds, once all of it is checked.

    Raises
    ------
    ValueError
        For a file that is none of lamina's, was cut off, altered or added to, or is of a newer
        format; the message says what and where.
    OSError
        What ``open`` raises.
    """
    from safetensors.numpy import load

    data = _bytes_of(path)
    refuse_other(path, data, _START)
    begin, found = _checked_sum(path, data)
    if not found:
        # The reason, as far as it can be told.  A header that is whole and true to the file's size
        # leaves a change of some bits.
        parse_header(path, data)
        raise ValueError(
            f"{path}: was altered after it was written: the SHA-256 of its {len(data)} bytes is "
            f"not the one that it holds at byte {begin}"
        )
    header = parse_header(path, data)
    document = parse_json(path, header["lamina"])
    _check_format(path, document)
    return Content(document, load(data))


def _bytes_of(path: str) -> bytes:
    # Opened without waiting: a pipe would never end.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | os.O_NONBLOCK)
    try:
        told = os.fstat(descriptor)
        if not stat.S_ISREG(told.st_mode):
            raise ValueError(f"{path}: is no regular file")
        with open(descriptor, "rb", buffering=0, closefd=False) as file:
            data = file.readall()
    finally:
        os.close(descriptor)
    if len(data) != told.st_size:
        raise ValueError(f"{path}: changed while it was read")
    return data


def _checked_sum(path: str, data: bytes) -> tuple[int, bool]:
    """Return where the checksum is, and whether it is that of the file."""
    view = memoryview(data)
    digits = bytes(view[_PLACE : _PLACE + _DIGITS])
    if len(digits) < _DIGITS:
        raise ValueError(f"{path}: is cut off after {len(data)} bytes, within the header")
    made = hashlib.sha256(view[:_PLACE])
    made.update(_NONE)
    made.update(view[_PLACE + _DIGITS :])
    return _PLACE, made.hexdigest().encode() == digits


def _check_format(path: str, document: Mapping[str, Any]) -> None:
    found = document.get("format")
    if type(found) is not int or found < 1:
        raise ValueError(f"{path}: format must be a positive integer; got {found!r}")
    if found > FORMAT:
        version = document.get("lamina", "unknown")
        raise ValueError(
            f"{path}: was written by a newer lamina ({version}): its format is {found}, and this "
            f"one reads up to {FORMAT}; update lamina"
        )
