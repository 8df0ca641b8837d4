"""The archive that a ``.keras`` file is, and what may be taken out of it."""

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
# Weights are stored as they are; a packer may have deflated them, and small ones are mostly zeros.
_SMALL, _EXPANSION = 1 << 20, 64


@dataclass
class Archive:
    """What a file holds.

    Attributes
    ----------
    config : dict
        How Keras describes the model.
    weights : bytes
        An HDF5 file.
    vocabularies : dict of str to list of str
        Lines of text, by where the layers stand that they belong to.
    """

    config: dict[str, Any]
    weights: bytes
    vocabularies: dict[str, list[str]]

    @classmethod
    def read(cls, path: str) -> Archive:
        """Return members of the archive, found by their names; nothing is unpacked.

        Raises
        ------
        ValueError
            For what is no archive of Keras's, or declares sizes out of all proportion.
        """
        try:
            with zipfile.ZipFile(path) as archive:
                _check_names(path, archive)
                text = _member(path, archive, _CONFIG, _TEXT)
                packed = archive.getinfo(_WEIGHTS).compress_size if _has(archive) else 0
                weights = _member(path, archive, _WEIGHTS, max(_SMALL, _EXPANSION * packed))
                vocabularies = _vocabularies(path, archive)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as e:
            raise ValueError(f"{path}: is no whole .keras file: {e}") from None
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
    """Return whether a file begins as archives do."""
    with open(path, "rb") as file:
        return file.read(4) == b"PK\x03\x04"


def _check_names(path: str, archive: zipfile.ZipFile) -> None:
    # Of two members of one name other readers may take the other.
    names = archive.namelist()
    if len(names) > _MANY:
        raise ValueError(f"{path}: has {len(names)} members; at most {_MANY} are read")
    twice = sorted(name for name in set(names) if names.count(name) > 1)
    if twice:
        raise ValueError(f"{path}: has two members {twice[0]!r:.80}")


def _vocabularies(path: str, archive: zipfile.ZipFile) -> dict[str, list[str]]:
    """Return what stands in "assets/<where the layer is>/vocabulary.txt"."""
    found = {}
    left = _TEXT  # of all together
    for name in archive.namelist():
        if name.startswith(_ASSETS) and name.endswith(_VOCABULARY):
            data = _member(path, archive, name, left)
            left -= len(data)
            found[name[len(_ASSETS) : -len(_VOCABULARY)]] = data.decode().splitlines()
        elif name.startswith(_ASSETS) and not name.endswith("/"):
            raise ValueError(f"{path}: holds {name!r:.80}, and only vocabulary files are supported")
    return found


def _has(archive: zipfile.ZipFile) -> bool:
    return _WEIGHTS in archive.namelist()


def _member(path: str, archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    if name not in archive.namelist():
        raise ValueError(f"{path}: is a zip archive without {name!r}, which .keras files have")
    declared = archive.getinfo(name).file_size
    if declared > most:
        raise ValueError(f"{path}: {name} declares {declared} bytes; at most {most} are read")
    with archive.open(name) as member:
        data = member.read(most + 1)  # sizes are checked by what comes too
    if len(data) != declared:
        raise ValueError(f"{path}: {name} has {len(data)} bytes, and declares {declared}")
    return data
