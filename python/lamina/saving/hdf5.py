"""Arrays in HDF5 files."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from lamina._check import Array

_DEEPEST = 64  # groups within groups


def h5py(who: str) -> Any:
    """Return the package, or say how it is installed."""
    try:
        import h5py as found  # type: ignore[import-untyped]
    except ImportError:
        raise ImportError(
            f'{who}: needs the package h5py; install it by pip install "lamina[keras]"'
        ) from None
    return found


def arrays_of(who: str, data: bytes) -> dict[str, list[Array]]:
    """Return the arrays of Keras's weights by the groups that hold them, in Keras's order.

    A layer's are in a group "vars", by the names "0", "1" and so on; the key is the path of the
    layer, such as "layers/dense_1".

    Raises
    ------
    ImportError
        Without h5py.
    ValueError
        For what is no such file; for links, arrays in other files, and arrays that claim more
        bytes than the file has.
    """
    package = h5py(who)
    found: dict[str, list[Array]] = {}
    try:
        with package.File(io.BytesIO(data), "r") as file:
            _gather(package, file, "", found, [len(data)], 0)
    except (OSError, KeyError, RuntimeError) as error:
        raise ValueError(f"the weights are no whole HDF5 file: {error}") from None
    return found


def _gather(
    package: Any, group: Any, path: str, found: dict[str, list[Array]], room: list[int], depth: int
) -> None:
    if depth > _DEEPEST:
        raise ValueError(f"{path:.80}: groups stand within groups too deep")
    for name in group:
        if group.get(name, getclass=True, getlink=True) is not package.HardLink:
            raise ValueError(f"{path}/{name}: is a link, and these are not followed")
        kind = group.get(name, getclass=True)
        if kind is package.Group:
            inner = f"{path}/{name}" if path else name
            if name == "vars":
                found[path] = _variables(package, group[name], path, room)
            else:
                _gather(package, group[name], inner, found, room, depth + 1)


def _variables(package: Any, group: Any, path: str, room: list[int]) -> list[Array]:
    numbered = sorted(group, key=lambda name: (len(name), name))
    if numbered != [str(i) for i in range(len(numbered))]:
        raise ValueError(f"{path}: its variables are numbered from 0; got {numbered!r:.80}")
    return [_array(package, group, name, f"{path}/vars/{name}", room) for name in numbered]


def _array(package: Any, group: Any, name: str, path: str, room: list[int]) -> Array:
    if group.get(name, getclass=True, getlink=True) is not package.HardLink:
        raise ValueError(f"{path}: is a link, and these are not followed")
    held = group[name]
    if not isinstance(held, package.Dataset) or held.external or held.is_virtual:
        raise ValueError(f"{path}: must be an array in the file itself")
    if held.shape is None or held.dtype.kind not in "biuf" or held.dtype.itemsize > 8:
        raise ValueError(f"{path}: must be an array of numbers; got dtype {held.dtype}")
    if held.nbytes > room[0]:
        raise ValueError(f"{path}: claims {held.nbytes} bytes, more than the file has")
    room[0] -= held.nbytes
    return np.asarray(held[()])
