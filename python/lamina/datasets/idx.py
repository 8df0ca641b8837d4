"""IDX files, the format of MNIST: a magic number, sizes, and the elements, big-endian."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina import _check
from lamina._calls import answering_calls

try:
    import lzma
except ImportError:  # a Python built without liblzma
    lzma = None  # type: ignore[assignment]

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


class _Packing(NamedTuple):
    name: str
    # More than a byte can expand to: a header that claims more is refused before reading further.
    ratio: int
    open: Callable[[BinaryIO], Any]


def _open_xz(file: BinaryIO) -> Any:
    if lzma is None:
        raise ImportError(
            "read_idx: an xz file needs the standard module lzma; this Python was built without it"
        )
    return lzma.open(file)


# Deflate: RFC 1951's 258 bytes for two bits.  xz: 273 bytes for 14 binary decisions of at least
# 0.022 bits each, 7,070 to one.
_PACKINGS = {
    b"\x1f\x8b": _Packing("gzip", 1032, gzip.open),
    b"\xfd7": _Packing("xz", 8192, _open_xz),
}
_DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile, *([] if lzma is None else [lzma.LZMAError]))


@answering_calls
def read_idx(path: str | os.PathLike[str]) -> NDArray[Any]:
    """Read an IDX file: plain, gzip or xz.

    The content of the file must agree exactly with its header; memory is allocated for the bytes
    present, not for the size that a header claims.

    Parameters
    ----------
    path : str or path-like
        The file.  Its compression is determined from its first bytes, not from its name.

    Returns
    -------
    ndarray
        In native byte order, of the header's shape; uint8 for MNIST.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not an IDX file, is truncated, has bytes left over, or is damaged gzip or xz.

    Examples
    --------
    >>> import os, tempfile
    >>> from lamina.datasets import read_idx
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "labels")
    ...     with open(path, "wb") as file:
    ...         _ = file.write(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1]))
    ...     read_idx(path)
    array([7, 2, 1], dtype=uint8)
    """
    name = os.fspath(_check.path("read_idx", "path", path))
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        packing = _PACKINGS.get(file.read(2))
        file.seek(0)
        if packing is None:
            return _read(name, file, size)
        try:
            with packing.open(file) as unpacked:
                return _read(name, unpacked, size * packing.ratio)
        except _DAMAGE as error:
            raise ValueError(f"read_idx: {name}: damaged {packing.name} file ({error})") from None


def _read(name: str, file: BinaryIO, limit: int) -> NDArray[Any]:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _TYPES or magic[3] == 0:
        raise ValueError(
            f"read_idx: {name}: must start with an IDX magic number (0, 0, type, axes); "
            f"got {magic.hex(' ') or 'an empty file'}"
        )
    dtype, axes = np.dtype(_TYPES[magic[2]]), magic[3]
    if axes > 32:
        raise ValueError(f"read_idx: {name}: must have at most 32 axes; got {axes}")
    header = file.read(4 * axes)
    if len(header) < 4 * axes:
        raise ValueError(f"read_idx: {name}: ends inside its header of {axes} axes")
    shape = tuple(int(n) for n in np.frombuffer(header, ">u4"))
    needed = dtype.itemsize
    for n in shape:  # Python integers: the product cannot wrap
        needed *= n
    if needed > limit:
        raise ValueError(
            f"read_idx: {name}: the header's shape {shape} needs {needed} bytes, "
            f"more than the file can hold"
        )
    data = file.read(needed + 1)
    if len(data) != needed:
        got = f"{len(data)}" if len(data) < needed else "more"
        raise ValueError(
            f"read_idx: {name}: the header's shape {shape} needs {needed} bytes; got {got}"
        )
    values = np.frombuffer(data, dtype).reshape(shape)
    return values.astype(dtype.newbyteorder("="))
