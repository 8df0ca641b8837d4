"""The file: one JSON document and named arrays, in the safetensors format, with a checksum.

The document is the only entry of the format's metadata.  It begins with the SHA-256 of the whole
file, computed with zeros in place of the digits of the checksum itself, so that any changed bit is
detected: in the document, in the list of arrays, or in an array.
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

FORMAT = 1  # increases when earlier versions of lamina can no longer read new files

_DIGITS = 64  # of a SHA-256 in hexadecimal
_NONE = b"0" * _DIGITS
# The beginning of a header; the checksum follows.
_START = b'{"__metadata__":{"lamina":"{\\"sha256\\":\\"'
_PLACE = 8 + len(_START)  # of the checksum, after the length of the header


@dataclass
class Content:
    """The content of a file.

    Attributes
    ----------
    document : dict
        Plain JSON values.
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
    # Arrays in the format's layout; ascontiguousarray would add an axis to a number.
    plain = {name: np.asarray(array, order="C") for name, array in tensors.items()}
    made = memoryview(save(plain, {"lamina": text}))
    if bytes(made[8:_PLACE]) != _START:
        raise RuntimeError(f"save: unexpected header of safetensors: {bytes(made[8:_PLACE])!r}")
    digits = hashlib.sha256(made).hexdigest().encode()
    write_whole(path, [made[:_PLACE], digits, made[_PLACE + _DIGITS :]])


def read(path: str) -> Content:
    """Return the content of a file after checking all of it.

    Raises
    ------
    ValueError
        If the file was not written by lamina, is truncated, was altered or extended, or has a newer
        format; the message says what and where.
    OSError
        As raised by ``open``.
    """
    from safetensors.numpy import load

    data = _bytes_of(path)
    refuse_other(path, data, _START)
    begin, found = _checked_sum(path, data)
    if not found:
        # The most likely reason.  If the header is intact and matches the size of the file, some
        # bits were changed.
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
    # Opened without blocking: a pipe would never end.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | os.O_NONBLOCK)
    try:
        told = os.fstat(descriptor)
        if not stat.S_ISREG(told.st_mode):
            raise ValueError(f"{path}: is not a regular file")
        with open(descriptor, "rb", buffering=0, closefd=False) as file:
            data = file.readall()
    finally:
        os.close(descriptor)
    if len(data) != told.st_size:
        raise ValueError(f"{path}: was changed while it was read")
    return data


def _checked_sum(path: str, data: bytes) -> tuple[int, bool]:
    """Return the position of the checksum, and whether it matches the file."""
    view = memoryview(data)
    digits = bytes(view[_PLACE : _PLACE + _DIGITS])
    if len(digits) < _DIGITS:
        raise ValueError(f"{path}: is truncated after {len(data)} bytes, within the header")
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
