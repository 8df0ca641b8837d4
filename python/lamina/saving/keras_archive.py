"""The zip archive of a ``.keras`` file, with limits on what is read from it."""

from __future__ import annotations

import io
import json
import time
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lamina.saving import keras_table
from lamina.saving.atomic import write_whole
from lamina.saving.header import parse_json

_METADATA, _CONFIG, _WEIGHTS = "metadata.json", "config.json", "model.weights.h5"
_MANY = 1000  # members
_ASSETS, _VOCABULARY = "assets/", "/vocabulary.txt"
_TEXT = 64 << 20  # bytes of JSON
# Keras stores weights uncompressed; other programs may deflate them, and small ones are mostly
# zeros.
_SMALL, _EXPANSION = 1 << 20, 64


@dataclass
class Archive:
    """The content of a file.

    Attributes
    ----------
    config : dict
        Keras's description of the model.
    weights : bytes
        An HDF5 file.
    vocabularies : dict of str to list of str
        Lines of text, by the paths of their layers.
    """

    config: dict[str, Any]
    weights: bytes
    vocabularies: dict[str, list[str]]

    @classmethod
    def read(cls, path: str) -> Archive:
        """Return members of the archive by name; nothing is unpacked to the disk.

        Raises
        ------
        ValueError
            If it is not an archive of Keras, or declares excessive sizes.
        """
        try:
            with zipfile.ZipFile(path) as archive:
                _check_names(path, archive)
                text = _member(path, archive, _CONFIG, _TEXT)
                packed = archive.getinfo(_WEIGHTS).compress_size if _has(archive) else 0
                weights = _member(path, archive, _WEIGHTS, max(_SMALL, _EXPANSION * packed))
                vocabularies = _vocabularies(path, archive)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as e:
            raise ValueError(f"{path}: is not a complete .keras file: {e}") from None
        return cls(parse_json(path, text), weights, vocabularies)


def write(path: str, config: Mapping[str, Any], weights: bytes) -> None:
    """Write an archive, whole or not at all: see ``write_whole``."""
    told = {
        "keras_version": keras_table.version(),
        "date_saved": time.strftime("%Y-%m-%d@%H:%M:%S"),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(_METADATA, json.dumps(told))
        archive.writestr(_CONFIG, json.dumps(config, allow_nan=False))
        archive.writestr(_WEIGHTS, weights)
    write_whole(path, [buffer.getbuffer()])


def is_archive(path: str) -> bool:
    """Return whether a file begins like a zip archive."""
    with open(path, "rb") as file:
        return file.read(4) == b"PK\x03\x04"


def _check_names(path: str, archive: zipfile.ZipFile) -> None:
    # Other readers may choose a different one of two members with the same name.
    names = archive.namelist()
    if len(names) > _MANY:
        raise ValueError(f"{path}: has {len(names)} members; at most {_MANY} are read")
    twice = sorted(name for name in set(names) if names.count(name) > 1)
    if twice:
        raise ValueError(f"{path}: has two members named {twice[0]!r:.80}")


def _vocabularies(path: str, archive: zipfile.ZipFile) -> dict[str, list[str]]:
    """Return the contents of "assets/<path of the layer>/vocabulary.txt"."""
    found = {}
    left = _TEXT  # for all files together
    for name in archive.namelist():
        if name.startswith(_ASSETS) and name.endswith(_VOCABULARY):
            data = _member(path, archive, name, left)
            left -= len(data)
            found[name[len(_ASSETS) : -len(_VOCABULARY)]] = data.decode().splitlines()
        elif name.startswith(_ASSETS) and not name.endswith("/"):
            raise ValueError(f"{path}: holds {name!r:.80}, but only vocabulary files are supported")
    return found


def _has(archive: zipfile.ZipFile) -> bool:
    return _WEIGHTS in archive.namelist()


def _member(path: str, archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    if name not in archive.namelist():
        raise ValueError(f"{path}: is a zip archive without {name!r}, which .keras files contain")
    declared = archive.getinfo(name).file_size
    if declared > most:
        raise ValueError(f"{path}: {name} declares {declared} bytes; at most {most} are read")
    with archive.open(name) as member:
        data = member.read(most + 1)  # the declared size may be wrong
    if len(data) != declared:
        raise ValueError(f"{path}: {name} has {len(data)} bytes, but declares {declared}")
    return data
