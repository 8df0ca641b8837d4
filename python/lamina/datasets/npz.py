"""NumPy's .npz archives: plain arrays, and arrays of lists through the restricted unpickler."""

from __future__ import annotations

import ast
import os
import struct
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.datasets.published_pickle import read_pickle

_MAGIC = b"\x93NUMPY"
# More than any data set read here unpacks to, so that a small archive cannot exhaust memory.
_MAX_BYTES = 1 << 30
_MAX_HEADER = 10_000


def read_npz(
    who: str, path: str | os.PathLike[str], keys: tuple[str, ...], optional: tuple[str, ...] = ()
) -> dict[str, NDArray[Any]]:
    """Return the arrays named ``keys``, and those of ``optional`` that exist.

    Raises
    ------
    ValueError
        If the archive or an array is damaged, or one of ``keys`` is missing.
    """
    name = os.fspath(path)
    contents = {}
    try:
        with zipfile.ZipFile(path) as archive:
            members = {m.filename.removesuffix(".npy"): m for m in archive.infolist()}
            for key in keys + optional:
                if key in members:
                    contents[key] = _unpack(archive, members[key])
    except FileNotFoundError:
        raise
    except Exception as error:  # a damaged archive may raise anything, for instance struct.error
        raise ValueError(f"{who}: {name}: damaged or refused archive ({error})") from None
    missing = [key for key in keys if key not in contents]
    if missing:
        held = ", ".join(sorted(members)[:12]) or "none"
        raise ValueError(f"{who}: {name}: needs an array {missing[0]!r}; holds {held}")
    return {key: _read_npy(who, f"{name}: {key}", content) for key, content in contents.items()}


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    if member.file_size > _MAX_BYTES:
        raise ValueError(
            f"{member.filename} must unpack to at most {_MAX_BYTES} bytes; got {member.file_size}"
        )
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{member.filename} must be stored or deflated")
    return archive.read(member)


def _read_npy(who: str, name: str, content: bytes) -> NDArray[Any]:
    """Read one array; the header must describe exactly the bytes that follow it."""
    dtype, fortran, shape, start = _header(who, name, content)
    if dtype.hasobject:
        value = read_pickle(who, name, content[start:])
        if not isinstance(value, np.ndarray) or value.shape != shape:
            raise ValueError(f"{who}: {name}: must hold an array of shape {shape}")
        return value
    needed = dtype.itemsize
    for n in shape:  # Python integers: the product cannot wrap
        needed *= n
    if needed != len(content) - start:
        raise ValueError(
            f"{who}: {name}: the header's shape {shape} of {dtype} needs {needed} bytes; "
            f"got {len(content) - start}"
        )
    values = np.frombuffer(content[start:], dtype).astype(dtype.newbyteorder("="))
    try:
        return values.reshape(shape, order="F" if fortran else "C")
    except ValueError as error:  # too many axes, or one too long beside one of zero
        raise ValueError(
            f"{who}: {name}: the header's shape {shape} is invalid ({error})"
        ) from None


def _header(
    who: str, name: str, content: bytes
) -> tuple[np.dtype[Any], bool, tuple[int, ...], int]:
    """Return type, Fortran order, shape, and where the data begin."""
    try:
        if content[:6] != _MAGIC or content[6] not in (1, 2, 3):
            raise ValueError("no magic number")
        size = "<H" if content[6] == 1 else "<I"
        (length,) = struct.unpack_from(size, content, 8)
        start = 8 + struct.calcsize(size)
        if length > min(_MAX_HEADER, len(content) - start):
            raise ValueError(f"a header of {length} bytes")
        fields = ast.literal_eval(content[start : start + length].decode("latin1").strip())
        shape, descr, fortran = fields["shape"], fields["descr"], fields["fortran_order"]
        dtype = np.dtype(descr)
        if not isinstance(descr, str) or dtype.kind not in "biufO":
            raise ValueError(f"a type {descr!r}")
        if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
            raise ValueError(f"a shape {shape!r}")
        return dtype, bool(fortran), shape, start + length
    except (ValueError, SyntaxError, TypeError, KeyError, IndexError, struct.error) as error:
        raise ValueError(f"{who}: {name}: must be a .npy array of numbers ({error})") from None
    except (MemoryError, RecursionError):
        raise ValueError(f"{who}: {name}: must be a .npy array of numbers") from None


def is_npz(path: str | os.PathLike[str]) -> bool:
    """Whether the file begins like a zip archive."""
    with open(path, "rb") as file:
        return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
