"""Code shared by CIFAR-10 and CIFAR-100: the places of their files and their layout.

Krizhevsky (2009), "Learning multiple layers of features from tiny images",
https://www.cs.toronto.edu/~kriz/cifar.html.  Three forms are read: the binary version, the
Python version, and an .npz archive, which needs no pickle.
"""

from __future__ import annotations

import gzip
import os
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import _check
from lamina.datasets.npz import is_npz, read_npz
from lamina.datasets.places import folders
from lamina.datasets.published_pickle import read_pickle
from lamina.datasets.table import Split

Array = NDArray[Any]
_PIXELS = 3 * 32 * 32
_GZIP_MAGIC = b"\x1f\x8b"
# A published file has at most 161 MB; an archive's member that claims more is refused.
_MAX_BYTES = 1 << 30


@dataclass(frozen=True)
class Layout:
    """The names and the layout of the files of one of the two data sets.

    Attributes
    ----------
    who : str
        Name of the data set, for messages.
    train, test : tuple of str
        Files of the Python version; the binary version's end in ``.bin``.
    folder : str
        Beginning of the names of the published folders and archives.
    label_bytes, label_at : int
        The number of label bytes before each picture in the binary version, and the index of the
        one used.
    label_key : str
        Entry of the Python version that holds the labels.
    npz_suffix : str
        The suffix of the labels' names in an .npz archive.
    classes : int
        The number of classes; labels are below it.
    """

    who: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    folder: str
    label_bytes: int
    label_at: int
    label_key: str
    npz_suffix: str
    classes: int

    @property
    def archives(self) -> tuple[str, ...]:
        """Names that the data set has in a folder."""
        base = self.folder.removesuffix("-batches")
        published = (f"{base}-binary.tar.gz", f"{base}-python.tar.gz", f"{self.who}.npz")
        return (*published, f"{self.folders[1]}_archive", f"{self.folders[1]}.tar.gz")

    @property
    def folders(self) -> tuple[str, ...]:
        """Names of the folders that the published archives unpack to."""
        kinds = ("bin", "py") if self.folder.endswith("-batches") else ("binary", "python")
        names = [f"{self.folder}-{kind}" for kind in kinds]
        kept = f"{names[1]}_extracted", f"{names[1]}-target"  # their names in Keras's cache
        return (*names, *kept, *(f"{folder}/{names[1]}" for folder in kept))


def load(layout: Layout, path: str | os.PathLike[str] | None) -> Split:
    """Return ((x_train, y_train), (x_test, y_test)) from wherever ``path`` leads."""
    if path is None or path == "":
        for folder in folders():
            held = _of_folder(layout, folder) if folder.is_dir() else None
            if held is not None:
                return held
        raise _missing(layout, f"no files of the data set in {', '.join(map(str, folders()))}")
    place = _check.path(layout.who, "path", path)
    if place.is_dir():
        held = _of_folder(layout, place)
        if held is None:
            raise _missing(layout, f"no files of the data set in {place}")
        return held
    if not place.is_file():
        raise _missing(layout, f"no folder or file {place}")
    return _of_file(layout, place)


def _of_folder(layout: Layout, place: Path) -> Split | None:
    """Return the data set in a folder, in any of its forms, if there is one."""
    for folder in (place, *(place / name for name in layout.folders)):
        found = _folder_version(layout, folder)
        if found is not None:
            return _read_files(layout, _folder_files(layout, folder, found), found)
    archive = next((place / a for a in layout.archives if (place / a).is_file()), None)
    return None if archive is None else _of_file(layout, archive)


def _of_file(layout: Layout, place: Path) -> Split:
    if is_npz(place):
        return _read_npz(layout, place)
    files = _archive_files(layout, place)
    for suffix in (".bin", ""):
        if any(name.endswith(".bin") == bool(suffix) for name in files):
            return _read_files(layout, files, suffix)
    raise _missing(layout, f"no files of the data set in {place}")


def _missing(layout: Layout, what: str) -> FileNotFoundError:
    binary, pickled, npz = layout.archives[:3]
    return FileNotFoundError(
        f"{layout.who}: {what}. Download {binary} or {pickled} from "
        f"https://www.cs.toronto.edu/~kriz/cifar.html and give it, its folder or the folder to "
        f"which it unpacks as path=, in the environment variable LAMINA_DATA or in "
        f"~/.keras/datasets; {npz} with x_train, y_train, x_test and y_test is read too"
    )


def _folder_version(layout: Layout, folder: Path) -> str | None:
    """Return the suffix of the version whose files, or some of them, lie in a folder."""
    for suffix in (".bin", ""):
        if any((folder / f"{name}{suffix}").is_file() for name in layout.train + layout.test):
            return suffix
    return None


def _folder_files(layout: Layout, folder: Path, suffix: str) -> dict[str, tuple[str, bytes]]:
    files = {}
    for name in layout.train + layout.test:
        path = folder / f"{name}{suffix}"
        if path.is_file():
            files[path.name] = (str(path), path.read_bytes())
    return files


def _archive_files(layout: Layout, path: Path) -> dict[str, tuple[str, bytes]]:
    """Read the data files of an archive, which is never unpacked to disk."""
    wanted = {f"{name}{suffix}" for name in layout.train + layout.test for suffix in (".bin", "")}
    files: dict[str, tuple[str, bytes]] = {}
    try:
        with open(path, "rb") as file:
            zipped = file.read(2) == _GZIP_MAGIC
        opener: Any = gzip.open if zipped else open
        with opener(path, "rb") as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                base = member.name.rpartition("/")[2]
                if base in wanted and member.type in (tarfile.REGTYPE, tarfile.AREGTYPE):
                    name = f"{path}: {member.name}"
                    files[base] = name, _member(layout, name, archive, member)
            while stream.read(1 << 20):  # to the end, where gzip has its checksum
                pass
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise ValueError(f"{layout.who}: {path}: damaged or unreadable archive ({error})") from None
    return files


def _member(layout: Layout, name: str, archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    if member.size > _MAX_BYTES:
        raise ValueError(
            f"{layout.who}: {name}: must have at most {_MAX_BYTES} bytes; got {member.size}"
        )
    content = archive.extractfile(member)
    data = content.read() if content is not None else b""
    if len(data) != member.size:
        raise EOFError(f"{member.name} ends early")
    return data


def _read_files(layout: Layout, files: dict[str, tuple[str, bytes]], suffix: str) -> Split:
    parts = []
    for names in (layout.train, layout.test):
        xs, ys = zip(*_read_part(layout, files, names, suffix), strict=True)
        rows = [len(y) for y in ys]
        if len(set(rows)) > 1:  # a file cut between two pictures
            raise ValueError(
                f"{layout.who}: the files {names[0]}{suffix} to {names[-1]}{suffix} must hold the "
                f"same number of pictures; got {rows}"
            )
        parts.append((np.concatenate(xs), np.concatenate(ys)))
    return parts[0], parts[1]


def _read_part(
    layout: Layout, files: dict[str, tuple[str, bytes]], names: tuple[str, ...], suffix: str
) -> Iterator[tuple[Array, Array]]:
    for base in names:
        name = f"{base}{suffix}"
        if name not in files:
            beside = next(iter(files.values()))[0]
            raise _missing(layout, f"no file {name} beside {beside}")
        full, content = files[name]
        x, y = (_binary if suffix else _pickled)(layout, full, content)
        pictures = np.ascontiguousarray(x.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
        yield pictures, _labels(layout, full, y, len(pictures))


def _binary(layout: Layout, name: str, content: bytes) -> tuple[Array, Array]:
    size = layout.label_bytes + _PIXELS
    if not content or len(content) % size:
        raise ValueError(
            f"{layout.who}: {name}: must hold whole pictures of {size} bytes; "
            f"got {len(content)} bytes"
        )
    records = np.frombuffer(content, np.uint8).reshape(-1, size)
    return records[:, layout.label_bytes :], records[:, layout.label_at]


def _pickled(layout: Layout, name: str, content: bytes) -> tuple[Array, Array]:
    held = read_pickle(layout.who, name, content)
    if not isinstance(held, dict):
        raise ValueError(f"{layout.who}: {name}: must hold a dict; got {type(held).__name__}")
    entries = {k.decode("latin1") if isinstance(k, bytes) else k: v for k, v in held.items()}
    for key in ("data", layout.label_key):
        if key not in entries:
            raise ValueError(
                f"{layout.who}: {name}: needs an entry {key!r}; "
                f"holds {', '.join(sorted(map(str, entries))) or 'none'}"
            )
    x, labels = entries["data"], entries[layout.label_key]
    if not isinstance(x, np.ndarray) or x.dtype != np.uint8 or x.shape[1:] != (_PIXELS,):
        got = f"{x.dtype} of shape {x.shape}" if isinstance(x, np.ndarray) else type(x).__name__
        raise ValueError(f"{layout.who}: {name}: data must be uint8 of (n, {_PIXELS}); got {got}")
    if isinstance(labels, list) and all(type(label) is int for label in labels):
        labels = np.asarray(labels)
    if not isinstance(labels, np.ndarray):
        raise ValueError(f"{layout.who}: {name}: {layout.label_key} must be a list of integers")
    return x, labels


def _labels(layout: Layout, name: str, y: Array, rows: int) -> NDArray[np.uint8]:
    if rows == 0:
        raise ValueError(f"{layout.who}: {name}: must hold pictures; got none")
    if y.dtype.kind not in "iu" or y.shape != (rows,):
        raise ValueError(
            f"{layout.who}: {name}: labels must be {rows} integers, one per picture; got {y.dtype} "
            f"of shape {y.shape}"
        )
    outside = np.flatnonzero((y < 0) | (y >= layout.classes))
    if outside.size:
        raise ValueError(
            f"{layout.who}: {name}: labels must be in [0, {layout.classes}); "
            f"got {y[outside[0]]} at picture {outside[0]}"
        )
    return y.astype(np.uint8)[:, None]


def _read_npz(layout: Layout, path: Path) -> Split:
    labels = tuple(f"y_{part}{layout.npz_suffix}" for part in ("train", "test"))
    held = read_npz(layout.who, path, ("x_train", labels[0], "x_test", labels[1]))
    parts = []
    for part, label in zip(("train", "test"), labels, strict=True):
        x, y = held[f"x_{part}"], held[label]
        if x.dtype != np.uint8 or x.shape[1:] != (32, 32, 3):
            raise ValueError(
                f"{layout.who}: {path}: x_{part} must be uint8 of shape (n, 32, 32, 3); "
                f"got {x.dtype} of shape {x.shape}"
            )
        if y.ndim == 2 and y.shape[1] == 1:  # as Keras returns them
            y = y[:, 0]
        x = np.ascontiguousarray(x)
        parts.append((x, _labels(layout, f"{path}: {label}", y, len(x))))
    return parts[0], parts[1]
