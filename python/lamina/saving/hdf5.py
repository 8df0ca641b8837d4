"""Arrays in HDF5 files."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from lamina._check import Array

# For each group: its path, and its arrays, by name if they are not numbered.
Held = Mapping[str, tuple[str, Sequence[Array] | Mapping[str, Array]]]

_DEEPEST = 64  # nested groups
_TEXT = 64 << 20  # bytes of an attribute


def h5py(who: str) -> Any:
    """Return the package, or raise an error with the command that installs it."""
    try:
        import h5py as found  # type: ignore[import-untyped]
    except ImportError:
        raise ImportError(
            f'{who}: needs the package h5py; install it by pip install "lamina[keras]"'
        ) from None
    return found


def arrays_of(who: str, data: bytes) -> dict[str, list[Array]]:
    """Return the arrays of Keras's weights by the groups that contain them, in Keras's order.

    The arrays of a layer are in a group "vars", with the names "0", "1" and so on; the key is the
    path of the layer, such as "layers/dense_1".

    Raises
    ------
    ImportError
        If h5py is not installed.
    ValueError
        If it is not such a file, or has links, arrays in other files, or arrays that claim more
        bytes than the file has.
    """
    found: dict[str, list[Array]] = {}
    with opened(who, data) as file:
        _gather(file, "", found, [len(data)], 0)
    return found


@contextmanager
def opened(who: str, data: bytes) -> Iterator[Any]:
    """Open the bytes of an HDF5 file; errors of the package become a ValueError."""
    package = h5py(who)
    try:
        with package.File(io.BytesIO(data), "r") as file:
            yield file
    except (OSError, KeyError, RuntimeError) as error:
        raise ValueError(f"is not a complete HDF5 file: {error}") from None


def written(who: str, held: Held) -> bytes:
    """Return an HDF5 file of groups as Keras writes it: see ``arrays_of``.

    Raises
    ------
    ImportError
        If h5py is not installed.
    """
    with created(who) as made:
        for path, (name, arrays) in held.items():
            group = made.file.require_group(path) if path else made.file
            variables = group.create_group("vars")
            variables.attrs["name"] = name
            named = arrays if isinstance(arrays, Mapping) else dict(enumerate(arrays))
            for key, array in named.items():
                variables.create_dataset(str(key), data=array)
    return made.data


class created:  # noqa: N801 - a context
    """A new HDF5 file, ``file``; its bytes are ``data`` after the block."""

    def __init__(self, who: str) -> None:
        self._buffer = io.BytesIO()
        self.file = h5py(who).File(self._buffer, "w")
        self.data = b""

    def __enter__(self) -> created:
        """Return it."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the file."""
        self.file.close()
        self.data = self._buffer.getvalue()


def text_of(group: Any, name: str) -> str | None:
    """Return an attribute that is a string; None if there is none."""
    if name not in group.attrs:
        return None
    value = _attribute(group, name)
    if isinstance(value, bytes):
        return value.decode()
    if not isinstance(value, str):
        raise ValueError(f"{name}: must be a string; got {type(value).__name__}")
    return str(value)


def names_of(group: Any, name: str) -> list[str]:
    """Return an attribute that is a list of strings, which may be split into numbered parts."""
    if name in group.attrs:
        keys = [name]
    else:
        keys = [f"{name}{i}" for i in range(len(group.attrs)) if f"{name}{i}" in group.attrs]
    values = [each for key in keys for each in np.ravel(_attribute(group, key)).tolist()]
    if not all(isinstance(each, (str, bytes)) for each in values):
        raise ValueError(f"{group.name}: {name} must be a list of names")
    return [each.decode() if isinstance(each, bytes) else each for each in values]


def _attribute(group: Any, name: str) -> Any:
    kept = group.attrs.get_id(name)
    size = math.prod(kept.shape or ()) * kept.dtype.itemsize
    if size > _TEXT:
        raise ValueError(f"{name}: claims {size} bytes; at most {_TEXT} are read")
    return group.attrs[name]


def group_at(group: Any, path: str) -> Any:
    """Return a nested group; links are not followed."""
    found = _at(group, path)
    if not isinstance(found, _package().Group):
        raise ValueError(f"{path:.80}: must be a group")
    return found


def array_at(group: Any, path: str, room: list[int]) -> Array:
    """Return a nested array of at most ``room[0]`` bytes, which is reduced by its size."""
    inner, _, name = path.rpartition("/")
    return _array(group_at(group, inner) if inner else group, name, path, room)


def _at(group: Any, path: str) -> Any:
    for part in path.split("/"):
        kind = group.get(part, getclass=True, getlink=True) if part not in ("", ".") else None
        if kind is None:
            raise ValueError(f"{path:.80}: the file has no such group")
        if kind is not _package().HardLink:
            raise ValueError(f"{path:.80}: is a link; links are not followed")
        group = group[part]
    return group


def _package() -> Any:
    return h5py("load_model")


def _gather(
    group: Any, path: str, found: dict[str, list[Array]], room: list[int], depth: int
) -> None:
    package = _package()
    if depth > _DEEPEST:
        raise ValueError(f"{path:.80}: groups are nested too deeply")
    for name in group:
        if group.get(name, getclass=True, getlink=True) is not package.HardLink:
            raise ValueError(f"{path}/{name}: is a link; links are not followed")
        kind = group.get(name, getclass=True)
        if kind is package.Group:
            inner = f"{path}/{name}" if path else name
            if name == "vars":
                found[path] = _variables(group[name], path, room)
            else:
                _gather(group[name], inner, found, room, depth + 1)


def _variables(group: Any, path: str, room: list[int]) -> list[Array]:
    numbered = sorted(group, key=lambda name: (len(name), name))
    if numbered == ["idf_weights"]:  # which the configuration has, too
        return []
    if numbered != [str(i) for i in range(len(numbered))]:
        raise ValueError(f"{path}: its variables must be numbered from 0; got {numbered!r:.80}")
    return [_array(group, name, f"{path}/vars/{name}", room) for name in numbered]


def _array(group: Any, name: str, path: str, room: list[int]) -> Array:
    package, held = _package(), _at(group, name)
    if not isinstance(held, package.Dataset) or held.external or held.is_virtual:
        raise ValueError(f"{path}: must be an array in the file itself")
    if held.shape is None or held.dtype.kind not in "biuf" or held.dtype.itemsize > 8:
        raise ValueError(f"{path}: must be an array of numbers; got dtype {held.dtype}")
    if held.nbytes > room[0]:
        raise ValueError(f"{path}: claims {held.nbytes} bytes, more than the file has")
    room[0] -= held.nbytes
    return np.asarray(held[()])
